"""The parts of a page: escaped, isolated, named, and drawn from icons that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from pyramid import testing


@pytest.fixture
def ui() -> Any:
    """The components of a request of a bare application."""
    with testing.testConfig(settings={}) as config:
        config.include("pyramid_chameleon")
        config.include("crm_views.components")
        config.add_static_view("static", "crm_views:static")
        config.add_translation_dirs("crm_views:locale")
        config.set_locale_negotiator(lambda request: "fa")
        from crm_views.components import Components

        request = testing.DummyRequest()
        config.begin(request)
        yield Components(request)


NASTY = '"><script>alert(1)</script>'


def test_everything_given_is_escaped(ui: Any) -> None:
    from crm_views.components import ChipView, EntryView, FileLink, OweView
    from crm_views.components.ui import SummaryError

    drawn = [
        ui.status("open", NASTY), ui.idchip(ChipView(NASTY, "paper", NASTY, live=True, live_text=NASTY)),
        ui.entry(EntryView(
            NASTY, NASTY, "in", NASTY, "envelope", row=NASTY, iso=NASTY, hover=NASTY, meta=NASTY, delivery=NASTY,
            href=NASTY, link=NASTY, words=NASTY, quoted=True, files=(FileLink(NASTY, NASTY, NASTY),),
        )),
        ui.owe(OweView(NASTY, ui.status("late", NASTY), NASTY, "late", ("d",), NASTY, NASTY, NASTY, NASTY)),
        ui.redact(2, NASTY, period=NASTY, href=NASTY), ui.pager(newer=NASTY, older=NASTY, note=NASTY),
        ui.button(NASTY, href=NASTY, key=NASTY), ui.button(NASTY, name=NASTY, value=NASTY),
        ui.error_summary([SummaryError(NASTY, NASTY, NASTY), SummaryError("", "", NASTY)], NASTY),
        ui.icon("search", label=NASTY),
    ]
    for markup in drawn:
        assert "<script" not in markup
        assert "alert(1)" in markup


def test_an_icon_is_silent_or_named(ui: Any) -> None:
    assert 'aria-hidden="true"' in ui.icon("search")
    assert 'role="img" aria-label="یافتن"' in ui.icon("search", label="یافتن")
    assert 'class="i i-dir"' in ui.icon("reply", mirrored=True)
    with pytest.raises(ValueError):
        ui.icon('x" onload="y')


def test_the_seal_is_low_below_two_proofs(ui: Any) -> None:
    assert 'class="seal low"' in ui.seal({"paper"})
    assert ui.seal({"paper", "mail"}).count('class="on"') == 2


def test_redactions_count(ui: Any) -> None:
    two, one = (BeautifulSoup(ui.redact(count, "واحد حقوقی"), "html.parser").get_text() for count in (2, 1))
    assert "۲ مورد از واحد حقوقی که اجازهٔ خواندنشان را ندارید" in two
    assert "۱ مورد از واحد حقوقی که اجازهٔ خواندنش را ندارید" in one
    assert "<bdi>واحد حقوقی</bdi>" in ui.redact(2, "واحد حقوقی")


def test_notices_are_said_once(ui: Any) -> None:
    from crm_core.i18n import TextFactory

    ui.flash(TextFactory("crm_views")("Yes"))
    ui.flash("<b>بد</b>", "bad")
    shown = ui.notices()
    assert shown.index("&lt;b&gt;بد") < shown.index("بله")
    assert ui.notices().strip() == ""


def test_every_icon_in_use_is_in_the_sprite(checkout: Path) -> None:
    sprite = (checkout / "views/crm_views/static/vendor/bootstrap-icons/icons.svg").read_text(encoding="utf-8")
    known = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))
    used: dict[str, str] = {}
    for path in (checkout / "views" / "crm_views").rglob("*.pt"):
        for name in re.findall(r"ui\.icon\('([a-z0-9-]+)'", path.read_text(encoding="utf-8")):
            used[name] = path.name
    for path in (checkout / "views" / "crm_views").rglob("*.py"):
        for name in re.findall(r'icon="([a-z0-9-]+)"', path.read_text(encoding="utf-8")):
            used[name] = path.name
    assert {name: where for name, where in used.items() if name not in known} == {}


def test_every_address_in_a_style_sheet_exists(checkout: Path) -> None:
    folder = checkout / "views/crm_views/static/css"
    for sheet in folder.glob("*.css"):
        for address in re.findall(r'url\("([^"]+)"\)', sheet.read_text(encoding="utf-8")):
            assert (folder / address).resolve().is_file(), address


def test_the_frame_of_a_page(client: Any) -> None:
    page = client.get("/gallery", {"q": "زهرا"}).html
    assert (page.html["lang"], page.html["dir"], page.html["data-bs-theme"]) == ("fa", "rtl", "light")
    box = page.select_one("form.omni")
    assert (box["action"], box["method"], box.select_one("[name=q]")["value"]) == ("/find", "get", "زهرا")
    assert page.select_one("a.skip")["href"] == "#content"
    assert page.select_one("main#content")
    assert page.select_one(".topnav [aria-current]").get_text() == "کارتابل۱۷"
    languages = page.select("form[action='/preferences'] button[name=language]")
    assert [(one["value"], one["lang"], one.get_text()) for one in languages] == [("en", "en", "English")]
    assert page.select_one("form[action='/logout'] input[name=csrf_token]")["value"]
    assert "bootstrap.rtl.min.css" in str(page.head)
    assert client.get("/gallery?theme=dark").html.html["data-bs-theme"] == "dark"
    english = client.get("/gallery?lang=en").html
    assert (english.html["dir"], "bootstrap.rtl" in str(english.head)) == ("ltr", False)

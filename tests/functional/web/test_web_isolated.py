"""Numbers in groups stay in order inside Persian sentences: in flashes, and in the reason why somebody was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_views.testing import fill, form_of, speak

Browse = Callable[..., Any]


def persian(browse: Browse) -> Any:
    clerk = browse("clerk")
    speak(clerk, "fa")
    return clerk


def test_the_tracking_code_said_after_registering(browse: Browse, desk: Any) -> None:
    clerk = persian(browse)
    form = form_of(clerk.get(f"/contacts/{desk.contact('زهرا رضایی')}/requests/new/core.general"))
    form = fill(form, text="چراغ کوچه خاموش است", category="service", channel="phone")
    page = form.submit("submit", status=303).follow()
    said = next(one.get_text() for one in page.html.select("[role=status]") if "کد رهگیری" in one.get_text())
    code = said[said.index("\u2066") + 1 : said.index("\u2069")]
    assert len(code) == 12 and code.count("-") == 2 and set(code) <= set("۰۱۲۳۴۵۶۷۸۹-")


def test_a_number_said_after_it_is_added(browse: Browse, desk: Any) -> None:
    clerk = persian(browse)
    form = form_of(clerk.get(f"/contacts/{desk.contact('زهرا رضایی')}/identifiers/new"))
    page = fill(form, scheme="phone", value="09121112233", proof="said").submit("submit", status=303).follow()
    page.mustcontain("\u2066۰۹۱۲ ۱۱۱ ۲۲ ۳۳\u2069 به این پرونده افزوده شد")


def test_the_number_by_which_somebody_was_found(browse: Browse, desk: Any) -> None:
    desk.contact("زهرا رضایی", phone="09120000147")
    found = persian(browse).get("/find/panel", {"q": "0147"})
    assert "\u2066۰۹۱۲ ۰۰۰ ۰۱ ۴۷\u2069" in found.html.select_one(".why").get_text()

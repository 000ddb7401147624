"""Drafts about whom one may not read any more, or who was erased: not shown, and not kept."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from crm_core.app import App
from crm_views.drafts import forget_drafts
from crm_views.keeping import WRITING, Draft, Keeper
from crm_views.testing import fill, form_of, send_draft, typed

Browse = Callable[..., TestApp]


def folder_of(desk: Any) -> Path:
    return Path(desk.app.settings.data) / "kept-forms"


def waiting(browser: TestApp) -> str:
    """The drafts on the start page, as they read."""
    return browser.get("/").html.select_one("main").get_text(" ", strip=True)


@pytest.mark.parametrize("about", ["contact", "request", "request in groups"])
def test_a_draft_about_somebody_now_hidden_is_not_shown(browse: Browse, desk: Any, about: str) -> None:
    contact = desk.contact("زهرا رضایی")
    case = desk.case(contact, title="چراغ کوچه")
    browser = browse("clerk")
    written = case if about == "request" else f"{case[:3]}-{case[3:]}"
    address = f"/contacts/{contact}/edit" if about == "contact" else f"/requests/{written}/assign"
    field = "notes" if about == "contact" else "note"
    page = browser.get(address)
    name = page.html.select_one("form[data-draft]")["id"]
    fill(form_of(page, name), **{field: "نیمه‌کاره"})
    send_draft(browser, page, name)
    assert "زهرا" in waiting(browser) or "چراغ" in waiting(browser)

    desk.shield(contact)

    assert "زهرا" not in waiting(browser)
    assert "چراغ" not in waiting(browser)
    assert "نیمه‌کاره" not in waiting(browser)
    browser.get(address, status=404)


def test_what_is_erased_leaves_no_draft(browse: Browse, desk: Any) -> None:
    contact, other = desk.contact("زهرا رضایی"), desk.contact("کریم احمدی")
    case = desk.case(contact)
    for login in ("clerk", "second"):
        browser = browse(login)
        send_draft(browser, typed(browser, f"/contacts/{contact}/edit", notes="از زهرا"))
        send_draft(browser, typed(browser, f"/contacts/{other}/edit", notes="از کریم"))
        send_draft(browser, typed(browser, f"/requests/{case}/status", "status", note="از زهرا"), "status")

    assert forget_drafts(desk.app, {str(contact), case}) == 4
    assert forget_drafts(desk.app, {str(contact), case}) == 0
    browser = browse("clerk")
    assert form_of(browser.get(f"/contacts/{contact}/edit"))["notes"].value == ""
    assert form_of(browser.get(f"/contacts/{other}/edit"))["notes"].value == "از کریم"


def test_a_page_that_is_still_open_keeps_nothing_about_who_was_erased(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    browser = browse("clerk")
    page = typed(browser, f"/contacts/{contact}/edit", notes="an open page")
    desk.run(lambda services: services.privacy.erase(services.contacts.get(int(contact))))
    assert send_draft(browser, page)["state"] == "taken"
    assert not any(b"an open page" in file.read_bytes() for file in folder_of(desk).iterdir())


def test_a_damaged_file_keeps_nobody_else_from_being_forgotten(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    keeper.keep(1, "/contacts/123456789012345678/edit", [("notes", "words")])
    token = keeper.keep(2, "/contacts/new", [("notes", "words")])
    (tmp_path / f"2.{token}").write_text("")
    assert keeper.forget({"123456789012345678"}) == 1
    assert not [file for file in tmp_path.iterdir() if file.read_bytes()]


def test_an_erasure_without_any_page_forgets_drafts_too(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    browser = browse("clerk")
    send_draft(browser, typed(browser, f"/contacts/{contact}/edit", notes="kept before"))
    alone = App(desk.app.settings, desk.app.db, desk.app.text_search, list)  # as a command opens it
    alone.run(lambda services: services.privacy.erase(services.contacts.get(int(contact))))
    assert not any(b"kept before" in file.read_bytes() for file in folder_of(desk).iterdir())


@pytest.mark.parametrize("damaged", ["[1]", '{"user": 1}', "[" * 100_000])
def test_no_damage_keeps_anybody_from_being_forgotten(tmp_path: Path, damaged: str) -> None:
    keeper = Keeper(tmp_path)
    keeper.keep(1, "/contacts/123456789012345678/edit", [("notes", "words")])
    token = keeper.keep(2, "/contacts/new", [("notes", "words")])
    (tmp_path / f"2.{token}").write_text(damaged)
    half = tmp_path / f"3.{token}.part"
    half.write_text("half of what somebody typed")  # its process was ended
    os.utime(half, (time.time() - WRITING - 1,) * 2)
    assert keeper.find(2, "/contacts/new", token) is None
    assert keeper.forget({"123456789012345678"}) == 1
    assert not [file for file in tmp_path.iterdir() if file.read_bytes()]


def test_a_store_that_cannot_forget_keeps_no_drafts(browse: Browse, desk: Any) -> None:
    class Away:
        def forget(self, keys: frozenset[str]) -> None:
            raise OSError("the database of the reports is away")

        def close(self) -> None:
            """Nothing is open."""

    contact = desk.contact()
    browser = browse("clerk")
    send_draft(browser, typed(browser, f"/contacts/{contact}/edit", notes="kept before"))
    alone = App(desk.app.settings, desk.app.db, desk.app.text_search, list)
    alone._projections = (Away(),)  # type: ignore[assignment]
    alone.run(lambda services: services.privacy.erase(services.contacts.get(int(contact))))
    assert not any(b"kept before" in file.read_bytes() for file in folder_of(desk).iterdir())


def test_files_of_another_version_keep_nobody_from_the_start_page(tmp_path: Path) -> None:
    """What a later version writes of a draft, an earlier one did not; such a file goes."""
    keeper = Keeper(tmp_path)
    keeper.save(2, Draft("/p", "form", [("notes", "words")], key="k", writer="w"), 0)
    (file,) = tmp_path.glob("2.draft.*")
    whole = json.loads(file.read_text("utf-8"))
    for wrong in ({"title": None}, {"at": "now"}, {"pairs": [["notes"]]}, {"taken": None}, {"user": None}):
        file.write_text(json.dumps(whole | wrong), "utf-8")
        assert keeper.drafts(2) == []
        assert not file.exists()
    token = keeper.keep(2, "/contacts/new", [("notes", "words")])
    (tmp_path / f"2.{token}").write_text('{"user": 2, "path": "/contacts/new"}')
    assert keeper.find(2, "/contacts/new", token) is None

"""Files in Chromium: sent when they are chosen, refused in words, sent again, and never lost in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

PDF = {"name": "قبض.pdf", "mimeType": "image/png", "buffer": b"%PDF-1.7 " + b"x" * 5000}
PNG = {"name": "عکس.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + b"\0" * 500}
EXE = {"name": "نامه.exe", "mimeType": "application/pdf", "buffer": b"MZ\x00\x00" * 50}
FIELD, SEND = "#f-document", ".form-foot .btn-primary"


@pytest.fixture
def page(new_page: Any, form_site: Any) -> Page:
    """The form with everything, filled in but for its files."""
    form_site.kept.clear()
    page: Page = new_page(form_site.url, expected=["status of 422"])  # a refused file
    page.goto(form_site.url + "/form")
    page.fill("#f-title", "ریختن نخاله")
    page.fill("#f-happened", "دیروز")
    page.check("#f-about-1")
    page.select_option("#f-kind", "kind3")
    return page


def rows(page: Page, state: str) -> list[str]:
    return page.locator(f".file-row[data-way={state}] > bdi").all_inner_texts()


def plain(text: str) -> str:
    """``text`` without the isolates around names."""
    return text.replace("\u2068", "").replace("\u2069", "")


def names(form_site: Any) -> list[str]:
    return [file.name for file in form_site.kept.submissions[0].values["document"]]


def test_files_are_here_before_the_form_is_sent(page: Page, form_site: Any) -> None:
    page.set_input_files(FIELD, [PDF, PNG])
    expect(page.locator(".file-row[data-way=here]")).to_have_count(2)
    assert rows(page, "here") == ["قبض.pdf", "عکس.png"]
    assert page.locator(".file-row [data-state]").first.inner_text() == "۴٫۹ کیلوبایت"
    assert page.locator("[data-said]").inner_text() == "«عکس.png» رسید."
    assert page.evaluate("document.querySelector('#f-document').files.length") == 0
    with page.expect_request(lambda request: request.url.endswith("/forms/files")) as told:
        page.locator(".file-row [data-take-out]").first.click()
    assert b"drop" in (told.value.post_data_buffer or b"")
    assert page.evaluate("document.activeElement.hasAttribute('data-take-out')")
    page.click(SEND)
    page.wait_for_selector("#saved")
    assert names(form_site) == ["عکس.png"]


def test_what_is_refused_says_why_and_holds_the_form(page: Page, form_site: Any) -> None:
    page.set_input_files(FIELD, [PDF, EXE])
    page.wait_for_selector(".file-row.bad")
    assert plain(page.locator(".file-row.bad [data-state]").inner_text()) == (
        "«نامه.exe» پذیرفته نیست؛ عکس، PDF، Word، Excel، متن، صدا، فیلم یا ZIP تا ۱ مگابایت بدهید."
    )
    page.wait_for_selector(".file-row[data-way=here]")
    page.click(SEND)
    assert page.evaluate("document.activeElement.closest('.file-row.bad') !== null")
    assert page.locator("[data-said]").inner_text().startswith("یک فایل نرسید")
    page.keyboard.press("Enter")  # remove it
    page.click(SEND)
    page.wait_for_selector("#saved")
    assert names(form_site) == ["قبض.pdf"]


def test_too_large_and_too_many_are_known_before_anything_is_sent(page: Page) -> None:
    page.set_input_files(FIELD, [PDF | {"name": "بزرگ.pdf", "buffer": b"x" * ((1 << 20) + 1)}])
    assert page.locator(".file-row.bad [data-state]").inner_text() == "«بزرگ.pdf» بزرگ‌تر از ۱ مگابایت است."
    page.click(".file-row.bad [data-take-out]")
    page.set_input_files(FIELD, [PNG | {"name": f"{place}.png"} for place in range(4)])
    assert page.locator(".file-row.bad [data-state]").inner_text() == "فایل‌ها زیادند؛ تا ۳ فایل."
    expect(page.locator(".file-row[data-way=here]")).to_have_count(3)


def test_a_broken_connection_is_tried_again(new_page: Any, page: Page, form_site: Any) -> None:
    page.route("**/forms/files", lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>login"))
    page.set_input_files(FIELD, [PDF])
    page.wait_for_selector(".file-row.bad")
    assert "نرسید" in page.locator(".file-row.bad [data-state]").inner_text()
    page.unroute("**/forms/files")
    page.click("[data-again]")
    page.wait_for_selector(".file-row[data-way=here]")
    page.click(SEND)
    page.wait_for_selector("#saved")
    assert names(form_site) == ["قبض.pdf"]


def test_a_form_waits_for_its_files(page: Page, form_site: Any) -> None:
    held: list[Route] = []
    page.route("**/forms/files", lambda route: held.append(route))
    page.set_input_files(FIELD, [PDF])
    page.click(SEND)
    expect(page.locator("[data-said]")).to_have_text(re.compile("^فایل‌ها در راه‌اند"))
    assert form_site.kept.submissions == []
    held[0].continue_()
    page.wait_for_selector("#saved")
    assert names(form_site) == ["قبض.pdf"]


def test_hostile_names_are_only_text(page: Page) -> None:
    name = '"><img src=x onerror=alert(1)>.pdf'
    page.evaluate("""name => {
        const data = new DataTransfer()
        data.items.add(new File(['%PDF-1.7 x'], name))
        document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}))
    }""", name)
    page.wait_for_selector(".file-row[data-way=here]")
    assert page.locator("main img").count() == 0

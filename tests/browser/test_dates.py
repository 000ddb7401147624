"""The date field in Chromium: typed and read back, picked by keyboard; its calendar counts days as the core does."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm_core.text import jalali
from crm_core.text.digits import to_persian

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

FIELD, GRID = "#f-happened", ".calendar [role=grid]"
YEARS = (1299, 1300, 1348, 1349, *range(1395, 1413), 1501, 1502, 1503, 1504)
"""With the leap years 1399, 1403, 1408 and the two that no simple cycle tells."""


@pytest.fixture
def open_form(new_page: Any, form_site: Any) -> Any:
    """``open_form(path, **context)``: a page of the small application."""

    def open_form(path: str = "/form", **settings: Any) -> Page:
        form_site.kept.clear()
        page: Page = new_page(form_site.url, expected=["status of 422"], **settings)
        page.goto(form_site.url + path)
        return page

    return open_form


def show(page: Page, typed: str) -> None:
    """Type a date, wait until it is read back, and open the calendar with the keyboard."""
    page.fill(FIELD, typed)
    page.press(FIELD, "Alt+ArrowDown")
    page.wait_for_selector(f"{GRID} [aria-selected=true]")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def said(page: Page) -> str:
    return page.locator(f"{FIELD}-r").inner_text()


def test_every_month_has_the_days_of_the_core(open_form: Any) -> None:
    page = open_form()
    wanted: dict[str, list[tuple[str, str]]] = {}
    for year in YEARS:
        for month in range(1, 13):
            first = jalali.from_jalali(year, month, 1)
            days = [first + datetime.timedelta(place) for place in range(jalali.month_length(year, month))]
            wanted[first.isoformat()] = [
                (day.isoformat(), to_persian(f"{jalali.weekday_name(day.weekday(), 'fa')} {number} "
                                             f"{jalali.month_name(month, 'fa')} {year}"))
                for number, day in enumerate(days, 1)
            ]
    found = page.evaluate("""firsts => Object.fromEntries(firsts.map(iso => {
        const box = document.querySelector('[data-date]'), opener = box.querySelector('[data-open-calendar]')
        box.dataset.iso = iso
        opener.click()
        const days = Array.from(box.querySelectorAll('[data-day]'), cell => [
            new Date(cell.dataset.day * 86400000).toISOString().slice(0, 10), cell.getAttribute('aria-label')])
        opener.click()
        return [iso, days] }))""", list(wanted))
    assert {iso: [tuple(day) for day in days] for iso, days in found.items()} == wanted


def test_a_date_is_picked_with_the_keyboard(open_form: Any, form_site: Any) -> None:
    page = open_form()
    show(page, "۳۱ شهریور ۱۴۰۵")
    assert focused(page) == "سه‌شنبه ۳۱ شهریور ۱۴۰۵"
    for key, day in (
        ("PageDown", "پنجشنبه ۳۰ مهر ۱۴۰۵"), ("ArrowLeft", "جمعه ۱ آبان ۱۴۰۵"), ("ArrowRight", "پنجشنبه ۳۰ مهر ۱۴۰۵"),
        ("Home", "شنبه ۲۵ مهر ۱۴۰۵"), ("End", "جمعه ۱ آبان ۱۴۰۵"), ("ArrowDown", "جمعه ۸ آبان ۱۴۰۵"),
        ("ArrowUp", "جمعه ۱ آبان ۱۴۰۵"), ("PageUp", "چهارشنبه ۱ مهر ۱۴۰۵"), ("Shift+PageDown", "پنجشنبه ۱ مهر ۱۴۰۶"),
        ("Shift+PageUp", "چهارشنبه ۱ مهر ۱۴۰۵"),
    ):
        page.keyboard.press(key)
        assert focused(page) == day, key
    page.keyboard.press("Enter")
    assert page.locator(GRID).count() == 0
    assert page.evaluate("document.activeElement.id") == "f-happened"
    assert page.input_value(FIELD) == "۱۴۰۵/۰۷/۰۱"
    expect(page.locator("#f-happened-r")).to_have_text("چهارشنبه ۱ مهر ۱۴۰۵")
    page.fill("#f-title", "ت")
    page.check("#f-about-1")
    page.select_option("#f-kind", "kind3")
    page.click(".form-foot .btn-primary")
    page.wait_for_selector("#saved")
    assert form_site.kept.submissions[0].values["happened"] == datetime.date(2026, 9, 23)


def test_escape_and_tab(open_form: Any) -> None:
    page = open_form()
    show(page, "1405/8/26")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hasAttribute('data-today')")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "سال پیش"  # the first of the dialog: it goes round
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "سه‌شنبه ۲۶ آبان ۱۴۰۵"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "f-happened"
    assert page.input_value(FIELD) == "1405/8/26"
    button = page.locator("[data-open-calendar]").first
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert button.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.hasAttribute('data-open-calendar')")
    button.click()
    page.click("h1")
    assert page.locator(GRID).count() == 0


def test_what_was_typed_is_read_back(open_form: Any) -> None:
    page = open_form()
    today = datetime.datetime.now(tz=__import__("zoneinfo").ZoneInfo("Asia/Tehran")).date()
    for typed, day in (("۲۶ آبان ۱۴۰۵", datetime.date(2026, 11, 17)), ("2026-11-17", datetime.date(2026, 11, 17)),
                       ("امروز", today)):
        page.fill(FIELD, "")
        page.type(FIELD, typed)
        expect(page.locator("#f-happened-r")).to_have_text(jalali.format_date(day, "fa"))
    page.fill(FIELD, "۳۱ آبان ۱۴۰۵")
    page.press(FIELD, "Tab")
    page.wait_for_selector(f"{FIELD}-r.doubt")
    assert said(page) == "۳۱ آبان در تقویم نیست؛ آبان ۳۰ روز دارد."
    page.fill(FIELD, "<img src=x onerror=alert(1)>")
    page.press(FIELD, "Tab")
    expect(page.locator("#f-happened-r")).to_have_text(re.compile("^تاریخ خوانده نشد"))
    assert page.locator(".date-field img").count() == 0


def test_english_readers_have_their_calendar_with_the_other_beside(open_form: Any) -> None:
    page = open_form("/form?lang=en")
    # The small application knows its reader's language from the address alone, and scripts ask without it.
    page.route("**/forms/date?*", lambda route: route.continue_(url=f"{route.request.url}&lang=en"))
    show(page, "26 Aban 1405")
    assert focused(page) == "Tuesday 17 November 2026"
    assert page.locator(".calendar-title").inner_text().split("\n") == ["November 2026", "Aban – Azar 1405"]
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Wednesday 18 November 2026"
    page.keyboard.press("Home")
    assert focused(page) == "Monday 16 November 2026"
    page.keyboard.press("Enter")
    assert page.input_value(FIELD) == "2026-11-16"
    page.wait_for_selector(f"{FIELD}-r:has-text('16 November')")
    assert said(page) == "Monday 16 November 2026 25 Aban 1405"


def test_a_calendar_asked_for_before_the_answer_opens_on_the_day_that_was_typed(open_form: Any) -> None:
    """On a slow line the field has asked already, and nothing came back yet."""
    page = open_form()
    held: list[Any] = []
    page.route("**/forms/date?*", lambda route: held.append(route))
    with page.expect_request("**/forms/date?*"):
        page.fill(FIELD, "1405/8/26")
    page.press(FIELD, "Alt+ArrowDown")
    page.wait_for_timeout(0)  # the key is handled; the route, too
    assert page.locator(".calendar").count() == 0
    for route in held:
        route.continue_()
    page.wait_for_selector(f"{GRID} [aria-selected=true]")
    assert "۲۶ آبان ۱۴۰۵" in focused(page)


def test_a_new_row_has_its_calendar_and_its_choices(open_form: Any) -> None:
    page = open_form("/rows")
    page.click("#f-trips > [data-add]")
    page.check("#f-trips-0-area-1")
    assert page.locator("#f-trips-0-town option").all_inner_texts()[0] == "گفته نشد"
    page.select_option("#f-trips-0-town", "shiraz")
    page.click("#f-trips-0 [data-open-calendar]")
    page.click(f"{GRID} [aria-current=date]")
    assert page.input_value("#f-trips-0-day").startswith("۱")
    page.check("#f-trips-0-area-0")
    assert page.input_value("#f-trips-0-town") == ""


def test_without_the_script_a_date_is_typed(open_form: Any) -> None:
    page = open_form(java_script_enabled=False)
    assert not page.locator("[data-open-calendar]").first.is_visible()
    page.fill(FIELD, "26 آبان 1405")
    page.click(".form-foot .btn-primary")
    page.wait_for_selector(".errsum")
    assert page.input_value(FIELD) == "۱۴۰۵/۰۸/۲۶"
    assert said(page) == "سه‌شنبه ۲۶ آبان ۱۴۰۵"


def test_choices_that_depend_on_another(open_form: Any) -> None:
    page = open_form()
    city = page.locator("#f-city")
    assert city.locator("option").first.inner_text() == "نخست «استان» را انتخاب کنید"
    page.check("#f-province-1")
    assert page.evaluate("""Array.from(document.querySelectorAll('#f-city optgroup:not([hidden]) option'),
        option => option.textContent)""") == ["شیراز", "جای دیگر"]
    city.locator("optgroup:not([hidden]) option[value=other]").evaluate("option => { option.selected = true }")
    page.check("#f-province-0")  # there too
    assert city.input_value() == "other"
    city.select_option("rey")
    page.check("#f-province-1")
    assert city.input_value() == ""
    page.check("#f-province-2")
    assert not city.is_visible()


def test_choices_that_depend_on_another_without_the_script(open_form: Any) -> None:
    page = open_form(java_script_enabled=False)
    groups = page.locator("#f-city optgroup").evaluate_all("groups => groups.map(group => group.label)")
    assert groups == ["تهران", "فارس"]
    page.check("#f-province-1")
    page.select_option("#f-city", "rey")
    page.click(".form-foot .btn-primary")
    page.wait_for_selector(".errsum")
    assert page.locator("#f-city-e").inner_text() == "این یکی از «فارس» نیست؛ یکی از همان دسته را انتخاب کنید."
    assert page.input_value("#f-city") == "rey"


@pytest.mark.parametrize("path", ["/form", "/form?lang=en", "/form?theme=dark"])
def test_axe_finds_nothing_in_the_calendar(open_form: Any, axe: str, path: str) -> None:
    page = open_form(path, bypass_csp=True, viewport={"width": 390, "height": 844})
    page.fill(FIELD, "26 Aban 1405")
    page.click("[data-open-calendar] >> nth=0")
    page.wait_for_selector(GRID)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => result.violations)")
    assert [(one["id"], node["html"][:200]) for one in found for node in one["nodes"]] == []

"""Forms in a real Chromium under the strict policy: keys, rows, files, without the script too, and nothing executes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(new_page: Any, form_site: Any) -> Any:
    """``open_page(path, **context)``: a page of the small application, which refuses forms with a status of 422."""
    form_site.kept.clear()

    def open_page(path: str, **settings: Any) -> Page:
        page: Page = new_page(form_site.url, expected=["status of 422"], **settings)
        page.goto(form_site.url + path)
        return page

    return open_page


def fill(page: Page) -> None:
    page.fill("#f-title", "ریختن نخاله در کوچه")
    page.fill("#f-happened", "دیروز")
    page.check("#f-about-1")
    page.select_option("#f-kind", "kind3")


def no_sideways_scrolling(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_refused_form_takes_the_focus_and_leads_to_its_fields(open_page: Any) -> None:
    page = open_page("/form")
    page.fill("#f-happened", "۳۱ آبان ۱۴۰۵")
    page.click(".form-foot .btn-primary")
    page.wait_for_selector(".errsum")
    expect(page.locator(".errsum")).to_be_focused()
    assert page.input_value("#f-happened") == "۳۱ آبان ۱۴۰۵"
    page.click(".errsum a >> nth=1")
    assert page.evaluate("document.activeElement.id") == "f-happened"
    page.click(".errsum a >> nth=2")
    assert page.evaluate("document.activeElement.id") == "f-about-0"
    assert page.evaluate("""() => {
        const field = document.activeElement.getBoundingClientRect(), foot = document.querySelector('.form-foot')
        return field.top > 52 && field.bottom < foot.getBoundingClientRect().top }""")


def test_who_has_gone_on_into_a_field_is_not_called_back_to_the_summary(open_page: Any) -> None:
    page = open_page("/form")
    held: list[Route] = []
    page.route("**/icons.svg", lambda route: held.append(route))  # without its icons a page is not loaded
    page.press("#f-title", "Control+Enter")
    page.wait_for_selector(".errsum:focus")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "f-title"
    assert page.evaluate("document.readyState") != "complete"
    for route in held:
        route.continue_()
    page.wait_for_load_state("load")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    assert page.evaluate("document.activeElement.id") == "f-title"


def test_ctrl_enter_sends_the_form(open_page: Any, form_site: Any) -> None:
    page = open_page("/form")
    fill(page)
    page.press("#f-wish", "Control+Enter")
    page.wait_for_selector("#saved")
    assert form_site.kept.submissions[0].values["title"] == "ریختن نخاله در کوچه"
    assert form_site.kept.submissions[0].button == "submit"


def test_enter_in_a_row_sends_the_form_and_removes_nothing(open_page: Any, form_site: Any) -> None:
    page = open_page("/rows")
    page.fill("#f-title", "ت")
    page.fill("#f-address-city", "شهر")
    page.click("#f-witnesses > [data-add]")
    page.fill("#f-witnesses-0-phone", "09120000220")
    page.fill("#f-witnesses-0-name", "احمدی")
    page.press("#f-witnesses-0-name", "Enter")
    page.wait_for_selector("#saved")
    assert [row["name"] for row in form_site.kept.submissions[0].values["witnesses"]] == ["احمدی"]


def test_slash_goes_to_the_omnibox_on_any_keyboard(open_page: Any) -> None:
    page = open_page("/form?q=زهرا")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {code: 'Slash', key: '؟', bubbles: true}))")
    assert page.evaluate("document.activeElement.name") == "q"
    page.focus("#f-wish")
    page.keyboard.press("/")
    assert page.input_value("#f-wish") == "/"


def test_a_password_may_be_looked_at(open_page: Any) -> None:
    page = open_page("/login")
    page.fill("#f-password", "گل سرخ")
    page.click("[data-reveal]")
    assert page.get_attribute("#f-password", "type") == "text"
    assert page.get_attribute("[data-reveal]", "aria-pressed") == "true"
    page.click("[data-reveal]")
    assert page.get_attribute("#f-password", "type") == "password"


def test_rows_with_the_script(open_page: Any, form_site: Any) -> None:
    page = open_page("/rows")
    page.fill("#f-title", "ت")
    page.fill("#f-address-city", "شهر")
    for place, name in enumerate(("الف", "ب", "پ")):
        page.click("#f-witnesses > [data-add]")
        assert page.evaluate("document.activeElement.id") == f"f-witnesses-{place}-name"
        page.keyboard.type(name)
        page.fill(f"#f-witnesses-{place}-phone", f"0912000000{place}")
    assert page.locator("#f-witnesses [data-item] td.n").all_inner_texts() == ["۱", "۲", "۳"]
    page.click("#f-witnesses-1 [data-remove]")
    assert page.locator("#f-witnesses [data-item] td.n").all_inner_texts() == ["۱", "۲"]
    assert page.get_by_label("نام شاهد ۲").input_value() == "پ"
    page.click("#f-visits > [data-add]")
    page.fill("#f-visits-0-day", "امروز")
    page.fill("#f-visits-0-report", "رفتیم")
    page.click("#f-visits > [data-add]")
    page.fill("#f-visits-1-day", "امروز")
    page.fill("#f-visits-1-report", "باز هم")
    page.check("#f-visits-0-about-0")
    page.check("#f-visits-1-about-2")
    for _ in range(3):
        page.click("#f-numbers > [data-add]")
    assert page.is_disabled("#f-numbers > [data-add]")  # three are the most
    page.fill("#f-numbers-1", "110")
    page.click(".form-foot .btn-primary")
    page.wait_for_selector("#saved")
    values = form_site.kept.submissions[0].values
    witnesses = [(row["name"], row["phone"]) for row in values["witnesses"]]
    assert witnesses == [("الف", "09120000000"), ("پ", "09120000002")]
    assert [row["about"] for row in values["visits"]] == ["contractor", "neighbour"]
    assert values["numbers"] == ["110"]


def test_rows_without_the_script(open_page: Any, form_site: Any) -> None:
    page = open_page("/rows", java_script_enabled=False)
    page.fill("#f-title", "ت")
    page.fill("#f-address-city", "شهر")
    page.click("#f-witnesses > [data-add]")
    page.fill("#f-witnesses-0-name", "الف")
    page.click("#f-witnesses > [data-add]")
    page.fill("#f-witnesses-1-name", "ب")
    page.fill("#f-witnesses-1-phone", "09120000220")
    page.click("#f-witnesses-0 [data-remove]")
    assert page.input_value("#f-title") == "ت"
    assert page.input_value("#f-witnesses-0-name") == "ب"
    assert page.url.endswith("#f-witnesses")
    page.click(".form-foot .btn-primary")
    page.wait_for_selector("#saved")
    assert [row["name"] for row in form_site.kept.submissions[0].values["witnesses"]] == ["ب"]


def test_files_with_and_without_the_script(open_page: Any, form_site: Any) -> None:
    files = [{"name": "قبض.pdf", "mimeType": "image/png", "buffer": b"%PDF-1.7 " + b"x" * 5000},
             {"name": "نامه.exe", "mimeType": "application/pdf", "buffer": b"MZ\x00\x00" * 50}]
    for script in (True, False):
        form_site.kept.clear()
        page = open_page("/form", java_script_enabled=script)
        fill(page)
        assert page.locator("label.btn[for=f-document]").is_visible() is script
        page.set_input_files("#f-document", files)
        if script:  # sent at once: test_uploads.py
            page.wait_for_selector(".file-row.bad")
            assert page.locator(".file-row > bdi").all_inner_texts() == ["قبض.pdf", "نامه.exe"]
            page.click(".file-row.bad [data-take-out]")
        else:
            page.click(".form-foot .btn-primary")
            page.wait_for_selector(".errsum")
            assert page.locator(".file-row bdi").all_inner_texts() == ["قبض.pdf", "نامه.exe"]
        page.click(".form-foot .btn-primary")
        page.wait_for_selector("#saved")
        assert [one.name for one in form_site.kept.submissions[0].values["document"]] == ["قبض.pdf"]


def test_menus_open_without_the_script(open_page: Any) -> None:
    page = open_page("/gallery", java_script_enabled=False)
    page.click("summary.me")
    assert page.get_by_role("button", name="خروج").is_visible()
    page = open_page("/gallery")
    page.click("summary.me")
    page.keyboard.press("Escape")
    assert not page.get_by_role("button", name="خروج").is_visible()


@pytest.mark.parametrize("path", ["/form", "/rows", "/gallery", "/login"])
@pytest.mark.parametrize("size", [(1366, 768), (390, 844), (683, 384)])
def test_nothing_scrolls_sideways(open_page: Any, path: str, size: tuple[int, int]) -> None:
    page = open_page(path, viewport={"width": size[0], "height": size[1]})
    assert no_sideways_scrolling(page)
    if path in ("/form", "/rows"):
        page.click(".form-foot .btn-primary")
        page.wait_for_selector(".errsum")
        assert no_sideways_scrolling(page)


def test_icons_font_and_direction_arrive(open_page: Any) -> None:
    page = open_page("/gallery")
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('700 15px Vazirmatn'))")
    assert page.evaluate("getComputedStyle(document.querySelector('.st-late')).color") == "rgb(168, 27, 57)"
    box = page.locator(".omni > .i").bounding_box()
    assert box is not None
    assert box["width"] > 10
    assert page.evaluate("document.querySelector('.brand').getBoundingClientRect().right") > 1300
    english = open_page("/gallery?lang=en")
    assert english.evaluate("document.querySelector('.brand').getBoundingClientRect().left") < 60


def test_nothing_hostile_executes(open_page: Any, form_site: Any, shared_data: Path) -> None:
    folder = shared_data / "7_hostile_input"
    texts = json.loads((folder / "xss_fuzzdb_rsnake.json").read_text(encoding="utf-8"))
    texts += [case["data"] for case in json.loads((folder / "html5sec_vectors.json").read_text(encoding="utf-8"))]
    texts += [case["payload"] for case in json.loads((folder / "dompurify_cases.json").read_text(encoding="utf-8"))]
    texts += json.loads((folder / "blns.json").read_text(encoding="utf-8"))
    texts = [text.replace("\n", " ").replace("\r", " ") for text in dict.fromkeys(texts) if text.strip()]
    names = ["title", "place", "wish", "body", "phone", "email", "national_id", "happened", "floors", "amount"]
    page = open_page("/form")
    token = page.input_value("input[name=csrf_token] >> nth=-1")
    for start in range(0, len(texts), 120):
        # Ten texts a form would be seventy pages; each field takes several of them, one after the other.
        batch = texts[start : start + 120]
        values = {name: " ".join(batch[place :: len(names)])[:20_000] for place, name in enumerate(names)}
        answer = page.request.post(f"{form_site.url}/form", form={**values, "csrf_token": token})
        assert answer.status == 422
        page.goto(f"{form_site.url}/form")
        page.evaluate("""values => { for (const [name, value] of Object.entries(values))
            document.getElementById('f-' + name).value = value }""", values)
        page.click(".form-foot .btn-primary")
        page.wait_for_selector(".errsum")
        for name in ("happened", "floors", "amount"):
            assert page.input_value(f"#f-{name}") == values[name]
        assert page.locator("img, iframe, object, embed, main script").count() == 0
    page.fill("#f-title", "<img src=x onerror=alert(1)>")
    page.goto(f"{form_site.url}/gallery?q=%22%3E%3Csvg%20onload%3Dalert(1)%3E")
    assert page.input_value("[data-omnibox]") == '"><svg onload=alert(1)>'


@pytest.mark.parametrize("path", ["/form", "/rows", "/login", "/gallery", "/form?theme=dark", "/gallery?theme=dark"])
def test_axe_finds_nothing(open_page: Any, axe: str, path: str) -> None:
    page = open_page(path, bypass_csp=True)
    if path.startswith("/rows"):
        page.click("#f-witnesses > [data-add]")
        page.click("#f-visits > [data-add]")
    if "gallery" not in path:
        page.click(".form-foot .btn-primary")
        page.wait_for_selector(".errsum")
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => result.violations)")
    assert [(one["id"], node["html"][:200]) for one in found for node in one["nodes"]] == []

"""Documents added to a request later, and the receipt its citizen takes along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp, Upload
from webtest.forms import File

from crm_views.testing import fill, form_of, speak, words

Browse = Callable[..., TestApp]
PDF = b"%PDF-1.7 one page"


def send(form: Any, name: str, content: bytes, **more: Any) -> Any:
    """Send a form with one file; WebTest itself sends no name that is not ASCII."""
    fields = [(field, Upload(name, content) if isinstance(value, File) else value)
              for field, value in form.submit_fields("submit")]
    return form.response.test_app.post(form.action, fields, **more)


def test_documents_come_later_and_say_who_brought_them(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    form = form_of(clerk.get(f"/requests/{code}").click(href="/attach", index=0), "attach")
    page = send(fill(form, note="از بازرسی"), "صورت‌جلسه.pdf", PDF, status=303).follow()

    page.mustcontain("1 document added.")
    row = page.html.select_one(".docs tbody tr")
    assert [words(cell) for cell in row.select("td")] == ["صورت‌جلسه.pdf", "PDF", "17 bytes", "The clerk", "today"]
    assert clerk.get(row.a["href"]).body == PDF
    assert "Documents added: صورت‌جلسه.pdf" in words(clerk.get(f"/requests/{code}?tab=history").html.select_one(".log"))
    assert "از بازرسی" in words(clerk.get(f"/requests/{code}").html.select(".msg.internal")[-1])
    clerk.get(f"/contacts/{desk.run(lambda s: s.requests.by_code(code).contact)}").mustcontain("Documents added")


def test_documents_of_messages_are_among_the_documents(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    form = form_of(clerk.get(f"/requests/{code}/message"), "message")
    page = send(fill(form, body="نامه پیوست است", channel="letter"), "نامه.pdf", PDF, status=303).follow()

    link = page.html.select_one(".msg-files a")
    assert clerk.get(link["href"]).body == PDF
    assert words(clerk.get(f"/requests/{code}?tab=documents").html.select_one(".docs tbody a")) == "نامه.pdf"


def test_no_document_is_said_and_nothing_is_stored(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact())
    clerk = browse("clerk")
    clerk.get(f"/requests/{code}?tab=documents").mustcontain("No documents yet.")

    page = fill(form_of(clerk.get(f"/requests/{code}/attach"), "attach"), note="فراموش شد").submit("submit", status=422)

    page.mustcontain("Choose a file.")
    assert form_of(page, "attach")["note"].value == "فراموش شد"


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_receipt_tells_the_code_and_what_happens_next(browse: Browse, desk: Any, language: str) -> None:
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    desk.run(lambda services: services.contacts.add_identifier(
        services.contacts.get(contact), "national_id", "0012345679", "paper"))
    code = desk.case(contact, title="عنوان پنهان", text="متن پنهان", unit=desk.units["streets"])
    clerk = browse("clerk")

    page = clerk.get(f"/requests/{code}/receipt?language={language}&paper=a4")

    grouped = f"{code[:4]}-{code[4:8]}-{code[8:]}"
    if language == "fa":
        grouped = grouped.translate({48 + digit: 1776 + digit for digit in range(10)})
    assert page.html.html["lang"] == language
    assert page.html.html["dir"] == ("rtl" if language == "fa" else "ltr")
    assert words(page.html.select_one(".big .code")) == grouped
    page.mustcontain("زهرا رضایی", "خدمات شهری" if language == "fa" else "City services",
                     no=["0012345679", "09120000147", "عنوان پنهان", "متن پنهان"])
    assert page.html.select_one("svg.qr path")["d"].startswith("M")
    assert not page.html.select("[style]")
    assert "a4" in page.html.main["class"]
    assert clerk.get("/").html.html["lang"] == "en"  # the reader's own language stays


def test_a_receipt_of_nobody_and_odd_wishes(browse: Browse, desk: Any) -> None:
    code = desk.case(None)
    page = browse("clerk").get(f"/requests/{code}/receipt?paper=<b>&language=xx", status=200)
    assert "a5" in page.html.main["class"]
    assert "Name" not in [words(term) for term in page.html.select("dt")]


def test_the_square_holds_the_code(desk: Any) -> None:
    """The picture is the one segno makes of the ten digits: read here by its size, in the browser's tests by eye."""
    from crm_views.desk.receipt import square

    assert square("4827193650") == square("4827193650") != square("4827193651")
    assert 'viewBox="0 0 25 25"' in square("4827193650")


def test_a_receipt_in_persian_for_a_reader_of_english(browse: Browse, desk: Any) -> None:
    code = desk.case(desk.contact("زهرا"))
    clerk = browse("clerk")
    speak(clerk, "en")
    clerk.get(f"/requests/{code}/receipt?language=fa").mustcontain("رسید درخواست شما", "کد رهگیری")

"""Each core field type on its way: typed, read, stored, shown again."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

VALID = {"title": "ریختن نخاله", "happened": "دیروز", "about": "staff", "kind": "kind3"}


@pytest.fixture
def send(client: Any, kept: Any) -> Any:
    """``send(name=value)``: the form with these values; gives the values accepted, or the page with the errors."""

    def send(**values: str) -> Any:
        form = client.get("/form").forms["form"]
        for name, value in (VALID | values).items():
            form[name].force_value(value)
        answer = form.submit(status="*")
        return kept.submissions[-1].values if answer.status_int == 303 else answer

    return send


def error_of(page: Any, name: str) -> str:
    return str(page.html.select_one(f"#f-{name}-e").get_text(" ", strip=True))


@pytest.mark.parametrize(
    "typed, number",
    [("12", 12), ("۱۲", 12), ("٤٢", 42), (" ۷ ", 7), ("", None), ("۱٬۰", "abc"), ("1,5", "abc"), ("-3", "least"),
     ("51", "most"), ("9" * 5000, "abc"), ("1e3", "abc"), ("٣٫٥", "abc")],
)
def test_integer(send: Any, typed: str, number: Any) -> None:
    result = send(floors=typed)
    if isinstance(number, str):
        assert result.status_int == 422
        assert result.forms["form"]["floors"].value in (typed, typed.strip(), "-۳", "۵۱")
        reasons = {"least": "۱ یا بیشتر بنویسید.", "most": "۵۰ یا کمتر بنویسید.", "abc": "عدد نیست"}
        assert reasons[number] in error_of(result, "floors")
    else:
        assert result["floors"] == number


@pytest.mark.parametrize(
    "typed, minor",
    [("۱٬۲۵۰٬۰۰۰", 1_250_000), ("1,250,000", 1_250_000), ("1250000", 1_250_000), ("۱۲ ۵۰۰", 12_500), ("", None),
     ("12.0", 12), ("12.5", "مبلغ را بی‌اعشار"), ("ده", "عدد نیست"), ("1,25", "عدد نیست"), ("NaN", "عدد نیست"),
     ("1e9", "عدد نیست")],
)
def test_money(send: Any, typed: str, minor: Any) -> None:
    result = send(amount=typed)
    if isinstance(minor, str):
        assert minor in error_of(result, "amount")
        assert result.forms["form"]["amount"].value == typed
    else:
        assert result["amount"] == minor


def test_money_is_shown_again_in_groups(client: Any) -> None:
    form = client.get("/form").forms["form"]
    form["amount"] = "1250000"
    assert form.submit(status=422).forms["form"]["amount"].value == "۱٬۲۵۰٬۰۰۰"


@pytest.mark.parametrize("typed", ["1405/8/26", "۱۴۰۵/۰۸/۲۶", "۲۶ آبان ۱۴۰۵", "2026-11-17", "17 November 2026"])
def test_date(send: Any, typed: str) -> None:
    assert send(happened=typed)["happened"] == datetime.date(2026, 11, 17)


def test_date_in_words(send: Any) -> None:
    today = datetime.datetime.now(tz=__import__("zoneinfo").ZoneInfo("Asia/Tehran")).date()
    found = send(happened="دیروز")["happened"]
    assert (today - found).days in (1, 2)  # the day may turn while this runs
    assert send(happened="شنبه")["happened"] <= today  # what has happened lies behind


@pytest.mark.parametrize(
    "typed, reason",
    [
        ("۳۱ آبان ۱۴۰۵", "۳۱ آبان در تقویم نیست؛ آبان ۳۰ روز دارد."),
        ("1404/12/30", "۳۰ اسفند در تقویم ۱۴۰۴ نیست؛ اسفند آن سال ۲۹ روز دارد."),
        ("1405/13/1", "ماه ۱۳ نداریم؛ سال دوازده ماه دارد."),
        ("2026-02-30", "۳۰ فوریه در تقویم نیست؛ فوریه ۲۸ روز دارد."),
        ("0400/1/1", "سال ۴۰۰ نمی‌تواند باشد."),
        ("یک روز", "تاریخ خوانده نشد"),
        ("سه‌شنبه ۲۵ آبان ۱۴۰۵", "آن روز دوشنبه است."),
        ("<script>alert(1)</script>", "تاریخ خوانده نشد"),
    ],
)
def test_a_date_is_refused_in_words_and_stays(send: Any, typed: str, reason: str) -> None:
    page = send(happened=typed)
    assert reason in error_of(page, "happened")
    assert page.forms["form"]["happened"].value == typed


def test_a_good_date_is_shown_again_in_the_readers_calendar(client: Any) -> None:
    for query, shown in (("", "۱۴۰۵/۰۸/۲۶"), ("?lang=en", "2026-11-17")):
        form = client.get("/form" + query).forms["form"]
        form["happened"] = "26 Aban 1405"
        assert form.submit(status=422).forms["form"]["happened"].value == shown


def test_choices_boolean_and_the_rest(client: Any, kept: Any) -> None:
    form = client.get("/form").forms["form"]
    for name, value in VALID.items():
        form[name] = value
    form.fields["checkbox"][0].checked = True
    form.fields["checkbox"][3].checked = True
    form["urgent"].checked = True
    form["staff"], form["unit"], form["contact"] = "7", "2", "9"
    form["phone"], form["email"], form["national_id"] = " ۰۹۱۲ ۰۰۰ ۰۱ ۴۷ ", "z@example.org", "001"
    form.submit()
    values = kept.submissions[0].values
    assert values["tags"] == {"contractor", "unknown"}
    assert values["urgent"] is True
    assert (values["staff"], values["unit"], values["contact"]) == ("7", "2", "9")
    assert (values["phone"], values["email"], values["national_id"]) == ("۰۹۱۲ ۰۰۰ ۰۱ ۴۷", "z@example.org", "001")
    shown = client.get("/saved").html
    assert [" ".join(term.get_text().split()) for term in shown.select("#saved dt")][:2] == ["موضوع", "تاریخ رخداد"]
    assert "پیمانکار، نمی‌داند" in shown.select_one("#saved").get_text()


def test_what_is_left_out_is_its_missing_value(send: Any) -> None:
    values = send()
    assert values["tags"] == ()
    assert values["urgent"] is False
    assert (values["wish"], values["body"], values["floors"], values["document"]) == ("", "", None, ())


def test_texts_keep_every_blank_and_line(send: Any, client: Any) -> None:
    body = "\n  خط نخست  \r\n\r\n\tخط سوم \u200c\n"
    values = send(body=body, wish="  با فاصله  ")
    assert values["body"] == body.replace("\r\n", "\n")
    assert values["wish"] == "  با فاصله  "


def test_a_refused_text_area_loses_no_first_line_feed(client: Any) -> None:
    form = client.get("/form").forms["form"]
    form["body"] = "\n\nدو خط خالی پیش از این"
    raw = form.submit(status=422).text
    assert ">\n\n\nدو خط خالی" in raw.replace("\r\n", "\n")  # one is the template's own, and browsers drop exactly one


def test_a_field_without_bound_choices_is_a_fault_of_ours() -> None:
    from crm_core import fields
    from crm_views.forms.prepare import widget_for

    with pytest.raises(TypeError, match="whose"):
        widget_for(fields.choice("x", lambda services, contact: (), name="whose"))


def test_widgets_are_never_shared_between_forms() -> None:
    from crm_core import fields
    from crm_views.forms.prepare import widget_for

    node = fields.text("x", name="x")
    assert widget_for(node) is not widget_for(node)
    assert node.widget is None

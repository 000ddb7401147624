"""Groups and rows, with and without the script, and posts that no browser sends."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def press(form: Any, value: str, status: int = 200) -> Any:
    """Press the small button whose value is ``value``."""
    names = [(name, place) for name, fields in form.fields.items() for place, one in enumerate(fields)
             if name == "__do__" and one._value == value]
    assert names, value
    return form.submit(*names[0][:1], index=names[0][1], status=status)


def test_rows_are_added_and_removed_without_a_script(client: Any, kept: Any) -> None:
    form = client.get("/rows").forms["form"]
    form["title"] = "با شاهد"
    form = press(form, "add:witnesses").forms["form"]
    assert form["title"].value == "با شاهد"
    form.set("name", "محمدرضا احمدی", 0)
    form = press(form, "add:witnesses").forms["form"]
    assert form.fields["name"][0].value == "محمدرضا احمدی"
    form.set("name", "اکبری", 1)
    answer = press(form, "remove:witnesses:0")
    assert answer.html.select_one(".errsum") is None
    form = answer.forms["form"]
    rows = answer.html.select("#f-witnesses > table tr[data-item]")
    assert [row.select_one("input[name=name]")["value"] for row in rows] == ["اکبری"]


def test_two_blank_rows_may_stand_while_rows_are_added(client: Any) -> None:
    form = press(client.get("/rows").forms["form"], "add:witnesses").forms["form"]
    page = press(form, "add:witnesses")
    assert len(page.html.select("#f-witnesses > table tr[data-item]")) == 2


def test_rows_are_read_in_order_and_blank_ones_dropped(client: Any, kept: Any) -> None:
    fields = [("title", "ت"), ("__start__", "address:mapping"), ("city", "شهر نمونه"), ("__end__", "address:mapping"),
              ("__start__", "witnesses:sequence")]
    for name, phone in (("الف", "۰۹۱۲۰۰۰۰۲۲۰"), ("  ", ""), ("ب", "۰۲۱۵۵۰۰۰۰۱۸")):
        fields += [("__start__", "witness:mapping"), ("name", name), ("phone", phone), ("__end__", "witness:mapping")]
    fields += [("__end__", "witnesses:sequence"), ("__start__", "numbers:sequence"), ("number", "110"),
               ("__end__", "numbers:sequence"), ("__start__", "visits:sequence"), ("__start__", "visit:mapping"),
               ("day", "1405/8/26"), ("report", "رفتیم"), ("__start__", "about:rename"), ("f-visits-0-about", "staff"),
               ("__end__", "about:rename"), ("__end__", "visit:mapping"), ("__end__", "visits:sequence")]
    post(client, "/rows", fields, status=303)
    values = kept.submissions[0].values
    witnesses = [(row["name"], row["phone"]) for row in values["witnesses"]]
    assert witnesses == [("الف", "۰۹۱۲۰۰۰۰۲۲۰"), ("ب", "۰۲۱۵۵۰۰۰۰۱۸")]
    assert values["address"] == {"city": "شهر نمونه", "street": ""}
    assert values["numbers"] == ["110"]
    assert values["visits"] == [{"day": datetime.date(2026, 11, 17), "report": "رفتیم", "about": "staff"}]


def post(client: Any, path: str, fields: list[tuple[str, Any]], status: Any) -> Any:
    """A post of ``fields`` in their order, with the token of a form fetched before."""
    form = client.get(path).forms["form"]
    return client.post(path, [("csrf_token", form["csrf_token"].value), ("__formid__", "form"), *fields], status=status)


def test_errors_of_rows_name_their_row(client: Any) -> None:
    form = client.get("/rows").forms["form"]
    form = press(form, "add:witnesses").forms["form"]
    form.set("name", "اکبری", 0)
    form.set("phone", "۰۹۱۲۰۰", 0)
    page = form.submit(status=422)
    link = next(one for one in page.html.select(".errsum a") if "شاهد" in one.get_text())
    assert link["href"] == "#f-witnesses-0-phone"
    assert "شاهد ۱، تلفن: کوتاه است" in link.get_text()
    control = page.html.select_one("#f-witnesses-0-phone")
    assert control["aria-invalid"] == "true"
    assert page.html.select_one(f"#{control['aria-describedby']}")


def test_a_service_may_name_a_row(client: Any, kept: Any) -> None:
    from crm_core.errors import Invalid

    def refuse(_submission: Any) -> None:
        raise Invalid({"witnesses.0.phone": "این شماره نیست.", "address.city": "این شهر نیست.",
                       "witnesses.7.phone": "کدام؟"})

    kept.refuse = refuse
    form = press(client.get("/rows").forms["form"], "add:witnesses").forms["form"]
    form["title"], form["city"] = "ت", "شهر"
    form.set("name", "الف", 0)
    form.set("phone", "۰۹۱۲۰۰۰۰۲۲۰", 0)
    page = form.submit(status=422)
    assert [(one["href"], one.get_text()) for one in page.html.select(".errsum a")] == [
        ("#f-address-city", "شهر: این شهر نیست."), ("#f-witnesses-0-phone", "شاهد ۱، تلفن: این شماره نیست."),
    ]
    assert "کدام؟" in page.html.select_one(".errsum").get_text()


@pytest.mark.parametrize(
    "command",
    ["", "add", "add:", "add:nowhere", "remove:witnesses:x", "remove:witnesses:99", "drop:title:1", "add:title.x",
     "add:witnesses.0.name", "remove::", "add:address", ":::::", "add:" + "a." * 2000],
)
def test_commands_that_fit_nothing_change_nothing(client: Any, command: str) -> None:
    page = post(client, "/rows", [("title", "ت"), ("__do__", command)], status="*")
    assert page.status_int in (200, 422)
    assert page.forms["form"]["title"].value == "ت"


TAMPERED: list[list[tuple[str, str]]] = [
    [("__start__", "title:mapping"), ("x", "1"), ("__end__", "title:mapping")],
    [("__start__", "title:sequence"), ("x", "1"), ("__end__", "title:sequence")],
    [("witnesses", "text")],
    [("__start__", "witnesses:mapping"), ("x", "1"), ("__end__", "witnesses:mapping")],
    [("__start__", "witnesses:sequence"), ("witness", "text"), ("__end__", "witnesses:sequence")],
    [("__start__", "witnesses:sequence"), ("__start__", "w:mapping"), ("__start__", "name:sequence"), ("x", "y"),
     ("__end__", "name:sequence"), ("__end__", "w:mapping"), ("__end__", "witnesses:sequence")],
    [("address", "text")],
    [("__start__", "address:sequence"), ("city", "x"), ("__end__", "address:sequence")],
    [("__start__", "nonsense")],
    [("__end__", "x")],
    [("__start__", "x:mapping")],
    [("__start__", "x:mapping"), ("__end__", "x:mapping"), ("__end__", "x:mapping")],
    [("__start__", "title:rename"), ("__end__", "title:rename")],
    [("__start__", "title:ignore"), ("a", "b"), ("__end__", "title:ignore")],
    [("__start__", "x:mapping")] * 3000,
]


@pytest.mark.parametrize("fields", TAMPERED)
def test_a_tampered_post_is_refused_in_words(client: Any, kept: Any, fields: list[tuple[str, str]]) -> None:
    page = post(client, "/rows", fields, status=422)
    assert page.html.select_one(".errsum")
    assert not kept.submissions


def test_a_file_where_a_text_belongs_is_refused(client: Any) -> None:
    form = client.get("/rows").forms["form"]
    page = client.post("/rows", {"csrf_token": form["csrf_token"].value, "__formid__": "form"},
                       upload_files=[("title", "x.txt", b"abc"), ("__start__", "y.txt", b"x:mapping")], status=422)
    assert page.html.select_one(".errsum")


WORDS = st.sampled_from(
    ["title", "address", "city", "witnesses", "witness", "name", "numbers", "number", "visits", "day", "x"])
MARKS = st.tuples(st.sampled_from(["__start__", "__end__"]),
                  st.builds("{}:{}".format, WORDS, st.sampled_from(["mapping", "sequence", "rename", "ignore"])))
VALUES = st.tuples(WORDS, st.text(max_size=6))
COMMANDS = st.tuples(st.just("__do__"), st.builds("{}:{}:{}".format, st.sampled_from(["add", "remove", "drop"]), WORDS,
                                                  st.integers(-1, 3)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.lists(MARKS | VALUES | COMMANDS, max_size=14))
def test_no_order_of_marks_breaks_the_form(client: Any, fields: list[tuple[str, str]]) -> None:
    page = post(client, "/rows", fields, status="*")
    assert page.status_int in (200, 303, 422)

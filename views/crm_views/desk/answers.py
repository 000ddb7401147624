"""What was answered in a request's form, as asked and shown then: from the frozen form, never from a plugin's code."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from crm_core.model.request import Request as Case

if TYPE_CHECKING:
    from pyramid.request import Request


def answers(request: Request, case: Case) -> list[dict[str, Any]]:
    """Label and words of each answer that was given; ``long`` ones take a line of their own."""
    if case.submission is None:
        return []
    form = request.services.forms.form_version(case.submission.form)
    fields = form.fields if form is not None else [
        {"name": name, "type": "text", "labels": name} for name in case.submission.answers
    ]
    given = ((field, case.submission.answers.get(field["name"])) for field in fields)
    lines = [
        {"label": request.ui.show.text(field["labels"]), "words": words(request, field, answer),
         "type": field["type"], "long": field["type"] == "long_text",
         "code": field["type"] in ("phone", "email", "national_id", "code")}
        for field, answer in given if answer is not None
    ]
    return [line for line in lines if line["words"]]


def words(request: Request, field: dict[str, Any], answer: dict[str, Any]) -> str:
    """An answer in words: the text shown then where there is one, else the value as its type is written."""
    show = request.ui.show
    text, value = answer.get("text"), answer.get("value")
    if isinstance(text, list):
        return show.text("، " if show.locale == "fa" else ", ").join(show.text(part) for part in text)
    if isinstance(text, dict | str):
        return str(show.text(text))
    if value is None or value == "" or value == []:
        return ""
    if field["type"] == "date" and isinstance(value, str) and _is_date(value):
        return str(show.date(value))
    if field["type"] == "dates" and isinstance(value, list):
        days = (str(show.date(one)) if _is_date(str(one)) else str(one) for one in value)
        return str(show.text("؛ " if show.locale == "fa" else "; ").join(days))
    if field["type"] == "time" and isinstance(value, str):
        return str(show.digits(value))
    if isinstance(value, bool):
        return str(value)
    if field["type"] == "money" and isinstance(value, int):
        return str(show.money(value, field.get("currency", "IRR")))
    if isinstance(value, int):
        return str(show.number(value))
    if isinstance(value, list):
        return str(show.text("، " if show.locale == "fa" else ", ").join(str(part) for part in value))
    return str(value)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True

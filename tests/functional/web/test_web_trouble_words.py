"""A new request that could not be taken stands on the page of what went wrong as its form asks it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest
from psycopg2 import OperationalError

from crm_core.services.requests import Requests
from crm_views.testing import fill, form_of, speak

Browse = Callable[..., Any]
TROUBLES = {
    500: RuntimeError("a fault of ours"), 507: OSError(errno.ENOSPC, "No space left on device"),
    503: OperationalError("the server is gone"),
}


@pytest.mark.parametrize("status", TROUBLES)
@pytest.mark.parametrize("language", ["fa", "en"])
def test_what_was_typed_is_read_in_words(
    browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch, status: int, language: str
) -> None:
    clerk = browse("clerk")
    speak(clerk, language)
    form = fill(form_of(clerk.get(f"/contacts/{desk.contact('زهرا رضایی')}/requests/new/core.general")),
                text="چراغ خاموش است", title="چراغ <b>", category="service", place="کوچهٔ لاله", channel="phone")

    def fails(*_given: Any, **_named: Any) -> None:
        raise TROUBLES[status]

    monkeypatch.setattr(Requests, "register", fails)
    page = form.submit("submit", status=status)
    lines = list(zip([one.get_text().strip() for one in page.html.select("dl dt")],
                     [one.get_text().strip() for one in page.html.select("dl dd")], strict=True))
    assert lines == {
        "en": [("In the citizen’s words", "چراغ خاموش است"), ("Title", "چراغ <b>"), ("About", "A service or product"),
               ("Place", "کوچهٔ لاله")],
        "fa": [("از زبان شهروند", "چراغ خاموش است"), ("عنوان", "چراغ <b>"), ("موضوع", "خدمت یا محصول"),
               ("نشانی محل", "کوچهٔ لاله")],
    }[language]


def test_another_form_is_shown_by_the_names_of_its_fields(
    browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = fill(form_of(browse("clerk").get("/contacts/new")), name="زهرا", notes="یادداشت")
    monkeypatch.setattr("crm_core.services.contacts.Contacts.create", lambda *_given, **_named: 1 / 0)
    page = form.submit("submit", status=500)
    assert {"notes", "name"} <= {one.get_text().strip() for one in page.html.select("dl dt")}

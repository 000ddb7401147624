"""Two clerks who add the same new citizen at one moment: the second is asked, as she would be a moment later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_core.services import Services
from crm_core.services.contacts import Contacts
from crm_core.testing.crowd import together
from crm_views.testing import fill, form_of

Browse = Callable[..., TestApp]


@pytest.mark.parametrize("given", [{"phone": "09120000147"}, {"national_id": "0084575948"}, {"email": "z@example.org"}])
def test_two_who_add_a_number_at_once(
    browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch, given: dict[str, str],
) -> None:
    both_asked = threading.Barrier(2)
    waited = threading.local()
    create = Contacts.create

    def when_both_have_asked(self: Contacts, **values: Any) -> Any:
        if not getattr(waited, "once", False):
            waited.once = True
            both_asked.wait(60)
        return create(self, **values)

    monkeypatch.setattr(Contacts, "create", when_both_have_asked)
    forms = [fill(form_of(browse(login).get("/contacts/new")), name="Zahra Karimi", **given)
             for login in ("clerk", "second")]

    answers = together(lambda which: forms[which].submit("submit", expect_errors=True), 2)

    assert sorted(answer.status_int for answer in answers) == [303, 422]
    next(answer for answer in answers if answer.status_int == 422).mustcontain("belongs to", "Zahra Karimi")
    assert len(desk.run(lambda services: list(services.root.contacts))) == 1


def test_an_import_meets_nobody(desk: Any) -> None:
    """Rows of an import are asked of nobody: they must not conflict more for it."""

    def add(services: Services) -> None:
        services.contacts.create(name="Zahra", identifiers=[("phone", "09120000147")])

    before = desk.run(lambda services: len(services.root.once))
    desk.app.run(add, bulk=True)
    assert desk.run(lambda services: len(services.root.once)) == before
    desk.run(add)
    assert desk.run(lambda services: len(services.root.once)) == before + 1


def test_a_meeting_tells_no_number(desk: Any) -> None:
    desk.contact("Zahra", phone="09120000147")
    rows = desk.run(lambda services: str(list(services.root.once.items())))
    assert "9120000147" not in rows

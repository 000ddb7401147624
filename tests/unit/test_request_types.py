"""What a plugin can say of its request types: how they start, who may read them, what their choices depend on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core.api import (
    Category,
    Collection,
    Contact,
    Contribution,
    Form,
    Invalid,
    Request,
    RequestType,
    Role,
    Services,
    Status,
    Taken,
    fields,
    hookimpl,
)
from crm_core.app import App
from crm_core.errors import NotFound, PluginFailed
from crm_core.model.timeline import EntryKind
from crm_core.services.visibility import Visibility
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit

STATUSES = (
    Status("open", Category.NEW, "Open"),
    Status("given", Category.DONE, "Answered"),
    Status("gone", Category.CANCELLED, "Withdrawn"),
)


def closed_requests(services: Services, contact: Contact | None) -> fields.Choices:
    requests = services.requests.readable_of(contact) if contact is not None else []
    return tuple((str(request.id), request.title) for request in requests if not request.is_open)


class CaseForm(Form):
    about = fields.staff("About", required=False, shields=True)
    secret = fields.boolean("Secret")


class AnswerForm(Form):
    score = fields.integer("Score", least=1, most=5)
    about = fields.request("About which request", closed_requests, required=False)


def decide_first(values: Any) -> str:
    return {1: "open", 2: "no such status"}.get(values["score"], "given")


def contribute() -> Iterator[Contribution]:
    yield RequestType("desk.case", "Case", CaseForm, STATUSES, due_days=10,
                      confidential=lambda values: bool(values["secret"]))
    yield RequestType("desk.answer", "Answer", AnswerForm, STATUSES, due_days=10, starts_as=decide_first)
    yield Collection("desk.slots", "Slots", ranges=("starts",))
    yield Collection("desk.bookings", "Bookings", unique=("slot",))


def plugin(contributing: Any) -> ModuleType:
    module = ModuleType("desk_plugin")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]
    module.contribute = hookimpl(contributing)  # type: ignore[attr-defined]
    return module


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, {"desk": plugin(contribute)})
    assert not app.host.failed()
    yield app
    app.close()


def test_a_request_can_be_closed_by_being_registered(app: App) -> None:
    clerk = make_clerk(app)
    with app.transaction(clerk) as services:
        contact = make_contact(services)
        request = submit(services, contact, "desk.answer", {"score": "4"})
        assert (request.status, request.category, request.is_open) == ("given", "done", False)
        assert request.closed == services.now and request.due is None
        work = services.requests.work()
        assert work is None or request.id not in work
        assert [entry.header.kind for entry in services.timeline.page([contact]).rows] == [EntryKind.REGISTERED]
    with app.transaction(clerk) as services:
        services.requests.change_status(services, services.requests.get(request.id), "open")
    with app.reading(clerk) as services:
        again = services.requests.get(request.id)
        work = services.requests.work()
        assert again.is_open and again.closed is None
        assert work is not None and [one.id for one in work.by_due()] == [request.id]


def test_values_choose_the_first_status(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, make_contact(services), "desk.answer", {"score": "1"})
        assert request.is_open and request.due is not None


def test_a_wrong_first_status_is_the_plugins_failure_and_stores_nothing(app: App) -> None:
    with pytest.raises(PluginFailed) as failed, app.transaction() as services:
        submit(services, make_contact(services), "desk.answer", {"score": "2"})
    assert (failed.value.plugin, failed.value.hook) == ("desk", "starts_as")
    with app.reading() as services:
        assert len(services.root.requests) == 0


def test_no_type_may_be_born_cancelled(tmp_path: Path) -> None:
    def cancelled() -> Iterator[Contribution]:
        yield RequestType("desk.case", "Case", CaseForm, STATUSES[::-1])

    app = make_app(tmp_path, {"desk": plugin(cancelled)})
    assert "cancelled" in app.host.plugins["desk"].reason
    app.close()


@pytest.mark.parametrize(("secret", "kept"), [("true", "confidential"), ("false", "normal")])
def test_values_decide_confidentiality(app: App, secret: str, kept: str) -> None:
    with app.transaction() as services:
        request = submit(services, make_contact(services), "desk.case", {"secret": secret})
        assert request.confidentiality == kept


def test_choices_know_the_contact(app: App) -> None:
    with app.transaction() as services:
        first, second = make_contact(services), make_contact(services)
        request = submit(services, first, "desk.answer", {"score": "4"})
        offered = services.forms.schema("desk.answer", services, first)["about"].choices
        assert [value for value, _label in offered] == [str(request.id)]
        assert services.forms.schema("desk.answer", services, second)["about"].choices == ()
        with pytest.raises(Invalid):
            submit(services, second, "desk.answer", {"score": "4", "about": str(request.id)})
        answer = submit(services, first, "desk.answer", {"score": "4", "about": str(request.id)})
        assert answer.submission is not None
        assert answer.submission.answers["about"]["text"]["fa"] == request.title


def test_what_refers_to_a_shielded_request_is_shielded_too(app: App) -> None:
    official, colleague = make_clerk(app, "official"), make_clerk(app, "colleague")
    with app.transaction() as services:
        contact = make_contact(services)
        case = submit(services, contact, "desk.case", {"about": str(official.user_id), "secret": "true"})
        services.requests.change_status(services, case, "given")
        answer = submit(services, contact, "desk.answer", {"score": "5", "about": str(case.id)})
        assert answer.hidden_from == (official.user_id,) and answer.confidentiality == "confidential"
    with app.reading(official) as services:
        assert services.eyes.of(services.requests.get(answer.id)) is Visibility.HIDDEN
        assert services.requests.readable_of(services.contacts.get(contact.id)) == []
    with app.reading(colleague) as services:
        assert services.eyes.of(services.requests.get(answer.id)) is Visibility.COUNTED


def test_readable_requests_of_all_linked_records_newest_first(app: App) -> None:
    supervisor = make_clerk(app, "supervisor", roles=[Role.SUPERVISOR])
    with app.transaction(supervisor) as services:
        first, second = make_contact(services), make_contact(services)
        day = 86_400_000
        given = ((first, "desk.case", 3), (second, "desk.answer", 2), (first, "desk.answer", 1))
        ids = [
            submit(services, contact, type_id, {"score": "4"}, at=services.now - ago * day).id
            for contact, type_id, ago in given
        ]
        services.linking.link(first, second, "same person")

        def found(contact: Contact, *types: str) -> list[int]:
            requests: list[Request] = services.requests.readable_of(contact, *types)
            return [request.id for request in requests]

        assert found(first) == found(second) == ids[::-1]
        assert found(second, "desk.answer") == ids[:0:-1]


@pytest.mark.parametrize("first", ["booking", "removal"])
def test_counting_on_a_record_that_is_removed_meanwhile(app: App, first: str) -> None:
    """One transaction books a slot, another removes it at the same time: whoever commits first, never both."""
    with app.transaction() as services:
        slot = services.collections["desk.slots"].add({"starts": 1}).id
    begun, go_on = threading.Event(), threading.Event()
    refused: list[str] = []

    def book(services: Services) -> None:
        found = services.collections["desk.slots"].get(slot)
        if found is None:
            refused.append("booking")
            return
        services.collections["desk.slots"].depend(found)
        services.collections["desk.bookings"].add({"slot": slot})

    def remove(services: Services) -> None:
        slots = services.collections["desk.slots"]
        found = slots.get(slot)
        if found is None or services.collections["desk.bookings"].holder("slot", slot) is not None:
            refused.append("removal")
            return
        slots.remove(found)

    def slowly(services: Services) -> None:
        (remove if first == "booking" else book)(services)
        begun.set()
        go_on.wait(30)

    slow = threading.Thread(target=app.run, args=(slowly,))
    slow.start()
    assert begun.wait(30)
    app.run(book if first == "booking" else remove)
    go_on.set()
    slow.join(30)
    with app.reading() as services:
        booked = len(services.collections["desk.bookings"])
        left = len(services.collections["desk.slots"])
    assert (booked, left) == ((1, 1) if first == "booking" else (0, 0))
    assert refused == [{"booking": "removal", "removal": "booking"}[first]]


def test_a_unique_value_has_one_holder(app: App) -> None:
    with app.transaction() as services:
        bookings = services.collections["desk.bookings"]
        first = bookings.add({"slot": 7})
        with pytest.raises(Taken):
            bookings.add({"slot": 7})
        bookings.remove(first)
        assert bookings.holder("slot", 7) is None
        bookings.add({"slot": 7})


def test_an_absent_type_is_not_found(app: App) -> None:
    with app.reading() as services, pytest.raises(NotFound):
        services.forms.schema("elsewhere.thing", services)

"""Parking permits through the services: fee, documents, approval, the permit that follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import transaction
from ZODB.POSException import ConflictError

import crm_parking_permits
from crm_core.api import Contact, Forbidden, Invalid, JournalEntry, Request, Role, Services, Veto
from crm_core.app import App
from crm_core.db import root_of
from crm_core.security.identity import SYSTEM
from crm_core.testing.background import Background
from crm_core.testing.contract import PluginContract
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit

TYPE = "parking_permits.permit"
FEES, PERMITS = "parking_permits.fees", "parking_permits.permits"
ALL = ["identity", "vehicle", "residence"]
CAR = {"plate": "۱۲ ب ۳۴۵ ایران ۶۷", "vehicle": "car", "zone": "centre", "term": "half_year", "residence": "خ سعدی",
       "documents": ALL}
FREE = {**CAR, "disabled": "true"}


class TestContract(PluginContract):
    id = "parking_permits"
    module = crm_parking_permits

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        yield submit(services, contact, TYPE, CAR)
        free = submit(services, contact, TYPE, {**FREE, "plate": "۱۲ ب ۳۴۶ ایران ۶۷"})
        services.requests.change_status(services, free, "approved")
        yield free


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, {"parking_permits": crm_parking_permits})
    assert not app.host.failed(), app.host.plugins["parking_permits"].trace
    yield app
    app.close()


def fee(services: Services, request: Request) -> Any:
    item = services.collections[FEES].holder("request", str(request.id))
    assert item is not None
    return item.data


def pay(services: Services, request: Request, receipt: str = "R-1") -> None:
    crm_parking_permits.fees.pay(services, request, fee(services, request)["amount"], receipt, services.clock.today())


def approved(app: App, answers: dict[str, Any]) -> int:
    """An application that a clerk registered and a supervisor approved; its id."""
    clerk, supervisor = make_clerk(app), make_clerk(app, "supervisor", roles=[Role.SUPERVISOR])
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), TYPE, answers)
        if not crm_parking_permits.fees.is_settled(crm_parking_permits.fees.of(services, request)):
            pay(services, request)
    with app.transaction(supervisor) as services:
        services.requests.change_status(services, services.requests.get(request.id), "approved")
    return request.id


@pytest.mark.parametrize(("answers", "rials"), [
    (CAR, 8_000_000), ({**CAR, "term": "year"}, 12_000_000), ({**CAR, "vehicle": "motorcycle"}, 2_000_000), (FREE, 0),
])
def test_the_fee_depends_on_zone_vehicle_and_term(app: App, answers: dict[str, Any], rials: int) -> None:
    with app.transaction() as services:
        stored = fee(services, submit(services, make_contact(services), TYPE, answers))
        assert (stored["amount"], stored["currency"], stored["receipt"]) == (rials, "IRR", "")


def test_a_new_tariff_changes_no_fee_that_was_asked_for(app: App) -> None:
    admin = make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])
    with app.transaction() as services:
        request = submit(services, make_contact(services), TYPE, CAR)
    with app.transaction(admin) as services:
        assert services.settings.edit("parking_permits", {"centre_fee": 10_000_000}) == ("parking_permits.centre_fee",)
    with app.transaction() as services:
        request = services.requests.get(request.id)
        services.requests.answer(services, request, {**CAR, "residence": "خ حافظ", "disabled": False})
        assert fee(services, request)["amount"] == 8_000_000
        services.requests.answer(services, request, {**CAR, "term": "year", "disabled": False})
        assert fee(services, request)["amount"] == 15_000_000
        later = submit(services, make_contact(services), TYPE, {**CAR, "plate": "2"})
        assert fee(services, later)["amount"] == 10_000_000


def test_no_application_without_a_file(app: App) -> None:
    with app.transaction() as services:
        with pytest.raises(Invalid) as refused:
            submit(services, make_contact(services), TYPE, CAR, attachments=())
        assert list(refused.value.errors) == ["attachments"]


def test_it_is_due_at_the_end_of_the_tenth_working_day(app: App) -> None:
    with app.transaction() as services:
        saturday = services.clock.moment(date(2026, 11, 14), 9)
        request = submit(services, make_contact(services), TYPE, CAR, at=saturday)
        assert request.due == services.clock.moment(date(2026, 11, 28), 14)


def test_one_plate_has_one_application(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        first = submit(services, contact, TYPE, CAR)
        with pytest.raises(Veto) as refused:
            submit(services, contact, TYPE, {**CAR, "plate": "12 ب 345 ايران 67"})
        assert refused.value.field == "plate"
        services.requests.change_status(services, first, "withdrawn")
        submit(services, contact, TYPE, CAR)


def test_only_a_supervisor_who_did_not_register_it_approves(app: App) -> None:
    clerk, supervisor = make_clerk(app), make_clerk(app, "supervisor", roles=[Role.SUPERVISOR])
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), TYPE, FREE)
        with pytest.raises(Forbidden):
            services.requests.change_status(services, request, "approved")
    with app.transaction(supervisor) as services:
        own = submit(services, make_contact(services), TYPE, {**FREE, "plate": "2"})
        with pytest.raises(Veto):
            services.requests.change_status(services, own, "approved")
        services.requests.change_status(services, services.requests.get(request.id), "approved")


def test_without_documents_or_fee_there_is_no_permit(app: App) -> None:
    with app.transaction() as services:
        bare = submit(services, make_contact(services), TYPE, {**CAR, "documents": ["identity"]})
        whole = submit(services, make_contact(services), TYPE, {**CAR, "plate": "2"})
    with app.transaction(make_clerk(app, roles=[Role.SUPERVISOR])) as services:
        bare, whole = services.requests.get(bare.id), services.requests.get(whole.id)
        said = []
        for request in (bare, whole):
            with pytest.raises(Veto) as refused:
                services.requests.change_status(services, request, "approved")
            said.append(app.translator.translate(refused.value.message, "fa"))
        assert said[0].startswith("مدارک کامل نیست") and said[1] == "هزینه هنوز پرداخت نشده است."
        pay(services, whole)
        services.requests.change_status(services, whole, "approved")
        with pytest.raises(Veto) as refused:
            services.requests.change_status(services, bare, "rejected")
        assert refused.value.field == "note"


def test_a_receipt_pays_once_and_exactly(app: App) -> None:
    with app.transaction() as services:
        first = submit(services, make_contact(services), TYPE, CAR)
        second = submit(services, make_contact(services), TYPE, {**CAR, "plate": "2"})
        pay(services, first)
        with pytest.raises(Invalid) as refused:
            pay(services, second)
        assert list(refused.value.errors) == ["receipt"]
        with pytest.raises(Invalid) as refused:
            crm_parking_permits.fees.pay(services, second, 5, "R-2", services.clock.today())
        assert list(refused.value.errors) == ["amount"]


def test_answers_that_change_the_fee_stay_once_it_is_paid(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, make_contact(services), TYPE, CAR)
        values = {**CAR, "zone": "bazaar", "disabled": False}
        services.requests.answer(services, request, values)
        assert fee(services, request)["amount"] == 12_000_000
        pay(services, request)
        with pytest.raises(Veto) as refused:
            services.requests.answer(services, request, {**values, "zone": "outer"})
        assert refused.value.field == "zone"


def test_the_promised_day_is_moved_by_who_approves(app: App) -> None:
    clerk, supervisor = make_clerk(app), make_clerk(app, "supervisor", roles=[Role.SUPERVISOR])
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), TYPE, CAR)
        with pytest.raises(Veto) as refused:
            services.requests.edit(request, {"due": services.now + 1})
        assert refused.value.field == "due"
        services.requests.edit(request, {"title": "other"})
    with app.transaction(supervisor) as services:
        assert services.requests.edit(services.requests.get(request.id), {"due": services.now + 1})


def test_an_approval_is_followed_by_one_permit(app: App) -> None:
    background = Background(app)
    id_ = approved(app, FREE)
    background.read_all()
    with app.transaction() as services:
        (permit,) = services.collections[PERMITS]
        request = services.requests.get(id_)
        assert permit.data["number"] == request.code and permit.data["zone"]["fa"] == "مرکز شهر"
        assert permit.data["valid_until"] > permit.data["valid_from"] == services.clock.today().isoformat()
        entry = JournalEntry(services.now, "request.status", request.contact, ("request", id_), None, ("status",))
        crm_parking_permits.permits.issue(services, entry)  # told twice
        assert len(services.collections[PERMITS]) == 1
        with pytest.raises(Veto) as refused:
            submit(services, make_contact(services), TYPE, FREE)
        assert refused.value.field == "plate"


def test_the_books_keep_what_an_erased_person_paid(app: App) -> None:
    background = Background(app)
    id_ = approved(app, CAR)
    background.read_all()
    with app.transaction() as services:
        contact = services.contacts.get(services.requests.get(id_).contact or 0)
        services.erasure.erase(contact, "asked for it")
    with app.reading() as services:
        (left,) = services.collections[FEES]
        assert left.data["amount"] == 8_000_000 and not left.data["contact"]
        assert len(services.collections[PERMITS]) == 0


def test_two_clerks_at_once_register_one_application(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services).id
        submit(services, make_contact(services), TYPE, {**CAR, "plate": "2"})  # makes what others share
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    connection = app.db.connect(manager)
    first = app.services(root_of(connection), SYSTEM)
    submit(first, first.contacts.get(contact), TYPE, CAR)
    with app.transaction() as services:
        submit(services, services.contacts.get(contact), TYPE, {**CAR, "plate": "12 ب 345 ايران 67"})
    with pytest.raises(ConflictError):
        manager.commit()
    manager.abort()
    connection.close()
    with app.transaction() as services, pytest.raises(Veto, match="open already"):
        submit(services, services.contacts.get(contact), TYPE, CAR)


def test_who_was_erased_gets_no_permit_and_others_do(app: App) -> None:
    background = Background(app)
    with app.transaction() as services:
        id_, other = (submit(services, make_contact(services), TYPE, {**FREE, "plate": plate}).id for plate in "23")
        for one in (id_, other):
            services.requests.change_status(services, services.requests.get(one), "approved")
    with app.transaction() as services:
        services.erasure.erase(services.contacts.get(services.requests.get(id_).contact), "asked for it")
    background.read_all()
    with app.reading() as services:
        (permit,) = services.collections[PERMITS]
        assert permit.data["request"] == str(other)

"""Complaints through the services: what is asked, refused, kept from whom, and shown on the dossier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import crm_complaints
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, Veto
from crm_core.model.contact import Contact
from crm_core.model.request import Request
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.testing.contract import PluginContract
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_core.text.tracking import group_code

TYPE = "complaints.complaint"
DAY = 86_400_000
DELAY = {"category": "delay", "place": "میدان هفت تیر، پلاک ۱۲"}


class TestContract(PluginContract):
    id = "complaints"
    module = crm_complaints

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        yield submit(services, contact, TYPE, {**DELAY, "wish": "زودتر بیایند", "confidential": "true"})
        answered = submit(services, contact, TYPE, {"category": "money", "what": "عوارض نوسازی"})
        services.requests.change_status(services, answered, "answered", "اشتباه محاسبه درست شد")
        yield answered


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, {"complaints": crm_complaints})
    yield app
    app.close()


def panel(services: Services, contact: Contact) -> Any:
    _plugin, panel = services.context.registry.panels["complaints.dossier"]
    return panel.data(services, contact)


def test_a_complaint_is_owed_an_answer_within_fifteen_days(app: App) -> None:
    with app.transaction(make_clerk(app)) as services:
        request = submit(services, make_contact(services), TYPE, DELAY)
        assert request.status == "registered" and request.is_open
        assert request.due == request.created + 15 * DAY
        assert request.title == "تأخیر در کار، میدان هفت تیر، پلاک ۱۲"
        assert request.confidentiality == "normal"


def test_a_category_is_needed_and_must_be_one_of_ours(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        for category in ("", "weather"):
            with pytest.raises(Invalid) as refused:
                submit(services, contact, TYPE, {"category": category})
            assert list(refused.value.errors) == ["category"]


@pytest.mark.parametrize("more", [{"whom": "آقای باجهٔ ۳"}, {"place": "شعبهٔ مرکزی"}])
def test_conduct_needs_whom_or_where(app: App, more: dict[str, str]) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        with pytest.raises(Veto) as refused:
            submit(services, contact, TYPE, {"category": "conduct", "wish": "پوزش بخواهد"})
        assert refused.value.field == "whom"
        assert submit(services, contact, TYPE, {"category": "conduct", **more}).is_open


def test_an_official_never_learns_of_a_complaint_about_him(app: App) -> None:
    official, clerk = make_clerk(app, "official", roles=[Role.SUPERVISOR]), make_clerk(app, "clerk")
    about = {"category": "conduct", "staff": str(official.user_id)}
    with app.transaction(clerk) as services:
        contact = make_contact(services)
        request = submit(services, contact, TYPE, about)
    with app.reading(official) as services:
        assert services.eyes.of(services.requests.get(request.id)) is Visibility.HIDDEN
        citizen = services.contacts.get(contact.id)
        assert panel(services, citizen) is None
        assert services.timeline.page([citizen]).rows == []
    with app.transaction(official) as services:
        # Nor by trying: the same complaint is taken, for the sentence would tell him that there is one.
        again = submit(services, services.contacts.get(contact.id), TYPE, {"category": "conduct", "whom": "کسی"})
        assert again.is_open
        with pytest.raises(Veto) as refused:
            submit(services, services.contacts.get(contact.id), TYPE, about)
        assert refused.value.field == "staff"


def test_confidentiality_is_the_citizens_wish(app: App) -> None:
    clerk, colleague = make_clerk(app), make_clerk(app, "colleague")
    supervisor = make_clerk(app, "supervisor", roles=[Role.SUPERVISOR])
    with app.transaction(clerk) as services:
        contact = make_contact(services)
        request = submit(services, contact, TYPE, {**DELAY, "confidential": "true"})
        assert request.confidentiality == "confidential"
    for identity, seen in ((clerk, Visibility.FULL), (colleague, Visibility.COUNTED), (supervisor, Visibility.FULL)):
        with app.reading(identity) as services:
            assert services.eyes.of(services.requests.get(request.id)) is seen
            assert (panel(services, services.contacts.get(contact.id)) is None) is (seen is not Visibility.FULL)


def test_the_same_open_complaint_is_not_taken_twice(app: App) -> None:
    clerk = make_clerk(app)
    with app.transaction(clerk) as services:
        contact, other = make_contact(services), make_contact(services)
        first = submit(services, contact, TYPE, DELAY)
        with pytest.raises(Veto) as refused:
            submit(services, contact, TYPE, {**DELAY, "place": "ميدان هفت تير، پلاك 12", "wish": "چیز دیگری"})
        sentence = app.translator.translate(refused.value.message, "en")
        assert group_code(first.code) in sentence
        assert "باز است" in app.translator.translate(refused.value.message, "fa")
        submit(services, other, TYPE, DELAY)
        submit(services, contact, TYPE, {**DELAY, "category": "quality"})
        submit(services, contact, TYPE, {**DELAY, "place": "میدان ولی‌عصر"})
        services.requests.change_status(services, first, "answered", "انجام شد")
        submit(services, contact, TYPE, DELAY)


def test_without_a_place_the_matter_decides(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        submit(services, contact, TYPE, {"category": "money", "what": "عوارض نوسازی"})
        submit(services, contact, TYPE, {"category": "money", "what": "عوارض کسب"})
        with pytest.raises(Veto):
            submit(services, contact, TYPE, {"category": "money", "what": "عوارض  کسب"})


def test_the_same_complaint_of_a_linked_record_counts_too(app: App) -> None:
    with app.transaction() as services:
        first, second = make_contact(services), make_contact(services)
        services.linking.link(first, second, "same phone, same address")
        submit(services, first, TYPE, DELAY)
        with pytest.raises(Veto):
            submit(services, second, TYPE, DELAY)


def test_a_complaint_of_nobody_known_is_taken(app: App) -> None:
    with app.transaction() as services:
        assert submit(services, None, TYPE, DELAY).contact is None


def test_who_rejects_may_do_so_and_says_why(app: App) -> None:
    clerk, expert = make_clerk(app), make_clerk(app, "expert", roles=[Role.EXPERT])
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), TYPE, DELAY)
        with pytest.raises(Forbidden):
            services.requests.change_status(services, request, "rejected", "درست نبود")
        assert request.status == "registered"
    with app.transaction(expert) as services:
        request = services.requests.get(request.id)
        with pytest.raises(Veto) as refused:
            services.requests.change_status(services, request, "rejected", "  ")
        assert refused.value.field == "note"
        services.requests.change_status(services, request, "rejected", "بازدید شد؛ تأخیری نبود")
        assert not request.is_open and request.closed is not None


def test_who_may_not_register_is_refused(app: App) -> None:
    executive = make_clerk(app, "executive", roles=[Role.EXECUTIVE])
    with app.transaction() as services:
        contact = make_contact(services)
    with app.transaction(executive) as services, pytest.raises(Forbidden):
        submit(services, services.contacts.get(contact.id), TYPE, DELAY)


def test_the_panel_counts_and_quotes_the_last_answer(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        first = submit(services, contact, TYPE, DELAY, at=services.now - 9 * DAY)
        second = submit(services, contact, TYPE, {"category": "money", "what": "عوارض"}, at=services.now - 8 * DAY)
        submit(services, contact, TYPE, {"category": "delay", "what": "پروانه"}, at=services.now - 7 * DAY)
        assert panel(services, contact)["last"] is None
        services.requests.change_status(services, second, "rejected", "درست حساب شده", at=services.now - 5 * DAY)
        services.requests.change_status(services, first, "answered", "فردا می‌آیند", at=services.now - 6 * DAY)
        shown = panel(services, contact)
        assert (shown["open_count"], shown["closed_count"]) == (1, 2)
        assert [(kind["label"]["en"], kind["count"]) for kind in shown["kinds"]] == [
            ("A delay", 2), ("Money that was asked for", 1),
        ]
        assert shown["last"]["code"] == second.code and shown["last"]["note"] == "درست حساب شده"
        assert shown["last"]["status"]["fa"] == "با ذکر دلیل رد شد"


def test_the_timeline_says_what_it_is_about(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        request = submit(services, contact, TYPE, DELAY)
        services.requests.change_status(services, request, "examining")
        registered, examined = request.events.values()

        def line(event: Any) -> Any:
            return app.host.ask("timeline_entry", TYPE, services=services, request=request, event=event)

        assert app.translator.translate(line(registered), "fa") == "شکایت: تأخیر در کار، میدان هفت تیر، پلاک ۱۲"
        assert line(examined) is None

"""Meetings through the services: slots as claims, what each status needs, what the dossier shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import crm_appointments
from crm_appointments import reminders, slots, workflow
from crm_core.app import App
from crm_core.db import root_of
from crm_core.errors import Forbidden, Invalid, Veto
from crm_core.model.collection import Item
from crm_core.model.contact import Contact
from crm_core.model.ids import now_ms
from crm_core.model.request import Request
from crm_core.security.identity import SYSTEM
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.background import Background
from crm_core.testing.contract import PluginContract
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit

TYPE = "appointments.mayor"
DAY = 86_400_000
WISH = {"subject": "پارکینگ محلهٔ ما", "reason": "سه نامه بی پاسخ", "wanted_days": ["monday", "saturday"]}


def series(services: Services, in_days: int = 3, begins: int = 600, ends: int = 660, **more: Any) -> slots.Series:
    values = {"minutes": 30, "place": "سالن دیدار", "host": "شهردار", **more}
    return slots.Series(services.clock.today() + timedelta(days=in_days), begins, ends, **values)


def two_slots(services: Services, **more: Any) -> list[Item]:
    return slots.add_series(services, series(services, **more))


def later(app: App, days: int, work: Any) -> None:
    """``work(services)`` as if it were ``days`` later."""
    app.db.run(lambda connection: work(app.services(root_of(connection), SYSTEM, at=now_ms() + days * DAY)))


class TestContract(PluginContract):
    id = "appointments"
    module = crm_appointments

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        slot, _other = two_slots(services)
        yield submit(services, contact, TYPE, {**WISH, "slot": str(slot.id), "companions": "2"})
        yield submit(services, contact, TYPE, WISH)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, {"appointments": crm_appointments})
    yield app
    app.close()


def panel(services: Services, contact: Contact) -> Any:
    _plugin, panel = services.context.registry.panels["appointments.dossier"]
    return panel.data(services, contact)


# ── slots ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_series_of_slots(app: App) -> None:
    with app.transaction(make_clerk(app, roles=[Role.EXECUTIVE])) as services:
        added = slots.add_series(services, series(services, begins=9 * 60, ends=10 * 60 + 45, minutes=30))
        assert [services.clock.time_words(slot.data["starts"])["fa"] for slot in added] == ["۰۹:۰۰", "۰۹:۳۰", "۱۰:۰۰"]
        assert [slot.id for slot in slots.coming(services)] == [slot.id for slot in added]
        assert {slot.data["place"] for slot in slots.free(services)} == {"سالن دیدار"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 241}, "minutes"),
        ({"begins": 0, "ends": 1440, "minutes": 5}, "minutes"),
        ({"ends": 620}, "ends"),
        ({"ends": 500}, "ends"),
        ({"in_days": -1}, "day"),
    ],
)
def test_a_series_that_cannot_be(app: App, change: dict[str, Any], field: str) -> None:
    with app.transaction() as services:
        with pytest.raises(Invalid) as refused:
            slots.add_series(services, series(services, **change))
        assert list(refused.value.errors) == [field]
        assert slots.coming(services) == []


def test_nobody_receives_two_citizens_at_once(app: App) -> None:
    with app.transaction() as services:
        two_slots(services)
        for change in ({}, {"begins": 570, "ends": 630}, {"begins": 500, "ends": 740, "minutes": 240}):
            with pytest.raises(Invalid) as refused:
                two_slots(services, **change)
            assert list(refused.value.errors) == ["begins"]
        two_slots(services, begins=660, ends=720)
        two_slots(services, host="معاون شهردار")
        assert len(slots.coming(services)) == 6


def test_only_who_may_adds_and_removes(app: App) -> None:
    with app.transaction() as services:
        slot, _other = two_slots(services)
    with app.transaction(make_clerk(app)) as services:
        with pytest.raises(Forbidden):
            two_slots(services, begins=900, ends=960)
        with pytest.raises(Forbidden):
            slots.remove(services, services.collections["appointments.slots"].get(slot.id))


def test_a_held_slot_is_not_removed(app: App) -> None:
    with app.transaction() as services:
        held, free = two_slots(services)
        request = submit(services, make_contact(services), TYPE, {**WISH, "slot": str(held.id)})
        with pytest.raises(Veto):
            slots.remove(services, held)
        slots.remove(services, free)
        services.requests.change_status(services, request, "cancelled")
        slots.remove(services, held)
        assert slots.coming(services) == []
        with pytest.raises(Veto) as refused:
            slots.book(services, str(held.id), 1, None, services.now)
        assert refused.value.field == "slot"


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_slot_a_meeting_waits_for_a_time(app: App) -> None:
    with app.transaction(make_clerk(app)) as services:
        request = submit(services, make_contact(services), TYPE, WISH)
        assert (request.status, request.category, request.title) == ("asked", "new", WISH["subject"])
        assert request.due == request.created + 30 * DAY
        assert request.submission is not None
        assert request.submission.answers["wanted_days"]["value"] == ["monday", "saturday"]
        assert request.submission.answers["companions"]["value"] == 0


def test_a_chosen_slot_is_taken_from_the_others(app: App) -> None:
    with app.transaction() as services:
        first, second = two_slots(services)

        def offered() -> list[str]:
            return [value for value, _label in services.forms.schema(TYPE, services)["slot"].choices]

        assert offered() == [str(first.id), str(second.id)]
        request = submit(services, make_contact(services), TYPE, {**WISH, "slot": str(first.id)})
        assert (request.status, request.category) == ("scheduled", "open")
        assert slots.holder(services, first) is request
        assert offered() == [str(second.id)]
        assert request.submission is not None
        words = request.submission.answers["slot"]["text"]
        assert words["fa"].endswith("۱۰:۰۰ تا ۱۰:۳۰، سالن دیدار، شهردار")
        assert words["en"].endswith("10:00 to 10:30, سالن دیدار, شهردار")


@pytest.mark.parametrize("slot", ["taken", "past", "gone", "no number", "too long"])
def test_a_slot_that_cannot_be_had(app: App, slot: str) -> None:
    """As from a page that was opened while the slot was still free."""
    with app.transaction() as services:
        contact = make_contact(services)
        taken, _free = two_slots(services)
        submit(services, contact, TYPE, {**WISH, "slot": str(taken.id)})
        past = services.collections["appointments.slots"].add({**taken.data, "starts": services.now - DAY})
        ids = {"taken": str(taken.id), "past": str(past.id), "gone": "12345", "no number": "x", "too long": "9" * 40}
        id_ = ids[slot]
        with pytest.raises(Veto) as refused:
            services.requests.register(services, contact, TYPE, {**WISH, "companions": 0, "slot": id_})
        assert refused.value.field == "slot"
        with pytest.raises(Invalid):
            submit(services, contact, TYPE, {**WISH, "slot": id_})


def test_companions_have_a_limit(app: App) -> None:
    with app.transaction() as services:
        for companions in ("11", "-1", "two"):
            with pytest.raises(Invalid) as refused:
                submit(services, make_contact(services), TYPE, {**WISH, "companions": companions})
            assert list(refused.value.errors) == ["companions"]


# ── the way of a meeting ─────────────────────────────────────────────────────────────────────────────────────


def test_a_time_is_given_later_and_moved(app: App) -> None:
    clerk = make_clerk(app)
    with app.transaction() as services:
        first, second = two_slots(services)
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), TYPE, WISH)
        with pytest.raises(Veto):
            services.requests.change_status(services, request, "scheduled")
        workflow.give_time(services, request, str(first.id))
        assert request.status == "scheduled" and slots.slot_of(services, request).id == first.id
        workflow.give_time(services, request, str(second.id), "شهردار سفر است")
        assert slots.slot_of(services, request).id == second.id
        assert [slot.id for slot in slots.free(services)] == [first.id]
        *_before, last = request.events.values()
        assert last.data["to"] == "scheduled" and last.data["text"]["fa"].endswith("۱۰:۳۰ تا ۱۱:۰۰، سالن دیدار، شهردار")


@pytest.mark.parametrize(("status", "note"), [("cancelled", ""), ("declined", "تلفنی پاسخ داده شد"), ("asked", "")])
def test_who_gives_up_frees_the_slot(app: App, status: str, note: str) -> None:
    with app.transaction() as services:
        slot, _other = two_slots(services)
        request = submit(services, make_contact(services), TYPE, {**WISH, "slot": str(slot.id)})
        services.requests.change_status(services, request, status, note)
        assert slots.holder(services, slot) is None and slots.slot_of(services, request) is None
        other = submit(services, make_contact(services), TYPE, {**WISH, "slot": str(slot.id)})
        with pytest.raises(Veto):
            workflow.give_time(services, request, str(slot.id))
        assert slots.holder(services, slot) is other


def test_declining_needs_an_answer(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, make_contact(services), TYPE, WISH)
        with pytest.raises(Veto) as refused:
            services.requests.change_status(services, request, "declined")
        assert refused.value.field == "note"


def test_an_outcome_needs_words_and_that_the_meeting_has_begun(app: App) -> None:
    with app.transaction() as services:
        slot, _other = two_slots(services)
        contact = make_contact(services)
        id_ = submit(services, contact, TYPE, {**WISH, "slot": str(slot.id)}).id
        for status in ("held", "missed"):
            with pytest.raises(Veto) as refused:
                services.requests.change_status(services, services.requests.get(id_), status, "خوب بود")
            assert "ساعت ۱۰:۰۰" in app.translator.translate(refused.value.message, "fa")

    def hold(services: Services) -> None:
        request = services.requests.get(id_)
        with pytest.raises(Veto) as refused:
            services.requests.change_status(services, request, "held", "")
        assert refused.value.field == "note"
        services.requests.change_status(services, request, "held", "قرار شد پارکینگ تا مهر ساخته شود")
        assert not request.is_open and slots.holder(services, slot_again(services)) is request
        assert panel(services, services.contacts.get(contact.id)) == {
            "upcoming": None, "unset": [], "held": 1, "may_set": True,
        }

    def slot_again(services: Services) -> Item:
        found = services.collections["appointments.slots"].get(slot.id)
        assert found is not None
        return found

    later(app, 4, hold)


def test_a_meeting_that_came_about_without_a_slot(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, make_contact(services), TYPE, WISH)
        services.requests.change_status(services, request, "held", "در بازدید محله گفت‌وگو شد")
        assert not request.is_open


def test_a_slot_given_up_while_the_plugin_was_away_is_free_again(tmp_path: Path) -> None:
    app = make_app(tmp_path, {"appointments": crm_appointments})
    with app.transaction() as services:
        contact = make_contact(services)
        slot, _other = two_slots(services)
        request = submit(services, contact, TYPE, {**WISH, "slot": str(slot.id)})
    app.close()
    app = make_app(tmp_path)
    with app.transaction() as services:
        services.requests.change_status(services, services.requests.get(request.id), "cancelled")
    app.close()
    app = make_app(tmp_path, {"appointments": crm_appointments})
    with app.transaction() as services:
        assert slots.slot_of(services, services.requests.get(request.id)) is None
        again = submit(services, services.contacts.get(contact.id), TYPE, {**WISH, "slot": str(slot.id)})
        found = services.collections["appointments.slots"].get(slot.id)
        assert found is not None and slots.holder(services, found) is again
    app.close()


# ── the dossier ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_panel_shows_the_next_meeting_and_who_waits_for_a_time(app: App) -> None:
    clerk, executive = make_clerk(app), make_clerk(app, "executive", roles=[Role.EXECUTIVE])
    with app.transaction() as services:
        contact = make_contact(services)
        first, second = two_slots(services)
        submit(services, contact, TYPE, {**WISH, "subject": "دیرتر", "slot": str(second.id)})
        submit(services, contact, TYPE, {**WISH, "subject": "زودتر", "slot": str(first.id), "companions": "3"})
        waiting = submit(services, contact, TYPE, {**WISH, "subject": "بی وقت"})
    for identity in (clerk, executive):
        with app.reading(identity) as services:
            shown = panel(services, services.contacts.get(contact.id))
            assert (shown["upcoming"]["subject"], shown["upcoming"]["companions"]) == ("زودتر", 3)
            assert shown["upcoming"]["starts"] == first.data["starts"]
            assert shown["unset"] == [{"code": waiting.code, "subject": "بی وقت"}]
            assert shown["may_set"]


def test_the_timeline_tells_the_time_as_it_was_called_then(app: App) -> None:
    with app.transaction() as services:
        first, second = two_slots(services)
        request = submit(services, make_contact(services), TYPE, {**WISH, "slot": str(first.id)})
        workflow.give_time(services, request, str(second.id))

        def line(event: Any) -> Any:
            said = app.host.ask("timeline_entry", TYPE, services=services, request=request, event=event)
            return None if said is None else app.translator.translate(said, "fa")

        lines = [line(event) for event in request.events.values()]
        assert [text and text.split("، ")[1] for text in lines] == ["۱۰:۰۰ تا ۱۰:۳۰", None, "۱۰:۳۰ تا ۱۱:۰۰"]
        assert lines[0].startswith("وقت دیدار: ")


def test_jalali_in_persian_gregorian_in_english(app: App) -> None:
    with app.transaction() as services:
        starts = services.clock.moment(date(2026, 11, 17), 10, 30)
        slot = services.collections["appointments.slots"].add(
            {"starts": starts, "ends": starts + 1_800_000, "place": "سالن", "host": "شهردار"}
        )
        assert services.labels(slots.words(services, slot)) == {
            "fa": "سه‌شنبه ۲۶ آبان ۱۴۰۵، ۱۰:۳۰ تا ۱۱:۰۰، سالن، شهردار",
            "en": "Tuesday 17 November 2026, 10:30 to 11:00, سالن, شهردار",
        }


def test_the_day_before_the_request_says_whom_to_remind(app: App) -> None:
    background = Background(app)
    with app.transaction() as services:
        near, far = two_slots(services)[0], two_slots(services, in_days=9)[0]
        soon, moved, dropped = (submit(services, make_contact(services), TYPE, {**WISH, "slot": str(slot.id)}).id
                                for slot in (near, far, two_slots(services, in_days=5)[0]))
        workflow.give_time(services, services.requests.get(moved), str(two_slots(services, in_days=12)[0].id))
        services.requests.change_status(services, services.requests.get(dropped), "cancelled")
    timers = background.timers(reminders.REMINDER.id)
    assert sorted(id_ for _at, id_ in timers) == sorted([soon, moved, moved, dropped])
    assert timers[0] == (near.data["starts"] - DAY, soon)

    def fired(moment: int, request: int) -> int:
        def work(connection: Any) -> int:
            services = app.services(root_of(connection), SYSTEM, at=moment + 30_000)
            reminders.remind(services, request)
            return len(services.requests.get(request).touches or ())

        return app.db.run(work)

    assert {id_: fired(at, id_) for at, id_ in timers if id_ != moved} == {soon: 1, dropped: 0}
    assert [fired(at, id_) for at, id_ in timers if id_ == moved] == [0, 1], "the old time is not reminded of"
    with app.reading() as services:
        (touch,) = services.requests.get(soon).touches.values()
        assert touch.subject.startswith("دیدار را به شهروند یادآوری کنید: ")
        assert (touch.channel, touch.direction) == ("note", "internal")


def test_a_meeting_of_tomorrow_morning_needs_no_reminder_and_a_late_one_is_of_no_use(app: App) -> None:
    background = Background(app)
    with app.transaction() as services:
        slot = services.collections[slots.SLOTS.id].add({
            "starts": services.now + DAY - 60_000, "ends": services.now + DAY, "place": "سالن", "host": "شهردار"})
        request = submit(services, make_contact(services), TYPE, {**WISH, "slot": str(slot.id)})
    assert background.timers(reminders.REMINDER.id) == []
    later(app, 0, lambda services: reminders.remind(services, request.id + 1))  # nobody's
    app.db.run(lambda connection: reminders.remind(
        app.services(root_of(connection), SYSTEM, at=slot.data["starts"] - DAY // 4), request.id))
    with app.reading() as services:
        assert not services.requests.get(request.id).touches

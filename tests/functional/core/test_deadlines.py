"""Deadlines in working time: set by targets, worked out anew, stopped by pauses, and told of in time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from crm_core import api, builtin
from crm_core.app import App
from crm_core.durations import DAY, HOUR
from crm_core.errors import CrmError, Forbidden, Invalid
from crm_core.model.request import Request
from crm_core.model.timeline import EntryKind
from crm_core.model.worklist import NO_DUE, packed
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.calendars import SWEEP
from crm_core.services.worklists import Place, Wanted
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_core.timers import TimerRunner

ASKED = {"category": "service"}
TEHRAN = ZoneInfo("Asia/Tehran")


def at(month: int, day: int, hour: int, minute: int = 0) -> int:
    """A moment of 2026 by the clock of the desk. 21 November is a Saturday."""
    return int(datetime(2026, month, day, hour, minute, tzinfo=TEHRAN).timestamp()) * 1000


class Office:
    """An app with two units, a clerk and a supervisor in the first; Saturday, 21 November 2026, 9:00, standing still.
    """

    def __init__(self, app: App, clock: Any) -> None:
        self.app, self.clock = app, clock
        self.unit, self.other = app.run(lambda services: tuple(
            services.units.add(name=name).id for name in ("پذیرش", "خدمات")))
        self.clerk = make_clerk(app, "clerk", units=[self.unit])
        self.boss = make_clerk(app, "boss", roles=[Role.SUPERVISOR], units=[self.unit])
        self.far = make_clerk(app, "far", roles=[Role.EXECUTIVE])

    def run(self, work: Callable[[Services], Any], who: Identity | None = None) -> Any:
        return self.app.run(work, who or self.clerk)

    def target(self, **values: Any) -> int:
        return int(self.app.run(lambda services: services.targets.add(values)["id"]))

    def request(self, kind: str = builtin.GENERAL, **more: Any) -> int:
        more.setdefault("unit", self.unit)
        more.setdefault("assignee", self.clerk.user_id)
        return int(self.run(lambda services: submit(
            services, make_contact(services), kind, ASKED if kind == builtin.GENERAL else {}, **more).id))

    def do(self, verb: str, id_: int, *arguments: Any, who: Identity | None = None, **more: Any) -> Any:
        """A verb of ``requests``, or one of ``deadlines`` after a dot, about a request."""
        def work(services: Services) -> Any:
            service = services.deadlines if verb.startswith(".") else services.requests
            first = (services,) if verb == "change_status" else ()
            method = getattr(service, verb.removeprefix("."))
            return method(*first, services.requests.get(id_), *arguments, **more)

        return self.run(work, who)

    def get(self, id_: int, ask: Callable[[Request], Any]) -> Any:
        with self.app.reading() as services:
            return ask(services.requests.get(id_))

    def dues(self, id_: int) -> tuple[int | None, int | None]:
        found: tuple[int | None, int | None] = self.get(id_, lambda one: (one.first_due, one.due))
        return found

    def told_in_history(self, id_: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(id_, lambda one: [
            dict(event.data) for event in one.events.values() if event.kind == EntryKind.DEADLINE])
        return found

    def until(self, moment: int) -> None:
        """Go on to a moment, and let timers fire."""
        self.clock.move_to(moment / 1000)
        runner = TimerRunner(self.app)
        while runner.step():
            pass

    def bell(self, who: Identity) -> list[str]:
        with self.app.reading(who) as services:
            return [str(notice.kind.text) for notice in reversed(services.notices.all())]


@pytest.fixture
def office(app: App) -> Iterator[Office]:
    with time_machine.travel(at(11, 21, 9) / 1000, tick=False) as clock:
        yield Office(app, clock)


# ── a new request ────────────────────────────────────────────────────────────────────────────────────────────


def test_without_targets_nothing_changes(office: Office) -> None:
    id_ = office.request()
    assert office.dues(id_) == (None, at(11, 21, 9) + 15 * DAY)
    assert office.get(id_, lambda one: (one.due_by, one.target, one.alarms)) == ("type", 0, None)
    with office.app.reading() as services:
        assert not services.root.timers


def test_targets_in_working_hours_and_days(office: Office) -> None:
    office.target(first=(4, "hours"), solution=(3, "days"))
    office.target(priority="urgent", first=(30, "hours"), solution=(60, "hours"))
    assert office.dues(office.request()) == (at(11, 21, 13), at(11, 24, 16))
    # 7 hours are left on Saturday, then 8 a day, 5 on Thursday, none on Friday
    assert office.dues(office.request(priority="urgent")) == (at(11, 24, 15), at(11, 29, 16))


def test_the_calendar_of_the_unit_counts(office: Office) -> None:
    office.target(first=(4, "hours"))
    office.app.run(lambda services: services.calendars.set_day(office.unit, datetime(2026, 11, 21).date(), "closed",
                                                               name="بسته"))
    assert office.dues(office.request())[0] == at(11, 22, 12)
    assert office.dues(office.request(unit=office.other, assignee=None))[0] == at(11, 21, 13)


def thing(due: int | None) -> ModuleType:
    """A plugin with one kind, whose requests are due then."""
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    class Thing(api.Form):
        colour = api.fields.text("Colour", required=False)

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("things.thing", "Thing", Thing, (api.Status("new", api.Category.NEW, "New"),), due_days=3)

    @api.hookimpl
    def due_date(services: Any, draft: Any) -> int | None:
        return due

    module.contribute = contribute  # type: ignore[attr-defined]
    module.due_date = due_date  # type: ignore[attr-defined]
    return module


def test_a_person_comes_before_the_plugin_the_plugin_before_the_target(open_app: Any) -> None:
    with time_machine.travel(at(11, 21, 9) / 1000, tick=False) as clock:
        decides, silent = Office(open_app({"things": thing(at(12, 1, 9))}), clock), Office(
            open_app({"things": thing(None)}), clock)
        for office in (decides, silent):
            office.target(type="things.thing", first=(1, "hours"), solution=(1, "days"))
        assert decides.dues(decides.request("things.thing")) == (at(11, 21, 10), at(12, 1, 9))
        assert silent.dues(silent.request("things.thing")) == (at(11, 21, 10), at(11, 22, 16))
        by_hand = silent.request("things.thing", due=at(11, 30, 9))
        assert silent.dues(by_hand) == (at(11, 21, 10), at(11, 30, 9))
        assert silent.get(by_hand, lambda one: one.due_by) == "hand"


def test_imports_of_the_past_have_no_targets(office: Office) -> None:
    office.target(first=(1, "hours"), solution=(1, "days"))
    id_ = office.app.run(lambda services: submit(
        services, make_contact(services), builtin.GENERAL, ASKED, at=at(1, 3, 9)).id, bulk=True)
    assert office.dues(id_) == (None, at(1, 3, 9) + 15 * DAY)
    with office.app.reading() as services:
        assert not services.root.timers


# ── worked out anew ──────────────────────────────────────────────────────────────────────────────────────────


def test_priority_unit_and_calendar_move_what_a_rule_set_and_say_so(office: Office) -> None:
    office.target(first=(4, "hours"), solution=(3, "days"))
    office.target(priority="urgent", solution=(1, "days"))
    id_ = office.request()

    office.do("edit", id_, {"priority": "urgent"})
    assert office.dues(id_) == (at(11, 21, 13), at(11, 22, 16))
    office.app.run(lambda services: services.calendars.set_day(
        office.other, datetime(2026, 11, 22).date(), "closed", name="بسته"))
    office.do("assign", id_, unit=office.other)
    assert office.dues(id_) == (at(11, 21, 13), at(11, 23, 16))
    office.app.run(lambda services: services.calendars.set_day(
        None, datetime(2026, 11, 23).date(), "closed", name="آلودگی هوا"))
    office.until(at(11, 21, 9, 1))
    assert office.dues(id_) == (at(11, 21, 13), at(11, 24, 16))

    moved = [one for one in office.told_in_history(id_) if one["what"] == "moved"]
    assert [(one["why"], one["due"]) for one in moved] == [
        ("priority", [at(11, 24, 16), at(11, 22, 16)]), ("unit", [at(11, 22, 16), at(11, 23, 16)]),
        ("calendar", [at(11, 23, 16), at(11, 24, 16)])]


def test_a_unit_that_moves_in_the_tree_has_other_hours(office: Office) -> None:
    office.target(first=(4, "hours"))
    id_ = office.request()
    office.app.run(lambda services: services.calendars.edit(office.other, {"week": (((720, 960),),) * 7}))
    office.app.run(lambda services: services.units.edit(services.units.get(office.unit), {"parent": office.other}))
    office.until(at(11, 21, 9, 1))
    assert office.dues(id_)[0] == at(11, 21, 16)


def test_what_a_person_set_stays(office: Office) -> None:
    office.target(solution=(3, "days"))
    office.target(priority="urgent", solution=(1, "days"))
    id_ = office.request()
    office.do("edit", id_, {"due": at(12, 24, 12)})
    office.do("edit", id_, {"priority": "urgent"})
    office.do("assign", id_, unit=office.other)
    assert office.dues(id_) == (None, at(12, 24, 12))
    office.do("edit", id_, {"priority": "low", "due": at(12, 25, 12)})
    assert office.dues(id_) == (None, at(12, 25, 12))


def test_a_target_that_is_gone_leaves_the_days_of_the_kind(office: Office) -> None:
    row = office.target(priority="urgent", solution=(1, "days"))
    id_ = office.request(priority="urgent")
    office.do("edit", id_, {"priority": "normal"})
    assert office.dues(id_) == (None, at(11, 21, 9) + 15 * DAY)
    office.do("edit", id_, {"priority": "urgent"})
    assert office.dues(id_) == (None, at(11, 22, 16))
    office.app.run(lambda services: services.targets.remove(row))
    assert office.dues(id_) == (None, at(11, 22, 16))  # a new edition is for new requests


def test_working_out_anew_goes_on_in_portions(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.services.deadlines.PORTION", 2)
    office.target(solution=(1, "days"))
    ids = [office.request() for _five in range(5)]
    office.do("edit", ids[0], {"due": at(12, 1, 9)})
    office.app.run(lambda services: services.calendars.set_day(
        None, datetime(2026, 11, 22).date(), "closed", name="بسته"))
    office.until(at(11, 21, 9, 1))
    assert {office.dues(id_)[1] for id_ in ids[1:]} == {at(11, 23, 16)}
    assert office.dues(ids[0])[1] == at(12, 1, 9)
    with office.app.reading() as services:
        assert not [row for _key, _part, row in services.root.timers.due(at(12, 1, 0)) if row[0] == SWEEP]


def test_working_out_anew_is_no_answer_to_what_the_citizen_said(office: Office) -> None:
    office.target(solution=(1, "days"))
    id_ = office.request()
    office.run(lambda services: services.interactions.log(
        None, channel="phone", body="چه شد؟", requests=(services.requests.get(id_),)))
    heard = office.get(id_, lambda one: (one.heard, one.last_news))
    office.app.run(lambda services: services.calendars.set_day(
        None, datetime(2026, 11, 22).date(), "closed", name="بسته"))
    office.until(at(11, 21, 9, 1))
    assert office.dues(id_)[1] == at(11, 23, 16)
    assert office.get(id_, lambda one: (one.heard, one.last_news)) == heard


# ── pauses ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_waiting_stops_the_clock_and_going_on_moves_what_is_owed(office: Office) -> None:
    office.target(first=(10, "hours"), solution=(2, "days"))
    id_ = office.request()
    assert office.dues(id_) == (at(11, 22, 11), at(11, 23, 16))
    office.until(at(11, 21, 12))
    office.do("change_status", id_, "waiting", reason=" نسخهٔ قبض را بیاورید ")
    pause = office.get(id_, lambda one: one.pause)
    assert pause["reason"] == "نسخهٔ قبض را بیاورید" and pause["status"]

    office.until(at(11, 26, 12))  # Thursday: long after both, yet nothing is late
    assert office.get(id_, lambda one: one.is_late(at(11, 26, 12))) is False
    with office.app.reading(office.clerk) as services:
        assert services.work.tally(Place(user=office.clerk.user_id)).late == 0
    office.do("change_status", id_, "working")
    # 4 + 4 * 8 + 4 hours of work passed; Thursday has 5
    assert office.dues(id_) == (at(11, 28, 14), at(11, 30, 11))
    said = office.told_in_history(id_)
    assert [one["what"] for one in said] == ["paused", "resumed"]
    assert said[0]["reason"] == "نسخهٔ قبض را بیاورید"
    assert said[1]["due"] == [at(11, 23, 16), at(11, 30, 11)]


def test_a_clock_is_stopped_by_hand_with_a_reason(office: Office) -> None:
    office.target(solution=(2, "days"))
    id_ = office.request()
    with pytest.raises(Invalid, match="may read"):
        office.do(".pause", id_, " \u200c ")
    office.do(".pause", id_, "پیمانکار از شنبه می‌آید")
    with pytest.raises(CrmError, match="already"):
        office.do(".pause", id_, "دوباره")
    with pytest.raises(Forbidden):
        office.do(".resume", id_, who=make_clerk(office.app, "none", roles=[]))
    office.until(at(11, 21, 14))
    office.do(".resume", id_)
    assert office.dues(id_)[1] == at(11, 24, 13)
    with pytest.raises(CrmError, match="already"):
        office.do(".resume", id_)


def test_what_waits_by_its_status_goes_on_by_its_status(office: Office) -> None:
    id_ = office.request()
    office.do(".pause", id_, "پیمانکار")
    office.do("change_status", id_, "working")
    assert office.get(id_, lambda one: one.pause["reason"]) == "پیمانکار"  # whoever stopped it lets it go on
    office.do("change_status", id_, "waiting", reason="شهروند")
    with pytest.raises(CrmError, match="status"):
        office.do(".resume", id_)
    office.do("change_status", id_, "working")
    assert office.get(id_, lambda one: one.pause) is None


def test_closing_ends_a_pause_and_nothing_stops_what_is_closed(office: Office) -> None:
    office.target(solution=(2, "days"))
    id_ = office.request()
    office.do(".pause", id_, "پیمانکار")
    office.until(at(11, 21, 10))
    office.do("change_status", id_, "answered")
    assert office.dues(id_)[1] == at(11, 24, 9)
    assert office.get(id_, lambda one: (one.pause, one.pauses[-1]["until"])) == (None, at(11, 21, 10))
    with pytest.raises(CrmError, match="closed"):
        office.do(".pause", id_, "چرا")


def test_a_deadline_set_while_the_clock_stands_is_not_moved_again(office: Office) -> None:
    id_ = office.request()
    office.do(".pause", id_, "پیمانکار")
    office.do("edit", id_, {"due": at(12, 10, 12)})
    office.until(at(11, 24, 9))
    office.do(".resume", id_)
    assert office.dues(id_)[1] == at(12, 10, 12)


def test_pauses_are_kept_when_deadlines_are_worked_out_anew(office: Office) -> None:
    office.target(solution=(10, "hours"))
    office.target(priority="urgent", solution=(5, "hours"))
    id_ = office.request()
    office.do(".pause", id_, "پیمانکار")
    office.until(at(11, 21, 11))
    office.do(".resume", id_)
    assert office.dues(id_)[1] == at(11, 22, 13)
    office.do("edit", id_, {"priority": "urgent"})
    assert office.dues(id_)[1] == at(11, 21, 16)


def test_what_was_late_before_it_waited_stays_late(office: Office) -> None:
    office.target(solution=(1, "hours"))
    id_ = office.request()
    office.until(at(11, 21, 12))
    office.do("change_status", id_, "waiting")
    assert office.get(id_, lambda one: one.is_late(at(11, 21, 12)))
    with office.app.reading(office.clerk) as services:
        assert services.work.tally(Place(user=office.clerk.user_id)).late == 1


def test_a_citizens_words_in_reasons_go_with_an_erasure(office: Office) -> None:
    id_ = office.request()
    office.do(".pause", id_, "نامه‌ای از خانم کاظمی")
    privacy = make_clerk(office.app, "privacy", roles=[Role.ADMINISTRATOR, Role.CLERK])
    contact = office.get(id_, lambda one: one.contact)
    office.app.run(lambda services: services.privacy.erase(services.contacts.get(contact)))
    case = office.get(id_, lambda one: (
        [pause["reason"] for pause in one.pauses], [dict(event.data) for event in one.events.values()],
        [row["changes"] for row in one.audit.values()]))
    assert privacy and "کاظمی" not in str(case)


# ── in lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_owes_a_first_answer_is_listed_until_it_is_given_and_not_while_the_clock_stands(office: Office) -> None:
    plain = office.request()
    office.target(first=(4, "hours"))
    told, paused, closed, silent = (office.request() for _four in range(4))

    def owing() -> set[int]:
        with office.app.reading(office.clerk) as services:
            place = Place(user=office.clerk.user_id)
            return {one.id for one in services.work.find(Wanted(place, due="first")).requests}

    assert owing() == {told, paused, closed, silent}
    office.until(at(11, 21, 11))
    office.run(lambda services: services.interactions.log(  # told of now, yet said before
        None, channel="phone", direction="out", body="کلامی", started=at(11, 21, 9, 30),
        requests=(services.requests.get(told),)))
    office.do(".pause", paused, "پیمانکار")
    office.do("change_status", closed, "answered")
    assert owing() == {silent}
    office.do(".resume", paused)
    assert owing() == {silent, paused}
    with office.app.reading() as services:
        (work,) = services.root.user_work.values()
        assert [work.header(id_).first for id_ in (plain, silent)] == [NO_DUE, at(11, 21, 13)]
        assert len(json.loads(packed(work.header(silent))[0])) == len(json.loads(packed(work.header(plain))[0])) + 1


# ── told in time ─────────────────────────────────────────────────────────────────────────────────────────────


def test_warned_at_a_share_of_the_time_and_told_when_it_is_past(office: Office) -> None:
    office.target(solution=(20, "hours"), warn=75, tell=[office.far.user_id])
    id_ = office.request()  # of 20 hours 15 have passed on Monday at 8:00, when the day begins
    assert office.dues(id_)[1] == at(11, 23, 13)
    office.until(at(11, 22, 15, 59))
    assert office.bell(office.clerk) == [] == office.told_in_history(id_)
    office.until(at(11, 23, 8))
    assert office.bell(office.clerk) == ["“${request}” is due on ${due}"] and not office.bell(office.boss)
    office.until(at(11, 23, 13))
    for who in (office.clerk, office.boss, office.far):
        assert office.bell(who)[-1] == "“${request}” is late: it was due on ${due}"
    office.until(at(11, 25, 13))
    assert [(one["what"], one["told"]) for one in office.told_in_history(id_)] == [
        ("warning", [office.clerk.user_id]),
        ("breach", [office.clerk.user_id, office.boss.user_id, office.far.user_id])]


def test_the_first_answer_has_its_own_clock(office: Office) -> None:
    office.target(first=(4, "hours"), warn=50)
    told, silent, closed = office.request(), office.request(), office.request()

    def say(services: Services, direction: str, outcome: str = "") -> None:
        services.interactions.log(None, channel="phone", direction=direction, body="کلامی", outcome=outcome,
                                  requests=(services.requests.get(told),))

    office.run(lambda services: say(services, "internal"))
    office.run(lambda services: say(services, "out", "no_contact"))
    office.until(at(11, 21, 11))
    assert len(office.told_in_history(told)) == 1  # colleagues among themselves and a call in vain are no answer
    office.until(at(11, 21, 12))
    office.run(lambda services: say(services, "out"))
    office.do("change_status", closed, "answered")
    office.until(at(11, 21, 14))
    assert [one["what"] for one in office.told_in_history(silent)] == ["warning", "breach"]
    assert [one["what"] for one in office.told_in_history(told)] == ["warning"]
    assert [one["what"] for one in office.told_in_history(closed)] == ["warning"]


def test_what_is_paused_moved_or_closed_meanwhile_tells_nobody(office: Office) -> None:
    office.target(solution=(4, "hours"), warn=0)
    paused, moved, closed = office.request(), office.request(), office.request()
    office.do(".pause", paused, "پیمانکار")
    office.do("edit", moved, {"due": at(11, 25, 9)})
    office.do("change_status", closed, "cancelled")
    office.until(at(11, 21, 15))
    assert office.bell(office.clerk) == []
    office.do(".resume", paused)  # 4 hours are left: until Sunday at 11:00
    office.until(at(11, 22, 11))
    office.until(at(11, 25, 9))
    assert [[one["what"] for one in office.told_in_history(id_)] for id_ in (paused, moved, closed)] == [
        ["paused", "resumed", "breach"], ["breach"], []]


def test_what_waited_by_its_status_is_watched_again_when_it_goes_on(office: Office) -> None:
    office.target(solution=(4, "hours"), warn=50)
    id_ = office.request()
    office.until(at(11, 21, 10))
    office.do("change_status", id_, "waiting", reason="شهروند")
    office.until(at(11, 21, 15))
    office.do("change_status", id_, "working")  # 3 hours are left: until Sunday at 10:00, the warning an hour from now
    office.until(at(11, 21, 16))
    office.until(at(11, 22, 10))
    assert [one["what"] for one in office.told_in_history(id_)] == ["paused", "resumed", "warning", "breach"]


def test_what_is_opened_again_is_watched_again(office: Office) -> None:
    office.target(solution=(4, "hours"), warn=0)
    id_ = office.request()
    office.do("change_status", id_, "answered")
    office.until(at(11, 21, 15))
    assert office.told_in_history(id_) == []
    office.do("change_status", id_, "working", taken_back=True)
    office.until(at(11, 21, 16))
    assert [one["what"] for one in office.told_in_history(id_)] == ["breach"]


def test_where_nobody_has_it_those_who_lead_are_warned(office: Office) -> None:
    office.target(solution=(4, "hours"))
    child = office.app.run(lambda services: services.units.add("باجه", parent=office.unit).id)
    id_ = office.request(unit=child, assignee=None)
    office.until(at(11, 21, 12))
    assert [one["told"] for one in office.told_in_history(id_)] == [[office.boss.user_id]]


def test_whom_it_is_kept_from_is_neither_told_nor_named(office: Office) -> None:
    office.target(solution=(4, "hours"), warn=0, tell=[office.far.user_id, office.boss.user_id])
    id_ = office.request()

    def hide(services: Services) -> None:
        services.requests.get(id_).hidden_from = (office.boss.user_id,)

    office.app.run(hide)
    office.until(at(11, 21, 13))
    assert [one["told"] for one in office.told_in_history(id_)] == [[office.clerk.user_id, office.far.user_id]]
    assert office.bell(office.boss) == []


def test_other_hours_move_a_warning_too(office: Office) -> None:
    office.target(solution=(8, "hours"), warn=50)
    id_ = office.request(due=at(11, 22, 9))  # by hand: it stays; half of its 8 hours are gone at 13:00
    office.app.run(lambda services: services.calendars.set_day(
        None, datetime(2026, 11, 21).date(), "hours", shifts=[(900, 960)], name="نیمه‌تعطیل"))
    office.until(at(11, 21, 13))
    assert office.told_in_history(id_) == []
    office.until(at(11, 21, 16))
    assert [one["what"] for one in office.told_in_history(id_)] == ["warning"]


def test_a_timer_that_comes_twice_tells_once(office: Office) -> None:
    office.target(solution=(4, "hours"), warn=0)
    id_ = office.request()
    office.until(at(11, 21, 13))
    for _again in range(2):
        office.app.run(lambda services: services.escalation.look(id_))
    assert len(office.told_in_history(id_)) == 1
    assert len(office.bell(office.boss)) == 1


def test_a_deadline_that_no_calendar_has_is_paused_all_the_same(office: Office) -> None:
    office.target(solution=(4, "hours"))
    far = NO_DUE - 1
    id_ = office.request(due=far - 10 * DAY)
    office.do(".pause", id_, "پیمانکار")
    office.until(at(11, 21, 10))
    office.do(".resume", id_)
    assert office.dues(id_)[1] == far - 10 * DAY + HOUR

"""Approvals: a way waits until whoever must agree to it has, level after level; deputies, four eyes, lapsing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest
import time_machine

from crm_core import api
from crm_core.app import App
from crm_core.checks import derived, repair
from crm_core.errors import CrmError, Invalid, NotFound, StaleChange
from crm_core.model.approval import Approval
from crm_core.model.ids import now_ms
from crm_core.model.workflow import Level, StoredTransition
from crm_core.security.identity import SYSTEM, Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.approvals import DAY
from crm_core.services.workbulk import Order
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_core.timers import TimerRunner

STATUSES = (api.Status("asked", api.Category.NEW, "Asked"), api.Status("granted", api.Category.OPEN, "Granted"),
            api.Status("done", api.Category.DONE, "Done"))
WAYS = (
    api.Transition("granted", ("asked",), "Grant it", requires=("assignee",), approval_days=4,
                   approval=(api.ApprovalBy(Role.SUPERVISOR, own_unit=True), api.ApprovalBy(Role.EXECUTIVE))),
    api.Transition("done", ("asked", "granted"), approval=(api.ApprovalBy(Role.EXECUTIVE),)),
    api.Transition("asked", ("granted",)),
)


class ThingForm(api.Form):
    colour = api.fields.text("Colour", required=False)


def things() -> ModuleType:
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("things.thing", "Thing", ThingForm, STATUSES, transitions=WAYS)

    module.contribute = contribute  # type: ignore[attr-defined]
    return module


class Office:
    """A unit with a clerk and a supervisor, an executive above, and a clock that stands still and can be moved."""

    def __init__(self, app: App, clock: Any) -> None:
        self.app, self.clock = app, clock
        self.unit = app.run(lambda services: services.units.add(name="پذیرش").id)
        self.clerk = make_clerk(app, "clerk", units=[self.unit])
        self.chief = make_clerk(app, "chief", roles=[Role.SUPERVISOR], units=[self.unit])
        self.boss = make_clerk(app, "boss", roles=[Role.EXECUTIVE])
        self.admin = make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])

        def start(services: Services) -> int:
            request = submit(services, make_contact(services), "things.thing", {})
            services.requests.assign(request, unit=self.unit, assignee=self.clerk.user_id)
            return request.id

        self.thing = app.run(start)

    def run(self, work: Any, who: Identity | None = None) -> Any:
        return self.app.run(work, who or self.clerk)

    def ask(self, status: str = "granted", note: str = "please", who: Identity | None = None, **more: Any) -> None:
        self.run(lambda services: services.approvals.ask(services, services.requests.get(self.thing), status, note,
                                                         **more), who)

    def do(self, verb: str, *arguments: Any, who: Identity, **more: Any) -> None:
        self.run(lambda services: getattr(services.approvals, verb)(self.last(services), *arguments, **more), who)

    def last(self, services: Services) -> Approval:
        found: Approval = services.requests.get(self.thing).approvals[-1]
        return found

    def state(self) -> tuple[str, str]:
        return self.app.run(lambda services: (services.requests.get(self.thing).status, self.last(services).state))

    def waits_for(self, who: Identity) -> int:
        return len(self.run(lambda services: services.approvals.mine(), who))

    def told(self, who: Identity) -> list[str]:
        return [str(one.kind.text) for one in self.run(lambda services: services.notices.all(), who)]

    def later(self, days: float) -> None:
        self.clock.shift(days * DAY / 1000)
        runner = TimerRunner(self.app)
        while runner.step():
            pass


@pytest.fixture
def office(open_app: Any) -> Iterator[Office]:
    with time_machine.travel(1_760_000_000, tick=False) as clock:
        yield Office(open_app({"things": things()}), clock)


def test_each_level_agrees_and_the_last_one_lets_it_go_on(office: Office) -> None:
    office.ask()
    assert office.state() == ("asked", "waiting")
    assert (office.waits_for(office.chief), office.waits_for(office.boss)) == (1, 0)
    assert "waits for your approval" in office.told(office.chief)[0]
    office.do("approve", who=office.chief)
    assert office.state() == ("asked", "waiting")
    assert (office.waits_for(office.chief), office.waits_for(office.boss)) == (0, 1)
    office.do("approve", who=office.boss)
    assert office.state() == ("granted", "done")
    assert "was approved" in office.told(office.clerk)[0]
    kinds = office.app.run(lambda services: [one.kind for one in services.requests.get(office.thing).events.values()])
    assert kinds[-4:] == ["approval.asked", "approval.given", "approval.given", "request.status"]


def test_nothing_goes_round_an_approval(office: Office) -> None:
    def change(services: Services, **more: Any) -> None:
        services.requests.change_status(services, services.requests.get(office.thing), "granted", **more)

    for who in (office.clerk, office.boss, office.admin, SYSTEM):
        with pytest.raises((Invalid, CrmError)):
            office.run(change, who)
    with pytest.raises(Invalid):
        office.run(lambda services: change(services, taken_back=True))
    lines = office.run(lambda services: services.bulk.preview(
        [services.requests.get(office.thing)], Order("status", status="granted", note="n")))
    assert "approved first" in str(lines[0].refusal)


def test_a_refusal_has_a_reason_and_is_told(office: Office) -> None:
    office.ask()
    with pytest.raises(Invalid):
        office.do("reject", " ", who=office.chief)
    office.do("reject", "It is too dear", who=office.chief)
    assert office.state() == ("asked", "rejected")
    notice = office.run(lambda services: services.notices.all()[0])
    assert "not approved" in str(notice.kind.text) and notice.values["note"]["en"] == "It is too dear"
    with pytest.raises(CrmError):
        office.do("approve", who=office.chief)
    office.ask()
    assert office.state() == ("asked", "waiting")


def test_nobody_decides_on_his_own_question_while_somebody_else_can(office: Office) -> None:
    def take(services: Services) -> None:
        services.requests.assign(services.requests.get(office.thing), unit=office.unit, assignee=office.chief.user_id)

    office.app.run(take)
    second = make_clerk(office.app, "second", roles=[Role.SUPERVISOR], units=[office.unit])
    office.ask(who=office.chief)
    assert (office.waits_for(office.chief), office.waits_for(second)) == (0, 1)
    with pytest.raises(Invalid):
        office.do("approve", who=office.chief)
    office.run(lambda services: services.users.edit(services.users.get(second.user_id), {"active": False}),
               office.admin)
    office.do("approve", who=office.chief)
    assert office.run(lambda services: office.last(services).decisions[0]["own"])


def test_whoever_is_not_asked_does_not_decide(office: Office) -> None:
    office.ask()
    for who in (office.clerk, office.boss):
        with pytest.raises((Invalid, NotFound)):
            office.do("approve", who=who)
    with pytest.raises(StaleChange):
        office.do("approve", who=office.chief, seen=99)


def test_a_deputy_decides_in_the_stead_of_somebody_and_it_is_said(office: Office) -> None:
    deputy = make_clerk(office.app, "deputy", units=[office.unit])

    def name(services: Services) -> None:
        services.approvals.deciders.name_deputy(
            services.users.get(office.chief.user_id), services.users.get(deputy.user_id), now_ms(), now_ms() + 3 * DAY)

    with pytest.raises(CrmError):
        office.run(name, office.clerk)
    office.run(name, office.chief)
    office.ask()
    assert office.waits_for(deputy) == office.waits_for(office.chief) == 1
    office.clock.shift(3 * DAY / 1000)
    assert office.waits_for(deputy) == 0
    office.clock.shift(-DAY / 1000)
    office.do("approve", who=deputy)
    event = office.app.run(lambda services: list(services.requests.get(office.thing).events.values())[-1])
    assert (event.kind, event.data["for"], event.by) == ("approval.given", office.chief.user_id, deputy.user_id)


def test_it_is_reminded_of_and_lapses(office: Office) -> None:
    office.ask()
    office.later(3.01)
    assert "until" in office.told(office.chief)[0]
    office.later(1)
    assert office.state() == ("asked", "lapsed")
    assert "not decided in time" in office.told(office.clerk)[0]
    assert office.waits_for(office.chief) == 0


def test_each_level_has_days_of_its_own(office: Office) -> None:
    office.ask()
    office.later(3)
    office.do("approve", who=office.chief)
    office.later(3)
    assert office.state() == ("asked", "waiting")


def test_what_cannot_be_carried_out_stays_approved(office: Office) -> None:
    office.ask()
    office.do("approve", who=office.chief)
    office.app.run(lambda services: services.requests.assign(
        services.requests.get(office.thing), unit=office.unit, assignee=None))
    office.do("approve", who=office.boss)
    assert office.state() == ("asked", "approved")
    notice = office.run(lambda services: services.notices.all()[0])
    assert "Nobody is responsible" in notice.values["note"]["en"]

    def take(services: Services) -> None:
        request = services.requests.get(office.thing)
        services.requests.assign(request, unit=office.unit, assignee=office.clerk.user_id)
        services.requests.change_status(services, request, "granted")

    office.run(take)
    assert office.state() == ("granted", "done")


def test_an_answer_that_is_approved_is_given_by_who_asked(office: Office) -> None:
    office.ask("done", "", answer="We grant it", channel="phone")
    office.do("approve", who=office.boss)
    assert office.state() == ("asked", "approved")
    office.run(lambda services: services.messages.close(
        services, services.requests.get(office.thing), "done", answer="We grant it", channel="phone"))
    assert office.state() == ("done", "done")


def test_a_closing_without_an_answer_is_carried_out(office: Office) -> None:
    with pytest.raises(Invalid):
        office.ask("done", "")
    office.ask("done", "It was withdrawn by phone")
    office.do("approve", who=office.boss)
    assert office.state() == ("done", "done")


def test_another_way_overtakes_it_and_withdrawing_ends_it(office: Office) -> None:
    office.ask()
    with pytest.raises(Invalid):
        office.ask()
    office.do("withdraw", "mistake", who=office.clerk)
    assert office.state() == ("asked", "withdrawn")
    assert office.waits_for(office.chief) == 0


def test_who_leaves_lets_it_lapse_and_a_unit_hands_it_on(office: Office) -> None:
    way = StoredTransition("asked", "granted", {}, approval=(Level(user=office.chief.user_id),), approval_days=2)

    def edit(services: Services) -> None:
        kind = services.context.registry.types["things.thing"]
        services.workflow_editing.set_transition(kind, way)
        services.workflow_editing.put_into_force(kind)

    office.run(edit, office.admin)
    office.run(lambda services: services.workflows.move(services.requests.get(office.thing)))
    office.ask()
    assert office.waits_for(office.chief) == 1
    office.run(lambda services: services.users.edit(services.users.get(office.chief.user_id), {"active": False}),
               office.admin)
    assert office.state() == ("asked", "lapsed")
    with pytest.raises(Invalid) as caught:
        office.ask()
    assert "Nobody is there" in str(caught.value.errors["status"])


def test_a_request_that_goes_another_way_waits_no_more(office: Office) -> None:
    office.ask("done", "It was withdrawn")
    office.do("reject", "no", who=office.boss)
    office.ask()
    office.do("approve", who=office.chief)
    office.do("approve", who=office.boss)
    office.ask("done", "It was done")
    assert office.waits_for(office.boss) == 1
    office.run(lambda services: services.requests.change_status(services, services.requests.get(office.thing), "asked"))
    assert office.state() == ("asked", "overtaken")
    assert office.waits_for(office.boss) == 0


def test_an_approval_holds_once(office: Office) -> None:
    office.ask()
    office.do("approve", who=office.chief)
    office.do("approve", who=office.boss)
    office.run(lambda services: services.requests.change_status(services, services.requests.get(office.thing), "asked"))
    with pytest.raises(Invalid):
        office.run(lambda services: services.requests.change_status(
            services, services.requests.get(office.thing), "granted"))


def test_a_newer_workflow_is_no_way_round(office: Office) -> None:
    def edit(services: Services) -> None:
        kind = services.context.registry.types["things.thing"]
        services.workflow_editing.set_transition(
            kind, StoredTransition("granted", "asked", {}, checklist=({"fa": "x"},)))
        services.workflow_editing.put_into_force(kind)

    office.ask()
    office.run(edit, office.admin)
    with pytest.raises(Invalid) as caught:
        office.run(lambda services: services.workflows.move(services.requests.get(office.thing), "granted"))
    assert "by an approval only" in str(caught.value.errors["status"])
    office.run(lambda services: services.workflows.move(services.requests.get(office.thing)))
    assert office.state() == ("asked", "overtaken")


def test_a_closed_unit_hands_on_what_waits_for_it(office: Office) -> None:
    office.ask()

    def close(services: Services) -> None:
        heir = services.units.add(name="خدمات")
        services.users.edit(services.users.get(office.chief.user_id), {"units": (heir.id,)})
        services.handover.close_unit(services.units.get(office.unit), heir)

    office.run(close, office.admin)
    assert office.waits_for(office.chief) == 1
    assert not office.app.run(lambda services: list(derived(services.root)))


def test_an_importer_tells_of_the_past(office: Office) -> None:
    office.app.run(lambda services: services.requests.change_status(
        services, services.requests.get(office.thing), "granted"), identity=SYSTEM, bulk=True)
    assert office.app.run(lambda services: services.requests.get(office.thing).status) == "granted"


def test_lists_that_lost_an_approval_are_mended(office: Office) -> None:
    office.ask()

    def harm(services: Services) -> None:
        services.root.approvals.by_key.clear()

    office.app.run(harm)
    assert office.waits_for(office.chief) == 0
    assert [one.check for one in office.app.run(lambda services: list(derived(services.root)))] == ["approvals"]
    repair(office.app)
    assert office.waits_for(office.chief) == 1


def test_an_erased_citizen_leaves_no_words(office: Office) -> None:
    office.ask(note="her secret illness")

    def erase(services: Services) -> None:
        services.privacy.erase(services.contacts.get(services.requests.get(office.thing).contact))

    office.run(erase, office.admin)
    assert "note" not in office.app.run(lambda services: office.last(services).said)
    event = office.app.run(lambda services: list(services.requests.get(office.thing).events.values())[-1])
    assert (event.data["of"], event.data.get("note")) == (2, None)
    assert not office.app.run(lambda services: list(derived(services.root)))

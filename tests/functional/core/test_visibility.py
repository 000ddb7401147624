"""Who may see what: roles × things, and that what is hidden leaves no trace (architecture §5.7)."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from crm_core import api, builtin
from crm_core.app import App
from crm_core.security.identity import SYSTEM, Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.timeline import Entry, Filter, Redacted
from crm_core.services.visibility import Eyes, Visibility, visibility
from crm_core.testing.factories import make_clerk, make_contact, submit

HIDDEN, COUNTED, FULL = Visibility.HIDDEN, Visibility.COUNTED, Visibility.FULL
DAY = 86_400_000


class Form(api.Form):
    """A complaint about a member of staff."""

    about = api.fields.staff("About", required=False, shields=True)


@dataclass
class World:
    """One of each thing, and one of each kind of staff; ids by name."""

    app: App
    things: dict[str, tuple[str, int]]
    people: dict[str, Identity]

    def seen(self, who: str, what: str) -> Visibility:
        kind, id_ = self.things[what]
        with self.app.reading() as services:
            if kind == "facts":
                return self._fact(services, who, id_)
            thing = getattr(services.root, kind)[id_]
            return visibility(services.root, self.people[who], thing)

    def _fact(self, services: Services, who: str, request_id: int) -> Visibility:
        """How the first entry about a request is seen in the citizen's history."""
        contact = services.contacts.get(services.requests.get(request_id).contact or 0)
        header = next(one for one in contact.timeline.values()
                      if one.kind != "interaction" and request_id in one.requests)
        return Eyes(services.root, self.people[who]).of_header(contact, header)


def plugin() -> dict[str, Any]:
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Any:
        yield api.RequestType("things.complaint", "Complaint", Form, (api.Status("new", api.Category.NEW, "New"),))

    module.contribute = contribute  # type: ignore[attr-defined]
    return {"things": module}


@pytest.fixture
def world(open_app: Any) -> World:
    app = open_app(plugin())
    roads, law = app.run(lambda services: (services.units.add("راه").id,
                                           services.units.add("حقوقی", confidential=True).id))
    people = {"system": SYSTEM, "nobody": make_clerk(app, "nobody", roles=[])}
    for role in Role:
        people[role.value] = make_clerk(app, role.value, roles=[role])
        people[f"{role.value} of roads"] = make_clerk(app, f"{role.value}.roads", roles=[role], units=[roads])
        people[f"{role.value} of law"] = make_clerk(app, f"{role.value}.law", roles=[role], units=[law])
    official = people["supervisor of roads"].user_id
    expert = people["expert of roads"].user_id

    def work(services: Services) -> dict[str, tuple[str, int]]:
        contact = {degree: make_contact(services, degree, confidentiality=degree)
                   for degree in ("normal", "confidential", "shielded")}
        general: Any = {"category": "service"}
        made: dict[str, tuple[str, int]] = {degree: ("contacts", one.id) for degree, one in contact.items()}
        for name, unit in (("roads", roads), ("law", law), ("nowhere", None)):
            request = submit(services, contact["normal"], builtin.GENERAL, general, unit=unit)
            made[f"request of {name}"] = ("requests", request.id)
            touch = services.interactions.log(contact["normal"], channel="phone", body=name, unit=unit)
            made[f"call of {name}"] = ("interactions", touch.id)
        for degree in ("confidential", "shielded"):
            request = submit(services, contact[degree], builtin.GENERAL, general, unit=roads, assignee=expert)
            made[f"request of the {degree}"] = ("requests", request.id)
            touch = services.interactions.log(contact[degree], channel="phone", body="x", unit=roads)
            made[f"call of the {degree}"] = ("interactions", touch.id)
        secret = submit(services, contact["normal"], builtin.GENERAL, general, unit=roads, confidential=True)
        made["confidential request"] = ("requests", secret.id)
        touch = services.interactions.log(contact["normal"], channel="phone", body="x", unit=roads, requests=[secret])
        made["call about the confidential request"] = ("interactions", touch.id)
        complaint = submit(services, contact["normal"], "things.complaint", {"about": str(official)}, unit=roads)
        made["complaint about the supervisor of roads"] = ("requests", complaint.id)
        touch = services.interactions.log(
            contact["normal"], channel="phone", body="x", unit=roads, requests=[complaint])
        made["call about the complaint"] = ("interactions", touch.id)
        of = {name: services.requests.get(id_) for name, (kind, id_) in made.items() if kind == "requests"}
        for name, about, unit in (
            ("call of roads about the request of nowhere", ["request of nowhere"], roads),
            ("call of law about the request of roads", ["request of roads"], law),
            ("call of roads about two requests", ["request of roads", "request of law"], roads),
            ("call about the request of the confidential", ["request of the confidential"], roads),
        ):
            person = contact["confidential" if "confidential" in name else "normal"]
            touch = services.interactions.log(
                person, channel="phone", body="x", unit=unit, requests=[of[one] for one in about])
            made[name] = ("interactions", touch.id)
        gone = submit(services, contact["confidential"], builtin.GENERAL, general, unit=roads, assignee=expert)
        touch = services.interactions.log(
            contact["confidential"], channel="phone", body="x", unit=roads, requests=[gone])
        made["call about what is gone"] = ("interactions", touch.id)
        del services.root.requests[gone.id]
        for name in ("request of roads", "request of the confidential", "confidential request",
                     "complaint about the supervisor of roads"):
            made[f"registering the {name}"] = ("facts", of[name].id)
        own = submit(services, None, builtin.GENERAL, general, unit=law, assignee=expert)
        made["request of law for the expert of roads"] = ("requests", own.id)
        return made

    return World(app, app.run(work, bulk=True), people)  # things lie where they may not be sent any more


# Clerks and supervisors answer for all units, experts for their own; executives read all; the administrator runs the
# installation and reads nothing of citizens. "x of roads" belongs to that unit.
TABLE: list[tuple[str, dict[str, Visibility]]] = [
    ("normal", {"clerk": FULL, "expert": FULL, "supervisor": FULL, "executive": FULL, "administrator": COUNTED,
                "nobody": HIDDEN}),
    ("confidential", {"clerk": COUNTED, "expert": COUNTED, "supervisor": FULL, "executive": FULL,
                      "administrator": COUNTED, "nobody": HIDDEN, "clerk of roads": COUNTED}),
    ("shielded", {"clerk": HIDDEN, "expert": HIDDEN, "supervisor": HIDDEN, "executive": HIDDEN,
                  "administrator": HIDDEN, "nobody": HIDDEN}),
    ("request of roads", {"clerk": FULL, "expert": COUNTED, "expert of roads": FULL, "expert of law": COUNTED,
                          "supervisor": FULL, "executive": FULL, "administrator": COUNTED, "nobody": HIDDEN,
                          "administrator of roads": COUNTED}),
    ("request of law", {"clerk": COUNTED, "clerk of law": FULL, "expert": COUNTED, "expert of law": FULL,
                        "expert of roads": COUNTED, "supervisor": FULL, "executive": FULL, "administrator": COUNTED}),
    ("request of nowhere", {"clerk": FULL, "expert": COUNTED, "supervisor": FULL, "administrator": COUNTED}),
    ("call of roads", {"clerk": FULL, "expert": COUNTED, "expert of roads": FULL, "supervisor": FULL,
                       "executive": FULL, "administrator": COUNTED, "nobody": HIDDEN}),
    ("call of law", {"clerk": COUNTED, "clerk of law": FULL, "expert of roads": COUNTED, "supervisor": FULL}),
    ("call of nowhere", {"clerk": FULL, "expert": COUNTED, "executive": FULL}),
    ("request of the confidential", {"clerk": COUNTED, "expert": COUNTED, "expert of roads": FULL,  # it is assigned
                                     "clerk of roads": COUNTED, "supervisor": FULL, "executive": FULL}),
    ("call of the confidential", {"clerk": COUNTED, "expert of roads": COUNTED, "supervisor": FULL}),
    ("request of the shielded", dict.fromkeys(("clerk", "expert of roads", "supervisor", "executive", "administrator"),
                                              HIDDEN)),
    ("call of the shielded", dict.fromkeys(("clerk", "expert of roads", "supervisor", "executive"), HIDDEN)),
    ("confidential request", {"clerk": COUNTED, "clerk of roads": COUNTED, "expert of roads": COUNTED,
                              "supervisor": FULL, "executive": FULL, "administrator": COUNTED}),
    ("call about the confidential request", {"clerk of roads": COUNTED, "supervisor": FULL}),
    ("complaint about the supervisor of roads", {"supervisor of roads": HIDDEN, "supervisor": FULL, "clerk": FULL,
                                                 "expert of roads": FULL, "executive of roads": FULL}),
    ("call about the complaint", {"supervisor of roads": HIDDEN, "supervisor": FULL, "clerk": FULL}),
    ("request of law for the expert of roads", {"expert of roads": FULL, "expert": COUNTED}),
    # 5: facts are seen as their request is, also by whom a confidential citizen's request is assigned to
    ("registering the request of roads", {"clerk": FULL, "expert": COUNTED, "expert of roads": FULL,
                                          "administrator": COUNTED, "nobody": HIDDEN}),
    ("registering the request of the confidential", {"expert of roads": FULL, "clerk of roads": COUNTED,
                                                     "clerk": COUNTED, "supervisor": FULL}),
    ("registering the confidential request", {"expert of roads": COUNTED, "supervisor": FULL}),
    ("registering the complaint about the supervisor of roads", {"supervisor of roads": HIDDEN, "supervisor": FULL}),
    # 6: what was said about requests is read by who reads all of these, unless a confidential unit wrote it down
    ("call about the request of the confidential", {"expert of roads": FULL, "clerk of roads": COUNTED,
                                                    "expert": COUNTED, "supervisor": FULL, "nobody": HIDDEN}),
    ("call of roads about the request of nowhere", {"expert of roads": COUNTED, "expert": COUNTED, "clerk": FULL,
                                                    "clerk of law": FULL}),
    ("call of law about the request of roads", {"expert of roads": COUNTED, "expert of law": COUNTED,
                                                "clerk": COUNTED, "clerk of law": FULL, "supervisor": FULL}),
    ("call of roads about two requests", {"expert of roads": COUNTED, "expert of law": COUNTED, "clerk": COUNTED,
                                          "clerk of law": FULL, "supervisor of roads": FULL}),
    ("call about what is gone", {"expert of roads": COUNTED, "clerk of roads": COUNTED, "supervisor": FULL}),
]
CASES = [(what, who, expected) for what, row in TABLE for who, expected in row.items()]


def test_roles_and_things(world: World) -> None:
    """§5.7: one function decides; the whole table at once, so that a change of policy shows all it changes."""
    wrong = [(what, who, seen.name) for what, who, expected in CASES
             if (seen := world.seen(who, what)) is not expected]
    assert wrong == []
    assert {world.seen("system", what) for what in world.things} == {FULL}


def test_what_one_registered_or_logged_oneself_is_readable(world: World) -> None:
    """§5.7: also when it belongs to another unit, or has become confidential; not when its person has."""
    expert = world.people["expert"]
    law = next(iter(world.people["expert of law"].units))

    def work(services: Services) -> tuple[int, int, int]:
        contact = services.contacts.get(world.things["normal"][1])
        request = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=law, confidential=True)
        touch = services.interactions.log(contact, channel="note", body="دیدم", unit=law)
        other = services.requests.get(world.things["confidential request"][1])
        about = services.interactions.log(contact, channel="note", body="شنیدم", unit=law, requests=[other])
        return request.id, touch.id, about.id

    def give(assignee: int | None) -> None:
        world.app.run(lambda services: services.requests.assign(
            services.requests.get(world.things["confidential request"][1]), unit=law, assignee=assignee))

    give(expert.user_id)
    request_id, touch_id, about_id = world.app.run(work, expert)
    give(None)
    with world.app.reading(expert) as services:
        contact = services.contacts.get(world.things["normal"][1])
        assert services.eyes.of(services.requests.get(request_id)) is FULL
        assert services.eyes.of(services.interactions.get(touch_id)) is FULL
        rows = {row.thing.id: row for row in services.timeline.page([contact]).rows if isinstance(row, Entry)}
        assert touch_id in rows
        assert rows[about_id].request is None  # the note is one's own, the request it belongs to is not
    world.app.run(lambda services: services.contacts.edit(
        services.contacts.get(world.things["normal"][1]), {"confidentiality": "confidential"}))
    with world.app.reading(expert) as services:
        assert services.eyes.of(services.requests.get(request_id)) is COUNTED
        assert services.eyes.of(services.interactions.get(touch_id)) is COUNTED


def test_nobody_speaks_in_a_case_he_does_not_know(world: World) -> None:
    """§5.7: what one may only count, or not even that, is not written to; imports tell of the past."""
    expert, official = world.people["expert of roads"], world.people["supervisor of roads"]

    def log(services: Services, *names: str) -> int:
        cases = [services.requests.get(world.things[name][1]) for name in names]
        contact = services.contacts.get(world.things["normal"][1])
        services.interactions.log(contact, channel="phone", body="شنیدم", requests=cases)
        return sum(len(case.touches) for case in cases)

    complaint = "complaint about the supervisor of roads"
    for who, names in ((expert, ("confidential request",)), (official, (complaint,)),
                       (expert, ("request of roads", "request of law"))):
        with pytest.raises(api.NotFound):
            world.app.run(lambda services, names=names: log(services, *names), who)
    assert world.app.run(lambda services: log(services, complaint), expert) == 2
    assert world.app.run(lambda services: log(services, complaint), official, bulk=True) == 3
    assert world.app.run(lambda services: log(services, complaint)) == 4


def test_an_entry_is_judged_by_its_header_as_the_thing_itself_is(world: World) -> None:
    """§5.7: the timeline decides without loading entries, and never otherwise than the page of the thing."""
    with world.app.reading() as services:
        contacts = [services.contacts.get(world.things[degree][1]) for degree in ("normal", "confidential", "shielded")]
        for identity in world.people.values():
            eyes = world.app.services(services.root, identity).eyes
            for contact in contacts:
                for header in contact.timeline.values():
                    if header.kind == "interaction":
                        assert eyes.of_header(contact, header) is eyes.of(header.ref)
                    else:
                        request = services.root.requests.get(header.requests[0])
                        assert eyes.of_header(contact, header) is eyes.of(request or contact)


def test_the_hidden_leave_no_trace_in_history_counts_finder_and_work(world: World) -> None:
    """§5.7: the conflict shield: a complaint about an official does not exist for that official."""
    official, other = world.people["supervisor of roads"], world.people["supervisor"]
    hidden = {world.things[name][1] for name in ("complaint about the supervisor of roads", "call about the complaint")}
    (roads,) = official.units
    with world.app.reading() as services:
        code = services.requests.get(world.things["complaint about the supervisor of roads"][1]).code

    def look(identity: Identity) -> dict[str, Any]:
        with world.app.reading(identity) as services:
            contact = services.contacts.get(world.things["normal"][1])
            page = services.timeline.page([contact], limit=1000)
            return {
                "rows": len(page.rows),
                "things": {row.thing.request if row.thing.__class__.__name__ == "Event" else row.thing.id
                           for row in page.rows if isinstance(row, Entry)},
                "counted": sum(row.count for row in page.rows if isinstance(row, Redacted)),
                "counts": services.timeline.tally([contact]).counts["all"],
                "complaints": services.timeline.tally(
                    [contact], which=Filter(types=frozenset({"things.complaint"}))).counts["all"],
                "found": len(services.finder.find(code).hits),
                "words": {hit.id for hit in services.finder.find("complaint").hits},
                "work": services.requests.count_work(unit=roads),
                "readable": {request.id for request in services.requests.readable_of(contact)},
            }

    theirs, his = look(other), look(official)
    assert hidden <= theirs["things"]
    assert hidden & (his["things"] | his["words"] | his["readable"]) == set()
    for count, difference in (("rows", 2), ("counts", 2), ("complaints", 1), ("found", 1), ("work", 1)):
        assert theirs[count] - his[count] == difference, count
    assert his["counted"] == theirs["counted"] == 0
    assert (his["complaints"], his["found"]) == (0, 0)


def test_the_shield_holds_against_assignment(world: World) -> None:
    """§5.7: nobody hands the official the complaint about himself, by register, referral or a change of the answer."""
    official = world.people["supervisor of roads"]
    id_ = world.things["complaint about the supervisor of roads"][1]
    with world.app.transaction() as services:
        with pytest.raises(api.Invalid, match="must not go"):
            services.requests.assign(services.requests.get(id_), assignee=official.user_id)
        with pytest.raises(api.Invalid, match="must not go"):
            submit(services, None, "things.complaint", {"about": str(official.user_id)}, assignee=official.user_id)
        request = submit(services, None, "things.complaint", {}, assignee=official.user_id)
        assert request.hidden_from == ()
        services.requests.answer(services, request, {"about": str(official.user_id)})
        assert (request.hidden_from, request.assignee) == ((official.user_id,), None)
        work = services.requests.work(user=official.user_id)
        assert work is not None
        assert request.id not in work


def test_a_person_shielded_later_takes_everything_along(world: World) -> None:
    """§5.7: history, requests, counts, suggestions, relations' far ends; and all is back when the shield is lifted."""
    clerk = world.people["clerk"]
    (roads,) = world.people["expert of roads"].units

    def count() -> tuple[int, int, int, int]:
        with world.app.reading(clerk) as services:
            contact = services.contacts.get(world.things["normal"][1])
            twin = services.contacts.get(twin_id)
            return (services.timeline.tally([contact]).counts["all"], services.requests.count_work(unit=roads),
                    len(services.duplicates.of(twin)), len(services.contacts.linked(twin)))

    def prepare(services: Services) -> int:
        contact = services.contacts.get(world.things["normal"][1])
        services.contacts.add_identifier(contact, "national_id", "0499370899")
        twin = services.contacts.create(name="twin", identifiers=[("national_id", "0499370899")])
        services.linking.link(make_contact(services, "third"), twin, "x")
        return twin.id

    twin_id = world.app.run(prepare)
    before = count()
    assert before[2:] == (1, 2)

    def shield(degree: str) -> None:
        world.app.run(lambda services: services.contacts.edit(
            services.contacts.get(world.things["normal"][1]), {"confidentiality": degree}))

    shield("shielded")
    assert count() == (0, before[1] - 3, 0, 2)  # three open requests of roads were theirs
    world.app.run(lambda services: services.linking.link(
        services.contacts.get(world.things["normal"][1]), services.contacts.get(twin_id), "x"))
    assert count()[3] == 2
    shield("normal")
    assert count() == (before[0], before[1], 0, 3)


def test_counted_rows_say_how_many_of_whom_and_when_and_nothing_else(world: World) -> None:
    """§5.7: "2 entries of the Legal unit you may not read"."""
    with world.app.transaction() as services:
        roads, law = (unit.id for unit in services.units.all())
        own = services.units.add("آب").id
    expert = make_clerk(world.app, "water", roles=[Role.EXPERT], units=[own])

    def work(services: Services) -> int:
        contact = make_contact(services)
        for number, unit in enumerate((own, law, law, own, law, roads, roads, own)):
            services.interactions.log(contact, channel="phone", body=f"راز {number}", unit=unit,
                                      started=services.now - number * DAY)
        return contact.id

    id_ = world.app.run(work)
    with world.app.reading(expert) as services:
        contact = services.contacts.get(id_)
        rows = services.timeline.page([contact]).rows
        assert [(row.count, row.unit) if isinstance(row, Redacted) else row.thing.subject for row in rows] == [
            "راز 0", (2, law), "راز 3", (1, law), (2, roads), "راز 7"]
        redacted = rows[1]
        assert isinstance(redacted, Redacted)
        assert (redacted.last - redacted.first) == DAY
        assert services.timeline.tally([contact]).counts["all"] == 8
        searched = services.timeline.page([contact], Filter(text="راز")).rows
        assert [row.thing.subject for row in searched if isinstance(row, Entry)] == ["راز 0", "راز 3", "راز 7"]
        assert len(searched) == 3  # what may not be read cannot be searched either


def test_a_handed_over_request_is_counted_for_the_unit_that_has_it_now(world: World) -> None:
    """§5.6, §5.7: permission is read from the request at display, never copied into the entry."""
    expert = world.people["expert of roads"]
    with world.app.reading() as services:
        roads, law = (unit.id for unit in services.units.all())
    with world.app.transaction() as services:
        contact = make_contact(services)
        request = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=roads)
        contact_id, request_id = contact.id, request.id
    with world.app.reading(expert) as services:
        assert [type(row) for row in services.timeline.page([services.contacts.get(contact_id)]).rows] == [Entry]
    world.app.run(lambda services: services.requests.assign(services.requests.get(request_id), unit=law))
    with world.app.reading(expert) as services:
        (row,) = services.timeline.page([services.contacts.get(contact_id)]).rows
        assert isinstance(row, Redacted)
        assert (row.count, row.unit) == (2, law)

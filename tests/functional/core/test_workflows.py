"""Workflows of running requests: ways, guards, checklists, editions of an organisation, going on by a newer one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core import api, builtin
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, NotFound, StaleChange
from crm_core.model.workflow import StoredTransition
from crm_core.operations import PURGE_PLUGIN
from crm_core.registry import Published
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.workbulk import Order
from crm_core.testing.factories import candidate, make_clerk, make_contact, submit

GENERAL = builtin.GENERAL
STATUSES = (api.Status("asked", api.Category.NEW, "Asked"), api.Status("looked", api.Category.OPEN, "Looked at"),
            api.Status("done", api.Category.DONE, "Done"))
BOSS = "things.boss"


class ThingForm(api.Form):
    colour = api.fields.text("Colour", required=False)


def things(*ways: api.Transition) -> ModuleType:
    """A plugin with one kind, whose statuses are joined by these ways."""
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.Permission(BOSS, "Be the boss", frozenset({Role.SUPERVISOR}))
        yield api.RequestType("things.thing", "Thing", ThingForm, STATUSES, transitions=ways)

    module.contribute = contribute  # type: ignore[attr-defined]
    return module


STRICT = (
    api.Transition("looked", ("asked",), "Look at it", requires=("assignee", "field:colour")),
    api.Transition("done", ("looked",), permission=BOSS, checklist=("It is clean", "It is paid")),
)


@pytest.fixture
def strict(open_app: Any) -> App:
    app: App = open_app({"things": things(*STRICT)})
    return app


def moving(app: App, login: str, role: str) -> Any:
    """A function that changes the status of the only thing as that member of staff."""
    who = make_clerk(app, login, roles=[role])

    def move(status: str, **more: Any) -> None:
        app.run(lambda services: services.requests.change_status(
            services, next(iter(services.root.requests.values())), status, **more), identity=who)

    return move


def published(services: Services, kind: str = GENERAL) -> Published:
    return services.context.registry.types[kind]


# ── ways and guards ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_way_is_taken_when_what_it_requires_is_there(strict: App) -> None:
    strict.run(lambda services: submit(services, make_contact(services), "things.thing", {}))
    clerk = moving(strict, "clerk", Role.CLERK)

    with pytest.raises(Invalid, match="No way leads from “Asked” to “Done”"):
        clerk("done")
    with pytest.raises(Invalid, match="“Look at it” is not possible yet: Nobody is responsible yet"):
        clerk("looked")

    def answer(services: Services) -> None:
        request = next(iter(services.root.requests.values()))
        services.requests.assign(request, assignee=next(iter(services.root.users)))

    strict.run(answer)
    with pytest.raises(Invalid, match="“Colour” is not answered yet"):
        clerk("looked")
    strict.run(lambda services: services.requests.answer(
        services, next(iter(services.root.requests.values())), {"colour": "red"}))
    clerk("looked")


def test_a_way_asks_for_a_permission_and_for_every_line_of_its_checklist(strict: App) -> None:
    strict.run(lambda services: submit(services, make_contact(services), "things.thing", {}))
    strict.run(lambda services: services.requests.change_status(
        services, next(iter(services.root.requests.values())), "looked"))  # the system is asked for nothing
    clerk, boss = moving(strict, "clerk", Role.CLERK), moving(strict, "boss", Role.SUPERVISOR)

    with pytest.raises(Forbidden):
        clerk("done", confirmed=(0, 1))
    with pytest.raises(Invalid, match="Confirm each line first; still open: 1"):
        boss("done", confirmed=(1,))
    boss("done", confirmed=(0, 1))

    with strict.reading() as services:
        request = next(iter(services.root.requests.values()))
        last = request.events[request.events.maxKey()]
        assert [line["en"] for line in last.data["confirmed"]] == ["It is clean", "It is paid"]


def test_only_ways_that_one_may_take_are_offered(strict: App) -> None:
    strict.run(lambda services: submit(services, make_contact(services), "things.thing", {}))
    strict.run(lambda services: services.requests.change_status(
        services, next(iter(services.root.requests.values())), "looked"))
    for login, role, offered in (("clerk", Role.CLERK, []), ("boss", Role.SUPERVISOR, ["done"])):
        with strict.reading(identity=make_clerk(strict, login, roles=[role])) as services:
            ways = services.workflows.ways(next(iter(services.root.requests.values())))
            assert [way.status.name for way in ways] == offered


def test_without_the_plugin_its_permission_asks_nobody(strict: App) -> None:
    """A parked request must be closable; who had the permission is not known while the plugin is away."""
    strict.run(lambda services: submit(services, make_contact(services), "things.thing", {}))
    strict.run(lambda services: services.requests.change_status(
        services, next(iter(services.root.requests.values())), "looked"))
    parked = App.open(strict.settings, [], database=strict.db)
    moving(parked, "clerk", Role.CLERK)("done", confirmed=(0, 1))


def test_what_is_exported_before_a_purge_holds_the_ways(strict: App, tmp_path: Path) -> None:
    strict.run(lambda services: submit(services, make_contact(services), "things.thing", {}))
    parked = App.open(strict.settings, [], database=strict.db)
    PURGE_PLUGIN.run(parked, {"plugin": "things", "folder": str(tmp_path / "out")}, None, lambda done, total: None)

    rows = map(json.loads, (tmp_path / "out" / "definitions.jsonl").read_text("utf-8").splitlines())
    kind = next(row for row in rows if row["kind"] == "request type")
    assert [(way["source"], way["target"], way["requires"]) for way in kind["transitions"]] == [
        ("asked", "looked", ["assignee", "field:colour"]), ("looked", "done", [])]


@pytest.mark.parametrize(("ways", "said"), [
    ((api.Transition("looked", ("asked",)),), "From “Looked at” no way leads to an end"),
    ((api.Transition("done"), api.Transition("nowhere")), "the status “nowhere”, which is not there"),
    ((api.Transition("done"), api.Transition("looked", requires=("field:size",))), "requires “field:size”"),
    ((api.Transition("done", permission="others.right"), api.Transition("looked")), "asks for the permission"),
])
def test_a_plugin_whose_workflow_cannot_work_is_refused(open_app: Any, ways: Any, said: str) -> None:
    app = open_app({"things": things(*ways)})
    assert said in app.host.plugins["things"].reason


def test_many_at_once_leave_out_what_has_a_checklist(strict: App) -> None:
    strict.run(lambda services: submit(services, make_contact(services), "things.thing", {}))
    strict.run(lambda services: services.requests.change_status(
        services, next(iter(services.root.requests.values())), "looked"))
    boss = make_clerk(strict, "boss", roles=[Role.SUPERVISOR])

    def order(services: Services) -> list[str]:
        requests = list(services.root.requests.values())
        return [str(line.refusal) for line in services.bulk.preview(requests, Order("status", status="done", note="x"))]

    assert strict.run(order, identity=boss) == ["It has a checklist for this; do it on its own page."]


# ── editions ─────────────────────────────────────────────────────────────────────────────────────────────────


def inspected(services: Services) -> None:
    """A draft of the general request with a status between, which every request must go through."""
    kind, edit = published(services), services.workflow_editing
    edit.set_status(kind, "inspection", labels={"fa": "بازدید", "en": "Inspection"}, category="open",
                    stage={"fa": "در دست اقدام", "en": "In work"})
    edit.set_ways_out(kind, "new", ["inspection", "cancelled"])
    edit.set_ways_out(kind, "inspection", ["answered", "waiting"])
    for name in ("working", "waiting"):
        edit.set_ways_out(kind, name, ["inspection"])
    for name in ("answered", "cancelled"):
        edit.set_ways_out(kind, name, [])


def test_an_edition_holds_for_new_requests_and_running_ones_keep_theirs(open_app: Any) -> None:
    app = open_app()
    old = app.run(lambda services: submit(services, make_contact(services), GENERAL, {"category": "other"}).id)
    app.run(inspected)
    with app.reading() as services:  # a draft changes nothing
        assert services.types.in_force(published(services)).number == 0
    assert app.run(lambda services: services.workflow_editing.put_into_force(published(services), "دید اول")) == 1
    new = app.run(lambda services: submit(services, make_contact(services), GENERAL, {"category": "other"}).id)
    clerk = make_clerk(app)
    with app.reading(identity=clerk) as services:
        older, newer = services.requests.get(old), services.requests.get(new)
        assert (older.version.number, newer.version.number) == (0, 1)
        assert "answered" in [way.status.name for way in services.workflows.ways(older)]
        assert [way.status.name for way in services.workflows.ways(newer)] == ["cancelled", "inspection"]
        assert newer.version.status("inspection").stage == {"fa": "در دست اقدام", "en": "In work"}


def test_a_running_request_goes_on_by_the_newer_workflow_on_purpose(open_app: Any) -> None:
    app = open_app()
    id_ = app.run(lambda services: submit(services, make_contact(services), GENERAL, {"category": "other"}).id)
    clerk = make_clerk(app)
    with pytest.raises(NotFound):  # nothing is newer
        app.run(lambda services: services.workflows.move(services.requests.get(id_)), identity=clerk)
    app.run(inspected)
    app.run(lambda services: services.workflow_editing.put_into_force(published(services)))

    with pytest.raises(Invalid, match="An open request stays open"):
        app.run(lambda services: services.workflows.move(services.requests.get(id_), "answered"), identity=clerk)
    app.run(lambda services: services.workflows.move(services.requests.get(id_), "inspection", "بازدید لازم است"),
            identity=clerk)

    with app.reading() as services:
        request = services.requests.get(id_)
        assert (request.version.number, request.status, request.category) == (1, "inspection", "open")
        last = request.events[request.events.maxKey()]
        assert (last.data["number"], last.data["note"]) == (1, "بازدید لازم است")
        assert services.workflows.newer(request) is None
        assert services.requests.lists.is_filed(request)


def test_all_running_ones_are_moved_but_those_whose_status_is_gone(open_app: Any) -> None:
    app = open_app()

    def begin(services: Services) -> None:
        edit, kind = services.workflow_editing, published(services)
        edit.set_status(kind, "extra", labels={"en": "Extra"}, category="open")
        edit.put_into_force(kind)

    app.run(begin)
    ids = [app.run(lambda services: submit(services, None, GENERAL, {"category": "other"}).id) for _one in range(3)]
    app.run(lambda services: services.requests.change_status(services, services.requests.get(ids[0]), "extra"))
    app.run(lambda services: services.workflow_editing.remove_status(published(services), "extra"))
    app.run(lambda services: services.workflow_editing.put_into_force(published(services)))
    with app.reading() as services:
        assert services.workflows.count_older(GENERAL, 2) == (2, True)
        assert services.workflows.count_older(GENERAL, 3) == (3, False)

    moved = [app.run(lambda services: services.workflows.move_older(GENERAL, 1)) for _again in range(3)]
    assert [count for count, _left in moved] == [1, 1, 0]  # whichever of them comes first: what is stuck stops nobody
    assert moved[-1] == (0, 1)


def test_what_cannot_work_is_not_put_into_force(open_app: Any) -> None:
    app = open_app()

    def spoil(services: Services) -> None:
        services.workflow_editing.set_ways_out(published(services), "working", [])

    app.run(spoil)
    with app.reading() as services:
        faults = services.workflow_editing.faults(published(services))
        assert [one.status for one in faults] == ["working"]
    with pytest.raises(Invalid, match="From “Being worked on” no way leads to an end"):
        app.run(lambda services: services.workflow_editing.put_into_force(published(services)))
    with app.reading() as services:
        assert services.types.settings(GENERAL).workflow is None


@pytest.mark.parametrize(("act", "said"), [
    (lambda edit, kind: edit.set_status(kind, "Ünit", labels={"en": "x"}, category="open"), "A name is lower-case"),
    (lambda edit, kind: edit.set_status(kind, "x", labels={"en": " "}, category="open"), "A status needs a name"),
    (lambda edit, kind: edit.set_status(kind, "x", labels={"en": "x"}, category="late"), "Choose one of those"),
    (lambda edit, kind: edit.set_status(kind, "new", labels={"en": "x"}, category="done"), "counts on what this"),
    (lambda edit, kind: edit.remove_status(kind, "new"), "may set this status itself"),
    (lambda edit, kind: edit.set_ways_out(kind, "new", ["nowhere"]), "There is no status “nowhere”"),
    (lambda edit, kind: edit.set_ways_out(kind, "new", ["new"]), "There is no status “new”"),
    (lambda edit, kind: edit.set_transition(kind, StoredTransition("new", "working", {}, "no.such")), "Choose one of"),
    (lambda edit, kind: edit.set_transition(kind, StoredTransition("new", "new", {})), "Choose one of those"),
    (lambda edit, kind: edit.put_into_force(kind), "Nothing differs"),
])
def test_bad_edits_are_refused_with_words(open_app: Any, act: Any, said: str) -> None:
    app = open_app()
    with pytest.raises(Invalid, match=said):
        app.run(lambda services: act(services.workflow_editing, published(services)))
    with app.reading() as services:
        assert services.workflow_editing.draft(published(services)) is None


def test_two_who_edit_do_not_overwrite_each_other(open_app: Any) -> None:
    app = open_app()
    with app.reading() as services:
        seen = services.workflow_editing.mark(published(services))
    app.run(lambda services: services.workflow_editing.set_ways_out(published(services), "new", ["working"], seen=seen))
    with pytest.raises(StaleChange):
        app.run(lambda services: services.workflow_editing.set_ways_out(
            published(services), "new", ["answered"], seen=seen))


def test_only_administrators_edit(open_app: Any) -> None:
    app = open_app()
    boss = make_clerk(app, "boss", roles=[Role.SUPERVISOR])
    with pytest.raises(Forbidden):
        app.run(lambda services: services.workflow_editing.set_ways_out(published(services), "new", []), identity=boss)


def test_the_plugins_own_workflow_can_hold_again_and_a_new_one_of_it_is_told(open_app: Any) -> None:
    app = open_app({"things": things()})
    kind = "things.thing"
    app.run(lambda services: services.workflow_editing.set_ways_out(published(services, kind), "asked", ["looked"]))
    app.run(lambda services: services.workflow_editing.put_into_force(published(services, kind)))
    later = App.open(app.settings, [candidate("things", things(api.Transition("looked"), api.Transition("done")))],
                     database=app.db)
    with later.reading() as services:
        assert services.workflow_editing.is_outdated(published(services, kind))
    with app.reading() as services:
        assert not services.workflow_editing.is_outdated(published(services, kind))
    assert later.run(lambda services: services.workflow_editing.back_to_plugin(published(services, kind))) == 2
    with later.reading() as services:
        now = services.types.in_force(published(services, kind))
        assert (now.number, len(now.transitions)) == (0, 4)
    with pytest.raises(NotFound):
        later.run(lambda services: services.workflow_editing.back_to_plugin(published(services, kind)))

"""Plugins while people work: vetoes, failures, retries, parking, two applications side by side (architecture §7)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from transaction.interfaces import TransientError

from crm_core.app import App
from crm_core.errors import Invalid, PluginFailed, Veto
from crm_core.host import Candidate
from crm_core.model.request import Category, Request
from crm_core.model.timeline import EntryKind
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.factories import make_clerk, make_contact, submit

Install = Callable[..., list[Candidate]]
OpenWith = Any
"""The fixture ``open_with``: opens, and closes before its time."""


def counts(app: App) -> dict[str, int]:
    """How much of everything is stored."""
    with app.reading() as services:
        root = services.root
        rows = root.collections.get("careless.rows")
        entries = sum(len(segment.items) for stream in root.journal for segment in stream.segments.values())
        return {"requests": len(root.requests), "codes": len(root.indexes.codes), "journal": entries,
                "rows": 0 if rows is None else len(rows.items), "work": sum(map(len, root.unit_work.values()))}


def send(app: App, word: str) -> int:
    """Register a request of the careless plugin; its id."""
    clerk = make_clerk(app, f"clerk{counts(app)['journal']}")

    def work(services: Services) -> int:
        contact = next(services.root.contacts.values(), None) or make_contact(services)
        return submit(services, contact, "careless.thing", {"word": word}).id

    return app.run(work, clerk)


def test_a_veto_reaches_the_clerk_as_it_was_said(install: Install, open_with: OpenWith) -> None:
    """§7: a refusal in words passes, tied to its field, and is nobody's failure."""
    app = open_with(install("good"))
    with pytest.raises(Veto) as refused:
        app.run(lambda services: submit(services, make_contact(services), "good.tree",
                                        {"kind": "elm", "place": "the middle of the road"}))
    assert (refused.value.message, refused.value.field) == ("A tree needs earth around it.", "place")
    assert counts(app)["requests"] == 0
    assert app.host.plugins["good"].failures == 0
    id_ = app.run(lambda services: submit(services, make_contact(services), "good.tree",
                                          {"kind": "elm", "place": "the yard"}).id)
    with pytest.raises(Veto, match="autumn"):
        app.run(lambda services: services.requests.change_status(
            services, services.requests.get(id_), "planted", "in winter"))
    with app.reading() as services:
        assert services.requests.get(id_).status == "asked"


def test_a_crash_before_saving_names_the_plugin_and_stores_nothing(install: Install, open_with: OpenWith) -> None:
    """§7: not even what the plugin wrote itself before it crashed."""
    app = open_with(install("careless", "good"))
    id_ = send(app, "fine")
    before = counts(app)
    with pytest.raises(PluginFailed) as failed:
        app.run(lambda services: submit(services, make_contact(services), "careless.thing", {"word": "crash"}))
    assert (failed.value.plugin, failed.value.hook) == ("careless", "before_submit")
    assert counts(app) == before
    with pytest.raises(PluginFailed) as failed:
        app.run(lambda services: services.requests.change_status(
            services, services.requests.get(id_), "done", "crash"))
    assert failed.value.hook == "before_status"
    assert counts(app) == before
    with app.reading() as services:
        assert services.requests.get(id_).status == "new"
    plugin = app.host.plugins["careless"]
    assert plugin.failures == 2
    assert "ZeroDivisionError" in plugin.reason
    assert "sample_careless.py" in plugin.trace
    assert app.host.failed() == []  # it runs on: only this save failed
    send(app, "fine again")


def test_a_conflict_inside_a_hook_is_tried_again_and_is_nobodys_failure(install: Install, open_with: OpenWith) -> None:
    """§7, §5.9: hooks are pure, since they run again; what failed tries wrote is gone."""
    app = open_with(install("careless"))
    send(app, "conflict")
    assert sys.modules["sample_careless"].TRIES.count("conflict") == 3
    assert counts(app)["requests"] == counts(app)["rows"] == 1
    with pytest.raises(TransientError):
        send(app, "always conflict")
    assert counts(app)["requests"] == counts(app)["rows"] == 1
    assert app.host.plugins["careless"].failures == 0


def test_a_line_that_fails_is_left_out_of_the_page(install: Install, open_with: OpenWith) -> None:
    """§7: pages are isolated."""
    app = open_with(install("good", "careless"))

    def lines(services: Services, request: Request) -> list[Any]:
        return [services.context.host.ask("timeline_entry", request.type, services=services, request=request,
                                          event=event) for event in request.events.values()]

    def work(services: Services) -> tuple[list[Any], list[Any]]:
        contact = make_contact(services)
        good = submit(services, contact, "good.tree", {"kind": "plane", "place": "x"})
        return lines(services, good), lines(services, submit(services, contact, "careless.thing", {"word": "fine"}))

    assert app.run(work) == (["plane!"], [None])
    assert app.host.plugins["careless"].failures == 1
    assert "timeline_entry: KeyError" in app.host.plugins["careless"].reason
    assert app.host.plugins["good"].failures == 0


def test_requests_of_an_absent_plugin_stay_readable_and_answerable(install: Install, open_with: OpenWith) -> None:
    """§5.2: parked. Texts, statuses and answers come from what was stored; the plugin is asked nothing."""
    candidates = install("good")
    app = open_with(candidates)
    clerk = make_clerk(app)

    def work(services: Services) -> tuple[int, int]:
        contact = make_contact(services, phone="+989121112233")
        return contact.id, submit(services, contact, "good.tree", {"kind": "elm", "place": "the yard"}).id

    contact_id, id_ = app.run(work, clerk)
    open_with.close(app)
    parked = open_with([])
    assert parked.host.of_type("good.tree") is None
    with parked.reading(clerk) as services:
        request = services.requests.get(id_)
        assert request.version.labels == {"fa": "A tree", "en": "A tree"}
        assert [status.labels["en"] for status in request.version.statuses] == ["Asked for", "Planted"]
        assert request.submission is not None
        assert request.submission.answers["kind"] == {"value": "elm", "text": {"fa": "Elm", "en": "Elm"}}
        form = services.forms.form_version(request.submission.form)
        assert form is not None
        place = form.field("place")
        assert place is not None
        assert (place["labels"]["en"], place["personal"], place["on_erase"]) == ("Place", True, "remove")
        assert (place["on_merge"], place["on_export"], place["expires_days"]) == ("keep", "include", None)
        page = services.timeline.page([services.contacts.get(contact_id)])
        assert [row.request.id for row in page.rows if hasattr(row, "request")] == [id_]
        assert [hit.id for hit in services.finder.find(request.code).hits] == [id_]

    def answer(services: Services) -> None:
        request = services.requests.get(id_)
        services.requests.assign(request, unit=services.units.add("Gardens").id)
        services.requests.change_status(services, request, "planted", "in winter")

    parked.run(answer)  # as the system: the plugin's own veto is not asked while it is away
    with parked.reading(clerk) as services:
        request = services.requests.get(id_)
        assert (request.status, Category(request.category)) == ("planted", Category.DONE)
        assert [event.kind for event in request.events.values()] == [
            EntryKind.REGISTERED, EntryKind.ASSIGNED, EntryKind.STATUS]
    with pytest.raises(Invalid, match="does not exist for this kind"):
        parked.run(lambda services: services.requests.change_status(services, services.requests.get(id_), "invented"))
    open_with.close(parked)
    back = open_with(candidates)
    with back.reading(clerk) as services:
        assert services.requests.get(id_).status == "planted"


def test_two_applications_live_side_by_side(install: Install, open_with: OpenWith) -> None:
    """§2: no module-global state; each has its own plugins, permissions and data."""
    candidates = install("good", "careless")
    one = open_with([candidate for candidate in candidates if candidate.id == "good"], folder="one")
    two = open_with([candidate for candidate in candidates if candidate.id == "careless"], folder="two")
    assert "good.tree" in one.registry.types
    assert "good.tree" not in two.registry.types
    expert_one = make_clerk(one, roles=[Role.EXPERT])
    expert_two = make_clerk(two, roles=[Role.EXPERT])
    assert expert_one.has("good.plant")
    assert not expert_two.has("good.plant")
    one.run(lambda services: submit(services, make_contact(services), "good.tree", {"kind": "elm", "place": "x"}))
    assert counts(one)["requests"] == 1
    assert counts(two)["requests"] == 0
    with pytest.raises(PluginFailed):
        two.run(lambda services: submit(services, None, "careless.thing", {"word": "crash"}))
    assert one.host.plugins["good"].failures == 0


def test_choices_made_for_one_clerk_are_not_shown_to_the_next(install: Install, open_with: OpenWith) -> None:
    """§2: colander shares the nodes of a class; what depends on who asks must not stay in them."""
    app = open_with(install("good"))
    seen = []
    for login in ("maryam", "reza"):
        with app.reading(make_clerk(app, login)) as services:
            schema = services.forms.schema("good.tree", services)
            seen.append(dict(schema["wish"].choices)["today"])
    assert seen == ["Today, maryam", "Today, reza"]
    assert callable(app.registry.types["good.tree"].type.form()["wish"].choices)

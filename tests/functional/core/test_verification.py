"""``crm check`` finds each kind of damage by name, and ``--repair`` mends what is derived, from the objects alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from BTrees.LOBTree import LOBTree
from ZODB.utils import p64, u64

from crm_core import builtin
from crm_core.api import Collection, Services, hookimpl
from crm_core.app import App
from crm_core.checks import check_app, derived, repair
from crm_core.model.root import ROOT_KEY
from crm_core.testing.factories import make_contact, submit

NOTES = Collection("kept.notes", "Notes", exact=("word",), ranges=("day",), unique=("number",), person="who",
                   on_erase="remove", on_merge="keep", on_export="include", expires_days=0,
                   fields=(("word", "Word"),))


def kept() -> ModuleType:
    module = ModuleType("kept")
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [NOTES]))
    return module


@pytest.fixture
def city(open_app: Callable[..., App]) -> App:
    """A little of everything, in order."""
    app = open_app({"kept": kept()})

    def work(services: Services) -> None:
        unit = services.units.add("Roads")
        user = services.users.add("sara", name="Sara", password="a long password", units=(unit.id,))
        for number in range(3):
            contact = make_contact(services)
            services.contacts.add_identifier(contact, "email", f"someone{number}@example.org")
            request = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=unit.id,
                             assignee=user.id if number else None,
                             attachments=(services.attachments.store("a.txt", "text/plain", BytesIO(b"words")),))
            services.interactions.log(contact, channel="phone", direction="in", body="Hello", requests=(request,))
            services.collections["kept.notes"].add({"word": "x", "day": "2026-01-01", "number": number,
                                                    "who": contact.id})
        services.requests.change_status(services, request, "answered")
        services.interactions.log(None, channel="phone", direction="in", body="Somebody called")

    app.run(work)
    return app


def first(tree: Any) -> Any:
    return next(iter(tree.values()))


def stop_finding_names(root: Any) -> None:
    contact = first(root.contacts)
    for rows in (root.indexes.names, root.indexes.heard):
        for key, id_ in [row for row in rows.rows() if row[1] == contact.id]:
            rows.discard(key, id_)


def empty_lists(root: Any) -> None:
    for work in root.unit_work.values():
        for id_, _mark in list(work.marks()):
            work.discard(id_)


def wrong_header(root: Any) -> None:
    work = first(root.unit_work)
    work.put(next(work.headers())._replace(status="elsewhere"))


def all_listed_for_one(root: Any) -> None:
    one, other = first(root.user_work), first(root.unit_work)
    for header in other.headers():
        one.put(header)


def others_open(root: Any) -> None:
    everything = {id_: header for one in root.contacts.values() for id_, header in one.open.items()}
    for one in root.contacts.values():
        one.open.update(everything)


def empty_histories(root: Any) -> None:
    for contact in root.contacts.values():
        contact.timeline.clear()


def somebody_elses_history(root: Any) -> None:
    one, other = list(root.contacts.values())[:2]
    for key, header in list(other.timeline.items()):
        one.timeline[key] = header


def nobody_knows(root: Any) -> None:
    for id_ in list(root.unidentified):
        del root.unidentified[id_]


def no_touches(root: Any) -> None:
    for request in root.requests.values():
        request.touches.clear()


def no_claims(root: Any) -> None:
    store = root.collections["kept.notes"]
    for index in (*store.exact.values(), *store.ranges.values(), *store.unique.values()):
        for item in store.items.values():
            for value in item.data.values():
                index.discard(value, item.id)


DAMAGE: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "names": (stop_finding_names, {"names", "names as heard"}),
    "strange name": (lambda root: root.indexes.names.add("nobody", first(root.contacts).id), {"names"}),
    "phones": (lambda root: [root.indexes.phones.discard(*row) for row in [*root.indexes.phones.rows()]], {"phones"}),
    "e-mails": (lambda root: [root.indexes.identifiers.__delitem__(key) for key in list(root.indexes.identifiers)],
                {"identifiers"}),
    "holder who is gone": (lambda root: root.indexes.hold("email", "x@example.org", 7), {"identifiers"}),
    "codes": (lambda root: [root.indexes.codes.__delitem__(key) for key in list(root.indexes.codes)], {"codes"}),
    "logins": (lambda root: root.logins.clear(), {"logins"}),
    "requests of contacts": (lambda root: [one.requests.clear() for one in root.contacts.values()], {"requests"}),
    "work": (empty_lists, {"work"}),
    "old header": (wrong_header, {"work"}),
    "strange work": (all_listed_for_one, {"work"}),
    "closed": (lambda root: root.closed.clear(), {"work"}),
    "open of contacts": (lambda root: [one.open.clear() for one in root.contacts.values() if one.open], {"work"}),
    "open of somebody else": (others_open, {"work"}),
    "histories": (empty_histories, {"history"}),
    "history of somebody else": (somebody_elses_history, {"history"}),
    "unidentified": (nobody_knows, {"unidentified"}),
    "touches": (no_touches, {"requests"}),
    "collections": (no_claims, {"collections"}),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_derived_is_missed_by_name_and_mended(city: App, name: str) -> None:
    damage, checks = DAMAGE[name]
    before = told(city)
    city.run(lambda services: damage(services.root))
    with city.reading() as services:
        found = list(derived(services.root))
    assert {one.check for one in found} == checks
    assert all(one.mend is not None for one in found)
    assert set(repair(city)) == checks
    assert told(city) == before
    assert repair(city) == {}  # nothing is left


def told(app: App) -> list[Any]:
    """What people see of everything that was damaged."""
    with app.reading() as services:
        rows: list[Any] = []
        for contact in services.root.contacts.values():
            page = services.timeline.page([contact])
            rows.append(sorted(getattr(entry, "thing", entry).id for entry in page.rows))
            rows.append([one.id for one in contact.requests.values()])
            rows.append(list((contact.open or {}).items()))
        rows += [work.header(id_) for work in services.root.unit_work.values() for id_, _mark in sorted(work.marks())]
        notes = services.collections["kept.notes"]
        rows += [sorted(item.id for item in notes.where("word", "x")), [item.id for item in notes.between("day")]]
        return [*rows, [item is not None and item.id for item in map(partial(notes.holder, "number"), range(3))]]


def test_what_is_in_order_is_said_to_be(city: App) -> None:
    assert check_app(city, whole_files=True)["problems"] == []
    assert repair(city) == {}


def test_a_reference_into_nothing_is_named_and_ends_the_look(city: App) -> None:
    with city.db.transaction() as connection:
        lost = LOBTree()
        lost._p_jar, lost._p_oid = connection, p64(1 << 40)
        lost._p_deactivate()
        contact = first(connection.root()[ROOT_KEY].contacts)
        holder = f"{u64(contact._p_oid):#x}"
        contact.headers = lost
    found = [one["message"] for one in check_app(city)["problems"]]
    assert found == [f"record {holder} refers to 1 that are missing: {1 << 40:#x}"]


@pytest.mark.file_storage  # on a server such a file is one of a cache
def test_a_file_that_is_gone_or_changed_is_named(city: App) -> None:
    with city.reading() as services:
        requests = list(services.root.requests.values())
        blobs = [Path(request.attachments[0].blob.committed()) for request in requests]
    blobs[0].unlink()
    blobs[1].chmod(0o600)
    blobs[1].write_bytes(b"sword")
    blobs[2].chmod(0o600)
    blobs[2].write_bytes(b"longer words")
    found = {one["message"].partition(" of ")[2] for one in check_app(city)["problems"]}
    assert found == {f"request {requests[0].id} is missing", f"request {requests[2].id} has 12 bytes, not 5"}
    thorough = {one["message"].partition(" of ")[2] for one in check_app(city, whole_files=True)["problems"]}
    assert thorough - found == {f"request {requests[1].id} is not what was sent (its digest differs)"}
    assert repair(city) == {}

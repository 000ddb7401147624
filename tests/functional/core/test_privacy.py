"""Erasure: gone from objects, audit, indexes and journal at once, from history after a pack (architecture §5.13)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from crm_core import api, builtin, journal
from crm_core.app import App
from crm_core.guard import records
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.documents import changed
from crm_core.testing.factories import make_clerk, make_contact, submit

SECRETS = ("SecretName", "09127770001", "9127770001", "secret@example", "SecretText", "SecretNote", "SecretTitle",
           "SecretStreet", "SecretAnswer", "SecretFile", "SecretRow", "SecretReason", "SecretOld", "SecretPlugin",
           "SecretCustomer", "SecretRelation")


class Form(api.Form):
    """Some answers are personal, some are facts of the case."""

    kind = api.fields.choice("Kind", (("a", "Kind A"), ("b", "Kind B")))
    whose = api.fields.text("Whose", personal=True)
    remark = api.fields.text("Remark", on_erase="remove", required=False)


def plugin() -> dict[str, ModuleType]:
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("things.thing", "Thing", Form, (
            api.Status("new", api.Category.NEW, "New"), api.Status("done", api.Category.DONE, "Done")))
        yield api.Collection("things.removed", "Removed", exact=("word",), unique=("key",), person="who",
                             on_erase="remove", fields=(("word", "Word"),),
                             on_merge="keep", on_export="include", expires_days=0)
        yield api.Collection("things.unlinked", "Unlinked", exact=("word",), person="who",
                             on_erase="unlink", fields=(("word", "Word"),),
                             on_merge="keep", on_export="include", expires_days=0)

    module.contribute = contribute  # type: ignore[attr-defined]
    return {"things": module}


@pytest.fixture
def filled(open_app: Callable[..., App]) -> tuple[App, dict[str, int]]:
    """One citizen all over the house, and a neighbour who must keep everything."""
    app = open_app(plugin())
    clerk = make_clerk(app, "clerk")

    def work(services: Services) -> dict[str, int]:
        one = services.contacts.create(
            name="SecretName", given="SecretOld", notes="SecretText",
            identifiers=[("phone", "09127770001"), ("email", "secret@example.org")],
            addresses=[{"line": "SecretStreet"}], external="contact:file:SecretCustomer",
        )
        services.root.indexes.external["contact:file:SecretCustomer"] = (one.id, "digest")
        services.contacts.edit(one, {"notes": "SecretText two", "given": "SecretName"})
        two = make_contact(services, "neighbour", phone="+989120000001")
        three = make_contact(services, "third")
        services.contacts.relate(two, one, "sibling", "SecretRelation")
        services.contacts.relate(two, three, "spouse", "kept note")
        services.linking.link(one, two, "SecretReason")
        services.linking.link(two, three, "kept reason")
        group = services.linking.link(one, three, "SecretReason")
        services.linking.unlink(group.links[-1])
        file = services.attachments.store("SecretFile.pdf", "application/pdf", io.BytesIO(b"SecretFile" * 1000))
        services.interactions.log(one, channel="phone", body="SecretText", address="09127770001", attachments=(file,))
        kept = services.interactions.log(two, channel="phone", body="kept call")
        answers = {"kind": "a", "whose": "SecretAnswer", "remark": "SecretAnswer"}
        request = submit(services, one, "things.thing", answers,
                         title="SecretTitle", text="SecretText", attachments=(file,))
        services.requests.edit(request, {"title": "SecretTitle two"})
        services.requests.change_status(services, request, "done", "SecretNote", data={"more": "SecretPlugin"})
        open_ = submit(services, one, builtin.GENERAL, {"category": "service", "place": "SecretStreet"})
        other = submit(services, two, builtin.GENERAL, {"category": "service", "place": "kept place"})
        services.collections["things.removed"].add({"who": one.id, "word": "SecretRow", "key": "SecretRow"})
        services.collections["things.unlinked"].add({"who": str(one.id), "word": "kept row"})
        services.collections["things.unlinked"].add({"who": two.id, "word": "kept row"})
        unknown = services.interactions.log(None, channel="phone", body="SecretText")
        services.interactions.identify(unknown, one)
        return {"one": one.id, "two": two.id, "three": three.id, "request": request.id, "open": open_.id,
                "other": other.id, "call": kept.id}

    return app, app.run(work, clerk)


def stored(app: App) -> bytes:
    """All that the storage holds now, object by object."""
    return b"".join(record for _oid, record in records(app.db.db.storage))


@pytest.mark.parametrize("parked", [False, True], ids=["with its plugin", "without its plugin"])
def test_erasure_leaves_nothing_of_the_person_and_all_of_the_others(
    filled: tuple[App, dict[str, int]], parked: bool
) -> None:
    """§5.13, §5.2, §5.3: also for requests and records of a plugin that is not installed now."""
    app, ids = filled
    if parked:
        app = App.open(app.settings, [], database=app.db)
    before = stored(app)
    assert [secret for secret in SECRETS if secret.encode() not in before] in ([], ["9127770001"], ["09127770001"])
    with app.reading() as services:
        end = journal.end(services.root)
    done = app.run(lambda services: services.privacy.erase(services.contacts.get(ids["one"])))
    assert done == {"interactions": 2, "requests": 2, "items": 2}
    with app.reading() as services:
        look_at_what_is_left(services, ids)
        entries, _cursor = journal.read(services.root, end, 100)
        assert {entry.kind for entry in entries} == {
            "interaction.erased", "request.erased", "collection.erased", "contact.unlinked", "contact.erased"}
        assert all(entry.fields == () for entry in entries)
        upserts, deletes = changed(services.root, entries)  # what full text learns from it
        assert ("contact", ids["one"]) in deletes
        assert len(deletes) == 3
        words = " ".join(f"{one.title} {one.body} {one.codes}" for one in upserts)
        assert not any(secret in words for secret in SECRETS)
    app.db.db.pack()
    after = stored(app)
    assert [secret for secret in SECRETS if secret.encode() in after] == []
    for kept in ("kept note", "kept reason", "kept call", "kept place", "kept row", "neighbour"):
        assert kept.encode() in after, kept
    blobs = [path for path in (app.settings.data / "blobs").rglob("*") if path.is_file() and path.suffix == ".blob"]
    assert not any(b"SecretFile" in path.read_bytes() for path in blobs)


def look_at_what_is_left(services: Services, ids: dict[str, int]) -> None:
    root = services.root
    assert ids["one"] not in root.contacts
    assert ids["one"] in root.tombstones
    assert len(root.interactions) == 1
    for query in ("SecretName", "09127770001", "0912777", "secret@example.org", "SecretText", "SecretOld"):
        assert services.finder.find(query).hits == [], query
    assert "contact:file:SecretCustomer" not in root.indexes.external
    case, open_, other = (services.requests.get(ids[name]) for name in ("request", "open", "other"))
    assert (case.contact, case.title, case.text, case.attachments) == (None, "Thing", "", ())
    assert case.submission is not None
    assert case.submission.answers == {"kind": {"value": "a", "text": {"fa": "Kind A", "en": "Kind A"}}}
    assert case.status == "done"
    assert [event.data for event in case.events.values()][-1] == {"from": "new", "to": "done"}
    assert [sorted(row["changes"]) for row in case.audit.values()] == [[], ["category", "closed", "status"]]
    assert services.requests.by_code(case.code) is case
    work = services.requests.work()
    assert work is not None
    assert set(work.by_due()) == {open_, other}
    assert other.submission is not None
    assert other.submission.answers["place"]["value"] == "kept place"
    two, three = services.contacts.get(ids["two"]), services.contacts.get(ids["three"])
    assert [one.kind for one in two.relations] == ["spouse"]
    assert two.group is three.group is not None
    assert [link.reason for link in two.group.links] == ["kept reason"]  # type: ignore[union-attr]
    unlinked = root.collections["things.unlinked"]
    assert sorted((item.data["who"] is None) for item in unlinked.items.values()) == [False, True]
    assert len(root.collections["things.removed"].items) == 0


def test_the_claims_of_erased_records_are_free_again(filled: tuple[App, dict[str, int]]) -> None:
    app, ids = filled
    app.run(lambda services: services.privacy.erase(services.contacts.get(ids["one"])))
    app.run(lambda services: services.collections["things.removed"].add({"key": "SecretRow"}))
    with app.transaction() as services:
        item = next(services.collections["things.removed"].where("word", "SecretRow"), None)
        assert item is None


def test_others_may_be_erased_after_the_first(filled: tuple[App, dict[str, int]]) -> None:
    app, ids = filled
    for name in ("two", "one", "three"):
        app.run(lambda services, name=name: services.privacy.erase(services.contacts.get(ids[name])))
    with app.reading() as services:
        assert len(services.root.contacts) == len(services.root.interactions) == 0
        assert len(services.root.tombstones) == 3 + 3
        assert len(services.root.requests) == 3


def test_only_who_runs_the_installation_may_erase(filled: tuple[App, dict[str, int]]) -> None:
    app, ids = filled
    for role in Role:
        identity = make_clerk(app, f"new-{role}", roles=[role])
        work: Any = lambda services: services.privacy.erase(services.contacts.get(ids["three"]))  # noqa: E731
        if role is Role.ADMINISTRATOR:
            assert app.run(work, identity)["interactions"] == 0
        else:
            with pytest.raises(api.Forbidden):
                app.run(work, identity)

"""Requests: form versions, statuses, work lists, stale changes (architecture §5.2, §5.5, §5.8, §5.10, §5.13)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from crm_core import api, builtin, journal
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, NotFound, StaleChange
from crm_core.model.ids import MAX_ID
from crm_core.model.request import Category, Priority, Request
from crm_core.model.timeline import EntryKind
from crm_core.security.identity import SYSTEM
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.forms import deserialize
from crm_core.services.worklists import Place
from crm_core.testing.factories import candidate, make_clerk, make_contact, submit
from crm_core.text.tracking import group_code, is_code

DAY = 86_400_000
STATUSES = (api.Status("new", api.Category.NEW, "New"), api.Status("open", api.Category.OPEN, "In work"),
            api.Status("waiting", api.Category.WAITING, "Waits"), api.Status("done", api.Category.DONE, "Done"),
            api.Status("gone", api.Category.CANCELLED, "Gone"))


def plugin(form: type[api.Form], title: str = "Thing", statuses: tuple[api.Status, ...] = STATUSES) -> ModuleType:
    """A plugin ``things`` with one request type of that form."""
    module = ModuleType("things")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("things.thing", title, form, statuses, due_days=10)

    module.contribute = contribute  # type: ignore[attr-defined]
    return module


class First(api.Form):
    """The first version of a form."""

    colour = api.fields.choice("Colour", (("r", "Red"), ("b", "Blue")))
    wishes = api.fields.choices("Wishes", (("q", "Quick"), ("c", "Cheap")), required=False)
    day = api.fields.date("Day", required=False, personal=True, expires_days=90)
    again = api.fields.boolean("Again")
    who = api.fields.text("Who", required=False, on_merge="ask", on_export="omit", on_erase="remove")
    number = api.fields.integer("Number", required=False, least=1, most=9)


class Second(api.Form):
    """A later version: a colour was renamed, another came, a field is gone."""

    colour = api.fields.choice("Hue", (("r", "Crimson"), ("b", "Blue"), ("g", "Green")))


ANSWERS = {"colour": "r", "wishes": ["q", "c"], "day": "2026-11-22", "again": "true", "who": "علی", "number": "3"}


# ── forms, versions, submissions ─────────────────────────────────────────────────────────────────────────────


def test_a_submission_keeps_the_value_and_the_text_shown_then(open_app: Any) -> None:
    """§5.2: plain values, dates as ISO text, the words of choices; later versions of the form change nothing of it."""
    app = open_app({"things": plugin(First)})

    def work(services: Services) -> Request:
        return submit(services, make_contact(services), "things.thing", ANSWERS)

    with app.transaction() as services:
        request = work(services)
        id_, submission = request.id, request.submission
        assert submission is not None
        both = {"fa": "Red", "en": "Red"}
        assert submission.answers == {
            "colour": {"value": "r", "text": both},
            "wishes": {"value": ["c", "q"], "text": [{"fa": "Cheap", "en": "Cheap"}, {"fa": "Quick", "en": "Quick"}]},
            "day": {"value": "2026-11-22"},
            "again": {"value": True, "text": {"fa": app.translator.translate(api.TextFactory("crm_core")("Yes"), "fa"),
                                              "en": "Yes"}},
            "who": {"value": "علی"}, "number": {"value": 3},
        }
    renamed = candidate("things", plugin(Second, "Thing, renamed"))
    later = App.open(app.settings, [renamed], database=app.db)
    with later.transaction() as services:
        newer = submit(services, None, "things.thing", {"colour": "g"})
        older = services.requests.get(id_)
        assert older.submission is not None and newer.submission is not None
        assert older.submission.answers["colour"]["text"]["en"] == "Red"
        old_form = services.forms.form_version(older.submission.form)
        new_form = services.forms.form_version(newer.submission.form)
        assert old_form is not None and new_form is not None
        assert [field["name"] for field in old_form.fields] == ["colour", "wishes", "day", "again", "who", "number"]
        assert [field["labels"]["en"] for field in new_form.fields] == ["Hue"]
        assert (older.version.labels["en"], newer.version.labels["en"]) == ("Thing", "Thing, renamed")
        assert services.root.current_types["things.thing"] == newer.version.id


def test_the_stored_definition_says_everything_the_core_must_know_later(open_app: Any) -> None:
    """§5.2: name, type, labels and static choices in all languages, order, personal, and what becomes of the answer."""
    app = open_app({"things": plugin(First)})
    with app.transaction() as services:
        request = submit(services, None, "things.thing", ANSWERS)
        assert request.submission is not None
        form = services.forms.form_version(request.submission.form)
        assert form is not None
        assert form.field("colour") == {
            "name": "colour", "type": "choice", "labels": {"fa": "Colour", "en": "Colour"}, "required": True,
            "personal": False, "on_erase": "keep", "on_merge": "keep", "on_export": "include", "expires_days": None,
            "choices": [["r", {"fa": "Red", "en": "Red"}], ["b", {"fa": "Blue", "en": "Blue"}]],
        }
        day, who = form.field("day"), form.field("who")
        assert day is not None and who is not None
        assert (day["personal"], day["on_erase"], day["expires_days"]) == (True, "remove", 90)
        assert (who["on_merge"], who["on_export"], who["on_erase"]) == ("ask", "omit", "remove")


def test_versions_are_addressed_by_their_content(open_app: Any) -> None:
    """§5.2: the same definition is the same version, in another application too; any change is a new one."""
    ids = set()
    forms = set()
    same, fewer = (First, "Thing", STATUSES), (First, "Thing", STATUSES[:4])
    for form, title, statuses in (same, same, fewer, (First, "Other", STATUSES), (Second, "Thing", STATUSES)):
        published = open_app({"things": plugin(form, title, statuses)}).registry.types["things.thing"]
        ids.add(published.version_id)
        forms.add(published.form_id)
    assert len(ids) == 4
    assert len(forms) == 2


def test_choices_that_depend_on_data_are_no_part_of_the_definition(open_app: Any) -> None:
    """§5.2: the *unbound* definition; else every new unit would make a new version of every form."""
    class Form(api.Form):
        unit = api.fields.unit("Unit")

    app = open_app({"things": plugin(Form)})
    app.run(lambda services: services.units.add("آب"))
    with app.transaction() as services:
        unit = services.units.all()[0]
        for _again in range(2):
            request = submit(services, None, "things.thing", {"unit": str(unit.id)})
            services.units.add(f"{len(services.units.all())}")
            assert request.submission is not None
            assert request.submission.answers["unit"]["text"]["fa"] == "آب"
        assert len(services.root.forms) == 1
        form = next(services.root.forms.values())
        assert "choices" not in form.fields[0]
        with pytest.raises(Invalid, match="offered"):
            submit(services, None, "things.thing", {"unit": "12345"})


@pytest.mark.parametrize("answers", [
    {}, {"colour": ""}, {"colour": "x"}, {"colour": "r", "wishes": ["x"]}, {"colour": "r", "day": "yesterday"},
    {"colour": "r", "number": "0"}, {"colour": "r", "number": "1.5"}, {"colour": "r", "who": "x" * 201},
    {"colour": "r", "who": "\ud800"}, {"colour": "r", "number": "9" * 400},
], ids=lambda answers: repr(answers)[:40])
def test_answers_that_cannot_be_are_refused_by_field(open_app: Any, answers: dict[str, Any]) -> None:
    app = open_app({"things": plugin(First)})
    with app.reading() as services:
        with pytest.raises(Invalid) as refused:
            submit(services, None, "things.thing", answers)
        assert set(refused.value.errors) <= set(ANSWERS)
        assert all(refused.value.errors.values())


def test_a_type_that_is_not_installed_takes_no_request(app: App) -> None:
    with app.reading() as services, pytest.raises(NotFound):
        services.requests.register(services, None, "things.thing", {})


# ── codes and ids ────────────────────────────────────────────────────────────────────────────────────────────


def test_codes_are_unique_typeable_and_ids_are_drawn_again(app: App) -> None:
    """§5.5: a thousand requests of one millisecond get a thousand ids and codes."""
    def work(services: Services) -> list[Request]:
        values = deserialize(services.forms.schema(builtin.GENERAL, services), {"category": "service"})
        return [services.requests.register(services, None, builtin.GENERAL, values, at=1_600_000_000_000)
                for _ in range(1500)]

    with app.transaction() as services:
        requests = work(services)
        assert len({request.id for request in requests}) == len({request.code for request in requests}) == 1500
        for request in requests[:50]:
            assert 0 < request.id <= MAX_ID
            assert is_code(request.code)
            persian = group_code(request.code).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
            assert services.requests.by_code(persian) is request
        code = requests[0].code
        for wrong in ("", "123", "0000000000", code[:-1], code[:-1] + str(9 - int(code[-1])), "\ud800"):
            with pytest.raises(NotFound):
                services.requests.by_code(wrong)


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────


def listed(services: Services, request: Request) -> dict[str, bool]:
    """Where the request is listed now."""
    closed = [key for key, tree in services.root.closed.items() if request.id in tree]
    places = {f"unit {key}": True for key, work in services.root.unit_work.items() if request.id in work}
    places |= {f"user {key}": True for key, work in services.root.user_work.items() if request.id in work}
    return places | {f"closed {key}": True for key in closed}


def test_a_request_is_listed_where_it_is_in_the_same_transaction(app: App) -> None:
    """§5.8: only open work is in work lists; closed work lies by unit and month; nothing is listed twice."""
    expert = make_clerk(app, "expert", roles=[Role.EXPERT])
    roads, water = (app.run(lambda services, name=name: services.units.add(name).id) for name in ("راه", "آب"))
    with app.transaction() as services:
        request = submit(services, make_contact(services), builtin.GENERAL, {"category": "service"}, unit=roads)
        assert listed(services, request) == {f"unit {roads}": True}
        services.requests.assign(request, unit=water, assignee=expert.user_id)
        assert listed(services, request) == {f"unit {water}": True, f"user {expert.user_id}": True}
        services.requests.change_status(services, request, "working")
        services.requests.edit(request, {"due": services.now + 3 * DAY})
        work = services.requests.work(user=expert.user_id)
        assert work is not None
        assert [one.id for one in work.by_due()] == [request.id]
        closed = int(datetime(2026, 3, 31, 23, 59, tzinfo=UTC).timestamp() * 1000)
        services.requests.change_status(services, request, "answered", at=closed)
        assert listed(services, request) == {f"closed {(water, '2026-03')}": True}
        assert (request.closed, len(work)) == (closed, 0)
        services.requests.change_status(services, request, "cancelled", at=closed + 60_000)
        assert listed(services, request) == {f"closed {(water, '2026-04')}": True}
        services.requests.change_status(services, request, "working")  # opened again
        assert request.closed is None
        assert listed(services, request) == {f"unit {water}": True, f"user {expert.user_id}": True}
        services.requests.assign(request)
        assert listed(services, request) == {"unit 0": True}


def test_due_is_a_range_and_never_a_state(app: App) -> None:
    """§5.8: late is asked of the clock; nothing has to run at midnight."""
    with app.transaction() as services:
        due = [None, services.now - DAY, services.now - 1, services.now, services.now + 1, services.now + DAY]
        requests = [submit(services, None, builtin.IMPORTED, {}, title=str(number)) for number in range(len(due))]
        for request, moment in zip(requests, due, strict=True):
            services.requests.edit(request, {"due": moment})
        work = services.requests.work()
        assert work is not None
        assert [request.title for request in work.by_due()] == ["1", "2", "3", "4", "5", "0"]
        assert {header.request for header in work.headers()} == set(requests)
        tally = services.work.tally(Place(units=(0,)))
        assert (tally.late, tally.all) == (2, 6)
        assert len(work) == 6
        assert not any("late" in name or "overdue" in name for name in vars(requests[1]))


def test_an_edit_touches_the_lists_only_when_the_request_moves(app: App) -> None:
    """§5.10: only what changed is written; two clerks of one unit do not meet in its list for nothing."""
    with app.transaction() as services:
        id_ = submit(services, None, builtin.GENERAL, {"category": "service"}).id
    with app.db.transaction() as connection:
        services = app.services(connection.root()["crm"], SYSTEM)
        services.requests.edit(services.requests.get(id_), {"title": "دیگر"})
        written = {type(thing).__module__ + "." + type(thing).__name__ for thing in connection._registered_objects}
        assert written <= {"crm_core.model.request.Request", "crm_core.model.journal.Segment",
                           "BTrees.LOBTree.LOBTree"}  # its own events and audit
        work = services.requests.work()
        assert work is not None
        assert not any(part._p_changed for parts in (work._open, work._marks) for part in parts)


def test_statuses_follow_the_requests_own_version(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, make_contact(services), builtin.GENERAL, {"category": "service"})
        for wrong in ("invented", "", "new"):
            with pytest.raises(Invalid):
                services.requests.change_status(services, request, wrong)
        for note, at in (("x" * 20_001, None), ("x\ud800", None), ("", services.now + 2 * DAY), ("", -1)):
            with pytest.raises(Invalid):
                services.requests.change_status(services, request, "working", note, at=at)
        assert (request.status, request.revision, len(request.events)) == ("new", 1, 1)
        services.requests.change_status(services, request, "answered", "  انجام شد ")
        event = list(request.events.values())[-1]
        assert event.data == {"from": "new", "to": "answered", "note": "انجام شد"}
        assert (request.category, event.kind) == (Category.DONE, EntryKind.STATUS)


@pytest.mark.parametrize("more", [
    {"title": "x" * 201}, {"title": "a\ud800"}, {"text": "x" * 20_001}, {"channel": "pigeon"}, {"priority": "extreme"},
    {"unit": 5}, {"assignee": 5}, {"due": -1}, {"due": 1 << 70}, {"at": -1}, {"at": 1 << 62},
], ids=lambda more: repr(more)[:30])
def test_a_request_that_cannot_be_is_refused_by_field(app: App, more: dict[str, Any]) -> None:
    with app.transaction() as services:
        with pytest.raises(Invalid) as refused:
            submit(services, None, builtin.GENERAL, {"category": "service"}, **more)
        assert set(refused.value.errors) == set(more)
        assert len(services.root.requests) == len(services.root.indexes.codes) == 0


@pytest.mark.parametrize("values", [{"title": " "}, {"title": "x" * 201}, {"priority": "x"}, {"confidentiality": "x"},
                                    {"due": "tomorrow"}, {"due": True}, {"text": "\ud800"}], ids=repr)
def test_an_edit_that_cannot_be_is_refused_by_field(app: App, values: dict[str, Any]) -> None:
    with app.transaction() as services:
        request = submit(services, None, builtin.GENERAL, {"category": "service"})
        with pytest.raises(Invalid) as refused:
            services.requests.edit(request, values)
        assert set(refused.value.errors) == set(values)
        assert request.revision == 1
        with pytest.raises(TypeError):
            services.requests.edit(request, {"code": "1"})


def test_stale_changes_of_a_request_show_both_versions(app: App) -> None:
    """§5.10: fields, status and receiver alike; what only one of the two touched is simply written."""
    roads, water = (app.run(lambda services, name=name: services.units.add(name).id) for name in ("راه", "آب"))
    expert = make_clerk(app, "expert", roles=[Role.EXPERT])
    with app.transaction() as services:
        request = submit(services, None, builtin.GENERAL, {"category": "service"}, title="الف", unit=roads)
        seen = {"title": "الف", "text": "", "priority": "normal"}
        services.requests.edit(request, {**seen, "title": "ب"}, seen)
        assert services.requests.edit(request, {**seen, "priority": Priority.HIGH}, seen) == ("priority",)
        assert (request.title, request.priority, type(request.priority)) == ("ب", "high", str)
        with pytest.raises(StaleChange) as stale:
            services.requests.edit(request, {**seen, "title": "پ", "text": "متن"}, seen)
        assert (stale.value.theirs, stale.value.mine) == ({"title": "ب"}, {"title": "پ"})
        assert request.text == ""
        services.requests.change_status(services, request, "working", seen="new")
        with pytest.raises(StaleChange) as stale:
            services.requests.change_status(services, request, "cancelled", seen="new")
        assert (stale.value.theirs, stale.value.mine) == ({"status": "working"}, {"status": "cancelled"})
        before = {"unit": roads, "assignee": None}
        services.requests.assign(request, unit=water, seen=before)
        with pytest.raises(StaleChange) as stale:
            services.requests.assign(request, unit=None, seen=before)
        assert stale.value.theirs == {"unit": water}
        services.requests.assign(request, unit=roads, assignee=expert.user_id, seen=before)  # means the assignee only
        assert (request.unit, request.assignee) == (water, expert.user_id)


def test_the_audit_of_a_request_holds_old_and_new_and_the_journal_names_only(app: App) -> None:
    """§5.13"""
    clerk = make_clerk(app, "maryam")
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), builtin.GENERAL, {"category": "service"}, title="راز یک",
                         text="متن پنهان")
        services.requests.edit(request, {"title": "راز دو"})
        services.requests.change_status(services, request, "working", "یادداشت پنهان")
        assert [(row["by"], row["action"], row["changes"]) for row in request.audit.values()] == [
            (clerk.user_id, "change", {"title": ["راز یک", "راز دو"]}),
            (clerk.user_id, "status", {"status": ["new", "working"], "category": ["new", "open"]}),
        ]
        entries, _cursor = journal.read(services.root, journal.Cursor(), 1000)
        assert [(entry.kind, entry.fields) for entry in entries if entry.subject == ("request", request.id)] == [
            ("request.created", ()), ("request.changed", ("title",)), ("request.status", ("status",))]


def test_the_journal_of_everything_holds_no_word_of_anybody(app: App) -> None:
    """§5.13: looked for in the stored bytes of every entry."""
    secrets = ["SecretName", "0912777", "secret@example.org", "SecretText", "SecretNote", "SecretTitle", "SecretStreet"]
    clerk = make_clerk(app, "clerk", name="SecretClerk")

    def work(services: Services) -> None:
        contact = make_contact(services, "SecretName", phone="+989127770001", notes="SecretText")
        services.contacts.add_identifier(contact, "email", "secret@example.org")
        services.contacts.edit(contact, {"name": "SecretName two", "addresses": [{"line": "SecretStreet"}]})
        services.linking.link(contact, make_contact(services), "SecretNote")
        services.interactions.log(contact, channel="phone", body="SecretText", address="0912777")
        request = submit(services, contact, builtin.GENERAL, {"category": "service", "place": "SecretStreet"},
                         title="SecretTitle", text="SecretText")
        services.requests.change_status(services, request, "working", "SecretNote")
        services.requests.edit(request, {"title": "SecretTitle two"})
        services.users.add("SecretLogin", name="SecretClerk two", password="SecretWord", hash_cost=1)

    app.run(work)
    app.run(lambda services: services.interactions.log(None, channel="phone", body="SecretText"), clerk)
    with app.db.reading() as connection:
        root = connection.root()["crm"]
        streams = [*root.journal, root.bulk_journal]
        stored = [entry for stream in streams for segment in stream.segments.values()
                  for entry in (segment, *segment.items)]
        raw = b"".join(connection._storage.load(thing._p_oid)[0] for thing in stored)
        assert len(stored) > 25
        assert b"contact.changed" in raw
        for secret in [*secrets, "SecretClerk", "SecretLogin", "SecretWord"]:
            assert secret.encode() not in raw


def test_who_may_change_requests(app: App) -> None:
    admin = make_clerk(app, "admin", roles=[Role.ADMINISTRATOR])
    id_ = app.run(lambda services: submit(services, None, builtin.GENERAL, {"category": "service"}).id)
    verbs: list[Any] = [
        lambda s: submit(s, None, builtin.GENERAL, {"category": "service"}),
        lambda s: s.requests.change_status(s, s.requests.get(id_), "working"),
        lambda s: s.requests.assign(s.requests.get(id_), unit=None),
        lambda s: s.requests.edit(s.requests.get(id_), {"title": "x"}),
    ]
    for verb in verbs:
        with pytest.raises(Forbidden):
            app.run(verb, admin)

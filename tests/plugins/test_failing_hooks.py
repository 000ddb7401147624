"""A plugin that writes something and then fails, in each hook there is: what the policy says happens, and nothing else.

No citizen's request is lost or half-stored by it, nothing of what the plugin wrote stays, and the plugin is named.
A hook that has no proof here fails the first test.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.contributions import Collection, DayTime, RequestType, Status
from crm_core.durations import DAY
from crm_core.errors import PluginFailed, Veto
from crm_core.fields import Form, text
from crm_core.hookspecs import Hooks
from crm_core.host import Candidate, Failure, State
from crm_core.model.request import Category
from crm_core.services import Services
from crm_core.services.daytimes import day_times
from crm_core.testing.factories import make_clerk, make_contact, submit

Made = Callable[..., Candidate]
OpenWith = Any
STATUSES = (Status("new", Category.NEW, "New"), Status("done", Category.DONE, "Done"))
RAISED: tuple[type[BaseException], ...] = (ZeroDivisionError, SystemExit, CancelledError)
"""The last two are no Exceptions; a task of asyncio that is given up raises the third."""


class ThingForm(Form):
    """One word."""

    word = text("Word", required=False)


@dataclass
class House:
    """A desk with the failing plugin ``crash`` and the good one ``fine``; one request of ``crash`` lies in it."""

    app: App
    unit: int
    contact: int
    other: int

    def run(self, work: Callable[[Services], Any]) -> Any:
        with self.app.reading() as services:
            clerk = services.users.identity(services.users.by_login("clerk"))  # type: ignore[arg-type]  # it is there
        return self.app.run(work, clerk)

    def register(self, type_id: str = "crash.thing") -> int:
        answers = {"category": "service"} if type_id == builtin.GENERAL else {"word": "x"}
        return int(self.run(lambda services: submit(
            services, services.contacts.get(self.contact), type_id, answers, text="سلام").id))

    def stored(self) -> dict[str, Any]:
        """All that a plugin's failure must not change."""
        with self.app.reading() as services:
            root = services.root
            return {
                "requests": {request.id: (request.title, request.status, request.revision)
                             for request in root.requests.values()},
                "codes": len(root.indexes.codes),
                "of the contact": len(services.contacts.get(self.contact).requests),
                "timeline": len(services.contacts.get(self.contact).timeline),
                "work": sum(map(len, root.unit_work.values())),
                "journal": sum(len(segment.items) for stream in root.journal for segment in stream.segments.values()),
                "linked": services.contacts.get(self.contact).group is not None,
                "rows": self.rows("crash"),
            }

    def rows(self, plugin: str) -> int:
        with self.app.reading() as services:
            store = services.root.collections.get(f"{plugin}.rows")
            return 0 if store is None else len(store.items)

    def failure(self) -> str:
        return self.app.host.plugins["crash"].reason


@pytest.fixture
def house(made: Made, open_with: OpenWith) -> Callable[..., House]:
    """``house(hook, error)``: with a plugin that writes and then raises ``error`` in ``hook``, once it is ``armed``."""

    def build(hook: str, error: type[BaseException]) -> House:
        armed: list[bool] = []

        def crash(services: Services) -> None:
            services.collections["crash.rows"].add({"half": "done"})
            if armed:
                raise error("the plugin fell over")

        kind = RequestType("crash.thing", "Thing", ThingForm, STATUSES, due_days=7)
        app = open_with([made("crash", kind, Collection("crash.rows", "Rows"), **{hook: crashing(hook, crash)}),
                         made("fine", Collection("fine.rows", "Rows"), **{hook: working(hook)})])
        unit = app.run(lambda services: services.units.add("پذیرش").id)
        make_clerk(app, units=[unit])
        contact, other = app.run(lambda services: (make_contact(services).id, make_contact(services).id))
        found = House(app, unit, contact, other)
        found.register()
        armed.append(True)
        return found

    return build


def working(hook: str) -> Callable[..., Any]:
    """The same hook of a plugin that is all right; where it may, it writes."""

    def write(services: Services) -> None:
        services.collections["fine.rows"].add({"all": "well"})

    return crashing(hook, write)


def crashing(hook: str, do: Callable[[Services], Any]) -> Callable[..., Any]:
    """``do(services)`` with the arguments of a hook."""
    hooks: dict[str, Callable[..., Any]] = {
        "assign": lambda services, draft: do(services),
        "due_date": lambda services, draft: do(services),
        "before_submit": lambda services, draft: do(services),
        "before_change": lambda services, request, changes: do(services),
        "before_status": lambda services, request, change: do(services),
        "contacts_merging": lambda services, kept, other: do(services),
        "export": lambda services, contact: do(services),
        "erase": lambda services, contact: do(services),
        "timeline_entry": lambda services, request, event: do(services),
        "day_times": lambda services, user_id, since, until: do(services),
    }
    return hooks[hook]


def first_request(services: Services) -> Any:
    return next(iter(services.root.requests.values()))


ABORTED: dict[str, Callable[[House], Any]] = {
    "before_submit": lambda house: house.register(),
    "before_change": lambda house: house.run(
        lambda services: services.requests.edit(first_request(services), {"title": "another"})),
    "before_status": lambda house: house.run(
        lambda services: services.requests.change_status(services, first_request(services), "done")),
    "contacts_merging": lambda house: house.run(
        lambda services: services.linking.link(services.contacts.get(house.contact),
                                               services.contacts.get(house.other), "the same")),
}
"""Hooks that are asked before something is stored, and what then is to be stored."""
DECISIONS = ("assign", "due_date")
ALONE = ("export", "erase")
PAGES = ("timeline_entry",)
DAY_LINE = ("day_times",)
START = ("contribute", "configure")


def test_every_hook_is_proven_here() -> None:
    hooks = {name for name in vars(Hooks) if not name.startswith("_")}
    assert {*ABORTED, *DECISIONS, *ALONE, *PAGES, *DAY_LINE, *START} == hooks


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", ABORTED)
def test_before_a_save_the_save_is_aborted_and_the_plugin_named(
    house: Callable[..., House], hook: str, error: type[BaseException]
) -> None:
    desk = house(hook, error)
    before = desk.stored()

    with pytest.raises(PluginFailed) as failed:
        ABORTED[hook](desk)

    assert (failed.value.plugin, failed.value.hook) == ("crash", hook)
    assert desk.stored() == before
    assert desk.failure() == f"{hook}: {error.__name__}: the plugin fell over"
    assert desk.app.host.plugins["crash"].state is State.ENABLED
    desk.register(builtin.GENERAL)


@pytest.mark.parametrize("hook", ABORTED)
def test_a_veto_passes_as_it_was_said(made: Made, open_with: OpenWith, hook: str) -> None:
    def refuse(services: Services) -> None:
        if armed:
            raise Veto("Not today.", "word")

    armed: list[bool] = []
    kind = RequestType("crash.thing", "Thing", ThingForm, STATUSES)
    app = open_with([made("crash", kind, **{hook: crashing(hook, refuse)})])
    make_clerk(app)
    desk = House(app, 0, *app.run(lambda services: (make_contact(services).id, make_contact(services).id)))
    desk.register()
    before = desk.stored()
    armed.append(True)

    with pytest.raises(Veto, match="Not today") as refused:
        ABORTED[hook](desk)

    assert refused.value.field == "word"
    assert desk.stored() == before
    assert app.host.plugins["crash"].failures == 0


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", DECISIONS)
def test_a_decision_that_fails_is_the_cores(
    house: Callable[..., House], hook: str, error: type[BaseException]
) -> None:
    desk = house(hook, error)
    rows = desk.rows("crash")

    id_ = desk.register()

    with desk.app.reading() as services:
        request = services.requests.get(id_)
        assert request.unit == desk.unit
        assert request.due == request.created + 7 * DAY
        assert id_ in services.contacts.get(desk.contact).requests
    assert desk.rows("crash") == rows
    assert desk.failure() == f"{hook}: {error.__name__}: the plugin fell over"


@pytest.mark.parametrize(("hook", "answer", "reason"), [
    ("assign", 12345, "there is no unit 12345"), ("assign", "streets", "there is no unit 'streets'"),
    ("assign", True, "there is no unit True"), ("assign", "closed", "is closed"),
    ("due_date", "soon", "'soon' is no moment"), ("due_date", -1, "-1 is no moment"),
    ("due_date", 1.5, "1.5 is no moment"), ("due_date", 10**30, "is no moment"),
])
def test_a_decision_that_cannot_be_is_the_cores(
    made: Made, open_with: OpenWith, hook: str, answer: Any, reason: str
) -> None:
    answers: list[Any] = [answer]
    kind = RequestType("crash.thing", "Thing", ThingForm, STATUSES, due_days=7)
    app = open_with([made("crash", kind, **{hook: crashing(hook, lambda services: answers[0])})])
    unit, closed = app.run(lambda services: (services.units.add("پذیرش").id, services.units.add("بسته").id))
    app.run(lambda services: services.handover.close_unit(services.units.get(closed)))
    if answer == "closed":
        answers[0] = closed
    make_clerk(app, units=[unit])
    desk = House(app, unit, app.run(lambda services: make_contact(services).id), 0)

    id_ = desk.register()

    with app.reading() as services:
        request = services.requests.get(id_)
        assert (request.unit, request.due) == (unit, request.created + 7 * DAY)
    assert reason in desk.failure()


def test_a_decision_that_is_right_holds_unless_somebody_decided_himself(made: Made, open_with: OpenWith) -> None:
    units: list[int] = []
    kind = RequestType("wise.thing", "Thing", ThingForm, STATUSES, due_days=7)
    app = open_with([made("wise", kind, assign=lambda services, draft: units[0],
                          due_date=lambda services, draft: draft.at + 3 * DAY)])
    units += app.run(lambda services: [services.units.add("خیابان").id, services.units.add("پذیرش").id])
    make_clerk(app, units=[units[1]])
    desk = House(app, units[1], app.run(lambda services: make_contact(services).id), 0)

    decided = desk.register("wise.thing")
    told = desk.run(lambda services: submit(services, None, "wise.thing", {}, text="x", unit=units[1],
                                            due=services.now + DAY).id)

    with app.reading() as services:
        one, other = services.requests.get(decided), services.requests.get(told)
        assert (one.unit, one.due) == (units[0], one.created + 3 * DAY)
        assert (other.unit, other.due) == (units[1], other.created + DAY)


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", ALONE)
def test_of_all_plugins_each_is_alone(house: Callable[..., House], hook: str, error: type[BaseException]) -> None:
    desk = house(hook, error)
    before = desk.stored()

    def work(services: Services) -> list[tuple[str, Any]]:
        contact = services.contacts.get(desk.contact)
        contact.notes = "written by the core before it asked"
        found = services.context.host.each(hook, services=services, contact=contact)
        return [(plugin.id, answer) for plugin, answer in found]

    assert desk.app.run(work) == [
        ("crash", Failure("crash", hook, f"{error.__name__}: the plugin fell over")), ("fine", None)]
    assert desk.stored() == before | {"journal": before["journal"] + 1}  # what the good one wrote
    assert desk.rows("fine") == 1
    with desk.app.reading() as services:
        assert services.contacts.get(desk.contact).notes == "written by the core before it asked"


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", PAGES)
def test_on_a_page_it_is_left_out(house: Callable[..., House], hook: str, error: type[BaseException]) -> None:
    desk = house(hook, error)
    with desk.app.reading() as services:
        request = first_request(services)
        assert services.context.host.ask(hook, request.type, services=services, request=request, event=None) is None
    assert desk.failure() == f"{hook}: {error.__name__}: the plugin fell over"


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", DAY_LINE)
def test_the_day_goes_on_without_its_times(house: Callable[..., House], hook: str, error: type[BaseException]) -> None:
    desk = house(hook, error)
    with desk.app.reading() as services:
        assert day_times(services.context, 1, 0, services.now) == []
    assert desk.failure() == f"{hook}: {error.__name__}: the plugin fell over"


@pytest.mark.parametrize("answer", ["soon", [5], [DayTime("9", "A time", 1)]])  # type: ignore[arg-type]  # that is it
def test_times_that_cannot_be_are_a_failure(made: Made, open_with: OpenWith, answer: Any) -> None:
    app = open_with([made("crash", day_times=lambda services, user_id, since, until: answer)])
    with app.reading() as services:
        assert day_times(services.context, 1, 0, services.now) == []
    assert app.host.plugins["crash"].failures == 1


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("hook", START)
def test_at_the_start_it_is_left_out_and_its_requests_stay(
    made: Made, open_with: OpenWith, hook: str, error: type[BaseException]
) -> None:
    from crm_views.app import make_app

    def fall(*_arguments: Any) -> Any:
        raise error("the plugin fell over")

    hooks: dict[str, Callable[..., Any]] = {"contribute": lambda: fall(), "configure": lambda config: fall()}
    kind = RequestType("crash.thing", "Thing", ThingForm, STATUSES)
    app = open_with([made("crash", kind)])
    make_clerk(app)
    desk = House(app, 0, app.run(lambda services: make_contact(services).id), 0)
    id_ = desk.register()
    open_with.close(app)

    app = open_with([made("crash", *(() if hook == "contribute" else (kind,)), **{hook: hooks[hook]}), made("fine")])
    make_app(app)

    assert [plugin.id for plugin in app.host.failed()] == ["crash"]
    assert "the plugin fell over" in app.host.plugins["crash"].reason
    desk = House(app, 0, desk.contact, 0)
    with app.reading() as services:
        assert services.requests.get(id_).status == "new"
    desk.run(lambda services: services.requests.change_status(services, services.requests.get(id_), "done"))
    desk.register(builtin.GENERAL)


@pytest.mark.parametrize("fails", [False, True])
def test_files_of_the_same_save_stay_whole_when_a_decision_is_asked(
    made: Made, open_with: OpenWith, fails: bool
) -> None:
    """What a decision wrote is undone, for it may write nothing; what came before it, files included, is not."""
    import io

    def decide(services: Services) -> None:
        services.collections["crash.rows"].add({"half": "done"})
        if fails:
            raise ZeroDivisionError

    kind = RequestType("crash.thing", "Thing", ThingForm, STATUSES)
    plugin = made("crash", kind, Collection("crash.rows", "Rows"), assign=crashing("assign", decide))
    app = open_with([plugin])
    words = ("سند نخست" * 1000).encode(), ("سند دوم" * 1000).encode()

    def work(services: Services) -> int:
        files = [services.attachments.store("a.txt", "text/plain", io.BytesIO(content)) for content in words]
        contact = make_contact(services)
        services.interactions.log(contact, channel="letter", body="نامه", attachments=(files[0],))
        request = submit(services, contact, "crash.thing", {}, text="x", attachments=(files[1],))
        return request.id

    id_ = app.run(work)
    open_with.close(app)
    app = open_with([plugin])
    with app.reading() as services:
        request = services.requests.get(id_)
        (touch,) = services.root.interactions.values()
        for thing, content in zip((touch, request), words, strict=True):
            with thing.attachments[0].blob.open() as stored:
                assert stored.read() == content
        assert len(services.collections["crash.rows"]) == 0

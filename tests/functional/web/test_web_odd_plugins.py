"""What a plugin's code says, offers and raises on a page takes no page with it, and the plugin is named."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import colander
import pytest

from crm_core import api
from crm_core.api import (
    Category,
    Collection,
    ContactFields,
    DayTime,
    Form,
    Panel,
    RequestType,
    Status,
    fields,
    hookimpl,
)
from crm_core.testing.factories import make_contact, submit
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in, words

OpenDesk = Callable[..., Any]
PANEL = str(Path(__file__).parents[2] / "plugins" / "web" / "good_panel.pt")
STATUSES = (Status("new", Category.NEW, "New"), Status("done", Category.DONE, "Done"))


class Panic(BaseException):
    """No Exception, and not the end of the program either."""


class Silent(Exception):
    """An error that cannot say what it is about."""

    def __str__(self) -> str:
        raise ValueError("no words")


class Loc(str):
    """A text of a class of its own."""


class WordForm(Form):
    """One word."""

    word = fields.text("Word", required=False)


class Wild:
    """A plugin whose hooks, forms and contributions a test sets, on a desk with a citizen and a request of his."""

    def __init__(self, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open_desk = open_desk
        self.module = ModuleType("wildthing")
        monkeypatch.setitem(sys.modules, "wildthing", self.module)

    def open(self, form: type[Form] = WordForm, *more: Any, **hooks: Any) -> Any:
        kind = RequestType("wild.thing", "Thing", form, STATUSES)
        hooks = {name: hookimpl(hook) for name, hook in hooks.items()}
        vars(self.module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [kind, *more]), **hooks)
        desk = self.open_desk({"wild": self.module})

        def work(services: api.Services) -> int:
            contact = make_contact(services, "Zahra Rezai")
            submit(services, contact, "core.general", {"category": "service"})
            return contact.id

        self.citizen = desk.app.run(work)
        self.app, self.plugin = desk.app, desk.app.host.plugins["wild"]
        self.clerk = sign_in(make_app(desk.app), "clerk")
        assert self.plugin.state == "enabled", self.plugin.reason
        return self.clerk

    @property
    def form(self) -> str:
        return f"/contacts/{self.citizen}/requests/new/wild.thing"


@pytest.fixture
def wild(open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> Wild:
    return Wild(open_desk, monkeypatch)


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_arguments: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("answer", ["\ud800", ["a"], Silent(), 5], ids=repr)
def test_a_line_in_the_history_that_is_no_text_is_left_out(wild: Wild, answer: Any) -> None:
    clerk = wild.open(timeline_entry=lambda: answer)
    wild.app.run(lambda services: submit(services, services.contacts.get(wild.citizen), "wild.thing", {}))
    clerk.get(f"/contacts/{wild.citizen}").mustcontain("Thing")
    assert wild.plugin.reason.startswith("timeline_entry: ")


@pytest.mark.parametrize("title", ["\ud800", ["a"], 5], ids=repr)
def test_a_time_of_the_day_without_words_is_left_out(wild: Wild, title: Any) -> None:
    request: list[int] = []
    clerk = wild.open(day_times=lambda since: [DayTime(since, title, request[0])])
    with wild.app.reading() as services:
        request += list(services.root.requests)
    clerk.get("/")
    assert wild.plugin.reason.startswith("day_times: ")


def half(services: Any, contact: Any) -> dict[str, Any]:
    return {"count": "\ud800"}


def ending(services: Any, contact: Any) -> None:
    services.root._p_jar.transaction_manager.abort()
    raise ZeroDivisionError


@pytest.mark.parametrize("data", [half, ending, raising(Silent()), raising(Panic("gone"))],
                         ids=["half a letter", "ends the transaction", "silent", "panic"])
def test_a_box_that_cannot_be_drawn_says_so_and_the_dossier_stays(wild: Wild, data: Any) -> None:
    clerk = wild.open(WordForm, Panel("wild.box", "Wild box", PANEL, data))
    clerk.get(f"/contacts/{wild.citizen}").mustcontain("Zahra Rezai", "Wild box")
    assert wild.plugin.reason.startswith("panel wild.box: ")


@pytest.mark.parametrize("choices", [
    raising(ZeroDivisionError()), raising(Panic()), lambda *_: None, lambda *_: (("a", "A", "?"),),
    lambda *_: (("a", "\ud800"),), lambda *_: ((1, "One"),)],
    ids=["error", "panic", "none", "triples", "half a letter", "numbers"])
def test_choices_that_cannot_be_had_name_their_plugin(wild: Wild, choices: Any) -> None:
    form = type("ChoosyForm", (Form,), {"what": fields.choice("What", choices)})
    clerk = wild.open(form, ContactFields("wild.card", "Card", form))
    clerk.get(wild.form, status=500).mustcontain("Thing", no="ZeroDivisionError")
    assert wild.plugin.reason.startswith("choices of what: ")

    # The card cannot be asked for either, and everything else of the citizen can be put right.
    page = fill(form_of(clerk.get(f"/contacts/{wild.citizen}/edit")), family="Karimi")
    page.submit("submit", status=303)
    with wild.app.reading() as services:
        assert services.contacts.get(wild.citizen).family == "Karimi"


def test_choices_by_enumeration_are_offered_as_text(wild: Wild) -> None:
    form = type("ChoosyForm", (Form,), {"what": fields.choice("What", lambda *_: [(Loc("a"), Loc("An A"))])})
    clerk = wild.open(form)
    page = fill(form_of(clerk.get(wild.form)), what="a")
    page.submit("submit", status=303).follow().mustcontain("An A")


@pytest.mark.parametrize("error", [ZeroDivisionError(), SystemExit(), Panic()], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("where", ["field", "form"])
def test_a_check_that_raises_names_its_plugin_and_keeps_the_words(wild: Wild, where: str, error: BaseException) -> None:
    node = fields.text("Word", required=False)
    if where == "field":
        node.validator = raising(error)
    body = {"word": node} | ({"validator": raising(error)} if where == "form" else {})
    clerk = wild.open(type("CheckedForm", (Form,), body))
    page = fill(form_of(clerk.get(wild.form)), word="forty two").submit("submit", status=500)
    page.mustcontain("Thing", "forty two")
    assert wild.plugin.reason.startswith(f"validator of {'word' if where == 'field' else 'the form'}: ")
    with wild.app.reading() as services:
        assert {request.type for request in services.root.requests.values()} == {"core.general"}


def test_a_refusal_of_a_check_stands_at_its_field(wild: Wild) -> None:
    def check(node: Any, value: str) -> None:
        raise colander.Invalid(node, "Not that word.")

    node = fields.text("Word")
    node.validator = check
    clerk = wild.open(type("CheckedForm", (Form,), {"word": node}))
    fill(form_of(clerk.get(wild.form)), word="x").submit("submit", status=422).mustcontain("Not that word.")
    assert wild.plugin.reason == ""


def test_what_assign_writes_is_undone_and_the_core_decides(wild: Wild) -> None:
    def assign(services: api.Services, draft: api.Draft) -> int | None:
        services.collections["wild.rows"].add({"half": "done"})
        return None

    clerk = wild.open(WordForm, Collection("wild.rows", "Rows"), assign=assign)
    form_of(clerk.get(wild.form)).submit("submit", status=303)
    assert "may only say what it decides" in wild.plugin.reason
    with wild.app.reading() as services:
        assert len(services.collections["wild.rows"]) == 0


def test_an_object_of_the_plugin_in_a_record_is_refused_with_the_words_shown(wild: Wild) -> None:
    monkey = type("Own", (str,), {"__module__": "wildthing.model"})

    def before_submit(draft: api.Draft) -> None:
        assert draft.contact is not None
        draft.contact.notes = monkey("mine")

    clerk = wild.open(before_submit=before_submit)
    page = fill(form_of(clerk.get(wild.form)), word="forty two").submit("submit", status=500)
    page.mustcontain("forty two")
    assert wild.plugin.reason.startswith("commit: ForeignClass: wildthing.model.Own was about to be stored")
    with wild.app.reading() as services:
        assert services.contacts.get(wild.citizen).notes == ""


def test_what_a_changed_form_no_longer_asks_can_still_be_read(wild: Wild) -> None:
    clerk = wild.open(type("LongForm", (Form,), {"word": fields.text("Word"), "tale": fields.text("Tale")}))
    wild.app.run(lambda services: submit(services, services.contacts.get(wild.citizen), "wild.thing",
                                         {"word": "a", "tale": "b"}))
    page = fill(form_of(clerk.get(wild.form)), word="forty two", tale="once upon a time")
    shorter = type("ShortForm", (Form,), {"word": fields.integer("Number")})
    published = wild.app.registry.types["wild.thing"]
    module = ModuleType("again")
    vars(module).update(CRM_API_VERSION=1)
    wild.app.registry.drop("wild")
    wild.app.registry.take("wild", [RequestType("wild.thing", "Thing", shorter, STATUSES)])
    assert wild.app.registry.types["wild.thing"].form_id != published.form_id
    page = page.submit("submit", status=422)
    gone = page.html.select_one("[aria-labelledby=gone]")
    assert words(gone.select_one("dt")) == "Tale" and words(gone.select_one("dd")) == "once upon a time"
    assert "forty two" not in words(gone)

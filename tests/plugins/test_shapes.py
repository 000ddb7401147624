"""What a contribution says has the shape its annotations promise, and is stored by no class of the plugin's."""

from __future__ import annotations

import enum
import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from crm_core import api
from crm_core.api import Category, Form, RequestType, Role, Status, fields
from crm_core.errors import Ended, PluginFailed, contained, line_of
from crm_core.guard import ForeignClass, foreign_globals
from crm_core.host import Candidate, State, installed
from crm_core.i18n import TextFactory, Translator
from crm_core.model.plain import NotPlain
from crm_core.offers import KIND
from crm_core.shapes import unknown
from crm_core.testing.factories import make_contact, submit
from crm_core.testing.guard import only_core_classes

Made = Callable[..., Candidate]
OpenWith = Any


class Kind(enum.StrEnum):
    TREE = "trees.tree"
    BELT = "trees.belt"


class St(enum.StrEnum):
    NEW = "new"
    DONE = "done"


class Wood(enum.StrEnum):
    OAK = "oak"
    ELM = "elm"


class Loc(str):
    """A text of a class of its own."""


class TreeForm(Form):
    """Where it stands, and of what wood it is."""

    wood = fields.choice("Wood", ((Wood.OAK, "Oak"), (Wood.ELM, Loc("Elm"))))
    place = fields.text("Place", required=False)


class BeltForm(Form):
    """How long a belt of trees is."""

    length = fields.integer("Length", required=False)


def nothing(*_arguments: object) -> None:
    """A function that does nothing."""


STATUSES = (Status(St.NEW, Category.NEW, "New"), Status(St.DONE, Category.DONE, Loc("Done")))


def tree(**more: Any) -> RequestType:
    words: dict[str, Any] = {"id": "trees.tree", "title": "Tree", "form": TreeForm, "statuses": STATUSES}
    return RequestType(**(words | more))


def form_with(node: Any) -> type[Form]:
    return type("OddForm", (Form,), {"odd": node})


class Silent(Exception):
    """An error that cannot say what it is about."""

    def __str__(self) -> str:
        raise ValueError("no words")


class Panic(BaseException):
    """What some libraries raise: no Exception, and not the end of the program either."""


ODD: dict[str, tuple[Any, str]] = {
    "days as text": (tree(due_days="7"), "the request type 'trees.tree' has '7' as its due_days, which is no whole nu"),
    "half days": (tree(due_days=1.5), "has 1.5 as its due_days, which is no whole number"),
    "endless days": (tree(due_days=10**12), "gives due_days=1000000000000, which is no number of days between 0 and"),
    "days before": (tree(due_days=-1), "gives due_days=-1, which is no number of days"),
    "title as tuple": (tree(title=("Tree",)), "has ('Tree',) as its title, which is no text"),
    "half a letter": (tree(title="\ud800"), "as its title, which is no text in Unicode"),
    "half in menu": (api.MenuItem("trees.menu", "\udfff", "/plugins/trees/x", "contact.view"), "no text in Unicode"),
    "half in channel": (api.Channel("trees.app", "App\ud800"), "as its title, which is no text in Unicode"),
    "description": (tree(description=["a"]), "has ['a'] as its description, which is no text"),
    "icon": (tree(icon=5), "has 5 as its icon, which is no text"),
    "odd id": (tree(id="trees.a/../<b>\n"), "has an id that is not lower-case letters, digits, _ and dots"),
    "capital": (tree(id="trees.Tree"), "has an id that is not lower-case letters, digits, _ and dots"),
    "category": (tree(statuses=(Status("new", "fresh", "New"),)),  # type: ignore[arg-type]
                 "has a Status that has 'fresh' as its category, which is no Category"),
    "no status": (tree(statuses=("new",)), "has ('new',) as its statuses, which is no tuple of Status"),
    "form": (tree(form=dict), "as its form, which is no class made from crm_core.api.Form"),
    "secrecy": (tree(confidential="yes"), "gives no function confidential(values), and neither True nor False"),
    "roles missing": (api.Permission("trees.cut", "Cut", None), "has None as its roles, which is no set of texts"),  # type: ignore[arg-type]
    "a role": (api.Permission("trees.cut", "Cut", "clerk"), "has 'clerk' as its roles, which is no set of texts"),  # type: ignore[arg-type]
    "strange role": (api.Permission("trees.cut", "Cut", frozenset({"clark"})), "roles that do not exist: clark"),
    "panel": (api.Panel("trees.panel", "Panel", "a:b.pt", None), "gives no function data(services, contact)"),  # type: ignore[arg-type]
    "collection fields": (api.Collection("trees.log", "Log", fields="ab"), "has 'ab' as its fields, which is no tuple"),  # type: ignore[arg-type]
    "collection exact": (api.Collection("trees.log", "Log", exact=5), "has 5 as its exact, which is no tuple of texts"),  # type: ignore[arg-type]
    "collection days": (api.Collection("trees.log", "Log", ranges=("at",), expires_by="at", expires_days=10**15),
                        "gives no whole number of days in expires_days"),
    "field days as text": (tree(form=form_with(fields.text("T", expires_days="30"))),
                           "the field 'odd' of 'trees.tree' says expires_days='30', which is no whole number"),
    "field days before": (tree(form=form_with(fields.text("T", expires_days=-5))), "says expires_days=-5, which is no"),
    "merge": (tree(form=form_with(fields.text("T", on_merge="junk"))), "says on_merge='junk', which is none of keep, "),
    "export": (tree(form=form_with(fields.text("T", on_export="junk"))), "says on_export='junk', which is none of"),
    "field title": (tree(form=form_with(fields.text("\ud800"))), "has a title, a description or a choice that is no"),
    "field words": (tree(form=form_with(fields.text("T", description=["x"]))), "a description or a choice that is no"),
    "triples": (tree(form=form_with(fields.choice("T", (("a", "A", "?"),)))), "a choice that is no pair"),  # type: ignore[arg-type]
    "no choices": (tree(form=form_with(fields.choice("T", None))), "has choices that are neither a tuple nor a func"),  # type: ignore[arg-type]
    "listed choices": (tree(form=form_with(fields.choice("T", [("a", "A")]))), "neither a tuple nor a function"),  # type: ignore[arg-type]
}


def test_every_annotation_of_a_contribution_has_a_shape() -> None:
    assert unknown([*KIND, api.Status, api.Transition, api.Column]) == []


@pytest.mark.parametrize("name", ODD)
def test_what_has_another_shape_is_refused_in_words(name: str, made: Made, open_with: OpenWith) -> None:
    odd, words = ODD[name]
    app = open_with([made("trees", odd), made("good", api.Channel("good.app", "The app"))])
    plugin = app.host.plugins["trees"]
    assert plugin.state is State.FAILED and words in plugin.reason
    assert "good.app" in app.registry.channels


def test_a_class_made_from_a_contribution_is_looked_at_as_one(made: Made, open_with: OpenWith) -> None:
    class Box(api.Panel):
        """A panel of a kind of its own."""

    good, odd = Box("trees.box", "Box", "a:b.pt", nothing), Box("odd.box", "", "", nothing)
    app = open_with([made("trees", good), made("odd", odd)])
    assert type(app.registry.panels["trees.box"][1]) is api.Panel
    assert "the panel 'odd.box' has no title" in app.host.plugins["odd"].reason


def test_members_of_enumerations_are_stored_as_the_text_they_are(made: Made, open_with: OpenWith) -> None:
    """The natural way to write ids must not make requests that cannot be read without the plugin."""
    timer = api.Timer("trees.look", "Look", nothing)
    belt = tree(id=Kind.BELT, form=BeltForm, title_from=())
    first = open_with([made("trees", tree(id=Kind.TREE, title_from=[Loc("wood")]), belt, timer)])

    def work(services: api.Services) -> tuple[int, int]:
        phone = (Loc("phone"), "09121234567")
        contact = services.contacts.create(name="Zahra", identifiers=[phone], external=Loc("old:1"))
        papers = (services.attachments.store("a.txt", Loc("text/plain"), BytesIO(b"x")),)
        values = {"wood": Wood.ELM.value}
        request = submit(services, contact, Kind.TREE, values, external=Loc("old:2"), attachments=papers)
        with pytest.raises(NotPlain, match=r"data.why\[0\] is .*Wood, not plain data; give its text"):
            services.requests.change_status(services, request, St.DONE, data={"why": [Wood.OAK]})
        services.requests.change_status(services, request, St.DONE, data={"why": [Wood.OAK.value]})
        submit(services, contact, Kind.BELT, {"length": 7})
        services.timers.at(services.now, Loc("trees.look"), request.id)
        return contact.id, request.id

    contact_id, request_id = first.run(work)
    assert foreign_globals(first.db.db.storage) == {}
    open_with.close(first)

    without = open_with([])
    with without.reading() as services:
        request = services.root.requests[request_id]
        assert (request.type, request.status, request.version.labels["fa"]) == ("trees.tree", "done", "Tree")
        assert type(request.status) is str and contact_id in services.root.contacts
    assert without.host.plugins == {}


def test_nothing_of_a_transaction_is_stored_that_holds_an_object_of_the_plugin(made: Made, open_with: OpenWith) -> None:
    def before_submit(services: api.Services, draft: api.Draft) -> None:
        assert draft.contact is not None
        draft.contact.name = Loc("Somebody else")

    app = open_with([made("trees", tree(), before_submit=before_submit)])
    id_ = app.run(lambda services: make_contact(services, name="Zahra").id)

    with pytest.raises(ForeignClass, match="test_shapes.Loc was about to be stored, and is no class of the core"):
        app.run(lambda services: submit(services, services.contacts.get(id_), "trees.tree", {"wood": "oak"}))
    with app.reading() as services:
        assert services.contacts.get(id_).name == "Zahra" and not services.root.requests
    only_core_classes(app)


@pytest.mark.parametrize("raised", [Panic("gone"), Silent(), GeneratorExit("gone")], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("when", ["import", "contribute"])
def test_a_start_goes_on_whatever_a_plugin_raises(
    when: str, raised: BaseException, made: Made, open_with: OpenWith
) -> None:
    def fail(*_arguments: object) -> Any:
        raise raised

    candidate = Candidate("trees", fail) if when == "import" else made("trees", module={"contribute": fail})
    app = open_with([candidate, made("good", api.Channel("good.app", "The app"))])
    assert app.host.plugins["trees"].state is State.FAILED
    assert type(raised).__name__ in app.host.plugins["trees"].reason
    assert app.host.is_enabled("good")


@pytest.mark.parametrize("raised", [Panic("gone"), Silent()], ids=lambda one: type(one).__name__)
def test_a_hook_that_raises_what_is_no_exception_stores_nothing_and_is_named(
    raised: BaseException, made: Made, open_with: OpenWith
) -> None:
    def before_submit() -> None:
        raise raised

    app = open_with([made("trees", tree(), before_submit=before_submit)])
    with pytest.raises(PluginFailed):
        app.run(lambda services: submit(services, make_contact(services), "trees.tree", {"wood": "oak"}))
    assert app.host.plugins["trees"].reason.startswith(f"before_submit: {type(raised).__name__}: ")
    with app.reading() as services:
        assert not services.root.requests


def test_a_role_of_the_core_may_be_given_as_its_word(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("trees", tree(), api.Permission("trees.cut", "Cut", {Role.CLERK, "expert"}))])  # type: ignore[arg-type]
    assert app.registry.granted()["trees.cut"] == frozenset({"clerk", "expert"})


@pytest.mark.parametrize("value", ["my-plugin", "", "a b:c", "1x"])
def test_an_entry_point_that_names_no_module_stops_nothing_and_is_named(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_with: OpenWith
) -> None:
    info = tmp_path / "sample_bad-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-bad\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[crm.plugins]\nbad = {value}\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    (candidate,) = [one for one in installed() if one.distribution == "sample-bad"]
    app = open_with([candidate])
    assert app.host.plugins["bad"].state is State.FAILED and app.host.plugins["bad"].reason


@pytest.mark.parametrize("header", ["Content-Type: text/plain; charset=KLINGON", "Content-Type: charset",
                                    "Plural-Forms: x", "Plural-Forms: nplurals=2; plural=__import__('os')"])
def test_a_catalog_that_cannot_be_read_leaves_its_package_in_english(
    header: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sample_odd" / "locale" / "fa" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "sample_odd" / "__init__.py").write_text("", "utf-8")
    catalog = Catalog()
    catalog.add("Tree", "درخت")
    with (folder / "sample_odd.mo").open("wb") as file:
        write_mo(file, catalog)
    content = (folder / "sample_odd.mo").read_bytes()
    named = b"Content-Type: text/plain; charset=utf-8"
    assert named in content
    (folder / "sample_odd.mo").write_bytes(content.replace(named, header.encode().ljust(len(named))[:len(named)]))
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    translator = Translator(["sample_odd"])
    assert translator.translate(TextFactory("sample_odd")("Tree"), "fa") in ("Tree", "درخت")


def test_only_ctrl_c_of_the_main_thread_passes() -> None:
    def stop() -> None:
        with contained():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(stop).exception()
    assert isinstance(error, Ended) and line_of(error) == "KeyboardInterrupt: "


def test_what_an_error_says_never_raises() -> None:
    assert line_of(Silent()) == "Silent: (what it says cannot be read)"
    assert line_of(ValueError("\ud800")) == r"ValueError: \ud800"

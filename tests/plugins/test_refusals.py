"""What a plugin must say of what it contributes: each refusal names what is missing, and nothing of it is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core import api
from crm_core.app import App
from crm_core.host import Candidate, State
from crm_core.security.permissions import Role

Made = Callable[..., Candidate]
OpenWith = Callable[..., App]
MINE = api.Permission("new.read", "Read", frozenset({Role.CLERK}))
COLUMNS = (api.Column("name", "Name"),)


def nothing(*_arguments: Any) -> Any:
    return None


GOOD: tuple[Any, ...] = (
    MINE,
    api.Channel("new.app", "The app"),
    api.RequestPanel("new.box", "Box", "package:box.pt", nothing, types=("core.general",)),
    api.Report("new.report", "Report", COLUMNS, nothing, "new.read"),
    api.Job("new.job", "Job", 60, nothing),
    api.Reader("new.reader", "Reader", frozenset({"request.created"}), nothing),
)
REFUSED: tuple[tuple[Any, str], ...] = (
    (api.Channel("other.app", "The app"), "the id 'other.app' does not start with 'new.'"),
    (api.Channel("core.app", "The app"), "the id 'core.app' does not start with 'new.'"),
    (api.Channel("new.The App", "The app"), "the channel 'new.The App' has an id that is not lower-case"),
    (api.Channel("new.app", ""), "the channel 'new.app' has no title"),
    (api.RequestPanel("new.box", "Box", "", nothing), "the request panel 'new.box' names no template"),
    (api.RequestPanel("new.box", "Box", "a:b.pt", None), "gives no function data(services, request)"),  # type: ignore[arg-type]
    (api.RequestPanel("new.box", "Box", "a:b.pt", nothing, types="new.kind"),  # type: ignore[arg-type]
     "has 'new.kind' as its types, which is no tuple of texts"),
    (api.RequestPanel("new.box", "Box", "a:b.pt", nothing, permission="other.see"),
     "asks for the permission 'other.see', which neither the core nor its plugin has"),
    (api.Report("new.report", "Report", (), nothing, "new.read"), "has no columns: a tuple of Column"),
    (api.Report("new.report", "Report", (*COLUMNS, *COLUMNS), nothing, "new.read"), "has two columns of one name"),
    (api.Report("new.report", "Report", (api.Column("name", "Name", "colour"),), nothing, "new.read"),
     "of the kind 'colour', which is none of text, number, money, date, share"),
    (api.Report("new.report", "Report", (api.Column("The Name", "Name"),), nothing, "new.read"),
     "without a name of lower-case letters"),
    (api.Report("new.report", "Report", COLUMNS, "rows", "new.read"), "gives no function rows(services, since, until)"),  # type: ignore[arg-type]
    (api.Report("new.report", "Report", COLUMNS, nothing, ""), "asks for the permission ''"),
    (api.Job("new.job", "Job", 0, nothing), "does not say every how many minutes it runs (every, 1 to 44640)"),
    (api.Job("new.job", "Job", 1.5, nothing), "has 1.5 as its every, which is no whole number"),  # type: ignore[arg-type]
    (api.Job("new.job", "Job", 60, None), "gives no function run(services)"),  # type: ignore[arg-type]
    (api.Reader("new.reader", "Reader", frozenset(), nothing), "does not say which entries it reads"),
    (api.Reader("new.reader", "Reader", frozenset({"request.craeted"}), nothing),
     "reads entries that are never written: request.craeted (known: "),
    (api.Reader("new.reader", "Reader", frozenset({"request.created"}), None), "gives no function read("),  # type: ignore[arg-type]
    (api.MenuItem("new.menu", "Menu", "/plugins/new/list", "new.nobody"), "asks for the permission 'new.nobody'"),
    (api.Panel("new.panel", "Panel", "a:b.pt", nothing, permission="admin.everything"),
     "asks for the permission 'admin.everything'"),
    (api.Permission("contact.view", "More", frozenset({Role.CLERK})), "'contact.view' does not start with 'new.'"),
)


def kept(app: App) -> list[str]:
    registry = app.registry
    kinds: tuple[dict[str, Any], ...] = (
        registry.types, registry.permissions, registry.collections, registry.panels, registry.menu, registry.channels,
        registry.request_panels, registry.reports, registry.jobs, registry.readers)
    return [id_ for kind in kinds for id_ in kind if not id_.startswith("core.")]


def test_what_says_enough_is_taken(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("new", *GOOD)])

    assert app.host.failed() == []
    assert kept(app) == [one.id for one in GOOD]
    app.registry.drop("new")
    assert kept(app) == []


@pytest.mark.parametrize(("wrong", "words"), REFUSED, ids=[words[:40] for _one, words in REFUSED])
def test_what_says_too_little_is_refused_in_words(
    made: Made, open_with: OpenWith, wrong: Any, words: str
) -> None:
    others = [one for one in GOOD if one.id != wrong.id]
    app = open_with([made("new", *others, wrong), made("old", api.Channel("old.app", "The app"))])

    plugin = app.host.plugins["new"]
    assert plugin.state is State.FAILED
    assert words in plugin.reason
    assert kept(app) == ["old.app"]


def test_nothing_of_a_plugin_is_taken_when_its_last_contribution_cannot_be_frozen(
    made: Made, open_with: OpenWith
) -> None:
    class Unsayable:
        def __str__(self) -> str:
            raise ValueError("no words")

    unsayable = api.Setting("new.limit", api.fields.integer(Unsayable(), required=True), default=10)  # type: ignore[arg-type]
    app = open_with([made("new", *GOOD, unsayable)])

    assert app.host.plugins["new"].state is State.FAILED
    assert kept(app) == []


def test_every_kind_of_journal_entry_is_known() -> None:
    """Readers are refused what is never written: so all that is written must be known."""
    import re
    from pathlib import Path

    import crm_core

    written: set[str] = set()
    for path in Path(crm_core.__file__).parent.rglob("*.py"):
        written |= set(re.findall(r'(?:journal\.write|_journal)\(\s*"([a-z]+\.[a-z]+)"', path.read_text("utf-8")))
    assert written
    assert written - api.JOURNAL_KINDS == set()


def test_every_kind_of_contribution_has_a_name_for_sentences_and_a_place() -> None:
    from typing import get_args

    from crm_core.chores import Chore
    from crm_core.offers import KIND
    from crm_core.registry import PLACES

    assert set(get_args(api.Contribution)) | {Chore} == set(KIND) == set(PLACES)

"""What every plugin must keep, as tests to inherit: its author writes one class with id, module and examples.

    class TestContract(PluginContract):
        id = "complaints"
        module = crm_complaints

        def examples(self, services, contact):
            yield submit(services, contact, "complaints.complaint", {"category": "delay"})
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core.app import App
from crm_core.host import State
from crm_core.i18n import LANGUAGES, choose
from crm_core.model.contact import Contact
from crm_core.model.plain import check
from crm_core.model.request import Category, Request
from crm_core.services import Services
from crm_core.services.timeline import Entry
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_core.testing.guard import only_core_classes

ALLOWED = ("crm_core.api", "crm_views.api")


class PluginContract:
    """Inherit, set ``id`` and ``module``, and give `examples`: at least one request of every type of the plugin."""

    id: str
    module: ModuleType

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        """Register requests for ``contact``; may store what they need (slots, closed requests) first."""
        raise NotImplementedError

    # ── helpers ──────────────────────────────────────────────────────────────────────────────────────────

    def open(self, folder: Path) -> App:
        app = make_app(folder, {self.id: self.module})
        plugin = app.host.plugins[self.id]
        assert plugin.state is State.ENABLED, plugin.trace
        return app

    def filled(self, folder: Path) -> tuple[int, list[int]]:
        """An installation with the examples in it, closed again; the ids of the contact and of the requests."""
        app = self.open(folder)
        try:
            with app.transaction() as services:
                contact = make_contact(services)
                requests = list(self.examples(services, contact))
                return contact.id, [request.id for request in requests]
        finally:
            app.close()

    @pytest.fixture
    def app(self, tmp_path: Path) -> Iterator[App]:
        """An application with this plugin alone."""
        app = self.open(tmp_path / "alone")
        yield app
        app.close()

    # ── what is kept ─────────────────────────────────────────────────────────────────────────────────────

    def test_works_alone_and_shows_an_example_of_each_type(self, tmp_path: Path) -> None:
        _contact, ids = self.filled(tmp_path / "filled")
        app = self.open(tmp_path / "filled")
        with app.reading() as services:
            shown = {services.requests.get(id_).type for id_ in ids}
        assert shown == {type_ for type_ in app.registry.types if type_.startswith(self.id + ".")}
        app.close()

    def test_speaks_every_language(self, app: App) -> None:
        """What is stored with requests has words in each language, and they are not the same ones."""
        for published in app.registry.types.values():
            if published.plugin != self.id:
                continue
            for labels in (published.labels, *(status.labels for status in published.statuses),
                           *(field["labels"] for field in published.form["fields"])):
                assert set(labels) == set(LANGUAGES) and all(labels.values())
                assert len(set(labels.values())) == len(LANGUAGES), f"not translated: {labels}"

    def test_imports_nothing_but_the_api(self) -> None:
        package = Path(str(self.module.__file__)).parent
        own = self.module.__name__
        for path in sorted(package.rglob("*.py")):
            for name in _imports(ast.parse(path.read_text("utf-8"))):
                of_ours = name.partition(".")[0].startswith("crm_") and not name.startswith(own)
                assert not of_ours or name in ALLOWED, f"{path.name} imports {name}"

    def test_stores_only_classes_of_the_core(self, tmp_path: Path) -> None:
        self.filled(tmp_path / "filled")
        app = self.open(tmp_path / "filled")
        only_core_classes(app)
        app.close()

    def test_panels_say_nothing_of_a_stranger_and_plain_values_of_a_citizen(self, tmp_path: Path) -> None:
        contact_id, _ids = self.filled(tmp_path / "filled")
        app = self.open(tmp_path / "filled")
        nobody = make_clerk(app, "nobody", roles=[])
        with app.transaction() as services:
            stranger = make_contact(services).id
        panels = [panel for plugin, panel in app.registry.panels.values() if plugin == self.id]
        with app.reading() as services:
            for panel in panels:
                assert panel.data(services, services.contacts.get(stranger)) is None
                shown = panel.data(services, services.contacts.get(contact_id))
                assert shown is None or check(dict(shown), panel.id) is not None
        with app.reading(nobody) as services:
            for panel in panels:
                assert panel.data(services, services.contacts.get(contact_id)) is None, "shows what may not be read"
        app.close()

    def test_its_requests_stay_readable_and_closable_without_it(self, tmp_path: Path) -> None:
        """Parked: answers, status words and history are shown, statuses change, and it all is there when it returns."""
        contact_id, ids = self.filled(tmp_path / "filled")
        app = make_app(tmp_path / "filled")
        before: dict[int, Any] = {}
        with app.transaction() as services:
            page = services.timeline.page(services.contacts.linked(services.contacts.get(contact_id)))
            in_timeline = {entry.request.id for entry in page.rows if isinstance(entry, Entry) and entry.request}
            for id_ in ids:
                request = services.requests.get(id_)
                assert id_ in in_timeline
                _readable(services, request)
                assert request.submission is not None
                before[id_] = dict(request.submission.answers)
                target = next(
                    status for status in request.version.statuses
                    if status.name != request.status and Category(status.category) is not Category.CANCELLED
                )
                services.requests.change_status(services, request, target.name, "closed without the plugin")
                assert request.status == target.name
        app.close()
        app = self.open(tmp_path / "filled")
        with app.reading() as services:
            for id_ in ids:
                request = services.requests.get(id_)
                assert request.submission is not None and request.submission.answers == before[id_]
                for event in request.events.values():
                    app.host.ask("timeline_entry", request.type, services=services, request=request, event=event)
            assert app.host.plugins[self.id].failures == 0, app.host.plugins[self.id].trace
        app.close()


def _readable(services: Services, request: Request) -> None:
    """The core alone can say of a request what kind it is, in which status, and what was answered to what."""
    assert request.submission is not None
    form = services.forms.form_version(request.submission.form)
    assert form is not None
    for language in LANGUAGES:
        assert choose(request.version.labels, language)
        assert choose(request.version.status(request.status).labels, language)
        for name, answer in request.submission.answers.items():
            field = form.field(name)
            assert field is not None and choose(field["labels"], language)
            if field["type"] in ("choice", "staff", "unit") and answer["value"]:
                assert choose(answer["text"], language), f"{name} keeps no words for {answer['value']!r}"


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from crm_core import api` names the api just as `from crm_core.api import …` does
            yield from (
                f"{node.module}.{alias.name}" if node.module in ("crm_core", "crm_views") else node.module
                for alias in node.names
            )

"""What every plugin must keep, as tests to inherit: its author writes one class with id, module and examples.

    class TestContract(PluginContract):
        id = "complaints"
        module = crm_complaints

        def examples(self, services, contact):
            yield submit(services, contact, "complaints.complaint", {"category": "delay"})
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core.app import CORE_PACKAGES, App
from crm_core.conformance import Fault, Trial, busy, living, looks, written
from crm_core.conformance.findings import CHECKS, of_examples
from crm_core.conformance.subject import Metadata, Subject
from crm_core.conformance.trial import Outside
from crm_core.errors import CrmError
from crm_core.host import State
from crm_core.i18n import LANGUAGES, Translator
from crm_core.model.contact import Contact
from crm_core.model.plain import check
from crm_core.model.request import Category, Request
from crm_core.services import Services
from crm_core.services.timeline import Entry
from crm_core.testing.begun import begin
from crm_core.testing.factories import candidate, make_app, make_clerk, make_contact
from crm_core.testing.guard import only_core_classes

_TRIAL = pytest.StashKey[Trial]()


class PluginContract:
    """Inherit, set ``id`` and ``module``, and give `examples`: at least one request of every type of the plugin."""

    id: str
    module: ModuleType

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        """Register requests for ``contact``; may store what they need (slots, closed requests) first."""
        raise NotImplementedError("write examples(): it registers a request of every kind of the plugin")

    def outside(self) -> AbstractContextManager[object]:
        """Give effects another side: a context in which they act on what the examples wrote, against a server of your
        tests on this machine; nothing else is reached meanwhile. Where this is not written they do not act."""
        return nullcontext()

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
                requests = self.examples(services, contact)
                if requests is None:  # what forgot to yield, whatever its signature says
                    pytest.fail("examples() gives nothing; let it yield each request", pytrace=False)
                return contact.id, [request.id for request in requests]
        except CrmError as error:
            fault = of_examples(error, Path(inspect.getfile(type(self))).name, self.package)
            raise pytest.fail.Exception(_of_examples(fault), pytrace=False) from None
        finally:
            app.close()

    @pytest.fixture
    def app(self, tmp_path: Path) -> Iterator[App]:
        """An application with this plugin alone."""
        app = self.open(tmp_path / "alone")
        yield app
        app.close()

    @pytest.fixture
    def trial(self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trial:
        """An installation with the examples in it, as ``crm plugin check`` looks at it: what changes is a copy.

        One for all tests of the class.
        """
        kept = request.node.parent.stash
        if _TRIAL not in kept:
            folder = tmp_path_factory.mktemp("trial")
            begin(folder / "data")
            trial = Trial(candidate(self.id, self.module), folder, self.examples, self.side)
            if not trial.begin():
                pytest.fail(f"the plugin {self.id!r} does not start: {trial.reason}", pytrace=False)
            if trial.missing:
                pytest.fail(_of_examples(trial.fault or Fault("examples", trial.missing)), pytrace=False)
            kept[_TRIAL] = trial
        return kept[_TRIAL]

    @property
    def side(self) -> Outside | None:
        """`outside`, where it is written."""
        return None if type(self).outside is PluginContract.outside else self.outside

    @property
    def package(self) -> str:
        return self.module.__name__.partition(".")[0]

    # ── what is kept ─────────────────────────────────────────────────────────────────────────────────────

    def test_works_alone_and_shows_an_example_of_each_type(self, tmp_path: Path) -> None:
        _contact, ids = self.filled(tmp_path / "filled")
        app = self.open(tmp_path / "filled")
        with app.reading() as services:
            shown = {services.requests.get(id_).type for id_ in ids}
        kinds = {type_ for type_ in app.registry.types if type_.startswith(self.id + ".")}
        app.close()
        _nothing_wrong([Fault("examples", f"no example is a {kind!r}; yield one from examples()")
                        for kind in sorted(kinds - shown)])
        assert shown == kinds

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
        _nothing_wrong(written.imports(Path(str(self.module.__file__)).parent, self.package))

    def test_hooks_have_the_names_and_arguments_of_the_reference(self) -> None:
        _nothing_wrong(written.hooks(self.module))

    def test_everything_it_adds_is_declared_with_its_duties(self) -> None:
        translator = Translator([*CORE_PACKAGES, self.package])
        _nothing_wrong(written.contributions(self.id, self.module, translator))

    def test_its_texts_are_translated_and_compiled(self) -> None:
        one = candidate(self.id, self.module)
        _nothing_wrong(written.translations(Subject(one, Metadata(), self.package)))

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
                assert list(living.unreadable(services, request)) == []
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

    def test_examples_fill_everything_that_is_looked_at(self, trial: Trial) -> None:
        _nothing_wrong(busy.left_out(trial))

    def test_jobs_and_readers_run(self, trial: Trial) -> None:
        """Each once, on what the examples stored."""
        _nothing_wrong(busy.background(trial))

    def test_reports_count_the_examples(self, trial: Trial) -> None:
        _nothing_wrong(busy.reports(trial))

    def test_what_it_stores_of_persons_says_so(self, trial: Trial) -> None:
        _nothing_wrong(living.undeclared(trial))

    def test_two_records_become_one_citizen_and_two_again(self, trial: Trial) -> None:
        _nothing_wrong(living.merge(trial))

    def test_the_citizens_copy_holds_what_it_stores(self, trial: Trial) -> None:
        _nothing_wrong(living.export(trial))

    def test_erasure_leaves_nothing_of_what_the_citizen_said(self, trial: Trial) -> None:
        _nothing_wrong(living.erase(trial))

    def test_pages_name_permissions_are_in_persian_and_their_fields_labelled(self, trial: Trial) -> None:
        """Where the web part of the core is installed, which draws them."""
        for look in looks():
            _nothing_wrong(look(trial))


def _nothing_wrong(faults: Iterable[Fault]) -> None:
    """Fail with a sentence for each fault and the next step, instead of a traceback through the kit."""
    wrong = [fault for fault in faults if not fault.warn]
    if wrong:
        pytest.fail(_sentence(wrong), pytrace=False)


def _of_examples(fault: Fault) -> str:
    return _sentence([Fault(fault.check, f"examples() fails: {fault.reason}")])


def _sentence(wrong: list[Fault]) -> str:
    then = {check.id: str(check.then) for check in CHECKS}
    steps = (f"→ {then[fault.check]}" for fault in wrong)
    return "\n".join(dict.fromkeys((*(fault.reason for fault in wrong), *steps)))

"""What is seen of a plugin at work: what it stores, merges, exports and erases, and what stays when it is gone."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import Any

import pluggy

from crm_core import host
from crm_core.conformance.findings import Fault, logged, raised
from crm_core.conformance.trial import NAMES, PHONES, Trial
from crm_core.errors import CrmError, Veto
from crm_core.guard import foreign_globals
from crm_core.hookspecs import PROJECT, Hooks
from crm_core.i18n import LANGUAGES, choose
from crm_core.model.plain import NotPlain, Plain, check
from crm_core.model.request import Category, Request
from crm_core.services import Services
from crm_core.services.timeline import Entry

TEXTS = ("text", "long_text", "place", "code")
"""Types of fields whose answers are somebody's own words; shorter ones than `TOLD` would be found by chance."""
TOLD = 5
SLOW = 50.0
"""Milliseconds of a hook call from which on people wait for it."""


def payload(trial: Trial) -> Iterator[Fault]:
    """Only classes of the core are stored, and only plain values."""
    with trial.opened() as app:
        for name in sorted(foreign_globals(app.db.db.storage)):
            yield Fault("payload", f"it stores {name}, which nobody can load without it")


def panels(trial: Trial) -> Iterator[Fault]:
    """Boxes of the dossier give plain values, and keep to what the reader may see."""
    with trial.opened() as app, app.reading() as services:
        for plugin, panel in app.registry.panels.values():
            if plugin != trial.candidate.id:
                continue
            try:
                shown = panel.data(services, services.contacts.get(trial.contact))
                if shown is not None:
                    check(dict(shown), panel.id)
                if panel.data(services, services.contacts.get(trial.other)) is not None:
                    yield Fault("panels", f"{panel.id} shows a box for somebody of whom it has nothing", warn=True)
            except NotPlain as error:
                yield Fault("panels", f"{panel.id} gives its template what is no plain value: {error}", warn=True)
            except Exception as error:  # noqa: BLE001  # whatever a plugin raises is what was asked for
                yield Fault("panels", f"{panel.id}: {raised(error, trial.candidate.package)}")


def undeclared(trial: Trial) -> Iterator[Fault]:
    """Collections that do not say that their records tell of a person, and hold one."""
    with trial.opened() as app, app.reading() as services:
        told = {str(trial.contact), *NAMES, *PHONES, *_told(services, trial)}
        for id_, spec in app.registry.collections.items():
            if not id_.startswith(f"{trial.candidate.id}.") or spec.person:
                continue
            for item in services.collections[id_]:
                for name, value in item.data.items():
                    if told & set(_leaves(value)):
                        yield Fault("duties", f"the collection {id_!r} holds in {name!r} who a citizen is or what he "
                                              "said, and does not say that its records tell of a person (person=…)")


def _leaves(value: Plain) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)


def _told(services: Services, trial: Trial) -> set[str]:
    """The citizen's own words in fields that are marked as personal."""
    found = set()
    contact = services.contacts.get(trial.contact)
    said = [request.submission for request in contact.requests.values() if request.submission is not None]
    for submission in (*said, *contact.extra.values()):
        form = services.forms.form_version(submission.form)
        for name, answer in submission.answers.items():
            field = form.field(name) if form is not None else None
            value = answer.get("value")
            if field is not None and field["personal"] and field["type"] in TEXTS and isinstance(value, str) \
                    and len(value) >= TOLD:
                found.add(value)
    return found


def merge(trial: Trial) -> Iterator[Fault]:
    """Linked with another record and taken apart again, nothing is lost and nobody raises."""
    with trial.copied("merge") as app:
        try:
            with app.transaction() as services:
                mine, other = services.contacts.get(trial.contact), services.contacts.get(trial.other)
                before = _records(services, trial)
                services.linking.link(mine, other, "conformance")
                if {one.id for one in services.requests.readable_of(other)} < set(trial.requests):
                    yield Fault("merge", "not all of the requests are shown for the linked record")
                (link,) = services.linking.claims(mine)
                services.linking.unlink(link)
                if _records(services, trial) != before:
                    yield Fault("merge", "records of collections are not as before when the link is taken back")
        except Veto as error:
            yield Fault("merge", f"it refuses: {error}", warn=True)
        except CrmError as error:
            yield Fault("merge", f"{error}: {trial.failure(app)}")


def _records(services: Services, trial: Trial) -> dict[tuple[str, int], Plain]:
    return {(id_, item.id): dict(item.data) for id_ in services.context.registry.collections
            if id_.startswith(f"{trial.candidate.id}.") for item in services.collections[id_]}


def export(trial: Trial) -> Iterator[Fault]:
    """Everything of the person is in the copy, what fields declare to omit is not, and the hook gives plain data."""
    with trial.opened() as app, app.reading() as services:
        contact = services.contacts.get(trial.contact)
        person = services.export.person(contact)
        if person.failed:
            yield Fault("export", f"the hook fails: {trial.failure(app)}")
        codes = {row.get("code") for row in person.data["requests"]}
        for id_ in trial.requests:
            if services.requests.get(id_).code not in codes:
                yield Fault("export", f"a request of {services.requests.get(id_).type} is not in the copy")


def erase(trial: Trial) -> Iterator[Fault]:
    """After an erasure and a pack nothing the citizen said is in any file of the data folder."""
    with trial.opened() as app, app.reading() as services:
        told = _told(services, trial) | {NAMES[0], PHONES[0]}
    with trial.copied("erase") as app:
        with logged(host.__name__) as errors, app.transaction() as services:  # the host forgets what it said
            receipt = services.erasure.erase(services.contacts.get(trial.contact), "conformance")
        if receipt["plugins"]["failed"]:
            why = ", ".join(raised(error, trial.candidate.package) for error in errors) or trial.failure(app)
            yield Fault("erase", f"the hook fails: {why}")
        app.db.pack(0)
    for path in sorted((trial.folder / "erase").rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            for words in sorted(told):
                if words.encode() in content:
                    yield Fault("erase", f"{words!r} is still stored ({path.name}) after the citizen was erased")


def uninstall(trial: Trial) -> Iterator[Fault]:
    """Without it: shown, readable, closable. With it again: everything as it was, and nothing fails."""
    before: dict[int, Any] = {}
    with trial.copied("uninstall", without=True) as app, app.transaction() as services:
        contact = services.contacts.get(trial.contact)
        page = services.timeline.page(services.contacts.linked(contact))
        shown = {entry.request.id for entry in page.rows if isinstance(entry, Entry) and entry.request}
        for id_ in trial.requests:
            request = services.requests.get(id_)
            before[id_] = dict(request.submission.answers) if request.submission is not None else {}
            if id_ not in shown:
                yield Fault("uninstall", f"a request of {request.type} is missing in the timeline")
            yield from (Fault("uninstall", f"{request.type}: {words}") for words in unreadable(services, request))
            target = next((one for one in request.version.statuses if one.name != request.status
                           and Category(one.category) is not Category.CANCELLED), None)
            if target is not None:
                services.requests.change_status(services, request, target.name, "without the plugin")
    with trial.opened("uninstall") as app, app.reading() as services:
        for id_ in trial.requests:
            request = services.requests.get(id_)
            if request.submission is None or dict(request.submission.answers) != before[id_]:
                yield Fault("uninstall", f"the answers of {request.type} are others when it is back")
            for event in request.events.values():
                app.host.ask("timeline_entry", request.type, services=services, request=request, event=event)
        plugin = trial.plugin(app)
        if plugin.failures:
            yield Fault("uninstall", f"it fails when it is back: {trial.failure(app)}")


def unreadable(services: Services, request: Request) -> Iterator[str]:
    """What the core alone cannot say of a request: its kind, its status, what was answered to what."""
    form = services.forms.form_version(request.submission.form) if request.submission is not None else None
    if request.submission is None or form is None:
        yield "there is no form to its answers"
        return
    for language in LANGUAGES:
        if not choose(request.version.labels, language):
            yield "its kind has no words"
        if not choose(request.version.status(request.status).labels, language):
            yield f"the status {request.status!r} has no words"
        for name, answer in request.submission.answers.items():
            field = form.field(name)
            if field is None or not choose(field["labels"], language):
                yield f"the answer {name!r} has no question"
            elif field["type"] in ("choice", "staff", "unit") and answer["value"] and not choose(
                    answer.get("text") or "", language):
                yield f"{name!r} keeps no words for {answer['value']!r}"


def timelines(trial: Trial) -> None:
    """Ask for each line of the timeline, so that its cost is known."""
    with trial.opened() as app, app.reading(trial.reader(app)) as services:
        for id_ in trial.requests:
            request = services.requests.get(id_)
            for event in request.events.values():
                app.host.ask("timeline_entry", request.type, services=services, request=request, event=event)


def cost(trial: Trial) -> Iterator[Fault]:
    """Hooks that take so long that people wait; measured while everything else was looked at. Never fails."""
    empty = empty_call()
    for hook, timing in sorted(trial.timings.items()):
        if hook not in ("contribute", "configure") and timing.each > SLOW:
            yield Fault("cost", f"{hook} takes {timing.each:.0f} ms, an empty hook {empty:.3f} ms", warn=True)


def empty_call(calls: int = 200) -> float:
    """Milliseconds that the call of a hook takes in which nothing is done."""

    class Empty:
        @pluggy.HookimplMarker(PROJECT)
        def timeline_entry(self, services: Any, request: Any, event: Any) -> None:
            return None

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(Empty())
    began = time.perf_counter()
    for _number in range(calls):
        manager.hook.timeline_entry(services=None, request=None, event=None)
    return (time.perf_counter() - began) * 1000 / calls


def deprecations(plugin: str, caught: list[warnings.WarningMessage]) -> Iterator[Fault]:
    """Old names that the plugin uses, as `crm_core.deprecation` warned of them."""
    for warning in caught:
        words = str(warning.message)
        if issubclass(warning.category, DeprecationWarning) and words.startswith(f"plugin {plugin}: "):
            yield Fault("deprecations", words.partition(": ")[2], warn=True)


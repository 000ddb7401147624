"""The plugin host: finds plugins, checks them, calls their hooks one by one, and knows which of them failed and why.

pluggy's own loader isolates nothing, and one raising implementation discards everybody's results; therefore each plugin
has a plugin manager of its own and is called alone (tried before the plan was fixed).
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import count
from types import ModuleType
from typing import Any, TypeVar

import pluggy
from transaction.interfaces import TransientError

from crm_core.contributions import Collection, ContactFields, Contribution, RequestType
from crm_core.deprecation import Api, Manager, Notes, starting
from crm_core.errors import CrmError, PluginFailed, contained, line_of
from crm_core.guard import ForeignClass
from crm_core.hookspecs import PROJECT, Hooks
from crm_core.i18n import Text
from crm_core.model.jar import has_changes
from crm_core.model.plain import readable
from crm_core.registry import Registry
from crm_core.security.permissions import Permission
from crm_core.tracing import traced

log = logging.getLogger(__name__)
GROUP = "crm.plugins"
Answer = TypeVar("Answer")
_ID = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = frozenset({"core", "crm", "plugins", *(permission.partition(".")[0] for permission in Permission)})
"""Ids no plugin may have: what it contributes would bear the names of the core's own types and permissions."""

ABORTING = frozenset({"contacts_merging"})
"""Hooks of every plugin that are asked before something is stored, and may refuse it."""


DECIDING = frozenset({"assign", "due_date", "day_times"})
"""Hooks that answer a question while something is stored or read, and must store nothing themselves."""

LONGEST_REASON, LONGEST_TRACE = 2_000, 20_000
"""Characters that are kept of what a failure says."""


class State(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"
    FAILED = "failed"


@dataclass(frozen=True)
class Candidate:
    """A plugin that could be loaded: its id, distribution, version, and how to import it."""

    id: str
    load: Callable[[], ModuleType]
    package: str = ""
    distribution: str = ""
    version: str = ""


@dataclass
class Plugin:
    """What the host knows of one plugin. ``reason`` is one line, ``trace`` the traceback for administrators."""

    id: str
    distribution: str
    version: str
    state: State
    reason: str = ""
    trace: str = ""
    module: ModuleType | None = None
    manager: pluggy.PluginManager | None = None
    contributions: list[Contribution] = field(default_factory=list)
    failures: int = 0
    deprecations: list[str] = field(default_factory=list)
    """what it still calls by names that will go, in sentences for administrators and its author"""
    traced: bool = False

    @property
    def title(self) -> Text:
        """What people call it while it takes part: the first by id of its kinds of requests, else of its groups of
        contact fields, else of its collections; its id without any. `Plugins.title` knows it when it is away, too."""
        for kind in (RequestType, ContactFields, Collection):
            titles = {one.id: one.title for one in self.contributions if isinstance(one, kind)}
            if titles:
                return titles[min(titles)]
        return self.id

    def hooks(self) -> list[str]:
        """The names of the hooks it implements."""
        if self.manager is None or self.module is None:
            return []
        return sorted(caller.name for caller in self.manager.get_hookcallers(self.module) or [])

    def has(self, hook: str) -> bool:
        """Whether it implements a hook."""
        return self.manager is not None and bool(getattr(self.manager.hook, hook).get_hookimpls())

    def call(self, hook: str, **arguments: Any) -> Any:
        """Its answer to a hook, None where it has none; raises what it raises."""
        if self.manager is None:
            return None
        caller = getattr(self.manager.hook, hook)
        with contained():
            answers = traced(self.id, hook, caller, arguments) if self.traced else caller(**arguments)
        return answers[0] if answers else None

    def fail(self, reason: str) -> None:
        """Note a failure at run time, with the traceback being handled; of long ones the beginning, of a traceback the
        end too. The log has all of it."""
        self.failures += 1
        self.reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"
        trace = readable(traceback.format_exc())
        half = LONGEST_TRACE // 2
        self.trace = trace if len(trace) <= LONGEST_TRACE else f"{trace[:half]}\n…\n{trace[-half:]}"
        # The trace as text, for a plugin's words may not be encodable; the error itself for who listens here.
        log.error("plugin %s: %s\n%s", self.id, reason, trace, extra={"raised": sys.exception()})

    def forget_words(self) -> None:
        """Of a failure at run time stays where it was and of what kind: what it said may tell of who is erased."""
        if self.state is State.ENABLED:
            self.reason, self.trace = ": ".join(self.reason.split(": ")[:2]), ""


@dataclass(frozen=True)
class Failure:
    """What stands where a plugin should have answered: the hook, and the error in one line (English, for the log and
    administrators; the traceback is kept with the plugin)."""

    plugin: str
    hook: str
    reason: str


def installed() -> list[Candidate]:
    """Candidates from the entry point group ``crm.plugins`` of what is installed, sorted by id."""
    found = []
    for point in importlib.metadata.entry_points(group=GROUP):
        name, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        found.append(Candidate(point.name, partial(_loaded, point), _package_of(point), name, version))
    return sorted(found, key=lambda candidate: candidate.id)


def _loaded(point: importlib.metadata.EntryPoint) -> ModuleType:
    """What an entry point leads to. Raises ImportError for one that names nothing that can be imported."""
    if not _package_of(point):
        raise ImportError(f"the entry point {point.name!r} names no module: {point.value!r}")
    module: ModuleType = point.load()
    return module


def _package_of(point: importlib.metadata.EntryPoint) -> str:
    """The top-level package of an entry point; "" for one that `importlib.metadata` cannot take apart."""
    found = point.pattern.match(point.value)
    return found["module"].partition(".")[0] if found else ""


class PluginHost:
    """Loads candidates into a registry and calls hooks. One per application; nothing is global."""

    def __init__(
        self, registry: Registry, disabled: Mapping[str, str] | None = None, *, trace: bool = False,
        api: Api | None = None,
    ) -> None:
        """``disabled``: ids of plugins that must not be loaded, each with the reason; ``trace``: tell each call of a
        hook in the log; ``api``: what is offered, where it is not the present one."""
        self.registry = registry
        self.trace = trace
        self.api = api or Api()
        self.disabled = dict(disabled or {})
        self.plugins: dict[str, Plugin] = {}

    def load(self, candidates: Iterable[Candidate]) -> None:
        """Load each candidate on its own; what fails is kept with its reason and left out."""
        for candidate in sorted(candidates, key=lambda one: (one.id, one.distribution)):
            plugin = Plugin(candidate.id, candidate.distribution, candidate.version, State.DISABLED, traced=self.trace)
            first = self.plugins.get(candidate.id)
            self.plugins[candidate.id if first is None else self._name_of_double(candidate.id)] = plugin
            if candidate.id in self.disabled:
                plugin.reason = self.disabled[candidate.id]
                continue
            try:
                if first is not None:
                    raise ValueError(f"the id {candidate.id!r} is taken by {first.distribution or 'another plugin'}")
                with contained():
                    self._start(plugin, candidate)
            except Exception as error:  # noqa: BLE001  # whatever a plugin raises must not stop the others
                self.refuse(plugin, line_of(error))

    def _name_of_double(self, id_: str) -> str:
        """Where a plugin is listed whose id another one has: no id looks like this, so no request is ever its own."""
        return next(name for number in count(2) if (name := f"{id_} ({number})") not in self.plugins)

    def _start(self, plugin: Plugin, candidate: Candidate) -> None:
        if not _ID.fullmatch(candidate.id):
            near = candidate.id.lower().replace("-", "_")
            proposal = f", such as {near!r}" if _ID.fullmatch(near) else ""
            raise ValueError(f"the id {candidate.id!r} must be lower-case letters, digits and _{proposal}")
        if candidate.id in RESERVED:
            raise ValueError(f"the id {candidate.id!r} is the core's own word")
        module = candidate.load()
        wanted = getattr(module, "CRM_API_VERSION", None)
        if not isinstance(wanted, int):
            raise ValueError("the module does not say for which API it is written (CRM_API_VERSION = 1)")
        if not self.api.oldest <= wanted <= self.api.version:
            raise ValueError(f"it is written for API {wanted}; this core has {self.api.oldest} to {self.api.version}")
        notes = Notes(plugin.id, self.api, plugin.deprecations)
        manager = Manager(PROJECT, Hooks, notes)
        manager.register(module, plugin.id)
        manager.check_pending()
        plugin.module, plugin.manager = module, manager
        with starting(notes):
            plugin.contributions = self.registry.take(plugin.id, plugin.call("contribute") or ())
        plugin.state = State.ENABLED

    def refuse(self, plugin: Plugin, reason: str) -> None:
        """Put a plugin out: its contributions are taken back, its reason and traceback kept."""
        plugin.fail(reason)
        plugin.state = State.FAILED
        plugin.manager = None
        if plugin.contributions:  # else it has none: what bears its name would be another's
            plugin.contributions = []
            self.registry.drop(plugin.id)

    def is_enabled(self, id_: str) -> bool:
        plugin = self.plugins.get(id_)
        return plugin is not None and plugin.state is State.ENABLED

    def enabled(self) -> Iterator[Plugin]:
        return (plugin for plugin in self.plugins.values() if plugin.state is State.ENABLED)

    def failed(self) -> list[Plugin]:
        return [plugin for plugin in self.plugins.values() if plugin.state is State.FAILED]

    def of_type(self, type_id: str) -> Plugin | None:
        """The enabled plugin a request type belongs to; None for the core's own types and for parked ones."""
        plugin = self.plugins.get(type_id.partition(".")[0])
        return plugin if plugin is not None and plugin.state is State.ENABLED else None

    def note(self, plugin_id: str, word: str, error: BaseException) -> None:
        """Note a failure of a plugin's code that is being handled; of the core's own it goes to the log only."""
        reason = f"{word}: {line_of(error)}"
        plugin = self.plugins.get(plugin_id)
        if plugin is not None:
            plugin.fail(reason)
        else:
            log.exception("%s: %s", plugin_id, reason)

    def blame(self, error: BaseException) -> None:
        """Note an error that came up when everything was done, with the plugin whose class was to be stored."""
        package = error.name.partition(".")[0] if isinstance(error, ForeignClass) else ""
        for plugin in self.plugins.values():
            if package and plugin.module is not None and plugin.module.__name__.partition(".")[0] == package:
                plugin.fail(f"commit: {line_of(error)}")

    def before(self, hook: str, type_id: str, **arguments: Any) -> None:
        """Call a hook inside a transaction. A refusal in words passes on; anything else becomes PluginFailed."""
        plugin = self.of_type(type_id)
        if plugin is not None:
            self.decide(type_id, hook, lambda: plugin.call(hook, **arguments))

    def decide(self, type_id: str, word: str, decision: Callable[[], Answer]) -> Answer:
        """The answer of code that a plugin gave for its type, called while saving; failures as in `before`."""
        plugin = self.of_type(type_id)
        return decision() if plugin is None else _aborting(plugin, word, decision)  # None: the core's own types

    def ask(
        self, hook: str, type_id: str, use: Callable[[Any], Any] | None = None, /, **arguments: Any
    ) -> Any:
        """Call a hook of a page: its answer, or what ``use`` makes of it, or None when it has none or one of both fails
        (which is noted)."""
        plugin = self.of_type(type_id)
        if plugin is None:
            return None
        try:
            answer = plugin.call(hook, **arguments)
            with contained():
                return answer if answer is None or use is None else use(answer)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001  # a page must not fall because of a plugin
            plugin.fail(f"{hook}: {line_of(error)}")
            return None

    def decision(self, hook: str, type_id: str, wrong: Callable[[Any], str], **arguments: Any) -> Any:
        """What the plugin of a type decides, or None: then the core does. A failure is noted and decides nothing.

        ``wrong(answer)`` says in English what is wrong with an answer, "" for nothing: a wrong one is a failure.
        """
        plugin = self.of_type(type_id)
        if plugin is None or not plugin.has(hook):
            return None
        answer = _alone(plugin, hook, arguments, wrong)
        return None if isinstance(answer, Failure) else answer

    def each(
        self, hook: str, wrong: Callable[[Any], str] | None = None, /, **arguments: Any
    ) -> list[tuple[Plugin, Any]]:
        """Call every enabled plugin that has a hook, each alone: ``[(plugin, its answer or a `Failure`), …]``.

        In order of the plugins' ids. What a failing one wrote is undone, and the others are still asked. Hooks of
        `ABORTING` may refuse: their ``Veto`` (or other sentence) passes on, and any other failure is a PluginFailed.
        ``wrong`` says what is wrong with an answer, which then counts as a failure, or "".
        """
        asked = sorted((plugin for plugin in self.enabled() if plugin.has(hook)), key=lambda plugin: plugin.id)
        if hook not in ABORTING:
            return [(plugin, _alone(plugin, hook, arguments, wrong)) for plugin in asked]
        return [(plugin, _aborting(plugin, hook, partial(plugin.call, hook, **arguments))) for plugin in asked]


def _alone(
    plugin: Plugin, hook: str, arguments: Mapping[str, Any], wrong: Callable[[Any], str] | None = None
) -> Any:
    """A plugin's answer or its `Failure`; then nothing of what it wrote in this transaction stays."""
    jar = arguments["services"].root._p_jar
    before = None if jar is None else jar.transaction_manager.savepoint(optimistic=True)
    try:
        with contained():
            answer = plugin.call(hook, **arguments)
            if answer is not None and wrong is not None and (reason := wrong(answer)):
                raise ValueError(reason)
        if hook in DECIDING and has_changes(jar):
            raise ValueError("it wrote something, and may only say what it decides")
        return answer
    except TransientError:
        raise
    except Exception as error:  # noqa: BLE001  # one plugin must not take along the core's part nor the others'
        reason = line_of(error)
        plugin.fail(f"{hook}: {reason}")
        if before is not None:
            before.rollback()
        return Failure(plugin.id, hook, reason)


def _aborting(plugin: Plugin, word: str, work: Callable[[], Answer]) -> Answer:
    """What a plugin's code says while saving. A sentence for people passes on, anything else becomes PluginFailed."""
    try:
        with contained():
            return work()
    except (CrmError, TransientError):
        raise
    except Exception as error:
        plugin.fail(f"{word}: {line_of(error)}")
        raise PluginFailed(plugin.id, word, plugin.title) from error

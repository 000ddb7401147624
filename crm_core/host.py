"""The plugin host: finds plugins, checks them, calls their hooks one by one, and knows which of them failed and why.

pluggy's own loader isolates nothing, and one raising implementation discards everybody's results; therefore each plugin
has a plugin manager of its own and is called alone (tried before the plan was fixed).
"""

from __future__ import annotations

import importlib.metadata
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from types import ModuleType
from typing import Any, TypeVar

import pluggy
from transaction.interfaces import TransientError

from crm_core.contributions import Contribution
from crm_core.errors import CrmError, PluginFailed
from crm_core.hookspecs import PROJECT, Hooks
from crm_core.registry import Registry
from crm_core.security.permissions import Permission
from crm_core.version import API_VERSION, OLDEST_SUPPORTED

log = logging.getLogger(__name__)
GROUP = "crm.plugins"
Answer = TypeVar("Answer")
_ID = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = frozenset({"core", "crm", "plugins", *(permission.partition(".")[0] for permission in Permission)})
"""Ids no plugin may have: what it contributes would bear the names of the core's own types and permissions."""


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

    def hooks(self) -> list[str]:
        """The names of the hooks it implements."""
        if self.manager is None or self.module is None:
            return []
        return sorted(caller.name for caller in self.manager.get_hookcallers(self.module) or [])

    def call(self, hook: str, **arguments: Any) -> Any:
        """Its answer to a hook, None where it has none; raises what it raises."""
        if self.manager is None:
            return None
        answers = getattr(self.manager.hook, hook)(**arguments)
        return answers[0] if answers else None

    def fail(self, reason: str) -> None:
        """Note a failure at run time, with the traceback being handled."""
        self.failures += 1
        self.reason = reason
        self.trace = traceback.format_exc()
        log.exception("plugin %s: %s", self.id, reason)


def installed() -> list[Candidate]:
    """Candidates from the entry point group ``crm.plugins`` of what is installed, sorted by id."""
    found = []
    for point in importlib.metadata.entry_points(group=GROUP):
        name, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
        found.append(Candidate(point.name, point.load, point.module.partition(".")[0], name, version))
    return sorted(found, key=lambda candidate: candidate.id)


class PluginHost:
    """Loads candidates into a registry and calls hooks. One per application; nothing is global."""

    def __init__(self, registry: Registry, disabled: Iterable[str] = ()) -> None:
        self.registry = registry
        self.disabled = frozenset(disabled)
        self.plugins: dict[str, Plugin] = {}

    def load(self, candidates: Iterable[Candidate]) -> None:
        """Load each candidate on its own; what fails is kept with its reason and left out."""
        for candidate in sorted(candidates, key=lambda one: (one.id, one.distribution)):
            plugin = Plugin(candidate.id, candidate.distribution, candidate.version, State.DISABLED)
            first = self.plugins.get(candidate.id)
            self.plugins[candidate.id if first is None else self._name_of_double(candidate.id)] = plugin
            if candidate.id in self.disabled:
                plugin.reason = "disabled in the settings"
                continue
            try:
                if first is not None:
                    raise ValueError(f"the id {candidate.id!r} is taken by {first.distribution or 'another plugin'}")
                self._start(plugin, candidate)
            except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises must not stop the others
                self.refuse(plugin, f"{type(error).__name__}: {error}")

    def _name_of_double(self, id_: str) -> str:
        """Where a plugin is listed whose id another one has: no id looks like this, so no request is ever its own."""
        return next(name for number in count(2) if (name := f"{id_} ({number})") not in self.plugins)

    def _start(self, plugin: Plugin, candidate: Candidate) -> None:
        if not _ID.fullmatch(candidate.id):
            raise ValueError(f"the id {candidate.id!r} must be lower-case letters, digits and _")
        if candidate.id in RESERVED:
            raise ValueError(f"the id {candidate.id!r} is the core's own word")
        module = candidate.load()
        wanted = getattr(module, "CRM_API_VERSION", None)
        if not isinstance(wanted, int):
            raise ValueError("the module does not say for which API it is written (CRM_API_VERSION = 1)")
        if not OLDEST_SUPPORTED <= wanted <= API_VERSION:
            raise ValueError(f"it is written for API {wanted}; this core has {OLDEST_SUPPORTED} to {API_VERSION}")
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        manager.register(module, plugin.id)
        manager.check_pending()
        plugin.module, plugin.manager = module, manager
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

    def enabled(self) -> Iterator[Plugin]:
        return (plugin for plugin in self.plugins.values() if plugin.state is State.ENABLED)

    def failed(self) -> list[Plugin]:
        return [plugin for plugin in self.plugins.values() if plugin.state is State.FAILED]

    def of_type(self, type_id: str) -> Plugin | None:
        """The enabled plugin a request type belongs to; None for the core's own types and for parked ones."""
        plugin = self.plugins.get(type_id.partition(".")[0])
        return plugin if plugin is not None and plugin.state is State.ENABLED else None

    def before(self, hook: str, type_id: str, **arguments: Any) -> None:
        """Call a hook inside a transaction. A refusal in words passes on; anything else becomes PluginFailed."""
        plugin = self.of_type(type_id)
        if plugin is not None:
            self.decide(type_id, hook, lambda: plugin.call(hook, **arguments))

    def decide(self, type_id: str, word: str, decision: Callable[[], Answer]) -> Answer:
        """The answer of code that a plugin gave for its type, called while saving; failures as in `before`."""
        plugin = self.of_type(type_id)
        try:
            return decision()
        except (CrmError, TransientError):
            raise
        except Exception as error:
            if plugin is None:  # the core's own types
                raise
            plugin.fail(f"{word}: {type(error).__name__}: {error}")
            raise PluginFailed(plugin.id, word) from error

    def ask(self, hook: str, type_id: str, **arguments: Any) -> Any:
        """Call a hook of a page: its answer, or None when it has none or fails (which is noted)."""
        plugin = self.of_type(type_id)
        if plugin is None:
            return None
        try:
            return plugin.call(hook, **arguments)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001  # a page must not fall because of a plugin
            plugin.fail(f"{hook}: {type(error).__name__}: {error}")
            return None

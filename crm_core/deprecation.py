"""How the API gives things new names, in two steps: what API n called otherwise still works in n+1, with a warning that
names the plugin and the new name; n+2 refuses it, and says the same.

`RENAMES` lists hooks; keywords of contributions are marked on their class with `renamed`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import pluggy

from crm_core.version import API_VERSION, OLDEST_SUPPORTED

log = logging.getLogger(__name__)
Class = TypeVar("Class", bound=type)


@dataclass(frozen=True)
class Renamed:
    """The hook ``old`` is called ``new`` since API ``since``."""

    old: str
    new: str
    since: int


RENAMES: tuple[Renamed, ...] = ()
"""Hooks that have got another name. Those of two versions ago are taken out with the next one."""


@dataclass(frozen=True)
class Api:
    """The API a host offers: its version, the oldest that plugins may be written for, and renamed hooks."""

    version: int = API_VERSION
    oldest: int = OLDEST_SUPPORTED
    renames: tuple[Renamed, ...] = RENAMES


class NoLonger(Exception):
    """A name of two versions ago; the message says what it is called now."""


@dataclass
class Notes:
    """What a plugin that starts still calls by an old name, in sentences (English, for administrators and authors)."""

    plugin: str
    api: Api
    said: list[str] = field(default_factory=list)

    def old_name(self, what: str, old: str, new: str, since: int) -> None:
        """Note an old name, with a DeprecationWarning. Raises NoLonger when its time is over."""
        sentence = f"{what} {old!r} is called {new!r} since API {since}"
        if self.api.version > since:
            raise NoLonger(f"{sentence}, and API {self.api.version} no longer knows the old name")
        words = f"{sentence}; API {since + 1} will no longer know the old name"
        if words not in self.said:
            self.said.append(words)
            log.warning("plugin %s: %s", self.plugin, words)
            warnings.warn(f"plugin {self.plugin}: {words}", DeprecationWarning, stacklevel=3)


_starting: ContextVar[Notes | None] = ContextVar("crm_starting", default=None)


@contextmanager
def starting(notes: Notes) -> Iterator[None]:
    """While this lasts, old names are those of the plugin of ``notes``."""
    token = _starting.set(notes)
    try:
        yield
    finally:
        _starting.reset(token)


def renamed(since: int, **names: str) -> Callable[[Class], Class]:
    """Mark a contribution's class, above ``@dataclass``: ``@renamed(2, days="due_days")`` says that the keyword
    ``days`` is called ``due_days`` since API 2."""

    def mark(class_: Class) -> Class:
        init: Callable[..., None] = vars(class_)["__init__"]

        @wraps(init)
        def taking_old_names(self: Any, *values: Any, **keywords: Any) -> None:
            for old in [old for old in names if old in keywords]:
                notes = _starting.get() or Notes("", Api())
                notes.old_name(f"the keyword of {class_.__name__}", old, names[old], since)
                keywords[names[old]] = keywords.pop(old)
            init(self, *values, **keywords)

        setattr(class_, "__init__", taking_old_names)  # noqa: B010  # an assignment is not typed for any class
        return class_

    return mark


class Manager(pluggy.PluginManager):
    """A plugin manager that takes hooks by their old names too, as long as that is so."""

    def __init__(self, project: str, specifications: type, notes: Notes) -> None:
        super().__init__(project)
        self._notes = notes
        self.add_hookspecs(specifications)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """pluggy asks this of every name of a plugin's module."""
        options = super().parse_hookimpl_opts(plugin, name)
        if options is not None and options.get("specname") is None:
            for rename in (one for one in self._notes.api.renames if one.old == name):
                self._notes.old_name("the hook", name, rename.new, rename.since)
                options["specname"] = rename.new
        return options

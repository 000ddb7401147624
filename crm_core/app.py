"""The application without its faces: settings → storage → plugins → registry → services. Web, worker and command line
all stand on one `App`; two of them live side by side in one process, because nothing is global.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ZODB.Connection import Connection

from crm_core import builtin
from crm_core.db import Database, root_of
from crm_core.errors import CrmError
from crm_core.host import Candidate, PluginHost, State, installed
from crm_core.i18n import TextFactory, Translator
from crm_core.model.ids import now_ms
from crm_core.model.root import Root
from crm_core.registry import Registry
from crm_core.security.identity import SYSTEM, Identity
from crm_core.services import Services
from crm_core.services.context import Context
from crm_core.services.textsearch import NullSearch, TextSearch
from crm_core.settings import Settings
from crm_core.textfeed import JournalSource

_ = TextFactory("crm_core")
Result = TypeVar("Result")
CORE_PACKAGES = ("crm_core", "crm_views")


class App:
    """One running installation."""

    def __init__(
        self, settings: Settings, db: Database, text_search: TextSearch, candidates: Iterable[Candidate]
    ) -> None:
        self.settings = settings
        self.db = db
        self.text_search = text_search
        found = list(candidates)
        self.translator = Translator([*_existing(CORE_PACKAGES), *_packages(found)])
        self.registry = Registry(self.translator)
        self.registry.take("core", builtin.contribute())
        self.host = PluginHost(self.registry, settings.plugins_disabled)
        self.host.load(found)
        for id_ in settings.plugins_required:
            plugin = self.host.plugins.get(id_)
            if plugin is None:
                raise CrmError(_("The required plugin “${plugin}” is not installed.", mapping={"plugin": id_}))
            if plugin.state is not State.ENABLED:
                why = {"plugin": id_, "reason": plugin.reason}
                raise CrmError(_("The required plugin “${plugin}” cannot be loaded: ${reason}", mapping=why))

    @classmethod
    def open(
        cls,
        settings: Settings,
        plugins: Iterable[Candidate] | None = None,
        *,
        read_only: bool = False,
        database: Database | None = None,
    ) -> App:
        """Open an installation. ``plugins`` None loads what is installed; tests give their own candidates."""
        db = database or Database.open(settings, read_only)
        search: TextSearch | None = None
        try:
            search = open_search(settings, read_only)
            return cls(settings, db, search, installed() if plugins is None else plugins)
        except BaseException:
            if search is not None:
                search.close()
            db.close()
            raise

    def catch_up(self) -> None:
        """Bring full text up to date in this process; for commands that wrote while no server was running."""
        for point in importlib.metadata.entry_points(group="crm.indexer", name=self.settings.search):
            point.load()(self.text_search, JournalSource(self.db)).run_until_caught_up()

    def close(self) -> None:
        self.text_search.close()
        self.db.close()

    def services(self, root: Root, identity: Identity, *, at: int | None = None, bulk: bool = False) -> Services:
        """Services on an opened root; ``at``: the moment that counts as now (milliseconds UTC)."""
        context = Context(
            root, identity, now_ms() if at is None else at, self.registry, self.host, self.translator, self.settings,
            self.text_search, bulk,
        )
        return Services(context)

    @contextmanager
    def transaction(self, identity: Identity = SYSTEM, note: str = "", *, bulk: bool = False) -> Iterator[Services]:
        """One transaction without retry; commits at the end."""
        with self.db.transaction(note) as connection:
            yield self.services(root_of(connection), identity, bulk=bulk)

    @contextmanager
    def reading(self, identity: Identity = SYSTEM) -> Iterator[Services]:
        """Services that can look but never store."""
        with self.db.reading() as connection:
            yield self.services(root_of(connection), identity)

    def run(
        self, work: Callable[[Services], Result], identity: Identity = SYSTEM, note: str = "", *, bulk: bool = False
    ) -> Result:
        """``work(services)`` in a transaction that is tried again on conflicts."""

        def step(connection: Connection) -> Result:
            return work(self.services(root_of(connection), identity, bulk=bulk))

        return self.db.run(step, note)


def open_search(settings: Settings, read_only: bool) -> TextSearch:
    """The full text backend named in the settings, from the entry point group ``crm.search``."""
    if settings.search == "none":
        return NullSearch()
    points = importlib.metadata.entry_points(group="crm.search", name=settings.search)
    if not points:
        raise CrmError(_("There is no search backend “${name}”.", mapping={"name": settings.search}))
    backend: TextSearch = next(iter(points)).load()(Path(settings.data) / "index", read_only=read_only)
    return backend


def _packages(candidates: Iterable[Candidate]) -> list[str]:
    return [candidate.package for candidate in candidates if candidate.package]


def _existing(packages: Iterable[str]) -> list[str]:
    return [package for package in packages if importlib.util.find_spec(package) is not None]

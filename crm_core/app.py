"""The application without its faces: settings → storage → plugins → registry → services. Web, worker and command line
all stand on one `App`; two of them live side by side in one process, because nothing is global.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ZODB.Connection import Connection

from crm_core import builtin
from crm_core.db import Database, root_of
from crm_core.errors import CrmError
from crm_core.host import Candidate, PluginHost, State, installed
from crm_core.i18n import TextFactory, Translator
from crm_core.looks import FOLDER as LOOKS
from crm_core.looks import Looks
from crm_core.model.ids import now_ms
from crm_core.model.root import Root
from crm_core.projections import Projection, ProjectionRunner, find_projections
from crm_core.registry import Registry
from crm_core.security.identity import SYSTEM, Identity
from crm_core.services import Services
from crm_core.services.context import Context
from crm_core.services.lately import Lately
from crm_core.services.plugins import disabled_plugins
from crm_core.services.textsearch import NullSearch, TextSearch
from crm_core.settings import Settings

if TYPE_CHECKING:
    from crm_core.background import Background

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)
Result = TypeVar("Result")
CORE_PACKAGES = ("crm_core", "crm_views")
ERASED = "crm.erased"
"""Entry points ``name = package.module:forget``: ``forget(app, keys)`` drops what is kept outside of the database about
what was erased; ``keys`` are its ids and tracking codes, as text."""
BY_ADMINISTRATOR = "disabled by an administrator"


class App:
    """One running installation."""

    rebuild: Callable[[], App] | None = None
    """Builds the application anew beside this one, puts it in this one's place, and gives it; only where pages are
    served that can be swapped (`crm_views.swap`). Raises what keeps it from starting; then nothing has changed."""

    _first: App | None = None
    """The one this stands beside; its background work is that of the whole process."""
    _background: Background | None = None
    _newest_erasure = 0

    def __init__(
        self, settings: Settings, db: Database, text_search: TextSearch, find: Callable[[], Iterable[Candidate]],
        looks: Looks | None = None,
    ) -> None:
        """``find`` gives the plugins that could be loaded."""
        self.settings = settings
        self.db = db
        self.text_search = text_search
        self.looks = looks or Looks(settings.data / LOOKS)
        self.lately = Lately()
        self._find = find
        self._projections: tuple[Projection, ...] | None = None
        self._finding = threading.Lock()
        self.on_erased: list[Callable[[frozenset[str]], object]] = [self._forget]
        """What keeps something of citizens outside the database puts in here how it forgets them: see `Context`."""
        found = list(find())
        self.translator = Translator([*_existing(CORE_PACKAGES), *_packages(found)])
        self.registry = Registry(self.translator)
        self.registry.take("core", builtin.contribute())
        self.host = PluginHost(self.registry, put_out(settings, db), trace=settings.trace_hooks)
        self.host.load(found)
        self.demand_required()

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
            given = None if plugins is None else list(plugins)
            return cls(settings, db, search, installed if given is None else lambda: given)
        except BaseException:
            if search is not None:
                search.close()
            db.close()
            raise

    def beside(self) -> App:
        """The same installation with the plugins that are installed and take part now, on the same open storage.

        Never to be closed: it is for `adopt`. Raises CrmError where a required plugin is missing.
        """
        other = App(self.settings, self.db, self.text_search, self._find, self.looks)
        other._projections, other._first = self.projections, self
        return other

    def demand_required(self) -> None:
        """Raise CrmError where a plugin does not take part without which this installation may not run.

        Whoever refuses plugins later on, for their pages, asks again.
        """
        for id_ in self.settings.plugins_required:
            plugin = self.host.plugins.get(id_)
            if plugin is None:
                raise CrmError(_("The required plugin “${plugin}” is not installed.", mapping={"plugin": id_}))
            if plugin.state is not State.ENABLED:
                why = {"plugin": id_, "reason": plugin.reason}
                raise CrmError(_("The required plugin “${plugin}” cannot be loaded: ${reason}", mapping=why))

    @property
    def background(self) -> Background | None:
        """The background work of this process, where it does any; also when it began after this was built."""
        return self._background if self._first is None else self._first.background

    @background.setter
    def background(self, work: Background | None) -> None:
        self._background = work

    @property
    def projections(self) -> tuple[Projection, ...]:
        """The stores derived from the database that this installation has; opened when they are first asked for."""
        with self._finding:
            if self._projections is None:
                self._projections = find_projections(self)
            return self._projections

    def follow_erasures(self, root: Root) -> None:
        """Forget what this process keeps of failures when somebody was erased since it was last asked, in whatever
        process: their words may tell of them."""
        newest = root.erasures.maxKey() if root.erasures else 0
        if newest != self._newest_erasure:
            self._newest_erasure = newest
            self._forget_words()

    def _forget_words(self) -> None:
        for plugin in self.host.plugins.values():
            plugin.forget_words()

    def _forget(self, keys: frozenset[str]) -> None:
        self._forget_words()
        forgetting: list[Callable[[], object]] = [partial(one.forget, keys) for one in self.projections]
        points = importlib.metadata.entry_points(group=ERASED)
        forgetting += [lambda point=point: point.load()(self, keys) for point in points]  # type: ignore[misc]
        for forget in forgetting:
            try:
                forget()
            except Exception:  # one that cannot, such as a database that is away, must not keep the others from it
                log.exception("what was erased may still be kept beside the database")

    def adopt(self, other: App) -> None:
        """Go on with the plugins of ``other``; transactions that have begun end with those they began with."""
        self.registry, self.host, self.translator = other.registry, other.host, other.translator
        self.on_erased = other.on_erased

    def is_outdated(self, root: Root) -> bool:
        """Whether administrators have decided otherwise about plugins since this application was built."""
        mine = {id_ for id_, reason in self.host.disabled.items() if reason == BY_ADMINISTRATOR}
        return disabled_plugins(root) - set(self.settings.plugins_disabled) != mine

    def catch_up(self) -> None:
        """Bring full text and what else is derived up to date in this process, where nobody else does it; for commands
        that wrote while no server was running."""
        for projection in self.projections:
            runner = ProjectionRunner(self, projection)
            while runner.step():
                pass
            runner.release()

    def close(self) -> None:
        for projection in self._projections or ():
            projection.close()
        self.looks.close()
        self.text_search.close()
        self.db.close()

    def services(self, root: Root, identity: Identity, *, at: int | None = None, bulk: bool = False) -> Services:
        """Services on an opened root; ``at``: the moment that counts as now (milliseconds UTC)."""
        context = Context(
            root, identity, now_ms() if at is None else at, self.registry, self.host, self.translator, self.settings,
            self.text_search, self.lately, bulk, self.on_erased,
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
    backend: TextSearch = next(iter(points)).load()(settings, read_only)
    return backend


def put_out(settings: Settings, db: Database | None) -> dict[str, str]:
    """The plugins that must not be loaded, each with the reason: who said so."""
    decided: Iterable[str] = ()
    if db is not None:
        with db.reading() as connection:
            decided = disabled_plugins(root_of(connection))
    return {
        **dict.fromkeys(decided, BY_ADMINISTRATOR),
        **dict.fromkeys(settings.plugins_disabled, "disabled in the settings"),
    }


def _packages(candidates: Iterable[Candidate]) -> list[str]:
    return [candidate.package for candidate in candidates if candidate.package]


def _existing(packages: Iterable[str]) -> list[str]:
    return [package for package in packages if importlib.util.find_spec(package) is not None]

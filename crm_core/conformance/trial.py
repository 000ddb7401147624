"""An installation with one plugin in it and something stored by it: what a plugin does is seen there, not read.

Each look that changes something works on a copy of the folder.
"""

from __future__ import annotations

import inspect
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_core.app import App
from crm_core.conformance import answers
from crm_core.conformance.findings import Fault, failing, of_examples
from crm_core.errors import CrmError
from crm_core.host import Candidate, Plugin, State
from crm_core.model.contact import Contact, Proof
from crm_core.model.request import Request
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.settings import Settings

Examples = Callable[[Services, Contact], Iterable[Request]]
"""What `PluginContract.examples` is: registers requests of every type of the plugin for a contact."""

Outside = Callable[[], AbstractContextManager[object]]
"""What `PluginContract.outside` is: while it is entered, effects meet the other side of its author's tests."""

LOGIN = "conformance"
_PASSWORD = "never typed anywhere"  # noqa: S105  # of an account in a folder that is gone in a moment
NAMES = ("Zqcitizen Zqone", "Zqcitizen Zqtwo")
PHONES = ("+989121049901", "+989121049902")


@dataclass
class Timing:
    """How long the calls of one hook took, in milliseconds."""

    calls: int = 0
    total: float = 0.0

    @property
    def each(self) -> float:
        return self.total / self.calls if self.calls else 0.0


@dataclass(repr=False)
class Trial:
    """``contact`` has the examples, ``other`` is a bare record of the same citizen; ``missing``: why there are none;
    ``fault``: that it is the plugin's own or its examples'.

    ``unanswered``: contact fields (``group.field``) that no example answers, answered by the trial itself.
    """

    candidate: Candidate
    folder: Path
    examples: Examples | None = None
    outside: Outside | None = None
    contact: int = 0
    other: int = 0
    requests: list[int] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    missing: str = ""
    fault: Fault | None = None
    reason: str = ""
    timings: dict[str, Timing] = field(default_factory=lambda: defaultdict(Timing))

    def __repr__(self) -> str:  # a failing test prints it
        return f"<trial of {self.candidate.id}>"

    def begin(self) -> bool:
        """Start the plugin and store the examples; False where it does not start, with the reason in ``reason``."""
        with self.opened() as app:
            plugin = self.plugin(app)
            if plugin.state is not State.ENABLED:
                self.reason = self.failure(app)
                return False
            with app.transaction() as services:
                services.users.add(LOGIN, name="Zqclerk", password=_PASSWORD, roles=list(Role), hash_cost=1)
                made = [services.contacts.create(name=name, identifiers=[("phone", phone, Proof.CODE)])
                        for name, phone in zip(NAMES, PHONES, strict=True)]
                self.contact, self.other = (one.id for one in made)
            try:
                self._fill(app)
            except answers.NotMade as error:
                self.missing = str(error)
                self.fault = None if self.examples is None else Fault("examples", self.missing)
            except Exception as error:  # noqa: BLE001  # whatever a plugin raises is what was asked for
                # a file of its author's tests, where the examples were written
                file = Path(inspect.getfile(inspect.unwrap(self.examples))).name if self.examples is not None else ""
                self.fault = of_examples(error, file, self.candidate.package)
                self.missing = self.fault.reason
            return True

    def _fill(self, app: App) -> None:
        mine = f"{self.candidate.id}."
        with app.transaction() as services:
            contact = services.contacts.get(self.contact)
            made = self.examples(services, contact) if self.examples is not None else answers.requests(
                services, contact, [id_ for id_ in app.registry.types if id_.startswith(mine)])
            if made is None:  # what forgot to yield, whatever its signature says
                raise answers.NotMade("examples() gives nothing; let it yield each request")
            self.requests = [request.id for request in made]
            for id_ in (id_ for id_ in app.registry.contact_fields if id_.startswith(mine)):
                schema = services.contact_fields.schema(id_, services, contact)
                values = schema.deserialize(answers.made_up(schema, services.clock.today()))
                said = services.contact_fields.values(contact, id_)
                self.unanswered += [f"{id_}.{node.name}" for node in schema if said.get(node.name) is None]
                if id_ not in contact.extra:
                    services.contact_fields.edit(contact, {id_: values})

    # ── applications ─────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def opened(self, name: str = "data", *, without: bool = False) -> Iterator[App]:
        """An application on the folder ``name``, with the plugin or ``without`` it."""
        app = App.open(Settings(data=self.folder / name, search="none"), [] if without else [self.candidate])
        try:
            if not without:
                self._watch(self.plugin(app))
            yield app
        finally:
            app.close()

    @contextmanager
    def copied(self, name: str, *, without: bool = False) -> Iterator[App]:
        """The same on a copy of what was stored."""
        self.copy(name)
        with self.opened(name, without=without) as app:
            yield app

    def copy(self, name: str) -> None:
        """Copy what was stored to the folder ``name``, where it may be changed."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / "data", self.folder / name)

    def plugin(self, app: App) -> Plugin:
        return app.host.plugins[self.candidate.id]

    def failure(self, app: App) -> str:
        """What the plugin failed with last, and where."""
        return failing(self.plugin(app), self.candidate.package)

    def reader(self, app: App) -> Identity:
        """Somebody of the desk who has every role."""
        with app.reading() as services:
            user = services.users.by_login(LOGIN)
            if user is None:
                raise CrmError("the trial has not begun")
            return services.users.identity(user)

    # ── what hooks cost ──────────────────────────────────────────────────────────────────────────────────

    def _watch(self, plugin: Plugin) -> None:
        """Take the time of each hook call from now on."""
        if plugin.manager is None:
            return
        began: list[float] = []

        def before(_hook: str, _impls: Any, _arguments: Any) -> None:
            began.append(time.perf_counter())

        def after(_outcome: Any, hook: str, _impls: Any, _arguments: Any) -> None:
            timing = self.timings[hook]
            timing.calls += 1
            timing.total += (time.perf_counter() - began.pop()) * 1000

        plugin.manager.add_hookcall_monitoring(before, after)


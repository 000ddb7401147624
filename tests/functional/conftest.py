"""A desk with one member of staff for each role, to be looked at through the real web application."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core.app import App
from crm_core.security.identity import SYSTEM, Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing import begun, factories
from crm_core.testing.guard import only_core_classes

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGINS = CHECKOUT / "tests" / "plugins" / "web"

STAFF: dict[str, tuple[str, str]] = {
    "clerk": (Role.CLERK, "reception"),
    "second": (Role.CLERK, "reception"),
    "expert": (Role.EXPERT, "streets"),
    "lawyer": (Role.EXPERT, "law"),
    "supervisor": (Role.SUPERVISOR, "reception"),
    "executive": (Role.EXECUTIVE, ""),
    "admin": (Role.ADMINISTRATOR, ""),
}
"""Login → role and unit."""
UNITS = {
    "reception": {"name": "پذیرش", "name_en": "Reception"},
    "streets": {"name": "خدمات شهری", "name_en": "City services"},
    "law": {"name": "حقوقی", "name_en": "Legal unit", "confidential": True},
}
"""The desk's own word for a unit → what is known of it. The unit of law is confidential."""


class Desk:
    """An application with units and staff. ``who`` are identities by login, ``units`` unit ids by name."""

    def __init__(self, app: App) -> None:
        self.app = app
        with app.reading() as services:
            ids = {unit.name_en: unit.id for unit in services.units.all()}
            self.units: dict[str, int] = {word: ids[values["name_en"]] for word, values in UNITS.items()}
            self.who: dict[str, Identity] = {
                user.login: services.users.identity(user) for user in services.users.all()
            }

    def run(self, work: Callable[[Services], Any], as_: str = "") -> Any:
        """``work(services)`` in a transaction of its own, as a member of staff or as the system."""
        return self.app.run(work, self.who[as_] if as_ else SYSTEM)

    def contact(self, name: str = "", **values: Any) -> int:
        """A new citizen's id."""
        return int(self.run(lambda services: factories.make_contact(services, name, **values).id))

    def case(self, contact: int | None, as_: str = "clerk", type_id: str = "core.general", **more: Any) -> str:
        """A new general request's tracking code; ``answers`` and what `Requests.register` takes."""
        answers = more.pop("answers", {"category": "service"})

        def work(services: Services) -> str:
            of = services.contacts.find(contact)
            return factories.submit(services, of, type_id, answers, **more).code

        return str(self.run(work, as_))

    def shield(self, contact: int) -> None:
        """Make a contact one that only those with that permission may know of."""

        def work(services: Services) -> None:
            services.contacts.edit(services.contacts.get(contact), {"confidentiality": "shielded"})

        self.run(work)


def engage(app: App) -> None:
    """Make the units and the staff."""
    units: dict[str, int] = app.run(
        lambda services: {word: services.units.add(**values).id for word, values in UNITS.items()}
    )
    for login, (role, unit) in STAFF.items():
        factories.make_clerk(app, login, roles=[role], units=[units[unit]] if unit else [], name=f"The {login}")
    app.run(_speak_english)


def _speak_english(services: Services) -> None:
    for user in services.users.active():
        services.users.set_preferences(user, language="en")


@pytest.fixture
def load_plugin() -> Iterator[Callable[[str], ModuleType]]:
    """``load_plugin("good")``: the module of that name in ``tests/plugins/web``, new for each test."""
    loaded = []

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"web_{name}", PLUGINS / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        loaded.append(spec.name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in loaded:
        del sys.modules[name]


@pytest.fixture(scope="session")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the units and the staff and nothing else, made once; a desk begins with a copy of its file."""
    folder = tmp_path_factory.mktemp("staffed") / "data"
    app = factories.make_app(folder)
    try:
        engage(app)
    finally:
        app.close()
    return folder


@pytest.fixture
def open_desk(tmp_path: Path, staffed: Path) -> Iterator[Callable[..., Desk]]:
    """``open_desk(plugins={id: module}, **settings)``: a desk in a folder of its own, looked through at the end."""
    opened: list[App] = []

    def open_(plugins: dict[str, ModuleType] | None = None, **settings: Any) -> Desk:
        folder = tmp_path / f"data{len(opened)}"
        begun.copy(staffed, folder)
        app = factories.make_app(folder, plugins, **settings)
        opened.append(app)
        return Desk(app)

    yield open_
    for app in opened:
        only_core_classes(app)
        app.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk without plugins."""
    return open_desk()

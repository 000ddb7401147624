"""A desk with one member of staff for each role, to be looked at through the real web application."""

from __future__ import annotations

import importlib.util
import os
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
from crm_core.testing import factories
from crm_core.testing.guard import only_core_classes

CHECKOUT = Path(__file__).resolve().parents[2]
# Chameleon, imported with the first page, keeps compiled templates there between tests and runs.
os.environ.setdefault("CHAMELEON_CACHE", str(CHECKOUT / ".pytest_cache" / "chameleon"))
Path(os.environ["CHAMELEON_CACHE"]).mkdir(parents=True, exist_ok=True)

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
"""Login → role and unit. The unit of law is confidential."""


class Desk:
    """An application with units and staff. ``who`` are identities by login, ``units`` unit ids by name."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.units: dict[str, int] = app.run(_units)
        self.who: dict[str, Identity] = {
            login: factories.make_clerk(
                app, login, roles=[role], units=[self.units[unit]] if unit else [], name=f"The {login}"
            )
            for login, (role, unit) in STAFF.items()
        }
        app.run(_speak_english)

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


def _speak_english(services: Services) -> None:
    for user in services.users.active():
        services.users.set_preferences(user, language="en")


def _units(services: Services) -> dict[str, int]:
    return {
        "reception": services.units.add("پذیرش", name_en="Reception").id,
        "streets": services.units.add("خدمات شهری", name_en="City services").id,
        "law": services.units.add("حقوقی", name_en="Legal unit", confidential=True).id,
    }


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


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """``open_desk(plugins={id: module}, **settings)``: a desk in a folder of its own, looked through at the end."""
    opened: list[App] = []

    def open_(plugins: dict[str, ModuleType] | None = None, **settings: Any) -> Desk:
        app = factories.make_app(tmp_path / f"data{len(opened)}", plugins, **settings)
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

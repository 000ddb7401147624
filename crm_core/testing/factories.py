"""Small makers for tests: an application in a folder, staff, citizens, requests sent as a form sends them.

They use the real parts only, so what passes here passes in an installation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

from crm_core.app import App
from crm_core.host import Candidate
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact, Proof
from crm_core.model.request import Request
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.forms import deserialize
from crm_core.settings import Settings
from crm_core.testing import onserver
from crm_core.testing.begun import DATA, begin

PASSWORD = "a good long password"  # noqa: S105  # of accounts that live as long as a test
_FAMILIES = ("محمدی", "کاظمی", "رضایی‌پور", "نوروزی", "احمدی", "صادقی", "حسینی", "کریمی")
_GIVEN = ("مریم", "رضا", "زهرا", "کریم", "ناهید", "سعید", "لیلا", "بهرام")


def candidate(id_: str, module: ModuleType) -> Candidate:
    """A plugin that is already imported, as the host takes it; ``id_`` as in its entry point."""
    package = module.__name__ if hasattr(module, "__path__") else ""
    return Candidate(id_, lambda: module, package)


def make_app(folder: Path, plugins: Mapping[str, ModuleType] | None = None, **settings: Any) -> App:
    """An application with its data in ``folder`` and exactly the given plugins (id → module); close it afterwards.

    ``settings`` are fields of `Settings`; full text is off unless they say otherwise.
    """
    values = Settings(data=folder, **{"search": "none", **settings})
    if values.is_file_storage and onserver.is_asked_for() and not (folder / DATA).exists():
        values = onserver.settled(values)
    if values.is_file_storage:
        begin(folder)
    candidates = [candidate(id_, module) for id_, module in (plugins or {}).items()]
    return App.open(values, candidates)


def make_clerk(
    app: App, login: str = "clerk", *, roles: Iterable[str] = (Role.CLERK,), units: Iterable[int] = (), name: str = ""
) -> Identity:
    """A new member of staff; the identity to act with. The password is `PASSWORD`."""

    def work(services: Services) -> Identity:
        user = services.users.add(
            login, name=name or login, password=PASSWORD, roles=roles, units=units, hash_cost=1
        )
        return services.users.identity(user)

    return app.run(work)


def make_contact(services: Services, name: str = "", phone: str = "", **values: Any) -> Contact:
    """A new citizen; a name and a phone number are made up where none is given."""
    number = next(n for n in count() if not services.contacts.by_identifier("phone", _phone(n)))
    given, family = _GIVEN[number % 8], _FAMILIES[number // 8 % 8]
    return services.contacts.create(
        name=name or f"{given} {family}", identifiers=[("phone", phone or _phone(number), Proof.CODE)], **values
    )


def submit(
    services: Services, contact: Contact | None, type_id: str, answers: Mapping[str, Any] | None = None, **more: Any
) -> Request:
    """Register a request from answers as a browser sends them (texts; ISO dates), checked by the type's form.

    ``more`` goes to `Requests.register`; without ``attachments`` come as many as the type requires. Raises Invalid as
    the page would show it, and what the plugin raises.
    """
    more.setdefault("attachments", papers(services, type_id))
    values = deserialize(services.forms.schema(type_id, services, contact), dict(answers or {}))
    return services.requests.register(services, contact, type_id, values, **more)


def papers(services: Services, type_id: str) -> tuple[Attachment, ...]:
    """As many small files as a new request of the type must come with, stored in this transaction."""
    needed = services.forms.published(type_id).type.files_required
    return tuple(services.attachments.store(f"paper {number}.txt", "text/plain", BytesIO(b"a paper"))
                 for number in range(1, needed + 1))


def _phone(number: int) -> str:
    return f"+98912{1_000_000 + number}"

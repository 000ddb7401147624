"""What a plugin adds, as frozen dataclasses: the answer to its one start hook ``contribute()``.

A new kind of contribution is a new dataclass here, not a new hook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_core.fields import Form
from crm_core.i18n import Text
from crm_core.model.plain import Plain
from crm_core.model.request import Category
from crm_core.security.permissions import Permission as CorePermission

if TYPE_CHECKING:
    from crm_core.model.contact import Contact
    from crm_core.services import Services


@dataclass(frozen=True)
class Status:
    """A stage of a request. ``category`` tells the core what it means; ``name`` is stored, ``title`` shown."""

    name: str
    category: Category
    title: Text


@dataclass(frozen=True)
class RequestType:
    """A kind of request. It is born with its first status, or with the one that ``starts_as(values)`` names.

    ``id`` starts with the plugin's id and a dot. ``due_days``: calendar days until an answer is owed, None for no
    deadline. ``offered``: whether staff may start one by hand. ``title_from``: the fields whose texts make the title
    when the clerk writes none. ``confidential``: for all of them, or a function of the form's checked values. A request
    born with a status of the category "done" is closed at once and owes nobody anything (an answered survey).
    """

    id: str
    title: Text
    form: type[Form]
    statuses: tuple[Status, ...]
    description: Text = ""
    icon: str = "folder2"
    permission: str = CorePermission.REQUEST_CREATE.value
    due_days: int | None = None
    offered: bool = True
    title_from: tuple[str, ...] = ()
    confidential: bool | Callable[[Mapping[str, Any]], bool] = False
    starts_as: Callable[[Mapping[str, Any]], str] | None = None


@dataclass(frozen=True)
class Permission:
    """A permission a plugin's views ask for, and the roles that have it from the start."""

    id: str
    title: Text
    roles: frozenset[str]


@dataclass(frozen=True)
class Collection:
    """A named set of plain records with indexes, for what is not a request (slots, meters, campaigns).

    ``exact``, ``ranges`` and ``unique`` name fields of the records; ``unique`` ones are claims: one holder only.
    ``person``: the field that holds a contact id, if records tell of a person; ``on_erase`` says what erasure does with
    such records ("remove" or "unlink").
    """

    id: str
    title: Text
    exact: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    person: str = ""
    on_erase: str = "remove"


@dataclass(frozen=True)
class Panel:
    """A box on the dossier. ``data(services, contact)`` gives the template's values, or None for no box.

    ``template`` is an asset of the plugin such as ``"crm_surveys:templates/panel.pt"``.
    """

    id: str
    title: Text
    template: str
    data: Callable[[Services, Contact], Mapping[str, Any] | None]
    icon: str = "plug"
    permission: str = CorePermission.CONTACT_VIEW.value


@dataclass(frozen=True)
class MenuItem:
    """An entry of the desk's menu leading to a page of the plugin. ``path`` starts with ``/plugins/<id>/``."""

    id: str
    title: Text
    path: str
    permission: str
    icon: str = "plug"


Contribution = RequestType | Permission | Collection | Panel | MenuItem


@dataclass(frozen=True)
class Draft:
    """A request about to be registered, as hooks see it: checked values, nothing stored yet.

    ``id`` and ``code`` are final; ``values`` are the form's values (dates as `datetime.date`).
    """

    id: int
    code: str
    type: str
    contact: Contact | None
    title: str
    text: str
    values: Mapping[str, Any]
    at: int


@dataclass(frozen=True)
class StatusChange:
    """A status about to change: from ``old`` to ``new`` (names), with the clerk's note."""

    old: str
    new: str
    category: Category
    note: str
    data: Mapping[str, Plain]

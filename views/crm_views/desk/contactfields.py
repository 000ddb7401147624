"""Groups of fields that plugins add to contacts: a box on the dossier, rows of a comparison, and their part of the form
in which a contact is edited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, time
from typing import TYPE_CHECKING, Any

import colander
from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.contributions import ContactFields as ContactGroup
from crm_core.errors import Invalid, PluginFailed, StaleChange
from crm_core.i18n import Labels
from crm_core.model.contact import Contact
from crm_core.services.contactfields import Shown
from crm_core.services.forms import plain_value
from crm_core.services.visibility import Visibility
from crm_views.desk import rows
from crm_views.desk.answers import words
from crm_views.desk.panels import Drawn

if TYPE_CHECKING:
    from pyramid.request import Request


# ── in the form ──────────────────────────────────────────────────────────────────────────────────────────────


def node_name(group: str) -> str:
    """What a group is called in a form: the dot of its id parts names there."""
    return group.replace(".", "-")


class FieldGroups:
    """The groups' part of the form in which ``contact`` is edited. Names are ``"group-id.field"``."""

    def __init__(self, request: Request, contact: Contact) -> None:
        self.service = request.services.contact_fields
        self.contact = contact
        self.groups: dict[str, ContactGroup] = {}
        self.schemas: dict[str, colander.SchemaNode] = {}
        for one in self.service.offered():
            name = node_name(one.group.id)
            # Whose form fails is noted, and left out: the citizen's name and phone number can still be put right.
            with suppress(PluginFailed):
                self.schemas[name] = self.service.schema(one.group.id, request.services, contact)
                self.groups[name] = one.group

    @property
    def stored(self) -> dict[str, Any]:
        """The plain values stored now, None where nothing is."""
        return {f"{name}.{node.name}": self.service.values(self.contact, group.id).get(node.name)
                for name, group in self.groups.items() for node in self.schemas[name]}

    @property
    def shown(self) -> dict[str, dict[str, Any]]:
        """What the form is filled with."""
        return {name: {node.name: for_form(node, value) for node in self.schemas[name]
                       if (value := self.service.values(self.contact, group.id).get(node.name)) is not None}
                for name, group in self.groups.items()}

    def add_to(self, schema: colander.SchemaNode, before: str) -> None:
        """Put each group into the form, with its title above it."""
        place = next(n for n, node in enumerate(schema.children) if node.name == before)
        for name, group in reversed(self.groups.items()):
            part = self.schemas[name]
            part.name, part.title = name, group.title
            part.missing = {}
            schema.children.insert(place, part)

    def typed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The form's values as they would be stored."""
        return {f"{name}.{node.name}": _plain((values.get(name) or {}).get(node.name))
                for name in self.groups for node in self.schemas[name]}

    def after(
        self, edit: Callable[[], tuple[str, ...]], values: Mapping[str, Any], seen: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """``edit()``, then the groups; what both refuse is refused together, by the form's names."""
        ids = {name: group.id for name, group in self.groups.items()}
        given = {ids[name]: values.get(name) or {} for name in ids}
        before = {f"{ids[name]}.{part}": value for key, value in seen.items()
                  for name, dot, part in [key.partition(".")] if dot and name in ids}
        stale: dict[str, object] = {}
        wrong: dict[str, Any] = {}
        changed: tuple[str, ...] = ()
        for write in (edit, lambda: self.service.edit(self.contact, given, before)):
            try:
                changed += write()
            except StaleChange as error:
                stale |= error.theirs
            except Invalid as error:
                wrong |= error.errors
        if wrong:
            raise Invalid({self._in_form(name): text for name, text in wrong.items()})
        if stale:
            raise StaleChange({self._in_form(name): value for name, value in stale.items()})
        return changed

    def _in_form(self, name: str) -> str:
        group, _dot, part = name.rpartition(".")
        return f"{node_name(group)}.{part}" if node_name(group) in self.groups else name


def _plain(value: Any) -> Any:
    plain = plain_value(value)
    plain = plain.strip() if isinstance(plain, str) else plain
    return None if plain is False or plain in ("", []) else plain


def for_form(node: colander.SchemaNode, value: Any) -> Any:
    """A stored value as its field's type has it."""
    if isinstance(node.typ, colander.Date):
        if value == "":
            return None
        return date.fromisoformat(value)
    if isinstance(node.typ, colander.Time):
        return time.fromisoformat(value)
    return set(value) if isinstance(node.typ, colander.Set) else value


# ── on the dossier and in a comparison ───────────────────────────────────────────────────────────────────────


@dataclass
class Line:
    """A field in words: each value that one of the records has, with the names of those records where they differ."""

    label: Labels
    code: bool
    values: dict[str, list[str]] = field(default_factory=dict)


def boxes(request: Request, contacts: Iterable[Contact]) -> list[Drawn]:
    """A box for each group that one of a citizen's records has something in, as far as the reader may read them."""
    readable = [one for one in contacts if request.services.eyes.of_contact(one) is Visibility.FULL]
    groups: dict[str, Shown] = {}
    lines: dict[str, dict[str, Line]] = {}
    for contact in readable:
        for group in request.services.contact_fields.shown(contact):
            groups.setdefault(group.id, group)
            _add(request, lines.setdefault(group.id, {}), group, rows.contact_name(request, contact))
    return [Drawn(group.title, group.icon, id_.partition(".")[0], _body(request, group, lines[id_]))
            for id_, group in sorted(groups.items())]


def _add(request: Request, lines: dict[str, Line], group: Shown, name: str) -> None:
    for one, answer in group.fields:
        said = _words(request, one, answer)
        if said:
            line = lines.setdefault(one["name"], Line(one["labels"], is_code(one)))
            line.values.setdefault(said, []).append(name)


def _body(request: Request, group: Shown, lines: dict[str, Line]) -> Markup:
    values = {"lines": list(lines.values()), "parked": group.parked}
    return Markup(render("crm_views:templates/contact_fields.pt", values, request=request))


def _words(request: Request, one: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    said = words(request, dict(one), dict(answer))
    return str(request.ui.show.digits(said)) if is_code(one) else said


def is_code(one: Mapping[str, Any]) -> bool:
    """Whether a frozen field is written left to right."""
    return one["type"] in ("code", "phone", "email", "national_id")


def pairs(request: Request, first: Contact, second: Contact) -> list[tuple[Labels, dict[str, Any], list[str]]]:
    """(label of the group and field, frozen field, the words of each side or "") for a comparison."""
    found: dict[str, tuple[Labels, dict[str, Any], list[str]]] = {}
    for side, contact in enumerate((first, second)):
        for group in request.services.contact_fields.shown(contact):
            for one, answer in group.fields:
                key = f"{group.id}.{one['name']}"
                _label, _field, said = found.setdefault(key, (one["labels"], one, ["", ""]))
                said[side] = _words(request, one, answer)
    return list(found.values())

"""What all plugins (and the core itself) contributed, frozen after start and looked up by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import colander

from crm_core.contributions import Collection, Contribution, MenuItem, Panel, Permission, RequestType
from crm_core.i18n import Labels, Translator
from crm_core.model.form import FormVersion
from crm_core.model.plain import digest
from crm_core.model.request import Category, StoredStatus, TypeVersion


class Refused(Exception):
    """A contribution that cannot be taken; the message says why in English, for log and administrators."""


@dataclass(frozen=True)
class Published:
    """A request type with the frozen definitions that its requests will point to."""

    plugin: str
    type: RequestType
    labels: Labels
    form: dict[str, Any]
    form_id: str
    version_id: str
    statuses: tuple[StoredStatus, ...]

    def new_form_version(self) -> FormVersion:
        return FormVersion(self.form_id, self.form)

    def new_type_version(self) -> TypeVersion:
        return TypeVersion(self.version_id, self.type.id, self.labels, self.statuses, self.form_id, self.type.icon)


@dataclass
class Registry:
    """Contributions by kind. ``take`` adds all of one plugin or none."""

    translator: Translator
    types: dict[str, Published] = field(default_factory=dict)
    permissions: dict[str, Permission] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    panels: dict[str, tuple[str, Panel]] = field(default_factory=dict)
    menu: dict[str, tuple[str, MenuItem]] = field(default_factory=dict)

    def take(self, plugin: str, contributions: Iterable[Contribution]) -> list[Contribution]:
        """Add a plugin's contributions. Raises Refused, with nothing taken, when one of them cannot be."""
        taken = list(contributions)
        seen: set[tuple[type, str]] = set()
        published: list[Published] = []
        for one in taken:
            if not isinstance(one, Contribution):
                raise Refused(f"contribute() gave {one!r}, which is no contribution of crm_core.api")
            if not one.id.startswith(plugin + "."):
                raise Refused(f"the id {one.id!r} does not start with {plugin + '.'!r}")
            if (type(one), one.id) in seen:
                raise Refused(f"the id {one.id!r} is contributed twice")
            seen.add((type(one), one.id))
            if isinstance(one, RequestType):
                published.append(publish(plugin, one, self.translator))
            if isinstance(one, MenuItem) and not one.path.startswith(f"/plugins/{plugin}/"):
                raise Refused(f"the menu item {one.id!r} leads outside /plugins/{plugin}/")
            if isinstance(one, Collection) and one.person and one.on_erase not in ("remove", "unlink"):
                raise Refused(f"the collection {one.id!r} holds persons and does not say what erasure does (on_erase)")
        for type_ in published:
            self.types[type_.type.id] = type_
        for one in taken:
            if isinstance(one, Permission):
                self.permissions[one.id] = one
            elif isinstance(one, Collection):
                self.collections[one.id] = one
            elif isinstance(one, Panel):
                self.panels[one.id] = (plugin, one)
            elif isinstance(one, MenuItem):
                self.menu[one.id] = (plugin, one)
        return taken

    def drop(self, plugin: str) -> None:
        """Take back all of a plugin (when a later step of its start fails)."""
        for kind in (self.types, self.permissions, self.collections, self.panels, self.menu):
            for id_ in [id_ for id_ in kind if id_.startswith(plugin + ".")]:
                del kind[id_]

    def offered(self) -> Iterator[Published]:
        """Request types that staff may start by hand."""
        return (type_ for type_ in self.types.values() if type_.type.offered)

    def granted(self) -> Mapping[str, frozenset[str]]:
        """Plugin permission → roles that have it."""
        return {permission.id: permission.roles for permission in self.permissions.values()}


def publish(plugin: str, type_: RequestType, translator: Translator) -> Published:
    """Freeze a request type and its form. Raises Refused for statuses or fields that say too little."""
    if not type_.statuses:
        raise Refused(f"the request type {type_.id!r} has no status")
    if len({status.name for status in type_.statuses}) != len(type_.statuses):
        raise Refused(f"the request type {type_.id!r} has two statuses of one name")
    if type_.statuses[0].category is Category.CANCELLED:
        raise Refused(f"the first status of {type_.id!r} would make every request a cancelled one")
    form = form_definition(type_, translator)
    form_id = digest(form)
    statuses = tuple(
        StoredStatus(status.name, status.category.value, translator.labels(status.title)) for status in type_.statuses
    )
    labels = translator.labels(type_.title)
    version = {
        "type": type_.id,
        "labels": labels,
        "statuses": [[status.name, status.category, status.labels] for status in statuses],
        "form": form_id,
        "icon": type_.icon,
    }
    return Published(plugin, type_, labels, form, form_id, digest(version), statuses)


def form_definition(type_: RequestType, translator: Translator) -> dict[str, Any]:
    """The plain definition of the unbound form: what `FormVersion.definition` holds."""
    return {"form": type_.id, "fields": [_field(type_, node, translator) for node in type_.form()]}


def _field(type_: RequestType, node: colander.SchemaNode, translator: Translator) -> dict[str, Any]:
    kind = getattr(node, "field_type", None)
    if kind is None:
        raise Refused(f"the field {node.name!r} of {type_.id!r} is not made by crm_core.api.fields")
    if node.personal and node.on_erase != "remove":
        raise Refused(f"the field {node.name!r} of {type_.id!r} tells of a person and would be kept by erasure")
    field_: dict[str, Any] = {
        "name": node.name,
        "type": kind,
        "labels": translator.labels(node.title),
        "required": bool(node.required),
        "personal": node.personal,
        "on_merge": node.on_merge,
        "on_export": node.on_export,
        "on_erase": node.on_erase,
        "expires_days": node.expires_days,
    }
    choices = getattr(node, "choices", None)
    if isinstance(choices, tuple):
        field_["choices"] = [[value, translator.labels(label)] for value, label in choices]
    for word in ("shields", "refers"):
        if getattr(node, word, False):
            field_[word] = True
    return field_

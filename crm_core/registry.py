"""What all plugins (and the core itself) contributed, frozen after start and looked up by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from crm_core import offers, shapes, workflow
from crm_core.chores import Chore
from crm_core.contributions import (
    COMMON,
    Channel,
    Collection,
    ContactFields,
    Contribution,
    Effect,
    Job,
    MenuItem,
    Panel,
    Permission,
    Reader,
    Report,
    RequestPanel,
    RequestType,
    Setting,
    Timer,
)
from crm_core.duties import Refused as Refused
from crm_core.duties import demand_duties
from crm_core.freezing import form_definition, frozen_field
from crm_core.i18n import Labels, Translator
from crm_core.model.form import FormVersion
from crm_core.model.plain import digest
from crm_core.model.request import Category, StoredStatus, TypeVersion
from crm_core.model.workflow import StoredTransition

MOST_FILES = 5
"""Files a kind may require: no more than the form of a new request takes at once."""


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
    transitions: tuple[StoredTransition, ...] = ()
    number: int = 0
    """which edition of an organisation's own workflow this is; 0: the plugin's"""
    _editions: dict[tuple[int, int], Published] = field(default_factory=dict, repr=False, compare=False)
    """those that were asked for: their digests take longer than a look-up"""

    @classmethod
    def of(cls, plugin: str, type_: RequestType, labels: Labels, form: dict[str, Any], form_id: str,
           statuses: tuple[StoredStatus, ...], transitions: tuple[StoredTransition, ...], number: int = 0,
           ) -> Published:
        """With the digest that its requests will name. What none had before is not in it: digests stay as they were."""
        version: dict[str, Any] = {
            "type": type_.id, "labels": labels,
            "statuses": [[one.name, one.category, one.labels, *([one.stage] if one.stage else [])] for one in statuses],
            "form": form_id, "icon": type_.icon,
        }
        if transitions:
            version["transitions"] = [workflow.plain_way(one) for one in transitions]
        if number:
            version["number"] = number
        return cls(plugin, type_, labels, form, form_id, digest(version), statuses, transitions, number)

    def edition(self, stored: Mapping[str, Any]) -> Published:
        """The same kind with the workflow of an organisation: one of `TypeSettings.workflows`."""
        key = (stored["number"], stored["at"])
        if key not in self._editions:
            definition = stored["definition"]
            self._editions[key] = self.of(
                self.plugin, self.type, self.labels, self.form, self.form_id, workflow.statuses_of(definition),
                workflow.transitions_of(definition), stored["number"])
        return self._editions[key]

    def new_form_version(self) -> FormVersion:
        return FormVersion(self.form_id, self.form)

    def new_type_version(self) -> TypeVersion:
        return TypeVersion(self.version_id, self.type.id, self.labels, self.statuses, self.form_id, self.type.icon,
                           self.transitions, self.number)


@dataclass(frozen=True)
class PublishedFields:
    """A group of contact fields with the frozen form that contacts' answers will point to."""

    plugin: str
    group: ContactFields
    form: dict[str, Any]
    form_id: str

    def new_form_version(self) -> FormVersion:
        return FormVersion(self.form_id, self.form)


@dataclass(frozen=True)
class PublishedSetting:
    """A setting with the frozen field that is stored beside what is decided. ``name``: its id without the plugin's."""

    plugin: str
    setting: Setting[Any]
    name: str
    field: dict[str, Any]


PLACES: Mapping[type, str] = MappingProxyType({
    RequestType: "types", Permission: "permissions", Collection: "collections", ContactFields: "contact_fields",
    Panel: "panels", MenuItem: "menu", Channel: "channels", RequestPanel: "request_panels", Report: "reports",
    Job: "jobs", Chore: "jobs", Reader: "readers", Setting: "settings", Effect: "effects", Timer: "timers",
})
"""Kind of contribution → the attribute of a `Registry` that holds what is kept of it, by id."""


@dataclass
class Registry:
    """Contributions by kind. ``take`` adds all of one plugin or none."""

    translator: Translator
    types: dict[str, Published] = field(default_factory=dict)
    permissions: dict[str, Permission] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    contact_fields: dict[str, PublishedFields] = field(default_factory=dict)
    panels: dict[str, tuple[str, Panel]] = field(default_factory=dict)
    menu: dict[str, tuple[str, MenuItem]] = field(default_factory=dict)
    channels: dict[str, tuple[str, Channel]] = field(default_factory=dict)
    request_panels: dict[str, tuple[str, RequestPanel]] = field(default_factory=dict)
    reports: dict[str, tuple[str, Report]] = field(default_factory=dict)
    jobs: dict[str, tuple[str, Job]] = field(default_factory=dict)
    readers: dict[str, tuple[str, Reader]] = field(default_factory=dict)
    settings: dict[str, PublishedSetting] = field(default_factory=dict)
    effects: dict[str, tuple[str, Effect]] = field(default_factory=dict)
    timers: dict[str, tuple[str, Timer]] = field(default_factory=dict)

    def take(self, plugin: str, contributions: Iterable[Contribution]) -> list[Contribution]:
        """Add a plugin's contributions. Raises Refused, with nothing taken, when one of them cannot be."""
        taken = [self._settled(one) for one in contributions]
        permissions = {one.id for one in taken if isinstance(one, Permission)}
        entries: dict[tuple[str, str], object] = {}
        for one in taken:
            place = PLACES[type(one)]
            if not one.id.startswith(plugin + "."):
                raise Refused(f"the id {one.id!r} does not start with {plugin + '.'!r}")
            if (place, one.id) in entries:
                raise Refused(f"the id {one.id!r} is contributed twice")
            if wrong := "; ".join(dict.fromkeys(offers.wrong(one, permissions))):
                raise Refused(f"the {offers.KIND[type(one)]} {one.id!r} {wrong}")
            entries[place, one.id] = self._entry(plugin, one)
        for (place, id_), entry in entries.items():
            getattr(self, place)[id_] = entry
        return taken

    def _settled(self, one: object) -> Contribution:
        """A contribution with its words made plain. Raises Refused for what is none, or has another shape."""
        kind = offers.kind_of(one)
        if kind is None:
            raise Refused(f"contribute() gave {shapes.shown(one)}, which is no contribution of crm_core.api")
        try:
            return cast(Contribution, shapes.settled(kind, one, self.translator))
        except shapes.Misshapen as error:
            name = shapes.shown(getattr(one, "id", None))
            raise Refused(f"the {offers.KIND[kind]} {name} {error}") from error

    def _entry(self, plugin: str, one: Contribution) -> object:
        """What is kept of a contribution: frozen with its words, with its plugin's id, or as it is. Raises Refused."""
        match one:
            case RequestType():
                return publish(plugin, one, self.translator)
            case ContactFields():
                return publish_fields(plugin, one, self.translator)
            case Setting():
                return publish_setting(plugin, one, self.translator)
            case Permission():
                return one
            case Collection():
                demand_duties(one)
                return one
            case MenuItem() if not one.path.startswith(f"/plugins/{plugin}/"):
                raise Refused(f"the menu item {one.id!r} leads outside /plugins/{plugin}/")
        return plugin, one

    def drop(self, plugin: str) -> None:
        """Take back all of a plugin (when a later step of its start fails)."""
        for place in PLACES.values():
            kept: dict[str, object] = getattr(self, place)
            for id_ in [id_ for id_ in kept if id_.startswith(plugin + ".")]:
                del kept[id_]

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
    if unknown := sorted(set(type_.common) - set(COMMON)):
        raise Refused(f"the request type {type_.id!r} names common fields that do not exist: {', '.join(unknown)}")
    if not 0 <= type_.files_required <= MOST_FILES:
        raise Refused(f"the request type {type_.id!r} asks for files_required={type_.files_required!r}, which is no "
                      f"number of files between 0 and {MOST_FILES}")
    if type_.files_required and "files" not in type_.common:
        raise Refused(f"the request type {type_.id!r} requires files, and its form does not ask for them (common)")
    form = form_definition(type_, translator)
    named = [field["name"] for field in form["fields"]]
    if unknown := sorted(set(type_.title_from) - set(named)):
        raise Refused(f"the title of {type_.id!r} is made from {', '.join(map(repr, unknown))}, and its form has no "
                      f"such field (it has {', '.join(named) or 'none'})")
    if expiring := [one["name"] for one in form["fields"] if one["expires_days"] and one["name"] in type_.title_from]:
        raise Refused(f"the title of {type_.id!r} would keep the field {expiring[0]!r}, whose answer expires")
    form_id = digest(form)
    statuses = tuple(
        StoredStatus(status.name, status.category.value, translator.labels(status.title)) for status in type_.statuses
    )
    transitions = workflow.frozen(type_, translator.labels)
    if transitions and (wrong := workflow.faults(statuses, transitions, fields=named)):
        words = "; ".join(dict.fromkeys(translator.translate(one.text, "en").rstrip(".") for one in wrong))
        raise Refused(f"the workflow of {type_.id!r} cannot work: {words}")
    labels = translator.labels(type_.title)
    return Published.of(plugin, type_, labels, form, form_id, statuses, transitions)


def publish_fields(plugin: str, group: ContactFields, translator: Translator) -> PublishedFields:
    """Freeze a group of contact fields with its words. Raises Refused for fields that say too little."""
    form = form_definition(group, translator)
    fields = [field | {"personal": True, "on_erase": "remove"} for field in form["fields"]]
    form |= {
        "fields": fields, "title": translator.labels(group.title), "icon": group.icon, "permission": group.permission,
        "unique": list(group.unique),
    }
    return PublishedFields(plugin, group, form, digest(form))


def publish_setting(plugin: str, setting: Setting[Any], translator: Translator) -> PublishedSetting:
    """Freeze a setting with its words."""
    name = setting.id.partition(".")[2]
    node = setting.field.clone()
    node.name = name
    return PublishedSetting(plugin, setting, name, frozen_field(setting, node, translator))

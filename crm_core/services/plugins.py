"""Plugins as this organisation uses them: which take part, and what is stored of each, whether it is here or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from BTrees.OOBTree import OOBTree

from crm_core.errors import CrmError
from crm_core.i18n import LANGUAGES, Labels, Text, TextFactory
from crm_core.model.form import FormVersion
from crm_core.model.plugin import PluginSettings
from crm_core.model.request import TypeVersion
from crm_core.model.root import Root
from crm_core.scans import lightly
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.forms import Forms

_ = TextFactory("crm_core")


def is_of(plugin: str, id_: str) -> bool:
    """Whether an id that a plugin gave (of a type, a collection …) is of this plugin."""
    return id_.partition(".")[0] == plugin


def with_id(title: str, plugin: str) -> str:
    """What people call a plugin, with its id beside it: Water meters (water_meter)."""
    return f"{title} ({plugin})" if title != plugin else plugin


def disabled_plugins(root: Root) -> frozenset[str]:
    """The ids of the plugins that an administrator put out of this database."""
    return frozenset(one.plugin for one in (root.plugins or {}).values() if not one.enabled)


@dataclass(frozen=True)
class Held:
    """What is stored of one plugin. Counts by the id of the type, collection or group of contact fields.

    ``personal``: id → labels of the fields that tell of a person; for a collection of persons, none are named.
    """

    open: Mapping[str, int]
    closed: Mapping[str, int]
    records: Mapping[str, int]
    contact_fields: Mapping[str, int]
    titles: Mapping[str, Labels]
    personal: Mapping[str, tuple[Labels, ...]]
    settings: Mapping[str, Labels]
    """those that were decided, with their titles"""

    @property
    def is_empty(self) -> bool:
        return not (self.open or self.closed or any(self.records.values()) or self.contact_fields or self.settings)


@dataclass
class Left:
    """How much is stored of a plugin: requests that are open and closed, records of its collections, contacts with
    something in its fields, files of its requests, settings that were decided."""

    open: int = 0
    closed: int = 0
    records: int = 0
    contacts: int = 0
    files: int = 0
    settings: int = 0

    @property
    def words(self) -> list[Text]:
        """What there is, each in words with its count; nothing of what there is none."""
        counts = {name: getattr(self, name) for name in _COUNTED}
        return [one if counts[name] == 1 else more % {"count": counts[name]}
                for name, (one, more) in _COUNTED.items() if counts[name]]


_COUNTED = {
    "open": (_("1 open request"), _("${count} open requests")),
    "closed": (_("1 closed request"), _("${count} closed requests")),
    "records": (_("1 record"), _("${count} records")),
    "contacts": (_("fields of 1 citizen"), _("fields of ${count} citizens")),
    "files": (_("1 file"), _("${count} files")),
    "settings": (_("1 setting"), _("${count} settings")),
}
"""What is said of one, and of several."""


class Plugins:
    def __init__(self, context: Context) -> None:
        self.context = context

    def disabled(self) -> frozenset[str]:
        """The ids of those that an administrator put out; the settings may name more."""
        return disabled_plugins(self.context.root)

    def switch(self, plugin: str, enabled: bool) -> bool:
        """Decide whether a plugin takes part, from the next application on; whether that is news.

        What is stored of it stays in any case, and of one that goes its kinds of requests as they are now. Raises
        Forbidden, and CrmError for one that the settings require.
        """
        self.context.identity.demand(Permission.ADMIN)
        settings = self.record(plugin)
        if not enabled and plugin in self.context.settings.plugins_required:
            raise CrmError(_("The settings say that nothing may run without “${plugin}” (crm.plugins.required).",
                             mapping={"plugin": plugin}))
        if settings.enabled == enabled:
            return False
        changed = self.context.change(settings, {"enabled": enabled})
        for published in self.context.registry.types.values():
            if not enabled and is_of(plugin, published.type.id):
                Forms(self.context).publish(published)  # what is typed into it at this moment keeps its questions
        for version in self.context.root.types.values():
            if is_of(plugin, version.type_id):
                self.context.count_on(version)  # who registers such a request at this moment begins again
        self.context.journal.write("plugin.changed", ("plugin", settings.id), self.context.now, None, changed)
        return True

    def note_purge(self, plugin: str, counts: Mapping[str, int]) -> None:
        """Write into audit and journal what was removed of a plugin. One that comes again begins anew, and takes part.
        """
        self.context.identity.demand(Permission.ADMIN)
        settings = self.record(plugin)
        settings.values = {}
        settings.enabled = settings.enabled or plugin not in self.context.host.plugins
        self.context.audit(settings, "purge", {name: [count, 0] for name, count in counts.items()})
        self.context.journal.write(
            "plugin.purged", ("plugin", settings.id), self.context.now, None, tuple(counts))

    def record(self, plugin: str) -> PluginSettings:
        """What was decided about a plugin, made when nothing was."""
        root = self.context.root
        if root.plugins is None:
            root.plugins = OOBTree()
        settings: PluginSettings | None = root.plugins.get(plugin)
        if settings is None:
            settings = PluginSettings()
            settings.id = 1 + max((one.id for one in root.plugins.values()), default=0)
            settings.plugin, settings.created = plugin, self.context.now
            settings.created_by = self.context.identity.user_id
            root.plugins[plugin] = settings
        return settings

    def stored(self) -> list[str]:
        """The ids of all plugins of which something was ever stored, in order; the core's own kinds are nobody's."""
        root = self.context.root
        ids = {id_.partition(".")[0] for id_ in (*root.current_types, *root.collections, *(root.contact_fields or ()))}
        ids |= {one.plugin for one in (root.plugins or {}).values() if one.values}
        return sorted(ids - {"core"})

    def title(self, plugin: str) -> Labels:
        """What people call a plugin, whether it takes part or not: `host.Plugin.title`, kept with what it stored."""
        root, registry = self.context.root, self.context.registry
        forms, groups = root.forms, root.contact_fields or {}
        stored = (
            {id_: root.types[version].labels for id_, version in root.current_types.items()},
            {id_: forms[version].definition["title"] for id_, version in groups.items() if version in forms},
            {id_: store.duties.title for id_, store in root.collections.items() if store.duties.title},
        )
        brought = (
            {id_: published.labels for id_, published in registry.types.items()},
            {id_: group.form["title"] for id_, group in registry.contact_fields.items()},
            {id_: self.context.translator.labels(one.title) for id_, one in registry.collections.items()},
        )
        for kept, now in zip(stored, brought, strict=True):
            titles = {id_: labels for id_, labels in {**kept, **now}.items() if is_of(plugin, id_)}
            if titles:
                return titles[min(titles)]
        return dict.fromkeys(LANGUAGES, plugin)

    def gone(self) -> list[str]:
        """The ids of those of which something is stored, if only what a kind was, and which are not installed."""
        return [id_ for id_ in self.stored() if id_ not in self.context.host.plugins]

    def left(self) -> dict[str, Left]:
        """What those that are `gone` left, by their ids, if it is anything. Reads all requests and contacts where there
        are any."""
        return {id_: left for id_, left in self.sizes(self.gone()).items() if left != Left()}

    def sizes(self, plugins: Iterable[str]) -> dict[str, Left]:
        """How much is stored of some plugins, by their ids. Reads all requests and contacts, unless none is named."""
        root, found = self.context.root, {id_: Left() for id_ in plugins}
        if not found:
            return found
        for request in lightly(root, root.requests.values()):
            left = found.get(request.type.partition(".")[0])
            if left is not None:
                left.open += request.is_open
                left.closed += not request.is_open
                left.files += len(request.attachments)
        for contact in lightly(root, root.contacts.values()):
            for id_ in found.keys() & {group.partition(".")[0] for group in contact.extra}:
                found[id_].contacts += 1
        for name, store in root.collections.items():
            left = found.get(name.partition(".")[0])
            if left is not None:
                left.records += len(store.items)
        for id_, record in (root.plugins or {}).items():
            if id_ in found:
                found[id_].settings = len(record.values)
        return found

    def held(self, plugin: str) -> Held:
        """What is stored of a plugin. Reads every request and contact there is: minutes with a million of them."""
        root = self.context.root
        open_: Counter[str] = Counter()
        closed: Counter[str] = Counter()
        for request in lightly(root, root.requests.values()):
            if is_of(plugin, request.type):
                (open_ if request.is_open else closed)[request.type] += 1
        groups = Counter(id_ for contact in lightly(root, root.contacts.values())
                         for id_ in contact.extra if is_of(plugin, id_))
        stores = {id_: store for id_, store in root.collections.items() if is_of(plugin, id_)}
        known = (root.plugins or {}).get(plugin)
        decided = known.values if known is not None else {}
        types = [version for version in root.types.values() if is_of(plugin, version.type_id)]
        forms = [root.forms[form] for id_, form in (root.contact_fields or {}).items() if is_of(plugin, id_)]
        return Held(
            dict(open_), dict(closed), {id_: len(store.items) for id_, store in stores.items()}, dict(groups),
            {version.type_id: version.labels for version in types}
            | {id_: dict(store.duties.title) for id_, store in stores.items() if store.duties.title}
            | {form.definition["form"]: form.definition["title"] for form in forms},
            {**_personal_fields({version.type_id: self._form(version) for version in types}),
             **_personal_fields({form.definition["form"]: form for form in forms}),
             **{id_: () for id_, store in stores.items() if store.duties.person}},
            {f"{plugin}.{name}": one["field"]["labels"] for name, one in decided.items()},
        )

    def _form(self, version: TypeVersion) -> FormVersion | None:
        form: FormVersion | None = self.context.root.forms.get(version.form)
        return form


def _personal_fields(forms: Mapping[str, FormVersion | None]) -> dict[str, tuple[Labels, ...]]:
    """By id, the labels of a form's fields that tell of a person."""
    found = {id_: tuple(field["labels"] for field in form.fields if field["personal"])
             for id_, form in forms.items() if form is not None}
    return {id_: labels for id_, labels in found.items() if labels}

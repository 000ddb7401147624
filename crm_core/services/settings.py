"""Settings of plugins: what administrators decided, else what the plugin came with.

A decision is stored in plain data with the field that asked for it, so that it can be read while the plugin is away,
and holds again when it is back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import colander

from crm_core.contributions import Setting, Value
from crm_core.errors import NotFound
from crm_core.model.plain import Plain
from crm_core.offers import SETTING_TYPES, is_day
from crm_core.registry import PublishedSetting
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.forms import Forms, plain_value
from crm_core.services.plugins import Plugins, is_of

if TYPE_CHECKING:
    from crm_core.services import Services


class SettingValues:
    """``services.settings``."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def value(self, setting: Setting[Value]) -> Value:
        """What was decided, else the default; also where the field has become another, or lost the choice, since."""
        plugin, _dot, name = setting.id.partition(".")
        decided = self._decided(plugin).get(name)
        if decided is None or not _fits(setting.field, decided["value"]):
            return setting.default
        kept: Any = decided["value"]
        value: Any = tuple(kept) if isinstance(kept, list) else kept
        return cast(Value, value)

    def values(self, plugin: str) -> dict[str, Plain]:
        """Name → what holds, of all settings of a plugin that takes part."""
        return {one.name: plain_value(self.value(one.setting)) for one in self.of(plugin)}

    def of(self, plugin: str) -> list[PublishedSetting]:
        """The settings of a plugin that takes part, in the order in which it contributes them."""
        return [one for id_, one in self.context.registry.settings.items() if is_of(plugin, id_)]

    def decided(self, plugin: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """(frozen field, answer) of all that was decided about a plugin, whether it is here or not."""
        return ((one["field"], one) for one in self._decided(plugin).values())

    def field(self, id_: str) -> dict[str, Any] | None:
        """The frozen field of a setting, as its plugin has it now or as it was decided; None where nobody knows it."""
        published = self.context.registry.settings.get(id_)
        plugin, _dot, name = id_.partition(".")
        field: dict[str, Any] | None = self._decided(plugin).get(name, {}).get("field")
        return field if published is None else published.field

    def schema(self, plugin: str, services: Services) -> colander.SchemaNode:
        """A fresh schema of a plugin's settings, by their names."""
        schema = colander.MappingSchema()
        for one in self.of(plugin):
            node = one.setting.field.clone()
            node.name = one.name
            schema.add(node)
        return Forms(self.context).filled(f"{plugin}.settings", schema, services)

    def edit(self, plugin: str, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Decide: checked ``values`` by name; the ids of what changed.

        ``seen``: the values the editor started from, as in `Contacts.edit`. Raises Forbidden, Invalid, StaleChange, and
        NotFound for what the plugin has no setting for, or while it is away.
        """
        self.context.identity.demand(Permission.ADMIN)
        published, now = {one.name: one for one in self.of(plugin)}, self.values(plugin)
        if not published or not set(values) <= set(published):
            raise NotFound
        values = {name: decision(value) for name, value in values.items()}
        mine = self.context.changed_by_me(SimpleNamespace(**now), values, seen)
        forms, schema = Forms(self.context), self.schema(plugin, self.context.services)
        answers = forms.answers(schema, mine)
        changed = {name: answer for name, answer in answers.items() if answer["value"] != now[name]}
        if not changed:
            return ()
        record = Plugins(self.context).record(plugin)
        before = forms.answers(schema, {name: now[name] for name in changed}) | dict(record.values)
        row = {f"{plugin}.{name}": [_words(before[name]), _words(answer)] for name, answer in changed.items()}
        decided = {name: {"field": published[name].field, **answer} for name, answer in changed.items()}
        record.values = {**record.values, **decided}
        record.revision += 1
        record.modified = self.context.now
        self.context.audit(record, "change", row)
        self.context.journal.write("plugin.set", ("plugin", record.id), self.context.now, None, tuple(row))
        return tuple(row)

    def _decided(self, plugin: str) -> Mapping[str, dict[str, Any]]:
        record = (self.context.root.plugins or {}).get(plugin)
        values: Mapping[str, dict[str, Any]] = record.values if record is not None else {}
        return values


def decision(value: Any) -> Plain:
    """A checked value as it is decided: a day that was left out is an empty text."""
    return "" if value is None else plain_value(value)


def _fits(node: colander.SchemaNode, value: Plain) -> bool:
    """Whether a stored value is one that a field could give today; its bounds may be narrower now."""
    choices, wanted = getattr(node, "choices", None), SETTING_TYPES[node.field_type]
    if type(value) is not (list if wanted is tuple else wanted):
        return False
    chosen = value if isinstance(value, list) else [value] if value != "" else []
    if node.field_type in ("date", "dates") and not all(is_day(one) for one in chosen):
        return False
    return not isinstance(choices, tuple) or all(one in dict(choices) for one in chosen)


def _words(answer: Mapping[str, Any]) -> Plain:
    """An answer for the audit: the text shown where there is one, else its value."""
    return answer.get("text", answer["value"])

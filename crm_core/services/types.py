"""Kinds of requests as this organisation uses them: what the plugin says, and what was decided here beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm_core.errors import Invalid
from crm_core.i18n import Text, TextFactory
from crm_core.model.types import TypeSettings
from crm_core.registry import Published
from crm_core.security.permissions import Permission
from crm_core.services.context import Context

_ = TextFactory("crm_core")
EDITABLE = ("offered", "unit", "due_days", "place")
MOST_DAYS = 3650
LAST_PLACE = 99


class Types:
    def __init__(self, context: Context) -> None:
        self.context = context

    def settings(self, type_id: str) -> TypeSettings:
        """What was decided about a type; the defaults where nothing was (not stored then)."""
        found: TypeSettings | None = self.context.root.type_settings.get(type_id)
        if found is None:
            found = TypeSettings()
            found.type_id = type_id
        return found

    def offered(self) -> Iterator[Published]:
        """Request types that staff may start by hand here."""
        return (type_ for type_ in self.context.registry.offered() if self.settings(type_.type.id).offered)

    def place(self, published: Published) -> int:
        """Where a kind stands among those offered; all without a decided place share the one behind the last."""
        decided = self.settings(published.type.id).place
        return LAST_PLACE + 1 if decided is None else decided

    def days(self, published: Published) -> int | None:
        """Calendar days until an answer is owed."""
        decided = self.settings(published.type.id).due_days
        return published.type.due_days if decided is None else decided

    def is_day_decided(self, published: Published) -> bool:
        """Whether the plugin decides the day when a request is registered (`due_date`); the days are a rule then."""
        plugin = self.context.host.of_type(published.type.id)
        return plugin is not None and plugin.has("due_date")

    def in_force(self, published: Published) -> Published:
        """A kind with the workflow that holds here: that of this organisation, else that of its plugin."""
        edition = self.settings(published.type.id).workflow
        return published if edition is None else published.edition(edition)

    def unit(self, type_id: str) -> int | None:
        """Where new requests go when nobody says: the decided unit, else that of the one who registers."""
        unit = self.context.root.units.get(self.settings(type_id).unit or 0)
        return unit.id if unit is not None and unit.active else self.context.own_unit()

    def edit(
        self, published: Published, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Decide about a type (attributes of `EDITABLE`); the names of what changed.

        ``seen``: the values the editor started from, as in `Contacts.edit`. Raises Invalid, Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.ADMIN)
        errors = self._errors(values)
        if errors:
            raise Invalid(errors)
        settings = self.settings(published.type.id)
        changes = self.context.changed_by_me(settings, values, seen)
        if all(getattr(settings, name) == value for name, value in changes.items()):
            return ()
        self.keep(settings)
        changed = self.context.change(settings, changes)
        self.context.journal.write("type.changed", ("type", settings.id), self.context.now, None, changed)
        return changed

    def keep(self, settings: TypeSettings) -> None:
        """Store settings that held nothing so far."""
        if settings.id:
            return
        settings.id = 1 + max((one.id for one in self.context.root.type_settings.values()), default=0)
        settings.created, settings.created_by = self.context.now, self.context.identity.user_id
        self.context.root.type_settings[settings.type_id] = settings

    def _errors(self, values: Mapping[str, Any]) -> dict[str, Text]:
        unknown = set(values) - set(EDITABLE)
        if unknown:
            raise TypeError(f"a request type has no setting {unknown}")
        errors: dict[str, Text] = {}
        unit = values.get("unit")
        if unit is not None and (unit not in self.context.root.units or not self.context.root.units[unit].active):
            errors["unit"] = _("This unit does not exist, or is closed.")
        days = values.get("due_days")
        if days is not None and not 0 < days <= MOST_DAYS:
            errors["due_days"] = _("A number of days between 1 and ${most}.", mapping={"most": MOST_DAYS})
        place = values.get("place")
        if place is not None and not 0 < place <= LAST_PLACE:
            errors["place"] = _("A place between 1 and ${most}.", mapping={"most": LAST_PLACE})
        return errors

"""Units of the organisation, in a tree: added, renamed, moved, closed. None is removed: its past keeps its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm_core.errors import Invalid, NotFound
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import id_time
from crm_core.model.user import Unit, UnitKind
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.text.folding import fold
from crm_core.text.typed import normal_value

_ = TextFactory("crm_core")
EDITABLE = ("name", "name_en", "kind", "parent", "confidential", "active")


class Units:
    def __init__(self, context: Context) -> None:
        self.context = context

    def add(
        self, name: str, *, name_en: str = "", kind: str = UnitKind.FUNCTION, parent: int | None = None,
        confidential: bool = False,
    ) -> Unit:
        """A new unit below ``parent`` (unit id). Raises Invalid for an empty or double name or an unknown parent."""
        self.context.identity.demand(Permission.ADMIN)
        values = _normal({"name": name, "name_en": name_en, "kind": kind, "parent": parent,
                          "confidential": confidential})
        errors = self._errors(values)
        if errors:
            raise Invalid(errors)
        unit = Unit()
        for field, value in values.items():
            setattr(unit, field, value)
        units = self.context.root.units
        behind = id_time(units.maxKey()) + 1 if units else 0  # several of one moment keep their order
        self.context.file(units, unit, max(self.context.now, behind))
        self.context.journal.write("unit.created", ("unit", unit.id), self.context.now)
        return unit

    def edit(self, unit: Unit, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Change attributes of `EDITABLE`; the names of what changed. To close a unit use `handover.close_unit`.

        ``seen``: the values the editor started from, as in `Contacts.edit`. Raises Invalid, Forbidden, StaleChange.
        """
        self.context.identity.demand(Permission.ADMIN)
        unknown = set(values) - set(EDITABLE)
        if unknown:
            raise TypeError(f"a unit has no editable field {unknown}")
        clean = _normal(values)
        errors = self._errors(clean, unit)
        if errors:
            raise Invalid(errors)
        changes = self.context.changed_by_me(unit, clean, None if seen is None else _normal(seen))
        if changes.get("active"):
            changes["successor"] = None
        changed = self.context.change(unit, changes)
        if changed:
            self.context.journal.write("unit.changed", ("unit", unit.id), self.context.now, None, changed)
        if "parent" in changed:  # its hours may be others now
            self.context.services.calendars.hold_anew()
        return changed

    def get(self, id_: int) -> Unit:
        """The unit; raises NotFound."""
        unit: Unit | None = self.context.root.units.get(id_)
        if unit is None:
            raise NotFound
        return unit

    def find(self, id_: int | None) -> Unit | None:
        """The unit with that id, None when there is none."""
        return None if id_ is None else self.context.root.units.get(id_)

    def all(self) -> list[Unit]:
        """Every unit in order of creation, closed ones too."""
        return list(self.context.root.units.values())

    def active(self) -> list[Unit]:
        """Units that work at present, in order of creation."""
        return [unit for unit in self.all() if unit.active]

    def by_name(self, name: str) -> Unit | None:
        """The unit of that name (folded), in either language."""
        wanted = fold(name)
        return next((unit for unit in self.all() if wanted and wanted in (fold(unit.name), fold(unit.name_en))), None)

    def with_descendants(self, id_: int) -> frozenset[int]:
        """The unit and everything below it."""
        found = {id_}
        units = self.all()
        while more := {unit.id for unit in units if unit.parent in found} - found:
            found |= more
        return frozenset(found)

    def _errors(self, values: Mapping[str, Any], unit: Unit | None = None) -> dict[str, Text]:
        """What is wrong with values of `EDITABLE` (normal form), new ones or those of ``unit``."""
        errors = text_errors({name: (values[name], SHORT) for name in ("name", "name_en") if name in values})
        if "name" in values and not fold(values["name"]):
            errors["name"] = _("A unit needs a name.")
        for name in ("name", "name_en"):
            other = self.by_name(values.get(name, "")) if name not in errors else None
            if other is not None and other is not unit:
                errors[name] = _("There is a unit with this name already.")
        if values.get("kind", UnitKind.FUNCTION) not in list(UnitKind):
            errors["kind"] = _("This kind of unit does not exist.")
        if values.get("parent") is not None:
            error = self._parent_error(values["parent"], unit)
            if error is not None:
                errors["parent"] = error
        return errors

    def _parent_error(self, parent_id: int, unit: Unit | None) -> Text | None:
        parent = self.find(parent_id)
        if parent is None:
            return _("This unit does not exist.")
        if unit is None:
            return None
        above: Unit | None = parent
        while above is not None:
            if above is unit:
                return _("A unit cannot lie below itself.")
            self.context.count_on(above)  # two may move units below each other at once
            above = self.find(above.parent)
        return None


def in_tree(units: Sequence[Unit]) -> list[tuple[Unit, int]]:
    """Units in the order of their tree, each with its depth; whose parent is missing stands at the top."""
    known = {unit.id for unit in units}
    below: dict[int | None, list[Unit]] = {}
    for unit in units:
        below.setdefault(unit.parent if unit.parent in known else None, []).append(unit)

    def walk(parent: int | None, depth: int) -> Iterator[tuple[Unit, int]]:
        for unit in below.get(parent, ()):
            yield unit, depth
            yield from walk(unit.id, depth + 1)

    return list(walk(None, 0))


def _normal(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values in the form they are stored: plain texts."""
    return {name: normal_value(value) for name, value in values.items()}

"""Units of the organisation, in a tree."""

from __future__ import annotations

from crm_core.errors import Invalid, NotFound
from crm_core.fields import SHORT
from crm_core.i18n import TextFactory
from crm_core.model.ids import id_time
from crm_core.model.user import Unit, UnitKind
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.text.folding import fold

_ = TextFactory("crm_core")


class Units:
    def __init__(self, context: Context) -> None:
        self.context = context

    def add(
        self, name: str, *, name_en: str = "", kind: str = UnitKind.FUNCTION, parent: int | None = None,
        confidential: bool = False,
    ) -> Unit:
        """A new unit below ``parent`` (unit id). Raises Invalid for an empty or double name or an unknown parent."""
        self.context.identity.demand(Permission.ADMIN)
        errors = text_errors({"name": (name.strip(), SHORT), "name_en": (name_en.strip(), SHORT)})
        if not fold(name):
            errors["name"] = _("A unit needs a name.")
        if self.by_name(name) is not None:
            errors["name"] = _("There is a unit with this name already.")
        if name_en and self.by_name(name_en) is not None:
            errors["name_en"] = _("There is a unit with this name already.")
        if kind not in list(UnitKind):
            errors["kind"] = _("This kind of unit does not exist.")
        if parent is not None and parent not in self.context.root.units:
            errors["parent"] = _("This unit does not exist.")
        if errors:
            raise Invalid(errors)
        unit = Unit()
        unit.name, unit.name_en, unit.kind = name.strip(), name_en.strip(), UnitKind(kind).value
        unit.parent, unit.confidential = parent, confidential
        units = self.context.root.units
        behind = id_time(units.maxKey()) + 1 if units else 0  # several of one moment keep their order
        self.context.file(units, unit, max(self.context.now, behind))
        self.context.journal.write("unit.created", ("unit", unit.id), self.context.now)
        return unit

    def get(self, id_: int) -> Unit:
        unit: Unit | None = self.context.root.units.get(id_)
        if unit is None:
            raise NotFound
        return unit

    def find(self, id_: int | None) -> Unit | None:
        return None if id_ is None else self.context.root.units.get(id_)

    def all(self) -> list[Unit]:
        """Every unit in order of creation."""
        return list(self.context.root.units.values())

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

"""Targets for first answers and solutions, by kind and priority: one table, the most specific row wins.

Each change is an edition that is kept; a request says by which one its deadline was set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from crm_core.errors import Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import new_id
from crm_core.model.request import Priority
from crm_core.model.target import TargetTable
from crm_core.security.permissions import Permission
from crm_core.services.context import Context

_ = TextFactory("crm_core")

HOURS, DAYS = "hours", "days"
MOST: Mapping[str, int] = {HOURS: 5_000, DAYS: 1_000}
"""Working hours and working days of a target at most: some years."""
USUAL_WARNING = 75
MOST_TOLD = 20
FIELDS = ("type", "priority", "first", "solution", "warn", "tell")

Span = tuple[int, str]
"""So many of the unit `HOURS` or `DAYS`, in working time."""


class Target(NamedTuple):
    """What holds for a request: each of the two may be open. ``warn``, ``tell`` and ``edition`` as in `TargetTable`."""

    first: Span | None = None
    solution: Span | None = None
    warn: int = 0
    tell: tuple[int, ...] = ()
    edition: int = 0

    def __bool__(self) -> bool:
        return self.first is not None or self.solution is not None


class Targets:
    def __init__(self, context: Context) -> None:
        self.context = context

    def table(self) -> TargetTable:
        """The table; an empty one that is not stored before anybody said anything."""
        found: TargetTable | None = self.context.root.targets
        return TargetTable() if found is None else found

    def find(self, type_id: str, priority: str) -> Target:
        """What holds for a kind and a priority. Each of the two targets is that of the most specific row that has one;
        a row for the kind goes before a row for the priority. Whom to tell and when to warn says the first row."""
        table = self.table()
        fitting = sorted(
            (row for row in table.rows if row["type"] in ("", type_id) and row["priority"] in ("", priority)),
            key=lambda row: (not row["type"], not row["priority"]))
        if not fitting:
            return Target()
        spans = {name: next((tuple(row[name]) for row in fitting if row[name] is not None), None)
                 for name in ("first", "solution")}
        return Target(**spans, warn=fitting[0]["warn"], tell=tuple(fitting[0]["tell"]), edition=table.number)

    def row(self, id_: int) -> dict[str, Any]:
        """A row of the table in force. Raises NotFound."""
        for row in self.table().rows:
            if row["id"] == id_:
                return row
        raise NotFound

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A new row with `FIELDS`, as it is stored. Raises Invalid, Forbidden."""
        row = self._checked({"warn": USUAL_WARNING, "tell": [], **values}, new_id(self.context.now))
        self._put((*self.table().rows, row))
        return row

    def change(self, id_: int, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """Change `FIELDS` of a row; the names of what changed. ``seen`` as in `Contacts.edit`.

        Raises Invalid, Forbidden, NotFound, StaleChange.
        """
        self.context.identity.demand(Permission.ADMIN)
        now = self.row(id_)
        mine = self.context.changed_by_me(_Fields(now), dict(values), seen)
        row = self._checked({**now, **mine}, id_)
        changed = tuple(name for name in FIELDS if row[name] != now[name])
        if changed:
            self._put(tuple(row if one["id"] == id_ else one for one in self.table().rows))
        return changed

    def remove(self, id_: int) -> None:
        """Take a row out; editions keep it. Raises Forbidden, NotFound."""
        self.context.identity.demand(Permission.ADMIN)
        gone = self.row(id_)
        self._put(tuple(one for one in self.table().rows if one is not gone))

    def _put(self, rows: tuple[dict[str, Any], ...]) -> None:
        root, table = self.context.root, self.table()
        if root.targets is None:
            table.id, table.created = new_id(self.context.now), self.context.now
            root.targets = table
        before = {row["id"]: row for row in table.rows}
        after = {row["id"]: row for row in rows}
        ids = [id_ for id_ in {**before, **after} if before.get(id_) != after.get(id_)]
        table.rows = rows
        table.editions[table.number + 1] = {"at": self.context.now, "by": self.context.identity.user_id, "rows": rows}
        table.revision += 1
        table.modified = self.context.now
        self.context.audit(table, "change", {"targets": [[side[id_] for id_ in ids if id_ in side]
                                                         for side in (before, after)]})
        self.context.journal.write("targets.changed", ("targets", table.id), self.context.now, None, ("targets",))

    def _checked(self, values: Mapping[str, Any], id_: int) -> dict[str, Any]:
        """A row as it is stored, of values that may be wrong. Raises Invalid, Forbidden."""
        self.context.identity.demand(Permission.ADMIN)
        row = {
            "id": id_, "type": str(values.get("type") or ""), "priority": str(values.get("priority") or ""),
            **{name: list(values[name]) if values.get(name) else None for name in ("first", "solution")},
            "warn": values["warn"], "tell": [*dict.fromkeys(values["tell"])],
        }
        errors = self._errors(row)
        if errors:
            raise Invalid(errors)
        return row

    def _errors(self, row: dict[str, Any]) -> dict[str, Text]:
        errors: dict[str, Text] = {}
        if row["type"] and row["type"] not in {*self.context.registry.types, *self.context.root.current_types}:
            errors["type"] = _("This kind of request does not exist.")
        if row["priority"] and row["priority"] not in list(Priority):
            errors["priority"] = _("This priority does not exist.")
        if any((one["type"], one["priority"]) == (row["type"], row["priority"]) and one["id"] != row["id"]
               for one in self.table().rows):
            errors["type"] = _("There is a row for this kind and this priority already; change that one.")
        for name in ("first", "solution"):
            error = _span_error(row[name])
            if error:
                errors[name] = error
        if row["first"] is None and row["solution"] is None:
            errors["solution"] = _("Say at least one: until the first answer, or until the solution.")
        elif not errors and _is_longer(row["first"], row["solution"]):
            errors["first"] = _("The first answer cannot take longer than the solution.")
        if type(row["warn"]) is not int or not 0 <= row["warn"] < 100:
            errors["warn"] = _("A share of the time between 1 and 99 per cent, or 0 for no warning.")
        users = self.context.root.users
        if any(id_ not in users or not users[id_].active for id_ in row["tell"]):
            errors["tell"] = _("This member of staff does not exist, or is not here any more.")
        elif len(row["tell"]) > MOST_TOLD:
            errors["tell"] = _("At most ${most} people are named.", mapping={"most": MOST_TOLD})
        return errors


class _Fields:
    """A row as something with attributes, for `Context.changed_by_me`."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        vars(self).update(row)


def _span_error(span: list[Any] | None) -> Text:
    """What is wrong with a span; "" when nothing is, or where none is given."""
    if span is None:
        return ""
    amount, unit = span
    if unit not in MOST or type(amount) is not int or amount < 1:
        return _("A whole number of working hours or working days, from 1 on.")
    return "" if amount <= MOST[unit] else _("At most ${most}; what takes longer has no target.",
                                             mapping={"most": MOST[unit]})


def _is_longer(first: list[Any] | None, solution: list[Any] | None) -> bool:
    """Whether a first answer surely takes longer than a solution; hours and days are not compared."""
    return first is not None and solution is not None and first[1] == solution[1] and first[0] > solution[0]

"""Business calendars: the hours of the organisation and of its units, public holidays, and days that are exceptions.

A unit says what is different there; everything else it has from the unit above, and the first one from the
organisation. What that comes to for one day is decided by `Calendars.day`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from BTrees.LOBTree import LOBTree

from crm_core.durations import MINUTE
from crm_core.errors import Invalid, NotFound
from crm_core.fields import SHORT
from crm_core.i18n import Labels, Text, TextFactory
from crm_core.model.calendar import Calendar
from crm_core.model.ids import new_id
from crm_core.model.plain import Plain
from crm_core.officehours import OfficeHours, Shift, Shifts, minutes_of, shifts_fault, week_fault
from crm_core.publicholidays import holiday
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors

_ = TextFactory("crm_core")

ORGANISATION = 0
"""Whose calendar the organisation's own is, where a unit's has the id of the unit."""
LONG, HALF = ((8 * 60, 16 * 60),), ((8 * 60, 13 * 60),)
USUAL: tuple[Shifts, ...] = (LONG, LONG, LONG, HALF, (), LONG, LONG)
"""Monday first: Saturday to Wednesday 8 to 16, Thursday until 13, Friday closed; until somebody says otherwise."""
KINDS = ("closed", "open", "hours")
MOST_SHIFTS = 6
MOST_DAYS = 1000
"""Exceptions of one calendar."""
SWEEP = "core.calendar"
"""The timer that works the deadlines of open requests out anew after a calendar was changed."""

FAULTS: Mapping[str, Text] = {
    "order": _("A shift ends behind its beginning, and begins between 0:00 and 23:59."),
    "overlap": _("Shifts follow one another; none begins before the one before it has ended."),
    "long": _("The shifts of a day last 24 hours at most."),
    "never": _("There must be working time on one day of the week at least."),
}


class Day(NamedTuple):
    """What one day is: its ``shifts``, ``why`` (week, holiday, or the kind of the exception), the ``name`` of what it
    is, whether its date is ``estimated``, and whose calendar says so (unit id; 0: the organisation)."""

    shifts: Shifts
    why: str = "week"
    name: Labels | None = None
    estimated: bool = False
    unit: int = ORGANISATION


class Calendars:
    def __init__(self, context: Context) -> None:
        self.context = context
        self._hours: dict[int, OfficeHours] = {}

    # ── ask ──────────────────────────────────────────────────────────────────────────────────────────────

    def add_time(self, unit_id: int | None, at: int, working_minutes: int) -> int:
        """When so much working time has passed in a unit since ``at`` (ms UTC). Raises NeverOpen."""
        return self.hours(unit_id).add_time(at, working_minutes * MINUTE)

    def add_days(self, unit_id: int | None, at: int, days: int) -> int:
        """The end of the ``days``-th working day of a unit behind the day of ``at`` (ms UTC). Raises NeverOpen."""
        return self.hours(unit_id).add_days(at, days)

    def working_minutes(self, unit_id: int | None, since: int, until: int) -> int:
        """How many whole minutes of working time lie between two moments (ms UTC)."""
        return minutes_of(self.hours(unit_id).working_time(since, until))

    def is_open(self, unit_id: int | None, at: int) -> bool:
        """Whether a unit works at a moment (ms UTC)."""
        return self.hours(unit_id).is_open(at)

    def next_opening(self, unit_id: int | None, at: int) -> int:
        """``at`` where a unit works then, else when it does so next (ms UTC). Raises NeverOpen."""
        return self.hours(unit_id).next_opening(at)

    def hours(self, unit_id: int | None) -> OfficeHours:
        """The working time of a unit; of the organisation for None, and for a unit that is not there."""
        key = unit_id or ORGANISATION
        if key not in self._hours:
            self._hours[key] = OfficeHours(self.context.settings.timezone, cache(lambda day: self.day(key, day).shifts))
        return self._hours[key]

    def day(self, unit_id: int | None, day: date) -> Day:
        """What one day is in a unit: the nearest exception decides, then public holidays, then the week."""
        chain = self.chain(unit_id)
        weekly = self.week(unit_id)[day.weekday()]
        for calendar in chain:
            said = calendar.days.get(day.isoformat())
            if said is not None:
                shifts = {"closed": (), "open": weekly}.get(said["kind"], _shifts(said["shifts"]))
                name = {"fa": said["name"], "en": said["name_en"]} if said["name"] or said["name_en"] else None
                return Day(shifts, said["kind"], name, unit=calendar.unit)
        found = holiday(day) if self.keeps_holidays(unit_id) else None
        return Day(weekly) if found is None else Day((), "holiday", found.names, found.estimated)

    def week(self, unit_id: int | None) -> tuple[Shifts, ...]:
        """The shifts of the seven days that hold in a unit, Monday first."""
        return next((one.week for one in self.chain(unit_id) if one.week is not None), USUAL)

    def keeps_holidays(self, unit_id: int | None) -> bool:
        """Whether a unit is closed on public holidays."""
        return next((one.holidays for one in self.chain(unit_id) if one.holidays is not None), True)

    def chain(self, unit_id: int | None) -> list[Calendar]:
        """The calendars that hold for a unit, the nearest first and that of the organisation last."""
        kept, units = self.context.root.calendars or {}, self.context.root.units
        found, seen = [], set()
        unit = units.get(unit_id or 0)
        while unit is not None and unit.id not in seen:
            seen.add(unit.id)
            found.append(kept.get(unit.id))
            unit = units.get(unit.parent or 0)
        return [one for one in (*found, kept.get(ORGANISATION)) if one is not None]

    def own(self, unit_id: int | None) -> Calendar:
        """What a unit, or for None the organisation, says itself; an empty one that is not stored where it says
        nothing. Raises NotFound for a unit that is not there."""
        key = unit_id or ORGANISATION
        if key and key not in self.context.root.units:
            raise NotFound
        found: Calendar | None = (self.context.root.calendars or {}).get(key)
        if found is None:
            found = Calendar()
            found.unit = key
        return found

    # ── change ───────────────────────────────────────────────────────────────────────────────────────────

    def edit(
        self, unit_id: int | None, values: Mapping[str, Any], seen: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """Say the ``week`` (shifts of seven days, Monday first) and whether ``holidays`` are closed; None: as above it.

        ``seen`` as in `Contacts.edit`. The names of what changed. Raises Invalid, Forbidden, NotFound, StaleChange.
        """
        self.context.identity.demand(Permission.ADMIN)
        if set(values) - {"week", "holidays"}:
            raise TypeError(f"a calendar has no editable field {set(values)}")
        calendar, clean = self.own(unit_id), dict(values)
        if clean.get("week") is not None:
            clean["week"] = tuple(_shifts(shifts) for shifts in clean["week"])
            fault = week_fault(clean["week"]) if len(clean["week"]) == 7 else "never"
            if fault:
                raise Invalid({"week": FAULTS[fault]})
        changed = self.context.change(calendar, self.context.changed_by_me(calendar, clean, seen))
        if changed:
            self._changed(calendar, changed)
        return changed

    def set_day(
        self, unit_id: int | None, day: date, kind: str, *, shifts: Sequence[Shift] = (), name: str = "",
        name_en: str = "", seen: Plain | None = None,
    ) -> bool:
        """Make a day an exception, of `KINDS`: closed, open as on such a weekday, or with other hours. Whether that
        changed anything. ``seen``: the exception it was when this was decided, None for a day that was none.

        Raises Invalid (day, kind, shifts, name, name_en), Forbidden, NotFound, StaleChange.
        """
        calendar = self.own(unit_id)
        own = [list(shift) for shift in shifts] if kind == "hours" else []
        said = {"kind": str(kind), "shifts": own, "name": name.strip(), "name_en": name_en.strip()}
        errors = text_errors({"name": (name.strip(), SHORT), "name_en": (name_en.strip(), SHORT)})
        if kind not in KINDS:
            errors["kind"] = _("A day is closed, open, or has other hours.")
        if kind == "hours":
            fault = shifts_fault(_shifts(own)) if 0 < len(shifts) <= MOST_SHIFTS else "order"
            if fault:
                errors["shifts"] = FAULTS[fault]
        if kind == "closed" and not said["name"]:
            errors["name"] = _("Say what the day is called.")
        if kind == "open" and not self.week(unit_id)[day.weekday()]:
            errors["kind"] = _("Nobody works on this weekday; say the hours of the day.")
        if seen is None and calendar.days.get(day.isoformat()) not in (None, said):
            errors["day"] = _("This day is an exception already; change that one.")
        if len(calendar.days) >= MOST_DAYS and day.isoformat() not in calendar.days:
            errors["day"] = _("A calendar holds ${most} exceptions at most.", mapping={"most": MOST_DAYS})
        return self._put(calendar, day, said, seen, errors)

    def forget_day(self, unit_id: int | None, day: date, *, seen: Plain | None = None) -> bool:
        """Let a day be no exception any more; whether it was one. Raises Forbidden, NotFound, StaleChange."""
        return self._put(self.own(unit_id), day, None, seen, {})

    def _put(
        self, calendar: Calendar, day: date, said: dict[str, Any] | None, seen: Plain | None, errors: dict[str, Text]
    ) -> bool:
        self.context.identity.demand(Permission.ADMIN)
        if errors:
            raise Invalid(errors)
        iso = day.isoformat()
        now = calendar.days.get(iso)
        if now == said:
            return False
        if seen is not None and not self.context.changed_by_me(_Holding(now), {"day": said}, {"day": seen}):
            return False
        rest = {one: what for one, what in calendar.days.items() if one != iso}
        calendar.days = rest if said is None else {**rest, iso: said}
        calendar.revision += 1
        calendar.modified = self.context.now
        self.context.audit(calendar, "change", {"days": [{iso: now}, {iso: said}]})
        self._changed(calendar, ("days",))
        return True

    def _changed(self, calendar: Calendar, fields: tuple[str, ...]) -> None:
        root = self.context.root
        if not calendar.id:
            if root.calendars is None:
                root.calendars = LOBTree()
            calendar.id, calendar.created = new_id(self.context.now), self.context.now
            calendar.created_by = self.context.identity.user_id
            root.calendars[calendar.unit] = calendar
        self.context.journal.write("calendar.changed", ("calendar", calendar.id), self.context.now, None, fields)
        self.hold_anew()

    def hold_anew(self) -> None:
        """Other hours hold somewhere from now on: have the deadlines of open requests worked out anew, soon."""
        self._hours.clear()
        self.context.services.timers.at(self.context.now - MINUTE, SWEEP, 0)


class _Holding:
    """An exception as something with a field, for `Context.changed_by_me`."""

    def __init__(self, day: Plain) -> None:
        self.day = day


def _shifts(shifts: Sequence[Sequence[int]]) -> Shifts:
    return tuple((int(begin), int(end)) for begin, end in shifts)

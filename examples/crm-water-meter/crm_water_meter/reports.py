"""Consumption by district and month. Readings of citizens whom the reader may not know of are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from crm_core.api import Column, Report, Services, TextFactory, Visibility
from crm_water_meter import meters, readings

_ = TextFactory("crm_water_meter")


def rows(services: Services, since: int, until: int) -> Iterable[Mapping[str, Any]]:
    """A row for each month and district with readings: how many meters, cubic metres, and the part of the month's."""
    clock = services.clock
    used: dict[tuple[date, str], int] = defaultdict(int)
    numbers: dict[tuple[date, str], set[str]] = defaultdict(set)
    months: dict[date, int] = defaultdict(int)
    found = services.collections[readings.READINGS.id].between(
        "day", clock.day(since).isoformat(), clock.day(until).isoformat())
    for item in found:
        contact = services.contacts.find(int(item.data["contact"]))
        if contact is None or services.eyes.of(contact) is Visibility.HIDDEN:
            continue
        month = clock.month(date.fromisoformat(str(item.data["day"])))
        place = month, str(item.data["district"])
        used[place] += item.data["used"]
        months[month] += item.data["used"]
        numbers[place].add(str(item.data["number"]))
    titles = dict(meters.DISTRICTS)
    for (month, district), amount in sorted(used.items()):
        yield {
            "month": clock.month_words(month), "district": titles.get(district, district),
            "meters": len(numbers[month, district]), "used": amount,
            "share": amount / months[month] if months[month] else None,
        }


CONSUMPTION = Report(
    "water_meter.consumption", _("Consumption of water"),
    (
        Column("month", _("Month")), Column("district", _("District")), Column("meters", _("Meters read"), "number"),
        Column("used", _("Cubic metres"), "number"), Column("share", _("Part of the month"), "share"),
    ),
    rows, meters.REPORT, _("By district and month, from the readings of the period."),
)

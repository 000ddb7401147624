"""What the dossier shows of a citizen's meter, and the line in the timeline of a wrong bill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.api import Contact, EntryKind, Event, Panel, Request, Services, Text, TextFactory, Visibility
from crm_water_meter import bills, meters, readings

_ = TextFactory("crm_water_meter")

SHOWN = 3


def panel_data(services: Services, contact: Contact) -> Mapping[str, Any] | None:
    """None without a meter, else plain values: ``rows`` ([{"day": ISO, "value", "used"}], newest first, in
    m³) and ``note`` (address of the page that notes a reading, or "")."""
    if services.eyes.of(contact) is not Visibility.FULL:
        return None
    number = meters.of(services, contact).get("number")
    if not number or not services.identity.has(meters.METER.permission):
        return None
    found = sorted(services.collections[readings.READINGS.id].where("number", number),
                   key=lambda item: str(item.data["day"]), reverse=True)
    may_note = services.identity.has(meters.NOTE)
    return {
        "rows": [{name: item.data[name] for name in ("day", "value", "used")} for item in found[:SHOWN]],
        "note": f"/plugins/water_meter/{contact.id}/reading" if may_note else "",
    }


def timeline_line(request: Request, event: Event) -> Text | None:
    """What is wrong, in the words of that day."""
    if event.kind != EntryKind.REGISTERED or request.type != bills.BILL or request.submission is None:
        return None
    reason = request.submission.answers.get("reason", {}).get("text")
    return _("Wrong water bill: ${reason}", mapping={"reason": reason}) if reason else None


PANEL = Panel("water_meter.dossier", _("Water meter: readings"), "crm_water_meter:templates/panel.pt", panel_data,
              icon="hdd")

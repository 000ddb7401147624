"""What an organisation decides about a kind of request, beside what its plugin says."""

from __future__ import annotations

from crm_core.model.record import Record


class TypeSettings(Record):
    """Settings of one request type. ``offered``: whether staff may start one by hand (where its plugin allows it);
    ``unit``: where new ones go when the clerk says nothing (unit id); ``due_days``: days for the answer, None for those
    of the plugin; ``place``: where it stands among the kinds that are offered, from 1; None: behind those, by name.
    """

    type_id: str = ""
    offered: bool = True
    unit: int | None = None
    due_days: int | None = None
    place: int | None = None

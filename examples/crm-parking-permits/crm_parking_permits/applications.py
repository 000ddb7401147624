"""The newest application for each plate of a citizen: of two clerks who register one at once, one is stopped.

Whether one is open is read from the requests. The record here is what both would write: the second begins again, and
then sees the first.
"""

from __future__ import annotations

from crm_core.api import Collection, Draft, Services, TextFactory, fold

_ = TextFactory("crm_parking_permits")

NEWEST = Collection(
    "parking_permits.newest", _("Newest applications"), ranges=("day",), unique=("key",), person="contact",
    fields=(("day", _("Day")),),
    on_merge="keep", on_export="omit",  # the application itself is in the citizen's copy
    on_erase="remove", expires_days=365, expires_by="day",
)


def note(services: Services, draft: Draft) -> None:
    """Say that this is the newest application for its plate."""
    if draft.contact is None:
        return
    key = f"{draft.contact.linked_ids[0]}/{fold(draft.values['plate'])}"
    data = {"key": key, "request": str(draft.id), "contact": str(draft.contact.id),
            "day": services.clock.day(draft.at).isoformat()}
    known = services.collections[NEWEST.id].holder("key", key)
    if known is None:
        services.collections[NEWEST.id].add(data)
    else:
        services.collections[NEWEST.id].replace(known, data)

"""Slots and who holds them: two collections of plain records, where a booking is a unique claim on its slot.

Of two clerks who choose the same slot at once exactly one gets it; a slot is never removed under a booking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crm_core.api import (
    Collection,
    DayTime,
    Invalid,
    Item,
    NotFound,
    Request,
    Services,
    Setting,
    Taken,
    Text,
    TextFactory,
    Veto,
    fields,
    fold,
    parse_id,
)

_ = TextFactory("crm_appointments")

MANAGE = "appointments.manage"
MINUTE = 60_000
SHORTEST, LONGEST = 5, 240
"""Minutes a meeting may take."""
MOST = 48
"""Slots that one series may add: a day of half hours."""

RELEASED = ("asked", "declined", "cancelled")
"""Statuses of a request that holds no slot."""

CLOSED: Setting[tuple[str, ...]] = Setting(
    "appointments.closed_days",
    fields.dates(_("Days without meetings"), required=False, description=_(
        "One on each line, like 1405/1/13: holidays, days on which the mayor is away. Times that are there stay.")), (),
)
"""Days on which no times are added, as ISO texts."""

SLOTS = Collection("appointments.slots", _("Times of meetings"), ranges=("starts",))
"""{"starts", "ends": milliseconds UTC, "place", "host"}"""

BOOKINGS = Collection(
    "appointments.bookings", _("Booked times"), unique=("slot", "request"), person="contact",
    fields=(("request", _("Request")),),
    on_merge="keep", on_export="include", on_erase="remove", expires_days=0,
)
"""{"slot", "request", "contact"}: ids as text; contact is None while nobody is known."""


@dataclass(frozen=True)
class Series:
    """Slots one after another: ``day`` from ``begins`` to ``ends`` (minutes after midnight), ``minutes`` each."""

    day: date
    begins: int
    ends: int
    minutes: int
    place: str
    host: str


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────


def coming(services: Services, most: int = 200) -> list[Item]:
    """Slots that have not ended, in order of time."""
    day = 86_400_000  # no slot is longer, so whatever still runs began within it
    found = services.collections[SLOTS.id].between("starts", max(0, services.now - day))
    return [slot for slot in found if slot.data["ends"] > services.now][:most]


def free(services: Services, most: int = 100) -> list[Item]:
    """Slots that are yet to begin and that nobody holds, in order of time."""
    found = services.collections[SLOTS.id].between("starts", services.now)
    return [slot for slot in found if holder(services, slot) is None][:most]


def holder(services: Services, slot: Item) -> Request | None:
    """The request that holds a slot. One that gave it up while the plugin was away does not hold it any more."""
    booking = services.collections[BOOKINGS.id].holder("slot", str(slot.id))
    request = None if booking is None else _request(services, str(booking.data["request"]))
    return request if request is not None and request.status not in RELEASED else None


def slot_of(services: Services, request: Request) -> Item | None:
    """The slot a request holds."""
    booking = services.collections[BOOKINGS.id].holder("request", str(request.id))
    if booking is None or request.status in RELEASED:
        return None
    return find(services, str(booking.data["slot"]))


def find(services: Services, id_: str) -> Item | None:
    """The slot with that id, as text; None for anything else."""
    number = parse_id(id_)
    return None if number is None else services.collections[SLOTS.id].get(number)


def words(services: Services, slot: Item) -> Text:
    """A slot in a sentence: Tuesday 17 November 2026, 10:30 to 11:00, meeting room, the mayor."""
    return _("${day}, ${begins} to ${ends}, ${place}, ${host}", mapping={
        "day": services.clock.date_words(slot.data["starts"]), "begins": services.clock.time_words(slot.data["starts"]),
        "ends": services.clock.time_words(slot.data["ends"]), "place": slot.data["place"], "host": slot.data["host"],
    })


def day_times(services: Services, user_id: int, since: int, until: int) -> list[DayTime]:
    """Slots that begin from ``since`` to before ``until`` (milliseconds UTC), held by open requests of that user."""
    held = ((slot, holder(services, slot)) for slot in services.collections[SLOTS.id].between("starts", since, until))
    return [DayTime(int(slot.data["starts"]), request.title, request.id) for slot, request in held
            if request is not None and request.is_open and request.assignee == user_id]


# ── write ────────────────────────────────────────────────────────────────────────────────────────────────────


def add_series(services: Services, series: Series) -> list[Item]:
    """Store the slots of a series. Raises Invalid with a sentence per field, and Forbidden; all or none are stored."""
    services.identity.demand(MANAGE)
    errors: dict[str, Text] = {}
    if not SHORTEST <= series.minutes <= LONGEST:
        errors["minutes"] = _("A meeting takes ${least} to ${most} minutes.",
                              mapping={"least": SHORTEST, "most": LONGEST})
    elif series.ends - series.begins < series.minutes:
        errors["ends"] = _("Between these hours not even one meeting has room.")
    elif (series.ends - series.begins) // series.minutes > MOST:
        errors["minutes"] = _("That would be more than ${most} times at once; take longer ones or fewer hours.",
                              mapping={"most": MOST})
    if series.day.isoformat() in services.settings.value(CLOSED):
        errors["day"] = _("No meetings are held on that day: administrators have closed it.")
    first = services.clock.moment(series.day, *divmod(series.begins, 60)) if not errors else 0
    if not errors and first <= services.now:
        errors["day"] = _("This time is past already.")
    if errors:
        raise Invalid(errors)
    count = (series.ends - series.begins) // series.minutes
    length = series.minutes * MINUTE
    rows = [(first + place * length, first + (place + 1) * length) for place in range(count)]
    clash = _clash(services, rows[0][0], rows[-1][1], series)
    if clash is not None:
        raise Invalid({"begins": _("There is a time already that overlaps: ${slot}.",
                                   mapping={"slot": words(services, clash)})})
    slots = services.collections[SLOTS.id]
    return [
        slots.add({"starts": starts, "ends": ends, "place": series.place.strip(), "host": series.host.strip()})
        for starts, ends in rows
    ]


def _clash(services: Services, starts: int, ends: int, series: Series) -> Item | None:
    """A stored slot of the same host at the same time: nobody receives two citizens at once."""
    near = services.collections[SLOTS.id].between("starts", max(0, starts - LONGEST * MINUTE), ends)
    host = fold(series.host)
    return next((slot for slot in near if slot.data["ends"] > starts and fold(str(slot.data["host"])) == host), None)


def remove(services: Services, slot: Item) -> None:
    """Delete a free slot. Raises Veto for one that is held."""
    services.identity.demand(MANAGE)
    if holder(services, slot) is not None:
        raise Veto(_("Somebody holds this time; cancel or move that meeting first."))
    booking = services.collections[BOOKINGS.id].holder("slot", str(slot.id))
    if booking is not None:
        services.collections[BOOKINGS.id].remove(booking)
    services.collections[SLOTS.id].remove(slot)


def book(services: Services, slot_id: str, request: int, contact: int | None, at: int) -> Item:
    """Claim a slot for a request (its id may not be stored yet). Raises Veto, tied to the field ``slot``.

    ``at``: when the choice is made, milliseconds UTC; a slot that began before cannot be chosen.
    """
    slot = find(services, slot_id)
    if slot is None:
        raise Veto(_("This time was taken out meanwhile; choose another one."), "slot")
    if slot.data["starts"] <= at:
        raise Veto(_("This time is past already; choose another one."), "slot")
    taken = Veto(_("This time has just been given to somebody else; choose another one."), "slot")
    if holder(services, slot) is not None:
        raise taken
    bookings = services.collections[BOOKINGS.id]
    for name, value in (("slot", slot.id), ("request", request)):
        stale = bookings.holder(name, str(value))
        if stale is not None:
            bookings.remove(stale)
    services.collections[SLOTS.id].depend(slot)
    try:
        person = None if contact is None else str(contact)
        bookings.add({"slot": str(slot.id), "request": str(request), "contact": person})
    except Taken:
        raise taken from None
    return slot


def release(services: Services, request: Request) -> None:
    """Give a request's slot back; nothing happens where it holds none."""
    bookings = services.collections[BOOKINGS.id]
    booking = bookings.holder("request", str(request.id))
    if booking is not None:
        bookings.remove(booking)


def _request(services: Services, id_: str) -> Request | None:
    try:
        return services.requests.get(int(id_))
    except NotFound:
        return None

"""The history of a citizen as it stands on the dossier: filters from the address, entries in words, headings between.

What may only be counted stands as a strip with count, unit and period; what is hidden leaves no trace.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chameleon.utils import Markup

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Channel
from crm_core.model.timeline import PROMISES, EntryKind
from crm_core.services.timeline import Entry, Filter, Page, Redacted, Tally
from crm_core.services.visibility import Visibility
from crm_core.text.calendars import month_name, to_jalali
from crm_core.text.collation import collation_key
from crm_core.text.dates import parse_date
from crm_core.text.digits import is_persian
from crm_core.text.errors import InvalidDate
from crm_views.channels import channel_choices
from crm_views.desk import rows
from crm_views.desk.entries import entry, redacted, said_by
from crm_views.desk.find import words_of
from crm_views.desk.pulse import month_days, month_title

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MESSAGES = frozenset({
    Channel.SMS, Channel.EMAIL, Channel.FAX, Channel.LETTER, Channel.WEBSITE, Channel.CHAT, Channel.MESSENGER,
})
EVENTS = frozenset({EntryKind.REGISTERED, EntryKind.STATUS, EntryKind.ASSIGNED, EntryKind.CHANGED, EntryKind.ATTACHED,
                    EntryKind.DEADLINE})


@dataclass(frozen=True)
class Chip:
    """A quick filter: the channels or kinds it shows."""

    name: str
    text: Text
    icon: str
    channels: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


CHIPS = (
    Chip("calls", _("Calls"), "telephone", frozenset({Channel.PHONE})),
    Chip("visits", _("Visits"), "person-walking", frozenset({Channel.IN_PERSON, Channel.KIOSK})),
    Chip("messages", _("Messages"), "chat-left-text", MESSAGES),
    Chip("requests", _("Requests"), "folder2", kinds=EVENTS),
    Chip("promises", _("Promises"), "hourglass-split", kinds=PROMISES),
    Chip("notes", _("Notes"), "journal-text", frozenset({Channel.NOTE})),
)


@dataclass
class Asked:
    """What the address asks of the timeline. ``wrong`` are sentences on what could not be understood."""

    which: Filter
    chip: str = ""
    before: int | None = None
    first: date | None = None
    last: date | None = None
    kept: dict[str, str] = field(default_factory=dict)
    wrong: list[Text] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        return bool(self.chip or self.kept)


def asked(request: Request) -> Asked:
    """The filter in the query: ``show`` (a chip), channel, type, unit, state, since, until, words.

    Words that mean nothing are left out; a date that is none is said.
    """
    found = Asked(Filter())
    get = {name: words_of(request, name) for name in
           ("show", "channel", "type", "unit", "state", "since", "until", "words", "before")}
    chip = next((chip for chip in CHIPS if chip.name == get["show"]), None)
    found.chip = chip.name if chip else ""
    channels = _channels(request, chip) if chip else frozenset()
    if get["channel"] in dict(channel_choices(request, away=True)):
        channels = frozenset({get["channel"]})
    unit = parse_id(get["unit"])
    state = {"open": True, "closed": False}.get(get["state"])
    since, until = _date(request, get["since"], found), _date(request, get["until"], found)
    found.first, found.last = since, until
    clock = request.services.clock
    found.which = Filter(
        channels=channels,
        kinds=chip.kinds if chip else frozenset(),
        types=frozenset({get["type"]}) if get["type"] else frozenset(),
        units=frozenset({unit}) if unit is not None else frozenset(),
        open=state,
        since=clock.moment(since) if since is not None else None,
        until=clock.moment(until + timedelta(days=1)) if until is not None else None,
        text=get["words"],
    )
    names = ("channel", "type", "unit", "state", "since", "until", "words")
    found.kept = {name: get[name] for name in names if get[name]}
    found.before = parse_id(get["before"])
    return found


def _date(request: Request, typed: str, found: Asked) -> date | None:
    if not typed:
        return None
    try:
        return parse_date(typed, request.services.clock.today(), prefer="last")
    except InvalidDate:
        found.wrong.append(_("“${typed}” is not a date; write it like 1405/8/26.", mapping={"typed": typed[:40]}))
        return None


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────


def timeline(request: Request, contacts: list[Contact], path: str, tally: Tally) -> dict[str, Any]:
    """The template's values for the history of ``contacts`` (one citizen): chips, filters, rows, the way to older."""
    want = asked(request)
    offered = options(request, tally)
    return page_rows(request, contacts, path, want) | {
        "chips": chips(request, tally, want, path),
        "asked": want,
        "active": active(request, want, path, offered),
        "options": offered,
        "newest": _address(path, want) if want.before is not None else "",
        "total": tally.counts["all"],
    }


def page_rows(request: Request, contacts: list[Contact], path: str, want: Asked) -> dict[str, Any]:
    """The rows of one page of the history, and the addresses of what is older: as a page, and as rows alone."""
    page = request.services.timeline.page(contacts, want.which, want.before)
    return {
        "rows": _rows(request, page),
        "newest": "",
        "older": _address(path, want, before=page.next) if page.next is not None else "",
        "more": _address(f"{path}/entries", want, before=page.next, part="") if page.next is not None else "",
    }


def chips(request: Request, tally: Tally, want: Asked, path: str) -> list[dict[str, Any]]:
    """The quick filters with their counts; one that would show nothing is left out."""
    return [_chip(request, chip, tally.counts, want, path)
            for chip in (None, *CHIPS) if chip is None or _count(request, chip, tally.counts) or want.chip == chip.name]


def options(request: Request, tally: Tally) -> dict[str, list[tuple[str, str]]]:
    """What the filter's lists offer: channels, the types that occur with this citizen and may be read, units."""
    show, services = request.ui.show, request.services
    cases = {name: services.root.requests.get(id_) for name, id_ in tally.types.items()}
    types = {name: rows.type_name(request, case) for name, case in cases.items()
             if case is not None and services.eyes.of_request(case) is Visibility.FULL}
    return {
        "channel": [(value, show.text(text)) for value, text in channel_choices(request, away=True)],
        "type": sorted(types.items(), key=lambda row: collation_key(row[1])),
        "unit": sorted(((str(unit.id), rows.unit_name(request, unit.id)) for unit in services.units.all()),
                       key=lambda row: collation_key(row[1])),
        "state": [("open", show.text(_("Of open requests"))), ("closed", show.text(_("Of closed requests")))],
    }


def active(
    request: Request, want: Asked, path: str, offered: dict[str, list[tuple[str, str]]]
) -> list[dict[str, str]]:
    """Each part of the filter that is on, in words, with the address that takes it away."""
    show, found = request.ui.show, []
    for name in (name for name in want.kept if name in offered):
        words = dict(offered[name]).get(want.kept[name], rows.short(want.kept[name], 40))
        found.append({"words": words, "href": _address(path, want, without=(name,))})
    if want.first or want.last:
        found.append({"words": _period(request, want), "href": _address(path, want, without=("since", "until"))})
    if want.which.text:
        words = show.text(_("“${words}”", mapping={"words": rows.short(want.which.text, 40)}))
        found.append({"words": words, "href": _address(path, want, without=("words",))})
    return found


def _period(request: Request, want: Asked) -> str:
    show, (first, last) = request.ui.show, (want.first, want.last)
    if first is not None and last is not None:
        if month_days(show.locale, first) == (first, last):
            return month_title(show.locale, first)
        days = {"first": show.date(first, "date"), "last": show.date(last, "date")}
        return days["first"] if first == last else str(show.text(_("${first} to ${last}", mapping=days)))
    if first is not None:
        return str(show.text(_("From ${day}", mapping={"day": show.date(first, "date")})))
    assert last is not None
    return str(show.text(_("Until ${day}", mapping={"day": show.date(last, "date")})))


def _channels(request: Request, chip: Chip) -> frozenset[str]:
    """The channels a chip shows; what comes on those of plugins are messages."""
    added = (one.id for one in request.services.channels.added()) if chip.channels == MESSAGES else ()
    return chip.channels.union(added)


def _count(request: Request, chip: Chip, counted: Counter[str]) -> int:
    return sum(counted[word] for word in _channels(request, chip) or chip.kinds)


def _chip(request: Request, chip: Chip | None, counted: Counter[str], want: Asked, path: str) -> dict[str, Any]:
    name = chip.name if chip else ""
    query = {**({"show": name} if name else {}), **want.kept}
    return {
        "href": path + (f"?{urlencode(query)}" if query else "") + "#timeline",
        "text": chip.text if chip else _("All"),
        "icon": chip.icon if chip else "",
        "count": request.ui.show.number(_count(request, chip, counted) if chip else counted["all"]),
        "current": want.chip == name,
    }


def _address(
    path: str, want: Asked, before: int | None = None, without: tuple[str, ...] = (), part: str = "#timeline"
) -> str:
    kept = {name: value for name, value in want.kept.items() if name not in without}
    query = {**({"show": want.chip} if want.chip else {}), **kept, **({"before": str(before)} if before else {})}
    return path + (f"?{urlencode(query)}" if query else "") + part


@dataclass(frozen=True)
class Row:
    """A line of the timeline: a heading (``words``, ``note``) or something drawn."""

    drawn: Markup | None = None
    words: str = ""
    note: str = ""


def _rows(request: Request, page: Page) -> list[Row]:
    lines: list[Row] = []
    said = said_by(row for row in page.rows if isinstance(row, Entry))
    heading = ""
    strips: list[Redacted] = []
    for row in page.rows:
        words, note = _heading(request, row.at if isinstance(row, Entry) else row.last)
        if strips and (words != heading or isinstance(row, Entry)):
            lines.append(Row(redacted(request, strips)))
            strips = []
        if words != heading:
            heading = words
            lines.append(Row(words=words, note=note))
        if isinstance(row, Entry):
            lines.append(Row(entry(request, row, said)))
        else:
            strips.append(row)
    if strips:
        lines.append(Row(redacted(request, strips)))
    return lines


def _heading(request: Request, at: int) -> tuple[str, str]:
    """The heading that an entry stands below: a day while it is near, then a month, then a year."""
    show = request.ui.show
    day, today = show.day(at), show.day(show.now)
    if abs((today - day).days) <= 1:
        words = show.relative_day(at)
        return words[:1].upper() + words[1:], show.date(at, "weekday")
    persian = is_persian(show.locale)
    year, month, _day = to_jalali(day) if persian else (day.year, day.month, day.day)
    this_year = to_jalali(today)[0] if persian else today.year
    if year == this_year:
        return month_name(month, show.locale, "jalali" if persian else "gregorian"), ""
    return show.digits(year), ""

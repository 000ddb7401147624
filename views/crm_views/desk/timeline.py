"""The history of a citizen as it stands on the dossier: filters from the address, entries in words, headings between.

What may only be counted stands as a strip with count, unit and period; what is hidden leaves no trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chameleon.utils import Markup

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind, Event
from crm_core.services.interactions import OUTCOMES
from crm_core.services.timeline import Entry, Filter, Page, Redacted
from crm_core.text.calendars import month_name, to_jalali
from crm_core.text.dates import parse_date
from crm_core.text.digits import is_persian
from crm_core.text.errors import InvalidDate
from crm_views.components.parts import EntryView, FileLink, Speaker
from crm_views.desk import rows
from crm_views.desk.find import words_of
from crm_views.words import CHANNEL_ICONS, CHANNELS, DIRECTIONS, FIELDS, SPEAKERS

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MESSAGES = frozenset({
    Channel.SMS, Channel.EMAIL, Channel.FAX, Channel.LETTER, Channel.WEBSITE, Channel.CHAT, Channel.MESSENGER,
})
EVENTS = frozenset({EntryKind.REGISTERED, EntryKind.STATUS, EntryKind.ASSIGNED, EntryKind.CHANGED})


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
    Chip("notes", _("Notes"), "journal-text", frozenset({Channel.NOTE})),
)


@dataclass
class Asked:
    """What the address asks of the timeline. ``wrong`` are sentences on what could not be understood."""

    which: Filter
    chip: str = ""
    before: int | None = None
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
    channels = chip.channels if chip else frozenset()
    if get["channel"] in CHANNELS:
        channels = frozenset({get["channel"]})
    unit = parse_id(get["unit"])
    state = {"open": True, "closed": False}.get(get["state"])
    since, until = _date(request, get["since"], found), _date(request, get["until"], found)
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


def timeline(request: Request, contacts: list[Contact], path: str) -> dict[str, Any]:
    """The template's values for the history of ``contacts`` (one citizen): chips, filters, rows, the way to older."""
    services = request.services
    want = asked(request)
    page = services.timeline.page(contacts, want.which, want.before)
    counted = services.timeline.counts(contacts)
    return {
        "chips": [_chip(request, chip, counted, want, path)
                  for chip in (None, *CHIPS) if chip is None or _count(chip, counted)],
        "asked": want,
        "options": options(request, contacts),
        "rows": _rows(request, page),
        "older": _address(path, want, before=page.next) if page.next is not None else "",
        "newest": _address(path, want) if want.before is not None else "",
        "total": counted["all"],
        "all_href": path,
    }


def options(request: Request, contacts: list[Contact]) -> dict[str, list[tuple[str, str]]]:
    """What the filter's lists offer: channels, the types and units that occur with this citizen and may be read."""
    show, services = request.ui.show, request.services
    cases = [case for contact in contacts for case in rows.readable(request, contact.requests.values(), 500)]
    types = {case.type: rows.type_name(request, case) for case in cases}
    return {
        "channel": [(str(value), show.text(text)) for value, text in CHANNELS.items()],
        "type": sorted(types.items(), key=lambda row: row[1]),
        "unit": [(str(unit.id), rows.unit_name(request, unit.id)) for unit in services.units.all()],
        "state": [("open", show.text(_("Of open requests"))), ("closed", show.text(_("Of closed requests")))],
    }


def _count(chip: Chip, counted: Counter[str]) -> int:
    return sum(counted[word] for word in chip.channels or chip.kinds)


def _chip(request: Request, chip: Chip | None, counted: Counter[str], want: Asked, path: str) -> dict[str, Any]:
    name = chip.name if chip else ""
    query = {**({"show": name} if name else {}), **want.kept}
    return {
        "href": path + (f"?{urlencode(query)}" if query else ""),
        "text": chip.text if chip else _("All"),
        "icon": chip.icon if chip else "",
        "count": request.ui.show.number(_count(chip, counted) if chip else counted["all"]),
        "current": want.chip == name,
    }


def _address(path: str, want: Asked, before: int | None = None) -> str:
    query = {**({"show": want.chip} if want.chip else {}), **want.kept, **({"before": str(before)} if before else {})}
    return path + (f"?{urlencode(query)}" if query else "") + "#timeline"


@dataclass(frozen=True)
class Row:
    """A line of the timeline: a heading (``words``, ``note``) or something drawn."""

    drawn: Markup | None = None
    words: str = ""
    note: str = ""


def _rows(request: Request, page: Page) -> list[Row]:
    lines: list[Row] = []
    heading = ""
    for row in page.rows:
        words, note = _heading(request, row.at if isinstance(row, Entry) else row.last)
        if words != heading:
            heading = words
            lines.append(Row(words=words, note=note))
        lines.append(Row(entry(request, row) if isinstance(row, Entry) else _redacted(request, row)))
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


def _redacted(request: Request, row: Redacted) -> Markup:
    show = request.ui.show
    first, last = show.date(row.first, "date"), show.date(row.last, "date")
    period = first if first == last else show.text(_("${first} to ${last}", mapping={"first": first, "last": last}))
    return Markup(request.ui.redact(row.count, rows.unit_name(request, row.unit), period=period))


# ── one entry ────────────────────────────────────────────────────────────────────────────────────────────────


def entry(request: Request, row: Entry) -> Markup:
    """One entry, drawn."""
    thing = row.thing
    view = _interaction(request, row, thing) if isinstance(thing, Interaction) else _event(request, row, thing)
    return Markup(request.ui.entry(view))


def _base(request: Request, row: Entry) -> dict[str, Any]:
    show = request.ui.show
    return {
        "time": show.time_of_entry(row.at),
        "iso": show.iso(row.at),
        "hover": show.datetime(row.at) + show.text(_(" · ")) + show.other_date(row.at),
    }


def _link(request: Request, row: Entry) -> dict[str, Any]:
    """The way to the request an entry belongs to, which is readable when the entry is."""
    if row.request is None:
        return {}
    code = request.ui.show.code(row.request.code)
    words = Markup(f'{escape(rows.type_name(request, row.request))} <span class="code">{escape(code)}</span>')
    return {"href": f"/requests/{row.request.code}", "link": words}


def _interaction(request: Request, row: Entry, thing: Interaction) -> EntryView:
    show = request.ui.show
    speaker: Speaker = "inner" if thing.channel == Channel.NOTE else _SPEAKERS.get(thing.direction, "inner")
    parts = [show.text(CHANNELS.get(thing.channel, thing.channel)), show.text(DIRECTIONS.get(thing.direction, ""))]
    if thing.outcome:
        parts.append(show.text(OUTCOMES.get(thing.outcome, thing.outcome)))
    parts.append(rows.user_name(request, thing.created_by))
    if thing.duration >= 60:
        parts.append(show.text(_("${minutes} minutes", mapping={"minutes": thing.duration // 60})))
    return EntryView(
        **_base(request, row), **_link(request, row),
        subject=thing.subject or show.text(CHANNELS.get(thing.channel, thing.channel)),
        speaker=speaker, speaker_word=show.text(SPEAKERS[speaker]),
        icon=CHANNEL_ICONS.get(thing.channel, "chat-left-text"),
        meta=show.text(_(", ")).join(part for part in parts if part),
        words=thing.body, quoted=speaker == "in",
        files=tuple(
            FileLink(f"/interactions/{thing.id}/files/{file.id}", file.name, show.size(file.size))
            for file in thing.attachments
        ),
    )


_SPEAKERS: Mapping[str, Speaker] = {Direction.IN: "in", Direction.OUT: "out"}


def _event(request: Request, row: Entry, event: Event) -> EntryView:
    """A fact about a request in words. Its plugin may add a line; what the core says stays."""
    show, case = request.ui.show, row.request
    if case is None:  # erased since; the fact that there was one stays
        return EntryView(**_base(request, row), subject=show.text(_("A request that is gone")), speaker="inner",
                         speaker_word=show.text(SPEAKERS["inner"]), icon="folder2")
    subject, words, icon = event_words(request, case, event)
    born = event.kind == EntryKind.REGISTERED
    speaker: Speaker = ("late" if rows.is_late(request, case) else "in") if born else "inner"
    parts = [show.text(CHANNELS.get(case.channel, ""))] if born else []
    parts.append(rows.user_name(request, event.by))
    more = request.crm_app.host.ask("timeline_entry", case.type, services=request.services, request=case, event=event)
    return EntryView(
        **_base(request, row), **_link(request, row),
        subject=subject, speaker=speaker, speaker_word=show.text(SPEAKERS[speaker]), icon=icon,
        meta=show.text(_(", ")).join(part for part in parts if part),
        words=words, quoted=born,
        more=Markup(f'<p class="entry-x">{escape(show.text(more))}</p>') if more else None,
        files=tuple(
            FileLink(f"/requests/{case.code}/files/{file.id}", file.name, show.size(file.size))
            for file in (case.attachments if born else ())
        ),
    )


def event_words(request: Request, case: Case, event: Event) -> tuple[str, str, str]:
    """Subject, words and icon of a fact about a request."""
    show, data = request.ui.show, event.data
    note = str(data.get("note", ""))
    if event.kind == EntryKind.REGISTERED:
        return case.title, case.text, case.version.icon
    if event.kind == EntryKind.STATUS:
        old, new = (rows.status_name(request, case.version, str(data.get(end, ""))) for end in ("from", "to"))
        return show.text(_("Status: ${old} → ${new}", mapping={"old": old, "new": new})), note, "signpost"
    if event.kind == EntryKind.ASSIGNED:
        where = rows.in_hands(request, data.get("unit"), data.get("assignee"))
        return show.text(_("Handed to ${where}", mapping={"where": where})), note, "arrow-left-right"
    names = [show.text(FIELDS.get(name, name)) for name in data.get("fields", ())]
    return show.text(_("Changed: ${fields}", mapping={"fields": show.text(_(", ")).join(names)})), note, "pencil"

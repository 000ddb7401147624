"""One entry of a timeline in words: who spoke, on which channel, what was said, and to which request it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup

from crm_core import shapes
from crm_core.i18n import TextFactory
from crm_core.model import plain
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.request import Request as Case
from crm_core.model.timeline import PROMISES, EntryKind, Event
from crm_core.services.interactions import OUTCOMES
from crm_core.services.timeline import Entry, Redacted
from crm_core.text.folding import squash
from crm_views.channels import channel_icon, channel_word
from crm_views.components.parts import EntryView, FileLink, Speaker
from crm_views.desk import approvalrows, promised, rows
from crm_views.desk.composer import fresh, next_step
from crm_views.desk.deadline_words import deadline_words
from crm_views.words import DIRECTIONS, FIELDS, SPEAKERS

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

Said = frozenset[tuple[int, str]]
"""What conversations of a page said, folded, each with the request it belongs to."""


def said_by(entries: Iterable[Entry]) -> Said:
    """What the conversations among ``entries`` said of their requests: their registrations need not say it again."""
    return frozenset(
        (request_id, squash(words))
        for row in entries if isinstance(row.thing, Interaction)
        for words in (row.thing.body, f"{row.thing.subject} {row.thing.body}")  # the first line became the subject
        for request_id in row.thing.requests
    )


def redacted(request: Request, strips: list[Redacted]) -> Markup:
    """Entries in a row that may only be counted: one strip, a count for each unit."""
    show = request.ui.show
    counts: dict[int | None, int] = {}
    for strip in strips:
        counts[strip.unit] = counts.get(strip.unit, 0) + strip.count
    first = show.date(min(strip.first for strip in strips), "date")
    last = show.date(max(strip.last for strip in strips), "date")
    period = first if first == last else show.text(_("${first} to ${last}", mapping={"first": first, "last": last}))
    units = sorted(counts.items(), key=lambda row: -row[1])
    row = f"r{min(strip.first for strip in strips)}"
    return request.ui.redact_units([(rows.unit_name(request, unit), count) for unit, count in units],
                                   period=period, row=row)


# ── one entry ────────────────────────────────────────────────────────────────────────────────────────────────


def entry(request: Request, row: Entry, said: Said = frozenset()) -> Markup:
    """One entry, drawn; ``said``: words that stand in another entry of the same request already."""
    thing = row.thing
    if isinstance(thing, Interaction):
        view = _interaction(request, row, thing)
    else:
        view = _promised(request, row, thing) if thing.kind in PROMISES else _event(request, row, thing, said)
    return Markup(request.ui.entry(view))


def _base(request: Request, row: Entry) -> dict[str, Any]:
    show = request.ui.show
    return {
        "time": show.time_of_entry(row.at),
        "iso": show.iso(row.at),
        "row": str(row.key),
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
    parts = [channel_word(request, thing.channel), show.text(DIRECTIONS.get(thing.direction, ""))]
    if thing.outcome:
        parts.append(show.text(OUTCOMES.get(thing.outcome, thing.outcome)))
    parts += [thing.speaker, rows.user_name(request, thing.created_by)]
    if thing.duration >= 60:
        parts.append(show.text(_("${minutes} minutes", mapping={"minutes": thing.duration // 60})))
    return EntryView(
        **_base(request, row), **_link(request, row),
        subject=thing.subject or channel_word(request, thing.channel),
        speaker=speaker, speaker_word=show.text(SPEAKERS[speaker]),
        icon=channel_icon(request, thing.channel),
        meta=show.text(_(", ")).join(part for part in parts if part),
        words=thing.body, quoted=speaker == "in",
        fresh=str(thing.id) in fresh(request), more=next_step(request, thing),
        files=tuple(
            FileLink(f"/interactions/{thing.id}/files/{file.id}", file.name, show.size(file.size))
            for file in thing.attachments
        ),
    )


_SPEAKERS: Mapping[str, Speaker] = {Direction.IN: "in", Direction.OUT: "out"}


def _event(request: Request, row: Entry, event: Event, said: Said) -> EntryView:
    """A fact about a request in words. Its plugin may add a line; what the core says stays."""
    show, case = request.ui.show, row.request
    if case is None:  # erased since; the fact that there was one stays
        return EntryView(**_base(request, row), subject=show.text(_("A request that is gone")), speaker="inner",
                         speaker_word=show.text(SPEAKERS["inner"]), icon="folder2")
    subject, words, icon = event_words(request, case, event)
    born = event.kind == EntryKind.REGISTERED
    if born and words and (case.id, squash(words)) in said:
        words = ""
    speaker: Speaker = ("late" if rows.is_late(request, case) else "in") if born else "inner"
    parts = [channel_word(request, case.channel)] if born else []
    parts.append(rows.user_name(request, event.by))
    more = request.crm_app.host.ask(
        "timeline_entry", case.type, lambda answer: plain.word(show.text(shapes.text(answer))),
        services=request.services, request=case, event=event)
    return EntryView(
        **_base(request, row), **_link(request, row),
        subject=subject, speaker=speaker, speaker_word=show.text(SPEAKERS[speaker]), icon=icon,
        meta=show.text(_(", ")).join(part for part in parts if part),
        words=words, quoted=born,
        more=Markup(f'<p class="entry-x">{escape(more)}</p>') if more else None,
        files=tuple(
            FileLink(f"/requests/{case.code}/files/{file.id}", file.name, show.size(file.size))
            for file in (case.attachments if born else ())
        ),
    )


def _promised(request: Request, row: Entry, event: Event) -> EntryView:
    """What was promised, and what became of it."""
    told = promised.told(request, event)
    speaker: Speaker = "out" if event.kind in (EntryKind.PROMISED, EntryKind.KEPT) else "inner"
    return EntryView(
        **_base(request, row), **(_link(request, row) or told.link), subject=told.subject, speaker=speaker,
        speaker_word=request.ui.show.text(SPEAKERS[speaker]), icon=told.icon, meta=told.meta, words=told.words,
    )


def event_words(request: Request, case: Case, event: Event) -> tuple[str, str, str]:
    """Subject, words and icon of a fact about a request."""
    show, data = request.ui.show, event.data
    is_answer = data.get("answer") and not data.get("reason")
    note = "" if is_answer else str(data.get("note", ""))  # the answer itself is an entry of its own
    if event.kind == EntryKind.REGISTERED:
        return case.title, case.text, case.version.icon
    if event.kind == EntryKind.STATUS:
        old, new = (rows.status_name(request, case.version, str(data.get(end, ""))) for end in ("from", "to"))
        note = "\n".join([*([note] if note else []), *(f"✓ {show.text(line)}" for line in data.get("confirmed", ()))])
        return show.text(_("Status: ${old} → ${new}", mapping={"old": old, "new": new})), note, "signpost"
    if event.kind in approvalrows.KINDS:
        return approvalrows.told(request, case, event)
    if event.kind == EntryKind.ASSIGNED:
        where = rows.in_hands(request, data.get("unit"), data.get("assignee"))
        return show.text(_("Handed to ${where}", mapping={"where": where})), note, "arrow-left-right"
    if event.kind == EntryKind.ATTACHED:
        added = show.text(_(", ")).join(str(file.get("name", "")) for file in data.get("files", ()))
        words = _("Documents added: ${names}", mapping={"names": added}) if added else _("Documents added")
        return show.text(words), note, "paperclip"
    if event.kind == EntryKind.DEADLINE:
        return deadline_words(request, event)
    names = [show.text(FIELDS.get(name, name)) for name in data.get("fields", ())]
    return show.text(_("Changed: ${fields}", mapping={"fields": show.text(_(", ")).join(names)})), note, "pencil"

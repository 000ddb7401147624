"""The conversation about a request: the citizen's words, what was told, and what only colleagues read, oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.i18n import TextFactory
from crm_core.model.ids import id_time
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind, Event
from crm_core.services.interactions import said
from crm_views.channels import channel_word
from crm_views.desk import rows
from crm_views.desk.attachments import file_rows
from crm_views.desk.entries import event_words

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
SHOWN = 30
"""Messages on the page at first, beside the one it began with."""

Kind = Literal["in", "out", "internal"]
KINDS: dict[str, Kind] = {Direction.IN: "in", Direction.OUT: "out"}


@dataclass(frozen=True)
class Message:
    """One message as it is drawn. ``key`` is its anchor, ``via`` says how it came or went."""

    at: int
    key: str
    kind: Kind
    who: str
    via: str
    when: Markup
    text: str
    icon: str
    files: tuple[dict[str, Any], ...] = ()
    is_answer: bool = False


@dataclass(frozen=True)
class Talk:
    """What is shown of a conversation: the ``first`` words, how many ``earlier`` messages are left out, the rest."""

    first: Message
    earlier: int
    messages: list[Message]
    count: int
    counted: int


def talk(request: Request, case: Case, *, whole: bool) -> Talk:
    """The conversation for the page; ``whole``: with all messages, however many they are."""
    said_ = request.services.messages.of(case)
    answers = _answers(case)
    messages = sorted(
        [*(_touch(request, key, touch, answers) for key, touch in said_.touches),
         *_notes(request, case, case.events.items())],
        key=lambda message: message.at,
    )
    cut = 0 if whole else max(0, len(messages) - SHOWN)
    return Talk(_first(request, case), cut, messages[cut:], len(messages) + 1, said_.counted)


def newer(request: Request, case: Case, touch: int, event: int) -> list[Message]:
    """What came to the conversation behind the time keys of the last message and the last event that were shown."""
    answers = _answers(case)
    found = [_touch(request, key, one, answers) for key, one in request.services.messages.of(case, touch).touches]
    noted = _notes(request, case, case.events.items(event, excludemin=True))
    return sorted([*found, *noted], key=lambda message: message.at)


def drawn(request: Request, case: Case, messages: Iterable[Message]) -> Markup:
    """Messages as they stand on the page."""
    values = {"messages": list(messages), "case": case, "asks_words": _asks_words(request, case)}
    return Markup(render("crm_views:templates/request_messages.pt", values, request=request))


def _asks_words(request: Request, case: Case) -> bool:
    """Whether the form of this kind asks for the citizen's words; where it does not, none are missing."""
    published = request.crm_app.registry.types.get(case.type)
    return published is None or "text" in published.type.common


def moment(request: Request, at: int) -> Markup:
    """Day and hour in a ``<time>`` element, the other calendar a hover away."""
    show = request.ui.show
    words_ = f"{show.relative_day(at)}{show.text(_(', '))}{show.clock(at)}"
    title = f"{show.datetime(at)} · {show.other_date(at)}"
    return Markup(f'<time datetime="{show.iso(at)}" title="{escape(title)}">{escape(words_)}</time>')


def _first(request: Request, case: Case) -> Message:
    show = request.ui.show
    channel = channel_word(request, case.channel)
    via = _("${channel}, written by ${name}",
            mapping={"channel": channel, "name": rows.user_name(request, case.created_by)})
    contact = request.services.contacts.find(case.contact)
    return Message(case.created, "m-first", "in", rows.contact_name(request, contact), show.text(via),
                   moment(request, case.created), case.text, "person")


def _answers(case: Case) -> frozenset[str]:
    """The ids of the messages that the request was closed with."""
    return frozenset(str(event.data["answer"]) for event in case.events.values() if event.data.get("answer"))


def _touch(request: Request, key: int, touch: Interaction, answers: frozenset[str]) -> Message:
    show = request.ui.show
    kind = KINDS.get(touch.direction, "internal")
    channel = channel_word(request, touch.channel)
    writer = rows.user_name(request, touch.created_by)
    who, via, icon = writer, "", "lock"
    if kind == "in":
        who, icon = rows.contact_name(request, request.services.contacts.find(touch.contact)), "person"
        via = show.text(_("${channel}, written by ${name}", mapping={"channel": channel, "name": writer}))
    elif kind == "out":
        icon = "building"
        address = show.phone(touch.address) if touch.address.startswith("+") else rows.address_words(
            request, touch.address)
        via = show.text(_("told the citizen, ${channel}", mapping={"channel": channel}))
        via += f"{show.text(_(', '))}\u2066{address}\u2069" if address else ""
    return Message(
        id_time(key), f"m-{key}", kind, who, via, moment(request, touch.started), said(touch), icon,
        tuple(file_rows(request, f"/interactions/{touch.id}", touch.attachments)),
        is_answer=kind == "out" and (touch.outcome == "answered" or str(touch.id) in answers),
    )


def _notes(request: Request, case: Case, events: Iterable[tuple[int, Event]]) -> list[Message]:
    """Notes beside a change of status, a handing over or a document: colleagues read them as internal messages."""
    noted = [(key, event) for key, event in events
             if event.kind != EntryKind.REGISTERED and event.data.get("note")
             and (not event.data.get("answer") or event.data.get("reason"))]
    return [
        Message(event.at, f"m-{key}", "internal", rows.user_name(request, event.by),
                event_words(request, case, event)[0], moment(request, event.at), str(event.data["note"]), "lock")
        for key, event in noted
    ]

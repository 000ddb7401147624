"""The composer: the next entry of a citizen's timeline while it is still being written, and its form on other pages.

One form for every channel: the script changes the kind in place, without it the address does (``?compose=``).
Nothing is sent from here: a message is the record of one that came or went by other means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import colander
from chameleon.utils import Markup
from pyramid.response import Response

from crm_core import fields as f
from crm_core.fields import LONG, SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.request import Request as Case
from crm_core.security.permissions import Permission
from crm_core.services.interactions import OUTCOMES
from crm_core.services.visibility import Visibility
from crm_core.text.digits import to_ascii
from crm_views import words
from crm_views.channels import added_channels, channel_choices
from crm_views.desk import rows
from crm_views.desk.drafts import first_words
from crm_views.desk.fields import attached, files
from crm_views.desk.find import words_of
from crm_views.desk.spoken import TALKS
from crm_views.desk.things import done
from crm_views.forms import Look, Submission, handle
from crm_views.forms.widgets import ChoiceWidget, LineWidget, TextAreaWidget
from crm_views.keeping import PARAMETER, Draft

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

NAME = "composer"
OPENED = "opened"
"""The hidden field with the moment the words were begun, in milliseconds UTC."""
LONGEST = 2 * 3_600_000
"""A page that was open for longer was left open: it does not say how long a conversation took."""
OPEN_CASES, CLOSED_CASES = 50, 10
LTR, END = "\u2066", "\u2069"
"""Around a number in a list: its groups would stand in reverse order in a line of Persian (UAX 9)."""
FRESH = "fresh"
"""The queue of the session with the id of what was just logged."""


@dataclass(frozen=True)
class Kind:
    """A choice of the composer. ``channels``: those it stands for, the first unless another is asked for;
    ``unfinished``: how a draft of it is spoken of."""

    name: str
    text: Text
    icon: str
    channels: tuple[str, ...]
    unfinished: Any
    key: str = ""


KINDS = (
    Kind("phone", _("Call"), "telephone-plus", (Channel.PHONE,), _("Unfinished call, kept ${time}"), "C"),
    Kind("in_person", _("Visit"), "person-walking", (Channel.IN_PERSON, Channel.KIOSK),
         _("Unfinished visit, kept ${time}"), "V"),
    Kind("note", _("Note"), "journal-text", (Channel.NOTE,), _("Unfinished note, kept ${time}"), "O"),
    Kind("letter", _("Letter"), "mailbox", (Channel.LETTER,), _("Unfinished letter, kept ${time}")),
    Kind("message", _("Message"), "chat-left-text",
         (Channel.SMS, Channel.EMAIL, Channel.MESSENGER, Channel.CHAT, Channel.FAX, Channel.WEBSITE),
         _("Unfinished message, kept ${time}"), "M"),
)
SCHEMES: dict[str, tuple[str, ...]] = {
    Channel.PHONE: ("phone",), Channel.SMS: ("phone",), Channel.FAX: ("phone",), Channel.EMAIL: ("email",),
    Channel.MESSENGER: ("telegram", "phone"), Channel.CHAT: ("telegram", "phone"),
}
"""What kinds of identifiers a number or address of a channel is."""


class LogForm(f.Form):
    """One touch on one channel; the first line of the text is its title."""

    channel = f.choice(_("Channel"), tuple((str(channel), text) for channel, text in words.CHANNELS.items()))
    outcome = f.choice(_("Outcome"), tuple(OUTCOMES.items()), required=False)
    body = f.long_text(_("What was said"), max_length=LONG, personal=True, widget=TextAreaWidget(rows=6),
                       description=_("The first line becomes the title."))
    about = f.choice(_("About which request"), (), required=False, empty=_("None of them"))
    direction = f.choice(
        _("Who spoke?"),
        (
            (str(Direction.IN), _("The citizen came to us")),
            (str(Direction.OUT), _("We turned to the citizen")),
            (str(Direction.INTERNAL), _("Internal, the citizen does not see it")),
        ),
        wide=True,
    )
    speaker = f.text(_("Who exactly"), required=False, max_length=SHORT, personal=True)
    address = f.text(_("From which number or address"), required=False, personal=True,
                     widget=LineWidget(code=True, digits=False))
    minutes = f.integer(_("How long, in minutes"), required=False, least=0, most=1440,
                        description=_("Left empty, it is the time since this page was opened."))
    attachments = files(_("Files"))


# ── on the dossier ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Kept:
    """A draft of another kind that waits: how it is spoken of, where it is gone on with, its first words."""

    kind: Kind
    text: Markup
    href: str
    words: str


@dataclass(frozen=True)
class Composing:
    """What the composer's template draws beside the form. ``is_open``: it stands open, else it is one line."""

    contact: Contact
    path: str
    kind: Kind
    is_open: bool
    waiting: Draft | None
    kept: tuple[Kept, ...]
    others: tuple[str, ...]
    schemes: dict[str, str]
    kinds: tuple[Kind, ...]

    @property
    def waiting_words(self) -> str:
        """How the draft begins that waits in the idle composer."""
        return first_words(self.waiting) if self.waiting is not None else ""


@dataclass(frozen=True)
class ComposerLook(Look):
    """A `Look` whose template knows what is composed."""

    composing: Composing | None = None


def composer(request: Request, contact: Contact) -> Markup | Response:
    """The composer of a contact's dossier: one line, or open; where it was sent, what came of it.

    "" for those who may not log anything.
    """
    if not request.has_permission(Permission.INTERACTION_LOG):
        return Markup("")
    path = f"/contacts/{contact.id}"
    action = f"{path}/interactions/new"
    token = request.GET.get(PARAMETER, "")
    drafts = drafts_of_kinds(request, action)
    asked, kept = words_of(request, "compose"), dict(request.kept_form)
    is_open = request.method == "POST" or kept.get("__formid__") == NAME
    channel = str(request.POST.get("channel", "")) if request.method == "POST" else kept.get("channel", "")
    if not is_open and asked:
        is_open = asked == "draft" and bool(drafts) or _kind(request, asked) is not None
    if not channel:
        kind = _kind(request, asked)
        begun = drafts.get(kind.name) if kind is not None else next(iter(drafts.values()), None)
        channel = begun.value("channel") if begun is not None else ""
    channel = channel if request.services.channels.exists(channel) else _channel(request, contact, asked)
    slot = kind_of(channel).name
    schema, choices = _schema(request, contact)
    composing = Composing(
        contact=contact, path=path, kind=kind_of(channel), is_open=is_open, waiting=drafts.get(slot),
        kept=tuple(_kept(request, path, name, draft) for name, draft in drafts.items() if name != slot),
        others=_others(request, contact), schemes=choices,
        kinds=kinds(request),
    )
    page = handle(
        request, schema, submit_label=_("Log it"), on_valid=lambda submission: _log(request, contact, submission, path),
        appstruct=start(request, contact, channel), name=NAME,
        action=f"{action}?{PARAMETER}={token}" if token and token.isascii() and token.isprintable() else action,
        hidden={OPENED: str(request.services.now)},
        look=ComposerLook(heading=_("Log a conversation"), composing=composing, slot=slot,
                          template="crm_views:templates/composer.pt"),
    )
    return page if isinstance(page, Response) else Markup(page["form"])


def drafts_of_kinds(request: Request, action: str) -> dict[str, Draft]:
    """Of each kind the draft that waits in a composer, the newest first: what was begun as a visit is no call."""
    found = {kind.name: request.draft_of(action, NAME, kind.name) for kind in KINDS}
    return dict(sorted(((name, draft) for name, draft in found.items() if draft is not None),
                       key=lambda pair: -pair[1].at))


def _kept(request: Request, path: str, name: str, draft: Draft) -> Kept:
    show = request.ui.show
    today = show.day(draft.at) == show.day(show.now)
    kind = next(kind for kind in KINDS if kind.name == name)
    time = show.clock(draft.at) if today else show.datetime(draft.at)
    return Kept(kind, show.sentence(kind.unfinished % {"time": time}), f"{path}?compose={name}", first_words(draft))


def is_composed(request: Request) -> bool:
    """Whether this request is about a form of the composer: sent from it, or kept of it."""
    sent = request.POST.get("__formid__") if request.method == "POST" else dict(request.kept_form).get("__formid__")
    return sent == NAME


def kind_of(channel: str) -> Kind:
    """The kind of entry a channel belongs to."""
    return next((kind for kind in KINDS if channel in kind.channels), KINDS[-1])


def kinds(request: Request) -> tuple[Kind, ...]:
    """What can be composed; what comes on the channels of plugins is a message."""
    return (*KINDS[:-1], replace(KINDS[-1], channels=(*KINDS[-1].channels, *added_channels(request))))


def _kind(request: Request, asked: str) -> Kind | None:
    return next((kind for kind in kinds(request) if kind.name == asked or asked in kind.channels), None)


def _channel(request: Request, contact: Contact, asked: str) -> str:
    kind = _kind(request, asked) or KINDS[0]
    wanted = (asked, contact.preferred_channel)
    return str(next((channel for channel in wanted if channel in kind.channels), kind.channels[0]))


def _others(request: Request, contact: Contact) -> tuple[str, ...]:
    """Who else may speak for a contact: the names of its relations that the reader may know of."""
    found = [request.services.contacts.find(relation.other) for relation in contact.relations]
    eyes = request.services.eyes
    return tuple(dict.fromkeys(rows.contact_name(request, one) for one in found
                               if one is not None and eyes.of_contact(one) is not Visibility.HIDDEN))


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────


def page_of(request: Request, contact: Contact | None, *, heading: Text, note: Text, back: str) -> Any:
    """The same form as a page of its own: of somebody unknown, or on a channel the composer does not offer."""
    schema = _schema(request, contact)[0]
    if contact is None:
        del schema["about"]
        schema["address"].widget = LineWidget(code=True, digits=False)
    channel = words_of(request, "channel")
    return handle(
        request, schema, submit_label=_("Log it"),
        on_valid=lambda submission: _log(request, contact, submission, back if contact is not None else ""),
        appstruct=start(request, contact, channel if request.services.channels.exists(channel) else str(Channel.PHONE)),
        hidden={OPENED: str(request.services.now)}, look=Look(heading=heading, note=note, cancel=back),
    )


def _schema(request: Request, contact: Contact | None) -> tuple[colander.SchemaNode, dict[str, str]]:
    """The form for one contact, and of each number or address in it which kind of identifier it is."""
    schema = LogForm().clone()
    schema["channel"].choices = channel_choices(request)
    if contact is None:
        return schema, {}
    schema["about"].choices = tuple((case.code, case_words(request, case)) for case in cases_of(request, contact))
    schema["about"].widget = ChoiceWidget(schema["about"].choices, radios=False)
    if not schema["about"].choices:
        del schema["about"]
    if contact.is_person and not contact.relations:
        del schema["speaker"]
    known = addresses_of(request, contact)
    asked = words_of(request, "address")
    if asked and asked not in dict(known):
        known = ((asked, "phone"), *known)
    if known:
        show = request.ui.show
        schema["address"].widget = ChoiceWidget(
            tuple((value, f"{LTR}{show.identifier(scheme, value)}{END}") for value, scheme in known), radios=False)
    else:
        del schema["address"]
    return schema, dict(known)


def addresses_of(request: Request, contact: Contact) -> tuple[tuple[str, str], ...]:
    """(value, scheme) of the numbers and addresses a conversation can come from, those of linked records too."""
    wanted = {scheme for schemes in SCHEMES.values() for scheme in schemes}
    linked = request.services.linking.members(contact)
    return tuple(dict.fromkeys((one.value, one.scheme) for record in linked for one in record.active_identifiers()
                               if one.scheme in wanted))


def cases_of(request: Request, contact: Contact) -> list[Case]:
    """Requests a conversation may be about: the open ones, then those closed last."""
    readable = list(request.services.requests.readable_of(contact))
    closed = sorted((case for case in readable if not case.is_open), key=lambda case: -case.modified)
    return [case for case in readable if case.is_open][:OPEN_CASES] + closed[:CLOSED_CASES]


def case_words(request: Request, case: Case) -> str:
    """A request in a list to choose from."""
    show = request.ui.show
    values = {"title": rows.short(case.title, 40), "code": show.code(case.code)}
    if case.is_open:
        return str(show.text(_("${title}, ${code}", mapping=values)))
    return str(show.text(_("${title}, ${code} (closed)", mapping=values)))


def start(request: Request, contact: Contact | None, channel: str) -> dict[str, Any]:
    """What the form says before anybody has: the only number there is, an answered call, the citizen speaking."""
    address = words_of(request, "address") if contact is None or channel in SCHEMES else ""
    if contact is not None and not address:
        fitting = [value for value, scheme in addresses_of(request, contact) if scheme in SCHEMES.get(channel, ())]
        address = fitting[0] if len(fitting) == 1 else ""
    internal = channel == Channel.NOTE
    return {
        "channel": channel, "direction": str(Direction.INTERNAL if internal else Direction.IN), "address": address,
        "outcome": "answered" if contact is not None and channel in TALKS else "", "about": words_of(request, "about"),
    }


# ── logging ──────────────────────────────────────────────────────────────────────────────────────────────────


def _log(request: Request, contact: Contact | None, submission: Submission, back: str) -> Response:
    values = submission.values
    channel = values["channel"]
    is_note = channel == Channel.NOTE
    cases = [] if contact is None else cases_of(request, contact)
    seconds = duration(values["minutes"], channel, submission.hidden.get(OPENED, ""), request.services.now)
    _forget_moved(request, submission, kind_of(channel))
    interaction: Interaction = request.services.interactions.log(
        contact,
        channel=channel, direction=str(Direction.INTERNAL) if is_note else values["direction"], body=values["body"],
        outcome="" if is_note else values["outcome"] or "", duration=seconds,
        started=request.services.now - 1000 * seconds,
        address=address_given(values.get("address") or "", channel), speaker=(values.get("speaker") or "").strip(),
        requests=[case for case in cases if values.get("about") == case.code],
        attachments=attached(request.services, values["attachments"]),
    )
    request.ui.flash(_("“${subject}” is logged.", mapping={"subject": rows.short(interaction.subject)}))
    if back:
        request.session.pop_flash(FRESH)  # one waits at most: the session is a cookie of 4 kB
        request.session.flash(str(interaction.id), FRESH)
    return done(request, submission.submission_key, back or f"/interactions/{interaction.id}")


def _forget_moved(request: Request, submission: Submission, sent: Kind) -> None:
    """What was begun as another kind and became this one leaves no draft where it began."""
    for kind in KINDS:
        draft = request.draft_of(request.path, NAME, kind.name)
        if kind is not sent and draft is not None and draft.key == submission.submission_key:
            request.take_draft(NAME, submission.submission_key, kind.name)


def duration(minutes: int | None, channel: str, opened: str, now: int) -> int:
    """Seconds of a conversation: as it was said, else since its words were begun at ``opened`` (ms UTC as text).

    0 where that is not known: on a channel without a conversation, and where the page was left open (`LONGEST`).
    """
    if minutes is not None:
        return 60 * minutes
    begun = to_ascii(opened)
    if channel not in TALKS or not begun.isdecimal() or len(begun) > 15:
        return 0
    taken = now - int(begun)
    return taken // 1000 if 0 < taken <= LONGEST else 0


def address_given(address: str, channel: str) -> str:
    """A number or address, where the channel has one: a note and a visit come from nowhere."""
    return address if channel in SCHEMES or channel not in (Channel.NOTE, Channel.IN_PERSON) else ""


def fresh(request: Request) -> frozenset[str]:
    """Ids of what was logged just before this page: its entry is marked once."""
    known: frozenset[str] | None = request.environ.get("crm.fresh")
    if known is None:
        known = request.environ["crm.fresh"] = frozenset(request.session.pop_flash(FRESH))
    return known


def next_step(request: Request, thing: Interaction) -> Markup | None:
    """Below what was just logged: the ways to a request made of it and to a promise; None below anything else."""
    if str(thing.id) not in fresh(request) or thing.contact is None or thing.direction == Direction.INTERNAL:
        return None
    here, show = f"/contacts/{thing.contact}", request.ui.show
    about = [case.code for id_ in thing.requests[:1] if (case := request.services.root.requests.get(id_)) is not None]
    links = [(f"{here}/promises/new{'?about=' + about[0] if about else ''}", "hourglass-split", _("Promise something"))]
    if not thing.requests and request.has_permission(Permission.REQUEST_CREATE):
        links.insert(0, (f"{here}/requests/new?from={thing.id}", "folder-plus", _("Register a request from this")))
    drawn = (f'<a href="{href}">{request.ui.icon(icon)}{escape(show.text(text))}</a>' for href, icon, text in links)
    return Markup(f'<div class="entry-f">{"".join(drawn)}</div>')

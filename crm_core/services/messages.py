"""What is said about one request: to the citizen, or among staff only; and closing it with an answer or a reason.

Nothing is delivered from here: a message to the citizen is the record of one that a member of staff has given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_core.errors import Invalid
from crm_core.fields import LONG
from crm_core.i18n import Text, TextFactory
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.request import Category, Request
from crm_core.services.context import Context
from crm_core.services.fitting import says_something, text_errors
from crm_core.services.interactions import Interactions, said
from crm_core.services.requests import Requests
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.identifiers import normalise

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")

WHY_CLOSED = _("Write why it is closed.")

GIVEN_BY: tuple[Channel, ...] = (
    Channel.PHONE, Channel.IN_PERSON, Channel.LETTER, Channel.SMS, Channel.EMAIL, Channel.FAX, Channel.MESSENGER,
)
"""The ways on which staff give citizens a message themselves."""

SCHEME_OF: Mapping[str, str] = {
    Channel.PHONE: "phone", Channel.SMS: "phone", Channel.EMAIL: "email", Channel.MESSENGER: "telegram",
}
"""What a citizen is reached by on a channel: a scheme of identifiers."""


@dataclass(frozen=True)
class Conversation:
    """What was said about a request, oldest first, as far as it may be read; ``counted``: how much may only be counted.

    ``touches`` are (time key, interaction) pairs.
    """

    touches: tuple[tuple[int, Interaction], ...]
    counted: int


@dataclass(frozen=True)
class Reply:
    """Where an answer goes if nobody says otherwise: the channel and the number or address."""

    channel: Channel
    address: str


class Messages:
    def __init__(self, context: Context, interactions: Interactions, requests: Requests) -> None:
        self.context = context
        self.interactions = interactions
        self.requests = requests

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def of(self, request: Request, after: int = 0) -> Conversation:
        """What was said about a request behind the time key ``after``; what is hidden leaves no trace."""
        eyes = Eyes(self.context.root, self.context.identity)
        if eyes.of_request(request) is not Visibility.FULL or request.touches is None:
            return Conversation((), 0)
        touches = request.touches.items(after, excludemin=True)
        seen = [(key, touch, eyes.of_interaction(touch)) for key, touch in touches]
        return Conversation(
            tuple((key, touch) for key, touch, how in seen if how is Visibility.FULL),
            sum(how is Visibility.COUNTED for _key, _touch, how in seen),
        )

    def reply_to(self, request: Request) -> Reply:
        """The channel the citizen prefers, else that of the last words about the request, and where he is there.

        The address those words came from, where they came on that channel, else the one the citizen has.
        """
        contact = self._contact(request)
        last = next((touch for touch in self._last_first(request) if touch.direction == Direction.IN), None)
        channel = self._way(last.channel if last is not None else request.channel, contact)
        kept = last.address if last is not None and channel == last.channel else ""
        return Reply(channel, kept or self._address(contact, channel))

    def answered_by(self, request: Request) -> Interaction | None:
        """The last thing the citizen was told, if he has said nothing since: the answer may have been given already."""
        spoken = (touch for touch in self._last_first(request) if touch.direction in (Direction.IN, Direction.OUT))
        last = next(spoken, None)
        return last if last is not None and last.direction == Direction.OUT else None

    def _last_first(self, request: Request) -> Iterator[Interaction]:
        return (touch for _key, touch in reversed(self.of(request).touches))

    def _contact(self, request: Request) -> Contact | None:
        contact: Contact | None = self.context.root.contacts.get(request.contact or 0)
        return contact

    @staticmethod
    def _way(channel: str, contact: Contact | None) -> Channel:
        """A way to the citizen: the preferred one, else the one the words came on, else the telephone."""
        preferred = contact.preferred_channel if contact is not None else ""
        came = Channel.IN_PERSON if channel == Channel.KIOSK else channel
        return next((way for wanted in (preferred, came) for way in GIVEN_BY if way == wanted), Channel.PHONE)

    @staticmethod
    def _address(contact: Contact | None, channel: Channel) -> str:
        known = contact.active_identifiers() if contact is not None else ()
        return next((str(one.value) for one in known if one.scheme == SCHEME_OF.get(channel)), "")

    # ── write ────────────────────────────────────────────────────────────────────────────────────────────

    def tell(
        self, request: Request, body: str, *, channel: str, address: str = "", files: tuple[Attachment, ...] = (),
        outcome: str = "",
    ) -> Interaction:
        """Record what the citizen was told about a request, and how (a channel of `GIVEN_BY`).

        Raises Invalid (body, channel, address), NotFound where the request may not be read, Forbidden.
        """
        errors = {}
        if not says_something(body):
            errors["body"] = _("Write what the citizen is told.")
        if channel not in GIVEN_BY:
            errors["channel"] = _("No message is given on this channel.")
        if errors:
            raise Invalid(errors)
        return self._say(request, body, Direction.OUT, channel, address=_one_form(channel, address.strip()),
                         files=files, outcome=outcome)

    def note(self, request: Request, body: str, files: tuple[Attachment, ...] = ()) -> Interaction:
        """Write an internal message: for whoever may read the request, never for the citizen. Raises as `tell`."""
        if not says_something(body):
            raise Invalid({"body": _("Write what your colleagues should know.")})
        return self._say(request, body, Direction.INTERNAL, Channel.NOTE, files=files)

    def _say(
        self, request: Request, body: str, direction: str, channel: str, *, files: tuple[Attachment, ...],
        address: str = "", outcome: str = "",
    ) -> Interaction:
        return self.interactions.log(
            self._contact(request), channel=channel, direction=direction, body=body, outcome=outcome, address=address,
            requests=(request,), attachments=files,
        )

    def close(
        self, services: Services, request: Request, status: str, *, answer: str = "", channel: str = "",
        address: str = "", reason: str = "", seen: str | None = None, given: int | None = None,
        confirmed: Collection[int] = (),
    ) -> Interaction | None:
        """Move a request to a status that closes it: done with what the citizen is told or why nobody is, cancelled
        with the reason.

        ``given``: the id of the message that is the answer where none is written now; it must still be `answered_by`.
        ``confirmed`` as in `Requests.change_status`.
        The plugin's ``before_status`` hears the reason, else the answer, as the note. Gives the answer as it was
        recorded. Raises what `tell` and `Requests.change_status` raise (answer, channel, address, note, status).
        """
        answer, reason = answer.strip(), reason.strip()
        errors = self.closing_errors(request, status, answer=answer, reason=reason, given=given)
        if errors:
            raise Invalid(errors)
        if not says_something(answer):
            answer = ""
        told = self.answered_by(request) if not answer and given is not None and self.ends(request, status) else None
        if answer:
            told = self.tell(request, answer, channel=channel, address=address, outcome="answered")
        data = {"answer": str(told.id)} if told is not None else {}
        if told is not None and reason:
            data["reason"] = "1"  # the note is a word to colleagues, not the answer once more
        note = reason or answer or (said(told)[:LONG] if told is not None else "")
        self.requests.change_status(services, request, status, note, data=data, seen=seen, confirmed=confirmed)
        return told

    def closing_errors(
        self, request: Request, status: str, *, answer: str = "", reason: str = "", given: int | None = None
    ) -> dict[str, Text]:
        """What is wrong with what `close` would be told; nothing where it closes."""
        answer, reason = answer.strip(), reason.strip()
        errors = text_errors({"answer": (answer, LONG), "note": (reason, LONG)})
        if not self.ends(request, status):
            if says_something(answer):
                errors["answer"] = _("A request is not answered by this status. Answer the citizen by a message "
                                     "instead.")
            elif not says_something(reason):
                errors["note"] = WHY_CLOSED
        elif not says_something(answer) and given is not None:
            told = self.answered_by(request)
            if told is None or told.id != given:
                errors["answer"] = _("Something was said meanwhile; look at it, then write the answer again.")
        elif not says_something(answer) and not says_something(reason):
            errors["answer"] = _("Write what the citizen is told, or, in the note, why nobody is told.")
        return errors

    @staticmethod
    def ends(request: Request, status: str) -> bool:
        """Whether a status of the request's own kind closes it as done, and so asks for an answer or a reason."""
        return _category(request, status) == Category.DONE

    @staticmethod
    def closes(request: Request, status: str) -> bool:
        """Whether a status of the request's own kind closes it, as done or cancelled: see `close`."""
        found = _category(request, status)
        return found is not None and not found.is_open


def _category(request: Request, status: str) -> Category | None:
    found = next((one for one in request.version.statuses if one.name == status), None)
    return None if found is None else Category(found.category)


def _one_form(channel: str, address: str) -> str:
    """A number or address as identifiers are stored, where it is one; otherwise as it was written."""
    scheme = SCHEME_OF.get(channel, "")
    try:
        return normalise(scheme, address) if scheme and address else address
    except InvalidIdentifier:
        return address

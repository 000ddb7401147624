"""Interactions: what was said on a channel, logged once and never changed; unidentified callers are linked later."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.errors import Invalid, NotFound
from crm_core.fields import LONG, SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.interaction import Channel, Direction, Interaction
from crm_core.model.request import Request
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.services.timeline import Timeline

_ = TextFactory("crm_core")
DAY = 86_400_000

OUTCOMES: dict[str, Text] = {
    "answered": _("Answered"),
    "follow_up": _("Follow-up needed"),
    "informed": _("Only informed"),
    "no_contact": _("Not reached"),
}


class Interactions:
    def __init__(self, context: Context, timeline: Timeline) -> None:
        self.context = context
        self.timeline = timeline

    def get(self, id_: int) -> Interaction:
        interaction: Interaction | None = self.context.root.interactions.get(id_)
        if interaction is None:
            raise NotFound
        return interaction

    def log(
        self,
        contact: Contact | None,
        *,
        channel: str,
        direction: str = Direction.IN,
        subject: str = "",
        body: str = "",
        outcome: str = "",
        started: int | None = None,
        duration: int = 0,
        requests: Iterable[Request] = (),
        unit: int | None = None,
        address: str = "",
        attachments: tuple[Attachment, ...] = (),
    ) -> Interaction:
        """Store one touch. ``started`` in milliseconds UTC (default now), ``duration`` in seconds.

        Without ``subject`` the first line of ``body`` is it. ``contact`` None: somebody unidentified, linked later with
        `identify`. Raises Invalid naming each refused field.
        """
        self.context.identity.demand(Permission.INTERACTION_LOG)
        subject, body = _subject(subject.strip(), body.strip())
        started = self.context.now if started is None else started
        errors = text_errors({"subject": (subject, SHORT), "body": (body, LONG), "address": (address, SHORT)})
        if channel not in list(Channel):
            errors["channel"] = _("This channel does not exist.")
        if direction not in list(Direction):
            errors["direction"] = _("This direction does not exist.")
        if not subject and not attachments:
            errors["body"] = _("Write in a line what it was about.")
        if unit is not None and unit not in self.context.root.units:
            errors["unit"] = _("This unit does not exist.")
        if outcome and outcome not in OUTCOMES:
            errors["outcome"] = _("This outcome does not exist.")
        if not 0 <= started <= self.context.now + DAY:
            errors["started"] = _("This time lies in the future.")
        if not 0 <= duration <= 86_400:
            errors["duration"] = _("A conversation lasts a day at most.")
        if errors:
            raise Invalid(errors)
        interaction = Interaction()
        interaction.channel, interaction.direction = Channel(channel).value, Direction(direction).value
        interaction.subject, interaction.body, interaction.outcome = subject, body, outcome
        interaction.started, interaction.duration = started, duration
        interaction.contact = contact.id if contact is not None else None
        interaction.requests = tuple(request.id for request in requests)
        interaction.unit = unit if unit is not None else self.context.own_unit()
        interaction.address, interaction.attachments = address, attachments
        self.context.file(self.context.root.interactions, interaction, started)
        if contact is None:
            self.context.root.unidentified[interaction.id] = interaction
        else:
            self.timeline.add_interaction(contact, interaction)
        self.context.journal.write(
            "interaction.logged", ("interaction", interaction.id), self.context.now, interaction.contact
        )
        return interaction

    def identify(self, interaction: Interaction, contact: Contact) -> None:
        """Say who an unidentified citizen was: the interaction joins the contact's history at its own time."""
        self.context.identity.demand(Permission.INTERACTION_LOG)
        if interaction.contact is not None:
            raise Invalid({"contact": _("This is in somebody's history already.")})
        self.context.change(interaction, {"contact": contact.id}, "identified")
        if interaction.id in self.context.root.unidentified:
            del self.context.root.unidentified[interaction.id]
        self.timeline.add_interaction(contact, interaction)
        self.context.journal.write(
            "interaction.identified", ("interaction", interaction.id), self.context.now, contact.id, ("contact",)
        )


def _subject(subject: str, body: str) -> tuple[str, str]:
    """Without a subject, the first line of the body is it; a line too long is cut, and kept whole in the body."""
    if subject or not body:
        return subject, body
    first, _, rest = body.partition("\n")
    first = first.strip()
    if len(first) <= SHORT:
        return first, rest.strip()
    return first[: SHORT - 1].rstrip() + "…", body

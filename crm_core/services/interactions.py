"""Interactions: what was said on a channel, logged once and never changed; unidentified callers are linked later."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.errors import Invalid, NotFound
from crm_core.fields import LONG, SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.request import Request
from crm_core.security.permissions import Permission
from crm_core.services.channels import Channels
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.services.timeline import Timeline
from crm_core.services.visibility import Eyes, Visibility
from crm_core.services.work import Work

_ = TextFactory("crm_core")
DAY = 86_400_000
LONGEST_TALK = 86_400
"""Seconds."""
LENGTHS = {"subject": SHORT, "body": LONG, "address": SHORT, "speaker": SHORT}
"""Characters of each text at most."""

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
        """The interaction, whoever may read it (ask `eyes`); raises NotFound."""
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
        speaker: str = "",
        attachments: tuple[Attachment, ...] = (),
    ) -> Interaction:
        """Store one touch. ``started`` in milliseconds UTC (default now), ``duration`` in seconds, ``speaker`` who
        exactly spoke where the contact is not one voice (of an organisation, a relative).

        Without ``subject`` the first line of ``body`` is it. ``contact`` None: somebody unidentified, linked later with
        `identify`, or our own note about a request of nobody. Raises Invalid naming each refused field, and NotFound
        where one of ``requests`` may not be read in full: nobody speaks in a case he does not know (imports may).
        """
        self.context.identity.demand(Permission.INTERACTION_LOG)
        cases = tuple(requests)
        eyes = Eyes(self.context.root, self.context.identity)
        if not self.context.bulk and any(eyes.of_request(case) is not Visibility.FULL for case in cases):
            raise NotFound
        interaction = Interaction()
        interaction.channel, interaction.direction = str(channel), str(direction)
        interaction.subject, interaction.body = _subject(subject.strip(), body.strip())
        interaction.outcome, interaction.duration = outcome, duration
        interaction.started = self.context.now if started is None else started
        interaction.contact = contact.id if contact is not None else None
        interaction.requests = tuple(case.id for case in cases)
        interaction.unit = unit if unit is not None else self.context.own_unit()
        interaction.address, interaction.speaker, interaction.attachments = address, speaker, attachments
        errors = self._errors(interaction)
        if errors:
            raise Invalid(errors)
        self._file(interaction, contact, cases)
        return interaction

    def _errors(self, interaction: Interaction) -> dict[str, Text]:
        """What is wrong with an interaction that is not stored yet."""
        errors = text_errors({name: (getattr(interaction, name), length) for name, length in LENGTHS.items()})
        if not Channels(self.context).exists(interaction.channel):
            errors["channel"] = _("This channel does not exist.")
        if interaction.direction not in list(Direction):
            errors["direction"] = _("This direction does not exist.")
        if not interaction.subject and not interaction.attachments:
            errors["body"] = _("Write in a line what it was about.")
        if interaction.unit is not None and interaction.unit not in self.context.root.units:
            errors["unit"] = _("This unit does not exist.")
        if interaction.outcome and interaction.outcome not in OUTCOMES:
            errors["outcome"] = _("This outcome does not exist.")
        if not 0 <= interaction.started <= self.context.now + DAY:
            errors["started"] = _("This time lies in the future.")
        if not 0 <= interaction.duration <= LONGEST_TALK:
            errors["duration"] = _("A conversation lasts a day at most.")
        return errors

    def _file(self, interaction: Interaction, contact: Contact | None, cases: tuple[Request, ...]) -> None:
        """Store a new interaction: with its contact, its requests, or among those nobody has a name for yet."""
        root = self.context.root
        self.context.file(root.interactions, interaction, interaction.started)
        Channels(self.context).keep_words(interaction.channel)
        for case in cases:
            case.remember_touch(interaction)
            Work(root).refile(case)
        if contact is not None:
            self.timeline.add_interaction(contact, interaction)
        elif not (cases and interaction.direction == Direction.INTERNAL):
            root.unidentified[interaction.id] = interaction
        self.context.journal.write(
            "interaction.logged", ("interaction", interaction.id), self.context.now, interaction.contact
        )

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


def said(interaction: Interaction) -> str:
    """What was said, whole: the subject is its first line, or a beginning cut short that the body holds in full."""
    subject, body = interaction.subject, interaction.body
    if subject.endswith("…") and body.startswith(subject[:-1]):
        return body
    return f"{subject}\n{body}".strip() if body else subject


def _subject(subject: str, body: str) -> tuple[str, str]:
    """Without a subject, the first line of the body is it; a line too long is cut, and kept whole in the body."""
    if subject or not body:
        return subject, body
    first, _, rest = body.partition("\n")
    first = first.strip()
    if len(first) <= SHORT:
        return first, rest.strip()
    return first[: SHORT - 1].rstrip() + "…", body

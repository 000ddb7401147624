"""The words for what the core stores as codes: channels, directions, proofs, relations, priorities and the like."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Confidentiality, ContactKind, Proof
from crm_core.model.interaction import Channel, Direction
from crm_core.model.request import Priority

_ = TextFactory("crm_views")

CHANNELS: Mapping[str, Text] = {
    Channel.IN_PERSON: _("In person"),
    Channel.KIOSK: _("Kiosk"),
    Channel.PHONE: _("Phone call"),
    Channel.SMS: _("SMS"),
    Channel.EMAIL: _("E-mail"),
    Channel.FAX: _("Fax"),
    Channel.LETTER: _("Letter"),
    Channel.WEBSITE: _("Website"),
    Channel.CHAT: _("Chat"),
    Channel.MESSENGER: _("Messenger"),
    Channel.NOTE: _("Note"),
}

CHANNEL_ICONS: Mapping[str, str] = {
    Channel.IN_PERSON: "person-walking",
    Channel.KIOSK: "display",
    Channel.PHONE: "telephone",
    Channel.SMS: "chat-left-text",
    Channel.EMAIL: "envelope",
    Channel.FAX: "printer",
    Channel.LETTER: "mailbox",
    Channel.WEBSITE: "globe",
    Channel.CHAT: "chat-dots",
    Channel.MESSENGER: "send",
    Channel.NOTE: "journal-text",
}

DIRECTIONS: Mapping[str, Text] = {
    Direction.IN: _("from the citizen"),
    Direction.OUT: _("to the citizen"),
    Direction.INTERNAL: _("internal"),
}

SPEAKERS: Mapping[str, Text] = {
    "in": _("The citizen:"),
    "out": _("We:"),
    "inner": _("Internal:"),
    "late": _("The citizen, still unanswered and late:"),
}

PROOFS: Mapping[str, Text] = {
    Proof.PAPER: _("Seen on a document"),
    Proof.IN_PERSON: _("Known in person"),
    Proof.CODE: _("Code sent and returned"),
    Proof.LINK: _("Link in a mail followed"),
    Proof.SAID: _("Their word, not proven"),
    Proof.HEARSAY: _("From somebody else, not proven"),
}

SCHEME_ICONS: Mapping[str, str] = {
    "phone": "telephone",
    "email": "envelope",
    "national_id": "person-vcard",
    "legal_id": "building",
    "passport": "person-badge",
    "telegram": "telegram",
    "postal_code": "geo-alt",
}

KINDS: Mapping[str, Text] = {
    ContactKind.PERSON: _("Person"),
    ContactKind.ORGANISATION: _("Organisation"),
}

GENDERS: Mapping[str, Text] = {"female": _("Woman"), "male": _("Man")}

CONFIDENTIALITIES: Mapping[str, Text] = {
    Confidentiality.NORMAL: _("Normal"),
    Confidentiality.CONFIDENTIAL: _("Confidential"),
    Confidentiality.SHIELDED: _("Shielded"),
}

PRIORITIES: Mapping[str, Text] = {
    Priority.LOW: _("Low"),
    Priority.NORMAL: _("Normal"),
    Priority.HIGH: _("High"),
    Priority.URGENT: _("Urgent"),
}

RELATIONS: Mapping[str, Text] = {
    "spouse": _("Spouse"),
    "parent": _("Parent of"),
    "child": _("Child of"),
    "sibling": _("Brother or sister"),
    "household": _("Same household"),
    "representative_of": _("Represents"),
    "represented_by": _("Represented by"),
    "employer": _("Employer of"),
    "employee": _("Works for"),
    "member_of": _("Member of"),
    "has_member": _("Has the member"),
}
"""``contact`` is this of the other: so they read on the contact's own page."""

FIELDS: Mapping[str, Text] = {
    "title": _("Title"),
    "text": _("Text"),
    "priority": _("Priority"),
    "due": _("Due"),
    "confidentiality": _("Confidentiality"),
    "submission": _("Answers of the form"),
    "workflow": _("Workflow"),
}
"""Fields of a request as an entry of the timeline names them."""

LANGUAGES: Mapping[str, Text] = {"fa": _("Persian"), "en": _("English")}
THEMES: Mapping[str, Text] = {
    "auto": _("Colours of the device"), "light": _("Light colours"), "dark": _("Dark colours"),
}
THEME_ICONS: Mapping[str, str] = {"auto": "circle-half", "light": "sun", "dark": "moon"}

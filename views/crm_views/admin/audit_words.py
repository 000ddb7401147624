"""The words of the audit trail: kinds of entries, fields, and values before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Role
from crm_core.security.policy import ROLE_TITLES
from crm_views import words
from crm_views.admin.calendar_words import exception_words, target_words, week_words
from crm_views.desk import rows
from crm_views.desk.answers import words as field_answer

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

KINDS: Mapping[str, Text] = {
    "contact.created": _("recorded a new citizen"),
    "contact.changed": _("changed a citizen's record"),
    "contact.linked": _("linked two records of a citizen"),
    "contact.unlinked": _("took a link of two records back"),
    "contact.distinct": _("said that two records are not the same citizen"),
    "contact.erased": _("erased a citizen's record"),
    "contact.exported": _("handed out everything of a citizen"),
    "interaction.logged": _("logged a conversation"),
    "interaction.identified": _("said who a conversation was with"),
    "interaction.moved": _("moved a conversation to another record"),
    "interaction.erased": _("erased a conversation"),
    "request.created": _("registered a request"),
    "request.status": _("changed the status of a request"),
    "request.assigned": _("handed a request over"),
    "request.changed": _("changed a request"),
    "request.attached": _("added documents to a request"),
    "request.moved": _("moved a request to another record"),
    "request.erased": _("emptied a request of its citizen"),
    "approval.asked": _("asked for an approval"),
    "approval.decided": _("approved something"),
    "approval.ended": _("ended an approval"),
    "promise.made": _("promised something to a citizen"),
    "promise.changed": _("gave a promise to another unit or record"),
    "promise.ended": _("ended a promise"),
    "user.created": _("added an account"),
    "user.changed": _("changed an account"),
    "user.login": _("signed in"),
    "user.logout": _("signed out"),
    "user.revoked": _("ended logins of an account"),
    "unit.created": _("added a unit"),
    "unit.changed": _("changed a unit"),
    "type.changed": _("decided about a kind of request"),
    "calendar.changed": _("changed a calendar"),
    "targets.changed": _("changed the targets"),
    "request.escalated": _("told of a deadline"),
    "plugin.changed": _("put a plugin out or in"),
    "plugin.set": _("decided about settings of a plugin"),
    "plugin.retried": _("had something tried again that could not be done"),
    "plugin.gave_up": _("gave something up that could not be done"),
    "plugin.purged": _("removed what was stored of a plugin"),
    "request.purged": _("removed a request of a plugin that is gone"),
    "collection.added": _("added a record of a plugin"),
    "collection.changed": _("changed a record of a plugin"),
    "collection.removed": _("removed a record of a plugin"),
    "collection.erased": _("erased a record of a plugin"),
    "collection.expired": _("removed a record of a plugin whose time was over"),
}
TAKEN_BACK = _("took a change of a request back")
GROUPS: tuple[tuple[str, Text], ...] = (
    ("contact", _("Citizens")), ("interaction", _("Conversations")), ("request", _("Requests")),
    ("promise", _("Promises")), ("user", _("Accounts and logins")), ("unit", _("Units")),
    ("type", _("Kinds of requests")), ("calendar", _("Calendars")), ("targets", _("Targets")), ("plugin", _("Plugins")),
    ("collection", _("Records of plugins")),
)
ICONS: Mapping[str, str] = {
    "contact": "person", "interaction": "chat-left-text", "request": "folder2", "promise": "hourglass-split",
    "user": "person-badge", "unit": "building", "type": "card-list", "calendar": "calendar3",
    "targets": "hourglass-split", "plugin": "plug", "collection": "plug",
}
FIELDS: Mapping[str, Text] = {
    **words.FIELDS,
    "name": _("Name"), "name_en": _("Name in English"), "given": _("First name"), "family": _("Family name"),
    "latin_given": _("Given name in Latin letters"), "latin_family": _("Family name in Latin letters"),
    "gender": _("Gender"), "birth_date": _("Date of birth"), "preferred_channel": _("Prefers"),
    "language": _("Language"), "addresses": _("Address"), "notes": _("Notes for the desk"), "kind": _("Kind"),
    "identifiers": _("Identifiers"), "relations": _("Relations"), "status": _("Status"), "unit": _("Unit"),
    "assignee": _("Member of staff"), "closed": _("Closed"), "attachments": _("Files"), "password": _("Password"),
    "roles": _("Roles"), "units": _("Units"), "active": _("Active"), "theme": _("Colours"),
    "official_contact": _("Own record"), "parent": _("Belongs to"), "confidential": _("Confidential"),
    "successor": _("Successor"), "offered": _("Offered"), "enabled": _("takes part"),
    "due_days": _("Days for the answer"), "place": _("Place in the list of kinds"),
    "letter": _("What could not be done"), "reason": _("Why"), "week": _("Working hours"),
    "holidays": _("Closed on public holidays"), "days": _("Exceptions"), "targets": _("Targets"),
    "first_due": _("First answer"), "pauses": _("Pauses"), "solution.warning": _("Deadline is near"),
    "solution.breach": _("Deadline has passed"), "first.warning": _("Deadline of the first answer is near"),
    "first.breach": _("Deadline of the first answer has passed"),
}
SHOWN = frozenset({
    "name", "name_en", "given", "family", "latin_given", "latin_family", "gender", "birth_date", "preferred_channel",
    "language", "notes", "kind", "status", "unit", "assignee", "closed", "due", "title", "text", "priority",
    "confidentiality", "roles", "units", "active", "theme", "parent", "confidential", "successor", "offered",
    "due_days", "place", "enabled", "reason", "first_due", "week", "holidays", "days", "targets",
})
"""Fields whose values may stand in the trail. Others hold ids of people the reader may not know, or whole forms."""
LONGEST = 160


WORDS: Mapping[str, Callable[[Any, Any], str]] = {
    "week": week_words, "days": exception_words, "targets": target_words,
}
"""Fields that a page of their own puts into words."""
SWITCHED: Mapping[bool, Text] = {True: _("put a plugin in"), False: _("put a plugin out")}
"""What `KINDS` says of both, where the values before and after say which of them it was."""


def what(kind: str, changes: Mapping[str, Any] | None = None) -> Text:
    """What was done, in words; a kind nobody has words for yet as it is stored. ``changes``: field → [old, new]."""
    enabled = (changes or {}).get("enabled")
    if kind == "plugin.changed" and isinstance(enabled, list):
        return SWITCHED[bool(enabled[-1])]
    return KINDS.get(kind, kind)


def icon(kind: str) -> str:
    """The sign of the thing an entry tells of."""
    return ICONS.get(kind.partition(".")[0], "journal-text")


def field_words(request: Request, name: str) -> str:
    """A field's name in words."""
    show = request.ui.show
    known = _named(request, name)
    return str(show.text(FIELDS.get(name, name) if known is None else known[0]))


def _named(request: Request, name: str) -> tuple[Any, dict[str, Any]] | None:
    """Words and frozen field behind a name with a dot: of a group of contact fields, or a setting of a plugin."""
    if "." not in name:
        return None
    known = request.services.contact_fields.field(name)
    if known is not None:
        field, form = known
        return _("${group}: ${field}", mapping={"group": form.definition["title"], "field": field["labels"]}), field
    setting = request.services.settings.field(name)
    return None if setting is None else (setting["labels"], setting)


def change_rows(request: Request, changes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(field, before, after) of what may be shown."""
    return [
        (field_words(request, name), _value(request, name, change[0]), _value(request, name, change[1]))
        for name, change in changes.items()
        if (name in SHOWN or _named(request, name) is not None) and isinstance(change, list) and len(change) == 2
    ]


def _value(request: Request, name: str, value: Any) -> str:
    show = request.ui.show
    if "." in name and value is not None and not isinstance(value, bool):
        found = _named(request, name)
        return rows.short(answer_words(request, found[1], value), LONGEST) if found is not None else ""
    if name in WORDS and value:
        return rows.short(WORDS[name](request, value), LONGEST)
    if value in (None, "", []):
        return str(show.text(_("empty")))
    if isinstance(value, bool):
        return str(show.text(_("Yes") if value else _("No")))
    if name in ("unit", "parent", "successor"):
        return rows.unit_name(request, value)
    if name == "assignee":
        return rows.user_name(request, value)
    if name in ("due", "closed", "first_due") and isinstance(value, int):
        return str(show.datetime(value))
    if name == "units":
        return str(show.text(_(", "))).join(rows.unit_name(request, id_) for id_ in value)
    if name == "roles":
        return str(show.text(_(", "))).join(show.text(_role(role)) for role in value)
    if isinstance(value, int):
        return str(show.number(value))
    text = str(value)
    known = _CHOICES.get(name, {}).get(text)
    return str(show.text(known)) if known is not None else rows.short(" ".join(text.split()), LONGEST)


def answer_words(request: Request, field: Mapping[str, Any], value: Any) -> str:
    """What the audit holds of an answer, in words: the texts shown then, or the value as its type is written."""
    is_texts = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict) for one in value))
    return field_answer(request, dict(field), {"text": value} if is_texts else {"value": value})


def _role(role: str) -> Text:
    return ROLE_TITLES[Role(role)] if role in list(Role) else role


_CHOICES: Mapping[str, Mapping[str, Text]] = {
    "priority": words.PRIORITIES, "confidentiality": words.CONFIDENTIALITIES, "gender": words.GENDERS,
    "preferred_channel": words.CHANNELS, "language": words.LANGUAGES, "theme": words.THEMES,
}

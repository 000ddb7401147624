"""Words for a person's own copy: what the core stores as codes, dates, amounts and answers, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from crm_core.i18n import Labels, Text, TextFactory, Translator, choose
from crm_core.text.digits import localise
from crm_core.text.jalali import format_date, format_datetime

_ = TextFactory("crm_core")

KINDS: Mapping[str, Text] = {"person": _("Person"), "organisation": _("Organisation")}
GENDERS: Mapping[str, Text] = {"female": _("Woman"), "male": _("Man")}
CHANNELS: Mapping[str, Text] = {
    "in_person": _("In person"), "kiosk": _("Kiosk"), "phone": _("Phone call"), "sms": _("SMS"), "email": _("E-mail"),
    "fax": _("Fax"), "letter": _("Letter"), "website": _("Website"), "chat": _("Chat"), "messenger": _("Messenger"),
    "note": _("Note"),
}
DIRECTIONS: Mapping[str, Text] = {"in": _("from you"), "out": _("to you"), "internal": _("internal")}
PROOFS: Mapping[str, Text] = {
    "paper": _("Seen on a document"), "in_person": _("Known in person"), "code": _("Code sent and returned"),
    "link": _("Link in a mail followed"), "said": _("Your word, not proven"),
    "hearsay": _("From somebody else, not proven"),
}
RELATIONS: Mapping[str, Text] = {
    "spouse": _("Spouse"), "parent": _("Parent of"), "child": _("Child of"), "sibling": _("Brother or sister"),
    "household": _("Same household"), "representative_of": _("Represents"), "represented_by": _("Represented by"),
    "employer": _("Employer of"), "employee": _("Works for"), "member_of": _("Member of"),
    "has_member": _("Has the member"),
}
EVENTS: Mapping[str, Text] = {
    "request.registered": _("Registered"), "request.status": _("Another status"),
    "request.assigned": _("Handed over"), "request.changed": _("Changed"), "request.attached": _("Documents added"),
    "approval.asked": _("An approval was asked for"), "approval.given": _("Approved"),
    "approval.refused": _("Not approved"), "approval.ended": _("An approval was not asked for any more, or lapsed"),
    "request.deadline": _("About the deadline"),
}
PROMISED: Mapping[str, Text] = {
    "open": _("Open"), "kept": _("Kept"), "late": _("Kept late"), "broken": _("Not kept"), "withdrawn": _("Withdrawn"),
}
FIELDS: Mapping[str, Text] = {
    "kind": _("Kind"), "name": _("Name"), "given": _("Given name"), "family": _("Family name"),
    "latin_given": _("Given name in Latin letters"), "latin_family": _("Family name in Latin letters"),
    "gender": _("Gender"), "birth_date": _("Date of birth"), "language": _("Language"),
    "preferred_channel": _("Preferred channel"), "addresses": _("Address"), "notes": _("Notes for the desk"),
}
STAFF = _("A member of staff")
SOMEBODY = _("Another citizen’s request")
MOMENTS = 10**11
"""A whole number above is taken for milliseconds since 1970 where a range is shown: 1973 and later."""


@dataclass(frozen=True)
class Words:
    """Words in ``language``, days and hours in ``timezone``."""

    translator: Translator
    language: str
    timezone: str

    def text(self, text: Text | Labels | None) -> str:
        """A sentence, or stored words of all languages."""
        if text is None:
            return ""
        if isinstance(text, Mapping):
            return choose(text, self.language)
        return self.translator.translate(text, self.language)

    def coded(self, known: Mapping[str, Text], value: str) -> str:
        """What a stored code means; itself where nobody knows."""
        return self.text(known.get(value, value))

    def number(self, value: int | float) -> str:
        return localise(f"{value:,}", self.language)

    def day(self, value: str) -> str:
        """An ISO date in words, or the text as it is."""
        try:
            return format_date(date.fromisoformat(value), self.language, "date")
        except ValueError:
            return value

    def moment(self, at: int | None) -> str:
        """Milliseconds UTC in words."""
        return "" if at is None else format_datetime(at, self.language, self.timezone)

    def plain(self, value: Any) -> str:
        """A plain value of no known kind; whole numbers of the size of moments are moments."""
        if isinstance(value, bool):
            return self.text(_("Yes") if value else _("No"))
        if isinstance(value, int):
            return self.moment(value) if value > MOMENTS else self.number(value)
        if isinstance(value, float):
            return self.number(value)
        if isinstance(value, list | tuple):
            return self.text(_(", ")).join(self.plain(one) for one in value)
        if isinstance(value, dict):
            return self.text(_(", ")).join(f"{name}: {self.plain(one)}" for name, one in value.items())
        return "" if value is None else self.day(str(value))

    def parts(self, value: Any) -> str:
        """A former value as `plain`, of an address its parts alone; what was empty as a dash."""
        if isinstance(value, list | tuple):
            return self.text(_(", ")).join(self.parts(one) for one in value) or "–"
        if isinstance(value, dict):
            return self.text(_(", ")).join(str(one) for one in value.values())
        return self.plain(value) or "–"

    def answer(self, field: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
        """An answer as it was shown, else its value as its type is written."""
        text, value = answer.get("text"), answer.get("value")
        if isinstance(text, list):
            return self.text(_(", ")).join(self.text(one) for one in text)
        if text is not None:
            return self.text(text)
        if field["type"] == "money" and isinstance(value, int):
            return f"{self.number(value)} {field.get('currency', 'IRR')}"
        if isinstance(value, int) and not isinstance(value, bool):
            return self.number(value)
        return self.day(str(value)) if field["type"] == "date" and value else self.plain(value)


def iso(at: int | None) -> str | None:
    """Milliseconds UTC as ISO text to the second."""
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")

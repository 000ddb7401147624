"""How likely two records are one citizen: what agrees adds up, what contradicts takes away, and each is said in words.

The percentage is an estimate by the rules below, the same for everybody; it is a reason to look, never a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.services.reasons import SCHEMES
from crm_core.text.folding import fold
from crm_core.text.heard import similarity

_ = TextFactory("crm_core")

PERSONAL = ("national_id", "passport", "legal_id")
"""Identifiers that only one citizen has; a phone or address of mail is shared by families."""
LIKE_NAME = 0.85
"""Least similarity of two names that may be one name, written or heard in two ways."""
SAME_LINE = 0.9

WEIGHTS = {"phone": 0.45, "landline": 0.25, "email": 0.6, "postal_code": 0.15, "external": 0.3}
"""How much each identifier that both have counts for, 0 … 1; personal ones and messengers have their own."""
PERSONAL_WEIGHT = 0.95
MESSENGER_WEIGHT = 0.6
NAME_WEIGHT = 0.45
BIRTH_WEIGHT = 0.5
ADDRESS_WEIGHT = 0.35
OTHER_NAME = 0.35
OTHER_PERSONAL = 0.25
OTHER_BIRTH = 0.4
OTHER_GENDER = 0.5
OTHER_KIND = 0.2
RELATED = 0.3
"""What the likelihood is multiplied by where something contradicts."""

SAME: dict[str, Text] = {
    "phone": _("same phone"),
    "landline": _("same landline"),
    "email": _("same e-mail"),
    "national_id": _("same national id"),
    "legal_id": _("same legal id"),
    "passport": _("same passport"),
    "postal_code": _("same postal code"),
}
_MOBILE = "+989"
_IRAN = "+98"


@dataclass(frozen=True)
class Evidence:
    """``percent`` 0…99 that two records are one citizen; ``reasons`` for it, the weightiest first; ``against`` it."""

    percent: int
    reasons: tuple[Text, ...]
    against: tuple[Text, ...]


Point = tuple[float, Text]
"""(weight 0…1 or factor 0…1, why)"""


def evidence(one: Contact, other: Contact, *, names_and_identifiers_only: bool = False) -> Evidence:
    """Weigh two records against each other; the order of the two makes no difference to the percentage.

    ``names_and_identifiers_only``: of a record that may only be counted, for nothing else of it may tell.
    """
    alike = likeness_of_names(one, other)
    agreeing = [*_shared_identifiers(one, other), *_names(one, other, alike)]
    factors = [*_other_names(one, other, alike, agreeing), *_other_identifiers(one, other)]
    if not names_and_identifiers_only:
        agreeing += [*_births(one, other), *_addresses(one, other)]
        factors += _contradictions(one, other)
    doubt = 1.0
    for weight, _why in agreeing:
        doubt *= 1 - weight
    likely = 1 - doubt
    for factor, _why in factors:
        likely *= factor
    agreeing.sort(key=lambda point: -point[0])
    factors.sort(key=lambda point: point[0])
    return Evidence(min(99, round(100 * likely)), _words(agreeing), _words(factors))


def likeness_of_names(one: Contact, other: Contact) -> float:
    """How like the names are, as written, as heard and in Latin letters, 0…1; 0 where one has none."""
    pairs = [(mine, theirs) for mine in _names_of(one) for theirs in _names_of(other)]
    return max((max(similarity(mine, theirs), similarity(theirs, mine)) for mine, theirs in pairs), default=0.0)


def same_place(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two addresses are one: the same street and number in the same city, spelt alike."""
    mine, theirs = fold(str(one.get("line", ""))), fold(str(other.get("line", "")))
    cities = {fold(str(place.get("city", ""))) for place in (one, other)} - {""}
    return bool(mine and theirs) and len(cities) < 2 and (mine == theirs or similarity(mine, theirs) >= SAME_LINE)


def is_mobile(number: str) -> bool:
    """Whether a number (E.164) is carried about; of foreign ones nothing is known, so they count as such."""
    return number.startswith(_MOBILE) or not number.startswith(_IRAN)


def _names_of(contact: Contact) -> list[str]:
    return [name for name in dict.fromkeys((contact.name, contact.latin_name)) if fold(name)]


def _words(points: list[Point]) -> tuple[Text, ...]:
    return tuple(dict.fromkeys(why for _weight, why in points))


def _held(contact: Contact) -> dict[tuple[str, str], None]:
    return dict.fromkeys((one.scheme, one.value.casefold()) for one in contact.active_identifiers())


def _shared_identifiers(one: Contact, other: Contact) -> Iterator[Point]:
    """One point a kind of identifier: two phones that both have make the case little stronger than one."""
    theirs = _held(other)
    kinds = dict.fromkeys(_kind(scheme, value) for scheme, value in _held(one) if (scheme, value) in theirs)
    for kind in kinds:
        weight = PERSONAL_WEIGHT if kind in PERSONAL else WEIGHTS.get(kind, MESSENGER_WEIGHT)
        why = SAME.get(kind) or _("same ${kind}", mapping={"kind": SCHEMES.get(kind, kind)})
        yield weight, why


def _kind(scheme: str, value: str) -> str:
    return "landline" if scheme == "phone" and not is_mobile(value) else scheme


def _names(one: Contact, other: Contact, alike: float) -> Iterator[Point]:
    if alike >= 1:
        yield NAME_WEIGHT, _("same name")
    elif alike >= LIKE_NAME:
        yield NAME_WEIGHT * alike * alike, _("similar name")


def _other_names(one: Contact, other: Contact, alike: float, agreeing: list[Point]) -> Iterator[Point]:
    """Other names say little against a personal identifier that both have: people marry, clerks mishear."""
    personal = any(weight == PERSONAL_WEIGHT for weight, _why in agreeing)
    if alike < LIKE_NAME and not personal and _names_of(one) and _names_of(other):
        yield OTHER_NAME, _("other name")


def _other_identifiers(one: Contact, other: Contact) -> Iterator[Point]:
    for scheme in PERSONAL:
        mine, theirs = values_of(one, scheme), values_of(other, scheme)
        if mine and theirs and not mine & theirs:
            yield OTHER_PERSONAL, _("other ${kind}", mapping={"kind": SCHEMES[scheme]})


def values_of(contact: Contact, scheme: str) -> set[str]:
    """The values of one scheme a contact holds and has not retired, upper and lower case alike."""
    return {value for held, value in _held(contact) if held == scheme}


def _births(one: Contact, other: Contact) -> Iterator[Point]:
    if one.birth_date is not None and one.birth_date == other.birth_date:
        yield BIRTH_WEIGHT, _("same date of birth")


def _addresses(one: Contact, other: Contact) -> Iterator[Point]:
    if any(same_place(mine, theirs) for mine in one.addresses for theirs in other.addresses):
        yield ADDRESS_WEIGHT, _("same address")


def _contradictions(one: Contact, other: Contact) -> Iterator[Point]:
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        yield OTHER_BIRTH, _("other date of birth")
    if one.gender and other.gender and one.gender != other.gender:
        yield OTHER_GENDER, _("one a man, one a woman")
    if one.kind != other.kind:
        yield OTHER_KIND, _("one a person, one an organisation")
    if any(relation.other == other.id for relation in one.relations):
        yield RELATED, _("recorded as two related people")

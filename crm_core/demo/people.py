"""The city's people: households with their landline and relations, organisations, and records written twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from crm_core.demo.draw import Dice
from crm_core.demo.names import Name, Names, other_spellings
from crm_core.demo.numbers import Numbers
from crm_core.demo.places import City, Home
from crm_core.model.contact import Confidentiality, ContactKind, Proof
from crm_core.model.interaction import Channel
from crm_core.text.heard import similarity

AGES = {20: 16, 30: 27, 40: 24, 50: 16, 60: 10, 70: 5, 80: 2}
"""Decade of life → weight, for heads of households."""

SIZES = {1: 38, 2: 27, 3: 20, 4: 15}
ORGANISATIONS = 0.06
TWINS = 0.012
CONFIDENTIAL = 0.025
SHIELDED_AT = 9
"""The place of the one household whose head is shielded."""

TWIN_AT = 5
"""The place of somebody who is written twice, so that a small city has such a one too."""

GROUPS_AT = {3: "english", 6: "afghan"}
"""Places of households of certain peoples, so that a small city has them too."""

PROOFS: dict[str, dict[str, float]] = {
    "phone": {Proof.CODE: 45, Proof.SAID: 35, Proof.IN_PERSON: 14, Proof.HEARSAY: 6},
    "email": {Proof.LINK: 45, Proof.SAID: 49, Proof.HEARSAY: 6},
    "national_id": {Proof.PAPER: 55, Proof.SAID: 30, Proof.IN_PERSON: 10, Proof.HEARSAY: 5},
    "passport": {Proof.PAPER: 70, Proof.SAID: 30},
    "legal_id": {Proof.PAPER: 60, Proof.SAID: 40},
}
MESSENGER_PROOFS: dict[str, float] = {Proof.SAID: 70, Proof.CODE: 30}
MESSENGERS = {"telegram": 0.07, "bale": 0.06, "eitaa": 0.07, "whatsapp": 0.05}


@dataclass(frozen=True)
class Person:
    """A contact to be: ``fields`` and ``identifiers`` ((scheme, value, proof)) are what the service takes."""

    key: str
    name: Name
    fields: dict[str, Any]
    identifiers: tuple[tuple[str, str, str], ...]
    home: Home
    born: date | None = None
    twin_of: str = ""

    @property
    def is_organisation(self) -> bool:
        return self.fields["kind"] == ContactKind.ORGANISATION

    @property
    def language(self) -> str:
        return str(self.fields["language"])

    @property
    def is_plain(self) -> bool:
        """Neither confidential nor shielded."""
        return self.fields["confidentiality"] == Confidentiality.NORMAL

    def first(self, scheme: str) -> str:
        """The first identifier of a scheme, empty where there is none."""
        return next((value for one, value, _proof in self.identifiers if one == scheme), "")

    @property
    def mobile(self) -> str:
        """The number that messages go to."""
        return next((value for one, value, _proof in self.identifiers if one == "phone" and value.startswith("09")), "")


@dataclass(frozen=True)
class Tie:
    """``one`` is ``kind`` of ``other`` (keys of persons)."""

    one: str
    other: str
    kind: str


@dataclass(frozen=True)
class Household:
    """Persons who are told of together, and what they are to each other (also to persons of earlier households)."""

    members: tuple[Person, ...]
    ties: tuple[Tie, ...] = ()


class Population:
    """Draws households until there are ``count`` contacts. ``until``: the day that counts as today."""

    def __init__(self, seed: str, count: int, until: date, city: City) -> None:
        self.seed, self.count, self.until, self.city = seed, count, until, city
        self.names = Names()
        self.numbers = Numbers(Dice(seed, "numbers"))
        self.made = 0
        self._keys: set[str] = set()
        self._firms = 0
        self._plain: list[Person] = []
        """Persons who may stand for an organisation, or be written twice."""

    def households(self) -> list[Household]:
        """All of them, in the order in which they are told of."""
        found: list[Household] = []
        while self.made < self.count:
            place = len(found)
            dice = Dice(self.seed, "household", place)
            if place == 0:
                household = self._neighbours(dice)
            elif place in GROUPS_AT or place == SHIELDED_AT:
                household = self._family(dice, place)
            elif place == TWIN_AT or dice.chance(TWINS * 2.2):
                household = self._twin(dice)
            elif place == 1 or dice.chance(ORGANISATIONS * 2):
                household = self._organisation(dice)
            else:
                household = self._family(dice, place)
            found.append(self._count(household))
        return found

    def _count(self, household: Household) -> Household:
        """The household, cut to what is still wanted."""
        members = household.members[: self.count - self.made]
        self.made += len(members)
        self._keys |= {person.key for person in members}
        self._firms += sum(person.is_organisation for person in members)
        self._plain += [person for person in members if person.is_plain and not person.is_organisation]
        ties = tuple(tie for tie in household.ties if tie.one in self._keys and tie.other in self._keys)
        return Household(members, ties)

    # ── those of the pictures ────────────────────────────────────────────────────────────────────────────

    def _neighbours(self, dice: Dice) -> Household:
        """Zahra Rezaeipour and hers, as the pictures of the design show them; she is the demo's first dossier."""
        area = self.city.areas[1]
        home = Home(area, "کوی لاله", *area.streets[0], "کوچهٔ لاله", 12, 3, "3719654813")
        zahra = self._person(
            dice, "p0", Name("زهرا", "رضایی‌پور", "Zahra", "Rezaeipour"), "female", self._born(dice, 44), home,
            (("national_id", "0012345679", Proof.PAPER), ("phone", "09120000147", Proof.CODE),
             ("email", "z.rezaei@example.org", Proof.LINK), ("phone", "02155000018", Proof.SAID),
             ("telegram", "zahra_rezaei", Proof.SAID)),
            preferred_channel=Channel.SMS.value,
        )
        husband = self._person(
            dice, "p1", Name("محمدرضا", "احمدی", "Mohammadreza", "Ahmadi"), "male", self._born(dice, 47), home,
            (("national_id", self.numbers.national_id(), Proof.PAPER), ("phone", self.numbers.mobile(), Proof.CODE),
             ("phone", "02155000018", Proof.SAID)),
        )
        board = self._firm("p2", "مجتمع مسکونی لاله", "Laleh Housing", "laleh", home)
        double = replace(
            self._person(dice, "p3", Name("زهره", "رضائی پور", "Zohreh", "Rezaei Pour"), "female", None, home,
                         (("phone", "02155000018", Proof.SAID),)),
            twin_of="p0",
        )
        ties = (Tie("p1", "p0", "spouse"), Tie("p0", "p2", "representative_of"))
        return Household((zahra, husband, board, double), ties)

    # ── families ─────────────────────────────────────────────────────────────────────────────────────────

    def _family(self, dice: Dice, place: int) -> Household:
        home, shielded = self.city.home(dice), place == SHIELDED_AT
        shares = {str(group["key"]): float(group["share"]) for group in self.names.groups}
        foreign = dice.weigh(shares) if dice.chance(sum(shares.values()) / 100) else ""
        foreign = GROUPS_AT.get(place, "" if shielded else foreign)
        group = next((group for group in self.names.groups if group["key"] == foreign), None)
        age = dice.weigh(AGES) + dice.randrange(10)
        size = 1 if shielded else dice.weigh(SIZES)
        landline = self.numbers.landline() if size > 1 or dice.chance(0.25) else ""
        family = self._family_name(dice, group)
        first = self.made
        roles = [("head", dice.choice("mf"), age)]
        if size >= 2:
            roles.append(("spouse", "f" if roles[0][1] == "m" else "m", max(18, age + dice.randrange(-6, 5))))
        for _place in range(size - 2):
            if age > 55 or (age > 36 and dice.chance(0.72)):
                roles.append(("child", dice.choice("mf"), max(15, age - dice.randrange(21, 32))))
            else:
                roles.append(("parent", dice.choice("mf"), min(96, age + dice.randrange(20, 30))))
        members: list[Person] = []
        for number, (role, gender, years) in enumerate(roles):
            own = family if role != "spouse" else self._family_name(dice, group)
            if role == "child" and roles[0][1] == "f" and len(members) > 1:
                own = (members[1].name.family, members[1].name.latin_family)
            key = f"p{first + number}"
            members.append(self._relative(dice, key, gender, years, own, home, landline, group, members))
        if shielded:
            members[0] = _with(members[0], confidentiality=Confidentiality.SHIELDED.value,
                               notes="نشانی و تلفن به کسی گفته نمی‌شود؛ زیر حمایت دادگاه.")
        elif dice.chance(CONFIDENTIAL):
            members[0] = _with(members[0], confidentiality=Confidentiality.CONFIDENTIAL.value)
        return Household(tuple(members), tuple(self._ties(dice, members, roles)))

    @staticmethod
    def _ties(dice: Dice, members: list[Person], roles: list[tuple[str, str, int]]) -> list[Tie]:
        head = members[0].key
        ties = []
        for person, (role, _gender, years) in zip(members[1:], roles[1:], strict=True):
            kind = {"spouse": "spouse", "child": "child", "parent": "parent"}[role]
            ties.append(Tie(person.key, head, kind))
            if role == "child":
                ties.append(Tie(person.key, members[1].key, "child"))
            if role == "parent" and years > 70 and dice.chance(0.6):
                ties.append(Tie(head, person.key, "representative_of"))
        return ties

    def _family_name(self, dice: Dice, group: dict[str, Any] | None) -> tuple[str, str]:
        return self.names.family(dice) if group is None else self.names.of_group(dice, group, "families")

    def _given_name(self, dice: Dice, gender: str, born: int, group: dict[str, Any] | None) -> tuple[str, str]:
        if group is None:
            return self.names.given(dice, gender, born)
        return self.names.of_group(dice, group, "men" if gender == "m" else "women")

    def _relative(
        self, dice: Dice, key: str, gender: str, years: int, family: tuple[str, str], home: Home, landline: str,
        group: dict[str, Any] | None, others: list[Person],
    ) -> Person:
        born = self._born(dice, years)
        given = self._given_name(dice, gender, born.year, group)
        taken = {other.name.given for other in others} - {""}
        while given[0] in taken:  # nobody calls a child like its father or a brother
            given = self._given_name(dice, gender, born.year, group)
        latin = dice.chance(0.6) or not given[0]
        name = Name(given[0], family[0], given[1] if latin else "", family[1] if latin else "")
        identifiers = self._identifiers(dice, years, landline, f"{given[1]} {family[1]}", group)
        note = group["note"] if group is not None and dice.chance(0.5) else ""
        preferred = dice.choice(["phone", "sms", "email", "messenger", "in_person", "sms"]) if dice.chance(0.35) else ""
        return self._person(
            dice, key, name, "male" if gender == "m" else "female", born, home, identifiers,
            language=group["language"] if group is not None else "fa", notes=note, preferred_channel=preferred,
        )

    def _identifiers(
        self, dice: Dice, years: int, landline: str, latin: str, group: dict[str, Any] | None
    ) -> tuple[tuple[str, str, str], ...]:
        document = group["document"] if group is not None else "national_id"
        english = group is not None and group["language"] == "en"
        rows: list[tuple[str, str]] = []
        if dice.chance(0.62 if document == "national_id" else 0.7):
            number = self.numbers.national_id() if document == "national_id" else self.numbers.passport(
                "G" if english else "P")
            rows.append((document, number))
        if years < 80 or dice.chance(0.6) or not landline:
            rows.append(("phone", self.numbers.mobile()))
        if dice.chance(0.1):
            rows.append(("phone", self.numbers.mobile()))
        if landline:
            rows.append(("phone", landline))
        account = ".".join(latin.lower().split())
        if english or dice.chance(0.5 if years < 40 else 0.28 if years < 60 else 0.06):
            rows.append(("email", f"{self.numbers.account(account)}@example.org"))
        for scheme, share in MESSENGERS.items():
            if years < 65 and dice.chance(share):
                mobile = next(value for one, value in rows if one == "phone")
                name = account.replace(".", "_")
                rows.append((scheme, mobile if scheme == "whatsapp" else self.numbers.account(name)))
        return tuple((one, value, dice.weigh(PROOFS.get(one, MESSENGER_PROOFS))) for one, value in rows)

    def _born(self, dice: Dice, years: int) -> date:
        return self.until - timedelta(int(years * 365.25) + dice.randrange(1, 365))

    def _person(
        self, dice: Dice, key: str, name: Name, gender: str, born: date | None, home: Home,
        identifiers: tuple[tuple[str, str, str], ...], **more: Any,
    ) -> Person:
        fields = {
            "kind": ContactKind.PERSON.value, "given": name.given, "family": name.family,
            "latin_given": name.latin_given, "latin_family": name.latin_family, "gender": gender, "language": "fa",
            "preferred_channel": "", "notes": "",
            "birth_date": born.isoformat() if born is not None and (key in ("p0", "p1") or dice.chance(0.8)) else None,
            "addresses": (home.address(self.city),), "confidentiality": Confidentiality.NORMAL.value, **more,
        }
        return Person(key, name, fields, identifiers, home, born)

    # ── organisations and doubles ────────────────────────────────────────────────────────────────────────

    def _organisation(self, dice: Dice) -> Household:
        firms = self.city.firms["names"]
        place = self._firms  # the first of the list is the neighbours'
        if 0 < place < len(firms):
            persian, latin, account = firms[place].split("|")
        else:
            what, word = (dice.choice(self.city.firms[name]).split("|") for name in ("kinds", "words"))
            persian, latin = f"{what[0]} {word[0]}", f"{word[1]} {what[1]}"
            account = self.numbers.account(word[1].lower())
        key = f"p{self.made}"
        firm = self._firm(key, persian, latin, account, self.city.home(dice))
        kind = dice.choice(["employee", "representative_of"])
        return Household((firm,), (Tie(dice.choice(self._plain).key, key, kind),) if self._plain else ())

    def _firm(self, key: str, persian: str, latin: str, account: str, home: Home) -> Person:
        dice = Dice(self.seed, "firm", key)
        rows = [("legal_id", self.numbers.legal_id()), ("phone", self.numbers.landline())]
        rows += [("email", f"info@{account}.example.org")] if dice.chance(0.8) else []
        fields = {
            "kind": ContactKind.ORGANISATION.value, "name": persian, "latin_family": latin if dice.chance(0.7) else "",
            "language": "fa", "addresses": (home.address(self.city),), "confidentiality": Confidentiality.NORMAL.value,
            "preferred_channel": dice.choice(["", "letter", "email"]), "notes": "",
        }
        proofs = tuple((scheme, value, dice.weigh(PROOFS[scheme])) for scheme, value in rows)
        return Person(key, Name("", persian, "", latin), fields, proofs, home)

    def _twin(self, dice: Dice) -> Household:
        """Somebody known already, written once more by a clerk who did not look: similar name, same number."""
        person = dice.choice([one for one in self._plain if one.key != "p0"] or self._plain)
        if not person.name.given or not person.mobile or person.twin_of:
            return self._family(dice, -1)
        key = f"p{self.made}"
        ways = [(way, person.name.family) for way in other_spellings(person.name.given)]
        ways += [(person.name.given, way) for way in other_spellings(person.name.family)]
        alike = [way for way in ways if similarity(" ".join(way), person.name.full) >= 0.85]
        given, family = dice.choice(alike) if alike else (person.name.given, person.name.family)
        twin = self._person(
            dice, key, Name(given, family, "", ""), person.fields["gender"], person.born, person.home,
            (("phone", person.mobile, Proof.SAID.value),),
        )
        return Household((replace(twin, twin_of=person.key),))


def _with(person: Person, **fields: Any) -> Person:
    return replace(person, fields={**person.fields, **fields})

"""The whole demo as a plan: who lives in the city, how busy each of them keeps the desk, and every act of two years.

A plan is made of the seed, the number of contacts, the years, the last day and the installed request types alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from crm_core.demo import extras, talks
from crm_core.demo.acts import Act, Link, Meet, Plan, Prove, Relate
from crm_core.demo.cases import COMPLAINT, Case, draw_fate
from crm_core.demo.draw import Decks, Dice
from crm_core.demo.hours import Hours, is_working
from crm_core.demo.papers import Paper
from crm_core.demo.people import Household, Person, Population
from crm_core.demo.places import City
from crm_core.demo.teller import Tale, World
from crm_core.demo.texts import Matter, Texts
from crm_core.durations import MINUTE
from crm_core.model.contact import Proof
from crm_core.model.interaction import Channel
from crm_core.text.calendars import to_jalali

LEVELS = {"quiet": 24, "normal": 54, "busy": 18, "regular": 4}
STORIES = {"quiet": (0.15, 0.9), "normal": (0.9, 1.2), "busy": (2.0, 2.3), "regular": (5.5, 6.0)}
"""How many requests and questions somebody has in two years, on the average."""

STRONGER = (Proof.LINK.value, Proof.CODE.value, Proof.IN_PERSON.value, Proof.PAPER.value)
UNKNOWN = 0.05
"""Calls of unknown people for each contact."""

EXPERTS_WORK = {
    "p4": ("debris", 4, "open"), "p8": ("workshop", 7, "open"), "p10": ("vendors", 12, "waiting"),
    "p12": ("dogs", 19, "open"), "p13": ("rats", 2, "open"), "p16": ("sweeping", 24, "open"),
}
"""Person → (matter, days ago, fate): what the expert of the demo's logins finds on the desk."""

NEIGHBOURS_DOUBLE = "p3"
LINKED = 0.3
"""How many of those who were written twice have been linked; the first of them always."""

OFFICIALS_CRITIC = "p1"
"""Who complains of the expert: the neighbour's husband, so that it is easy to find."""


def first_day(until: date, years: int) -> date:
    """The day on which a history of so many years begins."""
    return until - timedelta(round(years * 365.25))


def make_plan(seed: str, contacts: int, years: int, until: date, timezone: str, types: Iterable[str]) -> Plan:
    """All that happened before ``until`` (the day that is today in the demo)."""
    city, hours = City(), Hours(first_day(until, years), until, timezone)
    population = Population(seed, contacts, until, city)
    world = World(seed, city, Texts(), hours, population.numbers, Decks(seed, "decks"), frozenset(types))
    teller = _Teller(world, years)
    plan = Plan(chapters=[teller.chapter(household) for household in population.households()])
    known = [(act.person.key, act.person.mobile, act.now) for chapter in plan.chapters for act in chapter
             if isinstance(act, Meet) and act.person.mobile]
    plan.chapters.append(list(talks.unknown_calls(world, round(contacts * UNKNOWN), known)))
    if extras.MEETING in world.types:
        teller.diary.fill_up()
        plan.slots = sorted(teller.diary.slots, key=lambda slot: slot.starts)
    return plan


class _Teller:
    def __init__(self, world: World, years: int) -> None:
        self.world = world
        self.scale = years / 2
        self.diary = extras.Diary(world)
        self.linked = 0

    def chapter(self, household: Household) -> list[Act]:
        """All acts of a household in order of time, the making of its contacts first."""
        acts: list[Act] = []
        met: dict[str, tuple[int, str]] = {}
        for person in household.members:
            tale = Tale(self.world, person, Dice(self.world.seed, "tale", person.key))
            if person.key == "p0":
                self._neighbour(tale)
            self._tell(tale)
            first = min(tale.acts, key=lambda act: act.now, default=None)
            moment = first.now - MINUTE // 2 if first is not None else self._some_moment(tale.dice)
            who = first.who if first is not None else "yousefi"
            who = who if who in ("clerk", "yousefi", "sara", "kazemi", "ghasemi") else "clerk"
            met[person.key] = moment, who
            acts.append(Meet(now=moment, who=who, person=_as_said(person)))
            acts += tale.acts
            acts += self._proofs(tale, moment, who)
        last, who = max(met.values())
        for number, tie in enumerate(household.ties):
            acts.append(Relate(now=min(last + (number + 1) * MINUTE // 2, self.world.hours.end), who=who, tie=tie))
        acts += self._links(household, met)
        return sorted(acts, key=lambda act: act.now)

    def _links(self, household: Household, met: dict[str, tuple[int, str]]) -> list[Act]:
        """Some who were written twice have been found out; the neighbour's double waits for whoever tries the demo."""
        found: list[Act] = []
        for person in household.members:
            dice = Dice(self.world.seed, "link", person.key)
            if not person.twin_of or person.key == NEIGHBOURS_DOUBLE or (self.linked and not dice.chance(LINKED)):
                continue
            moment = max(self.world.hours.at_counter(dice, self._days_ago(2)), met[person.key][0] + MINUTE)
            if moment >= self.world.hours.end:
                continue
            self.linked += 1
            found.append(Link(now=moment, who="clerk", one=person.twin_of, other=person.key, reason=dice.choice(
                self.world.texts.pool("link_reasons"))))
        return found

    def _some_moment(self, dice: Dice) -> int:
        return self.world.hours.at_counter(dice, self.world.hours.some_day(dice))

    def _proofs(self, tale: Tale, met: int, who: str) -> list[Act]:
        """Identifiers are said first and proven later, most of them within the hour."""
        acts: list[Act] = []
        dice, key = tale.dice, tale.person.key
        for scheme, value, proof in tale.person.identifiers:
            if proof not in STRONGER:
                continue
            soon = dice.chance(0.7)
            moment = met + dice.randrange(2, 9) * MINUTE if soon else self.world.hours.later(dice, met, 1, 200)
            if moment < self.world.hours.end:
                acts.append(Prove(now=moment, who=who, person=key, scheme=scheme, value=value, proof=str(proof)))
        return acts

    # ── one citizen ──────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, tale: Tale) -> None:
        dice, person = tale.dice, tale.person
        level = "quiet" if person.twin_of else dice.weigh(LEVELS)
        requests, questions = (dice.about(mean * self.scale * dice.uniform(0.7, 1.3)) for mean in STORIES[level])
        for _request in range(requests):
            self._request(tale)
        for _question in range(questions):
            talks.ask_question(tale, self.world.hours.some_day(dice))
        if level in ("busy", "regular") and dice.chance(0.5):
            talks.take_note(tale, self._some_moment(dice))
        if person.key in EXPERTS_WORK and person.language == "fa" and not person.is_organisation:
            key, days, fate = EXPERTS_WORK[person.key]
            self._experts_case(tale, key).tell(self._days_ago(days), fate)
        if person.key == OFFICIALS_CRITIC and COMPLAINT in self.world.types:
            extras.complain_of_official(tale, self._days_ago(12))

    def _request(self, tale: Tale) -> None:
        dice, types, persian = tale.dice, self.world.types, tale.person.language == "fa"
        day = self.world.hours.some_day(dice)
        way = dice.weigh({"request": 70, "complaint": 20, "conduct": 2, "meeting": 5, "questionnaire": 3})
        if way == "meeting" and extras.MEETING in types and persian:
            extras.ask_for_meeting(tale, day, self.diary)
        elif way == "questionnaire" and extras.QUESTIONNAIRE in types and persian and not tale.person.is_organisation:
            extras.fill_in_questionnaire(tale, day)
        elif way == "conduct" and COMPLAINT in types and persian:
            self._case(tale, extras.make_complaint(tale, extras.conduct(tale)), day)
        else:
            matter = self._matter(tale, day)
            if way == "complaint" and COMPLAINT in types and matter.blame:
                self._case(tale, extras.make_complaint(tale, matter), day)
            else:
                self._case(tale, Case(tale, matter), day)

    def _case(self, tale: Tale, case: Case, day: date, fate: str = "") -> None:
        fate = fate or draw_fate(tale.dice, (self.world.hours.days[-1] - day).days, case.is_urgent)
        case.tell(day, fate)
        if extras.SATISFACTION in self.world.types and fate == "done" and extras.is_judged(tale.dice, tale, case):
            extras.judge(tale, case)

    def _matter(self, tale: Tale, day: date) -> Matter:
        month = to_jalali(day)[1]
        person = tale.person
        fitting = {
            matter.key: matter.weight for matter in self.world.texts.matters
            if matter.language == person.language and (not matter.season or month in matter.season)
            and matter.organisations == person.is_organisation
        }
        return self.world.texts.matter(tale.dice.weigh(fitting))

    def _experts_case(self, tale: Tale, key: str) -> Case:
        """A case in the part of the city that the expert of the demo's logins looks after."""
        place = self.world.city.home(tale.dice, self.world.city.areas[1])
        case = Case(tale, self.world.texts.matter(key), place=place)
        case.unit, case.expert, case.named = place.area.key, "expert", 1.0
        return case

    def _days_ago(self, days: int) -> date:
        """A working day about so many days before the end."""
        day = self.world.hours.days[max(0, len(self.world.hours.days) - days)]
        return day if is_working(day) else self.world.hours.next_working(day)

    # ── the first dossier ────────────────────────────────────────────────────────────────────────────────

    def _neighbour(self, tale: Tale) -> None:
        """Zahra Rezaeipour: something late, something that waits for her, a meeting to come, and a long history."""
        texts, types = self.world.texts, self.world.types
        container = texts.matter("container")
        home = tale.person.home
        is_complaint = COMPLAINT in types
        late = extras.make_complaint(tale, container, home) if is_complaint else Case(tale, container, place=home)
        late.unit, late.expert, late.named = home.area.key, "expert", 1.0
        late.tell(self._days_ago(18), "open", "phone")
        Case(tale, texts.matter("tax_certificate"), place=home).tell(self._days_ago(9), "waiting", "in_person")
        if extras.MEETING in types:
            subject = "نمایندگی اهالی کوچهٔ لاله برای آسفالت"
            extras.ask_for_meeting(tale, self._days_ago(6), self.diary, "held", subject)
        for key in ("lamp", "pothole", "playground", "bus_late", "kindergarten", "sweeping"):
            self._case(tale, Case(tale, texts.matter(key)), self.world.hours.some_day(tale.dice), "done")
        for _question in range(4):
            talks.ask_question(tale, self.world.hours.some_day(tale.dice))
        day = self._days_ago(16)
        photos = tuple(Paper(f"مخزن {number}.png", "photo", f"lane/{number}") for number in ("۱", "۲"))
        tale.message(Channel.EMAIL, "عکس‌های مخزن کوچهٔ لاله", "سلام، دو عکس و رونوشت نامهٔ هیئت‌مدیره پیوست است.",
                     self.world.hours.at_counter(tale.dice, day), papers=(*photos, Paper("نامه.pdf", "scan", "board")))
        tale.note(texts.pool("person_notes")[0], self._some_moment(tale.dice))


def _as_said(person: Person) -> Person:
    """The person as first written down: what is proven later is the citizen's own word at first."""
    said = tuple((scheme, value, Proof.SAID.value if proof in STRONGER else str(proof))
                 for scheme, value, proof in person.identifiers)
    return Person(person.key, person.name, person.fields, said, person.home, person.born, person.twin_of)

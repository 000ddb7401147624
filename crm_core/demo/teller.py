"""What the tellers of all stories share: the demo's world, and the story of one citizen while it is being told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm_core.demo.acts import Act, Say
from crm_core.demo.draw import Decks, Dice
from crm_core.demo.hours import Hours
from crm_core.demo.numbers import Numbers
from crm_core.demo.papers import Paper
from crm_core.demo.people import Person
from crm_core.demo.places import City, Home
from crm_core.demo.scenes import Scene, make_scene
from crm_core.demo.texts import Texts, fitting, split
from crm_core.durations import MINUTE
from crm_core.model.interaction import Channel, Direction

SPOKEN = frozenset({Channel.PHONE, Channel.IN_PERSON, Channel.KIOSK})
DESK = {"clerk": 5, "yousefi": 4, "sara": 1}
PHONE = {"kazemi": 5, "ghasemi": 5, "clerk": 3, "sara": 0.4}


@dataclass
class World:
    """One demo's city, words, calendar and decks; ``types`` are the request types that are installed."""

    seed: str
    city: City
    texts: Texts
    hours: Hours
    numbers: Numbers
    decks: Decks
    types: frozenset[str]

    def clerk(self, dice: Dice, person: Person | None, channel: str) -> str:
        """The login of a clerk who serves a channel; English is Sara's."""
        if person is not None and person.language == "en" and dice.chance(0.85):
            return "sara"
        return dice.weigh(PHONE if channel == Channel.PHONE else DESK)

    def scene(self, dice: Dice, person: Person | None, place: Home | None = None) -> Scene:
        """A scene of this city; ``place``: where it is, if not near the person's home."""
        return make_scene(dice, self.city, person, self.hours.days[-1], place)

    def unit_name(self, key: str, language: str) -> str:
        """A unit's name as the citizen reads it."""
        return str(self.city.unit(key)["name_en" if language == "en" else "name"])


@dataclass
class Tale:
    """One citizen's story: acts in any order, and the sentences used already, so that none comes twice."""

    world: World
    person: Person
    dice: Dice
    acts: list[Act] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    cases: int = 0

    def add(self, act: Act) -> bool:
        """Keep an act that lies within the demo's time; False when it does not, and so never happened."""
        if act.now >= self.world.hours.end or act.now < self.world.hours.start:
            return False
        self.acts.append(act)
        return True

    def words(self, deck: str, cards: Sequence[str], scene: Scene) -> str:
        """The next sentence of a deck that suits the scene, filled in; not one that this citizen has had already."""
        suiting = fitting(cards, scene.marks)
        if len(suiting) < len(cards):
            deck = "/".join((deck, *sorted(scene.marks)))
        card = self.world.decks.draw(deck, suiting, self.used)
        if card:
            self.used.add(card)
        return scene.fill(card)

    def pool(self, name: str, scene: Scene) -> str:
        """The next sentence of a pool of `Texts`, in the citizen's language where there are such."""
        language = self.person.language
        return self.words(f"{name}/{language}", self.world.texts.pool(name, language), scene)

    def new_case(self) -> str:
        """The key of a request that is about to be told of."""
        self.cases += 1
        return f"{self.person.key}/{self.cases}"

    # ── touches ──────────────────────────────────────────────────────────────────────────────────────────

    def talk(
        self, words: str, started: int, channel: str = Channel.PHONE, about: tuple[str, ...] = (), outcome: str = "",
        who: str = "", direction: str = Direction.IN,
    ) -> bool:
        """A call or a visit, noted by a clerk when it ended. ``words``: "subject | body"."""
        subject, body = split(words)
        duration = self._duration(channel) if outcome != "no_contact" else self.dice.randrange(12, 40)
        return self.add(Say(
            now=started + duration * 1000 + self.dice.randrange(20, 100) * 1000, person=self.person.key,
            who=who or self.world.clerk(self.dice, self.person, channel), channel=str(channel),
            direction=str(direction), subject=subject, body=body, outcome=outcome, started=started, duration=duration,
            about=about, address=self.person.first("phone") if channel == Channel.PHONE else "",
        ))

    def _duration(self, channel: str) -> int:
        """Seconds, never less than 50: calls of two or three minutes, visits of ten; a few take long."""
        if channel == Channel.PHONE:
            return min(1500, 50 + int(self.dice.lognormvariate(4.7, 0.6)))
        return min(3600, 120 + int(self.dice.lognormvariate(6.0, 0.6)))

    def message(
        self, channel: str, subject: str, body: str, at: int, about: tuple[str, ...] = (), read: int = 0,
        outcome: str = "", papers: tuple[Paper, ...] = (),
    ) -> bool:
        """Something written that came in at ``at`` and was filed at ``read`` (default: when the desk next reads)."""
        return self.add(Say(
            now=read or self.world.hours.when_read(self.dice, at), person=self.person.key, channel=str(channel),
            direction=Direction.IN.value, subject=subject, body=body, outcome=outcome, started=at, about=about,
            who=self.world.clerk(self.dice, self.person, channel),
            address=self.person.first("email") if channel == Channel.EMAIL else "",
            papers=papers or self._papers(channel, at),
        ))

    def _papers(self, channel: str, at: int) -> tuple[Paper, ...]:
        """What came with something written: now and then a scan with a letter, a photo with a mail."""
        dice = Dice(self.world.seed, "papers", self.person.key, at)
        name, kind, share = {
            Channel.LETTER: ("نامه.pdf", "scan", 0.2), Channel.EMAIL: ("عکس محل.png", "photo", 0.15),
        }.get(Channel(channel), ("", "", 0.0))
        return (Paper(name, kind, f"{self.person.key}/{at}"),) if dice.chance(share) else ()

    def answer(self, channel: str, subject: str, body: str, at: int, who: str, about: tuple[str, ...] = ()) -> bool:
        """Something that we wrote to the citizen."""
        return self.add(Say(
            now=at, who=who, person=self.person.key, channel=str(channel), direction=Direction.OUT.value,
            subject=subject, body=body, started=at, about=about, address=self._address(channel),
        ))

    def sms(self, text: str, at: int, who: str, case: str) -> bool:
        """A short message to the citizen about a case; none to whoever has no mobile number."""
        if not self.person.mobile:
            return False
        return self.answer(Channel.SMS, "", text, at, who, (case,))

    def note(self, text: str, at: int, about: tuple[str, ...] = ()) -> bool:
        """An internal note."""
        subject, body = split(text)
        who = self.world.clerk(self.dice, self.person, Channel.IN_PERSON)
        return self.add(Say(
            now=at, who=who, person=self.person.key, channel=Channel.NOTE.value, direction=Direction.INTERNAL.value,
            subject=subject, body=body, started=at - MINUTE, about=about,
        ))

    def _address(self, channel: str) -> str:
        if channel == Channel.EMAIL:
            return self.person.first("email")
        return self.person.mobile if channel == Channel.SMS else ""

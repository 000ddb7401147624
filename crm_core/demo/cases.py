"""The life of a request: how it comes in, who gets it, what is missing, how often it is asked after, how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_core.builtin import GENERAL
from crm_core.demo.acts import Ask, Move, Refer
from crm_core.demo.draw import Dice
from crm_core.demo.places import Home
from crm_core.demo.teller import SPOKEN, Tale
from crm_core.demo.texts import Matter, aspect, fitting
from crm_core.durations import DAY, MINUTE
from crm_core.model.interaction import Channel, Direction

COMPLAINT = "complaints.complaint"


@dataclass(frozen=True)
class Way:
    """The statuses of a request type by what they mean."""

    work: str
    wait: str
    done: str
    cancel: str
    reject: str


WAYS = {
    GENERAL: Way("working", "waiting", "answered", "cancelled", "answered"),
    COMPLAINT: Way("examining", "waiting", "answered", "withdrawn", "rejected"),
}

PERSONS = {Channel.PHONE: 42, Channel.IN_PERSON: 21, Channel.WEBSITE: 12, Channel.MESSENGER: 7, Channel.EMAIL: 5,
           Channel.SMS: 4, Channel.LETTER: 4, Channel.KIOSK: 3, Channel.CHAT: 2}  # fmt: skip
FIRMS = {Channel.LETTER: 36, Channel.EMAIL: 20, Channel.FAX: 16, Channel.PHONE: 18, Channel.IN_PERSON: 10}
ENGLISH = {Channel.EMAIL: 34, Channel.WEBSITE: 24, Channel.PHONE: 24, Channel.IN_PERSON: 18}

FATES = {"done": 86, "cancelled": 6, "rejected": 8}
STUCK = {"new": 3, "open": 5, "waiting": 4}
"""What becomes of a request; the stuck ones stay as they are until today."""

LONGEST_URGENT = 6
LEFT_LYING = {20: 0.5, 60: 0.2, 150: 0.07, 100_000: 0.012}
"""Age in days up to which so large a share is stuck."""


def draw_fate(dice: Dice, days_ago: int, urgent: bool) -> str:
    """How a request that came ``days_ago`` ends. Old ones are hardly ever left lying, urgent ones never for long."""
    share = next(share for days, share in LEFT_LYING.items() if days_ago < days)
    share = 0 if urgent and days_ago > LONGEST_URGENT else share
    return dice.weigh(STUCK if dice.chance(share) else FATES)


class Case:
    """One request of a tale. ``type_`` is a key of `WAYS`; ``answers`` are the form's, if it is not the general one."""

    def __init__(self, tale: Tale, matter: Matter, type_: str = GENERAL, place: Home | None = None) -> None:
        self.tale, self.matter, self.type = tale, matter, type_
        self.dice, self.world, self.way = tale.dice, tale.world, WAYS[type_]
        self.key = tale.new_case()
        self.about = (self.key,)
        self.scene = self.world.scene(self.dice, tale.person, place)
        of_area = matter.unit == "area" or (matter.area and self.dice.chance(0.6))
        self.unit = self.scene["area_key"] if of_area else matter.unit
        self.scene["unit"] = self.world.unit_name(self.unit, tale.person.language)
        title = self.world.decks.draw(f"{matter.key}/titles", matter.titles, tale.used)
        tale.used.add(title)
        self.scene.marks |= {"site" if matter.on_site else "desk", aspect(title)} - {""}
        self.title = self.scene["title"] = self.scene.fill(*fitting([title], self.scene.marks))
        self.scene["visit"] = self.tale.pool("visits", self.scene)
        self.scene["stage"] = self.tale.pool("stages", self.scene)
        self.answers: dict[str, Any] = {"category": matter.kind, "place": self.scene["place"]}
        self.channel: str = Channel.PHONE
        self.clerk = ""
        self.expert = self.dice.rank(self.world.city.responsible(self.unit), 0)
        self.named = 0.75
        """How likely the unit gets it with the name of the one who does it."""
        self.follow_ups = 0
        self.closed = 0

    @property
    def is_urgent(self) -> bool:
        """Whether it must not wait."""
        return self.matter.urgent in ("urgent", "high")

    def _words(self, name: str, cards: tuple[str, ...]) -> str:
        return self.tale.words(f"{self.matter.key}/{name}", cards, self.scene)

    def tell(self, day: date, fate: str, channel: str = "") -> bool:
        """The whole life of the request that comes on ``day``; whether it came before the demo's end."""
        registered = self._arrive(day, channel or self._channel())
        if not registered:
            return False
        if fate == "new":
            self._keep(registered)
            return True
        referred = self._refer(registered)
        working = self._work(referred, fate)
        last = working
        if fate == "waiting" or self.dice.chance(0.4 if self._documents() else 0.1):
            last = self._wait(working, fate)
        if fate in ("open", "waiting"):
            self._ask_after(referred, self.world.hours.end)
            return True
        self.closed = self._close(last, fate)
        self._ask_after(referred, self.closed)
        if fate == "done":
            self._tell_result()
        return True

    # ── in ───────────────────────────────────────────────────────────────────────────────────────────────

    def _channel(self) -> str:
        person = self.tale.person
        if person.is_organisation:
            return self.dice.weigh(FIRMS)
        if person.language == "en":
            return self.dice.weigh(ENGLISH)
        channel = self.dice.weigh(PERSONS)
        return Channel.PHONE if channel == Channel.EMAIL and not person.first("email") else channel

    def _arrive(self, day: date, channel: str) -> int:
        """Register it; when it was, 0 when that lies behind the demo's end."""
        self.channel = channel
        self.clerk = self.world.clerk(self.dice, self.tale.person, channel)
        said = self._words("said", self.matter.said)
        if channel in SPOKEN:
            at = self.world.hours.at_counter(self.dice, day)
            read = at + self.dice.randrange(25, 45) * 1000
        else:
            by_post = channel in (Channel.LETTER, Channel.FAX)
            at = (self.world.hours.at_counter if by_post else self.world.hours.any_time)(self.dice, day)
            read = self.world.hours.when_read(self.dice, at)
            said = self._letter(said)
        if not self._register(said, at, read):
            return 0
        if channel in (Channel.PHONE, Channel.IN_PERSON):
            outcome = self.dice.weigh({"follow_up": 6, "answered": 3, "informed": 1})
            self.tale.talk(self._words("calls", self.matter.calls), at, channel, self.about, outcome, self.clerk)
        elif channel not in (Channel.WEBSITE, Channel.KIOSK):
            subject = self.tale.pool("email_subjects", self.scene) if channel == Channel.EMAIL else ""
            subject = self.title if channel in (Channel.LETTER, Channel.FAX) else subject
            self.tale.message(channel, subject, said, at, self.about, read + MINUTE)
        if self.dice.chance(0.5):
            self.tale.sms(self.tale.pool("sms_registered", self.scene), read + self.dice.randrange(2, 6) * MINUTE,
                          self.clerk, self.key)
        return read

    def _register(self, text: str, at: int, read: int) -> bool:
        return self.tale.add(Ask(
            now=read, who=self.clerk, person=self.tale.person.key, case=self.key, type=self.type, answers=self.answers,
            title=self.title, text=text, channel=str(self.channel), unit=self.world.city.unit_of(self.clerk), at=at,
            code=self.world.numbers.code(), priority=self.matter.urgent, confidential=self.matter.confidential,
        ))

    def _letter(self, said: str) -> str:
        """What was written, with a greeting and an end where people write them."""
        if self.channel in (Channel.SMS, Channel.CHAT) or self.dice.chance(0.15):
            return said
        pool = "openers"
        if self.channel in (Channel.LETTER, Channel.FAX):
            pool = "firm_openers" if self.tale.person.is_organisation else "letter_openers"
        opener, closer = self.tale.pool(pool, self.scene), self.tale.pool("closers", self.scene)
        if self.matter.blame and self.tale.person.language == "fa" and self.dice.chance(0.2):
            closer = self.tale.pool("angry_closers", self.scene)
        signature = self.scene["name"] if self.channel in (Channel.LETTER, Channel.FAX, Channel.EMAIL) else ""
        first = f"{opener}\n{said}" if pool != "openers" or self.channel == Channel.EMAIL else f"{opener} {said}"
        return "\n".join(part for part in (first.strip(), closer, signature) if part)

    # ── on its way ───────────────────────────────────────────────────────────────────────────────────────

    def _keep(self, registered: int) -> None:
        """The desk keeps it for now; most of what it keeps is with the clerk of the demo's logins."""
        if self.dice.chance(0.8):
            moment = self.world.hours.later(self.dice, registered, 0.01, 0.8)
            note = self.tale.pool("kept", self.scene)
            self.tale.add(Refer(now=moment, who=self.clerk, case=self.key, unit="desk", assignee="clerk", note=note))

    def _refer(self, registered: int) -> int:
        hours, dice = self.world.hours, self.dice
        at_once = dice.chance(0.45)
        moment = registered + dice.randrange(3, 9) * MINUTE if at_once else hours.later(dice, registered, 0.05, 1.5)
        who = self.clerk if at_once or dice.chance(0.4) else "supervisor"
        astray = dice.chance(0.08)  # to the wrong unit first
        if astray:
            wrong = dice.choice([unit for unit in ("services", "works", "transport", "permits") if unit != self.unit])
            note = self.tale.pool("refer", self.scene)
            self.tale.add(Refer(now=moment, who=who, case=self.key, unit=wrong, note=note))
            moment, who = hours.later(dice, moment, 0.3, 2.5), dice.choice(self.world.city.responsible(wrong))
        note = self.tale.pool("bounce" if astray else "refer", self.scene)
        assignee = self.expert if dice.chance(self.named) else ""
        self.tale.add(Refer(now=moment, who=who, case=self.key, unit=self.unit, assignee=assignee, note=note))
        return moment

    def _work(self, referred: int, fate: str) -> int:
        least, most = (0.02, 0.5) if self.is_urgent else (0.1, 3)
        moment = self.world.hours.later(self.dice, referred, least, most)
        self._move(moment, self.expert, self.way.work, self.tale.pool("working", self.scene))
        if self.dice.chance(0.3):
            soon = moment + self.dice.randrange(3, 30) * MINUTE
            self.tale.sms(self.tale.pool("sms_working", self.scene), soon, self.expert, self.key)
        if self.dice.chance(0.06):
            self.tale.note(self.tale.pool("internal_request", self.scene), moment + 40 * MINUTE, self.about)
        return moment

    def _wait(self, working: int, fate: str) -> int:
        """Something is missing; the citizen brings it, unless it waits to this day."""
        hours, dice = self.world.hours, self.dice
        moment = hours.later(dice, working, 0.2, 4)
        documents = self._documents() or not self.matter.on_site
        missing = self._words("miss", self.matter.miss) if self._documents() else self.tale.pool("miss", self.scene)
        self.scene["miss"] = missing
        self._move(moment, self.expert, self.way.wait, missing)
        if dice.chance(0.3):
            self._call_out("no_answer", moment + 6 * MINUTE, "no_contact")
        self.tale.sms(self.tale.pool("sms_missing", self.scene), moment + 15 * MINUTE, self.expert, self.key)
        if fate == "waiting":
            return moment
        brought = hours.later(dice, moment, 1, 9)
        words = self.tale.pool("brought" if documents else "supplied", self.scene)
        self.tale.talk(words, brought, Channel.IN_PERSON if documents else Channel.PHONE, self.about, "answered")
        back = hours.later(dice, brought + 70 * MINUTE, 0, 2)
        self._move(back, self.expert, self.way.work, self.tale.pool("resumed", self.scene))
        return back

    def _documents(self) -> bool:
        """Whether this matter is one for which papers are asked."""
        return bool(fitting(self.matter.miss, self.scene.marks))

    def _ask_after(self, since: int, until: int) -> None:
        """The citizen calls again: some never, most once when it takes long, a few every few days."""
        days = (min(until, self.world.hours.end) - since) / DAY
        patience = self.dice.weigh({3.0: 1, 7.0: 3, 14.0: 5, 40.0: 4})
        for _time in range(min(5, self.dice.about(days / patience))):
            moment = self.world.hours.later(self.dice, since, 0.3, max(0.5, days - 0.4))
            if moment < until:
                self._follow_up(moment)

    def _follow_up(self, moment: int) -> None:
        self.follow_ups += 1
        way = self.dice.weigh({"call": 60, "visit": 14, "mail": 12, "sms": 14})
        outcome = self.dice.weigh({"informed": 6, "answered": 3, "follow_up": 2})
        if way == "mail" and self.tale.person.first("email"):
            mail = self.tale.pool("follow_mails", self.scene)
            self.tale.message(Channel.EMAIL, self.tale.pool("email_subjects", self.scene), mail, moment, self.about)
        elif way == "sms" and self.tale.person.mobile and self.tale.person.language == "fa":
            self.tale.message(Channel.SMS, "", self.tale.pool("sms_in", self.scene), moment, self.about)
        elif way == "visit" and self.tale.person.language == "fa":
            self.tale.talk(self.tale.pool("follow_visits", self.scene), moment, Channel.IN_PERSON, self.about, outcome)
        else:
            own = self.dice.chance(0.5) and self._again()
            words = self._words("again", self.matter.again) if own else self.tale.pool("follow_calls", self.scene)
            self.tale.talk(words, moment, Channel.PHONE, self.about, outcome)

    def _again(self) -> bool:
        """Whether the matter has words left for somebody who comes back to it."""
        return not set(fitting(self.matter.again, self.scene.marks)) <= self.tale.used

    def _call_out(self, pool: str, moment: int, outcome: str) -> None:
        words = self.tale.pool(pool, self.scene)
        self.tale.talk(words, moment, Channel.PHONE, self.about, outcome, self.clerk, Direction.OUT)

    def _move(self, moment: int, who: str, status: str, note: str) -> bool:
        return self.tale.add(Move(now=moment, who=who, case=self.key, status=status, note=note))

    # ── out ──────────────────────────────────────────────────────────────────────────────────────────────

    def _close(self, last: int, fate: str) -> int:
        """When it was closed."""
        hours, dice = self.world.hours, self.dice
        days = min(60.0, dice.lognormvariate(1.9, 0.75)) * (0.35 if self.is_urgent else 1)
        moment = hours.later(dice, last, days * 0.8, days * 1.2)
        if fate == "cancelled":
            self._move(moment, self.clerk, self.way.cancel, self.tale.pool("cancelled", self.scene))
        elif fate == "rejected" and self.way.reject != self.way.done:
            self._move(moment, self.expert, self.way.reject, self.tale.pool("rejected", self.scene))
        else:
            self.scene["done"] = self._words("done", self.matter.done)
            self._move(moment, self.expert, self.way.done, self.scene["done"])
        return moment

    def _tell_result(self) -> None:
        """The citizen hears of it; sometimes it was not done well, sometimes somebody says thanks."""
        hours, dice, closed = self.world.hours, self.dice, self.closed
        soon = closed + dice.randrange(4, 50) * MINUTE
        if self.channel in (Channel.LETTER, Channel.FAX) and self.tale.person.language == "fa":
            subject, _, body = self.tale.pool("letters_out", self.scene).partition(" | ")
            self.tale.answer(Channel.LETTER, subject, body, soon, self.expert, self.about)
        elif self.channel == Channel.EMAIL:
            subject = f"Re: {self.title}"[:200]
            self.tale.answer(Channel.EMAIL, subject, self.scene["done"], soon, self.expert, self.about)
        elif dice.chance(0.5):
            self.tale.sms(self.tale.pool("sms_done", self.scene), soon, self.expert, self.key)
        elif dice.chance(0.6):
            self._call_out("called_back", hours.later(dice, closed, 0, 1.5), "informed")
        if dice.chance(0.06) and self._again():
            self._reopen()
        elif dice.chance(0.07):
            words = self.tale.pool("thanks", self.scene)
            self.tale.talk(words, hours.later(dice, closed, 1, 6), Channel.PHONE, self.about, "informed")

    def _reopen(self) -> None:
        hours, dice = self.world.hours, self.dice
        moment = hours.later(dice, self.closed, 2, 12)
        again = moment + 9 * MINUTE
        if not self.tale.talk(self._words("again", self.matter.again), moment, Channel.PHONE, self.about, "follow_up"):
            return
        if self._move(again, self.clerk, self.way.work, self.tale.pool("reopened", self.scene)):
            self.closed = hours.later(dice, again, 1, 6)
            self._move(self.closed, self.expert, self.way.done, self.tale.pool("redone", self.scene))

"""Stories for the request types of plugins: complaints, meetings with the mayor, answers to surveys.

The core does not know these plugins. A type that is not installed is left out, and so is what a form refuses.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from crm_core.demo.acts import Ask, Move, Ref, Refer, Slot
from crm_core.demo.cases import COMPLAINT, Case
from crm_core.demo.draw import Dice
from crm_core.demo.hours import is_working
from crm_core.demo.places import Home
from crm_core.demo.teller import Tale, World
from crm_core.demo.texts import Matter
from crm_core.durations import DAY, MINUTE
from crm_core.model.interaction import Channel

MEETING = "appointments.mayor"
SATISFACTION = "surveys.satisfaction"
QUESTIONNAIRE = "surveys.questionnaire"
TUESDAY = 1
MEETING_MINUTES = 20
MEETINGS_A_DAY = 6
WEEKS_AHEAD = 5
WEEKDAYS = ("saturday", "sunday", "monday", "tuesday", "wednesday")


# ── complaints ───────────────────────────────────────────────────────────────────────────────────────────────


def make_complaint(tale: Tale, matter: Matter, place: Home | None = None) -> Case:
    """A complaint about a matter. Where it is the conduct of somebody, it says of whom."""
    words = tale.world.texts.extras["complaints"]
    blame = matter.blame or "other"
    case = Case(tale, matter, COMPLAINT, place)
    answers = {
        "category": blame, "what": case.title, "place": case.scene["place"],
        "wish": tale.words(f"wish/{blame}", words["wishes"][blame], case.scene),
        "confidential": "true" if matter.confidential else "false",
    }
    if blame == "conduct":
        answers["whom"] = tale.words("whom", words["whom"], case.scene)
    case.answers = answers
    return case


def conduct(tale: Tale) -> Matter:
    """A matter that is about how a unit treats people."""
    words = tale.world.texts.extras["complaints"]
    unit = tale.dice.choice(["desk", "revenue", "permits", "control", "bus"])
    return Matter(
        "conduct", unit, tuple(words["conduct_titles"]), tuple(words["conduct_said"]),
        tuple(words["conduct_calls"]), (), tuple(words["done_conduct"]), blame="conduct", on_site=False,
    )


def complain_of_official(tale: Tale, day: date) -> None:
    """A complaint about the expert of the demo, who must not see it: the supervisor keeps it."""
    words = tale.world.texts.extras["complaints"]
    matter = Matter(
        "official", "public", (words["official_title"],), (words["official_said"],), (words["official_call"],), (),
        tuple(words["done_conduct"]), blame="conduct", confidential=True, on_site=False,
    )
    case = Case(tale, matter, COMPLAINT)
    case.answers = {
        "category": "conduct", "staff": Ref("staff", "expert"), "what": case.title, "place": case.scene["place"],
        "wish": words["official_wish"], "confidential": "true",
    }
    case.expert = "supervisor"
    case.tell(day, "open", Channel.IN_PERSON)


# ── meetings ─────────────────────────────────────────────────────────────────────────────────────────────────


class Diary:
    """The mayor's times: six on each Tuesday. ``slots`` are those that were given away, and the free ones to come."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slots: list[Slot] = []
        self._taken: set[int] = set()

    def first(self, moment: int) -> Slot:
        """Take the first free time that is at least a week after ``moment``."""
        day = self.world.hours.clock.day(moment + 7 * DAY)
        while True:
            for slot in self._of(day):
                if slot.starts not in self._taken:
                    self._taken.add(slot.starts)
                    self.slots.append(slot)
                    return slot
            day += timedelta(1)

    def fill_up(self) -> None:
        """Add what is still free in the weeks to come."""
        today = self.world.hours.days[-1] + timedelta(1)
        coming = [slot for days in range(1, 7 * WEEKS_AHEAD) for slot in self._of(today + timedelta(days))]
        self.slots += [slot for slot in coming if slot.starts not in self._taken]

    def _of(self, day: date) -> list[Slot]:
        if day.weekday() != TUESDAY or not is_working(day):
            return []
        length = MEETING_MINUTES * MINUTE
        first = self.world.hours.clock.moment(day, 9)
        starts = [first + place * length for place in range(MEETINGS_A_DAY)]
        return [Slot(f"{day}/{place}", start, start + length) for place, start in enumerate(starts)]


def ask_for_meeting(tale: Tale, day: date, diary: Diary, fate: str = "", subject: str = "") -> None:
    """A wish to meet the mayor: given a time at once or later, held with an outcome, or answered without a meeting."""
    dice, world, words = tale.dice, tale.world, tale.world.texts.extras["meetings"]
    scene = world.scene(dice, tale.person)
    key = tale.new_case()
    about = (key,)
    scene["subject"] = scene.fill(subject) or tale.words("meeting/subjects", words["subjects"], scene)
    is_new = (world.hours.days[-1] - day).days < 25
    fate = fate or dice.weigh({"held": 76, "declined": 12, "missed": 6, "cancelled": 6, "asked": 60 if is_new else 0})
    channel = Channel.PHONE if dice.chance(0.6) else Channel.IN_PERSON
    at, clerk = world.hours.at_counter(dice, day), world.clerk(dice, tale.person, channel)
    at_once = fate not in ("declined", "asked") and dice.chance(0.5)
    slot = diary.first(at) if at_once else None
    reason = tale.words("meeting/reasons", words["reasons"], scene)
    answers: dict[str, Any] = {
        "subject": scene["subject"], "reason": reason, "companions": str(dice.choice([0, 0, 0, 1, 1, 2, 4])),
        "wanted_days": dice.sample(WEEKDAYS, dice.choice([0, 1, 2])), "slot": Ref("slot", slot.key) if slot else "",
    }
    asked = tale.add(Ask(
        now=at + 30_000, who=clerk, person=tale.person.key, case=key, type=MEETING, answers=answers,
        title=scene["subject"], text=reason, channel=str(channel), unit="mayor", at=at, code=world.numbers.code(),
    ))
    if not asked:
        return
    tale.talk(tale.words("meeting/calls", words["calls"], scene), at, channel, about, "answered", clerk)
    looked = world.hours.later(dice, at, 0.3, 4)
    tale.add(Refer(now=looked, who="amini", case=key, unit="mayor", assignee="amini"))
    if fate == "declined":
        note = tale.words("meeting/declined", words["declined"], scene)
        tale.add(Move(now=world.hours.later(dice, looked, 0.5, 5), who="amini", case=key, status="declined", note=note))
        return
    if fate == "asked":
        return
    if slot is None:
        slot = diary.first(looked + 10 * MINUTE)
        tale.add(Move(now=looked + 10 * MINUTE, who="amini", case=key, status="scheduled", slot=slot.key))
    _meet(tale, key, slot, fate)


def _meet(tale: Tale, key: str, slot: Slot, fate: str) -> None:
    dice, words = tale.dice, tale.world.texts.extras["meetings"]
    scene = tale.world.scene(dice, tale.person)
    day = tale.world.hours.clock.day(slot.starts)
    hours = tale.world.hours.clock.time_words(slot.starts)["fa"]
    scene["visit"] = f"{tale.world.hours.clock.date_words(day, 'weekday')['fa']} ساعت {hours}"
    reminder = tale.words("meeting/reminders", words["reminders"], scene)
    tale.sms(reminder, slot.starts - 22 * 60 * MINUTE, "amini", key)
    if fate == "cancelled":
        note = tale.pool("cancelled", scene)
        tale.add(Move(now=slot.starts - 2 * DAY, who="amini", case=key, status="cancelled", note=note))
    elif fate == "missed":
        tale.add(Move(now=slot.ends + 40 * MINUTE, who="amini", case=key, status="missed"))
    else:
        note = tale.words("meeting/outcomes", words["outcomes"], scene)
        tale.add(Move(now=slot.ends + dice.randrange(15, 90) * MINUTE, who="amini", case=key, status="held", note=note))


# ── surveys ──────────────────────────────────────────────────────────────────────────────────────────────────


def judge(tale: Tale, case: Case) -> None:
    """What the citizen says of a request that was answered: worse the longer it took and the more often he called."""
    dice, world = tale.dice, tale.world
    asked = case.closed + dice.randrange(60, 200) * MINUTE
    invitation = tale.words("invitations", world.texts.extras["surveys"]["invitations"], case.scene)
    if not tale.sms(invitation, asked, case.clerk, case.key):
        return
    mood = dice.gauss(4.3 - 0.55 * case.follow_ups, 0.8)
    points = {name: str(min(5, max(1, round(mood + dice.gauss(0, 0.5))))) for name in ("speed", "courtesy", "solution")}
    words = world.texts.extras["surveys"]["words"][points["solution"]]
    at = max(asked + 5 * MINUTE, world.hours.any_time(dice, world.hours.clock.day(asked + dice.randrange(2) * DAY)))
    said = tale.words(f"judged/{points['solution']}", words, case.scene)
    tale.add(Ask(
        now=world.hours.when_read(dice, at), who=case.clerk, person=tale.person.key, case=tale.new_case(),
        type=SATISFACTION, channel=Channel.SMS.value, at=at, title=f"نظرسنجی: {case.title}"[:200], text="",
        answers={"about": Ref("case", case.key), **points, "words": said}, unit=world.city.unit_of(case.clerk),
        code=world.numbers.code(),
    ))


def fill_in_questionnaire(tale: Tale, day: date) -> None:
    """Five questions after a visit to the desk."""
    dice, world = tale.dice, tale.world
    at = world.hours.at_counter(dice, day)
    good = dice.gauss(3.7, 0.9)
    scale = [str(min(5, max(1, round(good + dice.gauss(0, 0.5))))) for _question in range(2)]
    better = tale.words("better", world.texts.extras["surveys"]["better"], world.scene(dice, tale.person))
    tale.add(Ask(
        now=at + MINUTE, who="yousefi", person=tale.person.key, case=tale.new_case(), type=QUESTIONNAIRE,
        answers={"wait": dice.weigh({"short": 5, "middle": 4, "long": 2, "very_long": 1}), "clear": scale[0],
                 "courtesy": scale[1], "settled": dice.weigh({"yes": 6, "partly": 3, "no": 1}), "better": better},
        title="نظر دربارهٔ مراجعه به میز خدمت", text="", channel=Channel.IN_PERSON.value, unit="desk", at=at,
        code=world.numbers.code(),
    ))


def is_judged(dice: Dice, tale: Tale, case: Case) -> bool:
    """Whether a closed request of this citizen is asked about; never what is confidential."""
    if not case.closed or case.matter.confidential or tale.world.city.unit(case.unit).get("confidential"):
        return False
    return tale.person.is_plain and tale.person.language == "fa" and dice.chance(0.33)

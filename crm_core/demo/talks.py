"""What a citizen brings beside requests: questions that are answered at once, short visits, notes of the staff."""

from __future__ import annotations

from datetime import date

from crm_core.demo.acts import Say
from crm_core.demo.draw import Dice
from crm_core.demo.teller import Tale, World
from crm_core.demo.texts import split
from crm_core.model.interaction import Channel, Direction


def ask_question(tale: Tale, day: date) -> None:
    """A question at the telephone, at the counter or in a message, and its answer."""
    dice, world = tale.dice, tale.world
    scene = world.scene(dice, tale.person)
    scene["visit"] = tale.pool("visits", scene)
    if tale.person.is_organisation:
        _firm_letter(tale, day)
        return
    way = dice.weigh({Channel.PHONE: 58, Channel.IN_PERSON: 24, Channel.MESSENGER: 10, Channel.CHAT: 8})
    outcome = dice.weigh({"informed": 6, "answered": 4})
    if way == Channel.IN_PERSON and tale.person.language == "fa" and dice.chance(0.4):
        tale.talk(tale.pool("visits_short", scene), world.hours.at_counter(dice, day), way, outcome=outcome)
        return
    words = tale.pool("questions", scene)
    if way in (Channel.PHONE, Channel.IN_PERSON):
        tale.talk(words, world.hours.at_counter(dice, day), way, outcome=outcome)
        return
    tale.message(way, *split(words), world.hours.any_time(dice, day), outcome="answered")


def _firm_letter(tale: Tale, day: date) -> None:
    scene = tale.world.scene(tale.dice, tale.person)
    subject, body = split(tale.pool("firm_letters", scene))
    channel = tale.dice.weigh({Channel.LETTER: 5, Channel.FAX: 3, Channel.EMAIL: 2})
    tale.message(channel, subject, f"{body}\n{tale.person.name.full}", tale.world.hours.at_counter(tale.dice, day))


def take_note(tale: Tale, moment: int) -> None:
    """What colleagues should know of this citizen."""
    scene = tale.world.scene(tale.dice, tale.person)
    tale.note(tale.pool("organisation_notes" if tale.person.is_organisation else "person_notes", scene), moment)


def unknown_calls(world: World, count: int, known: list[tuple[str, str, int]]) -> list[Say]:
    """Calls of people who were not known; of every third it turned out later who it was.

    ``known``: (key, phone number, since when) of citizens who may have been it.
    """
    calls = []
    for number in range(count):
        dice = Dice(world.seed, "unknown", number)
        started = world.hours.at_counter(dice, world.hours.some_day(dice))
        scene = world.scene(dice, None)
        subject, body = split(scene.fill(world.decks.draw("unknown", world.texts.pool("unknown_calls"))))
        people = [(key, phone) for key, phone, since in known if since < started]
        turned_out = number % 3 == 0 and bool(people)
        later, phone = dice.choice(people) if turned_out else ("", world.numbers.mobile())
        duration = dice.randrange(20, 150)
        calls.append(Say(
            now=started + (duration + 30) * 1000, who=dice.choice(["kazemi", "ghasemi"]), person="",
            channel=Channel.PHONE.value, direction=Direction.IN.value, subject=subject, body=body, started=started,
            duration=duration, address=phone, later=later,
        ))
    return sorted(calls, key=lambda call: call.now)

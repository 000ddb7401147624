"""The demo as a plan: the same for the same seed, in the desk's hours, with numbers that are well-formed."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from crm_core.builtin import GENERAL, IMPORTED
from crm_core.demo.acts import Act, Ask, Meet, Move, Plan, Prove, Refer, Say
from crm_core.demo.draw import Dice
from crm_core.demo.history import make_plan
from crm_core.demo.hours import Hours, closing_minutes, is_working
from crm_core.demo.numbers import Numbers
from crm_core.demo.people import Person
from crm_core.model.contact import RELATION_KINDS
from crm_core.services.clock import Clock
from crm_core.text.identifiers import normalise
from crm_core.text.tracking import is_code

TODAY = date(2026, 11, 22)
CORE = (GENERAL, IMPORTED)
ALL = (*CORE, "complaints.complaint", "appointments.mayor", "surveys.satisfaction", "surveys.questionnaire")
CLOCK = Clock(0, "Asia/Tehran")


def plan_of(contacts: int = 150, years: int = 2, seed: str = "1", types: tuple[str, ...] = ALL) -> Plan:
    return make_plan(seed, contacts, years, TODAY, "Asia/Tehran", types)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of()


@pytest.fixture(scope="module")
def acts(plan: Plan) -> list[Act]:
    return [act for chapter in plan.chapters for act in chapter]


@pytest.fixture(scope="module")
def people(acts: list[Act]) -> list[Person]:
    return [act.person for act in acts if isinstance(act, Meet)]


def test_the_same_seed_gives_the_same_plan(plan: Plan) -> None:
    assert plan_of() == plan
    assert plan_of(seed="2") != plan


def test_people_do_not_depend_on_the_plugins(people: list[Person]) -> None:
    alone = plan_of(types=CORE)
    others = [act.person for chapter in alone.chapters for act in chapter if isinstance(act, Meet)]
    assert {person.key: person for person in others} == {person.key: person for person in people}
    assert {act.type for chapter in alone.chapters for act in chapter if isinstance(act, Ask)} == {GENERAL}
    assert alone.slots == []


@pytest.mark.parametrize("contacts", [1, 2, 3, 5, 17])
def test_there_are_as_many_contacts_as_wanted(contacts: int) -> None:
    small = plan_of(contacts, 1)
    assert sum(isinstance(act, Meet) for chapter in small.chapters for act in chapter) == contacts


def test_a_contact_has_about_ten_entries(acts: list[Act]) -> None:
    entries = sum(isinstance(act, Say | Ask | Refer | Move) for act in acts)
    assert 6 * 150 < entries < 14 * 150


def test_acts_are_in_order_and_within_the_years(plan: Plan) -> None:
    start, end = CLOCK.moment(date(2024, 11, 21)), CLOCK.moment(TODAY)
    for chapter in plan.chapters:
        moments = [act.now for act in chapter]
        assert moments == sorted(moments)
        assert all(start <= moment <= end for moment in moments)


def test_nothing_is_done_before_the_one_it_is_about_is_there(plan: Plan) -> None:
    for chapter in plan.chapters[:-1]:
        met: set[str] = set()
        asked: set[str] = set()
        for act in chapter:
            if isinstance(act, Meet):
                met.add(act.person.key)
            elif isinstance(act, Ask):
                assert act.person in met
                asked.add(act.case)
            elif isinstance(act, Say):
                assert act.person in met
                assert set(act.about) <= asked
                assert act.started <= act.now
            elif isinstance(act, Prove):
                assert act.person in met
            elif isinstance(act, Refer | Move):
                assert act.case in asked


def test_conversations_fall_into_the_hours_of_the_desk(acts: list[Act]) -> None:
    spoken = [act for act in acts if isinstance(act, Say) and act.channel in ("phone", "in_person")
              and act.direction == "in"]
    assert len(spoken) > 300
    for act in spoken:
        day = CLOCK.day(act.started)
        assert is_working(day)
        opening = CLOCK.moment(day, 7, 30)
        assert opening <= act.started <= opening + (closing_minutes(day) - 7 * 60 - 30) * 60_000


def test_what_is_written_comes_at_any_hour_and_is_read_in_office_hours(acts: list[Act]) -> None:
    written = [act for act in acts if isinstance(act, Say) and act.channel in ("email", "messenger", "chat")
               and act.direction == "in"]
    assert any(not is_working(CLOCK.day(act.started)) or act.started > CLOCK.moment(CLOCK.day(act.started), 17)
               for act in written)
    assert all(is_working(CLOCK.day(act.now)) for act in written)


def test_every_channel_and_direction_occurs(acts: list[Act]) -> None:
    said = Counter(act.channel for act in acts if isinstance(act, Say))
    asked = Counter(act.channel for act in acts if isinstance(act, Ask))
    assert {"phone", "in_person", "sms", "email", "letter", "messenger", "chat", "fax", "note"} <= set(said)
    assert {"website", "kiosk"} <= set(asked)
    assert {act.direction for act in acts if isinstance(act, Say)} == {"in", "out", "internal"}


def test_every_number_is_well_formed(people: list[Person]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for person in people:
        for scheme, value, _proof in person.identifiers:
            seen[scheme, normalise(scheme, value)] += 1
    assert {"phone", "email", "national_id", "legal_id", "passport", "telegram"} <= {scheme for scheme, _value in seen}
    assert all(count == 1 for (scheme, _value), count in seen.items() if scheme in ("national_id", "email", "legal_id"))
    assert {value[:3] for (scheme, value) in seen if scheme == "national_id"} <= {"001", *(f"99{n}" for n in range(10))}
    assert any(count > 1 for (scheme, _value), count in seen.items() if scheme == "phone"), "households share one"


def test_numbers_are_never_given_twice() -> None:
    numbers = Numbers(Dice("x"))
    for draw in (numbers.mobile, numbers.national_id, numbers.legal_id, numbers.code):
        drawn = [draw() for _time in range(2000)]
        assert len(set(drawn)) == 2000
    assert all(is_code(numbers.code()) for _time in range(200))
    landlines = [numbers.landline() for _time in range(12_000)]
    assert len({normalise("phone", number) for number in landlines}) == 12_000
    assert len({numbers.account("ali.rezaei") for _time in range(50)}) == 50


def test_all_kinds_of_proof_occur(people: list[Person]) -> None:
    proofs = {str(proof) for person in people for _scheme, _value, proof in person.identifiers}
    assert proofs <= {"said", "hearsay"}, "what is proven is proven by an act of its own"
    assert {act.proof for chapter in plan_of().chapters for act in chapter if isinstance(act, Prove)} == {
        "code", "link", "paper", "in_person"}


def test_the_city_is_mixed(people: list[Person]) -> None:
    fields = [person.fields for person in people]
    assert {one["kind"] for one in fields} == {"person", "organisation"}
    assert {one["language"] for one in fields} == {"fa", "en"}
    assert {"normal", "shielded"} <= {one["confidentiality"] for one in fields}
    assert sum(one["confidentiality"] == "shielded" for one in fields) == 1
    families = Counter(person.name.family for person in people if not person.is_organisation)
    assert families["محمدی"] >= 4
    born = [person.born for person in people if person.born]
    assert min(born) < date(1950, 1, 1)
    assert max(born) > date(1998, 1, 1)
    assert any(person.twin_of for person in people)


def test_relations_are_of_kinds_the_core_knows(plan: Plan) -> None:
    ties = [act.tie for chapter in plan.chapters for act in chapter if hasattr(act, "tie")]
    assert {"spouse", "child", "representative_of"} <= {tie.kind for tie in ties} <= set(RELATION_KINDS)
    assert all(tie.one != tie.other for tie in ties)


def test_no_sentence_is_said_twice_on_a_page(acts: list[Act]) -> None:
    """On the page of one citizen, what people wrote or noted at length comes once; short formulas may come again."""
    for key, said in _by_person(acts).items():
        long = Counter(body for body in said if len(body) > 40)
        assert not [body for body, count in long.items() if count > 2], key
    titles = Counter(act.title for act in acts if isinstance(act, Ask) and not act.type.startswith("surveys."))
    assert titles.most_common(1)[0][1] <= max(4, len(titles) // 30)


def _by_person(acts: list[Act]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for act in acts:
        if isinstance(act, Say):
            said.setdefault(act.person, []).append(f"{act.subject} {act.body}")
    return said


def test_nothing_is_longer_than_the_core_takes(acts: list[Act]) -> None:
    for act in acts:
        if isinstance(act, Ask):
            assert 0 < len(act.title) <= 200
        if isinstance(act, Say):
            assert len(act.subject) <= 200
            assert act.subject or act.body
            assert "{" not in (act.subject + act.body).replace("{code}", "")


def test_days_before_nowruz_are_busy_and_those_after_it_quiet() -> None:
    hours = Hours(date(2024, 11, 22), TODAY, "Asia/Tehran")
    dice = Dice("rush")
    days = Counter(hours.some_day(dice) for _time in range(20_000))
    assert all(is_working(day) for day in days)
    before = sum(count for day, count in days.items() if date(2026, 2, 20) <= day < date(2026, 3, 20))
    after = sum(count for day, count in days.items() if date(2026, 3, 21) <= day < date(2026, 4, 18))
    assert before > 2 * after
    assert not is_working(date(2026, 3, 21))  # the first of Farvardin
    assert not is_working(date(2026, 11, 20))  # a Friday

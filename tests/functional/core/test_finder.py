"""Whatever a citizen says, who it is: the finder over real records (issue: "found again"; architecture §5.7, §5.8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.i18n import Translator
from crm_core.model.contact import Confidentiality
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.finder import Found, Hit
from crm_core.services.textsearch import NullSearch, SearchUnavailable, TextHit
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit

PEOPLE: list[dict[str, Any]] = [
    {"given": "مریم", "family": "ذاکری", "latin_given": "Maryam", "latin_family": "Zakeri",
     "identifiers": [("phone", "0912 345 67 89"), ("email", "Maryam.Zakeri@Example.ORG")]},
    {"given": "محمدرضا", "family": "رضایی‌پور", "identifiers": [("national_id", "0499370899")]},
    {"given": "غلامحسین", "family": "صادقی", "identifiers": [("phone", "021 5500 0018")]},
    {"given": "عليرضا", "family": "كاظمي", "identifiers": [("passport", "K12345678"), ("telegram", "@Kazemi_Ali")]},
    {"name": "شرکت آب و فاضلاب", "kind": "organisation", "identifiers": [("phone", "+98 21 1234 5678")]},
    {"given": "زهرا", "family": "حسینی طباطبایی", "identifiers": [("phone", "+1 415 555 2671")]},
]


def settle(services: Services) -> None:
    contacts = [services.contacts.create(**person) for person in PEOPLE]
    submit(services, contacts[0], builtin.GENERAL, {"category": "service", "place": "میدان بهار"},
           title="چراغ خاموش", text="سه شب است که چراغ کوچه روشن نمی‌شود")


@pytest.fixture
def city(app: App) -> App:
    """Six citizens, and a request of the first one."""
    app.run(settle)
    return app


@pytest.fixture
def find(city: App) -> Callable[..., Found]:
    """``find(words)`` as a clerk of the desk."""
    return finding(city)


@pytest.fixture(scope="module")
def find_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Found]]:
    """``find(words)`` in a city that nobody changes."""
    app = make_app(tmp_path_factory.mktemp("still"))
    app.run(settle)
    yield finding(app)
    app.close()


def finding(city: App) -> Callable[..., Found]:
    clerk = make_clerk(city)

    def find_(query: str, limit: int = 20, identity: Identity = clerk) -> Found:
        with city.reading(identity) as services:
            found = services.finder.find(query, limit)
            for hit in found.hits:
                assert hit.title
                assert all(Translator(["crm_core"]).translate(hit.why, language) for language in ("fa", "en"))
            return found

    return find_


def first(found: Found) -> str:
    return found.hits[0].title if found.hits else ""


MARYAM, REZA, HOSEIN, ALI, WATER, ZAHRA = (
    person.get("name") or f"{person['given']} {person['family']}" for person in PEOPLE)

QUERIES = [
    # phones, whole: any digits, any punctuation, with or without 0, +98, 0098
    *((number, MARYAM) for number in ("09123456789", "9123456789", "989123456789", "+989123456789", "00989123456789",
                                      "۰۹۱۲۳۴۵۶۷۸۹", "٠٩١٢٣٤٥٦٧٨٩", "0912-345-6789", "۰۹۱۲ ۳۴۵ ۶۷ ۸۹",
                                      "tel:+989123456789")),
    ("02155000018", HOSEIN), ("+14155552671", ZAHRA), ("0014155552671", ZAHRA),
    # phones, the first digits
    *((number, MARYAM) for number in ("0912345", "912345", "+98912345", "0098912345", "98912345", "۰۹۱۲۳۴۵", "09123")),
    ("021550", HOSEIN), ("+1415", ZAHRA),
    # other identifiers
    ("0499370899", REZA), ("۰۴۹۹۳۷۰۸۹۹", REZA), ("499370899", REZA), ("049-937089-9", REZA),
    ("maryam.zakeri@example.org", MARYAM), (" MARYAM.ZAKERI@EXAMPLE.ORG ", MARYAM), ("k12345678", ALI),
    ("@kazemi_ali", ALI), ("https://t.me/Kazemi_Ali", ALI),
    # names by any part, in any order, folded
    ("ذاکری", MARYAM), ("مریم ذاکری", MARYAM), ("ذاکری مریم", MARYAM), ("ذا", MARYAM), ("مریم ذ", MARYAM),
    ("zakeri", MARYAM), ("Maryam Z", MARYAM), ("کاظمی", ALI), ("علیرضا كاظمي", ALI), ("عليرضا کاظمی", ALI),
    ("فاضلاب", WATER), ("آب و", WATER), ("طباطبایی", ZAHRA), ("زهرا طبا", ZAHRA), ("طباطبایی زهرا", ZAHRA),
    # as heard: homophones, joined and split parts, Latin spelling
    ("زاکری", MARYAM), ("مریم ضاکری", MARYAM), ("ظاکری", MARYAM), ("قلامحسین سادقی", HOSEIN),
    ("غلام حسین صادقی", HOSEIN), ("ثادقی", HOSEIN),
    ("محمد رضا رضایی پور", REZA), ("محمدرضا رضاییپور", REZA), ("رضایی پور", REZA),
    ("رظائی پور", REZA), ("علی رضا کاظمی", ALI), ("هسینی تباتبایی", ZAHRA), ("gholamhossein sadeghi", HOSEIN),
    ("qolamhosein sadeqi", HOSEIN), ("kazemi", ALI), ("alireza kazemi", ALI), ("mohammadreza rezaeipour", REZA),
]


@pytest.mark.parametrize(("query", "name"), QUERIES, ids=[query for query, _name in QUERIES])
def test_what_a_citizen_says_leads_to_the_citizen(find_only: Callable[..., Found], query: str, name: str) -> None:
    assert first(find_only(query)) == name


def test_an_exact_hit_says_so_and_stands_alone_with_its_likes(find: Callable[..., Found]) -> None:
    found = find("09123456789")
    assert [hit.exact for hit in found.hits] == [True]
    assert found.new_phone == ""
    assert str(found.hits[0].why) == "Phone"
    assert found.hits[0].subtitle == "0912 345 67 89"


@pytest.mark.parametrize("number", ["09129999999", "۰۹۱۲ ۹۹۹ ۹۹ ۹۹", "+98 912 999 9999"])
def test_an_unknown_phone_offers_a_new_contact_with_it(find: Callable[..., Found], number: str) -> None:
    found = find(number)
    assert found.hits == []
    assert found.new_phone == "+989129999999"
    assert find("0912999").new_phone == ""
    assert find("ناشناس").new_phone == ""


def test_a_tracking_code_is_found_however_it_is_written(city: App, find: Callable[..., Found]) -> None:
    """§5.5"""
    with city.reading() as services:
        (request,) = services.root.requests.values()
    code = request.code
    persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    for query in (code, f"{code[:4]}-{code[4:8]}-{code[8:]}", persian, f" {persian[:4]} {persian[4:8]} {persian[8:]} "):
        found = find(query)
        assert [(hit.kind, hit.id, hit.exact) for hit in found.hits] == [("request", request.id, True)]
        assert MARYAM in found.hits[0].subtitle


def test_words_are_found_before_any_indexer_ran(city: App, find: Callable[..., Found]) -> None:
    """§5.8: the desk never waits for full text to see what it just saved."""
    assert [(hit.kind, hit.title) for hit in find("چراغ کوچه").hits] == [("request", "چراغ خاموش")]
    assert [(hit.kind, hit.title) for hit in find("میدان بهار").hits] == [("request", "چراغ خاموش")]

    def work(services: Services) -> None:
        contact = services.contacts.by_identifier("phone", "+989123456789")[0]
        services.interactions.log(contact, channel="phone", body="دربارهٔ انشعاب گاز پرسید")
        services.contacts.edit(contact, {"notes": "گوشش سنگین است"})

    city.run(work)
    (call,) = find("انشعاب").hits
    assert (call.kind, call.subtitle) == ("interaction", MARYAM)
    assert [(hit.kind, hit.title) for hit in find("گوشش سنگین").hits] == [("contact", MARYAM)]


def test_an_own_word_is_found_behind_a_long_import(city: App, find: Callable[..., Found]) -> None:
    """§5.8: a thousand rows that the indexer has not read yet do not bury what the desk saved."""
    def bulk(services: Services) -> None:
        for number in range(700):
            services.contacts.create(name=f"Row {number}", notes="from a file")

    def desk(services: Services) -> None:
        for number in range(600):
            services.contacts.create(name=f"Visitor {number}")

    def own(services: Services) -> None:
        contact = services.contacts.by_identifier("phone", "+989123456789")[0]
        services.interactions.log(contact, channel="phone", body="شکستگی لوله")

    city.run(bulk, bulk=True)
    city.run(desk)
    city.run(own)
    city.run(bulk, bulk=True)
    assert [hit.kind for hit in find("شکستگی").hits] == ["interaction"]


class Broken(NullSearch):
    """Full text that cannot answer."""

    def __init__(self) -> None:
        super().__init__("the index is damaged")


def test_without_full_text_everything_else_goes_on(city: App, find: Callable[..., Found]) -> None:
    """Issue: a search problem never breaks the desk."""
    with pytest.raises(SearchUnavailable):
        Broken().search("x")
    city.text_search = Broken()
    found = find("مریم")
    assert first(found) == MARYAM
    assert found.text_missing
    assert [(hit.kind, hit.title) for hit in find("چراغ کوچه").hits] == [("request", "چراغ خاموش")]
    exact = find("09123456789")
    assert first(exact) == MARYAM
    assert not exact.text_missing


class Ordered(NullSearch):
    """A full text that knows its answers."""

    def __init__(self, hits: list[TextHit]) -> None:
        super().__init__()
        self.hits = hits

    def search(self, words: str, *, kind: str | None = None, contact: int | None = None,
               limit: int = 20) -> list[TextHit]:
        return self.hits[:limit]


def test_behind_a_full_page_of_texts_only_citizens_are_looked_at(city: App, find: Callable[..., Found]) -> None:
    """Whom the desk dealt with lately may come further up; a request may not, so it need not be read."""
    def fill(services: Services) -> list[TextHit]:
        neighbour = make_contact(services)
        requests = [submit(services, neighbour, builtin.GENERAL, {"category": "service"}, title=str(number))
                    for number in range(22)]
        hits = [TextHit("request", one.id, neighbour.id, 1) for one in requests]
        return [*hits[:20], TextHit("contact", neighbour.id, neighbour.id, 1), *hits[20:]]

    hits = city.run(fill)
    city.text_search = Ordered(hits)
    found = find("مرداب", 20).hits
    assert [(hit.kind, hit.id) for hit in found] == [(hit.kind, hit.id) for hit in (*hits[:19], hits[20])]


# ── who may not be found ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shielded(city: App) -> App:
    def work(services: Services) -> None:
        contact = services.contacts.by_identifier("phone", "+989123456789")[0]
        services.interactions.log(contact, channel="phone", body="دربارهٔ پرونده‌اش پرسید")
        services.contacts.edit(contact, {"confidentiality": Confidentiality.SHIELDED})

    city.run(work)
    return city


def test_a_shielded_person_leaves_no_trace(shielded: App, find: Callable[..., Found]) -> None:
    """§5.7: hidden touches nothing: no row, no suggestion; the number is offered as any unknown one would be."""
    with shielded.reading() as services:
        code = next(iter(services.root.requests.values())).code
    queries = [query for query, name in QUERIES if name == MARYAM] + [code, "چراغ کوچه", "پرونده‌اش"]
    for role in Role:
        identity = make_clerk(shielded, f"one-{role}", roles=[role])
        for query in queries:
            found = find(query, identity=identity)
            assert MARYAM not in {hit.title for hit in found.hits}
            assert not any(MARYAM in hit.subtitle or hit.kind != "contact" for hit in found.hits), query
    assert find("09123456789").new_phone == "+989123456789"


def test_the_shielded_do_not_eat_up_the_rows_of_others(app: App) -> None:
    """§5.7: over-fetch, filter, then cut."""
    def work(services: Services) -> None:
        for number in range(300):
            degree = "shielded" if number < 280 else "normal"
            services.contacts.create(name=f"محمدی {number:03d}ی", confidentiality=degree,
                                     identifiers=[("phone", f"+98912000{number:04d}")])

    app.run(work)
    with app.reading(make_clerk(app)) as services:
        assert len(services.finder.find("محمدی", 10).hits) == 10
        assert len(services.finder.find("0912000", 10).hits) == 10


def test_a_confidential_person_is_found_by_name_and_number_but_not_by_what_the_record_says(
    city: App, find: Callable[..., Found]
) -> None:
    """§5.7: counted shows that somebody is there, and nothing of the content."""
    def work(services: Services) -> None:
        contact = services.contacts.by_identifier("phone", "+989123456789")[0]
        services.contacts.edit(contact, {"confidentiality": "confidential", "notes": "خانهٔ امن"})

    city.run(work)
    for query in ("ذاکری", "09123456789"):
        (hit, *_rest) = find(query).hits
        assert (hit.title, hit.subtitle) == (MARYAM, "")
    assert find("خانهٔ امن").hits == []
    assert find("چراغ کوچه").hits == []
    supervisor = make_clerk(city, "supervisor", roles=[Role.SUPERVISOR])
    assert [hit.kind for hit in find("خانهٔ امن", identity=supervisor).hits] == ["contact"]
    assert [hit.kind for hit in find("چراغ کوچه", identity=supervisor).hits] == ["request"]


# ── many of one name ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_of_five_thousand_of_one_name_the_one_who_called_last_comes_first(app: App) -> None:
    """Issue: common names. A clerk expects whom the desk dealt with last; the limit holds; whole names come before."""
    given = ("علی", "رضا", "زهرا", "حسین", "مریم", "نرگس", "یاسر", "پریسا")

    def fill(services: Services) -> None:
        for number in range(5000):
            services.contacts.create(given=f"{given[number % 8]}", family="محمدی", at=services.now - number)

    app.run(fill, bulk=True)

    def call(services: Services) -> list[int]:
        contacts = sorted(services.root.contacts.values(), key=lambda contact: contact.id)
        chosen = [contact for contact in contacts[:4000] if contact.given == "یاسر"][:2] + contacts[17:18]
        for minute, contact in enumerate(chosen):
            services.interactions.log(contact, channel="phone", body="تماس", started=services.now - 60_000 * minute)
        return [contact.id for contact in chosen]

    called = app.run(call)
    new = app.run(lambda services: make_contact(services, "یاسر محمدی").id, make_clerk(app, "other"))
    with app.reading(make_clerk(app)) as services:
        found = services.finder.find("محمدی", 20)
        assert len(found.hits) == 20
        assert [hit.id for hit in found.hits[:4]] == [new, *called]
        assert {str(hit.why) for hit in found.hits} == {"Name"}
        yaser = services.finder.find("یاسر محمدی", 20)
        assert [hit.id for hit in yaser.hits[:3]] == [new, *called[:2]]
        assert {hit.title for hit in yaser.hits} == {"یاسر محمدی"}
        assert len(services.finder.find("مه", 5).hits) <= 5
        assert len(services.finder.find("محمدی پریسا", 20).hits) == 20
        heard = services.finder.find("محمدي پریصا", 20)
        assert len(heard.hits) == 20
        assert {hit.title for hit in heard.hits} == {"پریسا محمدی"}


def test_a_better_match_comes_before_a_more_recent_one(city: App, find: Callable[..., Found]) -> None:
    def work(services: Services) -> None:
        services.contacts.create(name="مریم")
        services.interactions.log(make_contact(services, "مریم‌السادات ذاکری"), channel="phone", body="تماس")

    city.run(work)
    titles = [hit.title for hit in find("مریم").hits]
    assert titles[0] == "مریم"
    assert set(titles[1:3]) == {MARYAM, "مریم‌السادات ذاکری"}


# ── whatever is typed ────────────────────────────────────────────────────────────────────────────────────────


HOSTILE = ["", " ", "\0", "\ud800", "a\ud800", "*", "\"", "'" * 300, "(" * 300, "ا" * 10_000, "۰" * 300, "-", "+",
                "٪", "\u200c", "\u202e", " ".join("ابتثجحخدذرزسشصضطظعغفقکگلمنوهی"), " ".join(["علی"] * 300),
                "a b c d e f g h i j", "0", "00", "+98", "0098", "9" * 17, "@", "a@b", "request:",
                "NOT AND OR", "_ _ _"]


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: repr(query)[:40])
def test_no_text_makes_the_finder_fail(find_only: Callable[..., Found], query: str) -> None:
    assert len(find_only(query).hits) <= 20


def test_naughty_strings_are_answered(find_only: Callable[..., Found], shared_data: Path) -> None:
    """Issue, "Bad input": every field with blns.json."""
    for query in json.loads((shared_data / "7_hostile_input" / "blns.json").read_text("utf-8")):
        assert len(find_only(query).hits) <= 20


def test_a_naughty_name_is_found_by_itself(city: App, find: Callable[..., Found], shared_data: Path) -> None:
    """What was accepted as a name finds its contact again, and is read back unchanged."""
    strings = json.loads((shared_data / "7_hostile_input" / "blns.json").read_text("utf-8"))
    names = {string.strip() for string in strings if 2 < len(string.strip()) <= 200}

    def work(services: Services) -> dict[int, str]:
        return {services.contacts.create(name=name).id: name for name in sorted(names)}

    stored = city.run(work)
    with city.reading() as services:
        assert {id_: services.contacts.get(id_).name for id_ in stored} == stored

    def found(name: str, hits: list[Hit]) -> bool:
        return any(hit.title == name for hit in hits)

    with city.reading() as services:
        missed = [name for name in sorted(names)[::3] if not found(name, services.finder.find(name, 50).hits)]
    # Names of digits, punctuation or invisible characters alone have no words that could be looked up.
    lettered = [name for name in missed if sum(map(str.isalpha, name)) > 3 and not any(map(str.isdigit, name))]
    assert lettered == []

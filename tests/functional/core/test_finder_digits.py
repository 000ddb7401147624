"""Digits that are only a part: the end of a phone number, the beginning of a tracking code."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.db import root_of
from crm_core.model.contact import Confidentiality
from crm_core.security.identity import SYSTEM
from crm_core.testing.factories import make_clerk, make_contact, submit


@pytest.fixture
def city(app: App) -> Any:
    """Two citizens; a request of the first one."""

    def work(services: Any) -> tuple[int, str]:
        zahra = make_contact(services, "زهرا رضایی", "09120000147")
        make_contact(services, "غلامحسین صادقی", "02155000018")
        code = submit(services, zahra, builtin.GENERAL, {"category": "service"}, title="چراغ", text="خاموش").code
        return zahra.id, code

    contact, code = app.run(work)
    clerk = make_clerk(app)

    def find(query: str) -> list[tuple[str, str, bool]]:
        with app.reading(clerk) as services:
            return [(hit.kind, hit.title, hit.exact) for hit in services.finder.find(query).hits]

    return app, contact, code, find


@pytest.mark.parametrize("typed", ["0147", "۰۱۴۷", "01 47", "000147", "0000147", "20000147", "00-01.47"])
def test_the_last_digits_of_a_phone_are_found(city: Any, typed: str) -> None:
    assert city[3](typed) == [("contact", "زهرا رضایی", False)]


def test_a_local_number_without_its_area_code_is_found(city: Any) -> None:
    assert city[3]("55000018") == [("contact", "غلامحسین صادقی", False)]


@pytest.mark.parametrize("typed", ["147", "14700", "abcd", "0147x", "", "٪٪٪٪", "٫٫٫٫"])
def test_less_or_other_than_the_last_digits_finds_nobody_by_them(city: Any, typed: str) -> None:
    with city[0].reading() as services:
        assert [hit for hit in services.finder.find(typed).hits if hit.how == "number"] == []


def test_the_first_digits_of_a_tracking_code_are_found_and_are_not_exact(city: Any) -> None:
    app, _contact, code, find = city
    with app.reading() as services:
        for typed in (code[:4], code[:6], code[:9], f"{code[:4]}-{code[4:8]}"):
            # A code is drawn by chance: its first digits may be those of somebody's phone.
            (hit,) = [one for one in services.finder.find(typed).hits if one.kind == "request"]
            assert (hit.how, hit.exact, str(hit.why)) == ("number", False, "Tracking code")
        assert {hit.how for hit in services.finder.find(code[:3]).hits} <= {"words"}
    assert find(code)[0] == ("request", "چراغ", True)


def test_digits_tell_nothing_of_who_may_only_be_counted_or_not_be_known(city: Any) -> None:
    app, contact, code, find = city
    for confidentiality in (Confidentiality.CONFIDENTIAL, Confidentiality.SHIELDED):
        app.run(lambda services, to=confidentiality: services.contacts.edit(
            services.contacts.get(contact), {"confidentiality": to.value}))
        assert find("0147") == []
        assert find(code[:6]) == []


def test_the_index_gives_the_keys_with_an_end(city: Any) -> None:
    app, contact, _code, _find = city
    with app.reading() as services:
        phones = services.root.indexes.phones
        assert list(phones.ending_with("47", 100)) == [("+989120000147", contact)]
        assert list(phones.ending_with("47", 0)) == []
        assert list(phones.ending_with("9120000147", 100)) == [("+989120000147", contact)]
        with pytest.raises(ValueError, match="2 characters"):
            phones.ending_with("7", 100)


def test_a_whole_first_name_comes_before_a_longer_one(app: App) -> None:
    def work(services: Any) -> None:
        make_contact(services, "محمد نوروزی")
        make_contact(services, "ندا محمدی")

    app.run(work)
    with app.reading() as services:
        assert [hit.title for hit in services.finder.find("محمد").hits] == ["محمد نوروزی", "ندا محمدی"]
        assert [hit.how for hit in services.finder.find("مهمد").hits] == ["heard", "heard"]


def test_how_far_words_are_complete_is_told(app: App) -> None:
    from crm_core.services import finder

    app.run(lambda services: make_contact(services, "زهرا رضایی"))
    with app.reading() as services:
        assert services.finder.complete_until() is None, "what the index lacks is little, and is read beside it"

    def many(services: Any) -> int:
        for _ in range(finder.UNDRAINED + 1):
            services.context.journal.write("x", ("contact", 1), services.now)
        return int(services.now)

    first = app.run(lambda services: services.root.journal and services.now)
    app.run(many)
    with app.reading() as services:
        until = services.finder.complete_until()
        assert until is not None
        assert until <= first


def test_digits_that_begin_enough_phone_numbers_are_not_looked_for_at_their_ends(app: App) -> None:
    """While a number is typed, most of its beginnings have more answers than are shown: no other index is read."""
    def work(services: Any) -> None:
        for number in range(30):
            make_contact(services, phone=f"0912000{number:04d}")
        submit(services, None, builtin.GENERAL, {"category": "service"}, title="چراغ", text="خاموش")

    app.run(work)
    with app.db.reading() as connection:
        root = root_of(connection)

        def read(query: str, limit: int) -> tuple[int, int]:
            """How many hits, and how many parts of the index of tracking codes were read for them."""
            connection.cacheMinimize()
            hits = app.services(root, SYSTEM).finder.find(query, limit).hits
            return len(hits), sum(part._p_changed is not None for part in root.indexes.codes._shards)

        assert read("0912", 20) == read("0912 000", 20) == (20, 0)
        assert read("0912", 40) == (30, 256), "fewer answers than are shown: everything is looked through"
        assert read("0029", 20) == (1, 256)

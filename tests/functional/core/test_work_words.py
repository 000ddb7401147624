"""Words in a long work list: read request by request at first, behind that where the full text says they may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.services import Services, worklists
from crm_core.services.textsearch import NullSearch
from crm_core.services.worklists import Found, Place, Wanted
from crm_core.testing.factories import make_contact, submit
from crm_search.indexer import projection

TITLES = ("چراغ کوچه", "آسفالت کوچه", "چراغ میدان", "آسفالت میدان", "نوسازی پارک", "چراغ پارک")


@pytest.fixture
def long_list(open_app: Callable[..., App], monkeypatch: pytest.MonkeyPatch) -> App:
    """Six requests of one citizen each, of which two are read one by one."""

    def work(services: Services) -> None:
        for number, title in enumerate(TITLES):
            citizen = make_contact(services, "مریم ذاکری" if number == 4 else f"شهروند {number}")
            submit(services, citizen, builtin.GENERAL, {"category": "service"}, title=title,
                   at=services.now - 60_000 + number)

    app = open_app(search="whoosh")
    app.run(work)
    monkeypatch.setattr(worklists, "MOST_READ", 2)
    return app


def index(app: App) -> None:
    indexer = projection(app)
    assert indexer is not None
    indexer.run_until_caught_up()


def find_in(services: Services, words: str) -> Found:
    return services.work.find(Wanted(Place(units=(0,)), words=words, sort="arrival", backwards=True))


def find(app: App, words: str) -> Found:
    with app.reading() as services:
        return find_in(services, words)


def code_of(app: App, title: str) -> str:
    with app.reading() as services:
        return next(request.code for request in services.root.requests.values() if request.title == title)


def titles(app: App, words: str) -> list[str]:
    with app.reading() as services:
        return [services.requests.get(request.id).title for request in find_in(services, words).requests]


def test_all_of_a_long_list_is_searched(long_list: App) -> None:
    index(long_list)
    assert titles(long_list, "چراغ") == ["چراغ کوچه", "چراغ میدان", "چراغ پارک"]
    assert titles(long_list, "ذاکری نوسا") == ["نوسازی پارک"], "one word of the name, one that begins the title"
    assert find(long_list, "چراغ").reach == "words"
    assert titles(long_list, "سازی") == [], "behind those that are read, only whole words and beginnings"
    assert titles(long_list, "شهروند") == [title for title in TITLES if title != "نوسازی پارک"]
    code = code_of(long_list, "چراغ پارک")
    assert titles(long_list, code) == ["چراغ پارک"]


def test_what_the_index_does_not_know_yet_is_found(long_list: App) -> None:
    index(long_list)
    code = code_of(long_list, "چراغ پارک")
    long_list.run(lambda services: services.requests.edit(services.requests.by_code(code), {"title": "نیمکت پارک"}))
    assert titles(long_list, "نیمکت") == ["نیمکت پارک"]
    assert "چراغ پارک" not in titles(long_list, "چراغ")


def test_without_full_text_it_is_said_how_far_was_looked(long_list: App) -> None:
    long_list.text_search = NullSearch("the index is damaged")
    assert titles(long_list, "چراغ") == ["چراغ کوچه"]
    assert find(long_list, "چراغ").reach == "first"


def test_a_word_of_very_many_says_that_there_may_be_more(long_list: App, monkeypatch: pytest.MonkeyPatch) -> None:
    index(long_list)
    monkeypatch.setattr("crm_core.services.workwords.MOST_HITS", 2)
    assert find(long_list, "چراغ").reach == "first"

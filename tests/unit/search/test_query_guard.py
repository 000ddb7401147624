"""The guard: what a person typed becomes a small question, whatever it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_search.analysis import Word
from crm_search.query import MAX_TERMS, Question, parse
from crm_search.testing_kit import contact, text
from crm_search.whoosh_index import open_search


def _words(question: Question) -> list[list[str]]:
    return [[word.joined for word in clause.words] for clause in question.clauses]


def _size(question: Question) -> int:
    return sum(len(clause.words) for clause in question.clauses)


def test_words_phrases_and_beginnings() -> None:
    question = parse("سلام «کتاب‌های خوب» شیر* \"لوله آب\"")
    assert _words(question) == [["سلام"], ["کتابهای", "خوب"], ["شیر"], ["لوله", "اب"]]
    assert [clause.prefix for clause in question.clauses] == [False, False, True, False]


def test_at_most_eight_words_the_longest_in_their_order() -> None:
    question = parse("یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده")
    assert _size(question) == MAX_TERMS
    assert _words(question)[-2:] == [["یازده"], ["دوازده"]]
    assert _size(parse('"' + "الف جیم دال شین میم " * 9 + '" کوچه')) <= MAX_TERMS


def test_stop_words_are_left_out_and_alone_find_nothing() -> None:
    assert _words(parse("چراغ در خیابان")) == [["چراغ"], ["خیابان"]]
    assert not parse("و در به از که")
    assert parse('"ثبت در سامانه"').clauses[0].gaps == 1


def test_short_and_leading_wildcards_are_words() -> None:
    assert [clause.prefix for clause in parse("شه*").clauses] == [False]
    assert [clause.prefix for clause in parse("*شهر").clauses] == [False]
    assert [clause.prefix for clause in parse("شهر*").clauses] == [True]
    assert [clause.prefix for clause in parse("چرا*").clauses] == [True], "though چرا is a stop word"
    assert _words(parse("شهر?دار")) == [["شهر"], ["دار"]]


def test_operators_are_words() -> None:
    assert _words(parse("title:پل AND (سد OR -رود) NOT /x.*/ دریا^2 ~3")) == [
        ["title"], ["پل"], ["سد"], ["رود"], ["دریا"], ["2"], ["3"]]


def test_an_open_quote_is_no_phrase() -> None:
    assert _words(parse('"لوله آب')) == [["لوله"], ["اب"]]


def test_neighbours_may_be_one_word() -> None:
    joins = {(join.first, join.last): join.joined for join in parse("0912 123 4567 پیش فرض").joins}
    assert joins[0, 2] == "09121234567"
    assert joins[3, 4] == "پیشفرض"


def test_codes() -> None:
    assert parse("۴۸۲۷-۱۹۳۶-۵۰").code == "4827193650"
    assert parse("چراغ").code == ""
    assert parse("1" * 60).code == ""
    assert parse("۵").clauses[0].words == (Word("5", ("5",)),)


@pytest.mark.parametrize("hostile", ["", "\x00", "\ud800", "*" * 500, '"' * 501, "«" * 99, "ا" * 100_000, "a* " * 9000,
                                     "(" * 999, "\u200c" * 999, "\\" * 99, "[1 TO 2]", "%", "a\nb\tc\rd\u2028e"])
def test_hostile_questions(hostile: str) -> None:
    assert _size(parse(hostile)) <= MAX_TERMS


def test_naughty_strings_are_answered(shared_data: Path, tmp_path: Path) -> None:
    strings = json.loads((shared_data / "7_hostile_input" / "blns.json").read_text(encoding="utf-8"))
    assert len(strings) > 400
    search = open_search(tmp_path / "index")
    half = len(strings) // 2
    search.apply([text(place, words, words) for place, words in enumerate(strings[:half])], [], "a")
    search.apply([text(half + place, words, words) for place, words in enumerate(strings[half:])]
                 + [contact(place, words) for place, words in enumerate(strings)], [], "b")
    assert search.count() == {"contact": len(strings), "interaction": len(strings), "request": 0}
    missed = []
    for place, words in enumerate(strings):
        for question in (words, f'"{words}"', f"{words}*", f"*{words}", f"{words} چراغ"):
            assert _size(parse(question)) <= MAX_TERMS
        if place % 4 == 0:
            search.search(f'"{words}" {words}*', kind="contact")
            search.fuzzy_names(words)
        found = {hit.id for hit in search.search(words, kind="interaction", limit=500)}
        if parse(words) and place not in found:
            missed.append(words)
    assert missed == [], "every string with words is found by itself"
    search.close()

"""The demo's own words: enough of them, complete for every case, in clean Persian, with braces that are filled."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import crm_core.demo
from crm_core.demo.draw import Decks, Dice
from crm_core.demo.names import Names, other_spellings
from crm_core.demo.people import Population
from crm_core.demo.places import City
from crm_core.demo.scenes import make_scene
from crm_core.demo.texts import Matter, Texts, aspect, fitting, split

WORDS = Path(crm_core.demo.__file__).parent / "words"
FILES = sorted([*WORDS.rglob("*.toml"), *WORDS.rglob("*.tsv")])
MATTERS = Texts().matters
EVERY_FILE = pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
EVERY_MATTER = pytest.mark.parametrize("matter", MATTERS, ids=[matter.key for matter in MATTERS])


def marks(matter: Matter, letter: str, who: str) -> frozenset[str]:
    return frozenset({letter, "site" if matter.on_site else "desk", who} - {""})


def test_there_are_sixty_matters_and_more() -> None:
    persian = [matter for matter in MATTERS if matter.language == "fa"]
    assert len({matter.key for matter in MATTERS}) == len(MATTERS)
    assert len([matter for matter in persian if not matter.organisations]) >= 60
    assert len({title for matter in persian for title in matter.titles}) >= 100


@EVERY_MATTER
def test_each_aspect_of_a_matter_has_its_words(matter: Matter) -> None:
    letters = {aspect(title) for title in matter.titles}
    assert letters == {""} or "" not in letters, "either all titles are marked or none"
    for letter in letters:
        assert len(letter) <= 1
        case = marks(matter, letter, "firm" if matter.organisations else "person")
        for sentences in (matter.said, matter.calls, matter.done):
            assert fitting(sentences, case)
        for words in fitting((*matter.calls, *matter.again), case):
            subject, body = split(words)
            assert subject and body and "|" not in body


@EVERY_MATTER
def test_a_matter_belongs_to_a_unit_that_is_there(matter: Matter) -> None:
    assert matter.unit in {"area", *(unit["key"] for unit in City().units)}
    assert matter.blame in ("", "conduct", "delay", "quality", "decision", "money", "nuisance", "other")
    assert matter.kind in ("service", "information", "suggestion", "other")
    assert matter.urgent in ("low", "normal", "high", "urgent")


def test_every_brace_can_be_filled() -> None:
    city, texts = City(), Texts()
    person = Population("1", 1, date(2026, 11, 22), city).households()[0].members[0]
    scene = make_scene(Dice("braces"), city, person, date(2026, 11, 22))
    later = {"title", "unit", "stage", "visit", "miss", "done", "subject"}
    scene |= dict.fromkeys(later, "…")
    for file in FILES:
        for word in re.findall(r"\{(\w+)\}", file.read_text("utf-8")):
            assert word in scene, (file.name, word)
    for matter in texts.matters:  # what a title or an answer says cannot name what is known only later
        for sentence in (*matter.titles, *matter.said):
            assert not {*re.findall(r"\{(\w+)\}", sentence)} & (later - {"unit"}), sentence


@EVERY_FILE
def test_persian_is_written_as_persian(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.findall("[يكىة]", text), "Arabic letters"
    assert not re.findall("[٠-٩]", text), "Arabic digits"
    assert not re.findall(r"(?<![آ-یء])ن?می [آ-ی]", text), "the prefix of a verb stands off with a half-space"
    assert not re.findall(r"[آ-ی] (?:ها|های|هایی|هایش)(?![آ-ی\u200c])", text), "so does the plural"
    assert not re.findall("  +[آ-ی]", re.sub(r"(?m)^ +", "", text)), "two blanks"
    assert not re.findall(r"[آ-ی}] [،؛.؟!]", text), "a blank before a comma"


def test_names_are_many_and_none_twice() -> None:
    names = Names()
    assert len(names.families) >= 250
    assert len({persian for persian, _latin in names.families}) == len(names.families)
    assert sum("\u200c" in persian for persian, _latin in names.families) >= 50
    given = (WORDS / "given.tsv").read_text("utf-8").splitlines()[1:]
    assert len({line.split("\t")[0] for line in given}) == len(given) >= 150
    assert {line.split("\t")[2] for line in given} == {"m", "f"}


def test_other_spellings_are_other_and_sound_alike() -> None:
    from crm_core.text.heard import similarity

    assert "رضائی\u200cپور" in other_spellings("رضایی\u200cپور")
    assert "رضایی پور" in other_spellings("رضایی\u200cپور")
    assert "محمد رضا" in other_spellings("محمدرضا")
    for name in ("صادقی", "رضایی\u200cپور", "محمدرضا", "طاهری"):
        assert name not in other_spellings(name)
        assert all(similarity(name, other) > 0.8 for other in other_spellings(name))


def test_a_deck_lays_out_all_cards_before_one_comes_again() -> None:
    cards = [f"card {number}" for number in range(7)]
    decks, again = Decks("x"), Decks("x")
    dealt = [decks.draw("some", cards) for _time in range(21)]
    assert all(sorted(dealt[first : first + 7]) == cards for first in (0, 7, 14))
    assert dealt == [again.draw("some", cards) for _time in range(21)]
    assert dealt[:7] != [Decks("y").draw("some", cards) for _time in range(7)]


def test_a_deck_avoids_what_it_is_told_as_long_as_it_can() -> None:
    decks = Decks("x")
    for _time in range(50):
        assert decks.draw("some", ["a", "b", "c"], avoid={"a", "b"}) == "c"
    assert decks.draw("some", ["a", "b", "c"], avoid={"a", "b", "c"}) in "abc"


def test_sentences_fit_by_their_marks() -> None:
    sentences = ["plain", "a) first", "b) second", "ab) both", "site) there", "old) slowly"]
    assert fitting(sentences, frozenset()) == ["plain"]
    assert fitting(sentences, frozenset({"a", "site"})) == ["plain", "first", "both", "there"]
    assert fitting(sentences, frozenset({"b", "desk", "old"})) == ["plain", "second", "both", "slowly"]
    assert aspect("b) second") == "b"
    assert aspect("plain") == ""

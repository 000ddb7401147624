"""The part of a name that matches what was typed, and the letters that only sound alike."""

from __future__ import annotations

import pytest

from crm_core.text.marking import heard_apart, marked


def parts(text: str, query: str, heard: bool = False) -> list[str]:
    found = marked(text, query, heard=heard)
    assert "".join(piece for piece, _on in found) == text
    return [piece for piece, on in found if on]


@pytest.mark.parametrize(("text", "query", "on"), [
    ("زهرا رضایی", "رضا", ["رضا"]),
    ("زهرا رضایی‌پور", "زهرا رضایی", ["زهرا رضایی"]),
    ("عليرضا كاظمي", "علیرضا کاظمی", ["عليرضا كاظمي"]),
    ("مُحَمَّد آقایی", "محمد اقا", ["مُحَمَّد آقا"]),
    ("Zahra Rezaei", "REZA", ["Reza"]),
    ("محمد محمدی", "محمد", ["محمد محمد"]),
    ("زهرا رضایی", "کریم", []),
    ("", "x", []),
    ("زهرا", "", []),
    ("(زهرا)", "زهرا", ["زهرا"]),
    ("سه چراغ مانده", "چراغ", ["چراغ"]),
])
def test_words_are_marked_where_they_begin_like_the_query(text: str, query: str, on: list[str]) -> None:
    assert parts(text, query) == on


def test_names_that_sound_alike_are_marked_only_when_asked() -> None:
    assert parts("زهرا رضایی‌پور", "ظهرا رظایی", heard=True) == ["زهرا رضایی"]
    assert parts("زهرا رضایی‌پور", "ظهرا رظایی") == []


@pytest.mark.parametrize("text", ["\ud800", "\u200c" * 50, "«»()", "a" * 5000, "<b>&amp;</b>", "\u202eabc", "آ" * 400])
def test_whatever_was_typed_comes_back_whole(text: str) -> None:
    parts(text, text, heard=True)
    parts("زهرا", text, heard=True)
    parts(text, "زهرا a", heard=True)
    heard_apart(text, text)


def test_the_letters_that_sound_alike_are_named() -> None:
    assert heard_apart("زهرا رضایی", "ظهرا رظایی") == [("ظ", "ز"), ("ظ", "ض")]
    assert heard_apart("زهرا رضایی", "زهرا رضایی") == []
    assert heard_apart("زهره رضایی", "زهرا رضایی") == [], "a vowel is no sound that is mistaken for another"
    assert heard_apart("علی", "حسن") == []

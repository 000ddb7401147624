"""Names as heard: measured on real Persian names with noise, as the proof of the design did."""

import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.folding import fold
from crm_core.text.heard import MAX_READINGS, Likeness, similarity, skeletons

CONTACTS = 20_000
TRIES = 300
Name = tuple[str, str]  # given, family

COMMON_GIVEN = [
    "محمد", "علی", "حسین", "حسن", "رضا", "مهدی", "احمد", "فاطمه", "زهرا", "مریم", "زینب", "معصومه", "سکینه", "صدیقه",
    "محمدرضا", "علیرضا", "امیرحسین", "ابوالفضل", "سارا", "لیلا",
]  # fmt: skip
COMMON_FAMILY = [
    "محمدی", "حسینی", "احمدی", "رضایی", "مرادی", "حیدری", "کریمی", "جعفری", "رحیمی", "قاسمی", "موسوی", "ابراهیمی",
    "صادقی", "علیزاده", "اکبری", "نوری", "هاشمی",
]  # fmt: skip
HOMOPHONES = ("زذضظ", "سصث", "تط", "قغ", "حه")
# How a Persian letter may be spelled in Latin by people who never learned a system.
LATIN = {
    "ا": "a", "ب": "b", "پ": "p", "ت": "t", "ث": "s", "ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ذ": "z",
    "ر": "r", "ز": "z", "ژ": "zh j", "س": "s", "ش": "sh", "ص": "s", "ض": "z", "ط": "t", "ظ": "z", "ع": "a '",
    "غ": "gh q", "ف": "f ph", "ق": "gh q g", "ک": "k c", "گ": "g", "ل": "l", "م": "m", "ن": "n", "و": "v o ou u w",
    "ه": "h eh e", "ی": "i y ee ei",
}  # fmt: skip
VOWELS = "اویع "


@dataclass
class Register:
    """Contacts under the keys they are heard by, in memory."""

    names: list[Name]
    index: dict[str, set[Name]]
    keys_each: float

    def find(self, given_name: str, family: str) -> set[Name]:
        found: set[Name] = set()
        for key in keys(given_name, family):
            found |= self.index.get(key, set())
        return found


def keys(given_name: str, family: str) -> set[str]:
    """The keys of a contact: family and given name in both orders."""
    pairs = product(skeletons(family), skeletons(given_name))
    return {key for one, other in pairs for key in (f"{one} {other}", f"{other} {one}")}


@pytest.fixture(scope="module")
def register(shared_data: Path) -> Register:
    folder = shared_data / "4_names_duplicates"
    with (folder / "persian_first_names_19881.csv").open(encoding="utf-8") as file:
        given_names = [fold(row[0]) for row in list(csv.reader(file))[1:]]
    text = (folder / "persian_last_names_give.txt").read_text(encoding="utf-8")
    families = [fold(line) for line in text.splitlines() if line.strip()]
    chance = random.Random(5)
    chance.shuffle(given_names)
    chance.shuffle(families)

    def pick(common: list[str], share: float, rest: list[str]) -> str:
        if chance.random() < share:
            return fold(chance.choice(common))
        return rest[min(len(rest) - 1, int(chance.paretovariate(0.7)) - 1)]

    names = [(pick(COMMON_GIVEN, 0.5, given_names), pick(COMMON_FAMILY, 0.25, families)) for _ in range(CONTACTS)]
    keys_of = {name: keys(*name) for name in set(names)}
    index: dict[str, set[Name]] = defaultdict(set)
    for name, its_keys in keys_of.items():
        for key in its_keys:
            index[key].add(name)
    return Register(names, index, sum(len(keys_of[name]) for name in names) / CONTACTS)


def misheard(word: str, chance: random.Random) -> str:
    groups = {letter: group for group in HOMOPHONES for letter in group}
    return "".join(chance.choice(groups.get(letter, letter)) for letter in word)


def in_latin(word: str, chance: random.Random) -> str:
    spelled = ""
    for at, letter in enumerate(word):
        spelled += chance.choice(LATIN.get(letter, letter).split(" ") or [letter])
        following = word[at + 1 : at + 2]
        if following and letter not in VOWELS and following not in VOWELS and chance.random() < 0.6:
            spelled += chance.choice("aeo")
    return spelled


def respaced(word: str) -> str:
    return word.replace(" ", "") if " " in word else f"{word[: len(word) // 2]} {word[len(word) // 2 :]}"


def test_keys_are_few(register: Register) -> None:
    assert register.keys_each < 4


def test_homophones_find_every_name_and_rank_it_first(register: Register) -> None:
    chance = random.Random(11)
    for _ in range(TRIES):
        name = chance.choice(register.names)
        asked = (misheard(name[0], chance), misheard(name[1], chance))
        found = register.find(*asked)
        assert name in found, asked
        likeness = Likeness(" ".join(asked))
        assert likeness(" ".join(name)) >= max(likeness(" ".join(other)) for other in found) - 0.02


def test_joined_and_split_names_find_every_name(register: Register) -> None:
    chance = random.Random(12)
    for _ in range(TRIES):
        name = chance.choice(register.names)
        assert name in register.find(name[0], respaced(name[1])), name
        assert name in register.find(respaced(name[0]), name[1]), name


def test_wild_latin_spellings_find_most_names(register: Register) -> None:
    chance = random.Random(13)
    hits = 0
    for _ in range(TRIES):
        name = chance.choice(register.names)
        hits += name in register.find(in_latin(name[0], chance), in_latin(name[1], chance))
    assert hits >= 280  # the rest writes an inner ه without any h


@pytest.mark.parametrize(
    "persian, spellings",
    [
        ("موسوی", "Mousavi Moosavi Musavi Mosavi"), ("محمود", "Mahmoud Mahmood Mahmud"),
        ("محمد", "Mohammad Mohamed Muhammad"),
        ("قاسمی", "Ghasemi Qasemi Gasemi Ghassemi"), ("خواجه", "Khajeh Khaje"), ("خواجه‌پور", "Khajehpour Khajepoor"),
        ("ابوالفضل", "Abolfazl Abulfazl"), ("عبدالرحمن", "Abdorrahman Abdolrahman Abdul-Rahman"),
        ("اسحاق", "Eshagh Es'hagh"),
        ("داوود", "Davoud Davood Davud"), ("شمس‌الدین", "Shamsoddin Shamseddin Shams-al-Din"),
        ("ژاله", "Zhaleh Jaleh Zhale"),
        ("سجادی", "Sajjadi Sadjadi"), ("رضایی", "Rezaei Rezaee Rezai Rezayi"),
        ("حسین", "Hossein Hosein Husayn Hussain"),
        ("چراغی", "Cheraghi Tcheraghi"), ("یوسف", "Yousef Yusuf Youssef"), ("نوروزی", "Norouzi Noroozi Nowruzi"),
        ("کاوه", "Kaveh Kave"), ("سیروس", "Cyrus Siroos"), ("علی", "Ali Aly"), ("زهرا", "Zahra Zehra"),
        ("مسعود", "Masoud Masood Mas'ud"), ("طاهره", "Tahereh Taherah"), ("فتحعلی", "Fathali Fath-Ali"),
    ],
)  # fmt: skip
def test_latin_spellings_of_well_known_names(persian: str, spellings: str) -> None:
    for spelling in spellings.split():
        assert skeletons(persian) & skeletons(spelling), (spelling, skeletons(persian), skeletons(spelling))


@pytest.mark.parametrize(
    "one, other",
    [
        ("ذهرا", "زهرا"), ("ضیایی", "زیایی"), ("صابر", "ثابر"), ("طاهر", "تاهر"), ("غلام", "قلام"), ("حمید", "همید"),
        ("خاهر", "خواهر"), ("علا", "اعلا"), ("محمّد", "محمد"), ("خانه", "خان"), ("مژگان", "مجگان"),
        ("فاطمه زهرا", "فاطمه‌زهرا"),
        ("علاءالدین", "علاالدین"), ("رؤیا", "رویا"), ("كاظمي", "کازمی"),
    ],
)  # fmt: skip
def test_names_that_sound_alike_share_a_key(one: str, other: str) -> None:
    assert skeletons(one) & skeletons(other)


def test_other_names_do_not() -> None:
    assert not skeletons("محمد") & skeletons("علی")
    assert not skeletons("Karimi") & skeletons("رحیمی")
    assert skeletons("") == skeletons(" -!") == frozenset()
    assert skeletons("آی") == {"_"}
    assert skeletons("Иван") == {"иван"}


def test_similarity_of_the_same_name() -> None:
    assert similarity("محمد رضا", "محمدرضا") == 1
    assert similarity("علي كاظمي", "علی کاظمی") == 1
    assert similarity("JOSÉ", "jose") == 1
    assert similarity("احمدی محمدرضا", "محمد رضا احمدی") >= 0.98
    assert similarity("Smith John", "John Smith") >= 0.98
    assert similarity("ذهرا اهمدی", "زهرا احمدی") >= 0.96
    assert similarity("Zahra Mousavi", "زهرا موسوی") >= 0.9
    assert similarity("mousavi zahra", "زهرا موسوی") >= 0.9


def test_similarity_puts_names_in_the_order_a_person_would() -> None:
    def ranked(query: str, *names: str) -> list[str]:
        return sorted(names, key=Likeness(query), reverse=True)

    assert ranked("محمدی", "محمد علی", "علی محمدی", "محمدی")[:2] == ["محمدی", "علی محمدی"]
    assert ranked("Mahmoud Ahmadi", "محمد احمدی", "محمود احمدی")[0] == "محمود احمدی"
    assert ranked("Mohammad Ahmadi", "محمود احمدی", "محمد احمدی")[0] == "محمد احمدی"
    assert ranked("زهرا موسوی", "زهره موسوی", "زهرا موسوی", "زهرا مرادی")[0] == "زهرا موسوی"
    assert ranked("ظهرا", "زهرا", "طاهر", "ساره")[0] == "زهرا"
    assert ranked("reza", "رضایی", "رضا", "زاهدی")[0] == "رضا"


def test_nothing_in_common_is_low() -> None:
    assert similarity("", "علی") == similarity("علی", "") == similarity("!!", "؟") == 0
    assert similarity("حسین", "Peter Brown") < 0.5


anything = st.text(st.characters(exclude_categories=()))


@settings(deadline=None)
@given(anything, anything)
def test_any_two_texts_compare(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) in {0, 1}
    assert len(skeletons(one)) <= MAX_READINGS


def test_naughty_strings_have_keys_and_compare(naughty: list[str]) -> None:
    likeness = Likeness("علی رضایی")
    for text in naughty:
        for key in skeletons(text):
            assert key
            key.encode("utf-8")
        assert 0 <= likeness(text) <= 1
        assert 0 <= similarity(text, "Ali Rezaei") <= 1

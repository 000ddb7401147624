"""Names as heard: keys under which a name written down from speech, or in Latin letters, meets the name on file.

A key is a skeleton of consonant sounds: what Persian ears cannot tell apart (ز ذ ض ظ, س ص ث, ت ط, ق غ, ح ه, ج ژ) is one
sound, vowels are dropped. Skeletons only gather candidates; `similarity` (or `Likeness`) then puts them in order.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import islice, permutations, product

from rapidfuzz import fuzz

from crm_core.text.folding import fold

VOWELS_ONLY = "_"  # the skeleton of a name without any consonant, such as «آی»
MAX_READINGS = 6  # of one word: what is doubtful beyond that is read one way only
MAX_LENGTH = 200  # characters of a name that are looked at; no name is longer, and comparing takes quadratic time
MAX_ORDERED = 4  # words of a name that are compared in every order; longer names as written and sorted

# Sounds are small letters; C is چ, S is ش, x is خ, q is ق and غ, j is ج and ژ. Long vowels stay a, i, u here.
_PERSIAN = str.maketrans(
    {
        "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ٹ": "t", "ث": "s", "س": "s", "ص": "s", "ج": "j", "ژ": "j", "چ": "C",
        "ح": "h", "ه": "h", "خ": "x", "د": "d", "ڈ": "d", "ذ": "z", "ز": "z", "ض": "z", "ظ": "z", "ر": "r", "ڑ": "r",
        "ڕ": "r", "ش": "S", "ف": "f", "ڤ": "v", "ق": "q", "غ": "q", "ک": "k", "گ": "g", "ل": "l", "ڵ": "l", "م": "m",
        "ن": "n", "ں": "n", "ا": "a", "ی": "i", "ع": "",
    }
)  # fmt: skip

# Latin spellings in the order they are taken. What can be read in two ways is left as <one|other>: sh inside a word is
# ش (Arash) or س ه (Eshagh), zh is ژ or ز ه (Zhra), g is گ or ق (Gasemi), c before e, i, y is ک or س.
_LATIN = tuple(
    (re.compile(pattern), sounds)
    for pattern, sounds in (
        ("x", "ks"), ("tch|ch", "C"), ("kh", "x"), ("^sh", "S"), ("sh", "<S|sh>"), ("dj", "j"), ("zh", "<j|zh>"),
        ("gh", "q"), ("ph", "f"), ("^th", "t"), ("ck", "k"), ("g+", "<g|q>"), ("c(?=[eiy])", "<k|s>"), ("c", "k"),
        ("ou|oo|ow(?![aeiou])", "u"), ("w", "v"), ("ee|ei|ai|[ey]i|[ae]y|y", "i"), ("[eo]", ""),
    )
)  # fmt: skip
_HAS_LATIN = re.compile("[a-z]")
_DOUBTFUL = re.compile("<([^|]*)[|]([^>]*)>")

_LONG_VOWEL = re.compile("[aiu]")
_DOUBLED = re.compile(r"(.)\1+", re.DOTALL)
_FINAL_H = re.compile("(?<=.)h$")

_SUN_LETTERS = "تثدذرزسشصضطظن"
# The l of the Arabic article is not spoken before a sun letter: عبدالرحمان is heard as Abdorrahman.
_SILENT_ARTICLE = re.compile(f"(?<=..)ال(?=[{_SUN_LETTERS}])")
_SILENT_V = re.compile("(?<=خ)و(?=ا)")  # خواهر, spoken xāhar
_SPOKEN_V = re.compile("^و|و(?=ا)|(?<=.ا)و|(?<=..)و(?=ی$)")  # وحید, جواد, داوود, موسوی: a consonant here
_VOWEL_IN_ABU = re.compile("^ابو(?=ال)")  # ابوالفضل


def skeletons(word: str) -> frozenset[str]:
    """Return the few keys under which a name (one word, or words that may be written as one) is heard.

    Persian and Latin letters give keys of the same alphabet, so that two spellings of a name share at least one. Most
    words have one key; و (consonant or vowel) and ambiguous Latin letters add some, at most MAX_READINGS. Letters of
    other scripts stay as they are. A text without letters or digits has none.
    """
    return frozenset(_skeleton(reading) for reading in readings(word))


def readings(word: str) -> list[str]:
    """Return the ways `word` may be spoken, likeliest first: sounds as above, with long vowels as a, i, u."""
    return _readings(fold(word[:MAX_LENGTH]).split())


def _readings(words: Sequence[str]) -> list[str]:
    """Return the readings of folded words that are one name."""
    found: dict[str, None] = {}
    for plain in _joined(words):
        sounds = _latin_sounds(plain) if _HAS_LATIN.search(plain) else plain
        for spelling in _persian_spellings(sounds):
            found.update(dict.fromkeys(_spread(spelling.translate(_PERSIAN))))
    return list(islice(found, MAX_READINGS))


def _joined(words: Sequence[str]) -> list[str]:
    """Return the letters and digits of `words` as one: as written, and without the silent h of inner words."""
    parts = [part for part in ("".join(filter(str.isalnum, word)) for word in words) if part]
    if len(parts) < 2:
        return parts
    silent = [*(re.sub("(?<=.)[hه]$", "", part) for part in parts[:-1]), *parts[-1:]]  # خواجه‌پور: Khajepour
    return [word for word in dict.fromkeys(("".join(parts), "".join(silent))) if word]


def _persian_spellings(word: str) -> list[str]:
    """Return `word` with each و written v or u: as its place suggests, all vowels, all consonants."""
    spellings = [word]
    if "و" in word:
        placed = _VOWEL_IN_ABU.sub("ابu", _SILENT_V.sub("", word))
        placed = _SPOKEN_V.sub("v", placed)
        spellings = [placed.replace("و", "u"), word.replace("و", "u"), word.replace("و", "v")]
    if _SILENT_ARTICLE.search(word):
        spellings += [_SILENT_ARTICLE.sub("u", spelling) for spelling in spellings]
    return spellings


def _latin_sounds(word: str) -> str:
    for pattern, sounds in _LATIN:
        word = pattern.sub(sounds, word)
    return word


def _spread(sounds: str) -> list[str]:
    """Return the readings of a string with <one|other> in it."""
    if "<" not in sounds:
        return [sounds]
    parts = _DOUBTFUL.split(sounds)  # plain, one, other, plain, one, other, plain …
    choices = [(parts[at + 1], parts[at + 2]) for at in range(0, len(parts) - 1, 3)]
    plains = parts[::3]
    combined = product(*choices)
    return ["".join(map("".join, zip(plains, (*chosen, ""), strict=True))) for chosen in islice(combined, MAX_READINGS)]


def _skeleton(reading: str) -> str:
    """Return a reading without vowels, doubled sounds and the final h that is only written (خانه, Fatemeh)."""
    consonants = _LONG_VOWEL.sub("", reading)
    return _FINAL_H.sub("", _DOUBLED.sub(r"\1", consonants)) or VOWELS_ONLY


def similarity(query: str, name: str) -> float:
    """Return how like a typed name is to a name on file, 0.0 to 1.0.

    1.0: the same words after folding, joined or not. 0.99: in another order. 0.97 at most: heard alike (homophones).
    0.95 at most: one in Latin, the other in Persian letters. A query that is a part of the name (a surname, the first
    letters of one) gets at most 0.95, more the more of the name it covers. For many names use `Likeness(query)`.
    """
    return Likeness(query)(name)


class Likeness:
    """How like one query many names are: the query's share of the work is done once."""

    def __init__(self, query: str) -> None:
        self._heard: dict[str, _Heard] = {}  # candidates share most of their words
        self._query = _Forms(query, self._heard)

    def __call__(self, name: str) -> float:
        """Return the similarity of `name` to the query, 0.0 to 1.0; see `similarity`."""
        query, other = self._query, _Forms(name, self._heard)
        if not query.joined or not other.joined:
            return 0.0
        if query.joined == other.joined:
            return 1.0
        if query.latin == other.latin:
            written = _alike(query.words, other.words)
            return max(written, 0.97 * _alike(query.spoken, other.spoken)) if written < 0.97 else written
        bones = max(_alike(mine, theirs) for mine, theirs in product(query.bones, other.bones))
        # Vowels only break the tie between محمد and محمود, which share their consonants with «Mahmoud».
        return 0.95 * (0.8 * bones + 0.2 * _alike(query.spoken, other.spoken))


class _Heard:
    """One word in the sounds it is compared by."""

    def __init__(self, word: str) -> None:
        read = _readings([word])
        self.spoken = (read and read[0]) or word  # as it is likeliest spoken, long vowels included
        self.bones = list(dict.fromkeys(map(_skeleton, read))) or [word]


class _Forms:
    """A name in the forms it is compared in, each made when first asked for; `known` keeps the words already heard."""

    def __init__(self, text: str, known: dict[str, _Heard]) -> None:
        self.words = fold(text[:MAX_LENGTH]).split()
        self.joined = "".join(self.words)
        self.latin = _HAS_LATIN.search(self.joined) is not None
        self._known = known

    @cached_property
    def spoken(self) -> list[str]:
        """The words as they are likeliest spoken."""
        return [word.spoken for word in self._heard]

    @cached_property
    def bones(self) -> list[tuple[str, ...]]:
        """The words' skeletons, in the few combinations their readings allow."""
        return list(islice(product(*(word.bones for word in self._heard)), MAX_READINGS))

    @cached_property
    def _heard(self) -> list[_Heard]:
        for word in self.words:
            if word not in self._known:
                self._known[word] = _Heard(word)
        return [self._known[word] for word in self.words]


def _alike(query: Sequence[str], name: Sequence[str]) -> float:
    """Return the likeness of two lists of words: as wholes in any order, or the query as a part of the name."""
    target = "".join(name)
    whole = fuzz.ratio("".join(query), target) / 100
    if whole > 0.95:
        return whole
    if len(query) <= MAX_ORDERED:
        others = [fuzz.ratio("".join(order), target) for order in islice(permutations(query), 1, None)]
    else:
        others = [fuzz.ratio("".join(sorted(query)), "".join(sorted(name)))]
    whole = max(whole, 0.0099 * max(others, default=0))
    if len(query) > len(name) or whole > 0.95:
        return whole
    covered = min(1.0, sum(map(len, query)) / max(1, len(target)))
    found = sum(len(word) * max(_begins(word, other) for other in name) for word in query) / sum(map(len, query))
    return max(whole, found * (0.85 + 0.1 * covered))


def _begins(typed: str, word: str) -> float:
    """Return the likeness of a typed word to a word of the name, of which perhaps only the beginning was typed."""
    if len(typed) >= 2 and word.startswith(typed):
        return 1.0 if word == typed else 0.95
    return fuzz.ratio(typed, word) / 100

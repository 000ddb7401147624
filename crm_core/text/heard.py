"""Names as heard: keys under which a name written down from speech, or in Latin letters, meets the name on file.

A key is a skeleton of consonant sounds: what Persian ears cannot tell apart (ز ذ ض ظ, س ص ث, ت ط, ق غ, ح ه, ج ژ) is one
sound, vowels are dropped. Skeletons only gather candidates; crm_core.text.likeness then puts them in order.
"""

import re
from itertools import islice, product

from crm_core.text.folding import fold

VOWELS_ONLY = "_"  # the skeleton of a name without any consonant, such as «آی»
MAX_READINGS = 6  # of one word: what is doubtful beyond that is read one way only

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
        ("gh", "q"), ("ph", "f"), ("^th", "t"), ("ck", "k"), ("g+", "<g|q>"), ("c+(?=[eiy])", "<k|s>"), ("c", "k"),
        ("w", "v"), ("ou|oo", "u"), ("ee|ei|ai|[ey]i|[ae]y|y", "i"), ("[eo]", ""),
    )
)  # fmt: skip
_DOUBTFUL = re.compile("<([^|]*)[|]([^>]*)>")

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
    found: dict[str, None] = {}
    for plain in _joined(word):
        sounds = _latin_sounds(plain) if re.search("[a-z]", plain) else plain
        for spelling in _persian_spellings(sounds):
            found.update(dict.fromkeys(_spread(spelling.translate(_PERSIAN))))
    return list(islice(found, MAX_READINGS))


def _joined(text: str) -> list[str]:
    """Return the letters and digits of `text` as one word: as written, and without the silent h of inner words."""
    parts = [part for part in ("".join(filter(str.isalnum, word)) for word in fold(text).split()) if part]
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
    consonants = re.sub("[aiu]", "", reading)
    single = re.sub(r"(.)\1+", r"\1", consonants)
    return re.sub("(?<=.)h$", "", single) or VOWELS_ONLY

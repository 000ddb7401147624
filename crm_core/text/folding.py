"""Folding: the one equivalence under which texts are compared, indexed and looked up.

Two texts a person would call the same word (ي/ی, José/JOSE, ۱۲/12, می‌شود with any half-space) fold to equal strings.
The folded form is for comparing only and never shown or stored in place of what was typed.
"""

import re
import unicodedata

from crm_core.text.digits import to_ascii

# Marks that ride on a letter of an alphabet: Latin, Greek and Cyrillic accents, Hebrew points, Arabic and Persian
# harakat, Quranic signs, and the hamza and madda that NFKD splits from آ أ إ ؤ ئ ۀ; also variation selectors.
# Marks of Indic scripts, Thai and kana are not here: there they are vowels or other consonants.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0897-\u089f\u08ca-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef"
    "\u0640\u0621]"  # kashida, and the hamza on the line that علاءالدین is written with as often as without
)

# Format and control characters, lone surrogates and blank letters. They become a space, not nothing, because old
# Persian texts use any of them (soft hyphen, direction marks, zero-width space) where a half-space belongs.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ac\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)

# What Unicode does not decompose. Letters of Arabic, Urdu, Kurdish and Pashto keyboards go to the Persian letter a
# Persian reader sees in them, Latin letters with a stroke to the plain letter, typographic signs to typed ones.
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("\u064a\u0649\u06d2\u06cd\u06d0\u06d1\u06ce\u063d\u063e\u063f\u0620", "ی"),
        **dict.fromkeys("\u0643\u06aa\u063b\u063c\u06ac", "ک"),
        **dict.fromkeys("\u0629\u06c1\u06be\u06c3\u06d5\u06c0\u06c2\u06ff", "ه"),
        **dict.fromkeys("\u0671\u0672\u0673\u0675", "ا"),
        **dict.fromkeys("\u06c4\u06c5\u06c6\u06c7\u06c8\u06c9\u06ca\u06cb\u06cf", "و"),
        **dict.fromkeys("ıɪ", "i"),
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t", "ŋ": "n",
        "ß": "ss", "ə": "a",
        **dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-"),
        **dict.fromkeys("‘’‚‛ʼʻʹ′`´ʿʾ", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        "،": ",", "؛": ";", "؟": "?", "٪": "%", "٫": ".", "٬": ",", "۔": ".", "٭": "*", "⁄": "/", "∕": "/",
    }
)  # fmt: skip

# A token is, in this order: an e-mail address, a number with its separators, a code of ASCII letters and digits,
# a run of ASCII letters and digits (its apostrophes are dropped: o'brien), a run of digits, a word of any other script.
_JOINED = "a-z0-9"
_OTHER = "\u0900-\u0963\u0966-\u0dff\u0e01-\u0e3a\u0e40-\u0e4e\u0e80-\u0eff\u0f00-\u109f\u1780-\u17d3\u3099\u309a"
_TOKEN = re.compile(
    rf"[{_JOINED}][{_JOINED}._%+-]{{0,63}}@[{_JOINED}-]+(?:\.[{_JOINED}-]+)*"
    r"|\+?\d+(?:[-./:]\d+)+"
    rf"|(?=[a-z_/-]{{0,40}}\d)[{_JOINED}]+(?:[-_/][{_JOINED}]+)+"
    rf"|\+?[{_JOINED}]+(?:'[{_JOINED}]+)*"
    rf"|(?:[^\W_0-9a-z]|[{_OTHER}])+"
)


def fold(text: str) -> str:
    """Return the form of `text` that equal texts share: one line, single spaces, no case, no marks, ASCII digits.

    Arabic and Persian letter variants, presentation forms, diacritics, kashida, half-spaces and every other invisible
    character, Latin case and accents and digit scripts make no difference. Idempotent; never fails on any string,
    and its result can always be encoded as UTF-8.
    """
    if text.isascii():
        return " ".join(_INVISIBLE.sub(" ", text.lower()).replace("`", "'").split())
    # Twice: casefolding makes letters that decompose again, and the letter table works on decomposed ones only.
    folded = _plain(_plain(text).casefold())
    return " ".join(to_ascii(unicodedata.normalize("NFKC", folded)).split())


def squash(text: str) -> str:
    """Return `fold(text)` without its spaces, so that «محمد رضا», «محمد‌رضا» and «محمدرضا» are one."""
    return fold(text).replace(" ", "")


def tokens(text: str) -> list[str]:
    """Return the folded words of `text` in their order; punctuation separates.

    Identifiers stay whole: e-mail addresses, numbers with their separators (`4827-1936-50`, `1405/8/26`, `+98912…`) and
    codes of letters and digits (`a-12/b`). Digits written onto a Persian word are taken apart (`۹کیلومتر`).
    """
    return [match[0].replace("'", "") for match in _TOKEN.finditer(fold(text))]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", _INVISIBLE.sub(" ", text))
    return _INVISIBLE.sub(" ", _MARKS.sub("", decomposed)).translate(_LETTERS)

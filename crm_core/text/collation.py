"""Sorting of names as a Persian reader expects: آ ا ب پ … ن و ه ی, then digits, then Latin, then whatever else.

Python sorts by code point, which puts پ چ ژ ک گ ی behind the rest. The order is that of the Persian alphabet
(ISIRI 6219, and CLDR's collation for `fa`): 32 letters and آ before ا; no library is needed for it.
"""

import re
import unicodedata

from crm_core.text.folding import fold

ALPHABET = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"

# Folding makes آ and ا equal; this private-use character carries آ through it.
_MADDA = "\ue022"
_PLACES = {letter: place for place, letter in enumerate(ALPHABET.replace("آ", _MADDA))}
_PARTS = re.compile("[0-9]+|.", re.DOTALL)


def collation_key(text: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a key by which `sorted` puts texts in Persian alphabetical order.

    Word by word (a space or half-space comes before any letter); Arabic and Persian forms of a letter, case, accents
    and diacritics make no difference; numbers sort by their value in any digits. Texts equal in all this sort by their
    code points, so that the order is always the same.
    """
    folded = fold(unicodedata.normalize("NFC", text).replace("آ", _MADDA))
    return tuple(_place(part) for part in _PARTS.findall(folded)), text


def _place(part: str) -> tuple[int, int, str]:
    if part[0] in "0123456789":
        digits = part.lstrip("0")
        return 3, len(digits), digits
    if part in _PLACES:
        return 2, _PLACES[part], ""
    if part == " ":
        return 0, 0, ""
    if not part.isalpha():
        return 1, ord(part), ""
    return (4 if part.isascii() else 5), ord(part), ""

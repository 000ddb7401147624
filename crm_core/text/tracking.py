"""Tracking codes (کد رهگیری): ten random digits with a check digit, readable on the phone, typeable on a keypad.

The check digit is Damm's (H. M. Damm, "Total anti-symmetrische Quasigruppen", Marburg 2004; the table of order ten as
published there): it catches every single wrong digit and every swap of two neighbours. A code alone opens nothing.
"""

import re
import secrets

from crm_core.text.digits import localise, to_ascii
from crm_core.text.errors import InvalidIdentifier

LENGTH = 10

_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip

# What people and programs put between the groups: spaces, dashes of all kinds, dots, half-spaces, direction marks.
_SEPARATORS = re.compile("[\\s\\-.·_/\u00ad\u061c\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2066-\u2069\u2212\ufeffـ]")


def check_digit(digits: str) -> str:
    """Return Damm's check digit for a string of ASCII digits."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def new_code() -> str:
    """Return a fresh code: ten ASCII digits, unpredictable (`secrets`), the first never 0, the last the check digit.

    Codes are random, not unique: who stores one must claim it and draw again when it is taken.
    """
    body = str(10 ** (LENGTH - 2) + secrets.randbelow(9 * 10 ** (LENGTH - 2)))
    return body + check_digit(body)


def normalise_code(text: str) -> str:
    """Return the ten ASCII digits of a code typed with any digits, spaces or dashes.

    Raises InvalidIdentifier (a ValueError) with the code "empty", "characters", "length" or "checksum".
    """
    code = _SEPARATORS.sub("", to_ascii(text))
    if not code:
        raise InvalidIdentifier("empty")
    if not re.fullmatch("[0-9]+", code):
        raise InvalidIdentifier("characters")
    if len(code) != LENGTH or code[0] == "0":
        raise InvalidIdentifier("length")
    if check_digit(code) != "0":
        raise InvalidIdentifier("checksum")
    return code


def is_code(text: str) -> bool:
    """Say whether `text`, with any digits and separators, is a well-formed code (not whether it was ever given)."""
    try:
        normalise_code(text)
    except InvalidIdentifier:
        return False
    return True


def group_code(code: str) -> str:
    """Return a normalised code in the groups it is shown and read aloud in: `4827193650` as `4827-1936-50`."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def code_in_words(code: str) -> dict[str, str]:
    """Return a normalised code as it stands inside a sentence of each language, ``{"fa": …, "en": …}``.

    The groups are isolated (U+2066, U+2069): without that a line of Persian would show them in reverse order.
    """
    return {locale: f"\u2066{localise(group_code(code), locale)}\u2069" for locale in ("fa", "en")}

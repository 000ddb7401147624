"""Identifiers of people and organisations: checked, brought to the one form they are stored and compared in, and shown.

Every function takes what a person typed (any digits, separators, half-spaces) and returns the normal form or raises
InvalidIdentifier with a stable word; the sentence belongs to the caller.
"""

import re
import unicodedata
from collections.abc import Callable
from types import MappingProxyType

from crm_core.text.digits import to_ascii
from crm_core.text.emails import email
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.folding import fold, squash
from crm_core.text.phones import display_phone, phone, phone_prefix

__all__ = [
    "SCHEMES", "InvalidIdentifier", "display", "email", "external", "legal_id", "messenger", "national_id", "normalise",
    "passport", "phone", "phone_prefix", "postal_code", "sheba",
]  # fmt: skip

EXTERNAL_MAX = 200  # characters; ids of other systems are UUIDs, URNs or short codes
MESSENGER_MAX = 32  # characters; Telegram's limit, which Bale and Eitaa took over


def _digits(text: str) -> str:
    """Return the ASCII digits of a text that holds nothing but digits and separators."""
    plain = re.sub(r"[ ./_-]", "", fold(text))
    if not plain:
        raise InvalidIdentifier("empty")
    if not re.fullmatch("[0-9]+", plain):
        raise InvalidIdentifier("characters")
    return plain


def national_id(text: str) -> str:
    """Return the ten digits of an Iranian national id (کد ملی).

    Eight or nine digits are filled up with zeros on the left, as spreadsheets drop them. The check digit is the
    weighted sum of the first nine (weights 10 to 2) modulo 11, taken from 11 when it is 2 or more (National
    Organization for Civil Registration). Ten equal digits pass that sum but are never issued. Codes: "empty",
    "characters", "length", "repeated", "checksum".
    """
    digits = _digits(text)
    if not 8 <= len(digits) <= 10:
        raise InvalidIdentifier("length")
    if len(set(digits)) == 1:
        raise InvalidIdentifier("repeated")
    digits = digits.zfill(10)
    rest = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    if int(digits[9]) != (rest if rest < 2 else 11 - rest):
        raise InvalidIdentifier("checksum")
    return digits


def legal_id(text: str) -> str:
    """Return the eleven digits of an Iranian organisation's id (شناسهٔ ملی اشخاص حقوقی).

    Check digit: the tenth digit plus two is added to each of the first ten, these are weighted 29, 27, 23, 19, 17
    twice, and the sum modulo 11 (10 counts as 0) is the eleventh. Digits four to nine are never all zero. Codes:
    "empty", "characters", "length", "repeated", "checksum".
    """
    digits = _digits(text)
    if len(digits) != 11:
        raise InvalidIdentifier("length")
    if len(set(digits)) == 1 or digits[3:9] == "000000":
        raise InvalidIdentifier("repeated")
    offset = int(digits[9]) + 2
    weights = (29, 27, 23, 19, 17) * 2
    total = sum((int(digit) + offset) * weight for digit, weight in zip(digits, weights, strict=False))
    if total % 11 % 10 != int(digits[10]):
        raise InvalidIdentifier("checksum")
    return digits


def postal_code(text: str) -> str:
    """Return the ten digits of an Iranian postal code.

    Iran Post uses no 2 anywhere and no 0 in the first five digits (both are misread in Persian handwriting), no 5 in
    the fifth place, and no four equal digits at the beginning. Codes: "empty", "characters", "length", "repeated",
    "prefix".
    """
    digits = _digits(text)
    if len(digits) != 10:
        raise InvalidIdentifier("length")
    if len(set(digits[:4])) == 1:
        raise InvalidIdentifier("repeated")
    if not re.fullmatch("[13-9]{4}[1346-9][013-9]{5}", digits):
        raise InvalidIdentifier("prefix")
    return digits


def sheba(text: str) -> str:
    """Return an Iranian IBAN (شبا) as `IR` and 24 digits; the letters may have been left out.

    Checked by ISO 13616 / ISO 7064 MOD 97-10. Codes: "empty", "characters", "prefix", "length", "checksum".
    """
    plain = re.sub("[ .-]", "", fold(text)).upper()
    if not plain:
        raise InvalidIdentifier("empty")
    if not re.fullmatch("[A-Z]{0,2}[0-9]+", plain):
        raise InvalidIdentifier("characters")
    if plain[0].isalpha() and not plain.startswith("IR"):
        raise InvalidIdentifier("prefix")
    digits = plain.removeprefix("IR")
    if len(digits) != 24:
        raise InvalidIdentifier("length")
    if int(f"{digits[2:]}1827{digits[:2]}") % 97 != 1:  # I = 18, R = 27
        raise InvalidIdentifier("checksum")
    return f"IR{digits}"


def passport(text: str) -> str:
    """Return a passport number in capitals: 5 to 9 letters and digits, at least one digit (ICAO Doc 9303, MRZ field).

    Codes: "empty", "characters", "length".
    """
    plain = re.sub("[ .-]", "", fold(text)).upper()
    if not plain:
        raise InvalidIdentifier("empty")
    if not re.fullmatch("[A-Z0-9]+", plain) or not re.search("[0-9]", plain):
        raise InvalidIdentifier("characters")
    if not 5 <= len(plain) <= 9:
        raise InvalidIdentifier("length")
    return plain


def messenger(text: str) -> str:
    """Return the id of a Telegram, Bale or Eitaa account: a user name in small letters without @, or a numeric id.

    Links (`https://t.me/name`, `ble.ir/name`, `eitaa.com/name`) are taken apart. User names have 4 to 32 letters,
    digits and underscores and begin with a letter; upper case is the same account (Telegram, "Usernames"). Codes:
    "empty", "characters", "length".
    """
    plain = squash(text)
    plain = re.sub(r"^(?:https?://)?(?:www\.)?(?:t|telegram|ble|eitaa)\.(?:me|ir|com)/", "", plain)
    plain = plain.removeprefix("@").rstrip("/")
    if not plain:
        raise InvalidIdentifier("empty")
    if not re.fullmatch("[a-z][a-z0-9_]*|-?[0-9]+", plain):
        raise InvalidIdentifier("characters")
    if not 4 <= len(plain) <= MESSENGER_MAX:
        raise InvalidIdentifier("length")
    return plain


def external(text: str) -> str:
    """Return an id given by another system: invisible characters gone, spaces collapsed, digits ASCII, case kept.

    Codes: "empty", "length" (more than EXTERNAL_MAX characters).
    """
    visible = "".join(" " if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in to_ascii(text))
    plain = " ".join(unicodedata.normalize("NFC", visible).split())
    if not plain:
        raise InvalidIdentifier("empty")
    if len(plain) > EXTERNAL_MAX:
        raise InvalidIdentifier("length")
    return plain


_NORMALISERS: MappingProxyType[str, Callable[[str], str]] = MappingProxyType(
    {
        "phone": phone, "email": email, "national_id": national_id, "legal_id": legal_id, "passport": passport,
        "telegram": messenger, "bale": messenger, "eitaa": messenger, "whatsapp": phone, "external": external,
        "postal_code": postal_code,
    }
)  # fmt: skip
SCHEMES = tuple(_NORMALISERS)


def normalise(scheme: str, text: str) -> str:
    """Return `text` in the normal form of an identifier scheme (one of SCHEMES); raise InvalidIdentifier.

    An unknown scheme raises it with the code "scheme".
    """
    if scheme not in _NORMALISERS:
        raise InvalidIdentifier("scheme")
    return _NORMALISERS[scheme](text)


def display(scheme: str, value: str) -> str:
    """Return a stored value as people read it, in ASCII digits (the page localises them): phones and codes in groups.

    Never fails: an unknown scheme or an odd value comes back as it is.
    """
    if scheme in {"phone", "whatsapp"}:
        return display_phone(value)
    if scheme in {"telegram", "bale", "eitaa"} and value[:1].isalpha():
        return f"@{value}"
    if scheme == "national_id" and len(value) == 10:
        return f"{value[:3]} {value[3:9]} {value[9]}"
    if scheme == "postal_code" and len(value) == 10:
        return f"{value[:5]}-{value[5:]}"
    return value

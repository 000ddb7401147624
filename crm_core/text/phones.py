"""Phone numbers as citizens say them, kept as E.164, found by their first digits, shown the way Iran writes them.

Parsing is libphonenumber's (the `phonenumbers` package). Numbers are judged by their length, not by the list of ranges
in use, because that list is older than the newest operator and a desk must be able to note whatever number rings.
"""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from crm_core.text.digits import to_ascii
from crm_core.text.errors import InvalidIdentifier
from crm_core.text.folding import fold

IRAN = 98
IRANIAN = f"+{IRAN}"
# Iranian numbers have ten digits after the 0, mobile and fixed alike; shorter ones are public codes (110, 1505, 021110)
# or local numbers without their area code, which mean somebody else in the next town.
IRAN_LENGTH = 10

_ALLOWED = re.compile(r"\+?[0-9 ().-]+")
_NUMBER_MAX = 40  # far beyond E.164's fifteen digits with any punctuation


def _typed(text: str) -> str:
    """Return what was typed with ASCII digits, plain spaces and dashes, without `tel:`; raise on anything else."""
    plain = fold(text).removeprefix("tel:").strip()
    # A plus after the digits is the leading one of a field that was typed right to left.
    plain = re.sub(r"^([0-9 ().-]+)\+$", r"+\1", plain).replace("+ ", "+")
    if not plain:
        raise InvalidIdentifier("empty")
    if not _ALLOWED.fullmatch(plain):
        raise InvalidIdentifier("characters")
    if len(plain) > _NUMBER_MAX:
        raise InvalidIdentifier("length")
    return plain


def phone(text: str, region: str = "IR") -> str:
    """Return the E.164 form (`+989120000147`) of a number typed with any digits, spaces, dashes, 0, 98, 0098 or +98.

    `region` is the ISO 3166 code whose dialling rules apply where no country is given. Raises InvalidIdentifier with
    the code "empty", "characters", "length" (too short, too long, without its area code, a public short code) or
    "prefix" (no such country or area).
    """
    typed = _typed(text)
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as error:
        known = error.error_type != NumberParseException.INVALID_COUNTRY_CODE
        raise InvalidIdentifier("length" if known else "prefix") from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidIdentifier("length")
    if number.country_code == IRAN:
        national = _national(number)
        if len(national) != IRAN_LENGTH or national[0] == "0":
            raise InvalidIdentifier("length")
        if national.startswith(str(IRAN)):  # no area or operator has 98: the country was typed in front of a rest
            raise InvalidIdentifier("prefix")
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def phone_prefix(text: str) -> list[str]:
    """Return the E.164 beginnings that an incomplete number may mean, best first; empty when it cannot be one.

    `0912`, `912`, `98912`, `0098912`, `+98912` all mean `+98912`; `+1415` and `001415` mean `+1415`. At least three
    digits must have been typed. Never raises: it serves a field in which a person may be typing anything.
    """
    try:
        typed = _typed(text)
    except InvalidIdentifier:
        return []
    digits = re.sub("[^0-9]", "", typed)
    if len(digits) < 3 or len(digits) > 17:
        return []
    if typed.startswith("+") or digits.startswith("00"):
        digits = digits if typed.startswith("+") else digits[2:]
        if not digits.startswith(str(IRAN)):
            return [f"+{digits}"] if len(digits) >= 3 and digits[0] != "0" and len(digits) <= 15 else []
    # From here on Iranian, where no number begins with 98 or 0: a leading 98 is the country's and a 0 the trunk's.
    national = digits.removeprefix(str(IRAN)).removeprefix("0")
    if not national or national[0] == "0" or len(national) > IRAN_LENGTH:
        return []
    return [f"+{IRAN}{national}"]


def display_phone(value: str) -> str:
    """Return an E.164 value as people read it, in ASCII digits: `0912 000 01 47`, `021 5500 00 18`, `+1 415-555-2671`.

    A value that is no phone number comes back unchanged: what is stored must stay visible.
    """
    if value.startswith(IRANIAN) and len(value) == len(IRANIAN) + IRAN_LENGTH and _is_national(value[len(IRANIAN) :]):
        return _grouped(value[len(IRANIAN) :])  # nearly all: a page of hits shows thirty, and parsing is slow
    try:
        number = phonenumbers.parse(to_ascii(value), None)
    except NumberParseException:
        return value
    if number.country_code != IRAN:
        return str(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))
    digits = _national(number)
    if len(digits) != IRAN_LENGTH:
        return f"0{digits}"
    return _grouped(digits)


def _grouped(digits: str) -> str:
    """The ten digits of an Iranian number as they are read aloud."""
    if digits[0] == "9":
        return f"0{digits[:3]} {digits[3:6]} {digits[6:8]} {digits[8:]}"
    return f"0{digits[:2]} {digits[2:6]} {digits[6:8]} {digits[8:]}"


def _is_national(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal() and digits[0] != "0"


def _national(number: PhoneNumber) -> str:
    return str(phonenumbers.national_significant_number(number))

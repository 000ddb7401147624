"""Digits of any script turned into ASCII for storage and comparison, and into Persian ones for display.

People type ۰۹۱۲, ٠٩١٢ and 0912 for the same number, so values are stored in ASCII and converted when rendered.
"""

import re
import unicodedata
from functools import lru_cache

PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"

# Any decimal digit (Unicode category Nd) that is not ASCII yet.
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_TO_PERSIAN = str.maketrans("0123456789", PERSIAN_DIGITS)


def to_ascii(text: str) -> str:
    """Return `text` with every decimal digit of any script (Unicode Nd) as 0-9; all else is left as it is."""
    if text.isascii():
        return text
    return _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)


def to_persian(text: str) -> str:
    """Return `text` with every decimal digit of any script as ۰-۹ (U+06F0 to U+06F9)."""
    return to_ascii(text).translate(_TO_PERSIAN)


def localise(text: str, locale: str) -> str:
    """Return `text` with its digits as the locale shows them: Persian for `fa` (also `fa_IR`, `fa-IR`), else ASCII."""
    return to_persian(text) if is_persian(locale) else to_ascii(text)


@lru_cache(maxsize=32)
def is_persian(locale: str) -> bool:
    """Say whether a locale name such as `fa`, `fa_IR` or `fa-IR` asks for Persian."""
    return locale.replace("-", "_").split("_")[0].lower() == "fa"

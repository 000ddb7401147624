"""Names of uploaded files made safe to store, show and send back, with their Persian letters kept.

The rules are those of the strictest systems a name may travel to: path parts, control characters, direction overrides,
device names of Windows, endings with dots or spaces, and length in UTF-8.
"""

from __future__ import annotations

import re
import unicodedata

MAX_BYTES = 180
"""Longest name in UTF-8. File systems take 255; some room is left for numbers that a copy adds."""

# Reserved by Windows with any ending (Microsoft, "Naming Files, Paths, and Namespaces").
_DEVICES = re.compile(r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*%;`$\x00-\x1f\x7f]')
# ZWNJ and ZWJ shape Persian words and stay; all other invisible and direction marks can make a name lie.
_KEPT_MARKS = "\u200c\u200d"


def safe_name(name: str, endings: tuple[str, ...] = (), fallback: str = "file") -> str:
    """``name`` without anything dangerous, and with one of ``endings`` (lower case, no dot; the first is added).

    Never empty, at most `MAX_BYTES` long in UTF-8, NFC. The result is a name, never a path.
    """
    # Bytes that were no text come from the form parser as lone surrogates.
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    text = re.split(r"[/\\]", text)[-1]
    text = "".join(char for char in text if char in _KEPT_MARKS or unicodedata.category(char)[0] != "C")
    text = _FORBIDDEN.sub("_", text)
    text = re.sub(r"\s+", " ", text).strip(" .")
    if _DEVICES.fullmatch(text):
        text = f"_{text}"
    stem, dot, ending = text.rpartition(".")
    if endings and (not dot or ending.lower() not in endings):
        stem, ending = text, endings[0]
    elif not dot:
        stem, ending = text, ""
    stem = stem.strip(" .") or fallback
    return _shorten(stem, f".{ending}" if ending else "")


def _shorten(stem: str, ending: str) -> str:
    room = MAX_BYTES - len(ending.encode())
    if room < 1:
        return _shorten(stem + ending, "")
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + ending


def isolated(name: str) -> str:
    """``name`` between Unicode's isolates (UAX 9), so that inside a sentence it turns nothing around."""
    return f"\u2068{name}\u2069"

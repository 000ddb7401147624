"""Plain data: what plugins may store. JSON-like values only, so that history stays readable without their code."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

MAX_DEPTH = 20
Plain = Any
"""None, bool, int, finite float, str, list of Plain, dict of str to Plain."""


class NotPlain(ValueError):
    """The value holds something that is not plain data; the message names the place."""


class NotText(NotPlain):
    """The value holds text that no encoding knows (half a character), as only a broken or hostile sender sends it."""


def word(value: str) -> str:
    """A text as plain text: a member of an enumeration or another subclass loses its class, by which it would be
    pickled. Raises NotText for what no encoding knows, NotPlain for what is no text at all."""
    if not isinstance(value, str):
        raise NotPlain(f"{type(value).__module__}.{type(value).__qualname__} is no text")
    text: str = check(str.__str__(value))
    return text


def readable(text: str) -> str:
    """A text as it can be encoded: what no encoding knows is written as an escape, for logs and administrators."""
    return str.__str__(text).encode("utf-8", "backslashreplace").decode()


def check(value: Plain, path: str = "value", depth: int = 0) -> Plain:
    """``value`` itself when it is plain data (tuples become lists), else raise `NotPlain`.

    Text must be encodable as UTF-8; subclasses (enum members, lazy strings) are refused because they would be
    pickled by their class.
    """
    if depth > MAX_DEPTH:
        raise NotPlain(f"{path} is nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if value is None or kind in (bool, int):
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise NotPlain(f"{path} is not a finite number")
    if kind is str:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise NotText(f"{path} holds text that is not Unicode: {error.reason}") from None
        return value
    if kind in (list, tuple):
        return [check(item, f"{path}[{n}]", depth + 1) for n, item in enumerate(value)]
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise NotPlain(f"{path} has the key {key!r}, keys must be text")
            check(key, f"a key of {path}")
        return {key: check(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    hint = "; give its text, such as the value of a StrEnum" if isinstance(value, str) else ""
    raise NotPlain(f"{path} is {kind.__module__}.{kind.__qualname__}, not plain data{hint}")


def digest(value: Plain) -> str:
    """SHA-256 (hex) over the canonical JSON of plain data: equal data has an equal digest."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""The shape of what a contribution says, told by the annotations of its dataclass: a plugin's words are made plain text
before anything keeps them, and what is no text, number or tuple of them is refused in words.

Python checks no annotation, and a member of an enumeration passes for text until it is stored: then it is stored by a
class that goes away with its plugin.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import colander
from translationstring import TranslationString

from crm_core import contributions as c
from crm_core.fields import Form
from crm_core.i18n import Labels, Text, Translator
from crm_core.model import plain
from crm_core.model.request import Category

One = TypeVar("One")
MOST_DAYS = 36_500
"""Days that a deadline or a time of keeping lasts at most: a hundred years."""


class Misshapen(ValueError):
    """A value that is not what it must be; the message says what it had to be, as “no whole number”."""


class InPart(Misshapen):
    """A part of a contribution is not what it must be; the message is the end of a whole sentence."""


def word(value: object) -> str:
    """A text in no language (an id, a name) as plain text. Raises Misshapen."""
    if not isinstance(value, str):
        raise Misshapen("no text")
    try:
        return plain.word(value)
    except plain.NotPlain as error:
        raise Misshapen("no text in Unicode") from error


def text(value: object) -> Text:
    """A text for people, translatable or in its final words, of no class of a plugin. Raises Misshapen."""
    return value if type(value) is TranslationString else word(value)


def labels(text: object, translator: Translator) -> Labels:
    """A text for people in every language, as plain text. Raises Misshapen."""
    if not isinstance(text, str):
        raise Misshapen("no text")
    try:
        return {language: word(words) for language, words in translator.labels(text).items()}
    except Misshapen:
        raise
    except Exception as error:
        raise Misshapen("no text that can be read") from error


def whole(value: object) -> int:
    """A whole number. Raises Misshapen, also for yes and no."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Misshapen("no whole number")
    return int(value)


def pair(value: object) -> tuple[Any, Any]:
    """A tuple of two. Raises Misshapen."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Misshapen("no pair")
    return value[0], value[1]


def days(value: object) -> int:
    """A whole number of days. Raises Misshapen for one below zero or above a hundred years."""
    if not 0 <= (found := whole(value)) <= MOST_DAYS:
        raise Misshapen(f"no number of days between 0 and {MOST_DAYS}")
    return found


def settled(kind: type[One], one: One, translator: Translator) -> One:
    """A contribution as its ``kind`` itself, its words plain. Raises Misshapen with all that is wrong with it, as ends
    of a sentence that begins with its name."""
    found: dict[str, Any] = {}
    wrong = []
    for field in fields(kind):  # type: ignore[arg-type]
        value = getattr(one, field.name)
        try:
            found[field.name] = _shape(str(field.type))(value, translator)
        except InPart as error:
            wrong.append(str(error))
        except Misshapen as error:
            empty = field.name == "title" and not value
            wrong.append("has no title" if empty else f"has {shown(value)} as its {field.name}, which is {error}")
    if wrong:
        raise Misshapen("; ".join(wrong))
    return kind(**found)


def shown(value: object) -> str:
    """A value in a sentence for administrators, cut where it is long; never raises."""
    try:
        return plain.readable(reprlib.repr(value))
    except Exception:  # noqa: BLE001  # whatever a plugin’s class does when it is shown
        return f"something of the type {type(value).__name__}"


# ── by annotation ────────────────────────────────────────────────────────────────────────────────────────────

Shape = Callable[[Any, Translator], Any]


def _word(value: Any, _translator: Translator) -> str:
    return word(value)


def _text(value: Any, translator: Translator) -> Text:
    labels(value, translator)
    return text(value)


def _whole(value: Any, _translator: Translator) -> int:
    return whole(value)


def _yes_or_no(value: Any, _translator: Translator) -> bool:
    if not isinstance(value, bool):
        raise Misshapen("neither True nor False")
    return value


def _category(value: Any, _translator: Translator) -> Category:
    try:
        return Category(value)
    except ValueError as error:
        raise Misshapen(f"no Category ({', '.join(str(one) for one in Category)})") from error


def _form(value: Any, _translator: Translator) -> type[Form]:
    if not (isinstance(value, type) and issubclass(value, Form)):
        raise Misshapen("no class made from crm_core.api.Form")
    return value


def _node(value: Any, _translator: Translator) -> colander.SchemaNode:
    if not isinstance(value, colander.SchemaNode):
        raise Misshapen("no field of crm_core.api.fields")
    return value


def _as_it_is(value: Any, _translator: Translator) -> Any:
    return value  # functions, and values whose shape another field decides: looked at by `offers`


def _several(shape: Shape, words: str, kind: type = tuple) -> Shape:
    """A collection of one shape; a single text is none, though Python would take its letters."""

    def check(value: Any, translator: Translator) -> Any:
        if isinstance(value, str) or not isinstance(value, tuple | list | set | frozenset):
            raise Misshapen(f"no {words}")
        try:
            return kind(shape(item, translator) for item in value)
        except InPart:
            raise
        except Misshapen as error:
            raise Misshapen(f"no {words} ({error})") from error

    return check


def _titled(value: Any, translator: Translator) -> tuple[str, Text]:
    name, title = pair(value)
    return word(name), _text(title, translator)


def _parts(kind: type[One]) -> Shape:
    """A tuple of smaller dataclasses."""

    def part(value: Any, translator: Translator) -> One:
        if not isinstance(value, kind):
            raise Misshapen(f"{shown(value)} is none")
        try:
            return settled(kind, value, translator)
        except Misshapen as error:
            raise InPart(f"has a {kind.__name__} that {error}") from error

    return _several(part, f"tuple of {kind.__name__}(…)")


SHAPES: Mapping[str, Shape] = {
    "str": _word, "Text": _text, "int": _whole, "bool": _yes_or_no, "Category": _category, "type[Form]": _form,
    "colander.SchemaNode": _node, "Value": _as_it_is,
    "int | None": lambda value, translator: None if value is None else whole(value),
    "tuple[str, ...]": _several(_word, "tuple of texts"), "tuple[Text, ...]": _several(_text, "tuple of texts"),
    "frozenset[str]": _several(_word, "set of texts", frozenset),
    "tuple[tuple[str, Text], ...]": _several(_titled, "tuple of pairs of a name and a title"),
    "tuple[Status, ...]": _parts(c.Status), "tuple[Transition, ...]": _parts(c.Transition),
    "tuple[Column, ...]": _parts(c.Column), "tuple[ApprovalBy, ...]": _parts(c.ApprovalBy),
}
"""Annotation of a field → what its value must be; functions are `offers`' to look at."""


def _shape(annotation: str) -> Shape:
    return _as_it_is if "Callable" in annotation else SHAPES[annotation]


def unknown(kinds: Iterable[type]) -> list[str]:
    """Annotations of these dataclasses that nobody gave a shape: none, as a test sees to it."""
    return [str(field.type) for kind in kinds if is_dataclass(kind) for field in fields(kind)
            if "Callable" not in str(field.type) and field.type not in SHAPES]

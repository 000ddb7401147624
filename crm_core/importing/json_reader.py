"""JSON lists of flat objects, such as Open311 GeoReport v2 answers: a broken file is an error, a bad element refused.

The whole file is parsed before the first row is given out, so that a truncated download imports nothing by halves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from crm_core.i18n import Text, TextFactory
from crm_core.importing import reasons
from crm_core.importing.rows import MAX_COLUMNS, MAX_TEXT, ImportFailed, Record, Refusal, Rejected
from crm_core.importing.source import Source, whole_text

_ = TextFactory("crm_core")

MAX_BYTES = 100_000_000
"""A larger file is refused: parsing takes several times its size in memory."""


class _NoNumber:
    """Stands for NaN and infinities, which JSON has no words for but Python reads."""


class _Number(str):
    """A number in its own digits: 94109, 37.787064, and those with thousands of digits."""


def parse(source: Source, encoding: str, items: str = "") -> list[Any]:
    """The elements of the list in ``source``: the top one, or that under the key ``items`` or the only key with a list.

    Raises `ImportFailed`.
    """
    if source.total_bytes > MAX_BYTES:
        raise ImportFailed(
            _("The file “${file}” is larger than ${limit} MB. Split it, or bring it as CSV.",
              mapping={"file": reasons.shown(source.name), "limit": MAX_BYTES // 1_000_000})
        )
    text = whole_text(source, encoding)
    if not text.strip():
        raise ImportFailed(_("The file “${file}” is empty.", mapping={"file": reasons.shown(source.name)}))
    try:
        data = json.loads(
            text, parse_int=_Number, parse_float=_Number, parse_constant=lambda _name: _NoNumber()
        )
    except json.JSONDecodeError as error:
        raise _broken(
            source,
            _("line ${line}, column ${column}: ${why}",
              mapping={"line": error.lineno, "column": error.colno, "why": error.msg}),
        ) from error
    except RecursionError as error:
        raise _broken(source, _("it is nested too deeply")) from error
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        if items and isinstance(data.get(items), list):
            return data[items]
        lists = [value for value in data.values() if isinstance(value, list)]
        if len(lists) == 1 and len(data) == 1:
            return lists[0]
        return [data]
    raise _broken(source, _("it is neither a list nor an object"))


def _broken(source: Source, why: Text) -> ImportFailed:
    return ImportFailed(
        _("The file “${file}” is not readable JSON: ${why}", mapping={"file": reasons.shown(source.name), "why": why})
    )


def records(elements: Sequence[Any]) -> Iterator[Record | Rejected]:
    """Elements as records; their line is the element's number, from 1."""
    for number, element in enumerate(elements, start=1):
        try:
            yield _record(number, element)
        except Refusal as refusal:
            yield Rejected(number, refusal.reason, refusal.code)


def _record(number: int, element: object) -> Record:
    if not isinstance(element, dict):
        raise reasons.not_an_object()
    if len(element) > MAX_COLUMNS:
        raise reasons.too_many(MAX_COLUMNS)
    values: dict[str, str] = {}
    nested: set[str] = set()
    for name, value in element.items():
        if value is None:
            values[name] = ""
        elif isinstance(value, bool):
            values[name] = "true" if value else "false"
        elif isinstance(value, str):
            values[name] = str(value)
        elif isinstance(value, _NoNumber):
            raise reasons.not_a_number(name, "NaN")
        else:
            values[name] = _nested(name, value)
            nested.add(name)
    return Record(number, values, frozenset(nested))


def _nested(name: str, value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (TypeError, RecursionError, ValueError) as error:  # TypeError: a NaN inside
        raise reasons.not_a_value(name) from error
    if len(text) > MAX_TEXT:
        raise reasons.too_long(name, MAX_TEXT)
    return "" if not value else text

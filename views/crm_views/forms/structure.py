"""Groups and rows: the widgets of mappings and sequences, the names of their fields, and the shape of what is posted.

Every field gets a readable id by its place (``f-witnesses-1-phone``), so that links of the error summary, labels and
tests can name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import colander
from deform import Field
from deform import widget as stock

from crm_core.i18n import TextFactory
from crm_views.forms.files import FileWidget
from crm_views.forms.messages import MALFORMED
from crm_views.forms.widgets import show_of

_ = TextFactory("crm_views")

NUMBER = "__n__"
"""Stands for a row's number in the prototype that the script copies."""
PROTOTYPE = "__prototype__"
"""A control in that prototype: programs that read forms without knowing ``<template>`` send it, and it is dropped."""
MOST_COLUMNS = 4
ROWS_AT_MOST = 200
"""A form with more rows than this was not filled in by a person."""


class MappingWidget(stock.MappingWidget):
    """A group of fields in a fieldset."""

    kind = "structure"
    wide = True
    hidden = False
    requirements = ()


class FormWidget(MappingWidget):
    """The whole form."""

    template = "form"
    readonly_template = "readonly/form"
    item_template = "mapping_item"


class SequenceWidget(stock.SequenceWidget):
    """Rows: a table where the fields fit beside each other, else one group below the other.

    Rows left blank are dropped. Adding and removing works with the script and, by the server, without it.
    """

    kind = "structure"
    wide = True
    hidden = False
    requirements = ()

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        values = [] if cstruct in (colander.null, None) else list(cstruct)
        rows = getattr(field, "sequence_fields", None)
        if rows is None:
            rows = []
            for value in values:
                row = self.row(field, len(rows))
                row.cstruct = value
                rows.append(row)
        while len(rows) < max(self.min_len or 0, 1 if field.required else 0):
            rows.append(self.row(field, len(rows)))
        readonly = kw.get("readonly", self.readonly)
        item = field.children[0]
        prototype = self.row(field, NUMBER)
        as_table = bool(item.children) and len(item.children) <= MOST_COLUMNS and not any(
            child.children or getattr(child.widget, "wide", False) for child in item.children
        )
        for row in (*rows, prototype):
            for child in row.children:
                child.in_table = as_table
        kw |= {"rows": rows, "item": item, "prototype": prototype, "as_table": as_table,
               "item_title": show_of(field).text(item.title)}
        values = self.get_template_values(field, cstruct, kw)
        return str(field.renderer(self.readonly_template if readonly else self.template, **values))

    def row(self, field: Field, number: int | str) -> Field:
        """A new row of the sequence, blank."""
        row = field.children[0].clone()
        name_fields(row, f"{field.oid}-{number}", f"{field.path}.{number}")
        row.number = number
        return row

    def deserialize(self, field: Field, pstruct: Any) -> list[Any]:
        if pstruct is colander.null or pstruct is None:
            pstruct = []
        if not isinstance(pstruct, list):
            raise colander.Invalid(field.schema, MALFORMED, [])
        result: list[Any] = []
        error: colander.Invalid | None = None
        field.sequence_fields = []
        for posted in self._filled(field, pstruct):
            row = self.row(field, len(result))
            try:
                value = row.deserialize(posted)
            except colander.Invalid as refused:
                value = refused.value
                error = error or colander.Invalid(field.schema, value=result)
                error.add(refused, len(result))
            row.cstruct = colander.null if value is None else value
            result.append(value)
            field.sequence_fields.append(row)
        if error is not None:
            raise error
        return result

    def _filled(self, field: Field, posted: list[Any]) -> list[Any]:
        """The rows that count; while rows are only being added or removed, blank ones stay."""
        keep = getattr(field, "keep_blank", False)
        filled = [part for part in posted if not is_blank(part) or (keep and not isinstance(part, str))]
        return filled[:ROWS_AT_MOST]


def keep_blank_rows(field: Field) -> None:
    """Let every sequence below ``field`` keep rows in which nothing is filled in yet."""
    field.keep_blank = True
    for child in field.children:
        keep_blank_rows(child)


def is_blank(posted: Any) -> bool:
    """Whether nothing was filled in below ``posted`` (a peppercorn structure)."""
    if isinstance(posted, dict):
        return all(is_blank(part) for part in posted.values())
    if isinstance(posted, list):
        return all(is_blank(part) for part in posted)
    if isinstance(posted, str):
        return not posted.strip()
    return posted in (b"", None, colander.null)


def name_fields(field: Field, oid: str, path: str) -> None:
    """Give ``field`` the id ``oid`` and the ``path`` by which buttons and errors name it, and its parts theirs."""
    field.oid = re.sub(r"\s+", "_", oid)
    field.path = path
    for child in field.children:
        name_fields(child, f"{field.oid}-{child.name}", f"{path}.{child.name}")


def walk(field: Field, above: tuple[Field, ...] = ()) -> Iterator[tuple[Field, tuple[Field, ...]]]:
    """All fields below ``field`` in the order they are shown, each with the rows it lies in.

    The rows of a sequence come in place of its prototype.
    """
    in_rows = isinstance(field.widget, stock.SequenceWidget)
    for child in getattr(field, "sequence_fields", ()) if in_rows else field.children:
        yield child, above
        yield from walk(child, (*above, child) if in_rows else above)


def labelled(field: Field, above: tuple[Field, ...], show: Any) -> str:
    """The name of a field in an error summary, with the rows it lies in: «شاهد ۲، تلفن»."""
    words = [
        f"{show.text(one.title)} {show.number(one.number + 1)}" if hasattr(one, "number") else show.text(one.title)
        for one in (*above, field)
    ]
    return str(show.text(_(", ")).join(words))


def shaped(field: Field, posted: Any) -> tuple[Any, list[Field]]:
    """``posted`` cut to the shape of the form, and the fields whose part of it could not be used.

    A browser never sends another shape; a tampered post does, and neither deform nor colander expects it.
    """
    if isinstance(field.widget, stock.SequenceWidget):
        return _shaped_rows(field, posted)
    if isinstance(field.widget, stock.MappingWidget):
        return _shaped_group(field, posted)
    if posted is colander.null or isinstance(posted, str) or isinstance(field.widget, FileWidget):
        return posted, []
    if isinstance(field.schema.typ, colander.Set | colander.Sequence) and isinstance(posted, list):
        return posted, []
    return colander.null, [field]


def _shaped_group(field: Field, posted: Any) -> tuple[Any, list[Field]]:
    if posted is colander.null:
        return colander.null, []
    if not isinstance(posted, dict):
        return colander.null, [field]
    result: dict[str, Any] = {}
    wrong: list[Field] = []
    for child in field.children:
        if child.name in posted:
            result[child.name], more = shaped(child, posted[child.name])
            wrong += more
    return result, wrong


def _shaped_rows(field: Field, posted: Any) -> tuple[Any, list[Field]]:
    if posted is colander.null:
        return [], []
    if not isinstance(posted, list):
        return [], [field]
    rows: list[Any] = []
    wrong: list[Field] = []
    for part in posted:
        if isinstance(part, dict) and PROTOTYPE in part:
            continue
        row, more = shaped(field.children[0], part)
        rows.append(row)
        wrong += [field] if more else []
    return rows, wrong


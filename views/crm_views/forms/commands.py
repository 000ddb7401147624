"""What a form's small buttons do without a script: one more row, one row less, one file less; nothing is checked then.

Such a button is named `CONTROL` and says what to do: ``add:PATH``, ``remove:PATH:ROW``, ``drop:PATH:UID``; a path is
field names and row numbers with dots between.
"""

from __future__ import annotations

from typing import Any

import colander
import deform
from deform import Field
from deform import widget as stock

CONTROL = "__do__"


def find(form: deform.Form, path: str) -> Field | None:
    """The field at ``path``, with row numbers where there are rows; None when there is none."""
    field: Field = form
    for step in path.split("."):
        rows = getattr(field, "sequence_fields", None) if isinstance(field.widget, stock.SequenceWidget) else None
        if rows is not None:
            if not step.isdecimal() or int(step) >= len(rows):
                return None
            field = rows[int(step)]
        else:
            inner = next((child for child in field.children if child.name == step), None)
            if inner is None:
                return None
            field = inner
    return field


def apply(form: deform.Form, posted: dict[str, Any], command: str) -> None:
    """Change ``posted`` (shaped as the form) as ``command`` says; a command that fits nothing changes nothing."""
    what, _colon, rest = command.partition(":")
    path, _colon, last = rest.partition(":")
    parent, name = _parent(posted, path)
    if not isinstance(parent, dict) or not name:
        return
    inside = parent.get(name)
    if what == "add" and _has_rows(form, path):
        parent[name] = [*(inside if isinstance(inside, list) else ()), colander.null]
    elif isinstance(inside, list) and what == "remove" and last.isdecimal():
        parent[name] = [part for place, part in enumerate(inside) if place != int(last)]
    elif isinstance(inside, list) and what == "drop":
        parent[name] = [part for part in inside if part != last]


def _has_rows(form: deform.Form, path: str) -> bool:
    """Whether ``path`` leads to a sequence, whatever rows it has."""
    field: Field | None = form
    for step in path.split("."):
        if field is None:
            return False
        if isinstance(field.widget, stock.SequenceWidget):
            field = field.children[0] if step.isdecimal() else None
        else:
            field = next((child for child in field.children if child.name == step), None)
    return field is not None and isinstance(field.widget, stock.SequenceWidget)


def _parent(posted: Any, path: str) -> tuple[Any, str]:
    *steps, name = path.split(".")
    for step in steps:
        if isinstance(posted, list) and step.isdecimal() and int(step) < len(posted):
            posted = posted[int(step)]
        elif isinstance(posted, dict):
            posted = posted.get(step)
        else:
            return None, ""
    return posted, name

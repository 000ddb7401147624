"""What a contribution must say so that it can be taken, and what is wrong in words when it does not.

An author meets these sentences before any user does: each names what is missing, and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from typing import Any

import colander

from crm_core import contributions as c
from crm_core.chores import Chore
from crm_core.model.journal import KINDS
from crm_core.security.permissions import Permission, Role
from crm_core.shapes import MOST_DAYS

KIND: dict[type, str] = {
    c.RequestType: "request type", c.Permission: "permission", c.Collection: "collection", c.Panel: "panel",
    c.MenuItem: "menu item", c.Channel: "channel", c.RequestPanel: "request panel", c.Report: "report",
    Chore: "job", c.Job: "job", c.Setting: "setting",
    c.Reader: "reader", c.ContactFields: "group of contact fields", c.Effect: "effect", c.Timer: "timer",
}
"""What each kind of contribution is called in sentences; a class stands before the one it is made from."""
LONGEST = 60 * 24 * 31
"""Minutes between two runs of a job at most: a month."""
UNIQUE_TYPES = ("text", "code", "integer")
"""Types of contact fields that one contact only may hold a value of."""
SETTING_TYPES: dict[str, type] = {
    "text": str, "long_text": str, "place": str, "code": str, "choice": str, "unit": str, "integer": int, "money": int,
    "boolean": bool, "date": str, "choices": tuple, "dates": tuple,
}
"""Types of fields that a setting may have → what its value is."""
_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def kind_of(one: object) -> type[Any] | None:
    """The kind of contribution something is, also where its class is made from it; None for what is none."""
    return next((kind for kind in KIND if isinstance(one, kind)), None)


def wrong(one: c.Contribution, permissions: Collection[str]) -> Iterator[str]:
    """What is wrong with a contribution of the right shape, as ends of a sentence that begins with its name; nothing
    when it is right.

    ``permissions``: those its plugin contributes.
    """
    if not one.title:
        yield "has no title"
    if not _ID.fullmatch(one.id):
        yield "has an id that is not lower-case letters, digits, _ and dots"
    for permission in dict.fromkeys(_permissions_of(one)):
        if permission is not None and permission not in permissions and permission not in _CORE:
            yield f"asks for the permission {permission!r}, which neither the core nor its plugin has"
    check = _CHECKS.get(type(one))
    if check is not None:
        yield from check(one)


def _permissions_of(one: c.Contribution) -> Iterator[str | None]:
    """The permissions a contribution asks for."""
    yield getattr(one, "permission", None)
    for way in one.transitions if isinstance(one, c.RequestType) else ():
        yield way.permission or None


def _request_type(type_: c.RequestType) -> Iterator[str]:
    if type_.due_days is not None and not 0 <= type_.due_days <= MOST_DAYS:
        yield f"gives due_days={type_.due_days}, which is no number of days between 0 and {MOST_DAYS}"
    if not isinstance(type_.confidential, bool):
        yield from _callable(type_.confidential, "confidential(values), and neither True nor False")
    if type_.starts_as is not None:
        yield from _callable(type_.starts_as, "starts_as(values)")


def _permission(permission: c.Permission) -> Iterator[str]:
    if unknown := sorted(permission.roles - _ROLES):
        yield f"is given to roles that do not exist: {', '.join(unknown)} (there are {', '.join(sorted(_ROLES))})"


def _panel(panel: c.Panel) -> Iterator[str]:
    if not panel.template:
        yield "names no template"
    yield from _callable(panel.data, "data(services, contact)")


def _request_panel(panel: c.RequestPanel) -> Iterator[str]:
    if not panel.template:
        yield "names no template"
    yield from _callable(panel.data, "data(services, request)")
    if not all("." in type_ for type_ in panel.types):
        yield 'names types that are no ids of request types, such as ("permits.permit",)'


def _report(report: c.Report) -> Iterator[str]:
    if not report.columns:
        yield "has no columns: a tuple of Column(name, title, kind)"
    names = [column.name for column in report.columns]
    if len(set(names)) != len(names):
        yield "has two columns of one name"
    for column in report.columns:
        if not _NAME.fullmatch(column.name) or not column.title:
            yield f"has a column {column.name!r} without a name of lower-case letters, digits and _, or without a title"
        if column.kind not in c.COLUMN_KINDS:
            yield f"has a column of the kind {column.kind!r}, which is none of {', '.join(c.COLUMN_KINDS)}"
    yield from _callable(report.rows, "rows(services, since, until)")


def _job(job: c.Job) -> Iterator[str]:
    if not 1 <= job.every <= LONGEST:
        yield f"does not say every how many minutes it runs (every, 1 to {LONGEST})"
    yield from _callable(job.run, "run(services)")


def _reader(reader: c.Reader) -> Iterator[str]:
    yield from _kinds(reader.kinds)
    yield from _callable(reader.read, "read(services, entry)")


def _effect(effect: c.Effect) -> Iterator[str]:
    yield from _kinds(effect.kinds)
    yield from _callable(effect.prepare, "prepare(services, entry)")
    yield from _callable(effect.act, "act(data, key)")
    if effect.done is not None:
        yield from _callable(effect.done, "done(services, entry, answer)")


def _timer(timer: c.Timer) -> Iterator[str]:
    yield from _callable(timer.fire, "fire(services, object_id)")


def _kinds(kinds: frozenset[str]) -> Iterator[str]:
    if not kinds:
        yield 'does not say which entries it reads: kinds=frozenset({"request.status"})'
    elif unknown := sorted(kinds - KINDS):
        yield f"reads entries that are never written: {', '.join(unknown)} (known: {', '.join(sorted(KINDS))})"


def _contact_fields(group: c.ContactFields) -> Iterator[str]:
    fields = {node.name: node for node in group.form()}
    if not fields:
        yield "has no field"
    for name in group.unique:
        if getattr(fields.get(name), "field_type", "") not in UNIQUE_TYPES:
            yield f"calls {name!r} unique, which is no field of it made by fields.{', fields.'.join(UNIQUE_TYPES)}"
    for name, node in fields.items():
        if any(getattr(node, word, False) for word in ("shields", "refers")):
            yield f"has the field {name!r} that keeps requests from somebody; only a request's form can"


def _setting(setting: c.Setting[Any]) -> Iterator[str]:
    node, name = setting.field, setting.id.partition(".")[2]
    if not _NAME.fullmatch(name):
        yield "has an id that is not its plugin's id, a dot, and a name of lower-case letters, digits and _"
    wanted = SETTING_TYPES.get(getattr(node, "field_type", ""))
    if wanted is None:
        yield f"has a field that is not made by fields.{', fields.'.join(SETTING_TYPES)}"
        return
    if node.personal:
        yield "tells of a person; what is decided for all of them cannot"
    if wanted is int and not node.required:
        yield "may be left empty, and would then be no number; give it required=True and a default"
    if type(setting.default) is not wanted:
        yield f"has the default {setting.default!r}, which is no {wanted.__name__}"
    elif complaint := _complaint(node, setting.default):
        yield f"has the default {setting.default!r}, which its own field refuses: {complaint}"


def _complaint(node: Any, value: object) -> str:
    """What a field itself says against a value, in English; "" where it takes it."""
    choices = getattr(node, "choices", ())
    chosen = value if isinstance(value, tuple) else (value,) if value else ()
    if isinstance(choices, tuple) and choices and not set(chosen) <= set(dict(choices)):
        return "it is none of its choices"
    if node.field_type in ("date", "dates") and not all(is_day(one) for one in chosen):
        return "a day is written like 2026-11-17"
    try:
        if callable(node.validator):
            node.validator(node, value)
    except colander.Invalid as error:
        return "; ".join(str(one.interpolate() if hasattr(one, "interpolate") else one) for one in error.messages())
    return ""


def is_day(text: object) -> bool:
    """Whether it is a day as it is kept: 2026-11-17."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _callable(value: object, what: str) -> Iterator[str]:
    if not callable(value):
        yield f"gives no function {what}"


_CORE = frozenset(str(permission) for permission in Permission)
_ROLES = frozenset(str(role) for role in Role)
_CHECKS: dict[type, Callable[[Any], Iterable[str]]] = {
    c.RequestType: _request_type, c.Permission: _permission, c.Panel: _panel, c.RequestPanel: _request_panel,
    c.Report: _report, Chore: _job, c.Job: _job, c.Reader: _reader, c.Setting: _setting,
    c.ContactFields: _contact_fields, c.Effect: _effect, c.Timer: _timer,
}

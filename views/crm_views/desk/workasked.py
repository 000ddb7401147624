"""What the address of the work page asks for: which view, narrowed how, in which order, with which columns.

All of it is in the query, so that a list can be kept, sent to a colleague and gone back to. Words that mean nothing are
left out; a date that is none is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Channel
from crm_core.model.request import Category, Priority
from crm_core.security.permissions import Permission
from crm_core.services.finder import LONGEST
from crm_core.services.worklists import DUES, SORTS, Place, Wanted
from crm_core.text.collation import collation_key
from crm_core.text.dates import parse_date
from crm_core.text.errors import InvalidDate

if TYPE_CHECKING:
    from pyramid.request import Request
    from webob.multidict import MultiDict

_ = TextFactory("crm_views")

VIEWS: Mapping[str, str] = {
    "mine": "", "today": "today", "late": "late", "waiting": "waiting",
    "unit": "", "free": "free", "unit-today": "today", "unit-late": "late", "unit-waiting": "waiting",
}
"""A view and the state it shows; those of units begin with ``unit``, or are ``free``."""
UNNAMED = "unnamed"
COLUMNS = ("status", "at", "clock", "news", "channel", "priority", "arrival")
STANDARD = ("status", "at", "clock", "news")
OPEN_CATEGORIES = (Category.NEW.value, Category.OPEN.value, Category.WAITING.value)
SETS: Mapping[str, tuple[str, ...]] = {
    "status": OPEN_CATEGORIES, "priority": tuple(map(str, Priority)), "channel": tuple(map(str, Channel)),
}
"""Filters of several values that are always the same ones."""
MOST_VALUES = 30
NAMES = ("view", "unit", "type", "status", "priority", "channel", "to", "in", "due", "since", "until", "words", "sort",
         "col")
"""The names of the query in the order in which they are written."""


@dataclass(frozen=True)
class Asked:
    """``view`` of `VIEWS` or "unnamed"; ``given`` is the query that led here, cleaned: name → values."""

    view: str
    unit: int | None
    wanted: Wanted
    columns: tuple[str, ...]
    given: Mapping[str, tuple[str, ...]]
    page: int = 1
    wrong: tuple[Text, ...] = field(default=())

    @property
    def is_of_units(self) -> bool:
        return self.view.startswith("unit") or self.view == "free"

    @property
    def is_filtered(self) -> bool:
        """Whether the reader narrowed the view down."""
        return any(self.given.get(name) for name in NAMES[2:12])

    @property
    def query(self) -> str:
        """The query without the page, in one order: what is kept and compared."""
        return query_of(self.given)

    def href(self, **changes: str | tuple[str, ...] | None) -> str:
        """The address with some values changed (None: without); always of the first page unless ``page`` is given."""
        given = dict(self.given)
        for name, value in changes.items():
            given[name] = () if value is None else (value,) if isinstance(value, str) else value
        query = query_of(given)
        return f"/?{query}" if query else "/"


def oversees(request: Request) -> bool:
    """Whether the reader looks after all units: reads the requests of each and does not work at the desk himself."""
    may = request.has_permission
    return bool(may(Permission.REQUEST_VIEW_ALL_UNITS) and not may(Permission.INTERACTION_LOG))


def units_of(request: Request) -> tuple[int, ...]:
    """The units whose work the page shows: the reader's own; to who `oversees` them all that are at work, by name."""
    own = tuple(request.services.work.units())
    if not oversees(request):
        return own
    others = (unit for unit in request.services.units.active() if unit.id not in own)
    return own + tuple(unit.id for unit in sorted(others, key=lambda unit: (collation_key(unit.name), unit.id)))


def query_of(given: Mapping[str, tuple[str, ...]]) -> str:
    """``given`` as a query, in the order of `NAMES`; the page last."""
    return urlencode([(name, value) for name in (*NAMES, "page") for value in given.get(name, ())])


def asked(request: Request, query: MultiDict | None = None) -> Asked:
    """What this address asks for, or another ``query``."""
    get = request.GET if query is None else query
    units = units_of(request)
    view = _said(get, "view")
    view = view if view in VIEWS or view == UNNAMED else "mine"
    unit = parse_id(_said(get, "unit"))
    unit = unit if unit in units else None
    given: dict[str, tuple[str, ...]] = {"view": (view,) if view != "mine" else ()}
    given["unit"] = (str(unit),) if unit is not None else ()
    for name, known in SETS.items():
        given[name] = tuple(value for value in known if value in get.getall(name))
    given["type"] = tuple(sorted({value for value in get.getall("type") if _is_word(value)}))[:MOST_VALUES]
    given["to"] = tuple(dict.fromkeys(v for v in get.getall("to") if _is_receiver(v)))[:MOST_VALUES]
    given["in"] = tuple(str(one) for one in units if str(one) in get.getall("in"))
    due, sort = _said(get, "due"), _said(get, "sort")
    given["due"] = (due,) if due in DUES else ()
    given["sort"] = (sort,) if sort.removeprefix("-") in SORTS and sort != "due" else ()
    columns = tuple(name for name in COLUMNS if name in get.getall("col"))
    given["col"] = columns if columns != STANDARD else ()
    for name in ("since", "until", "words"):
        text = _said(get, name)
        given[name] = (text,) if text else ()
    found = Asked(view, unit, Wanted(Place()), columns or STANDARD, given, _number(_said(get, "page")))
    return _wanted(request, found, units)


def _wanted(request: Request, found: Asked, units: tuple[int, ...]) -> Asked:
    services, given = request.services, found.given
    place = services.work.own()
    if found.is_of_units:
        place = Place(units=(found.unit,) if found.unit is not None else units)
    wrong: list[Text] = []
    since, until = (_moment(request, given[name], days, wrong) for name, days in (("since", 0), ("until", 1)))
    sort = "".join(given["sort"])
    me = services.identity.user_id or 0
    wanted = Wanted(
        place=place, state=VIEWS.get(found.view, ""), due="".join(given["due"]), since=since, until=until,
        types=frozenset(given["type"]), categories=frozenset(given["status"]), priorities=frozenset(given["priority"]),
        channels=frozenset(given["channel"]), units=frozenset(map(int, given["in"])),
        assignees=frozenset(me if value == "me" else 0 if value == "nobody" else int(value) for value in given["to"]),
        words="".join(given["words"]), sort=sort.removeprefix("-") or "due", backwards=sort.startswith("-"),
    )
    return replace(found, wanted=wanted, wrong=tuple(wrong))


def _moment(request: Request, given: tuple[str, ...], days: int, wrong: list[Text]) -> int | None:
    if not given:
        return None
    clock = request.services.clock
    try:
        day = parse_date(given[0], clock.today(), prefer="next")
        return int(clock.moment(day + timedelta(days=days)))
    except (InvalidDate, OverflowError, ValueError, OSError):
        wrong.append(_("“${typed}” is not a date; write it like 1405/8/26.", mapping={"typed": given[0][:40]}))
        return None


def _said(get: MultiDict, name: str) -> str:
    """What was typed, in one line: control characters and lone surrogates count as blanks."""
    clean = "".join(char if char.isprintable() or char in "\u200c\u200d" else " " for char in get.get(name, ""))
    return " ".join(clean.split())[:LONGEST]


def _is_word(value: str) -> bool:
    return 0 < len(value) <= 100 and value.isascii() and value.replace(".", "").replace("_", "").isalnum()


def _is_receiver(value: str) -> bool:
    return value in ("me", "nobody") or parse_id(value) is not None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 7 else 1

"""The column of views on the work page with their counts, and what the filters of a view offer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crm_core.i18n import Text, TextFactory
from crm_core.model.interaction import Interaction
from crm_core.model.request import Category
from crm_core.security.permissions import Permission
from crm_core.services.approvals import MOST_COUNTED
from crm_core.services.visibility import Visibility
from crm_core.services.worklists import Place, Tally
from crm_core.text.collation import collation_key
from crm_views.channels import channel_choices
from crm_views.desk import rows
from crm_views.desk.workasked import NAMES, OPEN_CATEGORIES, UNNAMED, Asked, oversees, units_of
from crm_views.words import PRIORITIES

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MOST_UNITS = 12
PROMISED = "promised"
APPROVALS = "approvals"
MOST_UNNAMED = 200
"""Conversations without a name that are looked at; more than that are said to be more."""

CATEGORIES: dict[str, Text] = {
    Category.NEW.value: _("New"), Category.OPEN.value: _("Being worked on"), Category.WAITING.value: _("Waiting"),
}
DUE_WORDS: dict[str, Text] = {
    "late": _("Late"), "today": _("Today"), "week": _("In the next 7 days"), "none": _("No deadline"),
    "first": _("First answer is owed"),
}
TITLES: dict[str, Text] = {
    "mine": _("My work"), "today": _("Due today"), "late": _("Late"), "waiting": _("Waiting for the citizen"),
    "unit": _("All of the unit"), "free": _("Nobody has it"), "unit-today": _("Due today in the unit"),
    "unit-late": _("Late in the unit"), "unit-waiting": _("Waiting for the citizen"),
    UNNAMED: _("Without a name"),
}
TITLES_OF_ALL: dict[str, tuple[Text, Text]] = {
    "unit": (_("All requests"), _("All requests")), "unit-today": (TITLES["today"], _("Due today in all units")),
    "unit-late": (TITLES["late"], _("Late in all units")),
}
"""The views of units where they are those of all: below their heading, and alone."""
ICONS: dict[str, str] = {
    "mine": "inbox", "today": "sun", "late": "exclamation-octagon", "waiting": "hourglass-split", "unit": "people",
    "free": "question-diamond", "unit-today": "sun", "unit-late": "exclamation-octagon",
    "unit-waiting": "hourglass-split", UNNAMED: "person-exclamation",
}
TONES: dict[str, str] = {"today": "warm", "late": "hot", "free": "hot", "unit-late": "hot", "unit-today": "warm"}


def views(request: Request, asked: Asked, *, promised: bool = False, here: str = "") -> list[dict[str, Any]]:
    """The groups of the view column: ``{"title", "rows": [{"key", "href", "icon", "text", "count", "tone", …}]}``.

    ``promised``: the page is the list of promises; ``here``: it is the row with this key."""
    lists = request.services.work
    own = lists.tally(lists.own())
    units = units_of(request)
    groups: list[dict[str, Any]] = [{"title": "", "rows": [
        *(_view(request, asked, name, count) for name, count in
          (("mine", own.all), ("today", own.today), ("late", own.late), ("waiting", own.waiting))),
        *_promised(request, units), *_approvals(request),
    ]}]
    if units:
        groups.append(_of_units(request, asked, units))
    if request.has_permission(Permission.INTERACTION_LOG):
        unnamed = len(unidentified(request))
        if unnamed or asked.view == UNNAMED:
            groups.append({"title": request.ui.show.text(_("Conversations")),
                           "rows": [_view(request, asked, UNNAMED, unnamed, more=unnamed >= MOST_UNNAMED)]})
    if promised or here:
        for row in (row for group in groups for row in group["rows"]):
            row["current"] = row["key"] == (here or PROMISED)
    return groups


def _promised(request: Request, units: tuple[int, ...]) -> list[dict[str, Any]]:
    """The way to the promises of the reader and of his own units; none for who neither owes nor makes any."""
    services, show = request.services, request.ui.show
    found = services.promises.due_of_user(services.identity.user_id or 0)
    for unit in units if not oversees(request) else services.work.units():
        found += services.promises.due_of_unit(unit)
    if not found and not request.has_permission(Permission.INTERACTION_LOG):
        return []
    late = any(one.is_broken(services.now) for one in found)
    today = any(one.due < services.clock.tonight() for one in found)
    return [{"key": PROMISED, "href": "/work/promises", "icon": "hourglass-split", "text": show.text(_("Promises")),
             "count": show.number(len(found)), "tone": "hot" if late else "warm" if today else "", "current": False}]


def _approvals(request: Request) -> list[dict[str, Any]]:
    """The way to what waits for the reader's decision; none where nothing does and he is not on its page."""
    count = approvals_waiting(request)
    if not count and request.path != "/work/approvals":
        return []
    show = request.ui.show
    number = show.number(count) + ("+" if count == MOST_COUNTED else "")
    return [{"key": APPROVALS, "href": "/work/approvals", "icon": "pencil", "text": show.text(_("To approve")),
             "count": number, "tone": "warm" if count else "", "current": False}]


def approvals_waiting(request: Request) -> int:
    """How much waits for the reader's decision, up to `MOST_COUNTED`."""
    return len(request.services.approvals.mine(MOST_COUNTED))


def _of_units(request: Request, asked: Asked, units: tuple[int, ...]) -> dict[str, Any]:
    tallies = {unit: request.services.work.tally(Place(units=(unit,))) for unit in units}
    total = Tally(*(sum(column) for column in zip(*tallies.values(), strict=True)))
    counts = (("unit", total.all), ("free", total.free), ("unit-today", total.today), ("unit-late", total.late))
    several = len(units) > 1
    found = [_view(request, asked, name, count) for name, count in counts]
    if several:
        listed = sorted(units, key=lambda unit: -tallies[unit].all)[:MOST_UNITS]
        found += [_unit(request, asked, unit, tallies[unit].all) for unit in units if unit in listed]
    words = _("All units") if oversees(request) else _("My units")
    name = request.ui.show.text(words) if several else rows.unit_name(request, units[0])
    return {"title": name, "rows": found}


def _view(request: Request, asked: Asked, name: str, count: int, *, more: bool = False) -> dict[str, Any]:
    show = request.ui.show
    number = show.number(count)
    return {
        "key": name, "href": "/" if name == "mine" else f"/?view={name}", "icon": ICONS[name],
        "text": show.text(_title(request, name)[0]), "count": f"{number}+" if more else number,
        "tone": TONES.get(name, "") if count else "",
        "current": asked.view == name and asked.unit is None and (_is_whole(asked) or not _is_kept(request, asked)),
    }


def _unit(request: Request, asked: Asked, unit: int, count: int) -> dict[str, Any]:
    return {
        "key": f"unit-{unit}", "href": f"/?view=unit&unit={unit}", "icon": "building",
        "text": rows.unit_name(request, unit), "count": request.ui.show.number(count), "tone": "",
        "current": asked.view == "unit" and asked.unit == unit and (_is_whole(asked) or not _is_kept(request, asked)),
    }


def _is_kept(request: Request, asked: Asked) -> bool:
    """Whether this very list is kept under a name, which is marked in the column then."""
    return any(asked.query == view["query"] for view in request.services.work_views.all())


def _is_whole(asked: Asked) -> bool:
    """Whether this is a view of the column as it stands there: not narrowed, ordered or with columns of its own."""
    return not any(asked.given.get(name) for name in NAMES[2:])


def kept(request: Request, asked: Asked, counts: dict[str, int | None]) -> list[dict[str, Any]]:
    """The lists kept under a name; ``counts`` by id, None where counting would take long."""
    show = request.ui.show
    return [
        {"key": f"kept-{view['id']}", "href": f"/?{view['query']}", "icon": "bookmark", "text": view["name"],
         "count": "" if counts.get(view["id"]) is None else show.number(counts[view["id"]]), "tone": "",
         "current": asked.query == view["query"]}
        for view in request.services.work_views.all()
    ]


def title(request: Request, asked: Asked) -> str:
    """What the list is called."""
    show = request.ui.show
    for view in request.services.work_views.all():
        if asked.query == view["query"]:
            return str(view["name"])
    words = show.text(TITLES[asked.view] if asked.unit is not None else _title(request, asked.view)[1])
    if asked.unit is None:
        return words
    return show.text(_("${unit}, ${person}", mapping={"unit": rows.unit_name(request, asked.unit), "person": words}))


def _title(request: Request, view: str) -> tuple[Text, Text]:
    return TITLES_OF_ALL[view] if view in TITLES_OF_ALL and oversees(request) else (TITLES[view], TITLES[view])


def unidentified(request: Request) -> list[Interaction]:
    """Conversations nobody has a name for yet that may be read, newest first; at most `MOST_UNNAMED`."""
    services = request.services
    found: list[Interaction] = []
    for id_ in sorted(services.root.unidentified.keys(), reverse=True)[: 2 * MOST_UNNAMED]:
        interaction = services.root.unidentified[id_]
        if services.eyes.of(interaction) is Visibility.FULL:
            found.append(interaction)
        if len(found) >= MOST_UNNAMED:
            break
    return found


# ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────


def filters(request: Request, asked: Asked) -> list[dict[str, Any]]:
    """The filters of this view: name, title, options (value, words, chosen), the words of what is chosen."""
    show = request.ui.show
    units = units_of(request)
    registry = request.crm_app.registry
    types = {id_: show.text(published.labels) for id_, published in registry.types.items()}
    types |= {value: value for value in asked.given["type"] if value not in types}
    offered: list[tuple[str, Text, list[tuple[str, str]]]] = [
        ("type", _("Kind"), sorted(types.items(), key=lambda row: collation_key(row[1]))),
        ("status", _("Status"), [(value, show.text(CATEGORIES[value])) for value in OPEN_CATEGORIES]),
        ("priority", _("Priority"), [(value, show.text(words)) for value, words in reversed(list(PRIORITIES.items()))]),
        ("channel", _("Channel"), [(value, show.text(words)) for value, words in channel_choices(request, away=True)]),
        ("due", _("Deadline"), [(value, show.text(words)) for value, words in DUE_WORDS.items()]),
    ]
    if asked.is_of_units:
        offered.append(("to", _("With whom"), _receivers(request, asked)))
    if asked.is_of_units and len(units) > 1 and asked.unit is None:
        offered.append(("in", _("Unit"), [(str(unit), rows.unit_name(request, unit)) for unit in units]))
    return [_filter(request, asked, name, words, options) for name, words, options in offered]


def _filter(
    request: Request, asked: Asked, name: str, words: Text, options: list[tuple[str, str]]
) -> dict[str, Any]:
    chosen = asked.given.get(name, ())
    names = [text for value, text in options if value in chosen]
    if name == "due":
        names += [*asked.given["since"], *asked.given["until"]]
    show = request.ui.show
    without: dict[str, None] = {name: None} | ({"since": None, "until": None} if name == "due" else {})
    return {
        "name": name, "title": show.text(words), "single": name == "due",
        "options": [(value, text, value in chosen) for value, text in options],
        "chosen": show.text(_(", ")).join(names),
        "without": asked.href(**without),
    }


def _receivers(request: Request, asked: Asked) -> list[tuple[str, str]]:
    show, services = request.ui.show, request.services
    units = {asked.unit} if asked.unit is not None else set(units_of(request))
    people = (user for user in services.users.active() if units & set(user.units))
    named = sorted(((rows.user_name(request, user.id), str(user.id)) for user in people
                    if user.id != services.identity.user_id), key=lambda row: collation_key(row[0]))
    known = [("nobody", show.text(_("Nobody"))), ("me", show.text(_("Me"))), *((id_, name) for name, id_ in named)]
    return known + _others(request, known, asked.given["to"])


def _others(request: Request, known: list[tuple[str, str]], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """People that the address asks for and who are of no unit here any more."""
    there = {value for value, _words in known}
    return [(value, rows.user_name(request, int(value))) for value in chosen if value not in there]

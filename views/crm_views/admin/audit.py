"""The audit trail: who did what to which record and when, newest first, with filters, and as a table to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import first_id, parse_id
from crm_core.security.permissions import Permission
from crm_core.services.audit_trail import Asked, Row
from crm_core.services.visibility import Visibility
from crm_core.services.workbulk import TAKEN_BACK
from crm_core.text.collation import collation_key
from crm_core.text.dates import parse_date
from crm_core.text.digits import to_ascii
from crm_core.text.errors import InvalidDate
from crm_core.text.tracking import is_code
from crm_views.admin import audit_words
from crm_views.admin.calendars import here as calendar_address
from crm_views.admin.calendars import whose
from crm_views.admin.column import views
from crm_views.admin.plugins import title_of
from crm_views.desk import rows
from crm_views.desk.find import words_of
from crm_views.spreadsheet import csv_file, harmless

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
ON_A_PAGE = 50
IN_A_TABLE, LOOKED_AT_FOR_A_TABLE = 5_000, 50_000
OF_ONESELF = frozenset({"user.login", "user.logout"})
"""Kinds whose record is the one who did it."""
OF_TWO = frozenset({"contact.linked", "contact.unlinked", "contact.distinct"})
"""Kinds that are written down for each of two records."""
NAMES = ("who", "kind", "record", "field", "since", "until", "from")


@dataclass
class Question:
    """What was asked for: ``asked`` for the service, ``kept`` what the address holds, ``wrong`` what is no date;
    ``nothing`` where no record can be meant.
    """

    asked: Asked
    kept: dict[str, str]
    wrong: list[Text] = field(default_factory=list)
    nothing: bool = False


@view_config(route_name="admin_audit", request_method="GET", permission=Permission.AUDIT_VIEW.value,
             renderer="crm_views:templates/admin/audit.pt")
def trail(request: Request) -> dict[str, Any]:
    """One page of the trail, or what was found in as many entries as a page may look at."""
    question = asked(request)
    place = request.GET.get("after", "")
    empty = question.nothing or bool(question.wrong)
    page = None if empty else request.services.audit_trail.page(question.asked, place, limit=ON_A_PAGE)
    here = urlencode(question.kept)
    found = _joined([row_view(request, row) for row in page.rows]) if page is not None else []
    show = request.ui.show
    return {
        "title": _("Audit trail"),
        "views": views(request),
        "question": question,
        "kept": question.kept,
        "days": _by_day(request, found),
        "people": sorted(((user.login, rows.user_name(request, user.id)) for user in request.services.users.all()),
                         key=lambda row: collation_key(row[1])),
        "groups": [(group, title, [(kind, words) for kind, words in audit_words.KINDS.items()
                                   if kind.startswith(f"{group}.")]) for group, title in audit_words.GROUPS],
        "fields": sorted(((name, show.text(words)) for name, words in audit_words.FIELDS.items()),
                         key=lambda row: collation_key(row[1])),
        "older": _more(here, page.after) if page is not None and page.after else "",
        "newest": f"/admin/audit?{here}" if place else "",
        "cut": page is not None and not page.complete,
        "looked": show.datetime(page.until) if page is not None and page.until is not None else "",
        "table": "/admin/audit.csv" + (f"?{here}" if here else ""),
        "most": IN_A_TABLE,
    }


def _more(here: str, after: str) -> str:
    return "/admin/audit?" + "&".join(part for part in (here, urlencode({"after": after})) if part)


def asked(request: Request) -> Question:
    """What the address asks for. Hidden records answer exactly as those that do not exist."""
    kept = {name: value for name in NAMES if (value := words_of(request, name))}
    question = Question(Asked(), kept)
    services, clock = request.services, request.services.clock
    user = services.users.by_login(kept.get("who", "")) if kept.get("who") else None
    question.nothing = bool(kept.get("who")) and user is None
    contact, subject = None, None
    if kept.get("record"):
        contact, subject = _record(request, kept["record"])
        question.nothing = question.nothing or (contact is None and subject is None)
    since, until = _day(request, "since", question), _day(request, "until", question)
    question.asked = Asked(
        by=user.id if user is not None else None,
        kinds=frozenset({kept["kind"]}) if kept.get("kind") else frozenset(),
        contact=contact, subject=subject,
        fields=frozenset({kept["field"]}) if kept.get("field") else frozenset(),
        since=clock.moment(since) if since is not None else None,
        until=clock.moment(until + timedelta(days=1)) if until is not None else None,
        bulk=kept.get("from") == "imports",
    )
    return question


def _record(request: Request, typed: str) -> tuple[int | None, tuple[str, int] | None]:
    """The contact, or the subject of entries, that a tracking code, a contact's id, a login or a unit's name means."""
    services = request.services
    plain = to_ascii(typed).strip()
    id_ = parse_id(plain)
    contact = services.contacts.find(id_) if id_ is not None else None
    if contact is not None:
        known = services.eyes.of_contact(contact) is not Visibility.HIDDEN
        return (contact.id if known else None), None
    if is_code(plain):
        case_id = services.root.indexes.codes.get(plain.replace("-", "").replace(" ", ""))
        case = services.root.requests.get(case_id) if case_id is not None else None
        if case is not None and services.eyes.of_request(case) is not Visibility.HIDDEN:
            return None, ("request", case.id)
        return None, None
    if id_ is not None and id_ in services.root.tombstones:
        return id_, None
    user = services.users.by_login(typed)
    if user is not None:
        return None, ("user", user.id)
    unit = services.units.by_name(typed)
    return None, (("unit", unit.id) if unit is not None else None)


def _day(request: Request, name: str, question: Question) -> date | None:
    typed = question.kept.get(name, "")
    if not typed:
        return None
    try:
        return parse_date(typed, request.services.clock.today(), prefer="last")
    except InvalidDate:
        question.wrong.append(_("“${typed}” is not a date; write it like 1405/8/26.", mapping={"typed": typed[:40]}))
        return None


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def row_view(request: Request, row: Row) -> dict[str, Any]:
    """One entry as the page shows it; of what may only be counted neither whom nor which."""
    entry, readable = row.entry, row.seen is Visibility.FULL
    unreadable = (request.ui.show.text(_("a record you may not read")), "", False)
    name, href, is_code_ = _named(request, row) if readable else unreadable
    if entry.kind in OF_ONESELF:
        name = ""
    tells_fields = readable and not entry.kind.endswith((".created", ".added"))  # of something new all fields are
    fields = [audit_words.field_words(request, one) for one in entry.fields] if tells_fields else []
    return {
        "at": entry.at,
        "icon": audit_words.icon(entry.kind) if readable else "lock",
        "who": _who(request, entry.by),
        "who_href": f"/admin/users/{entry.by}" if entry.by and request.has_permission(Permission.ADMIN) else "",
        "what": audit_words.TAKEN_BACK if readable and _is_taken_back(request, row)
        else audit_words.what(entry.kind, row.changes),
        "kind": entry.kind, "by": entry.by, "also": [],
        "name": name, "href": href, "is_code": is_code_,
        "fields": request.ui.show.text(_(", ")).join(fields),
        "changes": audit_words.change_rows(request, row.changes) if readable else [],
    }


def _joined(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the two of what stands in both records of a citizen as one; ``also`` names the other records.

    The older record is named first: which of the two the journal tells first is chance.
    """
    names = ("name", "href", "is_code")
    rows_: list[dict[str, Any]] = []
    for row in found:
        last = rows_[-1] if rows_ else None
        if last is not None and row["kind"] in OF_TWO and all(row[one] == last[one] for one in ("at", "kind", "by")):
            told = sorted(({name: one[name] for name in names} for one in (last, *last["also"], row)),
                          key=lambda one: str(one["href"]))
            last |= told[0] | {"also": told[1:]}
        else:
            rows_.append(row)
    return rows_


def _is_taken_back(request: Request, row: Row) -> bool:
    """Whether the entry is of an order that was taken back: the event of the same moment says so."""
    events = getattr(row.thing, "events", None)
    if row.entry.subject[0] != "request" or not events:
        return False
    words = set(request.services.labels(TAKEN_BACK).values())
    same = events.values(first_id(row.entry.at), first_id(row.entry.at + 1), excludemax=True)
    return any(event.by == row.entry.by and event.data.get("note") in words for event in same)


def _who(request: Request, user_id: int | None) -> str:
    return rows.user_name(request, user_id)


def _named(request: Request, row: Row) -> tuple[str, str, bool]:
    """What an entry tells of: its name, where it is, and whether the name is a code."""
    show, (kind, id_), thing = request.ui.show, row.entry.subject, row.thing
    may_administer = bool(request.has_permission(Permission.ADMIN))
    if row.erased:
        return show.text(_("an erased record")), "", False
    if kind in request.services.root.collections:
        return show.text(request.services.erasure.title(kind)), "", False
    if thing is None:
        return show.text(_("a record that is not there any more")), "", False
    if kind == "contact":
        return rows.contact_name(request, thing), f"/contacts/{id_}", False
    if kind == "request":
        return show.code(thing.code), f"/requests/{thing.code}", True
    if kind == "interaction":
        return rows.short(thing.subject) or show.text(_("a conversation")), f"/interactions/{id_}", False
    if kind == "promise":
        return rows.short(show.text(request.services.promises.words(thing))), f"/contacts/{thing.contact}", False
    if kind == "user":
        return rows.user_name(request, id_), f"/admin/users/{id_}" if may_administer else "", False
    if kind == "unit":
        return rows.unit_name(request, id_), f"/admin/units/{id_}" if may_administer else "", False
    if kind == "plugin":
        title = title_of(request, thing.plugin)
        return title, f"/admin/plugins/{thing.plugin}" if may_administer else "", title == thing.plugin
    if kind == "type":
        published = request.crm_app.registry.types.get(thing.type_id)
        title = show.text(published.labels) if published is not None else thing.type_id
        return title, f"/admin/types/{thing.type_id}" if may_administer and published is not None else "", False
    if kind == "calendar":
        return whose(request, thing.unit or None), calendar_address(thing.unit) if may_administer else "", False
    if kind == "targets":
        return show.text(_("Targets")), "/admin/targets" if may_administer else "", False
    return kind, "", True


def _by_day(request: Request, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows under the days on which they were done."""
    show = request.ui.show
    days: list[dict[str, Any]] = []
    for row in found:
        day = show.day(row["at"])
        if not days or days[-1]["day"] != day:
            recent = 0 <= (show.day(show.now) - day).days <= 1
            long = show.date(row["at"])
            days.append({"day": day, "title": show.relative_day(row["at"]) if recent else long,
                         "date": long if recent else "", "label": long, "rows": []})
        days[-1]["rows"].append(row | {"time": show.time(row["at"], "clock")})
    return days


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────


@view_config(route_name="admin_audit_csv", request_method="GET", permission=Permission.AUDIT_VIEW.value)
def table(request: Request) -> Response:
    """The same as CSV (UTF-8, for spreadsheets too): times in UTC, what was done as it is stored."""
    question = asked(request)
    found: list[Row] = []
    if not question.nothing and not question.wrong:
        found = request.services.audit_trail.page(
            question.asked, limit=IN_A_TABLE, look_at=LOOKED_AT_FOR_A_TABLE).rows
    head = ("time", "who", "what", "record", "name", "fields")
    rows_ = [[harmless(cell) for cell in _cells(request, row)] for row in found]
    return csv_file(f"audit-{request.services.clock.today().isoformat()}.csv", [head, *rows_])


def _cells(request: Request, row: Row) -> tuple[str, ...]:
    entry = row.entry
    by = request.services.users.find(entry.by)
    who = by.login if by is not None else ""
    if row.seen is not Visibility.FULL:
        return request.ui.show.iso(entry.at), who, entry.kind, "", "", ""
    name, _href, _is_code = _named(request, row)
    return (request.ui.show.iso(entry.at), who, entry.kind, f"{entry.subject[0]} {entry.subject[1]}", name,
            " ".join(entry.fields))

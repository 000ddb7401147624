"""How the desk shows things in a line: who somebody is, what is owed and until when, in the reader's words.

Whoever calls these has asked `visibility` already; names of other people in a line are asked for here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from chameleon.utils import Markup

from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.request import Category, TypeVersion
from crm_core.model.request import Request as Case
from crm_core.services.visibility import Visibility
from crm_views.components.parts import OweView
from crm_views.desk.way import way

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
Edge = Literal["", "late", "soon"]
HOUR = 3_600_000


def unit_name(request: Request, unit_id: int | None) -> str:
    """A unit by its name in the language of the page."""
    unit = request.services.units.find(unit_id)
    if unit is None:
        return request.ui.show.text(_("no unit"))
    return str(unit.name_en if request.ui.show.locale == "en" and unit.name_en else unit.name)


def user_name(request: Request, user_id: int | None) -> str:
    """A member of staff by name; the system is nobody in particular."""
    user = request.services.users.find(user_id)
    if user is None:
        return request.ui.show.text(_("the system"))
    return str(user.name_en if request.ui.show.locale == "en" and user.name_en else user.name)


def login_name(request: Request, login: str) -> str:
    """The name of the one whose login something keeps; without an account the login as it is."""
    user = request.services.users.by_login(login)
    return user_name(request, user.id) if user is not None else login


def in_hands(request: Request, unit: int | None, assignee: int | None) -> str:
    """With whom a request is: its unit, and the member of staff if there is one."""
    if assignee is None:
        return unit_name(request, unit)
    who = _("${unit}, ${person}", mapping={"unit": unit_name(request, unit), "person": user_name(request, assignee)})
    return str(request.ui.show.text(who))


def contact_name(request: Request, contact: Contact | None) -> str:
    """What a contact is called; one without a name by the first identifier."""
    show = request.ui.show
    if contact is None:
        return show.text(_("Unknown citizen"))
    if show.locale == "en" and contact.latin_name:
        return contact.latin_name
    if contact.name:
        return contact.name
    first = next(iter(contact.active_identifiers()), None)
    if first is not None and request.services.eyes.of_contact(contact) is Visibility.FULL:
        return show.identifier(first.scheme, first.value)
    return show.text(_("Citizen without a name"))


def address_words(request: Request, address: str) -> str:
    """The number or address somebody unknown called from, as people read it."""
    return address if "@" in address else str(request.ui.show.digits(address))


def isolated(text: str) -> str:
    """A number inside a line: it stands as one piece whichever way the line runs (UAX 9)."""
    return f"\u2068{text}\u2069"


def type_name(request: Request, case: Case) -> str:
    """The kind of a request, as it was called when the request was registered."""
    return str(request.ui.show.text(case.version.labels))


def status_name(request: Request, version: TypeVersion, name: str) -> str:
    """A status in words; its code where the version does not know it."""
    try:
        return str(request.ui.show.text(version.status(name).labels))
    except KeyError:
        return name


def short(text: str, most: int = 60) -> str:
    """A title or name for a sentence: its beginning where it is long."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def is_late(request: Request, case: Case) -> bool:
    """Whether an answer is owed and its time has passed."""
    return bool(case.is_late(request.services.now))


def due_words(request: Request, case: Case) -> Text:
    """Until when an answer is owed, as people say it; "" where nothing is owed any more."""
    if case.due is None or not case.is_open:
        return ""
    if case.owed_by is None:
        return _("clock stopped")
    show = request.ui.show
    days = (show.day(case.due) - show.day(request.services.now)).days
    if case.due < request.services.now:
        if days == 0:
            return _("past due since ${time}", mapping={"time": show.clock(case.due)})
        return _("1 day past due") if days == -1 else _("${days} days past due", mapping={"days": -days})
    if days == 0:
        return _("due today, ${time}", mapping={"time": show.clock(case.due)})
    return _("due tomorrow") if days == 1 else _("due in ${days} days", mapping={"days": days})


def status_badges(request: Request, case: Case) -> list[Markup]:
    """The status of a request as badges: late first, for that is what matters."""
    badges = [request.ui.status("late", _("Late"))] if is_late(request, case) else []
    return [*badges, request.ui.status(case.category, status_name(request, case.version, case.status))]


def owe(request: Request, case: Case) -> OweView:
    """A request as one thing we owe."""
    show = request.ui.show
    late = is_late(request, case)
    waiting = case.category == Category.WAITING
    note = show.text(_("Waits for the citizen")) if waiting and not late else show.text(due_words(request, case))
    edge: Edge = "late" if late else "soon" if waiting else ""
    badge = request.ui.status("late", _("Late")) if late else status_badges(request, case)[-1]
    soon = edge != "" or (case.owed_by is not None and case.owed_by - request.services.now < 48 * HOUR)
    return OweView(
        subject=case.title,
        status=badge,
        href=f"/requests/{case.code}",
        edge=edge,
        stages=_stages(case),
        kind=type_name(request, case),
        code=show.code(case.code),
        where=show.text(_("with ${unit}", mapping={"unit": unit_name(request, case.unit)})),
        note=note if soon else "",
    )


def _stages(case: Case) -> tuple[Literal["", "d", "c"], ...]:
    """The stages in short; none of a request that ended without being done."""
    course = way(case) if case.category != Category.CANCELLED else None
    drawn: dict[str, Literal["", "d", "c"]] = {"d": "d", "c": "c"}
    return tuple(drawn.get(mark, "") for mark in course.marks) if course is not None else ()


def readable(request: Request, cases: Iterable[Case], most: int) -> list[Case]:
    """The first ``most`` of ``cases`` that may be read in full."""
    found: list[Case] = []
    for case in cases:
        if len(found) >= most:
            break
        if request.services.eyes.of_request(case) is Visibility.FULL:
            found.append(case)
    return found

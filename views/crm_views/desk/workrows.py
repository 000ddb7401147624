"""The rows of the work page: two lines a request, with one reason to care, a clock in words and the last news."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from translationstring import TranslationString

from crm_core.i18n import Text, TextFactory
from crm_core.model.request import Category, Priority
from crm_core.model.request import Request as Case
from crm_core.model.timeline import EntryKind, Event
from crm_core.services.visibility import Visibility
from crm_views.channels import channel_icon, channel_word
from crm_views.desk import rows
from crm_views.words import PRIORITIES

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MINUTES = _("1 minute"), _("${count} minutes")
HOURS = _("1 hour"), _("${count} hours")
DAYS = _("1 day"), _("${count} days")
"""One of them, and several."""
NEAR = 80
"""Percent of its time after which a request is near its end."""

HEARD: dict[str, Text] = {
    "phone": _("new call"), "email": _("new e-mail"), "sms": _("new SMS"), "letter": _("new letter"),
    "fax": _("new fax"), "in_person": _("was here"), "messenger": _("new message"), "chat": _("new message"),
    "website": _("new message"),
}


def work_row(request: Request, case: Case, columns: Sequence[str]) -> dict[str, Any]:
    """One request as the template draws it, with what its ``columns`` (of `workasked.COLUMNS`) show."""
    show, services = request.ui.show, request.services
    contact = services.contacts.find(case.contact)
    readable = contact is not None and services.eyes.of_contact(contact) is not Visibility.HIDDEN
    row = {
        "code": case.code,
        "href": f"/requests/{case.code}",
        "subject": case.title,
        "citizen": rows.contact_name(request, contact),
        "citizen_href": f"/contacts/{contact.id}" if contact is not None and readable else "",
        "kind": rows.type_name(request, case),
        "code_words": show.code(case.code),
        "reason": _reason(request, case),
        "unread": bool(case.heard),
    }
    for name in columns:
        row |= CELLS[name](request, case)
    return row


def _status(request: Request, case: Case) -> dict[str, Any]:
    late = rows.is_late(request, case)
    return {
        "badge": rows.status_badges(request, case)[0],
        "status_words": rows.status_name(request, case.version, case.status) if late else "",
    }


def _at(request: Request, case: Case) -> dict[str, Any]:
    mine = case.assignee is not None and case.assignee == request.services.identity.user_id
    return {
        "unit": rows.unit_name(request, case.unit) if not mine or case.unit is None else "",
        "who": _who(request, case, mine),
        "free": case.assignee is None,
    }


def _news(request: Request, case: Case) -> dict[str, Any]:
    show = request.ui.show
    return {
        "news": news_words(request, case.last_news),
        "news_iso": show.iso(case.last_news),
        "news_title": f"{show.datetime(case.last_news)} · {show.other_date(case.last_news)}",
    }


def _channel(request: Request, case: Case) -> dict[str, Any]:
    return {
        "channel": channel_word(request, case.channel),
        "channel_icon": channel_icon(request, case.channel),
    }


CELLS: Mapping[str, Callable[[Request, Case], dict[str, Any]]] = {
    "status": _status,
    "at": _at,
    "clock": lambda request, case: {"clock": clock(request, case)},
    "news": _news,
    "channel": _channel,
    "priority": lambda request, case: {"priority": request.ui.show.text(PRIORITIES.get(case.priority, case.priority))},
    "arrival": lambda request, case: {"arrival": request.ui.show.time(case.created, "day")},
}
"""What each column needs: nothing is put into words that is not shown."""


def _who(request: Request, case: Case, mine: bool) -> str:
    if case.assignee is None:
        return ""
    return request.ui.show.text(_("you")) if mine else rows.user_name(request, case.assignee)


def _reason(request: Request, case: Case) -> dict[str, str] | None:
    """The one thing to know first: the citizen spoke, nobody answered first yet, it is urgent, it was reopened,
    somebody handed it over."""
    show = request.ui.show
    if case.heard:
        words = HEARD.get(case.heard, _("new message"))
        return {"icon": channel_icon(request, case.heard, "envelope"), "tone": "warn", "text": show.text(words)}
    if case.owes_first_by is not None and case.owes_first_by < request.services.clock.tonight():
        late = case.owes_first_by < request.services.now
        words = _("first answer late") if late else _("first answer today")
        return {"icon": "reply", "tone": "danger" if late else "warn", "text": show.text(words)}
    if case.priority in (Priority.URGENT, Priority.HIGH):
        tone = "danger" if case.priority == Priority.URGENT else "warn"
        return {"icon": "flag", "tone": tone, "text": show.text(PRIORITIES[case.priority])}
    last: Event | None = next((one for one in reversed(case.events.values()) if one.kind != EntryKind.DEADLINE), None)
    if last is None:
        return None
    if last.kind == EntryKind.STATUS and _was_closed(case, str(last.data.get("from", ""))):
        return {"icon": "arrow-repeat", "tone": "", "text": show.text(_("reopened"))}
    if last.kind == EntryKind.ASSIGNED and last.by is not None and last.by != request.services.identity.user_id:
        words = _("from ${person}", mapping={"person": rows.user_name(request, last.by)})
        return {"icon": "arrow-left-right", "tone": "", "text": show.text(words)}
    return None


def _was_closed(case: Case, status: str) -> bool:
    return any(one.name == status and not Category(one.category).is_open for one in case.version.statuses)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────


def clock(request: Request, case: Case) -> dict[str, Any]:
    """Until when an answer is owed: a sentence, and how much of the time is gone (percent)."""
    show, now = request.ui.show, request.services.now
    if case.due is None:
        return {"css": "rest", "words": show.sentence(_("no deadline")), "gone": None, "title": ""}
    whole = max(case.due - case.created, 1)
    gone = max(0, min(100, round(100 * (now - case.created) / whole)))
    pause = case.pause if case.owed_by is None else None
    span = duration(abs(case.due - now), show.day(case.due), show.day(now))
    if pause is not None:
        left = duration(case.due - pause["since"], show.day(case.due), show.day(pause["since"]))
        css, sentence = "rest", _("paused, ${time} left", mapping={"time": left})
        gone = max(0, min(100, round(100 * (pause["since"] - case.created) / whole)))
    elif case.due < now:
        css, sentence, gone = "late", _("${time} past due", mapping={"time": span}), 100
    elif case.category == Category.WAITING:  # since before pauses were kept
        css, sentence = "rest", _("paused, ${time} left", mapping={"time": span})
    else:
        css, sentence = "near" if gone >= NEAR else "", _("${time} left", mapping={"time": span})
    return {"css": css, "words": show.sentence(sentence), "gone": gone,
            "title": f"{show.datetime(case.due)} · {show.other_date(case.due)}"}


def duration(span: int, end: Any, start: Any) -> TranslationString:
    """A time between two moments as people say it: minutes below an hour, hours below a day, then calendar days."""
    days = abs((end - start).days)
    if span < HOUR:
        count, (one, more) = max(1, span // MINUTE), MINUTES
    elif span < DAY or days < 1:
        count, (one, more) = span // HOUR, HOURS
    else:
        count, (one, more) = days, DAYS
    return one if count == 1 else more % {"count": count}


def news_words(request: Request, at: int) -> str:
    """How long ago something happened: minutes and hours, then the day with its time, then the date."""
    show = request.ui.show
    now = request.services.now
    ago = now - at
    if ago < 2 * MINUTE:
        return str(show.text(_("just now")))
    if ago < 6 * HOUR:
        span = duration(ago, show.day(now), show.day(at))
        return str(show.text(_("${time} ago", mapping={"time": show.text(span)})))
    day = show.relative_day(at)
    days = (show.day(now) - show.day(at)).days
    return f"{day} {show.clock(at)}" if days <= 1 else str(day)


def digest(cases: Sequence[Case], total: int) -> str:
    """A text that is another one when the list is another one."""
    return f"{total}:" + ".".join(f"{case.code[:6]}{case.revision:x}{case.last_news % 100_003:x}" for case in cases)

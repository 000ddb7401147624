"""The course of a request in words and stages: which have passed, where it stands, what it waited for, until when.

Stages come from the statuses of the request's own kind. Waiting for the citizen is no stage but a detour that hangs
below the one it began from; a cancelled request ends where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from crm_core.i18n import Text, TextFactory
from crm_core.model.request import Category, StoredStatus
from crm_core.model.request import Request as Case
from crm_views.desk import rows
from crm_views.desk.way import Way, category, way

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
SHORTENED = 120
"""Letters of a reason that stand in the head of the page; the history has all of it."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass
class Stage:
    """``state``: d(one), c(urrent), n(ot yet), s(kipped) or x (cancelled here). ``detours``: words below it."""

    name: str
    state: Literal["d", "c", "n", "s", "x"]
    when: str = ""
    is_current: bool = False
    detours: list[str] = field(default_factory=list)


def stages(request: Request, case: Case) -> list[Stage]:
    """The way of the request; none where its kind has too many statuses to draw."""
    course = way(case)
    if course is None:
        return []
    ended, here = Category(case.category), course.here
    reached = {stay.status: stay.since for stay in course.stays}
    show = request.ui.show
    drawn = [
        Stage(
            name=show.text(_stage_name(request, case, status)),
            state=mark,
            when=show.relative_day(reached[status.name]) if status.name in reached and place <= here else "",
            is_current=place == here and ended is not Category.CANCELLED,
        )
        for place, (status, mark) in enumerate(zip(course.stages, course.marks, strict=True))
    ]
    for place, words in _detours(request, case, course):
        drawn[place].detours.append(words)
    if ended is not Category.CANCELLED:
        return drawn
    drawn[here].state = "d"
    end = Stage(rows.status_name(request, case.version, case.status), "x", is_current=True,
                when=show.relative_day(course.stays[-1].since))
    return [*drawn[: here + 1], end]


def _stage_name(request: Request, case: Case, status: StoredStatus) -> Text | dict[str, str]:
    """What a stage is called; where several statuses would end it well and none has yet, in a word for all."""
    ends = [one for one in case.version.statuses if one.category == Category.DONE]
    if status.category == Category.DONE and len(ends) > 1 and status.name != case.status:
        return _("Closed")
    return status.labels


def _detours(request: Request, case: Case, course: Way) -> Iterator[tuple[int, str]]:
    """(stage, words) of each kind of waiting: still going on, or how often and how long in all."""
    show, now = request.ui.show, request.services.now
    waits = [(place, stay) for place, stay in zip(course.homes, course.stays, strict=True)
             if category(case, stay.status) is Category.WAITING]
    for place, status in dict.fromkeys((place, stay.status) for place, stay in waits):
        these = [stay for at, stay in waits if (at, stay.status) == (place, status)]
        name = rows.status_name(request, case.version, status)
        if these[-1].until is None and case.is_open:
            day = show.relative_day(these[-1].since)
            yield place, show.text(_("${status}, since ${day}", mapping={"status": name, "day": day}))
            continue
        time = span(request, sum(stay.length(now) for stay in these))
        if len(these) == 1:
            yield place, show.text(_("${status}: once, ${time}", mapping={"status": name, "time": time}))
        else:
            words = _("${status}: ${count} times, ${time} in all",
                      mapping={"status": name, "count": len(these), "time": time})
            yield place, show.text(words)


def span(request: Request, length: int, *, by_day: bool = True) -> str:
    """A length of time (milliseconds) as people say it: days (of 24 hours, which those of work are not), else hours,
    else minutes."""
    if by_day and length >= DAY:
        words = _("1 day") if length < 2 * DAY else _("${days} days", mapping={"days": length // DAY})
    elif length >= HOUR:
        words = _("1 hour") if length < 2 * HOUR else _("${hours} hours", mapping={"hours": length // HOUR})
    elif length >= 2 * MINUTE:
        words = _("${minutes} minutes", mapping={"minutes": length // MINUTE})
    else:
        words = _("a minute")
    return str(request.ui.show.text(words))


# ── until when ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Deadline:
    """A sentence, how it looks (``""``, near, late, rest, done), how much of the time is gone in per cent, and what
    stands below it."""

    words: str
    css: str = ""
    gone: int | None = None
    note: str = ""


def may_run_on(case: Case) -> bool:
    """Whether its clock was stopped by hand, and so is let run on by hand."""
    return case.pause is not None and case.category != Category.WAITING


def can_stand(case: Case) -> bool:
    """Whether there is a running clock to be stopped."""
    return case.is_open and case.pause is None and (case.due is not None or case.first_due is not None)


def deadline(request: Request, case: Case) -> Deadline | None:
    """Until when an answer is owed, that its clock stands, or when the answer was given; None where none was ever
    promised."""
    show, now = request.ui.show, request.services.now
    if not case.is_open:
        return None if case.closed is None else Deadline(
            show.text(_("Closed ${day}", mapping={"day": show.relative_day(case.closed)})), "done")
    if case.pause is not None and (case.due is None or case.owed_by is None):
        since = case.pause["since"]
        waits = case.category == Category.WAITING
        words = _("Paused, waits for the citizen") if waits else _("Paused")
        day, reason = show.relative_day(since), rows.short(case.pause["reason"], SHORTENED)
        note = _("since ${day}: ${reason}", mapping={"day": day, "reason": reason}) if reason else _(
            "since ${day}", mapping={"day": day})
        return Deadline(show.text(words), "rest", _gone(request, case, since), show.text(note))
    if case.due is None:
        return None
    gone = _gone(request, case, now) or 0
    late = rows.is_late(request, case)
    note = working_left(request, case, case.due) if case.due_by == "target" else ""
    return Deadline(due(request, case), "late" if late else "near" if gone >= 80 else "", gone, note)


def working_left(request: Request, case: Case, moment: int) -> str:
    """How much working time of the unit is left until a deadline, or has passed since; "" for less than a minute."""
    hours, now = request.services.calendars.hours(case.unit), request.services.now
    left = hours.working_time(now, moment) if moment > now else hours.working_time(moment, now)
    if left < MINUTE:
        return ""
    words = _("${time} of working time left") if moment > now else _("${time} of working time past")
    return str(request.ui.show.text(words % {"time": span(request, left, by_day=False)}))


def _gone(request: Request, case: Case, at: int) -> int | None:
    """How much of the time until the deadline is gone at a moment, in per cent: of working time where a target set it,
    without its pauses."""
    if case.due is None:
        return None
    whole, passed = case.due - case.created, at - case.created
    if case.due_by == "target":
        hours = request.services.calendars.hours(case.unit)
        rested = sum(hours.working_time(one["since"], one["until"]) for one in case.pauses if one["until"] is not None)
        whole = hours.working_time(case.created, case.due) - rested
        passed = hours.working_time(case.created, min(at, case.due)) - rested
    return min(100, max(0, passed * 100 // max(1, whole)))


def first_answer(request: Request, case: Case) -> tuple[str, bool] | None:
    """Until when the citizen is to be told something first, and whether that is late; None where nothing is owed."""
    show, until = request.ui.show, case.owes_first_by
    if until is None:
        return None
    late = until < request.services.now
    words = _("First answer was due ${when}") if late else _("First answer due ${when}")
    when = f"{show.relative_day(until)}{show.text(_(', '))}{show.clock(until)}"
    left = working_left(request, case, until)
    return show.text(words % {"when": when}) + (f" ({left})" if left else ""), late


def due(request: Request, case: Case) -> str:
    """The deadline in a sentence with its date."""
    if case.due is None:
        return ""
    show = request.ui.show
    date = show.relative_day(case.due)
    distance = show.text(rows.due_words(request, case))
    if not distance:
        return str(show.text(_("Deadline was ${date}", mapping={"date": date})))
    days = (show.day(case.due) - show.day(request.services.now)).days
    if days == 1:  # the day itself says how far it is
        return show.text(_("The answer is due tomorrow"))
    if days == 0 and not rows.is_late(request, case):
        return str(show.text(_("The answer is due today, ${time}", mapping={"time": show.clock(case.due)})))
    return str(show.text(_("Deadline ${date}: ${distance}", mapping={"date": date, "distance": distance})))

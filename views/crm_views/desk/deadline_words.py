"""What became of a request's deadlines, in words: moved and why, its clock stopped and running on, who was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_core.i18n import Text, TextFactory
from crm_core.model.timeline import Event
from crm_views.desk import rows

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

MOVED: Mapping[str, Text] = {
    "priority": _("Deadlines moved, for the priority is another one"),
    "unit": _("Deadlines moved, for another unit has it"),
    "calendar": _("Deadlines moved, for working hours are others"),
}
TOLD: Mapping[tuple[str, str], Text] = {
    ("first", "warning"): _("The first answer is due on ${due}"),
    ("first", "breach"): _("No first answer until ${due}"),
    ("solution", "warning"): _("The answer is due on ${due}"),
    ("solution", "breach"): _("Not answered until ${due}"),
}
ICONS: Mapping[str, str] = {"moved": "hourglass-split", "paused": "pause-circle", "resumed": "clock",
                            "warning": "hourglass-split", "breach": "exclamation-octagon"}


def deadline_words(request: Request, event: Event) -> tuple[str, str, str]:
    """Subject, words and icon of an event about deadlines."""
    show, data = request.ui.show, event.data
    what = str(data.get("what", ""))
    icon = ICONS.get(what, "hourglass-split")
    if what == "paused":
        return show.text(_("Clock stopped")), str(data.get("reason", "")), icon
    if what == "resumed":
        return show.text(_("Clock runs on")), "\n".join(_moves(request, data)), icon
    if what == "moved":
        subject = show.text(MOVED.get(str(data.get("why", "")), _("Deadlines moved")))
        return subject, "\n".join(_moves(request, data)), icon
    kind = TOLD.get((str(data.get("which", "")), what))
    if kind is None:
        return show.text(_("Deadline")), "", icon
    subject = show.text(kind % {"due": _moment(request, data.get("due"))})
    return subject, _told(request, data.get("told") or ()), icon


def _moves(request: Request, data: Mapping[str, Any]) -> list[str]:
    """A line for each deadline that moved, from when to when."""
    show = request.ui.show
    names: tuple[tuple[str, Text], ...] = (
        ("first_due", _("First answer: ${old} → ${new}")), ("due", _("Answer: ${old} → ${new}")))
    return [
        show.text(words % {"old": _moment(request, data[name][0]), "new": _moment(request, data[name][1])})
        for name, words in names if isinstance(data.get(name), list | tuple)
    ]


def _moment(request: Request, value: Any) -> str:
    show = request.ui.show
    return str(show.datetime(value, "day")) if isinstance(value, int) else str(show.text(_("none")))


def _told(request: Request, ids: Any) -> str:
    show = request.ui.show
    names = show.text(_(", ")).join(rows.user_name(request, id_) for id_ in ids)
    return str(show.text(_("Told: ${names}", mapping={"names": names}) if names else _("Nobody could be told.")))

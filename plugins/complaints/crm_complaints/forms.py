"""What is asked of somebody who complains, and the request type that carries it.

Answers are kept as plain data with the texts shown then, so a complaint stays readable without this plugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_complaints.workflow import CONDUCT, REGISTER, STATUSES, TRANSITIONS, TYPE
from crm_core.api import Form, RequestType, TextFactory, fields

_ = TextFactory("crm_complaints")

CATEGORIES = (
    (CONDUCT, _("Conduct of staff")),
    ("delay", _("A delay")),
    ("quality", _("Quality of a service or a work")),
    ("decision", _("A decision")),
    ("money", _("Money that was asked for")),
    ("nuisance", _("Noise, smell or dirt")),
    ("other", _("Something else")),
)
AREAS: fields.Choices = (
    ("desk", _("Desk and offices")),
    ("streets", _("Streets and pavements")),
    ("refuse", _("Refuse and cleanliness")),
    ("green", _("Parks and trees")),
    ("building", _("Building and permits")),
    ("fees", _("Fees and payments")),
)
SUBJECTS: dict[str, fields.Choices] = {
    "desk": (
        ("waiting", _("Long waiting")),
        ("hours", _("Closed in opening hours")),
        ("sent_around", _("Sent from one office to another")),
        ("unanswered", _("A letter or call without an answer")),
    ),
    "streets": (
        ("surface", _("Holes and broken paving")),
        ("light", _("Street lights")),
        ("works", _("Road works left open")),
        ("blocked", _("A blocked pavement")),
    ),
    "refuse": (
        ("collection", _("Refuse is not collected")),
        ("bins", _("Bins: too few, broken, badly placed")),
        ("rubble", _("Rubble or soil in the street")),
        ("sweeping", _("Streets are not swept")),
    ),
    "green": (
        ("care", _("Dry or untended green")),
        ("felling", _("Felling or cutting of trees")),
        ("playground", _("Playground and benches")),
    ),
    "building": (
        ("permit", _("A permit that does not come")),
        ("neighbour_works", _("Building next door")),
        ("inspection", _("An inspection")),
    ),
    "fees": (
        ("amount", _("The amount of a fee")),
        ("receipt", _("A payment that was not booked")),
        ("refund", _("Money to be given back")),
    ),
}
"""Area → what complaints about it are mostly about; anything else is written in words."""
DUE_DAYS = 15
"""Calendar days until a complaint is owed an answer."""


class ComplaintForm(Form):
    """About whom or what, where, and what the citizen wants."""

    category = fields.choice(_("What kind of complaint"), CATEGORIES, wide=True)
    area = fields.choice(_("Area"), AREAS, required=False)
    subject = fields.dependent_choice(_("Subject"), "area", SUBJECTS, required=False)
    happened = fields.date(_("Day it happened"), required=False, prefer="last", past=True)
    hour = fields.time(_("About what time"), required=False)
    staff = fields.staff(
        _("About which member of staff"), required=False, shields=True,
        description=_("This person will not see the complaint, not even that it exists."),
    )
    whom = fields.text(
        _("About whom, in the citizen’s words"), required=False, personal=True,
        description=_("When the name is not known: the counter, the hour, the looks"),
    )
    what = fields.text(_("About what"), required=False, description=_("The service, the work or the letter"))
    place = fields.place(
        _("Place"), required=False, personal=True, description=_("Street, number, a landmark nearby, or the office"),
    )
    wish = fields.long_text(_("What the citizen wishes"), required=False, personal=True)
    confidential = fields.boolean(
        _("The citizen asks for confidentiality"),
        description=_("Only who may read confidential requests, and who works on it, will read it."),
    )


def asks_confidentiality(values: Mapping[str, Any]) -> bool:
    """Whether the complaint is a confidential request."""
    return bool(values.get("confidential"))


COMPLAINT = RequestType(
    TYPE, _("Complaint"), ComplaintForm, STATUSES, icon="megaphone", permission=REGISTER, due_days=DUE_DAYS,
    transitions=TRANSITIONS,
    description=_("About a service, a place or a member of staff"), title_from=("category", "subject", "what", "place"),
    confidential=asks_confidentiality,
)

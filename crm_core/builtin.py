"""The core's own contributions: a general request, and the shape that imported service requests take."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core import fields as f
from crm_core.chores import CHORES
from crm_core.contributions import Contribution, Job, RequestType, Status, Timer
from crm_core.i18n import TextFactory
from crm_core.model.request import Category
from crm_core.services import approvals, calendars, escalation, promises

_ = TextFactory("crm_core")

GENERAL = "core.general"
IMPORTED = "core.imported"
EXPIRY = "core.expiry"
DAILY = 24 * 60
"""Minutes between two runs."""

STATUSES = (
    Status("new", Category.NEW, _("Registered")),
    Status("working", Category.OPEN, _("Being worked on")),
    Status("waiting", Category.WAITING, _("Waits for the citizen")),
    Status("answered", Category.DONE, _("Answered")),
    Status("cancelled", Category.CANCELLED, _("Withdrawn")),
)


class GeneralForm(f.Form):
    """What any request has beside its title and text."""

    category = f.choice(
        _("About"),
        (
            ("service", _("A service or product")),
            ("information", _("Information")),
            ("suggestion", _("A suggestion")),
            ("other", _("Something else")),
        ),
    )
    place = f.place(_("Place"), required=False, personal=True, description=_("Street, number, a landmark nearby"))


class ImportedForm(f.Form):
    """What came with a request from another system, field by field as far as the mapping knows it."""

    source = f.text(_("Source"), required=False)
    category = f.text(_("Category"), required=False, max_length=1000)
    place = f.text(_("Place"), required=False, max_length=2000, personal=True)
    unit_name = f.text(_("Responsible unit"), required=False, max_length=1000)
    resolution = f.long_text(_("What was done"), required=False, max_length=200_000)
    details = f.long_text(_("Other details"), required=False, max_length=200_000)


def contribute() -> Iterable[Contribution]:
    """The core's request types, and what it does by itself."""
    yield RequestType(
        GENERAL, _("General request"), GeneralForm, STATUSES, icon="folder2", due_days=15,
        description=_("Anything no other form fits"), title_from=("category", "place"),
    )
    yield RequestType(IMPORTED, _("Imported request"), ImportedForm, STATUSES, icon="box-arrow-in-down", offered=False)
    yield Job(EXPIRY, _("Remove what may be kept for a time only"), DAILY, lambda services: services.expiry.run())
    yield Timer(promises.TIMER, _("Remind of promises, and note those that broke"),
                lambda services, id_: services.promises.look(id_))
    yield Timer(approvals.TIMER, _("Remind of approvals, and let those lapse whose time is over"),
                lambda services, id_: services.approvals.look(id_))
    yield Timer(escalation.TIMER, _("Tell of deadlines that are near, and of those that have passed"),
                lambda services, id_: services.escalation.look(id_))
    yield Timer(calendars.SWEEP, _("Work deadlines out anew after a calendar was changed"),
                lambda services, after: services.deadlines.sweep(after))
    yield from CHORES

"""What is asked of somebody who wants a permit, and the request type that carries it."""

from __future__ import annotations

from crm_core.api import Form, RequestType, TextFactory, fields
from crm_parking_permits.fees import VEHICLES, ZONES
from crm_parking_permits.workflow import APPLY, STATUSES, TYPE

_ = TextFactory("crm_parking_permits")

TERMS = (("half_year", _("Half a year")), ("year", _("One year")))
DOCUMENTS = (
    ("identity", _("Identity card")),
    ("vehicle", _("Vehicle card")),
    ("residence", _("Deed or tenancy contract")),
)


class PermitForm(Form):
    """Which vehicle, where and how long; what was brought along."""

    plate = fields.text(_("Number plate"), personal=True, max_length=30,  # with a Persian letter, so no `code`
                        description=_("As it stands on the vehicle card"))
    vehicle = fields.choice(_("Kind of vehicle"), VEHICLES)
    zone = fields.choice(_("Parking zone"), ZONES)
    term = fields.choice(_("For how long"), TERMS)
    residence = fields.place(_("Address of residence"), personal=True, expires_days=1095)
    disabled = fields.boolean(_("The resident has a disability card"), personal=True,
                              description=_("Then the permit is free of charge."))
    documents = fields.choices(
        _("Documents that were brought"), DOCUMENTS, required=False,
        description=_("Add the pictures of them as files below; that of the vehicle card at least."),
    )


PERMIT = RequestType(
    TYPE, _("Resident’s parking permit"), PermitForm, STATUSES, icon="signpost", permission=APPLY, due_days=14,
    description=_("For one vehicle, in one zone, for half a year or one"), title_from=("zone", "vehicle"),
    common=("text", "files", "channel", "unit"), files_required=1,  # no application without the vehicle card
)

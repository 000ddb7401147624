"""The page that notes what a citizen reads off the meter on the phone."""

from __future__ import annotations

from typing import Any

from crm_core.api import Form, NotFound, TextFactory, fields
from crm_views.api import (
    Look,
    Request,
    Response,
    Submission,
    contact_by_id,
    done,
    flash,
    handle,
    sent_before,
    services_of,
)
from crm_water_meter import meters, readings

_ = TextFactory("crm_water_meter")


def includeme(config: Any) -> None:
    """The route and its view, which names its permission."""
    config.add_route("water_meter_reading", "/plugins/water_meter/{contact}/reading")
    config.add_view(
        reading, route_name="water_meter_reading", request_method=("GET", "POST"), permission=meters.NOTE,
        renderer="crm_water_meter:templates/reading.pt",
    )


class ReadingForm(Form):
    """What the meter shows."""

    value = fields.integer(_("Cubic metres"), least=0, most=9_999_999)
    day = fields.date(_("Day"), prefer="last")


def reading(request: Request) -> dict[str, Any] | Response:
    """Note a reading, and go back to the dossier."""
    first = sent_before(request)
    if first is not None:
        return first
    services = services_of(request)
    contact = contact_by_id(request, request.matchdict["contact"])
    meter = meters.of(services, contact)
    if not meter:
        raise NotFound
    here = f"/contacts/{contact.id}"

    def on_valid(submission: Submission) -> Response:
        readings.add(services, contact, submission.values["value"], submission.values["day"])
        flash(request, _("The reading is noted."))
        return done(request, submission.submission_key, here)

    form = handle(
        request, ReadingForm().clone(), submit_label=_("Note the reading"), on_valid=on_valid,
        appstruct={"day": services.clock.today()}, look=Look(heading=_("Reading of the water meter"), cancel=here),
    )
    if not isinstance(form, dict):
        return form
    last = readings.last(services, str(meter["number"]))
    return form | {
        "title": _("Reading of the water meter"), "href": here, "name": contact.name, "number": meter["number"],
        "last": None if last is None else dict(last.data),
    }

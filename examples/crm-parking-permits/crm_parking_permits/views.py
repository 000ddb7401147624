"""The page for a payment: whoever sits at the till types amount, receipt and day."""

from __future__ import annotations

from typing import Any

from crm_core.api import Form, NotFound, TextFactory, fields
from crm_parking_permits import fees, workflow
from crm_views.api import (
    Look,
    Request,
    Response,
    Submission,
    done,
    flash,
    handle,
    request_by_code,
    sent_before,
    services_of,
)

_ = TextFactory("crm_parking_permits")


def includeme(config: Any) -> None:
    """The route and its view, which names its permission."""
    config.add_route("parking_permits_payment", "/plugins/parking_permits/{code}/payment")
    config.add_view(
        payment, route_name="parking_permits_payment", request_method=("GET", "POST"), permission=workflow.COLLECT,
        renderer="crm_parking_permits:templates/payment.pt",
    )


class PaymentForm(Form):
    """What stands on the receipt."""

    amount = fields.money(_("Amount"), currency=fees.CURRENCY, least=1)
    receipt = fields.code(_("Number of the receipt"), max_length=40)
    day = fields.date(_("Paid on"), prefer="last")


def payment(request: Request) -> dict[str, Any] | Response:
    """Note a payment, and go back to the application."""
    first = sent_before(request)
    if first is not None:
        return first
    services = services_of(request)
    case = request_by_code(request, request.matchdict["code"])
    fee = fees.of(services, case)
    if case.type != workflow.TYPE or fee is None:
        raise NotFound
    here = f"/requests/{case.code}"

    def on_valid(submission: Submission) -> Response:
        values = submission.values
        fees.pay(services, case, values["amount"], values["receipt"], values["day"])
        flash(request, _("The payment is noted."))
        return done(request, submission.submission_key, here)

    form = handle(
        request, PaymentForm().clone(), submit_label=_("Note the payment"), on_valid=on_valid,
        look=Look(heading=_("Payment for a parking permit"), cancel=here),
    )
    if not isinstance(form, dict):
        return form
    return form | {
        "title": _("Payment for a parking permit"), "href": here, "subject": case.title,
        "amount": fee.data["amount"], "currency": fee.data["currency"], "settled": fees.is_settled(fee),
    }

"""Parking permits at the desk: registering one, the box with its fee, the page for a payment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from webtest import Upload

import crm_parking_permits
from crm_core.api import Role
from crm_core.app import App
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_views.app import make_app as make_web
from crm_views.testing import fill, form_of, sign_in, speak

TYPE = "parking_permits.permit"
CAR = {"plate": "۱۲ ب ۳۴۵ ایران ۶۷", "vehicle": "car", "zone": "centre", "term": "half_year", "residence": "خ سعدی"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Any]]:
    app = make_app(tmp_path_factory.mktemp("served"), {"parking_permits": crm_parking_permits})
    for login, role in (("clerk", Role.CLERK), ("expert", Role.EXPERT)):
        make_clerk(app, login, roles=[role])
    web = make_web(app)
    assert not app.host.failed(), app.host.plugins["parking_permits"].trace
    yield app, web
    app.close()


def registered(app: App, **answers: str) -> str:
    """The tracking code of a new application."""
    with app.transaction() as services:
        return submit(services, make_contact(services), TYPE, {**CAR, **answers}).code


def test_a_clerk_registers_an_application_and_sees_its_fee(served: tuple[App, Any]) -> None:
    app, web = served
    with app.transaction() as services:
        citizen = make_contact(services).id
    clerk = sign_in(web, "clerk")
    form = form_of(clerk.get(f"/contacts/{citizen}/requests/new/{TYPE}"))
    refused = fill(form, **CAR).submit("submit", status=422)
    form = form_of(refused)
    sent = [(name, Upload("card.pdf", b"%PDF-1.4\n%%EOF") if name == "upload" else value)
            for name, value in form.submit_fields("submit")]
    page = clerk.post(refused.request.path, sent, status=303).follow()
    assert "هزینه و مجوز" in page.text and "۸٬۰۰۰٬۰۰۰" in page.text and "هنوز پرداخت نشده" in page.text
    assert "مجوز پارک: مرکز شهر، سواری" in clerk.get(f"/contacts/{citizen}").text
    speak(clerk, "en")
    assert "Not paid yet" in clerk.get(urlsplit(page.request.url).path).text
    speak(clerk, "fa")


def test_a_payment_is_noted_once_at_the_till(served: tuple[App, Any]) -> None:
    app, web = served
    code = registered(app, plate="2")
    clerk, path = sign_in(web, "clerk"), f"/plugins/parking_permits/{code}/payment"
    assert path in clerk.get(f"/requests/{code}").text
    form = fill(form_of(clerk.get(path)), amount="5000000", receipt="A-7", day="1405/01/01")
    page = form.submit("submit", status=422)
    assert "این مبلغ با هزینهٔ این درخواست یکی نیست" in page.text
    page = fill(form_of(page), amount="۸٬۰۰۰٬۰۰۰").submit("submit").follow()
    assert "پرداخت ثبت شد." in page.text and "A-۷" in page.text and path not in page.text
    assert "چیزی برای پرداخت نمانده است" in clerk.get(path).text


def test_who_takes_no_money_is_offered_no_page_for_it(served: tuple[App, Any]) -> None:
    app, web = served
    code = registered(app, plate="3")
    expert = sign_in(web, "expert")
    assert "/payment" not in expert.get(f"/requests/{code}", status="*").text
    expert.get(f"/plugins/parking_permits/{code}/payment", status=403)
    sign_in(web, "clerk").get("/plugins/parking_permits/0000000000/payment", status=404)

"""Water meters at the desk: recording one, finding it, noting a reading, the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import crm_water_meter
from crm_core.api import Role
from crm_core.app import App
from crm_core.testing.factories import make_app, make_clerk, make_contact
from crm_views.app import make_app as make_web
from crm_views.testing import fill, form_of, sign_in
from crm_water_meter import meters, readings


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Any]]:
    app = make_app(tmp_path_factory.mktemp("served"), {"water_meter": crm_water_meter})
    for login, role in (("clerk", Role.CLERK), ("executive", Role.EXECUTIVE)):
        make_clerk(app, login, roles=[role])
    web = make_web(app)
    assert not app.host.failed(), app.host.plugins["water_meter"].trace
    yield app, web
    app.close()


def citizen(app: App, number: str = "") -> int:
    """A new citizen's id, with a meter when a number is given."""
    with app.transaction() as services:
        contact = make_contact(services)
        if number:
            services.contact_fields.edit(contact, {meters.METER.id: {"number": number, "area": "centre"}})
        return contact.id


def test_a_meter_is_recorded_with_the_contact_and_found_again(served: tuple[App, Any]) -> None:
    app, web = served
    id_, clerk = citizen(app), sign_in(web, "clerk")
    assert "قرائت‌های کنتور آب" not in clerk.get(f"/contacts/{id_}").text
    form = form_of(clerk.get(f"/contacts/{id_}/edit"))
    fill(form, number="W-77", area="south").submit("submit", status=303)
    dossier = clerk.get(f"/contacts/{id_}").text
    assert "کنتور آب" in dossier and "W-۷۷" in dossier and "هنوز خوانده نشده است" in dossier
    found = clerk.get("/find", {"q": "W-77"})
    assert f"/contacts/{id_}" in (found.location or found.text)


def test_a_reading_on_the_phone_is_noted(served: tuple[App, Any]) -> None:
    app, web = served
    id_, clerk = citizen(app, "W-5"), sign_in(web, "clerk")
    path = f"/plugins/water_meter/{id_}/reading"
    assert path in clerk.get(f"/contacts/{id_}").text
    fill(form_of(clerk.get(path)), value="۱۲۰").submit("submit", status=303)
    assert "۱۲۰ متر مکعب" in clerk.get(f"/contacts/{id_}").text
    page = fill(form_of(clerk.get(path)), value="90").submit("submit", status=422)
    assert "کنتور پیش از این عدد بزرگ‌تری نشان داده است" in page.text
    clerk.get(f"/plugins/water_meter/{citizen(app)}/reading", status=404)


def test_its_channel_is_offered_and_its_report_is_for_who_may_read_it(served: tuple[App, Any]) -> None:
    app, web = served
    id_, clerk = citizen(app, "W-6"), sign_in(web, "clerk")
    assert "قرائت از راه دور" in clerk.get(f"/contacts/{id_}").text
    clerk.get("/reports/water_meter.consumption", status=403)
    assert "مصرف آب" in sign_in(web, "executive").get("/reports/water_meter.consumption").text


def test_the_meter_of_a_record_that_may_not_be_read_is_not_shown(served: tuple[App, Any]) -> None:
    app, web = served
    mine, confidential = citizen(app), citizen(app, "W-8")
    with app.transaction() as services:
        first, second = services.contacts.get(mine), services.contacts.get(confidential)
        readings.add(services, second, 345, services.clock.today())
        services.linking.link(first, second, "one person")
    path = f"/plugins/water_meter/{mine}/reading"
    clerk = sign_in(web, "clerk")
    assert "۳۴۵ متر مکعب" in clerk.get(f"/contacts/{mine}").text
    assert "W-۸" in clerk.get(path).text

    with app.transaction() as services:
        services.contacts.edit(services.contacts.get(confidential), {"confidentiality": "confidential"})

    assert "۳۴۵ متر مکعب" not in clerk.get(f"/contacts/{mine}").text
    clerk.get(path, status=404)

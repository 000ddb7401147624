"""Choices that depend on another answer: declared as data, frozen with the form, checked together with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import colander
import pytest

from crm_core.api import Category, Contribution, Form, RequestType, Status, fields, hookimpl
from crm_core.app import App
from crm_core.errors import Invalid
from crm_core.i18n import Translator
from crm_core.registry import Refused, publish
from crm_core.services.forms import deserialize
from crm_core.testing.factories import make_app, submit

PROVINCES = (("tehran", "Tehran"), ("fars", "Fars"), ("sea", "The sea"))
CITIES: dict[str, fields.Choices] = {
    "tehran": (("rey", "Rey"), ("other", "Another")),
    "fars": (("shiraz", "Shiraz"), ("other", "Another")),
}
STATUSES = (Status("open", Category.NEW, "Open"), Status("done", Category.DONE, "Done"))


class PlaceForm(Form):
    name = fields.text("Name")
    province = fields.choice("Province", PROVINCES, required=False)
    city = fields.dependent_choice("City", "province", CITIES, required=False)
    at = fields.time("At", required=False)
    fee = fields.money("Fee", required=False, currency="EUR")
    number = fields.code("Number", required=False)


PLACE = RequestType("desk.place", "Place", PlaceForm, STATUSES)


def contribute() -> Iterator[Contribution]:
    yield PLACE


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    module = ModuleType("desk_plugin")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]
    module.contribute = hookimpl(contribute)  # type: ignore[attr-defined]
    app = make_app(tmp_path, {"desk": module})
    assert not app.host.failed()
    yield app
    app.close()


def errors(**values: str) -> dict[str, Any]:
    with pytest.raises(Invalid) as refused:
        deserialize(PlaceForm().clone(), values)
    return dict(refused.value.errors)


def test_what_belongs_is_taken_and_shown_with_its_words(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, None, "desk.place", {
            "name": "x", "province": "fars", "city": "other", "at": "14:30", "fee": "1250", "number": "A-7",
        })
        assert request.submission is not None
        answers = request.submission.answers
        assert answers["city"]["value"] == "other" and answers["city"]["text"]["en"] == "Another"
        assert (answers["at"]["value"], answers["fee"]["value"], answers["number"]["value"]) == ("14:30", 1250, "A-7")
        form = services.forms.form_version(request.submission.form)
        assert form is not None
        frozen = form.field("city")
        assert frozen is not None
        assert (frozen["type"], frozen["depends_on"]) == ("dependent_choice", "province")
        assert frozen["groups"] == [["tehran", ["rey", "other"]], ["fars", ["shiraz", "other"]]]
        assert (form.field("fee") or {})["currency"] == "EUR"


def test_what_does_not_belong_is_named_with_everything_else_that_is_wrong() -> None:
    found = errors(province="fars", city="rey")
    assert set(found) == {"name", "city"}
    assert found["city"].mapping == {"chosen": "Fars"}


@pytest.mark.parametrize("province", ["", "sea", "tehran"])
def test_nothing_above_or_another_above(province: str) -> None:
    assert set(errors(name="x", province=province, city="shiraz")) == {"city"}


def test_no_choice_below_is_no_mistake() -> None:
    assert deserialize(PlaceForm().clone(), {"name": "x", "province": "sea"})["city"] == ""
    assert deserialize(PlaceForm().clone(), {"name": "x"})["city"] == ""


def test_made_up_values_are_refused_by_the_service(app: App) -> None:
    with app.transaction() as services, pytest.raises(Invalid):
        submit(services, None, "desk.place", {"name": "x", "province": "fars", "city": "<script>"})


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"city": fields.dependent_choice("City", "nowhere", CITIES)}, "no field with fixed choices"),
        ({"city": fields.dependent_choice("City", "city", CITIES)}, "no field with fixed choices"),
        ({"city": fields.dependent_choice("City", "name", CITIES)}, "no field with fixed choices"),
        ({"city": fields.dependent_choice("City", "province", {"mars": (("x", "X"),)})}, "does not offer"),
        ({"city": fields.dependent_choice("City", "province", CITIES)}, "leave nothing to choose"),
    ],
)
def test_a_definition_that_could_not_be_answered_is_refused(more: dict[str, colander.SchemaNode], reason: str) -> None:
    form = type("Odd", (PlaceForm,), more)
    with pytest.raises(Refused, match=reason):
        publish("desk", RequestType("desk.odd", "Odd", form, STATUSES), Translator([]))


def test_common_fields_that_do_not_exist_are_refused() -> None:
    with pytest.raises(Refused, match="colour"):
        publish("desk", RequestType("desk.odd", "Odd", PlaceForm, STATUSES, common=("text", "colour")), Translator([]))

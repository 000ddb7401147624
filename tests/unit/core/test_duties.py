"""What a collection of persons does not say keeps its plugin out, and the words name all of it."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core import fields
from crm_core.contributions import Collection, ContactFields, RequestType, Status
from crm_core.duties import Refused, demand_duties, frozen_duties
from crm_core.fields import Form
from crm_core.i18n import Translator
from crm_core.model.collection import CollectionStore, Duties
from crm_core.model.request import Category
from crm_core.registry import Registry

SAID: dict[str, Any] = {"fields": (("label", "Label"),), "on_merge": "move", "on_export": "omit", "on_erase": "unlink",
                        "expires_days": 30, "expires_by": "until"}


def collection(**more: Any) -> Collection:
    return Collection("things.rows", "Rows", ranges=("until",), **more)


def test_what_tells_of_nobody_owes_nothing() -> None:
    demand_duties(collection())


def test_a_collection_of_persons_says_everything() -> None:
    demand_duties(collection(person="who", **SAID))


@pytest.mark.parametrize("duty", ["fields", "on_merge", "on_export", "on_erase", "expires_days"])
def test_each_duty_is_missed_by_its_name(duty: str) -> None:
    said = {name: value for name, value in SAID.items() if name != duty}
    if duty == "expires_days":
        del said["expires_by"]
    with pytest.raises(Refused, match=rf"'things.rows' tells of persons and .*{duty}"):
        Registry(Translator([])).take("things", [collection(person="who", **said)])


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(Refused) as refused:
        demand_duties(collection(person="who"))
    words = str(refused.value)
    assert all(duty in words for duty in ("fields", "on_merge", "on_export", "on_erase", "expires_days"))


@pytest.mark.parametrize("wrong", [
    {"on_merge": "copy"}, {"on_export": "hide"}, {"on_erase": "keep"}, {"expires_days": -1}, {"expires_days": True},
    {"expires_days": 30, "expires_by": "label"}, {"expires_days": 30, "expires_by": ""}, {"expires_days": 0},
])
def test_what_is_said_wrongly_is_refused_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        Registry(Translator([])).take("things", [collection(person="who", **SAID | wrong)])


def test_words_and_duties_are_frozen_with_the_records() -> None:
    duties = frozen_duties(collection(person="who", **SAID), Translator([]))
    assert dict(duties.title) == {"fa": "Rows", "en": "Rows"}
    assert [(name, dict(title)["fa"]) for name, title in duties.fields] == [("label", "Label")]
    assert (duties.on_merge, duties.on_export, duties.on_erase) == ("move", "omit", "unlink")
    assert (duties.expires_days, duties.expires_by) == (30, "until")


def test_stored_duties_of_an_older_version_read_what_was_not_said() -> None:
    old = Duties.__new__(Duties)
    object.__setattr__(old, "person", "who")
    assert (old.on_merge, old.on_export, old.expires_days, old.fields) == ("keep", "include", 0, ())
    store = CollectionStore(Duties(person="who"))
    store.duties = old
    store.fit(Duties(person="who", title=(("en", "Rows"),)))
    assert dict(store.duties.title) == {"en": "Rows"}


# ── contact fields ───────────────────────────────────────────────────────────────────────────────────────────


class MeterForm(Form):
    number = fields.code("Number")
    day = fields.date("Day", required=False, expires_days=30)
    whom = fields.staff("Whom", required=False, shields=True)


class RightForm(Form):
    number = fields.code("Number", on_export="omit")


class EmptyForm(Form):
    """Asks nothing."""


@pytest.mark.parametrize(("form", "unique", "words"), [
    (EmptyForm, (), "has no field"),
    (RightForm, ("nothing",), "calls 'nothing' unique"),
    (MeterForm, ("day",), "calls 'day' unique"),
    (MeterForm, (), "keeps requests from somebody"),
])
def test_contact_fields_that_say_too_little_are_refused(form: type[Form], unique: tuple[str, ...], words: str) -> None:
    with pytest.raises(Refused, match=words):
        Registry(Translator([])).take("things", [ContactFields("things.meter", "Meter", form, unique=unique)])


def test_contact_fields_are_frozen_with_their_duties_and_always_go_with_the_contact() -> None:
    registry = Registry(Translator([]))
    registry.take("things", [ContactFields("things.meter", "Meter", RightForm, unique=("number",))])
    published = registry.contact_fields["things.meter"]
    (field,) = published.form["fields"]
    assert (field["on_erase"], field["on_export"], field["personal"]) == ("remove", "omit", True)
    assert published.form["unique"] == ["number"]
    assert published.form["permission"] == "contact.view"
    registry.drop("things")
    assert registry.contact_fields == {}


def test_a_title_does_not_keep_what_expires() -> None:
    type_ = RequestType("things.thing", "Thing", MeterForm, (Status("new", Category.NEW, "New"),), title_from=("day",))
    with pytest.raises(Refused, match="'day'"):
        Registry(Translator([])).take("things", [type_])

"""Lists of colleagues and units are in the order of a Persian dictionary, numbers by their value, on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core import fields
from crm_core.text.collation import collation_key
from crm_views.testing import speak

UNITS = ("پارک‌ها", "خدمات ناحیهٔ ۱۰", "خدمات ناحیهٔ ۳", "آتش‌نشانی", "گورستان", "یادبود", "واحد حقوقی", "چاپخانه")
PEOPLE = ("کریم نوروزی", "هانیه پارسا", "گلناز چراغی", "آرش یکتا", "پری ژاله", "یاشار آذر")


@pytest.fixture
def crowded(desk: Any) -> Any:
    """The desk with names whose order by code point is another one."""

    def add(services: Any) -> None:
        for name in UNITS:
            services.units.add(name)
        for number, name in enumerate(PEOPLE):
            services.users.add(f"more{number}", name=name, password="a long sentence", roles=["expert"],
                               units=[desk.units["reception"]], hash_cost=1)

    desk.run(add)
    return desk


def names(page: Any, field: str, known: tuple[str, ...]) -> list[str]:
    """The words of a field's choices that hold one of the known names."""
    box = page.html.select_one(f"select[name={field}]")
    found = [" ".join(option.get_text().split()) for option in box.select("option")] if box is not None else [
        " ".join(page.html.select_one(f'label[for="{one["id"]}"]').get_text().split())
        for one in page.html.select(f"input[name={field}], input[name^={field}-]") if one.get("id")]
    return [words for words in found if any(name in words for name in known)]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_choice_of_colleagues_or_units_is_in_order(
    crowded: Any, browse: Callable[..., Any], language: str
) -> None:
    clerk, admin = browse("supervisor"), browse("admin")
    speak(clerk, language)
    speak(admin, language)
    contact = crowded.contact("علی کاظمی")
    code = crowded.case(contact, unit=crowded.units["reception"])
    pages = [
        (clerk.get(f"/requests/{code}/assign"), "assignee", PEOPLE),
        (clerk.get(f"/requests/{code}/assign"), "unit", UNITS),
        (clerk.get(f"/work/change?do=assign&c={code}"), "assignee", PEOPLE),
        (clerk.get(f"/work/change?do=assign&c={code}"), "unit", UNITS),
        (clerk.get(f"/contacts/{contact}"), "unit", UNITS),
        (admin.get("/admin/users"), "unit", UNITS),
        (admin.get("/admin/units/new"), "parent", UNITS),
    ]
    for page, field, known in pages:
        found = names(page, field, known)
        assert len(found) == len(known), (page.request.path, field)
        assert found == sorted(found, key=collation_key), (page.request.path, field)
    audit = names(browse("supervisor").get("/admin/audit"), "who", PEOPLE) if language == "fa" else []
    assert audit == sorted(audit, key=collation_key)


def test_the_choices_of_a_plugins_form_are_in_order(crowded: Any) -> None:
    node = fields.staff("")
    found = crowded.run(lambda services: [label for _value, label in node.choices(services, None)])
    assert set(PEOPLE) <= set(found)
    assert found == sorted(found, key=collation_key)

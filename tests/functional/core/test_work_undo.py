"""Taking an order back gives nobody what has become secret since, and tells nobody that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from crm_core import api
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.services.workbulk import Order

MEANWHILE = "It was changed meanwhile."


def given_away(desk: Any, code: str) -> str:
    """The expert hands a request of his over to the unit of law; the id to take that back with."""

    def work(services: Services) -> str:
        done = services.bulk.apply(services.bulk.requests([code]), Order("assign", desk.units["law"]), {})
        assert [str(line.refusal) for line in done.lines] == [""]
        return done.undo

    return str(desk.run(work, "expert"))


def take_back(desk: Any, undo: str) -> list[str]:
    said: list[str] = desk.run(lambda services: [str(one.refusal) for one in services.bulk.undo(undo).lines], "expert")
    return said


def become_confidential(services: Services, code: str, expert: int) -> None:
    contact = services.contacts.get(services.requests.by_code(code).contact or 0)
    services.contacts.edit(contact, {"confidentiality": "confidential"})


def become_shielded(services: Services, code: str, expert: int) -> None:
    contact = services.contacts.get(services.requests.by_code(code).contact or 0)
    services.contacts.edit(contact, {"confidentiality": "shielded"})


def become_secret(services: Services, code: str, expert: int) -> None:
    services.requests.edit(services.requests.by_code(code), {"confidentiality": "confidential"})


def be_about_him(services: Services, code: str, expert: int) -> None:
    services.requests.by_code(code).hidden_from = (expert,)


def be_about_another(services: Services, code: str, expert: int) -> None:
    services.requests.by_code(code).hidden_from = (expert + 1,)


@pytest.mark.parametrize("what", [become_confidential, become_shielded, become_secret, be_about_him, be_about_another])
def test_what_became_secret_since_is_not_given_back(desk: Any, what: Callable[..., None]) -> None:
    expert = desk.who["expert"].user_id
    code = desk.case(desk.contact(), unit=desk.units["streets"], assignee=expert)
    undo = given_away(desk, code)
    desk.run(lambda services: what(services, code, expert))
    events = desk.run(lambda services: len(services.requests.by_code(code).events))

    assert take_back(desk, undo) == [MEANWHILE]

    def look(services: Services) -> tuple[bool, int | None, int]:
        request = services.requests.by_code(code)
        return services.eyes.of_request(request) is Visibility.FULL, request.unit, len(request.events)

    assert desk.run(look, "expert") == (False, desk.units["law"], events)


def test_what_is_as_open_as_it_was_comes_back(desk: Any) -> None:
    expert = desk.who["expert"].user_id
    code = desk.case(desk.contact(), unit=desk.units["streets"], assignee=expert)
    undo = given_away(desk, code)
    assert take_back(desk, undo) == [""]
    assert desk.run(lambda services: services.requests.by_code(code).assignee) == expert


class Form(api.Form):
    """Nothing to fill in."""

    word = api.fields.text("Word")


def grudging() -> dict[str, ModuleType]:
    """A plugin that writes something down and then refuses what is called «no»."""
    module = ModuleType("grudge")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("grudge.thing", "Thing", Form, (
            api.Status("new", api.Category.NEW, "New"), api.Status("open", api.Category.OPEN, "Open")))
        yield api.Collection("grudge.slips", "Slips")

    @api.hookimpl
    def before_status(services: api.Services, request: api.Request, change: api.StatusChange) -> None:
        services.collections["grudge.slips"].add({"title": request.title})
        if request.title == "no":
            raise api.Veto("Not this one.")

    module.contribute, module.before_status = contribute, before_status  # type: ignore[attr-defined]
    return {"grudge": module}


def test_what_a_plugin_wrote_for_a_line_it_refused_is_not_stored(open_desk: Any) -> None:
    desk = open_desk(grudging())
    given = [desk.case(desk.contact(), type_id="grudge.thing", answers={"word": "x"}, title=title)
             for title in ("yes", "no", "yes too")]

    def work(services: Services) -> list[str]:
        done = services.bulk.apply(services.bulk.requests(given), Order("status", status="open"), {})
        return [str(line.refusal) for line in done.lines]

    def slips(services: Services) -> list[str]:
        return sorted(item.data["title"] for item in services.root.collections["grudge.slips"].items.values())

    assert desk.run(work, "clerk") == ["", "Not this one.", ""]
    assert desk.run(slips) == ["yes", "yes too"]
    assert desk.run(lambda services: [services.requests.by_code(code).status for code in given]) == [
        "open", "new", "open"]

"""The demo with the three bundled plugins: their forms take what it writes, and their rules hold in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm_core.app import App
from crm_core.checks import check_app
from crm_core.host import installed
from crm_core.model.request import Request
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.settings import Settings
from crm_core.testing.guard import only_core_classes

pytestmark = pytest.mark.plugins

Report = dict[str, Any]


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, fill_demo: Callable[..., Report]
) -> Iterator[tuple[App, Report]]:
    candidates = [one for one in installed() if one.id in ("appointments", "complaints", "surveys")]
    app = App.open(Settings(tmp_path_factory.mktemp("plugins") / "data", search="none"), candidates)
    try:
        assert [plugin.id for plugin in app.host.enabled()] == ["appointments", "complaints", "surveys"]
        yield app, fill_demo(app, contacts=150, years=2)
        only_core_classes(app)
    finally:
        app.close()


@pytest.fixture
def services(made: tuple[App, Report]) -> Iterator[Services]:
    with made[0].reading() as services:
        yield services


def of_type(services: Services, type_: str) -> list[Request]:
    return [request for request in services.root.requests.values() if request.type == type_]


def test_no_form_refused_anything(made: tuple[App, Report]) -> None:
    assert made[1]["skipped"] == []
    assert check_app(made[0])["problems"] == []


def test_every_kind_of_request_is_there(services: Services) -> None:
    kinds = Counter(request.type for request in services.root.requests.values())
    assert set(kinds) == {"core.general", "complaints.complaint", "appointments.mayor", "surveys.satisfaction",
                          "surveys.questionnaire"}
    assert kinds["core.general"] > kinds["complaints.complaint"] > 5
    statuses = {request.status for request in of_type(services, "complaints.complaint")}
    assert {"examining", "answered"} <= statuses


def test_one_complaint_is_hidden_from_the_official(made: tuple[App, Report], services: Services) -> None:
    shielded = [request for request in services.root.requests.values() if request.hidden_from]
    assert len(shielded) == 1
    seen = {}
    for login in ("expert", "supervisor"):
        user = services.users.by_login(login)
        assert user is not None
        seen[login] = made[0].services(services.root, services.users.identity(user)).eyes.of(shielded[0])
    assert seen == {"expert": Visibility.HIDDEN, "supervisor": Visibility.FULL}


def test_meetings_have_times_of_their_own(services: Services) -> None:
    bookings = list(services.collections["appointments.bookings"])
    assert bookings
    assert len({item.data["slot"] for item in bookings}) == len(bookings)
    meetings = {str(request.id): request for request in of_type(services, "appointments.mayor")}
    assert {"scheduled", "held"} <= {request.status for request in meetings.values()}
    slots = services.collections["appointments.slots"]
    now = services.clock.moment(services.clock.day(1795300200000))
    for item in bookings:
        slot = slots.get(int(item.data["slot"]))
        assert slot is not None
        assert services.clock.day(slot.data["starts"]).weekday() == 1
        assert (meetings[item.data["request"]].status == "scheduled") == (slot.data["starts"] >= now)
    assert sum(1 for slot in slots if slot.data["starts"] > now) > len(bookings)


def test_surveys_follow_answered_requests(services: Services) -> None:
    for survey in of_type(services, "surveys.satisfaction"):
        assert survey.submission is not None
        judged = services.requests.get(int(survey.submission.answers["about"]["value"]))
        assert judged.contact == survey.contact
        assert any(event.data.get("to") == "answered" and event.at < survey.created for event in judged.events.values())
        assert survey.submission.answers["speed"]["text"]["fa"]


def test_the_first_dossier_has_a_late_complaint_and_a_meeting(services: Services) -> None:
    zahra = next(one for one in services.root.contacts.values() if one.name == "زهرا رضایی‌پور")
    open_ = {request.type: request for request in services.requests.of_contact(zahra) if request.is_open}
    assert open_["appointments.mayor"].status == "scheduled"
    assert open_["core.general"].category == "waiting"
    now = services.clock.moment(services.clock.day(1795300200000))
    due = open_["complaints.complaint"].due
    assert due is not None
    assert due < now

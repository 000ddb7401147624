"""What could not be done, as an administrator decides about it; and what the page of health says of background work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from webtest import TestApp

from crm_core import builtin
from crm_core.api import Effect, JournalEntry, NotDone, Plain, Reader, Services, Timer, hookimpl
from crm_core.background import Background
from crm_core.effects import EffectRunner
from crm_core.readers import ReaderRunner
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_views.app import make_app
from crm_views.testing import fill, form_of, sign_in

CREATED = frozenset({"request.created"})
HOSTILE = "\"><script>alert(1)</script>"
HERE = "/admin/health/letters"


class Outside:
    """How the other side behaves."""

    error: BaseException | None = NotDone(f"refused {HOSTILE}", final=True)
    arrived = 0

    def act(self, data: Plain, key: str) -> Plain:
        if self.error is not None:
            raise self.error
        self.arrived += 1
        return None


def prepare(services: Services, entry: JournalEntry) -> Plain:
    return {"request": str(entry.subject[1])}


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def post(open_desk: Callable[..., Any], outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desk with a plugin that tells somebody of each request."""
    module = ModuleType("post")
    monkeypatch.setitem(sys.modules, "post", module)
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [
        Effect("post.tell", "Text to the citizen", CREATED, prepare, outside.act),
        Reader("post.read", "Post reads", CREATED, lambda services, entry: None),
        Timer("post.ring", "Post rings", lambda services, id_: None),
    ]))
    return open_desk({"post": module})


@pytest.fixture
def admin(post: Any) -> TestApp:
    return sign_in(make_app(post.app), "admin")


@pytest.fixture
def runner(post: Any) -> EffectRunner:
    """What acts, when it is told to."""
    runner = EffectRunner(post.app)
    runner.begin()
    return runner


def fail(desk: Any, runner: EffectRunner) -> int:
    """Register a request that nobody can be told of; its id."""
    id_ = desk.run(lambda services: submit(services, make_contact(services), builtin.GENERAL,
                                           {"category": "service"}).id)
    runner.step()
    return int(id_)


def test_a_dead_letter_is_tried_again_or_given_up(
    post: Any, admin: TestApp, outside: Outside, runner: EffectRunner
) -> None:
    admin.get(HERE).mustcontain("Everything could be done")
    admin.get("/admin/health").mustcontain("Everything could be done.", no=HERE)
    fail(post, runner)
    admin.get("/admin/health").mustcontain("1 could not be done in many tries", HERE)
    page = admin.get(HERE)
    page.mustcontain("Text to the citizen", "registered a request", "failed</span>", no="<script>alert(1)")
    page = page.click("Text to the citizen", href=HERE)
    page.mustcontain("NotDone: refused", no="<script>alert(1)")

    outside.error = None
    answer = form_of(page, f"{page.request.path}/retry").submit(status=303)
    assert answer.location.endswith(HERE)
    answer.follow().mustcontain("It is tried again soon", "Everything could be done")
    runner.step()
    assert outside.arrived == 1
    form_of(page, f"{page.request.path}/retry").submit(status=303).follow().mustcontain("decided about it already")

    outside.error = NotDone("refused", final=True)
    fail(post, runner)
    page = admin.get(HERE).click("Text to the citizen", href=HERE).click("Give it up")
    page = form_of(page).submit("submit", status=422)
    form = fill(form_of(page), reason="told on the phone")
    form.submit("submit", status=303).follow().mustcontain("It is given up", "Everything could be done")
    form.submit("submit", status=303)  # sent twice: the first result
    admin.get("/admin/audit").mustcontain("gave something up that could not be done", "told on the phone")


def test_an_uncertain_one_asks_first_whether_it_arrived(
    post: Any, admin: TestApp, outside: Outside, runner: EffectRunner
) -> None:
    outside.error = ConnectionResetError("it hung up")
    fail(post, runner)
    page = admin.get(HERE)
    page.mustcontain("uncertain")
    page = page.click("Text to the citizen", href=HERE)
    page.mustcontain("Ask on the other side", "Do it again", "It was done")


def test_of_whom_one_may_not_read_the_page_tells_nothing(
    post: Any, admin: TestApp, outside: Outside, runner: EffectRunner
) -> None:
    request = fail(post, runner)
    code = post.run(lambda services: services.requests.get(request).code)
    page = admin.get(HERE).click("Text to the citizen", href=HERE)
    page.mustcontain("NotDone: refused", no=code)
    make_clerk(post.app, "both", roles=["administrator", "executive"])
    both = sign_in(make_app(post.app), "both")
    both.get(page.request.path).mustcontain(f"/requests/{code}")


def test_what_was_said_about_a_hidden_request_does_not_name_its_citizen(
    open_desk: Callable[..., Any], outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A complaint about the administrator: that this citizen said something at all is hidden."""
    module = ModuleType("post")
    monkeypatch.setitem(sys.modules, "post", module)
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(lambda: [
        Effect("post.tell", "Text", frozenset({"interaction.logged"}), prepare, outside.act)]))
    desk = open_desk({"post": module})
    runner = EffectRunner(desk.app)
    runner.begin()
    both = make_clerk(desk.app, "both", roles=["administrator", "executive"])

    def complain(services: Services) -> int:
        contact = make_contact(services)
        case = submit(services, contact, builtin.GENERAL, {"category": "service"})
        services.requests.lists.remove(case)
        case.hidden_from = (both.user_id or 0,)
        services.requests.lists.add(case)
        services.interactions.log(contact, channel="phone", direction="in", body="گله", requests=[case])
        return int(contact.id)

    contact = desk.run(complain)
    runner.step()
    browser = sign_in(make_app(desk.app), "both")
    page = browser.get(HERE).click("Text", href=f"{HERE}/")
    page.mustcontain("NotDone: refused", no=f"/contacts/{contact}")


@pytest.mark.parametrize("address", [f"{HERE}/1", f"{HERE}/x", f"{HERE}/99999999999999999999/give-up"])
def test_addresses_that_mean_nothing(admin: TestApp, address: str) -> None:
    admin.get(address, status=404)


def test_it_is_for_administrators(post: Any, runner: EffectRunner) -> None:
    fail(post, runner)
    with post.app.reading() as services:
        (letter,) = services.dead_letters.rows()
    clerk = sign_in(make_app(post.app), "clerk")
    token = form_of(clerk.get("/"), "/preferences")["csrf_token"].value
    for address in (HERE, f"{HERE}/{letter.id}", f"{HERE}/{letter.id}/give-up"):
        clerk.get(address, status=403)
    for word in ("retry", "give-up"):
        clerk.post(f"{HERE}/{letter.id}/{word}", {"csrf_token": token, "reason": "x"}, status=403)
    assert len(post.run(lambda services: services.dead_letters.rows())) == 1


def test_health_tells_what_works_and_what_waits(
    post: Any, admin: TestApp, outside: Outside, runner: EffectRunner
) -> None:
    ReaderRunner(post.app).begin()
    fail(post, runner)
    post.run(lambda services: services.timers.at(services.now + 3_600_000, "post.ring", 1))
    admin.get("/admin/health").mustcontain("This process has no work in the background", "Post reads",
                                           "1 set, the next one for")
    plain = admin.get("/admin/health.json").json["parts"]
    assert [(row["id"], row["waiting"], row["dead"]) for row in plain["queues"]["queues"]] == [
        ("post.read", 1, 0), ("post.tell", 0, 1)]
    assert plain["letters"] == {"status": "warn", "dead": 1, "uncertain": 0}
    with Background(post.app, idle=(60.0, 60.0)):
        admin.get("/admin/health").mustcontain("Everything that works in the background is alive.")

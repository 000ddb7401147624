"""Surveys through the services: closed when answered, once for each request, shown as numbers and in the timeline."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import crm_surveys
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, Veto
from crm_core.model.contact import Contact
from crm_core.model.request import Request
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.testing.contract import PluginContract
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit

TYPE, QUESTIONNAIRE = "surveys.satisfaction", "surveys.questionnaire"
DAY = 86_400_000
VISIT = {"wait": "short", "clear": "4", "courtesy": "5", "settled": "partly", "better": "صندلی بیشتر"}


def closed_request(services: Services, contact: Contact, **more: Any) -> Request:
    request = submit(services, contact, "core.general", {"category": "service"}, **more)
    services.requests.change_status(services, request, "answered", "انجام شد", at=more.get("at"))
    return request


def judge(services: Services, contact: Contact | None, about: Request, scores: str = "321", **more: Any) -> Request:
    speed, courtesy, solution = scores
    answers = {"about": str(about.id), "speed": speed, "courtesy": courtesy, "solution": solution}
    return submit(services, contact, TYPE, {**answers, "words": more.pop("words", "")}, **more)


class TestContract(PluginContract):
    id = "surveys"
    module = crm_surveys

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        yield judge(services, contact, closed_request(services, contact), "221", words="کار انجام شد ولی دیر")
        yield submit(services, contact, QUESTIONNAIRE, VISIT)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, {"surveys": crm_surveys})
    yield app
    app.close()


def panel(services: Services, contact: Contact) -> Any:
    _plugin, panel = services.context.registry.panels["surveys.dossier"]
    return panel.data(services, contact)


def test_an_answer_is_closed_at_once_and_owes_nothing(app: App) -> None:
    with app.transaction(make_clerk(app)) as services:
        contact = make_contact(services)
        for request in (judge(services, contact, closed_request(services, contact)),
                        submit(services, contact, QUESTIONNAIRE, VISIT)):
            assert (request.status, request.is_open, request.due) == ("answered", False, None)
            assert request.closed == services.now


def test_an_answer_can_be_followed_up(app: App) -> None:
    with app.transaction(make_clerk(app)) as services:
        contact = make_contact(services)
        request = judge(services, contact, closed_request(services, contact))
        services.requests.change_status(services, request, "follow_up")
        assert request.is_open
        services.requests.change_status(services, request, "settled", "زنگ زدیم و پوزش خواستیم")
        assert not request.is_open


def test_the_choice_holds_the_citizens_answered_requests_and_no_others(app: App) -> None:
    clerk, official = make_clerk(app), make_clerk(app, "official")
    with app.transaction() as services:
        contact, other = make_contact(services), make_contact(services)
        closed_request(services, other)
        submit(services, contact, "core.general", {"category": "service"})
        withdrawn = submit(services, contact, "core.general", {"category": "other"})
        services.requests.change_status(services, withdrawn, "cancelled")
        old = closed_request(services, contact, title="لامپ کوچه", at=services.now - 3 * DAY)
        new = closed_request(services, contact, title="چالهٔ خیابان", at=services.now - DAY)
        hidden = closed_request(services, contact, title="گلایه", at=services.now - 2 * DAY)
        hidden.hidden_from = (official.user_id,)  # type: ignore[assignment]  # as the core does for shields
        submit(services, contact, QUESTIONNAIRE, VISIT)

    def offered(services: Services, contact_id: int | None) -> list[str]:
        contact = services.contacts.find(contact_id)
        return [value for value, _label in services.forms.schema(TYPE, services, contact)["about"].choices]

    with app.reading(clerk) as services:
        assert offered(services, contact.id) == [str(new.id), str(hidden.id), str(old.id)]
        assert offered(services, None) == []
        _value, label = services.forms.schema(TYPE, services, services.contacts.get(contact.id))["about"].choices[0]
        assert services.labels(label)["fa"].startswith("چالهٔ خیابان (")
    with app.reading(official) as services:
        assert offered(services, contact.id) == [str(new.id), str(old.id)]


def test_a_request_is_judged_once(app: App) -> None:
    clerk = make_clerk(app)
    with app.transaction(clerk) as services:
        contact = make_contact(services)
        about = closed_request(services, contact)
        judge(services, contact, about)
        with pytest.raises(Invalid) as refused:
            judge(services, contact, about)
        assert list(refused.value.errors) == ["about"]
        values = {"about": str(about.id), "speed": "1", "courtesy": "1", "solution": "1", "words": ""}
        with pytest.raises(Veto) as vetoed:  # a page that was opened before the first answer was stored
            services.requests.register(services, contact, TYPE, values)
        assert vetoed.value.field == "about"
        assert app.translator.translate(vetoed.value.message, "fa").startswith("نظر شهروند")


def test_a_withdrawn_answer_makes_room_and_may_come_back(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        about = closed_request(services, contact)
        first = judge(services, contact, about, "111")
        services.requests.change_status(services, first, "withdrawn")
        assert panel(services, contact) is None
        second = judge(services, contact, about, "555")
        with pytest.raises(Veto):
            services.requests.change_status(services, first, "answered")
        services.requests.change_status(services, second, "withdrawn")
        services.requests.change_status(services, first, "answered")
        assert panel(services, contact)["average"] == 1


def test_what_was_withdrawn_while_the_plugin_was_away_holds_no_claim(tmp_path: Path) -> None:
    app = make_app(tmp_path, {"surveys": crm_surveys})
    with app.transaction() as services:
        contact = make_contact(services)
        about = closed_request(services, contact)
        first = judge(services, contact, about)
    app.close()
    app = make_app(tmp_path)
    with app.transaction() as services:
        services.requests.change_status(services, services.requests.get(first.id), "withdrawn")
    app.close()
    app = make_app(tmp_path, {"surveys": crm_surveys})
    with app.transaction() as services:
        judge(services, services.contacts.get(contact.id), services.requests.get(about.id))
        with pytest.raises(Veto):
            services.requests.change_status(services, services.requests.get(first.id), "answered")
    app.close()


@pytest.mark.parametrize("whose", ["somebody else's", "still open", "gone", "no number", "too long"])
def test_only_own_answered_requests_are_judged(app: App, whose: str) -> None:
    with app.transaction() as services:
        contact, other = make_contact(services), make_contact(services)
        about = {
            "somebody else's": lambda: str(closed_request(services, other).id),
            "still open": lambda: str(submit(services, contact, "core.general", {"category": "other"}).id),
            "gone": lambda: "12345",
            "no number": lambda: "x",
            "too long": lambda: "9" * 40,
        }[whose]()
        values = {"about": about, "speed": "1", "courtesy": "1", "solution": "1", "words": ""}
        with pytest.raises(Veto) as vetoed:
            services.requests.register(services, contact, TYPE, values)
        assert vetoed.value.field == "about"


def test_two_answers_at_the_same_moment(app: App) -> None:
    clerks = [make_clerk(app, f"clerk{n}") for n in range(2)]
    with app.transaction() as services:
        contact = make_contact(services)
        about = closed_request(services, contact)
    values = {"about": str(about.id), "speed": "1", "courtesy": "2", "solution": "3", "words": ""}
    together, results = threading.Barrier(2), []
    waited: set[int] = set()

    def answer(number: int) -> None:
        def work(services: Services) -> int:
            request = services.requests.register(services, services.contacts.get(contact.id), TYPE, values)
            if number not in waited:  # only the first try waits for the other; a repeated one goes straight on
                waited.add(number)
                together.wait(30)
            return request.id

        try:
            results.append(app.run(work, clerks[number]))
        except Veto as veto:
            results.append(veto)

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(result).__name__ for result in results) == ["Veto", "int"]
    with app.reading() as services:
        answers = [request for request in services.root.requests.values() if request.type == TYPE]
        assert len(answers) == 1 and panel(services, services.contacts.get(contact.id))["count"] == 1


def test_who_may_record_and_read(app: App) -> None:
    executive = make_clerk(app, "executive", roles=[Role.EXECUTIVE])
    assert executive.has("surveys.read") and not executive.has("surveys.record")
    with app.transaction() as services:
        contact = make_contact(services)
    with app.transaction(executive) as services, pytest.raises(Forbidden):
        submit(services, services.contacts.get(contact.id), QUESTIONNAIRE, VISIT)


def test_the_panel_draws_the_last_five_with_the_newest_at_the_reading_end(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        for ago, scores in enumerate(("222", "221", "333", "333", "444", "555")):
            at = services.now - (ago + 1) * DAY
            judge(services, contact, closed_request(services, contact, at=at - DAY), scores, at=at)
        shown = panel(services, contact)
        assert (shown["count"], shown["average"]) == (6, 3.1)
        assert [answer["score"] for answer in shown["latest"]] == [2, 1.7, 3, 3, 4]
        points = [tuple(map(float, point.split(","))) for point in shown["line"]["rtl"].split()]
        assert points[0] == (8.0, 23.0) and points[-1] == (312.0, 13.0)  # newest at the left, higher is better
        assert shown["line"]["ltr"].startswith("312.0,23.0 ")


def test_one_answer_is_not_drawn(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        submit(services, contact, QUESTIONNAIRE, VISIT)
        shown = panel(services, contact)
        assert shown["line"] is None and shown["average"] == 4.5


def test_the_timeline_tells_the_score_and_the_words(app: App) -> None:
    with app.transaction() as services:
        contact = make_contact(services)
        plain = judge(services, contact, closed_request(services, contact), "222")
        words = "دیر شد\nولی خوب بود " + "و" * 200
        quoted = judge(services, contact, closed_request(services, contact), "223", words=words)
        visit = submit(services, contact, QUESTIONNAIRE, VISIT)

        def line(request: Request) -> str:
            (event,) = request.events.values()
            said = app.host.ask("timeline_entry", request.type, services=services, request=request, event=event)
            return app.translator.translate(said, "fa")

        assert line(plain) == "نظرسنجی پس از بسته‌شدن: 2 از ۵"
        assert line(quoted).startswith("نظرسنجی پس از بسته‌شدن: 2.3 از ۵. «دیر شد ولی خوب بود و")
        assert line(quoted).endswith("…»") and len(line(quoted)) < 200
        assert line(visit) == "پرسش‌نامه: 4.5 از ۵"


def test_a_questionnaire_is_made_of_its_questions(app: App) -> None:
    with app.reading() as services:
        schema = services.forms.schema(QUESTIONNAIRE, services)
        assert [node.name for node in schema] == ["wait", "clear", "courtesy", "settled", "better"]
        assert [value for value, _label in schema["clear"].choices] == ["5", "4", "3", "2", "1"]
        assert (schema["better"].required, schema["better"].personal, schema["wait"].required) == (False, True, True)

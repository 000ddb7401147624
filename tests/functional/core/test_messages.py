"""Messages about a request, closing it with an answer or a reason, documents added later, and their erasure."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from crm_core import builtin, evolve, journal
from crm_core.app import App
from crm_core.errors import Forbidden, Invalid, NotFound, StaleChange
from crm_core.model.attachment import Attachment
from crm_core.model.interaction import Direction
from crm_core.model.timeline import EntryKind
from crm_core.security.identity import Identity
from crm_core.security.permissions import Role
from crm_core.services import Services
from crm_core.services.interactions import said
from crm_core.services.requests import MOST_FILES
from crm_core.services.workbulk import Order
from crm_core.testing.factories import make_clerk, make_contact, submit

GENERAL = {"category": "service"}


@pytest.fixture
def house(open_app: Callable[..., App]) -> Any:
    """Two units and the closed one of law, staff in each, a citizen with a phone and a request of the streets' unit."""
    app = open_app()
    reception, streets, law = app.run(lambda services: (
        services.units.add("پذیرش").id, services.units.add("خیابان").id,
        services.units.add("حقوقی", confidential=True).id))
    who = {
        "clerk": make_clerk(app, "clerk", roles=[Role.CLERK], units=[reception]),
        "expert": make_clerk(app, "expert", roles=[Role.EXPERT], units=[streets]),
        "other": make_clerk(app, "other", roles=[Role.EXPERT], units=[reception]),
        "lawyer": make_clerk(app, "lawyer", roles=[Role.CLERK], units=[law]),
        "executive": make_clerk(app, "executive", roles=[Role.EXECUTIVE]),
    }

    def work(services: Services) -> tuple[int, int]:
        contact = make_contact(services, "زهرا رضایی", "09120000147")
        return contact.id, submit(services, contact, builtin.GENERAL, GENERAL, unit=streets, channel="website").id

    contact, request = app.run(work)
    return SimpleNamespace(app=app, who=who, contact=contact, request=request, streets=streets)


def paper(services: Services, name: str = "نقشه.pdf") -> Attachment:
    return services.attachments.store(name, "application/pdf", io.BytesIO(b"%PDF-1.7 x"))


def do(house: Any, who: str, work: Callable[[Services, Any], Any]) -> Any:
    identity: Identity = house.who[who]
    return house.app.run(lambda services: work(services, services.requests.get(house.request)), identity)


# ── saying ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_said_stands_with_its_request_and_in_the_history(house: Any) -> None:
    do(house, "clerk", lambda services, request: services.messages.note(request, "دو بار زنگ زده\nعصبانی بود"))
    do(house, "expert", lambda services, request: services.messages.tell(
        request, "فردا می‌آییم", channel="phone", address="+989120000147"))

    with house.app.reading(house.who["expert"]) as services:
        request = services.requests.get(house.request)
        seen = services.messages.of(request)
        assert [(touch.direction, touch.channel, said(touch)) for _key, touch in seen.touches] == [
            ("internal", "note", "دو بار زنگ زده\nعصبانی بود"), ("out", "phone", "فردا می‌آییم")]
        assert seen.counted == 0
        last = seen.touches[0][0]
        assert [said(touch) for _key, touch in services.messages.of(request, last).touches] == ["فردا می‌آییم"]
        page = services.timeline.page([services.contacts.get(house.contact)])
        assert len(page.rows) == 3
        kinds = [entry.kind for entry in journal.latest(services.root, 2)]
        assert kinds == ["interaction.logged", "interaction.logged"]


def test_colleagues_of_the_request_read_what_other_units_wrote_about_it(house: Any) -> None:
    """What is said about a request is read by whoever reads the request; a closed unit's words stay its own."""
    do(house, "clerk", lambda services, request: services.messages.note(request, "از پذیرش"))
    do(house, "lawyer", lambda services, request: services.messages.note(request, "از حقوقی"))

    def read(who: str) -> tuple[list[str], int]:
        with house.app.reading(house.who[who]) as services:
            seen = services.messages.of(services.requests.get(house.request))
            return [said(touch) for _key, touch in seen.touches], seen.counted

    assert read("expert") == (["از پذیرش"], 1)
    assert read("lawyer") == (["از پذیرش", "از حقوقی"], 0)
    assert read("other") == ([], 0)  # he may only count the request itself
    do(house, "clerk", lambda services, request: services.requests.edit(request, {"confidentiality": "confidential"}))
    assert read("clerk") == ([], 0)


def test_who_may_not_read_a_request_says_nothing_about_it(house: Any) -> None:
    with pytest.raises(NotFound):
        do(house, "other", lambda services, request: services.messages.note(request, "نگاه"))
    with pytest.raises(NotFound):
        do(house, "other", lambda services, request: services.messages.tell(request, "نگاه", channel="phone"))
    with pytest.raises(Forbidden):
        do(house, "executive", lambda services, request: services.messages.note(request, "نگاه"))


@pytest.mark.parametrize(("values", "wrong"), [
    ({"body": " \n", "channel": "phone"}, {"body"}), ({"body": "x", "channel": "website"}, {"channel"}),
    ({"body": "x", "channel": ""}, {"channel"}), ({"body": "x" * 20_001, "channel": "phone"}, {"body"}),
    ({"body": "x", "channel": "phone", "address": "9" * 201}, {"address"}),
    ({"body": "x\ud800", "channel": "phone"}, {"subject"}),
])
def test_messages_that_say_nothing_are_refused(house: Any, values: dict[str, str], wrong: set[str]) -> None:
    with pytest.raises(Invalid) as refused:
        do(house, "clerk", lambda services, request: services.messages.tell(request, **values))
    assert set(refused.value.errors) == wrong


def test_an_answer_goes_where_the_last_words_came_from(house: Any) -> None:
    def replies(services: Services, request: Any) -> tuple[str, str]:
        reply = services.messages.reply_to(request)
        return reply.channel.value, reply.address

    def hear(channel: str, address: str) -> Callable[[Services, Any], Any]:
        return lambda services, request: services.interactions.log(
            services.contacts.get(house.contact), channel=channel, direction=Direction.IN, body="پس چه شد؟",
            address=address, requests=[request])

    assert do(house, "clerk", replies) == ("phone", "+989120000147")  # it came by the website: there is no way back
    do(house, "clerk", hear("email", "zahra@example.org"))
    assert do(house, "clerk", replies) == ("email", "zahra@example.org")
    do(house, "clerk", hear("kiosk", ""))
    assert do(house, "clerk", replies) == ("in_person", "")


def test_notes_about_a_request_of_nobody_are_no_unknown_caller(house: Any) -> None:
    def work(services: Services) -> int:
        request = submit(services, None, builtin.GENERAL, GENERAL)
        services.messages.note(request, "گزارش ناشناس است")
        return request.id

    id_ = house.app.run(work)
    with house.app.reading() as services:
        assert len(services.root.unidentified) == 0
        assert len(services.messages.of(services.requests.get(id_)).touches) == 1


# ── closing ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_closing_takes_an_answer_or_a_reason(house: Any) -> None:
    with pytest.raises(Invalid) as refused:
        do(house, "expert", lambda services, request: services.messages.close(services, request, "answered"))
    assert set(refused.value.errors) == {"answer"}
    with pytest.raises(Invalid) as refused:
        do(house, "expert", lambda services, request: services.messages.close(
            services, request, "answered", answer="درست شد"))
    assert set(refused.value.errors) == {"channel"}

    do(house, "expert", lambda services, request: services.messages.close(
        services, request, "answered", answer="چراغ درست شد", channel="phone", seen="new"))

    with house.app.reading(house.who["expert"]) as services:
        request = services.requests.get(house.request)
        assert (request.status, request.is_open) == ("answered", False)
        event = list(request.events.values())[-1]
        touch = services.messages.of(request).touches[-1][1]
        assert (event.kind, event.data["answer"]) == (EntryKind.STATUS, str(touch.id))
        assert (said(touch), touch.direction, touch.outcome) == ("چراغ درست شد", "out", "answered")


def test_closing_with_a_reason_tells_nobody_anything(house: Any) -> None:
    told = do(house, "executive", lambda services, request: services.messages.close(
        services, request, "answered", reason="تکراری بود"))

    assert told is None
    with house.app.reading() as services:
        request = services.requests.get(house.request)
        assert len(request.touches or ()) == 0
        assert list(request.events.values())[-1].data["note"] == "تکراری بود"


def test_a_request_closed_meanwhile_is_not_answered_twice(house: Any) -> None:
    do(house, "clerk", lambda services, request: services.requests.change_status(services, request, "working"))
    with pytest.raises(StaleChange):
        do(house, "expert", lambda services, request: services.messages.close(
            services, request, "answered", answer="x", channel="phone", seen="new"))
    with house.app.reading() as services:
        assert len(services.requests.get(house.request).touches or ()) == 0


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────


def test_documents_are_added_behind_those_that_are_there(house: Any) -> None:
    do(house, "clerk", lambda services, request: services.requests.attach(
        request, (paper(services), paper(services, "عکس.jpg")), " از شهروند رسید "))

    with house.app.reading() as services:
        request = services.requests.get(house.request)
        assert [file.name for file in request.attachments] == ["نقشه.pdf", "عکس.jpg"]
        event = list(request.events.values())[-1]
        assert event.kind == EntryKind.ATTACHED
        assert [file["name"] for file in event.data["files"]] == ["نقشه.pdf", "عکس.jpg"]
        assert event.data["note"] == "از شهروند رسید"
        assert request.revision == 2
        assert list(request.audit.values())[-1]["changes"] == {"attachments": [[], ["نقشه.pdf", "عکس.jpg"]]}
        entry = next(iter(journal.latest(services.root, 1)))
        assert (entry.kind, entry.subject, entry.fields) == ("request.attached", ("request", request.id),
                                                             ("attachments",))


def test_documents_that_cannot_be_added(house: Any) -> None:
    with pytest.raises(Invalid) as refused:
        do(house, "clerk", lambda services, request: services.requests.attach(request, ()))
    assert set(refused.value.errors) == {"files"}
    with pytest.raises(Invalid) as refused:
        do(house, "clerk", lambda services, request: services.requests.attach(
            request, (paper(services),) * (MOST_FILES + 1)))
    assert set(refused.value.errors) == {"files"}


# ── erasing, evolving ────────────────────────────────────────────────────────────────────────────────────────


def test_erasure_takes_all_that_was_said_about_a_citizens_requests(house: Any) -> None:
    def other(services: Services) -> int:
        neighbour = make_contact(services, "همسایه")
        request = services.requests.get(house.request)
        own = submit(services, neighbour, builtin.GENERAL, GENERAL)
        services.interactions.log(services.contacts.get(house.contact), channel="phone", body="SecretCall",
                                  requests=[own])
        services.interactions.log(neighbour, channel="phone", body="KeptCall", requests=[request])
        return own.id

    own = house.app.run(other)
    do(house, "clerk", lambda services, request: services.messages.note(request, "SecretNote"))
    do(house, "clerk", lambda services, request: services.messages.close(
        services, request, "answered", answer="SecretAnswer", channel="phone", address="SecretAddress"))
    do(house, "clerk", lambda services, request: services.requests.attach(
        request, (paper(services, "SecretFile.pdf"),), "SecretNote"))

    house.app.run(lambda services: services.privacy.erase(services.contacts.get(house.contact)))

    with house.app.reading() as services:
        request = services.requests.get(house.request)
        assert [said(touch) for touch in request.touches.values()] == ["KeptCall"]
        assert len(services.requests.get(own).touches) == 0
        assert all("Secret" not in str(event.data) for event in request.events.values())
        assert all("Secret" not in str(row) for row in request.audit.values())
        assert all("Secret" not in said(touch) for touch in services.root.interactions.values())
        assert request.attachments == ()


def test_requests_learn_what_was_logged_before_they_kept_it(house: Any) -> None:
    do(house, "clerk", lambda services, request: services.messages.note(request, "پیش از این"))

    def forget(services: Services) -> None:
        services.requests.get(house.request).touches = None
        services.root.evolved.remove("core.0001")

    house.app.run(forget)
    step = next(step for step in evolve.STEPS if step.id == "core.0001")
    for _again in range(2):
        house.app.run(lambda services: step.run(services.root))
    with house.app.reading() as services:
        assert len(services.requests.get(house.request).touches) == 1


NOTHING = "\u200b \u200c\u2060\n\ufeff"
"""Characters that nobody sees."""


def test_cancelling_takes_a_reason_and_no_answer(house: Any) -> None:
    refusals = [({}, "note"), ({"reason": NOTHING}, "note"), ({"answer": "چراغ", "reason": "پس گرفت"}, "answer")]
    for words, field in refusals:
        with pytest.raises(Invalid) as refused:
            do(house, "expert", lambda services, request, words=words: services.messages.close(
                services, request, "cancelled", **words))
        assert set(refused.value.errors) == {field}
    assert do(house, "expert", lambda services, request: services.messages.close(
        services, request, "cancelled", reason="خودش پس گرفت")) is None
    with house.app.reading() as services:
        request = services.requests.get(house.request)
        assert (request.status, list(request.events.values())[-1].data["note"]) == ("cancelled", "خودش پس گرفت")


def test_what_nobody_sees_is_no_text(house: Any) -> None:
    for words in ({"answer": NOTHING}, {"reason": NOTHING}):
        with pytest.raises(Invalid):
            do(house, "expert", lambda services, request, words=words: services.messages.close(
                services, request, "answered", **words))
    with pytest.raises(Invalid):
        do(house, "expert", lambda services, request: services.messages.tell(request, NOTHING, channel="phone"))


@pytest.mark.parametrize(("status", "note", "is_refused"), [
    ("answered", "", True), ("answered", NOTHING, True), ("answered", "تکراری", False),
    ("cancelled", "", True), ("cancelled", NOTHING, True), ("cancelled", "تکراری", False), ("waiting", "", False)])
def test_many_are_closed_as_one_is(house: Any, status: str, note: str, is_refused: bool) -> None:
    def work(services: Services, request: Any) -> bool:
        (line,) = services.bulk.preview([request], Order("status", status=status, note=note))
        return bool(line.refusal)

    assert do(house, "expert", work) is is_refused

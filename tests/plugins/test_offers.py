"""What a plugin names that the desk does not have is refused when it starts, with words that say what there is."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import colander
import pytest

from crm_core.api import Attachment, Category, ContactFields, Draft, Form, RequestType, Role, Services, Status, fields
from crm_core.app import App
from crm_core.errors import Invalid
from crm_core.host import Candidate, State
from crm_core.inspection import brings
from crm_core.testing.factories import make_clerk, make_contact, submit
from crm_views.app import make_app
from crm_views.plugin_pages import icons

Made = Callable[..., Candidate]
OpenWith = Any
STATUSES = (Status("new", Category.NEW, "New"), Status("done", Category.DONE, "Done"))


class WordForm(Form):
    """One word, and a code."""

    word = fields.text("Word", required=False)
    number = fields.code("Number", required=False)


def kind(**more: Any) -> RequestType:
    return RequestType("dogs.dog", "Dog", WordForm, STATUSES, **more)


def test_an_icon_that_is_not_there_is_refused_with_those_that_are(made: Made, open_with: OpenWith) -> None:
    candidate = made("dogs", kind(icon="hous"))
    app: App = open_with([candidate])
    make_app(app)
    plugin = app.host.plugins["dogs"]
    assert plugin.state is State.FAILED and "dogs.dog" not in app.registry.types
    assert "the request type 'dogs.dog' has the icon 'hous', which the desk does not have" in plugin.reason
    assert "there are: " in plugin.reason and "folder2" in plugin.reason
    found = brings(candidate, "en")
    assert found["state"] == "failed" and "hous" in found["reason"]


def test_the_icons_that_contributions_start_with_are_there() -> None:
    assert {"folder2", "card-list", "plug", "chat-dots"} <= icons()


def test_a_field_is_named_in_latin_letters(made: Made) -> None:
    form = type("PersianForm", (Form,), {"پلاک": fields.text("Plate")})
    found = brings(made("dogs", RequestType("dogs.dog", "Dog", form, STATUSES)), "en")
    assert "the field 'پلاک' of 'dogs.dog' has a name that is not lower-case Latin letters" in found["reason"]


@pytest.mark.parametrize("typed", ["الف-۱۲", "ABC-é"])
def test_a_code_with_other_letters_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(colander.Invalid) as refused:
        WordForm().deserialize({"number": typed})
    assert list(refused.value.asdict()) == ["number"]


@pytest.mark.parametrize("typed", ["۱۲/۳۴", "12-AB", "A 7", "#12"])
def test_digits_of_all_scripts_and_marks_are_a_code(typed: str) -> None:
    assert WordForm().deserialize({"number": typed})["number"] == typed


@pytest.mark.parametrize(("more", "words"), [
    ({"files_required": 6}, "no number of files between 0 and 5"), ({"files_required": -1}, "no number of files"),
    ({"files_required": True}, "which is no whole number"),
    ({"files_required": 1, "common": ("text",)}, "its form does not ask for them"),
])
def test_files_that_could_not_come_are_refused(made: Made, more: dict[str, Any], words: str) -> None:
    assert words in brings(made("dogs", kind(**more)), "en")["reason"]


def test_required_files_come_with_the_draft(made: Made, open_with: OpenWith) -> None:
    seen: list[tuple[str, int]] = []

    def before_submit(draft: Draft) -> None:
        seen.extend((one.name, one.size) for one in draft.attachments if isinstance(one, Attachment))

    app = open_with([made("dogs", kind(files_required=2), before_submit=before_submit)])
    with app.transaction() as services:
        contact = make_contact(services)
        one = services.attachments.store("a.txt", "text/plain", BytesIO(b"abc"))
        with pytest.raises(Invalid) as refused:
            submit(services, contact, "dogs.dog", {}, attachments=(one,))
        assert "2 at least" in str(refused.value) and list(refused.value.errors) == ["attachments"]
        assert seen == [] and not contact.requests
        submit(services, contact, "dogs.dog", {}, attachments=(one, one))
        assert seen == [("a.txt", 3), ("a.txt", 3)]
        submit(services, contact, "dogs.dog", {}, attachments=(), external="x:1")


@pytest.fixture
def tagged(made: Made, open_with: OpenWith) -> tuple[App, int]:
    group = ContactFields("dogs.owner", "Owner", WordForm)
    secret = ContactFields("dogs.secret", "Secret", WordForm, permission="contact.view_confidential")
    app: App = open_with([made("dogs", group, secret)])

    def work(services: Services) -> int:
        contact = make_contact(services)
        services.contact_fields.edit(contact, {"dogs.owner": {"word": "rex"}, "dogs.secret": {"word": "bites"}})
        return contact.id

    return app, app.run(work)


def test_a_plugin_reads_the_fields_that_the_one_who_acts_may_read(tagged: tuple[App, int]) -> None:
    app, id_ = tagged
    clerk, chief = make_clerk(app), make_clerk(app, "chief", roles=[Role.SUPERVISOR])
    with app.reading() as services:
        assert services.contact_fields.readable(services.contacts.get(id_)) == {
            "dogs.owner": {"word": "rex"}, "dogs.secret": {"word": "bites"}}
    with app.reading(clerk) as services:
        assert services.contact_fields.readable(services.contacts.get(id_)) == {"dogs.owner": {"word": "rex"}}
    hidden = {"confidentiality": "confidential"}
    app.run(lambda services: services.contacts.edit(services.contacts.get(id_), hidden), chief)
    with app.reading(clerk) as services:
        assert services.contact_fields.readable(services.root.contacts[id_]) == {}

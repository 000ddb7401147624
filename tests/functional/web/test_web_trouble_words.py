"""A form that could not be taken stands on the page of what went wrong as it asks, in words."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest
from psycopg2 import OperationalError

from crm_core.services.requests import Requests
from crm_core.testing.factories import PASSWORD
from crm_views.admin.first_run import FirstForm
from crm_views.app import make_app
from crm_views.desk.profile import PasswordForm
from crm_views.forms.widgets import PasswordWidget
from crm_views.kept_forms import is_secret
from crm_views.testing import fill, form_of, sign_in, speak, words

Browse = Callable[..., Any]


def told(page: Any) -> set[tuple[str, str]]:
    """What an error page says was typed: name and value of each field."""
    names, values = ([one.get_text().strip() for one in page.html.select(f"dl {part}")] for part in ("dt", "dd"))
    return set(zip(names, values, strict=True))


TROUBLES = {
    500: RuntimeError("a fault of ours"), 507: OSError(errno.ENOSPC, "No space left on device"),
    503: OperationalError("the server is gone"),
}


@pytest.mark.parametrize("status", TROUBLES)
@pytest.mark.parametrize(("language", "topic"), [("fa", "خدمت یا محصول"), ("en", "A service or product")])
def test_what_was_typed_is_read_in_words(
    browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch, status: int, language: str, topic: str
) -> None:
    clerk = browse("clerk")
    speak(clerk, language)
    asked = clerk.get(f"/contacts/{desk.contact('زهرا رضایی')}/requests/new/core.general")
    form = fill(form_of(asked), text="چراغ خاموش است", title="چراغ <b>", category="service", place="کوچهٔ لاله",
                channel="phone")

    def fails(*_given: Any, **_named: Any) -> None:
        raise TROUBLES[status]

    monkeypatch.setattr(Requests, "register", fails)
    said = told(form.submit("submit", status=status))
    assert {value for _name, value in said} >= {"چراغ خاموش است", "چراغ <b>", topic, "کوچهٔ لاله"}
    assert all(name in words(asked.html.main) for name, _value in said)  # as the form itself asks
    assert not {"text", "category", "submission_key", "csrf_token"} & {name for name, _value in said}


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_kind_of_field_is_read_in_words(
    open_desk: Any, load_plugin: Any, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    clerk = sign_in(make_app(desk.app), "clerk")
    speak(clerk, language)
    form = fill(form_of(clerk.get(f"/contacts/{desk.contact()}/requests/new/good.wish")), wish="a star", count="3",
                until="1405/08/26", loud=True, size="large")
    for box in form.fields["checkbox"]:
        box.checked = True
    monkeypatch.setattr(Requests, "register", lambda *_given, **_named: 1 / 0)
    said = dict(told(form.submit("submit", status=500)))
    assert (said["Wish"], said["Size"]) == ("a star", "Large")
    assert {"en": "17 November 2026", "fa": "۲۶ آبان ۱۴۰۵"}[language] in said["Until"]
    assert said["How many"] == {"en": "3", "fa": "۳"}[language]
    assert said["Aloud"] == {"en": "Yes", "fa": "بله"}[language]
    assert said["Days"] == {"en": "Saturday, Sunday", "fa": "Saturday، Sunday"}[language]
    assert "Story" not in said


@pytest.mark.parametrize("language", ["fa", "en"])
def test_another_form_is_told_as_it_asks(browse: Browse, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    clerk = browse("clerk")
    speak(clerk, language)
    asked = clerk.get("/contacts/new")
    form = fill(form_of(asked), name="زهرا", notes="یادداشت")
    monkeypatch.setattr("crm_core.services.contacts.Contacts.create", lambda *_given, **_named: 1 / 0)
    said = told(form.submit("submit", status=500))
    assert {value for _name, value in said} >= {"زهرا", "یادداشت"}
    assert all(name in words(asked.html.main) for name, _value in said)
    assert not {"name", "notes"} & {name for name, _value in said}


def test_a_password_is_never_told(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    form = form_of(browse("clerk").get("/profile"), "/profile/password")
    fill(form, present_password=PASSWORD, new_password="another good long one",
         password_again="another good long one")
    monkeypatch.setattr("crm_core.services.users.Users.set_password", lambda *_given, **_named: 1 / 0)
    page = form.submit("submit", status=500)
    page.mustcontain(no=[PASSWORD, "another good long one"])


@pytest.mark.parametrize("form", [PasswordForm, FirstForm])
def test_a_password_has_a_name_by_which_it_is_never_kept(form: Any) -> None:
    secrets = [node.name for node in form().children if isinstance(node.widget, PasswordWidget)]
    assert len(secrets) > 1
    assert all(map(is_secret, secrets))


def test_what_was_not_read_yet_is_shown_by_the_names_of_its_fields(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = fill(form_of(browse("clerk").get("/contacts/new")), name="زهرا", notes="یادداشت")
    monkeypatch.setattr("crm_views.desk.contacts.handle", lambda *_given, **_named: 1 / 0)
    assert {("name", "زهرا"), ("notes", "یادداشت")} <= told(form.submit("submit", status=500))

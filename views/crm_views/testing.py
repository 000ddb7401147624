"""For functional tests: somebody in a browser without a screen, on the real application.

Needs WebTest, which the extra ``testing`` brings; nothing of the running application imports this.
"""

from __future__ import annotations

from typing import Any

from webtest import TestApp

from crm_core.testing.factories import PASSWORD


def sign_in(web: Any, login: str, password: str = PASSWORD) -> TestApp:
    """A browser of its own in which ``login`` has signed in to the WSGI application ``web``."""
    browser = TestApp(web)
    form = browser.get("/login").forms[0]
    form["username"], form["password"] = login, password
    form.submit(status=303)
    return browser


def form_of(page: Any, part: str = "form") -> Any:
    """The form of a page with the id ``part``, or the first one whose address holds it; KeyError without one."""
    for form in page.forms.values():
        if part == form.id or part in (form.action or ""):
            return form
    raise KeyError(part)


def fill(form: Any, **values: Any) -> Any:
    """Type ``values`` into the fields of a form; the form itself, to send with ``submit("submit")``."""
    for name, value in values.items():
        form[name] = value
    return form


def speak(browser: TestApp, language: str) -> None:
    """Choose a language, as the menu of each page does."""
    token = form_of(browser.get("/"), "/preferences")["csrf_token"].value
    browser.post("/preferences", {"language": language, "next": "/", "csrf_token": token}, status=303)

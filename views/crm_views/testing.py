"""For tests of pages: somebody in a browser without a screen, on the real application, and that one for a real browser.

Needs WebTest, which the extra ``testing`` brings; nothing of the running application imports this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waitress.server import create_server
from webtest import TestApp

from crm_core.testing.factories import PASSWORD


@contextmanager
def serving(wsgi: Any) -> Iterator[str]:
    """Serve a WSGI application on a spare port of this machine; the address, without a slash at its end.

    For tests in a real browser (fixture ``chromium``). At the end no request is being answered any more, so the
    application may be closed then, and not before; close the browser's contexts first.
    """
    server = create_server(wsgi, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.trigger.pull_trigger(server.close)  # in its own thread, which wakes up at once
        thread.join(10)
        server.task_dispatcher.shutdown()


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


def typed(browser: TestApp, address: str, part: str = "form", /, **values: Any) -> Any:
    """The page at ``address``, with ``values`` typed into its form ``part``."""
    page = browser.get(address)
    fill(form_of(page, part), **values)
    return page


def send_draft(browser: TestApp, page: Any, part: str = "form", /, *, status: int = 200, **more: Any) -> dict[str, Any]:
    """Send what js/drafts.js sends of a form while somebody types: everything in it, as JSON; what is answered."""
    form = form_of(page, part)
    marks = page.html.find("form", id=form.id)
    fields = [(key, value) for key, value in form.submit_fields() if isinstance(value, str) and key != "csrf_token"]
    sent = {
        "place": marks["data-draft"], "name": marks["data-draft-name"], "key": form["submission_key"].value,
        "writer": form["__draft__"].value, "page": page.request.path_qs, "title": marks["data-draft-title"],
        "seen": int(marks["data-draft-seen"]), "force": False, "pairs": [list(pair) for pair in fields], **more,
    }
    answer = browser.post_json("/drafts", sent, headers={"X-CSRF-Token": form["csrf_token"].value}, status=status)
    return dict(answer.json) if answer.content_type == "application/json" else {}


def speak(browser: TestApp, language: str) -> None:
    """Choose a language, as the menu of each page does."""
    token = form_of(browser.get("/profile"), "/preferences")["csrf_token"].value
    browser.post("/preferences", {"language": language, "next": "/", "csrf_token": token}, status=303)


def words(element: Any) -> str:
    """What a part of a page says (a BeautifulSoup element), with single blanks."""
    return " ".join(element.get_text(" ").split())


def all_of(page: Any, selector: str) -> list[str]:
    """The words of every part of a page that a CSS selector names."""
    return [words(element) for element in page.html.select(selector)]

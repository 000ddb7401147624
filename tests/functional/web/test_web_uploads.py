"""Files: told by their content, limited in size, stored whole even when a transaction runs again, sent to be saved."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp, Upload
from webtest.forms import File

from crm_core.services.requests import Requests
from crm_views.app import make_app
from crm_views.desk.attachments import disposition
from crm_views.desk.helpers import FILES_PER_USER
from crm_views.testing import fill, form_of, sign_in

Browse = Callable[..., TestApp]
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 400 + b"\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


def request_form(browser: TestApp, contact: int) -> Any:
    form = form_of(browser.get(f"/contacts/{contact}/requests/new/core.general"))
    return fill(form, category="service", title="با پیوست")


class Filled:
    """A form with files chosen; WebTest itself can neither choose several nor send a name that is not ASCII."""

    def __init__(self, form: Any, uploads: tuple[tuple[str, bytes], ...]) -> None:
        self.form = form
        self.uploads = uploads

    def submit(self, _button: str, **more: Any) -> Any:
        fields: list[tuple[str, Any]] = []
        for name, value in self.form.submit_fields("submit"):
            if isinstance(value, File):
                fields += [(name, Upload(*upload)) for upload in self.uploads]
            else:
                fields.append((name, value))
        browser: TestApp = self.form.response.test_app
        return browser.post(self.form.response.request.path_qs, fields, **more)


def attach(form: Any, *uploads: tuple[str, bytes]) -> Filled:
    return Filled(form, uploads)


def files_of(page: Any) -> list[tuple[str, str]]:
    return [(link.get_text(strip=True), link["href"]) for link in page.html.select(".doc a")]


def test_a_file_comes_back_as_it_was_and_only_to_save(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    clerk = browse("clerk")
    page = attach(request_form(clerk, contact), ("گزارش نهایی.pdf", PDF)).submit("submit", status=303).follow()

    ((name, href),) = files_of(page)
    answer = clerk.get(href)

    assert name == "گزارش نهایی.pdf"
    assert answer.body == PDF
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="____')
    assert "filename*=UTF-8''%DA%AF%D8%B2" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not list((desk.app.settings.data / "uploads").rglob("*.bin"))


def test_a_file_field_left_empty_is_sent_as_browsers_do(browse: Browse, desk: Any) -> None:
    page = attach(request_form(browse("clerk"), desk.contact()), ("", b"")).submit("submit", status=303).follow()
    assert files_of(page) == []


def test_files_of_conversations_too(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    clerk = browse("clerk")
    form = fill(form_of(clerk.get(f"/contacts/{contact}/interactions/new")), body="عکس فرستاد")
    dossier = attach(form, ("photo.png", PNG)).submit("submit", status=303).follow()

    link, register, _promise = dossier.html.select(".entry-f a")  # the last two: what can follow what was just said
    assert "/requests/new?from=" in register["href"]
    assert clerk.get(link["href"]).body == PNG


def test_a_forced_conflict_keeps_the_bytes(browse: Browse, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is tried again must not store its file empty: it was read to its end the first time."""
    contact = desk.contact()
    form = attach(request_form(browse("clerk"), contact), ("a.pdf", PDF))
    register = Requests.register
    tries: list[int] = []

    def meeting_another(self: Requests, services: Any, citizen: Any, *args: Any, **values: Any) -> Any:
        tries.append(1)
        citizen.notes = "mine"
        if len(tries) == 1:
            def touch() -> None:
                desk.run(lambda others: setattr(others.contacts.get(contact), "notes", "theirs"))

            other = threading.Thread(target=touch)
            other.start()
            other.join()
        return register(self, services, citizen, *args, **values)

    monkeypatch.setattr(Requests, "register", meeting_another)
    page = form.submit("submit", status=303).follow()

    assert len(tries) == 2
    ((_name, href),) = files_of(page)
    assert browse("clerk").get(href).body == PDF

    def stored(services: Any) -> tuple[int, str]:
        (attachment,) = next(iter(services.root.requests.values())).attachments
        return attachment.size, attachment.sha256

    assert desk.run(stored) == (len(PDF), hashlib.sha256(PDF).hexdigest())


def test_a_file_stays_chosen_while_the_form_is_mended(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    clerk = browse("clerk")
    form = attach(form_of(clerk.get(f"/contacts/{contact}/requests/new/core.general")), ("نامه.pdf", PDF))

    page = form.submit("submit", status=422)
    page.mustcontain("نامه.pdf", "is still here.")
    page = fill(form_of(page), category="service").submit("submit", status=303).follow()

    ((name, href),) = files_of(page)
    assert name == "نامه.pdf"
    assert clerk.get(href).body == PDF


def test_a_file_kept_for_one_is_not_anothers(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    mine = attach(form_of(browse("clerk").get(f"/contacts/{contact}/requests/new/core.general")), ("a.pdf", PDF))
    page = mine.submit("submit", status=422)
    uid = next(field.value for field in form_of(page).fields["upload"] if isinstance(field.value, str) and field.value)

    other = browse("second")
    fields = [pair for pair in request_form(other, contact).submit_fields("submit") if pair[0] != "upload"]
    place = next(number for number, pair in enumerate(fields) if pair == ("__start__", "attachments:sequence"))
    fields.insert(place + 1, ("upload", uid))
    answer = other.post(f"/contacts/{contact}/requests/new/core.general", fields, expect_errors=True)

    assert answer.status_int == 422
    answer.mustcontain("is not kept any more")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<html><script>alert(1)</script>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("نامه.pdf", b"<!doctype html><script>alert(1)</script>"),
        ("program.exe", b"MZ\x90\x00" + b"\x00" * 100),
        ("script.txt", b"#!/bin/sh\nrm -rf /\n"),
        ("empty.pdf", b""),
    ],
)
def test_what_a_browser_might_run_is_refused_and_the_rest_kept(
    browse: Browse, desk: Any, name: str, content: bytes
) -> None:
    contact = desk.contact()
    page = attach(request_form(browse("clerk"), contact), (name, content)).submit("submit", status=422)

    assert page.html.select(".field.has-error")
    assert form_of(page)["title"].value == "با پیوست"
    assert desk.run(lambda services: len(services.root.requests)) == 0


def test_files_above_the_limit_are_refused_in_words(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(upload_megabytes=1)
    clerk = sign_in(make_app(desk.app), "clerk")
    contact = desk.contact()

    page = attach(request_form(clerk, contact), ("a.pdf", b"%PDF-1.4" + b"x" * 1_200_000)).submit("submit", status=422)
    page.mustcontain("is larger than 1 MB.")
    huge = attach(request_form(clerk, contact), ("a.pdf", b"%PDF-1.4" + b"x" * 8_000_000)).submit("submit", status=413)
    huge.mustcontain("This is too much at once", "1 MB")
    assert not list((desk.app.settings.data / "uploads").rglob("*.part"))


def test_archives_are_never_unpacked(browse: Browse, desk: Any, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../../tmp/evil.txt", "evil")
    contact = desk.contact()
    page = attach(request_form(browse("clerk"), contact), ("slip.zip", buffer.getvalue())).submit("submit", status=303)

    ((_name, href),) = files_of(page.follow())
    assert browse("clerk").get(href).body == buffer.getvalue()
    assert not list(tmp_path.rglob("evil.txt"))


def test_given_hostile_files_and_names(browse: Browse, desk: Any, shared_data: Path) -> None:
    folder = shared_data / "7_hostile_input" / "uploads"
    contact = desk.contact()
    clerk = browse("clerk")
    for path in sorted(folder.glob("*.*")):
        form = attach(request_form(clerk, contact), (path.name, path.read_bytes()))
        answer = form.submit("submit", expect_errors=True)
        assert answer.status_int in (303, 422), path.name
        if answer.status_int == 303:
            ((_name, href),) = files_of(answer.follow())
            assert not clerk.get(href).content_type.endswith(("html", "xml", "svg+xml", "javascript"))
    names = (folder / "invalid-filenames-microsoft.txt").read_text("utf-8", "replace").splitlines()[:40]
    for name in [*names, "../../etc/passwd", "a\u202egpj.exe", "CON", "x" * 500]:
        answer = attach(request_form(clerk, contact), (name or "x", PDF)).submit("submit", status=303)
        ((shown, href),) = files_of(answer.follow())
        assert not set(shown) & set('/\\\0\r\n<>:"|?*\u202e')
        assert "\r" not in clerk.get(href).headers["Content-Disposition"]


@pytest.mark.parametrize("name", ['a"b.pdf', "a\r\nSet-Cookie: x.pdf", "پوشه.pdf", "%41.pdf", "\\", ""])
def test_a_name_cannot_leave_its_header(name: str) -> None:
    header = disposition(name)

    assert header.isascii()
    assert not set(header) & set("\r\n")
    assert header.count('"') == 2


def test_files_are_for_those_who_may_read_what_they_came_with(browse: Browse, desk: Any) -> None:
    contact = desk.contact()
    page = attach(request_form(browse("lawyer"), contact), ("a.pdf", PDF)).submit("submit", status=303).follow()
    ((_name, href),) = files_of(page)

    browse("lawyer").get(href, status=200)
    browse("clerk").get(href, status=404)
    browse("admin").get(href, status=403)
    browse("").get(href, status=303)
    browse("lawyer").get(href.rpartition("/")[0] + "/1", status=404)


def test_a_stored_type_that_could_run_is_sent_as_bytes(browse: Browse, desk: Any) -> None:
    contact = desk.contact()

    def store(services: Any) -> None:
        file = services.attachments.store("x.html", "text/html", io.BytesIO(b"<script>alert(1)</script>"))
        services.interactions.log(services.contacts.get(contact), channel="email", body="از ورود", attachments=(file,))

    desk.run(store)
    clerk = browse("clerk")
    (link,) = clerk.get(f"/contacts/{contact}").html.select(".entry-f a")
    answer = clerk.get(link["href"])
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_new_sessions_give_a_user_no_more_room(browse: Browse, desk: Any, web: Any) -> None:
    web.registry.crm_uploads.max_files = 3
    login = browse("clerk").cookies["crm_login"]

    def send(login: str) -> int:
        browser = TestApp(web)  # without the session of before
        browser.set_cookie("crm_login", login)
        token = form_of(browser.get("/contacts/new"))["csrf_token"].value
        return int(browser.post("/forms/files", {"csrf_token": token}, upload_files=[("upload", "a.pdf", PDF)],
                                expect_errors=True).status_int)

    assert [send(login) for _time in range(5)] == [200, 200, 200, 422, 422]
    assert send(browse("second").cookies["crm_login"]) == 200
    web.registry.crm_uploads.max_files, web.registry.crm_uploads.max_total = 50, 5 * len(PDF) - 1
    assert [send(login) for _time in range(2)] == [200, 422]
    assert len(list((desk.app.settings.data / "uploads").iterdir())) == 2


def test_files_are_braked(browse: Browse, desk: Any, web: Any) -> None:
    clerk = browse("clerk")
    token = form_of(clerk.get("/contacts/new"))["csrf_token"].value
    for _time in range(FILES_PER_USER.amount):
        web.registry.crm_draft_brake.hit(FILES_PER_USER, "files", str(desk.who["clerk"].user_id))

    answer = clerk.post("/forms/files", {"csrf_token": token}, upload_files=[("upload", "a.pdf", PDF)], status=429)
    assert "wait a minute" in answer.json["error"]
    assert not list((desk.app.settings.data / "uploads").rglob("*.bin"))

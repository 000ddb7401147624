"""Several ``crm serve`` on one storage, as real processes: what is done at one of them counts at all of them."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from crm_core import control
from crm_core.testing.factories import PASSWORD, make_app, make_clerk
from crm_views.testing import fill, form_of

CRM = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")
Serve = Callable[..., list[str]]


@pytest.fixture(params=[pytest.param("postgresql", marks=pytest.mark.postgresql),
                        pytest.param("zeo", marks=pytest.mark.zeo)])
def uri(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_uri"))


@pytest.fixture
def serve(uri: str, tmp_path: Path) -> Iterator[Serve]:
    """``serve(data, …)``: the addresses of new processes with those data folders, the first of which starts first."""
    running: list[subprocess.Popen[str]] = []
    environment = {**os.environ, "CRM_ZODBURI": uri, "CRM_SEARCH": "none", "CRM_LANGUAGE": "en"}

    def start(data: Path) -> subprocess.Popen[str]:
        with (tmp_path / f"log{len(running)}").open("w") as log:
            running.append(subprocess.Popen([*CRM, "serve", "--data", str(data), "--port", "0"], text=True,
                                            stdout=subprocess.PIPE, stderr=log, env=environment))
        return running[-1]

    def address(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        found = re.search(r"http://([^/\s]+)", process.stdout.readline())
        assert found, (tmp_path / f"log{running.index(process)}").read_text()
        return found[1]

    def start_all(*folders: Path) -> list[str]:
        first = address(start(folders[0]))
        return [first, *map(address, [start(data) for data in folders[1:]])]

    yield start_all
    for process in running:
        process.send_signal(signal.SIGTERM)
    for number, process in enumerate(running):
        assert process.wait(60) == 0, (tmp_path / f"log{number}").read_text()
        process.stdout.close()  # type: ignore[union-attr]  # it is a pipe


class Proxy:
    """A WSGI application that passes requests on to the server at ``to``, as a reverse proxy does."""

    def __init__(self) -> None:
        self.to = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        headers = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with closing(http.client.HTTPConnection(self.to, timeout=60)) as server:
            address = environ["PATH_INFO"] + ("?" + environ["QUERY_STRING"] if environ.get("QUERY_STRING") else "")
            server.request(environ["REQUEST_METHOD"], address, body, headers)
            answer = server.getresponse()
            content = answer.read()
            # Without TLS in this test the answer's own headers do.
            start_response(f"{answer.status} {answer.reason}", [
                (name, value) for name, value in answer.getheaders() if name.lower() not in ("connection", "date")])
        return [content]


@pytest.mark.slow  # three processes that import and compile everything
@pytest.mark.timeout(400)
def test_two_servers_are_one_desk(uri: str, serve: Serve, tmp_path: Path) -> None:
    first_data, other_data = tmp_path / "machine1", tmp_path / "machine2"
    app = make_app(first_data, zodburi=uri)
    try:
        make_clerk(app, "clerk")
        make_clerk(app, "admin", roles=["administrator"])
    finally:
        app.close()
    servers = first, beside, other = serve(first_data, first_data, other_data)
    proxy = Proxy()
    browser = TestApp(proxy)
    # The page of one, sent to another: the mark against forgery counts on both machines, and so does the login.
    proxy.to = first
    form = fill(browser.get("/login").forms[0], username="clerk", password=PASSWORD)
    proxy.to = other
    form.submit(status=303)
    for proxy.to in servers:
        browser.get("/profile", status=200)
    # Typed at one process, there at the other one of the same machine; the draft stays on its machine.
    proxy.to = first
    page = browser.get("/contacts/new")
    form, marks = form_of(page), page.html.find("form", id="form")
    fields = [[key, value] for key, value in fill(form, notes="تا اینجا نوشته شد").submit_fields()
              if isinstance(value, str) and key != "csrf_token"]
    browser.post_json("/drafts", {
        "place": marks["data-draft"], "name": marks["data-draft-name"], "key": form["submission_key"].value,
        "writer": form["__draft__"].value, "page": "/contacts/new", "title": marks["data-draft-title"],
        "seen": int(marks["data-draft-seen"]), "force": False, "pairs": fields,
    }, headers={"X-CSRF-Token": form["csrf_token"].value}, status=200)
    proxy.to = beside
    assert "تا اینجا نوشته شد" in browser.get("/contacts/new").text
    proxy.to = other
    assert "تا اینجا نوشته شد" not in browser.get("/contacts/new").text
    # Saved at one machine, found at the others.
    saved = fill(form_of(browser.get("/contacts/new")), name="زهرا رضایی‌پور").submit("submit", status=303)
    for proxy.to in servers:
        assert "زهرا رضایی‌پور" in browser.get(urllib.parse.urlsplit(saved.location).path).text
    # Commands go to the first process of the folder: the second one did not take the socket away from it.
    talk = control.connect(first_data)
    assert talk is not None
    talk.close()
    # The end of the login counts everywhere.
    proxy.to = beside
    browser.post("/logout", {"csrf_token": form_of(browser.get("/contacts/new"))["csrf_token"].value}, status=303)
    for proxy.to in servers:
        browser.get("/profile", status=303)

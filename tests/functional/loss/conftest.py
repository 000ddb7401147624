"""A real server that dies and comes back, and clerks at real connections who go on until they were answered."""

from __future__ import annotations

import http.client
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select

from crm_core import effects as core_effects
from crm_core import journal
from crm_core import readers as core_readers
from crm_core.app import App
from crm_core.background import Background
from crm_core.checks import check_app
from crm_core.reporting.schema import METADATA, STATE
from crm_core.reporting.tables import ReportTables
from crm_core.settings import read_settings
from crm_core.testing.factories import PASSWORD
from crm_core.testing.processes import PATIENCE, PAUSE, Outside, Process, wait_for
from crm_core.testing.processes import environment as environment_of

PLUGIN = Path(__file__).with_name("working_plugin.py")
Pairs = list[tuple[str, str]]
Connection = http.client.HTTPConnection


@pytest.fixture
def processes(tmp_path: Path, site: Path) -> Iterator[Callable[..., Process]]:
    """``processes(data, "serve", **environment)``: a process to start, with the plugin of `site`; ended at the end."""
    made: list[Process] = []

    def make(data: Path, *command: str, **environment: str) -> Process:
        if command == ("serve",):
            command = ("serve", "--port", "0")
        made.append(Process(data, tmp_path / f"log{len(made)}", environment_of(site, **environment), command))
        return made[-1]

    yield make
    for process in made:
        process.end(signal.SIGKILL)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which `PLUGIN` is installed as any plugin is; this process finds it there too."""
    info = tmp_path / "site" / "sample_works-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-works\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[crm.plugins]\nworks = working_plugin\n", "utf-8")
    (tmp_path / "site" / "working_plugin.py").write_text(PLUGIN.read_text("utf-8"), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setitem(sys.modules, "working_plugin", None)  # so that it is taken away at the end
    del sys.modules["working_plugin"]
    return tmp_path / "site"


@pytest.fixture
def open_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., App]]:
    """``open_again(data, **environment)``: the application over the folder, in this process, with all its plugins."""
    opened: list[App] = []

    def open_(data: Path, **environment: str) -> App:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        opened.append(App.open(read_settings(data)))
        return opened[-1]

    yield open_
    for app in opened:
        app.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.open.set()
    server.shutdown()
    server.server_close()
    thread.join()


# ── clerks ───────────────────────────────────────────────────────────────────────────────────────────────────


class Answer:
    """Status, headers and text of a page."""

    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status, self.headers, self.text = status, headers, text

    @property
    def location(self) -> str:
        return str(self.headers["Location"])


class Clerk:
    """Somebody at a browser: cookies, forms with their marks and one-time keys, and patience.

    ``tries`` counts what was sent, ``silent`` how often no answer came.
    """

    def __init__(self, process: Process, login: str, password: str = PASSWORD) -> None:
        self.process, self._login, self._password = process, login, password
        self._cookies: dict[str, str] = {}
        self.tries = self.silent = 0

    def ask(self, method: str, path: str, pairs: Pairs | None = None, file: tuple[str, bytes] | None = None) -> Answer:
        """One try; ``file``: name and content of one sent along. Raises OSError, HTTPException without an answer."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        body: str | bytes | None = None
        if pairs is not None:
            body, headers["Content-Type"] = urlencode(pairs), "application/x-www-form-urlencoded"
        if pairs is not None and file is not None:
            body, headers["Content-Type"] = with_file(pairs, *file)
        if not self.process.port:
            raise ConnectionRefusedError
        connection = Connection("127.0.0.1", self.process.port, timeout=PATIENCE)
        try:
            self.tries += 1
            connection.request(method, path, body, headers)
            came = connection.getresponse()
            text = came.read().decode("utf-8")
        finally:
            connection.close()
        for line in came.headers.get_all("Set-Cookie") or ():
            self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        return Answer(came.status, came.headers, text)

    def insist(
        self, method: str, path: str, pairs: Pairs | None = None, file: tuple[str, bytes] | None = None
    ) -> Answer:
        """The same again, to the letter, until an answer comes that does not ask for another try."""
        until = time.monotonic() + PATIENCE
        while True:
            before = self.tries
            try:
                answer = self.ask(method, path, pairs, file)
                if answer.status != 503:
                    return answer
            except (OSError, http.client.HTTPException):
                self.silent += self.tries - before
            assert time.monotonic() < until, (path, "was never answered")
            time.sleep(PAUSE)

    def sign_in(self) -> None:
        page = self.insist("GET", "/login")
        pairs = [*hidden(page.text, 'name="password"'), ("username", self._login), ("password", self._password)]
        answer = self.insist("POST", "/login", pairs)
        assert answer.status == 303, answer.text

    def form(self, path: str, **values: str) -> Pairs:
        """The form of a page as a browser sends it: what is hidden in it, and what is typed."""
        page = self.insist("GET", path)
        assert page.status == 200, (path, page.status, page.text[:500])
        pairs = hidden(page.text, 'id="form"')
        place = next(at for at, (name, _value) in enumerate(pairs) if name == "__draft__") + 1
        return [*pairs[:place], *values.items(), *pairs[place:], ("submit", "submit")]

    def request(self, contact: int, words: str) -> tuple[str, Pairs]:
        """Address and form of a new request that says ``words``."""
        path = f"/contacts/{contact}/requests/new/core.general"
        return path, self.form(path, text=words, category="service", place="", title=words, channel="phone", unit="",
                               priority="normal")

    def call(self, contact: int, words: str) -> tuple[str, Pairs]:
        """Address and form of a call about ``words``."""
        path = f"/contacts/{contact}/interactions/new"
        return path, self.form(path, channel="phone", outcome="answered", body=words, about="", direction="in",
                               speaker="", address="", minutes="")


def with_file(pairs: Pairs, name: str, content: bytes) -> tuple[bytes, str]:
    """A form with a file behind its third field, as a browser sends it, and its type."""
    parts = [f'Content-Disposition: form-data; name="{field}"\r\n\r\n{value}'.encode() for field, value in pairs]
    head = f'Content-Disposition: form-data; name="sent"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    parts.insert(3, head.encode() + content)
    mark = b"----zqBoundary"
    body = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"
    return body, f"multipart/form-data; boundary={mark.decode()}"


def hidden(text: str, mark: str) -> Pairs:
    """Names and values of the hidden fields of the first form with ``mark`` in it."""
    form = next(one for one in re.findall(r"<form\b.*?</form>", text, re.S) if mark in one)
    found = []
    for tag in re.findall(r"<input\b[^>]*>", form):
        words = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if words.get("type") == "hidden":
            found.append((unescape(words["name"]), unescape(words.get("value", ""))))
    return found


class Written:
    """What one clerk wrote: the address that acknowledged it by the words that were written."""

    def __init__(self) -> None:
        self.requests: dict[str, str] = {}
        self.calls: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.requests) + len(self.calls)


class Office:
    """Clerks who write without a pause, each in a thread, until they are told that the day is over."""

    def __init__(self, clerks: list[Clerk], contacts: list[int]) -> None:
        self.clerks, self._contacts = clerks, contacts
        self.written = [Written() for _clerk in clerks]
        self._over = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(len(clerks))]

    @property
    def count(self) -> int:
        """Writes that were acknowledged."""
        return sum(map(len, self.written))

    def demand_well(self) -> None:
        """Raise what a clerk met that must not be."""
        if self._errors:
            raise self._errors[0]

    def wait_for_more(self, number: int) -> None:
        """Until ``number`` more writes were acknowledged."""
        wanted = self.count + number

        def met() -> bool:
            self.demand_well()
            return self.count >= wanted

        wait_for(met, "no clerk gets anything done")

    def __enter__(self) -> Office:
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """Everybody ends what is at hand; the server must be there for it."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def __exit__(self, *error: object) -> None:
        self.close()
        if error[0] is None:
            self.demand_well()

    def _work(self, which: int) -> None:
        try:
            clerk, written = self.clerks[which], self.written[which]
            number = 0
            while not self._over.is_set():
                number += 1
                words = f"zq{which}w{number:05}"
                contact = self._contacts[number % len(self._contacts)]  # all at the same ones: they meet
                make, book = (clerk.request, written.requests) if number % 2 else (clerk.call, written.calls)
                path, pairs = make(contact, words)
                answer = clerk.insist("POST", path, pairs)
                assert answer.status == 303, (path, answer.status, answer.text)
                book[words] = urlsplit(answer.location).path
        except BaseException as error:  # noqa: BLE001  # the test raises it
            self._errors.append(error)


# ── proof ────────────────────────────────────────────────────────────────────────────────────────────────────


class Proof:
    """What an opened application must show after all that."""

    def __init__(self, app: App) -> None:
        self.app = app

    def catch_up(self) -> None:
        """Do what is to be done beside answering until nothing is left of it."""
        with Background(self.app, idle=(PAUSE, PAUSE)):
            wait_for(self._is_done, "what is derived does not catch up")

    def _is_done(self) -> bool:
        with self.app.reading() as services:
            root, registry = services.root, self.app.registry
            left = [*core_effects.effects(root, registry), *core_readers.readers(root, registry)]
        return all(one.lag() == 0 for one in self.app.projections) and not any(
            one.waiting or one.again for one in left)

    def whole(self) -> None:
        """Nothing is half there: references, files, indexes, lists, histories, classes."""
        found = check_app(self.app, whole_files=True)
        assert found["problems"] == []

    def every_one_once(self, office: Office) -> None:
        """Each write that was acknowledged is there once, under the address that was given for it; nothing else is."""
        requests = {words: at for one in office.written for words, at in one.requests.items()}
        calls = {words: at for one in office.written for words, at in one.calls.items()}
        with self.app.reading() as services:
            root = services.root
            stored = sorted((one.title, f"/requests/{one.code}") for one in root.requests.values()
                            if one.title.startswith("zq"))
            assert stored == sorted(requests.items())
            heard = sorted(one.subject for one in root.interactions.values() if one.subject.startswith("zq"))
            assert heard == sorted(calls)
            told = sorted(entry.subject[1] for entry in _entries(root, "request.created")
                          if root.requests[entry.subject[1]].title in requests)
            assert told == sorted(one.id for one in root.requests.values() if one.title in requests), "in the journal"

    def found_by_search(self, words: list[str]) -> None:
        """Full text knows each of ``words`` once."""
        for word in words:
            hits = self.app.text_search.search(word, limit=5)
            assert len(hits) == 1, (word, hits)

    def reports_as_rebuilt(self) -> int:
        """The report tables hold what they would hold, built anew; how many rows."""
        tables = next(one for one in self.app.projections if isinstance(one, ReportTables))
        before = _rows(tables)
        tables.rebuild()
        assert _rows(tables) == before
        return sum(map(len, before.values()))

    def every_letter(self, posts: list[dict[str, str]]) -> dict[str, int]:
        """Each request was told to the other side: once under one key, or a person is asked, or (where the other side
        removes doubles) again under the same key. How many of each."""
        keys: dict[str, list[str]] = {}
        for post in posts:
            keys.setdefault(post["request"], []).append(post["key"])
        with self.app.reading() as services:
            ids = {str(one.id) for one in services.root.requests.values() if one.title.startswith("zq")}
            kept = {name: sorted(str(item.data["request"]) for item in services.collections[name])
                    for name in ("works.told", "works.heard")}
            letters = services.dead_letters.rows()
            unsure = {str(letter.subject[1]) for letter in letters}
            assert {(letter.owner, letter.state) for letter in letters} <= {("works.unsure", "uncertain")}
        assert kept["works.told"] == kept["works.heard"] == sorted(ids), "each heard of, and told, once"
        again = 0
        for id_ in ids:
            times = sorted(map(keys[id_].count, set(keys[id_])))
            # Whose fate is unknown may have been told or not; that of the other effect was told in any case.
            assert len(times) == 2 or (id_ in unsure and len(times) == 1), (id_, times)
            assert len(times) == 1 or times[0] == 1, "never again where nobody removes doubles"
            again += times[-1] > 1
        return {"told": len(ids), "again": again, "uncertain": len(unsure)}


def _entries(root: Any, kind: str) -> Iterator[Any]:
    cursor = journal.Cursor.parse(None)
    while True:
        entries, cursor = journal.read(root, cursor, 500)
        if not entries:
            return
        yield from (entry for entry in entries if entry.kind == kind)


def _rows(tables: ReportTables) -> dict[str, list[Any]]:
    with tables.engine.connect() as store:
        return {table.name: sorted(map(tuple, store.execute(select(table))), key=repr)
                for table in METADATA.tables.values() if table is not STATE}


@pytest.fixture(scope="session")
def loss() -> Any:
    """The tools of this folder, by name."""
    return SimpleNamespace(Clerk=Clerk, Office=Office, Proof=Proof, wait_for=wait_for, hidden=hidden)

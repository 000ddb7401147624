"""The peers to be measured beside: django-helpdesk and roundup, loaded and served over SQLite by the scripts given.

Their environments lie in PEERS_HOME (default ~/.cache/crm-peers; the README beside the scripts says how they are made),
the scripts in CRM_BENCH_PEERS (default ../shared/bench/peers beside the checkout). What was loaded is kept in
CRM_BENCH_DATA, and each run works on a copy.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = Path(os.environ.get("CRM_BENCH_PEERS") or ROOT.parent / "shared" / "bench" / "peers")
HOME = Path(os.environ.get("PEERS_HOME") or Path.home() / ".cache" / "crm-peers")
PORTS = {"helpdesk": 58101, "roundup": 58102}
"""Roundup writes its own address into its pages and compares it, so it needs to know its port before it starts."""
TEXT = "متن درخواست " * 20
"""What a new ticket says, as in the scripts of the peers."""
OVERRIDE = "+dac_override"

Work = Callable[[], Any]


class Missing(Exception):
    """Scripts or environments of the peers are not on this machine; says which."""


def script(name: str) -> Any:
    """A module of the scripts: ``gen`` (the documents) or ``httpb`` (the client)."""
    path = SCRIPTS / f"{name}.py"
    if not path.is_file():
        raise Missing(f"The scripts of the peers are not at {SCRIPTS}; CRM_BENCH_PEERS names another folder.")
    spec = importlib.util.spec_from_file_location(f"peers_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    wrote, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the folder of the scripts stays as it is
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = wrote
    return module


def program(environment: str, name: str) -> Path:
    """A program of an environment in PEERS_HOME. Raises Missing."""
    path = HOME / environment / "bin" / name
    if not path.exists():
        raise Missing(f"There is no {name} in {HOME / environment}; the README of the peers says how it is installed.")
    return path


class Page:
    """A clerk at one of the peers, or at ours: keep-alive, and what it answers must be what was expected."""

    def __init__(self, port: int) -> None:
        self.client = script("httpb").C(port)

    def ask(self, path: str, form: dict[str, str] | None = None, status: tuple[int, ...] = (200,)) -> str:
        """The text of the answer. Raises RuntimeError for another status."""
        text: str = self.client.req("GET" if form is None else "POST", path, form)
        if self.client.st not in status:
            raise RuntimeError(f"{path}: {self.client.st} {self.client.loc} {text[:300]}")
        return text


class Peer:
    """One of the peers: how it is loaded, served, and asked. ``n``: how many tickets are in it."""

    name = ""

    def __init__(self, data: Path, n: int) -> None:
        self.data, self.n = data / f"{self.name}-{n}", n

    def load(self) -> None:
        """Fill a new database in ``data``, once. Raises Missing, and CalledProcessError where it could not."""
        mark = self.data / "loaded.json"
        if mark.exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        begun = time.perf_counter()
        self._load()
        mark.write_text(json.dumps({"seconds": round(time.perf_counter() - begun)}), "utf-8")

    @contextmanager
    def serving(self) -> Iterator[int]:
        """The process id of a server on a copy of what was loaded."""
        with TemporaryDirectory(prefix=f"{self.name}-", dir=self.data.parent) as name:
            copy = Path(name) / "copy"
            shutil.copytree(self.data, copy)
            log = (Path(name) / "log").open("wb")
            with log, subprocess.Popen(self._command(copy), env=self._environment(copy), cwd=self._folder(),
                                       stdout=log, stderr=subprocess.STDOUT) as server:
                try:
                    self._wait(server)
                    yield server.pid
                finally:
                    server.terminate()
                    server.wait(30)

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                self.clerk()
                return
            except (OSError, RuntimeError, AttributeError):
                if time.monotonic() > until or server.poll() is not None:
                    raise
                time.sleep(0.2)

    def clerk(self) -> Page:
        """Somebody signed in."""
        raise NotImplementedError

    def works(self, page: Page, dice: Any, word: str) -> dict[str, Work]:
        """What is asked for in a round, by name."""
        raise NotImplementedError

    def _load(self) -> None:
        raise NotImplementedError

    def _command(self, copy: Path) -> list[str]:
        raise NotImplementedError

    def _folder(self) -> Path:
        return SCRIPTS

    def _environment(self, home: Path) -> dict[str, str]:
        return {**os.environ, "PEERS_HOME": str(home), "PEERS_SRC": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"}


class Helpdesk(Peer):
    """django-helpdesk 2.6.1 under gunicorn with two workers, SQLite in WAL mode."""

    name = "helpdesk"

    def _environment(self, home: Path) -> dict[str, str]:
        return {**super()._environment(home), "HDDB": "sqlite", "DJANGO_SETTINGS_MODULE": "hdsettings",
                "PYTHONPATH": str(self._folder())}

    def _folder(self) -> Path:
        return SCRIPTS / "hd"

    def _load(self) -> None:
        script("gen")
        subprocess.run([str(program("vd", "python")), "load.py", str(self.n)], check=True, cwd=self._folder(),
                       env=self._environment(self.data), stdout=sys.stderr)

    def _command(self, copy: Path) -> list[str]:
        return [str(program("vd", "gunicorn")), "-w", "2", "-b", f"127.0.0.1:{PORTS[self.name]}", "--log-level",
                "error", "hdwsgi:application"]

    def clerk(self) -> Page:
        page = Page(PORTS[self.name])
        form = {"csrfmiddlewaretoken": self._token(page, "/login/"), "username": "admin", "password": "admin"}
        page.ask("/login/", form | {"next": "/"}, (302,))
        return page

    def works(self, page: Page, dice: Any, word: str) -> dict[str, Work]:
        """The list is two requests: its page, and the rows that its script then asks for. Nothing is fetched before a
        ticket is sent: its form is the same each time."""
        token = self._token(page, "/tickets/submit/")
        ticket, number = dice.randrange(1, self.n + 1), dice.randrange(10**6)
        form = {"csrfmiddlewaretoken": token, "queue": "1", "title": f"درخواست {number}", "body": TEXT, "priority": "3",
                "submitter_email": f"u{number}@example.com"}
        return {
            "item": lambda: page.ask(f"/tickets/{ticket}/"),
            "list": lambda: (page.ask("/tickets/"), page.ask(self._rows({"status__in": [1, 2]}, ""))),
            "search": lambda: page.ask(self._rows({}, word)),
            "dashboard": lambda: page.ask("/dashboard/"),
            "create": lambda: page.ask("/tickets/submit/", form, (302,)),
        }

    @staticmethod
    def _token(page: Page, path: str) -> str:
        found = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page.ask(path))
        assert found is not None, path
        return found[1]

    @staticmethod
    def _rows(filtering: dict[str, Any], words: str) -> str:
        query = {"filtering": filtering, "filtering_null": {}, "sorting": "created", "search_string": words,
                 "sortreverse": False}
        return (f"/datatables_ticket_list/{base64.b64encode(json.dumps(query).encode()).decode()}?draw=1&start=0"
                "&length=25&order%5B0%5D%5Bcolumn%5D=0&order%5B0%5D%5Bdir%5D=desc&search%5Bvalue%5D=")


class Roundup(Peer):
    """roundup 2.6.0, its classic tracker over SQLite with its native index, one process with threads."""

    name = "roundup"
    columns = "@columns=title,id,activity,status,assignedto&@sort=activity&@pagesize=50&@startwith=0"
    every = "&@group=priority&@filter=status&status=-1,1,2,3,4,5,6,7"

    def _load(self) -> None:
        script("gen")
        admin, home = str(program("vr", "roundup-admin")), self.data
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "env": self._environment(home)}
        subprocess.run([admin, "-i", str(home), "install", "classic", "sqlite",
                        "mail_domain=example.com,mail_host=127.0.0.1"], **quiet)
        config = home / "config.ini"
        text = config.read_text("utf-8")
        for section, name, value in (("tracker", "web", f"http://127.0.0.1:{PORTS[self.name]}/sup/"),
                                     ("main", "indexer", "native"), ("main", "admin_email", "a@example.com"),
                                     ("mail", "debug", "mail.txt")):
            text = with_setting(text, section, name, value)
        config.write_text(text, "utf-8")
        subprocess.run([admin, "-i", str(home), "initialise", "admin"], **quiet)
        subprocess.run([str(program("vr", "python")), str(SCRIPTS / "ru" / "load.py"), str(home), str(self.n)],
                       check=True, env=self._environment(home), stdout=sys.stderr)

    def _command(self, copy: Path) -> list[str]:
        """The server refuses to be root. As root it is nobody, who may read and write what is root's: the environment
        may lie where nobody else can look."""
        served = [str(program("vr", "roundup-server")), "-p", str(PORTS[self.name]), "-n", "127.0.0.1", "-t", "thread",
                  f"sup={copy}"]
        if not hasattr(os, "getuid") or os.getuid():
            return served
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", f"--inh-caps={OVERRIDE}",
                f"--ambient-caps={OVERRIDE}", *served]

    def clerk(self) -> Page:
        page = Page(PORTS[self.name])
        form = {"__login_name": "admin", "__login_password": "admin", "@action": "login",
                "@csrf": self._token(page.ask("/sup/")), "__came_from": f"http://127.0.0.1:{PORTS[self.name]}/sup/"}
        page.ask("/sup/", form, (200, 302, 303))
        if "logout" not in page.ask("/sup/issue1").lower():
            raise RuntimeError("roundup let nobody in")
        return page

    def works(self, page: Page, dice: Any, word: str) -> dict[str, Work]:
        """A new issue is two requests: each form has a token of its own."""
        issue, number = dice.randrange(1, self.n + 1), dice.randrange(10**6)

        def create() -> None:
            token = self._token(page.ask("/sup/issue?@template=item"))
            page.ask("/sup/issue", {"@action": "new", "@csrf": token, "title": f"درخواست {number}", "priority": "3",
                                    "@note": TEXT, "@template": "item"}, (302, 303))

        return {
            "item": lambda: page.ask(f"/sup/issue{issue}"),
            "list": lambda: page.ask(f"/sup/issue?{self.columns}{self.every}"),
            "search": lambda: page.ask(f"/sup/issue?{self.columns}&@search_text={quote(word)}"),
            "create": create,
        }

    @staticmethod
    def _token(text: str) -> str:
        inputs = re.findall(r'<input[^>]*name="@csrf"[^>]*>', text)
        found = re.search(r'value="([^"]+)"', inputs[-1]) if inputs else None
        return found[1] if found else ""


def with_setting(text: str, section: str, name: str, value: str) -> str:
    """An ini file in which ``name`` in ``section`` has this value, be it commented out so far. Raises ValueError."""
    parts = re.split(r"(?m)^(?=\[)", text)
    for place, part in enumerate(parts):
        if part.startswith(f"[{section}]"):
            changed, count = re.subn(rf"(?m)^#? ?{re.escape(name)} *=.*$", lambda _found: f"{name} = {value}", part,
                                     count=1)
            if count:
                return "".join([*parts[:place], changed, *parts[place + 1:]])
    raise ValueError(f"there is no {name} in [{section}]")

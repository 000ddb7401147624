"""Real processes of ``crm serve`` and ``crm worker`` that die and come back, and another side that they tell things."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CRM = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")
PATIENCE = 100
"""Seconds after which something that is waited for will never come, on the slowest machine."""
PAUSE = 0.03


def wait_for(met: Callable[[], Any], what: str = "") -> Any:
    """What ``met`` gives as soon as it is true. Raises AssertionError with ``what`` after `PATIENCE` seconds."""
    until = time.monotonic() + PATIENCE
    while not (found := met()):
        assert time.monotonic() < until, what or "it never came"
        time.sleep(PAUSE)
    return found


class Process:
    """``crm serve`` or ``crm worker`` over a data folder. ``port`` is that of its last start, 0 while it is down; its
    last words before it was ready are ``said``."""

    def __init__(self, data: Path, log: Path, environment: dict[str, str], command: tuple[str, ...]) -> None:
        self.log = log
        self._words = [*CRM, *command, "--data", str(data)]
        self._environment = environment
        self._running: subprocess.Popen[str] | None = None
        self.port = 0
        self.said = ""

    def begin(self) -> None:
        """Start it; it is not ready yet."""
        assert self._running is None
        with self.log.open("a") as log:
            self._running = subprocess.Popen(self._words, env=self._environment, stdout=subprocess.PIPE, stderr=log,
                                             text=True)

    def start(self) -> None:
        """Start it and wait until it is at work."""
        self.begin()
        assert self._running is not None and self._running.stdout is not None
        self.said = self._running.stdout.readline()
        assert self.said, self.log.read_text("utf-8")[-3000:]
        port = re.search(r"http://127\.0\.0\.1:(\d+)", self.said)
        self.port = int(port[1]) if port else 0

    def end(self, number: signal.Signals) -> int:
        """Send the signal and wait for its end; its code."""
        self.port = 0
        running, self._running = self._running, None
        if running is None:
            return 0
        running.send_signal(number)
        code = running.wait(PATIENCE)
        running.stdout.close()  # type: ignore[union-attr]  # it is a pipe
        return code

    def kill(self) -> None:
        """As a loss of power to the process would: nothing of it goes on, nothing is said."""
        assert self.end(signal.SIGKILL) == -signal.SIGKILL, self.log.read_text("utf-8")[-3000:]

    def stop(self) -> None:
        """As an operator does: what is at hand is ended, and what was claimed is given back."""
        assert self.end(signal.SIGTERM) == 0, self.log.read_text("utf-8")[-3000:]

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid


def environment(site: Path, **more: str) -> dict[str, str]:
    """The environment of a process that also finds what is installed in ``site``, and speaks English."""
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "LC_ALL": "C.UTF-8", "CRM_LANGUAGE": "en", **more, "PYTHONPATH": path}


class Outside(ThreadingHTTPServer):
    """The other side of effects: keeps what is posted, and takes its time to answer, so that a kill often falls between
    the two; while it is not ``open``, it takes what comes and does not answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[dict[str, str]] = []
        self.open = threading.Event()
        self.open.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What is left is a process that was killed while it waited for the answer."""


class _Handler(BaseHTTPRequestHandler):
    server: Outside

    def do_POST(self) -> None:
        self.server.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        time.sleep(PAUSE)
        self.server.open.wait(PATIENCE)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

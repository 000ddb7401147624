"""``crm serve`` as a process: it says its address when the port is open, does everything beside it, stops cleanly."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

CRM = (sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')")
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "CRM_LANGUAGE": "en"}
Served = tuple["subprocess.Popen[str]", str]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """``serve()``: a server on a free port and its address, ended at the end of the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> Served:
        log = (tmp_path / "log").open("a")
        process = subprocess.Popen(
            [*CRM, "serve", "--data", str(tmp_path / "data"), "--port", "0", *words], text=True, env=ENVIRONMENT,
            stdout=subprocess.PIPE, stderr=log,
        )
        log.close()
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"The desk is open at (http://127\.0\.0\.1:\d+)/\n", line)
        assert found is not None, (line, (tmp_path / "log").read_text("utf-8"))
        return process, found[1]

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CRM, *words], capture_output=True, text=True, env=ENVIRONMENT, timeout=100)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_as_soon_as_it_says_so_and_ends_cleanly(
    serve: Callable[..., Served], tmp_path: Path, number: signal.Signals
) -> None:
    process, address = serve()
    with urlopen(f"{address}/login", timeout=30) as answer:
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "waitress" not in str(answer.headers).lower()
    assert (tmp_path / "data" / "control.sock").exists()

    process.send_signal(number)

    assert process.wait(60) == 0
    assert not (tmp_path / "data" / "control.sock").exists()
    (said,) = (tmp_path / "log").read_text("utf-8").splitlines()
    assert "Nobody can sign in yet" in said and "crm user add" in said
    assert (tmp_path / "data" / "setup-code").read_text("ascii").strip() in said
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) != 0


def test_writing_commands_go_through_it_and_full_text_follows(serve: Callable[..., Served], tmp_path: Path) -> None:
    _process, _address = serve()
    data = str(tmp_path / "data")

    found = run("find", "x", "--data", data, "--json")

    assert found.returncode == 0, found.stderr
    table = tmp_path / "people.csv"
    table.write_text("name,phone\nزهرا رضایی,09120000147\n", "utf-8")
    imported = run("import", "contacts", str(table), "--data", data, "--json")
    assert json.loads(imported.stdout)["created"] == 1, imported.stderr
    rebuilt = run("reindex", "--data", data, "--json")
    assert json.loads(rebuilt.stdout)["documents"] == 1, rebuilt.stderr
    second = run("serve", "--data", data, "--port", "0")
    assert second.returncode == 4
    assert "Another process" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        failed = run("serve", "--data", str(tmp_path / "data"), "--port", port)

    assert failed.returncode == 1
    assert "in use" in failed.stderr
    assert "Traceback" not in failed.stderr


def raw(address: str, data: bytes) -> bytes:
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def test_what_no_browser_sends_gets_a_clean_answer(serve: Callable[..., Served], tmp_path: Path) -> None:
    _process, address = serve()
    run("user", "add", "maryam", "--password", "long enough", "--data", str(tmp_path / "data")).check_returncode()
    host = b"Host: 127.0.0.1\r\nConnection: close\r\n"
    for request, status in (
        (b"GET /\xff\xfe HTTP/1.1\r\n", b"400"),
        (b"GET /contacts/%FF HTTP/1.1\r\n", b"400"),
        (b"GET /login?next=%00 HTTP/1.1\r\n", b"200"),
        (b"BREW / HTTP/1.1\r\n", b"405"),
        (b"PROPFIND /login HTTP/1.1\r\n", b"405"),
        (b"GET /login HTTP/1.1\r\nCookie: " + b"x" * 5000 + b"\r\n", b"200"),
        (b"GET /login HTTP/1.1\r\nAccept-Language: \xff\xfe,;q=9\r\n", b"200"),
    ):
        answer = raw(address, request + host + b"\r\n")
        assert answer.split(b" ")[1] == status, (request, answer[:200])
        assert b"Content-Security-Policy" in answer or b"(generated by server)" in answer
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{address}/login", data=b"x" * 200_000), timeout=30)
    assert refused.value.code == 413
    refused.value.close()
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")

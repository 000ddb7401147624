"""The disk is full: a clerk is told so and keeps what was typed; nothing half is stored; with room again it goes on."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from crm_core.app import App
from crm_core.testing import begun
from crm_core.testing.factories import make_app, make_contact

SIZE = 32 << 20
WORDS, SAID = "zq0w00001", "zq0w00002"
LONG = " ".join(f"{number:x}" for number in range(4_000))
"""More than the rest of a page of the disk: the file that has the page may still fill it."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


@pytest.fixture(params=["disk", "limit"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> SimpleNamespace:
    """Where data lie that can be brought to an end of their room: ``folder``, ``fill(process)``, ``give(process)``."""
    if request.param == "limit":  # whoever is not root has this one: files may not grow any more
        def limit(process: Any, most: int) -> None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

        return SimpleNamespace(folder=tmp_path / "data", fill=lambda process: limit(process, 1),
                               give=lambda process: limit(process, resource.RLIM_INFINITY))
    disk: Path = request.getfixturevalue("disk")
    ballast = disk / "ballast"

    def fill(_process: Any) -> None:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                return

    return SimpleNamespace(folder=disk / "data", fill=fill, give=lambda _process: ballast.unlink())


@pytest.mark.file_storage
@pytest.mark.slow
def test_a_full_disk_loses_nothing_and_is_told(
    small: SimpleNamespace, staffed: Path, processes: Callable[..., Any], outside: Any, open_again: Callable[..., App],
    loss: Any,
) -> None:
    begun.copy(staffed, small.folder)
    app = make_app(small.folder)
    contact = app.run(lambda services: make_contact(services).id)
    app.close()
    server = processes(small.folder, "serve", CRM_TEST_POST=outside.address,
                       CRM_PLUGINS_DISABLED="complaints surveys appointments")
    server.start()
    clerk = loss.Clerk(server, "clerk")
    clerk.sign_in()
    office = loss.Office([clerk], [contact])
    written = office.written[0]
    path, pairs = clerk.request(contact, WORDS)
    call_path, call = clerk.call(contact, f"{SAID}\n{LONG}")

    small.fill(server)
    for _try in range(2):
        refused = clerk.ask("POST", path, pairs)
        assert refused.status == 507, refused.text
        assert "There is no room left on the disk" in refused.text
        assert WORDS in refused.text, "to be copied, if it comes to the worst"
    assert clerk.ask("GET", f"/contacts/{contact}").status == 200, "it can still be read"
    assert clerk.ask("POST", call_path, call).status == 507

    small.give(server)
    for book, place, form, words in ((written.requests, path, pairs, WORDS),
                                     (written.calls, call_path, call, SAID)):
        answer = clerk.insist("POST", place, form)
        assert answer.status == 303, answer.text
        book[words] = urlsplit(answer.location).path
    more, pairs = clerk.request(contact, "zq0w00003")
    written.requests["zq0w00003"] = urlsplit(clerk.insist("POST", more, pairs).location).path
    server.kill()

    proof = loss.Proof(open_again(small.folder, CRM_TEST_POST=outside.address,
                                  CRM_PLUGINS_DISABLED="complaints surveys appointments"))
    proof.catch_up()
    proof.whole()
    proof.every_one_once(office)
    proof.found_by_search([WORDS, SAID, "zq0w00003"])
    proof.reports_as_rebuilt()
    proof.every_letter(outside.posts)


@pytest.mark.file_storage
@pytest.mark.parametrize("size", [60_000, 3 << 20], ids=["in memory", "in a file"])
def test_a_form_with_a_file_that_finds_no_room_on_its_way_comes_back_with_its_words(
    size: int, disk: Path, tmp_path: Path, staffed: Path, processes: Callable[..., Any], loss: Any
) -> None:
    """The server itself keeps long forms in the folder for temporary files, the parser each file and longer text."""
    folder = tmp_path / "data"
    begun.copy(staffed, folder)
    app = make_app(folder)
    contact = app.run(lambda services: make_contact(services).id)
    app.close()
    server = processes(folder, "serve", TMPDIR=str(disk), CRM_BACKGROUND="none",
                       CRM_PLUGINS_DISABLED="complaints surveys appointments works")
    server.start()
    clerk = loss.Clerk(server, "clerk")
    clerk.sign_in()
    file = ("letter.pdf", b"%PDF-1.4\n" + b"x" * size)
    path, pairs = clerk.call(contact, "the first one")  # from now on the process knows where its temporary files go
    assert clerk.ask("POST", path, pairs, file).status == 303
    path, pairs = clerk.call(contact, f"{SAID}\n{LONG}")
    with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while ballast.write(b"x" * 65536):
            pass

    for _try in range(2):
        refused = clerk.ask("POST", path, pairs, file)
        assert refused.status == 507, refused.text
        assert "There is no room left on the disk" in refused.text
        again = re.search(rf'href="({path}[?]kept=[^"]+)"', refused.text)
        assert again, refused.text
        form = clerk.ask("GET", again[1]).text
        assert SAID in form
        assert "Only files must be chosen again." in form
        assert " f9e f9f" in refused.text, "to the last word"
    (disk / "ballast").unlink()
    assert clerk.insist("POST", path, pairs, file).status == 303

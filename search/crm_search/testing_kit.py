"""What the conformance suite of full text stands on: documents in one line, fixtures, a writing process.

The tests are in `crm_search.testing` (words) and `crm_search.testing_commits`.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from crm_core.services.textsearch import Document, Kind, TextHit, TextSearch


def contact(id_: int, name: str, body: str = "", codes: tuple[str, ...] = (), when: int = 0) -> Document:
    """A contact as a document."""
    return Document(id_, "contact", id_, name, body, codes, when, None)


def text(id_: int, title: str, body: str = "", *, kind: Kind = "interaction", of: int | None = 1,
         codes: tuple[str, ...] = (), when: int = 0) -> Document:
    """An interaction (or a request) of the contact ``of`` as a document."""
    return Document(id_, kind, of, title, body, codes, when, None)


def opener(name: str) -> Callable[..., TextSearch]:
    """The function behind ``package.module:function``."""
    module, _, function = name.partition(":")
    found: Callable[..., TextSearch] = getattr(importlib.import_module(module), function)
    return found


def keep_writing(name: str, folder: str, batches: int) -> None:
    """Body of a writing process: batch N holds contact N and request N, takes out request N-3, has the cursor N.

    Goes on behind the cursor it finds, and writes each N to stdout once it is committed.
    """
    search = opener(name)(Path(folder))
    first = int(search.cursor() or 0) + 1
    for number in range(first, first + batches):
        documents = [contact(number, f"نام{number}"), text(number, f"موضوع{number}", "متن", kind="request")]
        search.apply(documents, [("request", number - 3)], str(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    search.close()


def keep_rebuilding(name: str, folder: str, batches: int) -> None:
    """Body of a process that builds ``batches`` texts anew with the cursor "new", and tells how far it is."""
    def told(done: int) -> None:
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()

    search = opener(name)(Path(folder))
    search.replace((text(number, "نو", f"متن {number}") for number in range(1, batches + 1)), "new", told)
    search.close()


def keys(hits: Iterable[TextHit]) -> list[tuple[str, int]]:
    """(kind, id) of each hit, in order."""
    return [(hit.kind, hit.id) for hit in hits]


class Backend:
    """How to open the backend under test."""

    opener: ClassVar[str]
    """``package.module:function`` of the backend; called like `crm_search.whoosh_index.open_search`."""

    def damage(self, folder: Path) -> None:
        """Spoil the stored index so that it cannot be read; skip where nothing of ours can be spoilt."""
        pytest.skip("this backend has no files of its own")

    def open(self, folder: Path, read_only: bool = False) -> TextSearch:
        """A backend on ``folder``."""
        return opener(self.opener)(folder, read_only=read_only)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "index"

    @pytest.fixture
    def search(self, folder: Path) -> Iterator[TextSearch]:
        search = self.open(folder)
        yield search
        search.close()

    @pytest.fixture
    def opened(self) -> Iterator[Callable[..., TextSearch]]:
        """Opens further backends, and closes them at the end."""
        found: list[TextSearch] = []

        def one(folder: Path, read_only: bool = False) -> TextSearch:
            found.append(self.open(folder, read_only))
            return found[-1]

        yield one
        for search in found:
            search.close()

    @contextmanager
    def writing(self, folder: Path, batches: int,
                work: str = "keep_writing") -> Iterator[tuple[subprocess.Popen[str], Iterator[int]]]:
        """A process that runs ``work`` (or `keep_rebuilding`) on ``folder``, and the numbers it has told."""
        call = f"{work}({self.opener!r}, {str(folder)!r}, {batches})"
        command = [sys.executable, "-c", f"from crm_search.testing_kit import {work}; {call}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (our own code)
            assert process.stdout is not None
            try:
                yield process, map(int, process.stdout)
            finally:
                process.kill()

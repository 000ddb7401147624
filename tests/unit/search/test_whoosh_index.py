"""The Whoosh backend: the conformance suite, and what only files can do wrong."""

from __future__ import annotations

from pathlib import Path

from crm_search.testing import TextSearchContract


class TestWhoosh(TextSearchContract):
    opener = "crm_search.whoosh_index:open_search"

    def damage(self, folder: Path) -> None:
        for file in folder.glob("build-*/*.trm"):
            file.write_bytes(file.read_bytes()[:-20])

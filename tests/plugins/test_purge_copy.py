"""The folder that purging writes: for its owner only, and nothing outside of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from crm_core.errors import CrmError
from crm_core.host import Candidate
from crm_core.purgecopy import export
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit


def test_the_copy_is_its_owners_and_stays_in_its_folder(
    install: Callable[..., list[Candidate]], open_with: Any, tmp_path: Path
) -> None:
    app, folder = open_with(install("good")), tmp_path / "deep" / "out"

    def work(services: Services) -> None:
        names = ("x/../../../evil", "نقشه.txt")
        files = tuple(services.attachments.store(name, "text/plain", BytesIO(b"x")) for name in names)
        assert [file.name for file in files] == ["evil", "نقشه.txt"]
        files[0].name = "x/../../../../evil"  # as one that was stored before names were looked at
        submit(services, make_contact(services), "good.tree", {"kind": "elm", "place": "yard"}, attachments=files)

    app.run(work)
    export(app, "good", folder)
    places = [folder, *folder.rglob("*")]
    assert {oct(place.stat().st_mode & 0o777) for place in places} == {"0o700", "0o600"}
    (row,) = map(json.loads, (folder / "requests.jsonl").read_text("utf-8").splitlines())
    assert [(folder / one["path"]).read_bytes() for one in row["files"]] == [b"x", b"x"]
    assert all(place in places for place in (tmp_path / "deep").rglob("*"))


def test_a_folder_that_others_can_look_into_is_refused(open_with: Any, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(CrmError, match="Others on this machine"):
        export(open_with([]), "good", folder)
    folder.chmod(0o700)
    assert export(open_with([], "other"), "good", folder)[0]["requests"] == 0

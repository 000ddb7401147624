"""``crm reindex`` on a real data folder, and finding before, without and after an index."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.cli import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = tmp_path / "people.csv"
    lines = ("name,phone,city,external_id", "سارا کریمی,09121234567,اصفهان,a1", "علی رضایی,09121234568,یزد,a2")
    rows.write_text("\n".join(lines), "utf-8")
    folder = tmp_path / "data"
    _run("import", "contacts", str(rows), "--data", str(folder), "--json")
    return folder


def _run(*arguments: str) -> Any:
    result = CliRunner().invoke(main, list(arguments), env={"CRM_LANGUAGE": "en"})
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


def _titles(data: Path, words: str) -> list[str]:
    return [hit["title"] for hit in _run("find", words, "--data", str(data), "--json")]


def test_reindex_builds_what_was_lost(data: Path) -> None:
    assert _titles(data, "اصفهان") == ["سارا کریمی"]
    shutil.rmtree(data / "index")
    assert _titles(data, "کریمی") == ["سارا کریمی"], "names are found without full text"
    result = _run("reindex", "--data", str(data), "--json")
    assert result == {"documents": 2, "count": {"contact": 2, "interaction": 0, "request": 0}}
    assert _titles(data, "اصفهان") == ["سارا کریمی"]
    assert _titles(data, "کریمب") == ["سارا کریمی"], "one letter wrong"
    assert "2" in _run("reindex", "--data", str(data))


def test_reindex_repairs_a_damaged_index(data: Path) -> None:
    for file in (data / "index").glob("build-*/*"):
        file.write_bytes(b"")
    assert _run("reindex", "--data", str(data), "--json")["documents"] == 2
    assert _titles(data, "یزد") == ["علی رضایی"]

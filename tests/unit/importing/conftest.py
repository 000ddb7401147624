"""What the import tests share: files made on the spot, and rows sorted into good and refused ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from crm_core.i18n import Translator
from crm_core.importing import ContactRow, Rejected, RequestRow, open_rows

ENGLISH = Translator(["crm_core"])


@dataclass
class Outcome:
    """What one reading of a file gave."""

    good: list[Any]
    refused: list[Rejected]
    warnings: list[str]
    encoding: str
    delimiter: str

    @property
    def codes(self) -> dict[int, str]:
        """Codes of the refusals by line."""
        return {row.line: row.code for row in self.refused}

    @property
    def reasons(self) -> list[str]:
        return [ENGLISH.translate(row.reason, "en") for row in self.refused]

    @property
    def only(self) -> Any:
        """The single row there is."""
        assert not self.refused, self.reasons
        (row,) = self.good
        return row


Read = Callable[..., Outcome]


def read_rows(
    origin: Path | bytes | str, kind: str = "contacts", mapping: str | Path | None = None, **options: Any
) -> Outcome:
    """Read a path, bytes, or text (as UTF-8) twice; both readings must agree."""
    if isinstance(origin, str):
        origin = origin.encode()
    source = BytesIO(origin) if isinstance(origin, bytes) else origin
    with open_rows(source, kind, mapping, **options) as rows:  # type: ignore[arg-type]
        everything = list(rows)
        assert rows.read_bytes == rows.total_bytes
        warnings = [ENGLISH.translate(text, "en") for text in rows.warnings]
        assert list(rows) == everything
        assert [ENGLISH.translate(text, "en") for text in rows.warnings] == warnings
        return Outcome(
            [row for row in everything if isinstance(row, ContactRow | RequestRow)],
            [row for row in everything if isinstance(row, Rejected)],
            warnings,
            rows.encoding,
            rows.delimiter,
        )


@pytest.fixture(scope="session")
def read() -> Read:
    """`read(origin, kind, mapping)`: see `read_rows`."""
    return read_rows


@pytest.fixture
def own_mapping(tmp_path: Path) -> Callable[[str], Path]:
    """`own_mapping(toml)`: a mapping file with that content."""

    def write(toml: str) -> Path:
        path = tmp_path / "ours.toml"
        path.write_text(toml, encoding="utf-8")
        return path

    return write

"""Tables to keep: CSV that spreadsheets open as it is meant, Persian included, and in which nothing is a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

from pyramid.response import Response

RISKY = ("=", "+", "-", "@")
"""Beginnings that a spreadsheet takes for a formula (OWASP, CSV injection); so are a tab and ends of lines."""
MARK = b"\xef\xbb\xbf"
"""By this spreadsheets know that a file is UTF-8."""


def harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula.

    What is not seen at its beginning (spaces, direction marks, control characters) is looked through, and full-width
    and small forms of a sign are that sign: some spreadsheets take them so.
    """
    start = next((char for char in cell if not _is_unseen(char)), "")
    risky = unicodedata.normalize("NFKC", start).replace("−", "-").startswith(RISKY)
    return f"'{cell}" if risky or cell.startswith(("\t", "\r", "\n")) else cell


def csv_file(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """A CSV file to be kept under ``name`` (ASCII), its first row the heading. Cells of people's words must be
    `harmless`; each is quoted, for a semicolon begins a new one where a comma stands in numbers."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    response = Response(body=MARK + text.getvalue().encode("utf-8", "replace"), content_type="text/csv",
                        charset="utf-8")
    response.content_disposition = f'attachment; filename="{name}"'
    return response


def _is_unseen(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Cs")

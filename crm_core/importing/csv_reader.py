"""CSV as people really send it: every bad row is refused by itself, with the physical line it starts in.

The standard library's reader is used for one record at a time: left alone it swallows the rest of a file after a stray
quotation mark and does not tell in which line a record began.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator

from crm_core.i18n import TextFactory
from crm_core.importing import reasons
from crm_core.importing.rows import MAX_COLUMNS, MAX_SHORT, ImportFailed, Record, Refusal, Rejected
from crm_core.importing.source import MAX_LINE, Source, is_damaged, physical_lines

_ = TextFactory("crm_core")

DELIMITERS = (",", ";", "\t", "|")
MAX_RECORD_LINES = 2_000
"""Physical lines one record may span; a quotation mark that is still open after them is called broken."""
_RESCAN_LINES = 20  # the same limit inside a stretch that failed once: without it a hostile file costs quadratic time

_SEPARATOR_LINE = re.compile(r"sep=(.)\s*$", re.IGNORECASE)  # Excel's own first line
_Line = tuple[int, str | None]


class CsvTable:
    """One reading of a CSV file: ``columns`` (unique names), ``delimiter``, then records by iterating once.

    ``delimiter`` None: found from the first row. ``skip_initial_space``: a quotation mark after blanks opens a field.
    Raises `ImportFailed` where there is no usable first row.
    """

    def __init__(
        self, source: Source, encoding: str, delimiter: str | None = None, skip_initial_space: bool = False
    ) -> None:
        self._source = source
        self._encoding = encoding
        self._skip_space = skip_initial_space
        self._lines = _Pushback(physical_lines(source, encoding))
        self._failed_until = 0
        self._declared = ""
        first = self._first_line()
        self.delimiter = delimiter or self._declared or _find_delimiter(first)
        self.duplicates: list[str] = []
        self.columns = self._read_columns()

    def _first_line(self) -> str:
        for number, text in self._lines:
            if text is None:
                break
            if text.strip():
                if number == 1 and (match := _SEPARATOR_LINE.match(text)) and match[1] in DELIMITERS:
                    self._declared = match[1]
                    continue
                self._lines.push((number, text))
                return text
        raise ImportFailed(_("The file “${file}” is empty.", mapping={"file": reasons.shown(self._source.name)}))

    def _read_columns(self) -> list[str]:
        number, text = next(self._lines)
        assert text is not None
        try:
            fields = self._split(number, text)
        except Refusal as refusal:
            raise self._bad_header(refusal.reason) from refusal
        names: list[str] = []
        while fields and not fields[-1].strip():
            fields.pop()  # spreadsheets leave empty columns at the end
        for index, field in enumerate(fields, start=1):
            name = " ".join(field.split()) or f"column {index}"
            if name in names:
                self.duplicates.append(name)
                count = 2
                while f"{name} ({count})" in names:
                    count += 1
                name = f"{name} ({count})"
            names.append(name)
        if len(names) > MAX_COLUMNS:
            raise self._bad_header(reasons.too_many(MAX_COLUMNS).reason)
        if any(len(name) > MAX_SHORT or "\0" in name or is_damaged(name, self._encoding) for name in names):
            raise self._bad_header(_("it is not a list of column names."))
        return names

    def _bad_header(self, why: object) -> ImportFailed:
        return ImportFailed(
            _("The first row of “${file}” cannot be read: ${why}",
              mapping={"file": reasons.shown(self._source.name), "why": why})
        )

    def __iter__(self) -> Iterator[Record | Rejected]:
        width = len(self.columns)
        for number, text in self._lines:
            try:
                if text is None:
                    raise reasons.too_long_record()
                if not text.strip():
                    continue
                fields = self._split(number, text)
                if not any(field.strip() for field in fields):
                    continue  # a spreadsheet's row of delimiters only
                if len(fields) != width:
                    if len(fields) < width or any(field.strip() for field in fields[width:]):
                        raise reasons.columns(len(fields), width)
                    del fields[width:]
            except Refusal as refusal:
                yield Rejected(number, refusal.reason, refusal.code)
            else:
                yield Record(number, dict(zip(self.columns, fields, strict=True)))

    def _split(self, number: int, text: str) -> list[str]:
        """The fields of the record that starts with ``text``, taking further lines while a quotation mark is open."""
        delimiter = self.delimiter
        if '"' not in text:
            return text.rstrip("\r\n").split(delimiter)
        limit = _RESCAN_LINES if number <= self._failed_until else MAX_RECORD_LINES
        taken: list[_Line] = []
        try:
            return next(
                csv.reader(
                    self._continued(text, taken, limit),
                    delimiter=delimiter,
                    skipinitialspace=self._skip_space,
                    strict=True,
                )
            )
        except (csv.Error, Refusal) as error:
            # Only this line is lost: the ones taken after it may be good rows, so they are read again as such.
            if taken:
                self._failed_until = max(self._failed_until, taken[-1][0])
            self._lines.push(*taken)
            if isinstance(error, Refusal):
                raise
            raise (reasons.too_long_record() if "limit" in str(error) else reasons.broken_quote()) from error

    def _continued(self, text: str, taken: list[_Line], limit: int) -> Iterator[str]:
        """``text``, then the lines after it as long as they are asked for; ``taken`` tells which."""
        yield text
        size = len(text)
        for line in self._lines:
            taken.append(line)
            size += len(line[1] or "")
            if line[1] is None or len(taken) > limit or size > MAX_LINE:
                break
            yield line[1]
        raise reasons.broken_quote()


def _find_delimiter(header: str) -> str:
    """The one of `DELIMITERS` that is most frequent outside quotation marks; a single column has none."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


class _Pushback:
    """Lines of which some can be put back to be read again, in their order."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._back: deque[_Line] = deque()

    def push(self, *lines: _Line) -> None:
        self._back.extendleft(reversed(lines))

    def __iter__(self) -> _Pushback:
        return self

    def __next__(self) -> _Line:
        return self._back.popleft() if self._back else next(self._lines)

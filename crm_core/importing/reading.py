"""Opening a file for import: its format, encoding and mapping found and checked, then rows one by one.

What is wrong with the file as a whole is said when it is opened; what is wrong with a row comes as `Rejected`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal

from crm_core.i18n import Text, TextFactory
from crm_core.importing import json_reader, mappings, vcard, vcard_rows
from crm_core.importing.build import Builder, Plan
from crm_core.importing.csv_reader import CsvTable
from crm_core.importing.mappings import Mapping
from crm_core.importing.notices import Notices
from crm_core.importing.reasons import missing, shown
from crm_core.importing.rows import ContactRow, ImportFailed, Record, Refusal, Rejected, RequestRow
from crm_core.importing.source import Source, choose_encoding, is_damaged, text_chunks

_ = TextFactory("crm_core")

Kind = Literal["contacts", "requests"]
Row = ContactRow | RequestRow | Rejected

_SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".vcf": "vcard", ".vcard": "vcard"}


class Rows:
    """The rows of one file. Iterate as often as wanted: each time from the start, with the same result.

    ``total_bytes`` and ``read_bytes`` are for a progress bar. ``warnings`` are complete after an iteration.
    ``mapping``, ``format``, ``encoding`` and ``source`` say how the file is read. Close it, or use it in a ``with``.
    """

    def __init__(self, source: Source, mapping: Mapping, form: str, encoding: str, zone: str, declared: bool) -> None:
        self._source = source
        self.mapping = mapping
        self.format = form
        self.encoding = encoding
        self.source = vcard_rows.SOURCE if form == "vcard" else mapping.source
        self.delimiter = ""
        self._zone = mappings.zone(zone)
        self._zone_declared = declared
        self._elements: list[Any] = []
        self._at_opening = Notices()
        self._seen: Notices = self._at_opening
        self._check()

    @property
    def total_bytes(self) -> int:
        return self._source.total_bytes

    @property
    def read_bytes(self) -> int:
        return self._source.read_bytes

    @property
    def warnings(self) -> list[Text]:
        """What was noticed so far, as sentences with counts."""
        return self._seen.texts

    def __iter__(self) -> Iterator[Row]:
        warnings = self._seen = self._at_opening.copy()
        if self.format == "vcard":
            return self._cards(warnings)
        builder = Builder(self.mapping, self.encoding, self._zone, self._zone_declared, warnings)
        return self._table(builder) if self.format == "csv" else self._objects(builder)

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- formats --------------------------------------------------------------------------------------------------

    def _open_table(self) -> CsvTable:
        return CsvTable(self._source, self.encoding, self.mapping.delimiter, self.mapping.skip_initial_space)

    def _table(self, builder: Builder) -> Iterator[Row]:
        table = self._open_table()
        plan = Plan(self.mapping, table.columns)
        for record in table:
            yield record if isinstance(record, Rejected) else _built(builder, record, plan)

    def _objects(self, builder: Builder) -> Iterator[Row]:
        plans: dict[tuple[str, ...], Plan] = {}
        for record in json_reader.records(self._elements):
            self._source.read_bytes = self.total_bytes * record.line // len(self._elements)
            if isinstance(record, Rejected):
                yield record
                continue
            keys = tuple(record.values)
            plan = plans.get(keys)
            if plan is None:
                if len(plans) >= 1000:
                    plans.clear()
                plan = plans[keys] = Plan(self.mapping, keys)
            yield _built(builder, record, plan)

    def _cards(self, warnings: Notices) -> Iterator[Row]:
        for card in vcard.cards(self._source, self.encoding):
            if isinstance(card, Rejected):
                yield card
                continue
            try:
                yield vcard_rows.contact(card, self.encoding, warnings)
            except Refusal as refusal:
                yield Rejected(card.line, refusal.reason, refusal.code)

    # -- what is said at opening ----------------------------------------------------------------------------------

    def _check(self) -> None:
        if self.encoding not in ("utf-8", "utf-8-sig", "ascii"):
            self._at_opening.count("encoding", self.encoding)
        if any(is_damaged(text, self.encoding) for text in text_chunks(self._source, self.encoding)):
            self._at_opening.count("damaged", self.encoding)
        if self.format == "csv":
            self._check_columns()
        elif self.format == "json":
            self._check_keys()
        elif next(vcard.cards(self._source, self.encoding), None) is None:
            raise ImportFailed(
                _("There is no vCard in the file “${file}”.", mapping={"file": shown(self._source.name)})
            )

    def _check_columns(self) -> None:
        table = self._open_table()
        self.delimiter = table.delimiter
        plan = Plan(self.mapping, table.columns)
        if plan.missing:
            raise ImportFailed(
                _("The file “${file}” has no column “${column}”, which the mapping “${mapping}” reads.",
                  mapping={"file": shown(self._source.name), "column": shown(plan.missing[0]),
                           "mapping": shown(self.mapping.name)})
            )
        if not plan.targets:
            raise ImportFailed(
                _("None of the columns of “${file}” is known. The first row must name them (such as name, phone, "
                  "email), or a mapping must say what they mean.", mapping={"file": shown(self._source.name)})
            )
        self._at_opening.columns("duplicate", table.duplicates)
        if self.mapping.kind == "contacts":
            self._at_opening.columns("noted", plan.unknown)

    def _check_keys(self) -> None:
        found: dict[str, None] = {}
        self._elements = json_reader.parse(self._source, self.encoding, self.mapping.items)
        for record in json_reader.records(self._elements):
            if isinstance(record, Record):
                found.update(dict.fromkeys(record.values))
        plan = Plan(self.mapping, found)
        if found and not self.mapping.known_names:
            for column in plan.missing:
                self._at_opening.count("absent", column)
        if self.mapping.kind == "contacts":
            self._at_opening.columns("noted", plan.unknown)


def _built(builder: Builder, record: Record, plan: Plan) -> Row:
    try:
        if plan.lacking:
            raise missing(plan.lacking)
        return builder.build(record, plan)
    except Refusal as refusal:
        return Rejected(record.line, refusal.reason, refusal.code)


def open_rows(
    origin: str | os.PathLike[str] | BinaryIO,
    kind: Kind,
    mapping: str | Path | None = None,
    *,
    time_zone: str = "",
    file_format: str = "",
) -> Rows:
    """The rows of the file (or binary stream) ``origin``, to be iterated.

    ``mapping``: the name of a built-in one or the path of a TOML file; None: columns are called like our fields, and
    cards and JSON are recognised. ``time_zone`` (IANA): for times without one, before what the mapping says.
    ``file_format`` (csv, json, vcard): where the name does not tell it and no mapping is given.
    Raises `ImportFailed` with a sentence that names the file, and never anything else for what is in a file.
    """
    source = Source(origin)
    try:
        table = mappings.load(mapping if mapping is not None else mappings.DEFAULTS[kind])
        if table.kind != kind:
            raise ImportFailed(
                _("The mapping “${name}” is for ${kind}.", mapping={"name": shown(table.name), "kind": table.kind})
            )
        form = file_format or (table.format if mapping is not None else _format(source, origin))
        if form == "vcard" and kind != "contacts":
            raise ImportFailed(_("Cards hold contacts, not requests."))
        encoding = choose_encoding(source, table.encodings)
        zone = time_zone or table.time_zone
        return Rows(source, table, form, encoding, zone or "UTC", bool(zone))
    except ImportFailed:
        source.close()
        raise


def _format(source: Source, origin: object) -> str:
    """By the name's ending, else by how the content begins."""
    if isinstance(origin, str | os.PathLike) and (form := _SUFFIXES.get(Path(origin).suffix.lower())):
        return form
    start = source.head(200).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start[:11].upper().replace(b" ", b"").startswith(b"BEGIN:VCARD"):
        return "vcard"
    return "json" if start[:1] in (b"[", b"{") else "csv"

"""Mappings: small declared tables that say what the columns of another system's file mean.

The built-in ones are TOML files beside this module, and an organisation's own (``--mapping PATH.toml``) are the same
thing; the format is described in docs/operator/import.md. A mistake in one is a single clear sentence that names
file and column.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_core.i18n import TextFactory
from crm_core.importing import convert
from crm_core.importing.fields import FIELDS, column_key, word_key
from crm_core.importing.reasons import shown
from crm_core.importing.rows import CHANNELS, MAX_TEXT, STATUS_CATEGORIES, ImportFailed
from crm_core.importing.source import ENCODINGS, encoding_name

_ = TextFactory("crm_core")

FORMATS = ("csv", "json", "vcard")
DEFAULTS = {"contacts": "contacts", "requests": "requests"}
"""The mapping taken for a kind where none is named: its columns are called like our fields."""
_MAX_FILE = 1_000_000  # bytes
_NEEDED = ("external_id", "opened")


@dataclass(frozen=True)
class Target:
    """What one column gives: ``field`` of `crm_core.importing.fields`, how it is read, and what to do if it cannot be.

    ``converters`` are tried in order (empty: the field's own). ``empty`` are placeholders of this column. ``label``
    goes before the value where several columns share a field of running text. ``keep_unreadable``: a value that no
    converter reads is kept as a note (requests: among the extra columns) instead of refusing the row.
    """

    field: str
    converters: tuple[str, ...] = ()
    empty: frozenset[str] = frozenset()
    label: str = ""
    optional: bool = False
    keep_unreadable: bool = False


@dataclass(frozen=True)
class Mapping:
    """The meaning of one kind of file. ``columns`` maps column names to what they give.

    ``known_names``: the table lists usual names of columns, of which a file has some; ``phone2`` is read as ``phone``.
    """

    name: str
    kind: str
    source: str
    format: str = "csv"
    description: str = ""
    encodings: tuple[str, ...] = ENCODINGS
    delimiter: str | None = None
    skip_initial_space: bool = False
    items: str = ""
    time_zone: str = ""
    columns: dict[str, tuple[Target, ...]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    empty: frozenset[str] = frozenset()
    constants: dict[str, str] = field(default_factory=dict)
    join: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    default_status: str = ""
    default_channel: str = ""
    known_names: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Every field that some column or constant gives."""
        return frozenset(target.field for targets in self.columns.values() for target in targets) | set(self.constants)


def names(kind: str | None = None) -> list[str]:
    """The names of the built-in mappings, of one kind (``contacts``, ``requests``) or all, sorted."""
    return [name for name in sorted(_built_in()) if kind is None or load(name).kind == kind]


def load(mapping: str | Path) -> Mapping:
    """The built-in mapping of that name, else the one in the file of that path. Raises `ImportFailed`."""
    built_in = _built_in()
    if isinstance(mapping, str) and mapping in built_in:
        return parse(built_in[mapping].read_bytes(), f"{mapping}.toml", default_name=mapping)
    path = Path(mapping)
    if path.suffix.lower() != ".toml":
        raise ImportFailed(
            _("There is no mapping “${name}”. There are ${names}; your own is a file ending in .toml.",
              mapping={"name": shown(mapping), "names": ", ".join(sorted(built_in))})
        )
    try:
        if path.stat().st_size > _MAX_FILE:
            raise ImportFailed(_("The mapping “${file}” is too large.", mapping={"file": shown(path.name)}))
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ImportFailed(
            _("The mapping “${file}” cannot be read: ${why}",
              mapping={"file": shown(path.name), "why": getattr(error, "strerror", None) or str(error)})
        ) from error
    return parse(data, path.name, default_name=path.stem)


def _built_in() -> dict[str, Traversable]:
    folder = resources.files(__package__) / "mappings"
    return {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir() if entry.name.endswith(".toml")}


def parse(data: bytes, file: str, default_name: str = "") -> Mapping:
    """The mapping written in ``data`` (TOML, UTF-8); ``file`` is what messages call it."""
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ImportFailed(
            _("The mapping “${file}” is not TOML: ${why}", mapping={"file": shown(file), "why": shown(error)})
        ) from error
    return _Reader(file, table).mapping(default_name)


class _Reader:
    """Turns one TOML table into a Mapping; knows the file's name for every complaint."""

    def __init__(self, file: str, table: dict[str, Any]) -> None:
        self.file = file
        self.table = table

    def mapping(self, default_name: str) -> Mapping:
        known = set(Mapping.__dataclass_fields__) - {"statuses", "channels"} | {"status", "channel"}
        if unknown := sorted(set(self.table) - known):
            raise ImportFailed(_("The mapping “${file}” has an entry “${entry}” that means nothing here.",
                                   mapping={"file": shown(self.file), "entry": shown(unknown[0])}))
        kind = self._one_of("kind", tuple(FIELDS), "requests")
        name = self._text("name", default_name)
        mapping = Mapping(
            name=name,
            kind=kind,
            source=self._text("source", name) or name,
            format=self._one_of("format", FORMATS, "csv"),
            description=self._text("description"),
            encodings=self._encodings(),
            delimiter=self._delimiter(),
            skip_initial_space=self._flag("skip_initial_space"),
            items=self._text("items"),
            time_zone=self._time_zone(),
            columns=self._columns(kind),
            required=self._texts("required"),
            ignore=self._texts("ignore"),
            empty=frozenset(word.strip().casefold() for word in self._texts("empty")),
            constants=self._text_table("constants", kind),
            join=self._text_table("join", kind),
            statuses=self._words("status", STATUS_CATEGORIES),
            channels=self._words("channel", CHANNELS),
            default_status=self._one_of("default_status", STATUS_CATEGORIES, ""),
            default_channel=self._one_of("default_channel", CHANNELS, ""),
            known_names=self._flag("known_names"),
        )
        self._check(mapping)
        return mapping

    def _check(self, mapping: Mapping) -> None:
        if not mapping.source:
            raise self._wrong("source")
        if mapping.format == "vcard":
            return
        if mapping.kind == "requests":
            for needed in _NEEDED:
                if needed not in mapping.fields:
                    raise ImportFailed(_("The mapping “${file}” has no column for “${field}”.",
                                           mapping={"file": shown(self.file), "field": needed}))
        keys = {column_key(column) for column in mapping.columns}
        for column in mapping.required:
            if column_key(column) not in keys:
                raise ImportFailed(
                    _("The mapping “${file}” requires the column “${column}”, but does not say what it means.",
                      mapping={"file": shown(self.file), "column": shown(column)})
                )

    # -- one entry each -------------------------------------------------------------------------------------------

    def _wrong(self, entry: str) -> ImportFailed:
        return ImportFailed(
            _("In the mapping “${file}” the value of “${entry}” is not usable: ${value}",
              mapping={"file": shown(self.file), "entry": shown(entry), "value": shown(self.table.get(entry, ""))})
        )

    def _wrong_column(self, column: str, value: object) -> ImportFailed:
        return ImportFailed(
            _("In the mapping “${file}” the column “${column}” has something that means nothing here: ${value}",
              mapping={"file": shown(self.file), "column": shown(column), "value": shown(value)})
        )

    def _text(self, entry: str, default: str = "") -> str:
        value = self.table.get(entry, default)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise self._wrong(entry)
        return value.strip()

    def _flag(self, entry: str) -> bool:
        value = self.table.get(entry, False)
        if not isinstance(value, bool):
            raise self._wrong(entry)
        return value

    def _texts(self, entry: str) -> tuple[str, ...]:
        value = self.table.get(entry, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(entry)
        return tuple(value)

    def _one_of(self, entry: str, allowed: tuple[str, ...], default: str) -> str:
        value = self._text(entry, default)
        if value not in allowed and value != default:
            raise self._wrong(entry)
        return value

    def _encodings(self) -> tuple[str, ...]:
        wanted = self._texts("encodings") or ENCODINGS
        found = tuple(name for name in (encoding_name(item) for item in wanted) if name)
        if len(found) != len(wanted):
            raise self._wrong("encodings")
        return found

    def _delimiter(self) -> str | None:
        value = self.table.get("delimiter")
        if value is None:
            return None
        if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
            raise self._wrong("delimiter")
        return value

    def _time_zone(self) -> str:
        name = self._text("time_zone")
        if name:
            zone(name)
        return name

    def _words(self, entry: str, allowed: tuple[str, ...]) -> dict[str, str]:
        table = self.table.get(entry, {})
        if not isinstance(table, dict) or not all(meaning in allowed for meaning in table.values()):
            raise self._wrong(entry)
        return {word_key(word): meaning for word, meaning in table.items()}

    def _text_table(self, entry: str, kind: str) -> dict[str, str]:
        table = self.table.get(entry, {})
        if not isinstance(table, dict) or not all(
            isinstance(value, str) and FIELDS[kind].get(name) == "text" for name, value in table.items()
        ):
            raise self._wrong(entry)
        return dict(table)

    def _columns(self, kind: str) -> dict[str, tuple[Target, ...]]:
        table = self.table.get("columns", {})
        if not isinstance(table, dict):
            raise self._wrong("columns")
        columns = {column: tuple(self._targets(column, value, kind)) for column, value in table.items()}
        if len({column_key(column) for column in columns}) != len(columns):
            keys = [column_key(column) for column in columns]
            twice = next(column for column in columns if keys.count(column_key(column)) > 1)
            raise self._wrong_column(twice, twice)
        return columns

    def _targets(self, column: str, value: object, kind: str) -> Iterator[Target]:
        options = dict(value) if isinstance(value, dict) else {"to": value}
        fields = options.pop("to", None)
        fields = [fields] if isinstance(fields, str) else fields
        if not isinstance(fields, list) or not fields:
            raise self._wrong_column(column, value)
        converters = options.pop("convert", [])
        converters = [converters] if isinstance(converters, str) else converters
        empty = options.pop("empty", [])
        label, optional = options.pop("label", ""), options.pop("optional", False)
        unreadable = options.pop("unreadable", "refuse")
        if options:
            raise self._wrong_column(column, next(iter(options)))
        if not isinstance(converters, list) or not isinstance(empty, list):
            raise self._wrong_column(column, value)
        if not isinstance(label, str) or not isinstance(optional, bool) or unreadable not in ("refuse", "keep"):
            raise self._wrong_column(column, value)
        for name in fields:
            field_kind = FIELDS[kind].get(name) if isinstance(name, str) else None
            if field_kind is None:
                raise self._wrong_column(column, name)
            for converter in converters:
                if not isinstance(converter, str) or not convert.check(converter, field_kind):
                    raise self._wrong_column(column, converter)
            yield Target(
                field=name,
                converters=tuple(converters),
                empty=frozenset(str(word).strip().casefold() for word in empty),
                label=label,
                optional=optional,
                keep_unreadable=unreadable == "keep",
            )


def zone(name: str) -> ZoneInfo:
    """The time zone called ``name`` (IANA, such as ``Asia/Tehran``). Raises `ImportFailed`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImportFailed(_("There is no time zone “${name}”.", mapping={"name": shown(name)})) from error


"""Records to rows: a mapping's columns read, checked and put together, one record at a time.

Whatever is wrong with a record becomes a `Refusal` that names the column; what can be kept otherwise is
kept and counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from datetime import tzinfo
from typing import Any

from crm_core.importing import convert, reasons
from crm_core.importing.checks import check_values, contact_row
from crm_core.importing.fields import (
    CHANNEL_WORDS,
    CONTACT_FIELDS,
    GENDERS,
    IDENTIFIERS,
    JOINED,
    KINDS,
    STATUSES,
    column_key,
    limit,
    word_key,
)  # fmt: skip
from crm_core.importing.mappings import Mapping, Target
from crm_core.importing.notices import Notices
from crm_core.importing.rows import (
    ADDRESS_TEXTS,
    MAX_IDENTIFIERS,
    MAX_NAME,
    MAX_SHORT,
    ContactRow,
    Record,
    Refusal,
    RequestRow,
    row_hash,
)  # fmt: skip


class Plan:
    """What each column of one file gives, by the mapping; ``unknown``: those that give nothing and are not ignored."""

    def __init__(self, mapping: Mapping, columns: Iterable[str]) -> None:
        by_key = {column_key(column): targets for column, targets in mapping.columns.items()}
        ignored = {column_key(column) for column in mapping.ignore}
        required = {column_key(column) for column in mapping.required}
        self.targets: dict[str, tuple[Target, ...]] = {}
        self.required: list[str] = []
        self.ignored: set[str] = set()
        self.unknown: list[str] = []
        for column in columns:
            key = column_key(column)
            if key not in by_key and mapping.known_names and key.rstrip("0123456789") in by_key:
                key = key.rstrip("0123456789")
            if key in by_key:
                self.targets[column] = by_key[key]
                if key in required:
                    self.required.append(column)
            elif key in ignored:
                self.ignored.add(column)
            else:
                self.unknown.append(column)
        present = {column_key(column) for column in self.targets}
        self.lacking = next((column for column in mapping.required if column_key(column) not in present), "")
        """a column that every record needs and none has"""
        self.missing = [
            column
            for column, targets in mapping.columns.items()
            if column_key(column) not in present
            and (column_key(column) in required or not (mapping.known_names or all(t.optional for t in targets)))
        ]
        if mapping.known_names:
            self._name_or_given()

    def _name_or_given(self) -> None:
        """A column called just "name" beside one for the family name holds the given name."""
        given = {target.field for targets in self.targets.values() for target in targets}
        if "family" in given and "given" not in given:
            for column, targets in self.targets.items():
                if column_key(column) in ("name", "نام"):
                    self.targets[column] = tuple(
                        Target("given", target.converters) if target.field == "name" else target for target in targets
                    )


class Builder:
    """Builds rows of one file. ``zone`` is for times that have none; ``warnings`` takes what is noticed on the way."""

    def __init__(self, mapping: Mapping, encoding: str, zone: tzinfo, zone_declared: bool, warnings: Notices) -> None:
        self.mapping = mapping
        self.encoding = encoding
        self.zone = zone
        self.zone_declared = zone_declared
        self.warnings = warnings

    def build(self, record: Record, plan: Plan) -> ContactRow | RequestRow:
        """The row of one record. Raises `Refusal`."""
        values = check_values(record.values, self.encoding)
        for column in plan.required:
            if not values.get(column):
                raise reasons.missing(column)
        draft = _Draft(self, record, values, plan)
        if self.mapping.kind == "contacts":
            return draft.contact("", row_hash(values.items()))
        return draft.request(row_hash(values.items()))


class _Draft:
    """One record on its way: the texts per field, then the values."""

    def __init__(self, builder: Builder, record: Record, values: dict[str, str], plan: Plan) -> None:
        self.mapping = builder.mapping
        self.builder = builder
        self.line = record.line
        self.values = values
        self.plan = plan
        empty = self.mapping.empty
        self.extra = {
            column: value
            for column in plan.unknown
            if (value := values.get(column, "")) and value.casefold() not in empty
        }
        self.found: dict[str, list[tuple[str, str, Target]]] = {}
        for column, targets in plan.targets.items():
            value = values.get(column, "")
            if not value:
                continue
            word = value.casefold()
            for target in targets:
                if word not in empty and word not in target.empty:
                    if column in record.nested:
                        raise reasons.not_a_value(column)
                    self.found.setdefault(target.field, []).append((column, value, target))

    # -- one field each -------------------------------------------------------------------------------------------

    def text(self, field: str) -> str:
        found = self.found.get(field)
        if found is None:  # as most are, in most files
            joined = self.mapping.constants.get(field, "")
            if len(joined) <= limit(field):
                return joined
        parts: list[str] = []
        for column, value, target in found or ():
            for converter in target.converters:
                value = convert.TEXTS[converter](value)
            if len(value) > limit(field):
                raise reasons.too_long(column, limit(field))
            value = f"{target.label}: {value}" if target.label else value
            if value not in parts:
                parts.append(value)
        between = self.mapping.join.get(field) or JOINED.get(field.removeprefix("contact."), " ")
        joined = between.join(parts) or self.mapping.constants.get(field, "")
        if len(joined) > limit(field):
            raise reasons.too_long(self.found[field][0][0], limit(field))
        return joined

    def word(self, field: str, *tables: MappingType[str, str]) -> tuple[str, str]:
        """The source's word of ``field`` and what the tables say it means; two empty texts where it has none."""
        for column, value, _target in self.found.get(field, ())[:1]:
            if len(value) > MAX_SHORT:
                raise reasons.too_long(column, MAX_SHORT)
            for table in tables:
                if word_key(value) in table:
                    return value, table[word_key(value)]
            return value, ""
        return "", ""

    def date(self, field: str) -> str | None:
        for column, value, target in self.found.get(field, ()):
            for converter in target.converters or ("date",):
                try:
                    return convert.iso_date(value, converter)
                except ValueError:
                    continue
            if not target.keep_unreadable:
                raise reasons.not_a_date(column, value)
            self.keep(column, value)
        return None

    def times(self, field: str) -> tuple[int, ...]:
        """Milliseconds UTC: nothing, one value, or two where a local time happened twice."""
        for column, value, target in self.found.get(field, ()):
            for converter in target.converters or ("time",):
                try:
                    moments, local = convert.instants(value, self.builder.zone, converter)
                except (ValueError, OverflowError):
                    continue
                if local and not self.builder.zone_declared:
                    self.builder.warnings.count("no_zone", str(self.builder.zone))
                return moments
            if not target.keep_unreadable:
                raise reasons.not_a_time(column, value)
            self.keep(column, value)
        return ()

    def keep(self, column: str, value: str) -> None:
        self.builder.warnings.count("kept", column)
        self.extra[column] = value

    # -- parts of a row -------------------------------------------------------------------------------------------

    def address(self, prefix: str) -> dict[str, Any] | None:
        address: dict[str, Any] = {name: self.text(f"{prefix}address.{name}") for name in ADDRESS_TEXTS}
        address["latitude"], address["longitude"] = self.position(prefix)
        written = any(f"{prefix}address.{name}" in self.found for name in ADDRESS_TEXTS)
        return address if written or address["latitude"] is not None else None

    def position(self, prefix: str) -> tuple[float | None, float | None]:
        """Degrees, or two None: where one is missing or wrong, or both are 0 (how many systems write "unknown")."""
        pair: list[float] = []
        shown: list[tuple[str, str]] = []
        for name, greatest in (("latitude", 90.0), ("longitude", 180.0)):
            for column, value, _target in self.found.get(f"{prefix}address.{name}", ())[:1]:
                shown.append((column, value))
                try:
                    pair.append(convert.degrees(value, greatest))
                except (ValueError, OverflowError):
                    continue
        if len(pair) == 2 and any(pair):
            return pair[0], pair[1]
        if shown and not (len(pair) == len(shown) and not any(pair)):
            self.builder.warnings.count("position")
            self.extra.update(shown)
        return None, None

    def identifiers(self, prefix: str) -> tuple[tuple[str, str], ...]:
        pairs: dict[tuple[str, str], None] = {}
        for scheme in IDENTIFIERS:
            for column, value, target in self.found.get(prefix + scheme, ()):
                whole = "text" in target.converters
                for part in [value] if whole else convert.split(value):
                    for converter in target.converters:
                        part = convert.TEXTS.get(converter, str)(part)
                    if len(part) > limit(scheme):
                        raise reasons.too_long(column, limit(scheme))
                    pairs[scheme, part] = None
        if len(pairs) > MAX_IDENTIFIERS:
            raise reasons.too_many(MAX_IDENTIFIERS)
        return tuple(pairs)

    def contact(self, prefix: str, raw_hash: str) -> ContactRow:
        texts = {name: self.text(prefix + name) for name in CONTACT_FIELDS if CONTACT_FIELDS[name] == "text"
                 and not name.startswith("address.")}  # fmt: skip
        identifiers = self.identifiers(prefix)
        word, kind = self.word(f"{prefix}kind", KINDS)
        if word and not kind:
            raise reasons.unknown_word(self.found[f"{prefix}kind"][0][0], word)
        birth_date = self.date(f"{prefix}birth_date")
        gender_word, gender = self.word(f"{prefix}gender", GENDERS)
        address = self.address(prefix)
        # A contact has no other place for what has no field; a request keeps it among its extra columns.
        notes = [texts["notes"], *([] if prefix else [f"{column}: {value}" for column, value in self.extra.items()])]
        if gender_word and not gender:
            notes.append(gender_word)
        return contact_row(
            line=self.line,
            texts=texts,
            kind=kind,
            birth_date=birth_date,
            gender=gender,
            identifiers=identifiers,
            addresses=(address,) if address else (),
            notes=notes,
            raw_hash=raw_hash,
            source=self.mapping.source,
        )

    def request(self, raw_hash: str) -> RequestRow:
        external_id = self.text("external_id")
        if not external_id:
            raise reasons.missing(self._column("external_id"))
        opened = self.times("opened")
        if not opened:
            raise reasons.missing(self._column("opened"))
        status, category = self.word("status", self.mapping.statuses, STATUSES)
        category = category or self.mapping.default_status or ("" if status else "open")
        if not category:
            raise reasons.unknown_word(self._column("status"), status)
        channel_word, channel = self.word("channel", self.mapping.channels, CHANNEL_WORDS)
        channel = channel or self.mapping.default_channel or ("" if channel_word else "note")
        if not channel:
            raise reasons.unknown_word(self._column("channel"), channel_word)
        closed = self.closing(opened[0], category)
        due = self.times("due")
        type_name = self.text("type_name")
        address = self.address("")
        row = RequestRow(
            line=self.line,
            external_id=external_id,
            source=self.mapping.source,
            type_name=type_name,
            category=self.text("category"),
            title=self.title() or self.shortened(type_name),
            text=self.text("text"),
            status=status,
            status_category=category,
            opened=opened[0],
            closed=closed,
            due=due[0] if due else None,
            channel=channel,
            unit_name=self.text("unit_name"),
            address=address,
            resolution=self.text("resolution"),
            contact=self.caller(),
            extra=self.extra,
            raw_hash=raw_hash,
        )
        if not (row.title or row.text):
            raise reasons.missing(self._column("title", "type_name", "text"))
        return row

    def title(self) -> str:
        """The title; one that is too long for a heading is cut, and its whole words are kept as an extra column."""
        values = list(dict.fromkeys(value for _column, value, _target in self.found.get("title", ())))
        if len(between := (self.mapping.join.get("title") or JOINED["title"]).join(values)) <= MAX_NAME:
            return self.text("title")
        self.extra[self._column("title")] = between
        return self.shortened(between)

    def shortened(self, title: str) -> str:
        return title if len(title) <= MAX_NAME else title[: MAX_NAME - 1].rstrip() + "…"

    def closing(self, opened: int, category: str) -> int | None:
        """When it was closed. A closing time of what is open, or before the opening, goes to the extra columns."""
        closed = self.times("closed")
        updated = self.times("updated")
        if category in ("done", "cancelled"):
            used = "closed" if closed else "updated"
            for moment in closed or updated:
                if moment >= opened:
                    if used == "closed":
                        self._to_extra("updated")
                    return moment
            if closed or updated:
                self.builder.warnings.count("closed_before_opened")
        self._to_extra("closed")
        self._to_extra("updated")
        return None

    def _to_extra(self, field: str) -> None:
        self.extra.update({column: value for column, value, _target in self.found.get(field, ())})

    def caller(self) -> ContactRow | None:
        """The contact named in a request, if any of its columns holds something."""
        own = {field: values for field, values in self.found.items() if field.startswith("contact.")}
        if not own:
            return None
        pairs = [(f"{field} {column}", value) for field, values in own.items() for column, value, _target in values]
        try:
            return self.contact("contact.", row_hash(pairs))
        except Refusal as refusal:
            if refusal.code != "nobody":
                raise
            # An address or a note alone names nobody; the request itself is good.
            for values in own.values():
                self.extra.update({column: value for column, value, _target in values})
            return None

    def _column(self, *fields: str) -> str:
        """What to call a field in a message: the column it comes from, where there is one."""
        for column, targets in self.mapping.columns.items():
            if any(target.field in fields for target in targets):
                return column
        return fields[0]

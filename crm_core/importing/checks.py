"""What every row has to pass whatever its format: usable characters and sizes, and a contact that is somebody.

Both the tables' builder and the cards' reader end here, so that the same contact is the same row from either.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from typing import Any

from crm_core.importing import reasons
from crm_core.importing.rows import MAX_COLUMNS, MAX_NAME, MAX_NOTES, MAX_TEXT, ContactRow
from crm_core.importing.source import is_damaged
from crm_core.text.folding import squash


def contact_row(
    *,
    line: int,
    texts: dict[str, str],
    kind: str,
    birth_date: str | None,
    gender: str,
    identifiers: tuple[tuple[str, str], ...],
    addresses: tuple[dict[str, Any], ...],
    notes: Iterable[str],
    raw_hash: str,
    source: str,
) -> ContactRow:
    """A contact from its parts: the kind decided, the name put together, and somebody must be left. Raises `Refusal`.

    ``texts`` are the text fields of `CONTACT_FIELDS`; ``kind`` may be empty.
    """
    person = f"{texts['given']} {texts['family']}".strip() or f"{texts['latin_given']} {texts['latin_family']}".strip()
    organisation = texts["organisation"]
    if not kind:
        legal = any(scheme == "legal_id" for scheme, _value in identifiers)
        nameless = not (texts["name"] or person)
        kind = "organisation" if legal or (nameless and organisation) else "person"
    name = texts["name"] or person or (organisation if kind == "organisation" else "")
    if not (squash(name) or any(squash(value) for _scheme, value in identifiers)):
        raise reasons.nobody()
    written = "\n".join(note for note in notes if note)
    if len(written) > MAX_NOTES:
        raise reasons.too_long("notes", MAX_NOTES)
    if len(name) > MAX_NAME:
        raise reasons.too_long("name", MAX_NAME)
    return ContactRow(
        line=line,
        external_id=texts["external_id"] or None,
        kind=kind,
        name=name,
        given=texts["given"],
        family=texts["family"],
        latin_given=texts["latin_given"],
        latin_family=texts["latin_family"],
        birth_date=birth_date,
        language=texts["language"],
        identifiers=identifiers,
        addresses=addresses,
        organisation="" if name == organisation and kind == "organisation" else organisation,
        notes=written,
        raw_hash=raw_hash,
        gender=gender,
        source=source,
    )


def check_values(values: MappingType[str, str], encoding: str) -> dict[str, str]:
    """Every value trimmed; refuses what no text can be: NUL, bytes that were no text, lone surrogates, sheer size."""
    if len(values) > MAX_COLUMNS:
        raise reasons.too_many(MAX_COLUMNS)
    checked: dict[str, str] = {}
    for column, value in values.items():
        for text in (value, column):
            if "\0" in text:
                raise reasons.nul(column)
            if not text.isascii() and is_damaged(text, encoding):
                raise reasons.damaged(column, encoding)
        if len(value) > MAX_TEXT:
            raise reasons.too_long(column, MAX_TEXT)
        checked[column] = value.strip()
    return checked

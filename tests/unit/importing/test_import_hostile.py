"""Whatever a file holds: rows or reasons come out, never another error; and what comes out is what went in."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.i18n import Translator
from crm_core.importing import ImportFailed, Rejected, open_rows
from crm_core.model import plain

ENGLISH = Translator(["crm_core"])
COLUMNS = {
    "external_id": lambda row: row.external_id or "",
    "name": lambda row: row.name,
    "given": lambda row: row.given,
    "family": lambda row: row.family,
    "phone": lambda row: "\n".join(value for _scheme, value in row.identifiers if value != "anchor"),
    "city": lambda row: row.addresses[0]["city"] if row.addresses else "",
    "address": lambda row: row.addresses[0]["line"] if row.addresses else "",
    "organisation": lambda row: row.organisation or row.name,
    "language": lambda row: row.language,
    "notes": lambda row: row.notes,
    "a column nobody knows": lambda row: row.notes.removeprefix("a column nobody knows: "),
}


def strings(shared_data: Path) -> list[str]:
    folder = shared_data / "7_hostile_input"
    found: list[str] = []
    for name in ("blns.json", "csv_injection_payloadbox.json", "xss_fuzzdb_rsnake.json"):
        found += json.loads((folder / name).read_text(encoding="utf-8"))
    found += [item["data"] for item in json.loads((folder / "html5sec_vectors.json").read_text(encoding="utf-8"))]
    return [*found, "\0", "a\0b", "\r", "\n", "a\rb", "\ufeff", "\u202e", "\u2028", "=1+1", "x" * 100_001, "\ud800"]


def csv_bytes(header: list[str], rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding, "surrogatepass")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_naughty_strings_survive_every_column(shared_data: Path, read: Any, column: str, encoding: str) -> None:
    values = strings(shared_data)
    anchor = "national_id"
    found = read(csv_bytes([anchor, column], [["anchor", value] for value in values], encoding))
    assert len(found.good) + len(found.refused) == len(values)
    # Records are in the order of the file, so each good row belongs to the next value that was not refused.
    rows = iter(sorted([*found.good, *found.refused], key=lambda row: row.line))
    for value, row in zip(values, rows, strict=True):
        if isinstance(row, Rejected):
            assert row.code in {"nul", "damaged", "too_long"}, (value, row.code)
            assert ENGLISH.translate(row.reason, "en").isprintable()
        else:
            expected = value.strip()
            if column == "phone":
                expected = "\n".join(dict.fromkeys(part for piece in _pieces(expected) if (part := piece.strip())))
            assert COLUMNS[column](row) == expected
            plain.check([row.name, row.notes, *map(list, row.identifiers), *row.addresses])


def _pieces(text: str) -> list[str]:
    for separator in "؛\r\n":
        text = text.replace(separator, ";")
    return text.split(";")


def test_naughty_strings_in_requests(shared_data: Path, read: Any) -> None:
    values = strings(shared_data)
    header = ["id", "date", "title", "text", "resolution", "unit", "city", "name", "strange"]
    data = [[str(number), "2024-01-02T00:00Z", *[value] * 7] for number, value in enumerate(values)]
    found = read(csv_bytes(header, data), "requests")
    assert len(found.good) + len(found.refused) == len(values)
    for row in found.good:
        expected = values[int(row.external_id)].strip()
        assert row.title == row.text == row.resolution == row.unit_name == expected
        assert row.extra.get("strange", "") == expected
        assert (row.contact.name if row.contact else row.extra.get("name", "")) == expected
    assert set(found.codes.values()) <= {"nul", "damaged", "too_long", "missing"}
    assert list(found.codes.values()).count("missing") == sum(not value.strip() for value in values)


def test_naughty_strings_as_header(shared_data: Path) -> None:
    values = strings(shared_data)
    for value in [*values[::20], *values[-12:]]:
        _exhaust(csv_bytes(["name", value], [["Ali", "x"]]), "contacts", None, "csv")


def test_naughty_strings_in_json_and_cards(shared_data: Path, read: Any) -> None:
    values = strings(shared_data)
    found = read(json.dumps([{"national_id": "anchor", "notes": value} for value in values]))
    assert len(found.good) + len(found.refused) == len(values)
    for row in found.good:
        expected = values[row.line - 1].strip()
        assert row.notes == expected
    escaped = [
        value.replace("\\", "\\\\").replace("\n", "\\n").replace(";", "\\;").replace(",", "\\,")
        for value in values if "\r" not in value and "\ud800" not in value
    ]  # fmt: skip
    kept = [value for value in values if "\r" not in value and "\ud800" not in value]
    text = "".join(
        f"BEGIN:VCARD\nVERSION:3.0\nFN:{number}\nNOTE:{value}\nEND:VCARD\n" for number, value in enumerate(escaped)
    )
    cards = read(text.encode("utf-8", "surrogatepass"), file_format="vcard")
    assert len(cards.good) + len(cards.refused) == len(kept)
    for row in cards.good:
        assert row.notes == kept[int(row.name)].strip()


# -- anything at all --------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [b"name", b"phone", b",", b";", b"\t", b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xd8\xa7", b" ",
     b"0912", b"BEGIN:VCARD\n", b"END:VCARD\n", b"FN:", b"N:", b"TEL;", b"=\n", b";ENCODING=QUOTED-PRINTABLE:",
     b";ENCODING=B:",
     b";CHARSET=", b"utf-7", b"VERSION:2.1\n", b"BDAY:", b"1980", b"-01", b"[", b"]", b"{", b"}", b":", b"null",
     b"1e999", b"NaN", b"\\", b"unique_key", b"sep=;\n", b"\xef\xbb\xbf", b"\xff\xfe", "نام".encode(),
     "تلفن".encode("cp1256"),
     b"birth_date", b"1400/12/30", b"GEO:", b"ADR:;;", b"AGENT:\n", b"X-ABLABEL:", b"item1."]
)  # fmt: skip
ANYTHING = st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=60).map(b"".join))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=ANYTHING,
    form=st.sampled_from(["", "csv", "json", "vcard"]),
    kind=st.sampled_from(["contacts", "requests"]),
)
def test_anything_gives_rows_or_one_error(data: bytes, form: str, kind: Any) -> None:
    _exhaust(data, kind, None, form)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(st.text(max_size=30), min_size=41, max_size=41))
def test_any_text_in_a_mapped_file(values: list[str]) -> None:
    names = list(_columns("nyc311"))
    _exhaust(csv_bytes(names, [values[: len(names)]]), "requests", "nyc311", "")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    element=st.dictionaries(
        st.sampled_from(
            ["service_request_id", "requested_datetime", "status", "lat", "long", "zipcode", "x", "updated_datetime"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
            | st.sampled_from(["2024-01-01", "open", "1403-01-01T00:00", "2024-02-30 25:61", "24-1-1"]),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
    )
)  # fmt: skip
def test_any_element_of_a_list(element: dict[str, Any]) -> None:
    _exhaust(json.dumps([element, element]).encode(), "requests", "georeport", "")


def _columns(mapping: str) -> list[str]:
    from crm_core.importing import load

    return list(load(mapping).columns)


def _exhaust(data: bytes, kind: Any, mapping: str | None, form: str) -> None:
    try:
        with open_rows(BytesIO(data), kind, mapping, file_format=form) as rows:
            first, second = list(rows), list(rows)
            texts = [ENGLISH.translate(text, "en") for text in rows.warnings]
            assert rows.read_bytes == rows.total_bytes == len(data)
    except ImportFailed as error:
        first, second, texts = [], [], [ENGLISH.translate(error.message, "en")]
        assert texts[0]
    assert first == second
    assert not any("${" in text for text in texts)
    for row in first:
        assert row.line >= 1
        if isinstance(row, Rejected):
            assert "${" not in ENGLISH.translate(row.reason, "en")
        else:
            assert len(row.raw_hash) == 64
            json.dumps(row.__dict__, default=vars, ensure_ascii=False).encode()

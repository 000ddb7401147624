"""JSON: one error for a broken file, one refusal for a bad element, and what other servers make of GeoReport v2."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from crm_core.importing import ImportFailed, open_rows
from crm_core.importing.json_reader import MAX_BYTES

GOOD = {
    "service_request_id": "7",
    "requested_datetime": "2024-01-02T03:04:05Z",
    "status": "open",
    "service_name": "Pothole",
}


def read_georeport(read: Any, data: object) -> Any:
    return read(data if isinstance(data, str | bytes) else json.dumps(data), "requests", "georeport")


def test_lists_and_objects_with_a_list(read: Any) -> None:
    named = {"service_requests": [GOOD]}
    for data in ([GOOD], named, {**named, "count": [1]}, {"requests": [GOOD]}, GOOD):
        assert read_georeport(read, data).only.external_id == "7"
    assert read_georeport(read, []).good == []


def test_bad_elements_are_refused_by_their_number(read: Any) -> None:
    elements = [
        GOOD, 5, None, "text", [], {},
        {**GOOD, "service_request_id": None}, {**GOOD, "service_request_id": " "}, {**GOOD, "status": "mystery"},
        {**GOOD, "requested_datetime": "soon"}, {**GOOD, "requested_datetime": "1700-01-01"},
        {**GOOD, "service_name": {"deep": 1}}, {**GOOD, "description": "a\0b"}, {**GOOD, "description": "\ud800"},
        {**GOOD, "media_url": "x" * 100_001}, {**GOOD, **{f"k{number}": number for number in range(1000)}},
        {**GOOD, "expected_datetime": "2024-13-01"}, {**GOOD, "lat": float("nan")}, GOOD,
    ]  # fmt: skip
    found = read_georeport(read, elements)
    assert [row.line for row in found.good] == [1, len(elements)]
    assert list(found.codes.values()) == [
        "not_an_object", "not_an_object", "not_an_object", "not_an_object", "missing", "missing", "missing",
        "unknown_word", "time", "time", "not_a_value", "nul", "damaged", "too_long", "too_many", "time", "number",
    ]  # fmt: skip
    assert list(found.codes) == list(range(2, len(elements)))


@pytest.mark.parametrize(
    "data", ["", "  ", "{", '[{"a": 1}', "[1,]", "nonsense", "5", '"text"', "null", "[" * 200_000, '{"a":' * 200_000]
)
def test_a_broken_file_is_one_error(data: str) -> None:
    with pytest.raises(ImportFailed):
        open_rows(BytesIO(data.encode()), "requests", "georeport")


def test_the_error_names_file_and_place(tmp_path: Any) -> None:
    path = tmp_path / "requests.json"
    path.write_text('[\n{"a": 1},\n{"b": }\n]', "utf-8")
    with pytest.raises(ImportFailed) as caught:
        open_rows(path, "requests", "georeport")
    text = caught.value.message.interpolate()
    assert "requests.json" in text
    assert caught.value.message.mapping["why"].mapping["line"] == 3


def test_a_file_too_large_for_memory() -> None:
    class Large(BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return MAX_BYTES + 1 if whence == 2 else super().seek(offset, whence)

    with pytest.raises(ImportFailed, match="larger than"):
        open_rows(Large(b"[]"), "requests", "georeport")


def test_numbers_keep_their_digits(read: Any) -> None:
    huge = "9" * 5_000
    text = json.dumps([{**GOOD, "zipcode": 94109, "a": 1.50, "d": True}])[:-2]
    row = read_georeport(read, text + f', "b": {huge}, "c": 1e999, "e": 1.50}}]').only
    assert row.address["postal_code"] == "94109"
    assert row.extra == {"a": "1.5", "b": huge, "c": "1e999", "d": "true", "e": "1.50"}


def test_what_is_not_in_the_standard_is_kept(read: Any) -> None:
    more = {"extended_attributes": {"photos": 2, "tags": ["x"]}, "votes": [], "x": {}}
    row = read_georeport(read, [{**GOOD, **more}]).only
    assert row.extra == {"extended_attributes": '{"photos": "2", "tags": ["x"]}'}


def test_times_of_other_servers(read: Any) -> None:
    for text, expected in {
        "2012-05-23T15:55:28-04:00": 1337802928000, "2012-05-23T15:55:28-0400": 1337802928000,
        "2012-05-23T19:55:28Z": 1337802928000, "2012-05-23T19:55:28.250Z": 1337802928250,
        "2012-05-23 19:55:28": 1337802928000, "2012-05-23T19:55": 1337802900000, "2012-05-23": 1337731200000,
        "20120523T195528Z": 1337802928000, "2012-05-23T23:25:28+03:30": 1337802928000,
    }.items():  # fmt: skip
        assert read_georeport(read, [{**GOOD, "requested_datetime": text}]).only.opened == expected, text


def test_contacts_as_json(read: Any) -> None:
    found = read(json.dumps([{"name": "علی", "phone": 912, "hobby": "chess"}, {"نام": "مریم"}, {"phone": None}]))
    assert [row.name for row in found.good] == ["علی", "مریم"]
    assert found.good[0].identifiers == (("phone", "912"),)
    assert found.good[0].notes == "hobby: chess"
    assert found.codes == {3: "nobody"}
    assert found.warnings == ["Columns that have no field of their own are kept in the notes: hobby"]


def test_keys_that_are_nowhere_are_named(read: Any) -> None:
    found = read_georeport(read, [GOOD])
    assert "The column “updated_datetime” of the mapping is nowhere in the file." in found.warnings

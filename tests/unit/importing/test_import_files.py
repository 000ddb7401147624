"""Every given file read to its end; the expected numbers come from other readers (csv, json, counting of lines)."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest


def ms(text: str) -> int:
    """A moment with its zone (ISO) as milliseconds UTC."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    return round(moment.astimezone(UTC).timestamp() * 1000)


def table(path: Path, **options: Any) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, **options))


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def test_new_york(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "nyc_311_2024_04_1000.csv"
    expected = table(path)
    found = read(path, "requests", "nyc311")
    assert not found.refused
    assert not found.warnings
    assert len(found.good) == len(expected) == 1000
    assert [row.external_id for row in found.good] == [row["unique_key"] for row in expected]
    categories = {"Open": "open", "In Progress": "open", "Assigned": "open", "Closed": "done"}
    assert Counter(row.status_category for row in found.good) == Counter(categories[row["status"]] for row in expected)
    channels = {"ONLINE": "website", "MOBILE": "website", "PHONE": "phone", "UNKNOWN": "note"}
    assert [row.channel for row in found.good] == [channels[row["open_data_channel_type"]] for row in expected]
    assert sum(row.closed is not None for row in found.good) == sum(bool(row["closed_date"]) for row in expected) == 292
    assert sum(row.due is not None for row in found.good) == sum(bool(row["due_date"]) for row in expected) == 16
    assert [row.resolution for row in found.good] == [
        "" if row["resolution_description"] == "N/A" else row["resolution_description"].strip() for row in expected
    ]
    located = sum(bool(row["latitude"] and row["longitude"]) for row in expected)
    assert sum(row.address is not None and row.address["latitude"] is not None for row in found.good) == located == 977

    first = found.good[0]
    assert (first.line, first.source, first.type_name) == (2, "nyc311", "Street Condition")
    assert (first.title, first.unit_name) == ("Street Condition: Pothole", "Department of Transportation")
    assert first.opened == ms("2024-04-16T03:03:15-04:00")
    assert (first.closed, first.due) == (None, None)
    assert first.address == {
        "province": "", "city": "QUEENS", "district": "QUEENS", "line": "", "postal_code": "11413",
        "latitude": 40.67679280229251, "longitude": -73.7379342313789,
    }  # fmt: skip
    assert first.extra["agency"] == "DOT"
    assert first.extra["intersection_street_1"] == "133 AVENUE"
    assert "N/A" not in first.extra.values()
    assert "Unspecified" not in first.extra.values()


def test_new_york_lines_are_physical(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "nyc_311_2024_04_1000.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    for row in read(path, "requests", "nyc311").good:
        assert lines[row.line - 1].startswith(f'"{row.external_id}",')


def test_new_york_keeps_every_value(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "nyc_311_2024_04_1000.csv"
    words = {"N/A", "UNKNOWN", "Unspecified", ""}
    for source, row in zip(table(path), read(path, "requests", "nyc311").good, strict=True):
        kept = json.dumps([*row.extra.values(), *(row.address or {}).values(), row.title, row.text, row.resolution,
                           row.unit_name, row.external_id, row.status])  # fmt: skip
        times = {"created_date", "closed_date", "due_date", "latitude", "longitude", "open_data_channel_type"}
        for column, value in source.items():
            if column not in times and value.strip() not in words:
                wanted = " ".join(value.split()) if column == "incident_address" else value.strip()
                assert json.dumps(wanted)[1:-1] in kept, (column, value)


def test_boston(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "boston_311_2022_100.csv"
    expected = table(path)
    found = read(path, "requests", "boston311")
    assert not found.refused
    assert len(found.good) == len(expected) == 100
    assert Counter(row.status_category for row in found.good) == {"done": 85, "open": 15}
    assert [row.external_id for row in found.good] == [row["case_enquiry_id"] for row in expected]
    assert sum(row.due is not None for row in found.good) == sum(bool(row["target_dt"]) for row in expected) == 89
    first, second = found.good[:2]
    assert first.opened == ms("2022-01-21T13:47:00-05:00")  # winter: five hours behind UTC
    assert first.due == ms("2022-02-04T13:47:30-05:00")
    assert first.resolution == ""  # a blank stands for nothing
    assert (first.channel, first.category) == ("phone", "Employee & General Comments")
    assert second.closed == ms("2022-01-19T11:42:16-05:00")
    assert second.address["line"] == "42 Cross St Boston MA 02113"
    assert (second.address["city"], second.address["postal_code"]) == ("Boston", "02113")
    # The file says itself which were late: an oracle for how closing and due times were read.
    for row, source in zip(found.good, expected, strict=True):
        if row.closed and row.due:
            assert (row.closed > row.due) == (source["ontime"] == "OVERDUE"), row.external_id


def test_san_francisco(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "sanfrancisco_2011_requests_250.json"
    expected = json.loads(path.read_text(encoding="utf-8"))
    found = read(path, "requests", "georeport")
    assert not found.refused
    assert len(found.good) == len(expected) == 250
    assert Counter((row.status, row.status_category) for row in found.good) == {
        ("Closed", "done"): 190, ("Open", "open"): 60,
    }  # fmt: skip
    before = [item for item in expected if (item["updated_datetime"] or "9") < item["requested_datetime"]]
    assert len(before) == 20  # this server wrote a 12-hour clock without its half
    assert sum(row.closed is not None for row in found.good) == 190 - 20
    assert sum("updated_datetime" in row.extra for row in found.good) == 20
    assert any("closed before they were opened" in text and text.endswith("20") for text in found.warnings)
    assert any("UTC" in text for text in found.warnings)
    first = found.good[0]
    assert (first.line, first.external_id, first.title) == (1, "909119", "Landscaping")
    assert first.opened == ms("2011-06-27T03:43:00+00:00")
    assert first.closed == ms("2011-07-01T04:06:00+00:00")
    assert first.address["postal_code"] == "94109"
    assert first.address["latitude"] == 37.787064
    assert sum(item["lat"] == 0 for item in expected) == 12
    assert sum(row.address["latitude"] is None for row in found.good) == 12
    assert not any(row.address["postal_code"] == "0" for row in found.good)


def test_san_francisco_in_its_own_time(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "sanfrancisco_2011_requests_250.json"
    found = read(path, "requests", "georeport", time_zone="America/Los_Angeles")
    assert found.good[0].opened == ms("2011-06-27T03:43:00-07:00")
    assert not any("zone" in text for text in found.warnings)


def test_bloomington(shared_data: Path, read: Any) -> None:
    path = shared_data / "1_service_requests" / "bloomington_2012" / "bloomington_requests.json"
    expected = json.loads(path.read_text(encoding="utf-8"))
    found = read(path, "requests", "georeport")
    assert not found.refused
    assert len(found.good) == len(expected) == 21
    assert [row.text for row in found.good] == [(item["description"] or "").strip() for item in expected]
    first = found.good[0]
    assert first.opened == ms("2012-05-23T15:55:28-04:00")
    assert first.unit_name == "Street Department"
    assert first.closed is None
    assert first.extra == {"updated_datetime": "2012-05-23T15:55:30-04:00"}  # open: not a closing time
    closed = [row for row in found.good if row.status_category == "done"]
    assert len(closed) == 3
    assert closed[0].closed == ms("2012-05-23T12:47:59-04:00")
    assert sum(bool(row.address and row.address["latitude"]) for row in found.good) == sum(
        bool(item["lat"]) for item in expected
    )


def test_febrl(shared_data: Path, read: Any) -> None:
    path = shared_data / "4_names_duplicates" / "febrl1.csv"
    expected = [{name.strip(): value.strip() for name, value in row.items()} for row in table(path)]
    found = read(path, "contacts", "febrl")
    assert not found.refused
    assert len(found.good) == len(expected) == 1000
    for row, source in zip(found.good, expected, strict=True):
        assert (row.external_id, row.given, row.family) == (source["rec_id"], source["given_name"], source["surname"])
        assert row.identifiers == (("external", source["soc_sec_id"]),)
    with_date = [row for row in expected if row["date_of_birth"]]
    impossible = {"19371233", "19729518", "19339026"}
    assert sum(row.birth_date is not None for row in found.good) == len(with_date) - 3 == 956
    assert {row.notes for row in found.good} == {"", *(f"date_of_birth: {text}" for text in impossible)}
    second = found.good[1]
    assert (second.name, second.birth_date, second.source) == ("lachlan berry", "1999-02-19", "febrl")
    assert second.addresses[0]["line"] == "69 giblin street"
    assert second.addresses[0]["province"] == "qld"


def test_splink(shared_data: Path, read: Any) -> None:
    path = shared_data / "4_names_duplicates" / "fake_1000.csv"
    expected = table(path)
    nobody = {
        number
        for number, row in enumerate(expected, start=2)
        if not (row["first_name"] or row["surname"] or row["email"])
    }
    found = read(path, "contacts", "splink_fake1000")
    assert len(found.good) + len(found.refused) == len(expected) == 1000
    assert set(found.codes) == nobody
    assert len(nobody) == 7
    assert set(found.codes.values()) == {"nobody"}
    assert found.good[0].identifiers == (("email", "robert255@smith.net"),)
    assert found.good[0].notes == ""  # the column with the answer is ignored


def test_splink_without_a_mapping(shared_data: Path, read: Any) -> None:
    path = shared_data / "4_names_duplicates" / "fake_1000.csv"
    named, plain = read(path, "contacts", "splink_fake1000"), read(path)
    assert len(plain.good) == len(named.good)
    for one, other in zip(named.good, plain.good, strict=True):
        assert (one.given, one.family, one.birth_date) == (other.given, other.family, other.birth_date)
        assert (one.external_id, one.raw_hash) == (other.external_id, other.raw_hash)
    assert plain.warnings == ["Columns that have no field of their own are kept in the notes: cluster"]
    assert plain.good[0].notes == "cluster: 0"


def test_historical(shared_data: Path, read: Any) -> None:
    path = shared_data / "4_names_duplicates" / "historical_150clusters.csv"
    expected = table(path)
    found = read(path, "contacts", "historical")
    named = [row for row in expected if row["full_name"] or row["first_name"] or row["surname"]]
    assert len(expected) == 1573
    assert len(found.good) == len(named) == 1569
    assert set(found.codes.values()) == {"nobody"}
    assert [row.external_id for row in found.good] == [row["unique_id"] for row in named]
    assert sum(bool(row["dob"]) and not is_date(row["dob"]) for row in named) == 73
    # Nobody born before 1850 can be a citizen today; such a date is kept as a note, like an impossible one.
    usable = [row for row in named if is_date(row["dob"]) and row["dob"] >= "1850"]
    assert sum(row.birth_date is not None for row in found.good) == len(usable)
    noted = [row for row in named if row["dob"] and row not in usable]
    assert sum("dob: " in row.notes for row in found.good) == len(noted)
    assert Counter(row.gender for row in found.good if row.gender) == Counter(
        row["gender"] for row in named if row["gender"]
    )
    assert found.good[0].notes == "birth place: shropshire\noccupation: geologist"


@pytest.mark.parametrize("name", ["nyc_311_2024_04_1000.csv", "boston_311_2022_100.csv"])
def test_hashes_are_stable_and_tell_rows_apart(shared_data: Path, read: Any, name: str) -> None:
    path = shared_data / "1_service_requests" / name
    mapping = "nyc311" if name.startswith("nyc") else "boston311"
    rows = read(path, "requests", mapping).good
    assert len({row.raw_hash for row in rows}) == len(rows)
    again = read(path.read_bytes(), "requests", mapping).good
    assert [row.raw_hash for row in again] == [row.raw_hash for row in rows]


def test_the_hash_of_a_row_is_fixed(read: Any) -> None:
    # The value itself: a change of how hashes are made would make every contact without an id a new one.
    row = read("name,phone\nعلی,0912\n").only
    canonical = b'[["name","\\u0639\\u0644\\u06cc"],["phone","0912"]]'
    assert row.raw_hash == hashlib.sha256(canonical).hexdigest()
    assert row.raw_hash == "9bd5ebe8c37bbb23bd14c918cb4c294b952d2fdc22dade95bb8ed53d2b4d858a"
    assert read("phone,city,name\n0912,,علی\n").only.raw_hash == row.raw_hash  # order and empty columns say nothing
    assert read("name,phone\nعلی,0913\n").only.raw_hash != row.raw_hash

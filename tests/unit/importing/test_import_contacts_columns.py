"""Contacts without a mapping: the first row names our fields, in English or Persian."""

from __future__ import annotations

from typing import Any

import pytest


def test_english_header(read: Any) -> None:
    row = read(
        "external_id,name,Phone,phone 2,E-Mail,National_ID,City,birth date,Address,Postal Code,notes\n"
        "77,Sara Karimi,09121234567;021-8812,+98 21 1,sara@example.org,0499370899,Shiraz,1980-03-22,Zand St.,"
        "7134567890,x\n"
    ).only
    assert (row.external_id, row.name, row.kind, row.birth_date) == ("77", "Sara Karimi", "person", "1980-03-22")
    assert row.identifiers == (
        ("phone", "09121234567"), ("phone", "021-8812"), ("phone", "+98 21 1"), ("email", "sara@example.org"),
        ("national_id", "0499370899"),
    )  # fmt: skip
    assert row.addresses == (
        {"province": "", "city": "Shiraz", "district": "", "line": "Zand St.", "postal_code": "7134567890",
         "latitude": None, "longitude": None},
    )  # fmt: skip
    assert (row.notes, row.source) == ("x", "contacts")


def test_persian_header_in_any_spelling(read: Any) -> None:
    row = read(
        "نام,نام‌ خانوادگي,كد ملی,تلفن‌همراه,تلفن ۲,تاریخ  تولد,جنسیت,استان,شهر,کدپستی,توضیحات\n"
        "زهرا,محمدی,۰۴۹۹۳۷۰۸۹۹,۰۹۱۲۱۲۳۴۵۶۷؛۰۹۳۵۱۲۳۴۵۶۷,۰۲۱۸۸,۱۳۵۹/۱/۲,زن,فارس,شیراز,۷۱۳۴۵۶۷۸۹۰,مشترک\n"
    ).only
    assert (row.name, row.given, row.family) == ("زهرا محمدی", "زهرا", "محمدی")
    assert row.identifiers == (
        ("phone", "۰۹۱۲۱۲۳۴۵۶۷"), ("phone", "۰۹۳۵۱۲۳۴۵۶۷"), ("phone", "۰۲۱۸۸"), ("national_id", "۰۴۹۹۳۷۰۸۹۹"),
    )  # fmt: skip
    assert (row.birth_date, row.gender) == ("1980-03-22", "female")
    assert row.addresses[0]["province"] == "فارس"
    assert row.notes == "مشترک"


def test_name_alone_is_the_whole_name(read: Any) -> None:
    row = read("نام,تلفن\nزهرا محمدی,1\n").only
    assert (row.name, row.given, row.family) == ("زهرا محمدی", "", "")
    row = read("name,given,family,phone\nDr Zahra,Zahra,Mohammadi,1\n").only
    assert (row.name, row.given, row.family) == ("Dr Zahra", "Zahra", "Mohammadi")


def test_organisations(read: Any) -> None:
    rows = read(
        "name,kind,organisation,legal_id,phone\nآب‌نیرو,حقوقی,,,1\n,,شرکت نور,,2\n"
        "پویا,,,10100000000,3\nعلی,شخص,شرکت نور,,4\n"
    ).good
    assert [row.kind for row in rows] == ["organisation", "organisation", "organisation", "person"]
    assert [row.name for row in rows] == ["آب‌نیرو", "شرکت نور", "پویا", "علی"]
    assert [row.organisation for row in rows] == ["", "", "", "شرکت نور"]
    assert read("name,kind\nx,robot\n").codes == {2: "unknown_word"}


def test_unknown_columns_are_kept_as_notes_and_named(read: Any) -> None:
    found = read("name,نام پدر,Favourite tea\nعلی,حسن,green\nمریم,,\n")
    assert found.good[0].notes == "نام پدر: حسن\nFavourite tea: green"
    assert found.good[1].notes == ""
    assert found.warnings == ["Columns that have no field of their own are kept in the notes: نام پدر, Favourite tea"]


def test_a_row_must_be_somebody(read: Any) -> None:
    found = read("name,phone,city,external_id\n , ,Shiraz,5\n\u200c\u00a0,,x,\n,021,,\n,,Qom,\n")
    assert found.codes == {2: "nobody", 3: "nobody", 5: "nobody"}
    assert found.good[-1].identifiers == (("phone", "021"),)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1980-03-22", "1980-03-22"), ("1980/3/22", "1980-03-22"), ("19800322", "1980-03-22"),
        ("1359/01/02", "1980-03-22"), ("۱۳۵۹-۱-۲", "1980-03-22"), ("١٣٥٩.١.٢", "1980-03-22"),
        ("1399/12/30", "2021-03-20"), ("1980-03-22 00:00:00", "1980-03-22"), ("1980-03-22T00:00:00Z", "1980-03-22"),
        ("", None),
    ],
)  # fmt: skip
def test_birth_dates(read: Any, text: str, expected: str | None) -> None:
    assert read(f"name,birth_date\nx,{text}\n").only.birth_date == expected


@pytest.mark.parametrize(
    "text",
    ["1980-02-30", "1400/12/30", "22/03/1980", "03/22/1980", "1980", "80-3-22", "yesterday", "0000-00-00", "1980-3/22",
     "0980-01-01", "1849-12-31", "1228/01/01", "99999-01-01", "1980-03-22 14:00", "198032"],
)  # fmt: skip
def test_impossible_birth_dates_refuse_the_row(read: Any, text: str) -> None:
    found = read(f"name,birth_date\nx,{text}\ny,\n")
    assert found.codes == {2: "date"}
    assert f"“{text}” in “birth_date” is no date" in found.reasons[0]


def test_positions(read: Any) -> None:
    found = read("name,lat,lon\na,35.7,51.4\nb,0,0\nc,95,51\nd,35.7,\ne,\"۳۵٫۷\",51.4\nf,NaN,inf\n")
    places = [row.addresses[0] if row.addresses else None for row in found.good]
    assert [place and (place["latitude"], place["longitude"]) for place in places] == [
        (35.7, 51.4), None, None, None, (35.7, 51.4), None,
    ]  # fmt: skip
    assert [row.notes for row in found.good] == ["", "", "lat: 95\nlon: 51", "lat: 35.7", "", "lat: NaN\nlon: inf"]
    assert found.warnings == ["Positions that are nowhere on the map, kept as text only: 3"]


@pytest.mark.parametrize(
    "column, size", [("name", 201), ("language", 11), ("phone", 201), ("city", 501), ("external_id", 201)]
)
def test_oversize_fields(read: Any, column: str, size: int) -> None:
    header = "name,phone,city,external_id,language"
    row = ["n", "1", "c", "5", "fa"]
    row[header.split(",").index(column)] = "x" * size
    found = read(f"{header}\n{','.join(row)}\nn,1,c,5,fa\n")
    assert found.codes == {2: "too_long"}
    assert f"“{column}” is longer than {size - 1}" in found.reasons[0]


def test_too_many_identifiers(read: Any) -> None:
    assert read(f"name,phone\nx,{';'.join(map(str, range(51)))}\n").codes == {2: "too_many"}

"""Mappings: the built-in ones, an organisation's own, and one clear sentence for every mistake in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_core.fields import LONG, SHORT
from crm_core.importing import ImportFailed, load, mappings, names, open_rows
from crm_core.importing.fields import limit as field_limit
from crm_core.importing.rows import CHANNELS, MAX_IDENTIFIERS, STATUS_CATEGORIES
from crm_core.model.contact import ADDRESS_FIELDS, ContactKind
from crm_core.model.interaction import Channel
from crm_core.model.request import Category
from crm_core.services.contacts import LENGTHS, MOST_IDENTIFIERS
from crm_core.text.identifiers import SCHEMES

OWN = """
kind = "requests"
source = "helpdesk"
delimiter = ";"
time_zone = "Asia/Tehran"
required = ["Nr", "Created"]
empty = ["?", "n/a"]
ignore = ["Internal"]
default_channel = "letter"

[columns]
Nr = "external_id"
Created = { to = "opened", convert = ["time:%d.%m.%Y %H:%M", "time"] }
Done = { to = "closed", convert = "time:%d.%m.%Y %H:%M", unreadable = "keep" }
State = "status"
Kind = ["type_name", "title"]
"What happened" = "text"
"Where exactly" = { to = "address.line", convert = ["spaces", "title"] }
Via = { to = "channel", optional = true }
Caller = "contact.name"
Mobile = { to = "contact.phone", empty = ["0"] }
Answer = { to = "resolution", label = "Answer" }
Note = { to = "resolution", label = "Note" }

[constants]
"address.city" = "Yazd"

[status]
neu = "new"
fertig = "done"

[channel]
Tel = "phone"
"""

HEAD = "Nr;Created;Done;State;Kind;What happened;Where exactly;Via;Caller;Mobile;Answer;Note;Internal;Priority\n"


def test_our_words_are_the_models_words() -> None:
    assert set(CHANNELS) == {channel.value for channel in Channel}
    assert set(STATUS_CATEGORIES) == {category.value for category in Category}
    assert {kind.value for kind in ContactKind} == {"person", "organisation"}
    assert set(mappings.FIELDS["contacts"]) >= {f"address.{name}" for name in ADDRESS_FIELDS}
    from crm_core.importing.fields import IDENTIFIERS

    assert set(IDENTIFIERS) == set(SCHEMES) - {"postal_code"}


def test_our_limits_are_the_services_limits() -> None:
    for name, most in LENGTHS.items():
        assert name == "gender" or field_limit(name) == most, name
    assert (field_limit("title"), field_limit("text")) == (SHORT, LONG)
    assert MAX_IDENTIFIERS == MOST_IDENTIFIERS


def test_a_long_title_is_cut_and_kept(read: Any) -> None:
    title = "word " * 60
    row = read(f"id,date,title\n1,2024-01-02T00:00Z,{title}\n", "requests").only
    assert len(row.title) <= SHORT
    assert row.title.endswith("word…")
    assert row.extra == {"title": title.strip()}


def test_built_in_mappings_can_be_loaded_and_say_what_they_are() -> None:
    assert names("requests") == ["boston311", "georeport", "nyc311", "requests"]
    assert names("contacts") == ["contacts", "febrl", "historical", "splink_fake1000"]
    for name in names():
        assert load(name).description
        assert load(name).name == name


def test_an_own_mapping(read: Any, own_mapping: Any) -> None:
    found = read(
        HEAD
        + "1;02.01.2024 10:30;03.01.2024 11:00;fertig;Water;Leak;ZAND   st.;Tel;Ali;0912;Fixed;Thanks;secret;high\n"
        "2;2024-01-02 10:30;later;fertig;Water;;?;Post;N/A;0;;;;\n"
        "3;؟;;neu;Water;;;;;;;;;\n"
        ";02.01.2024 10:30;;neu;Water;;;;;;;;;\n",
        "requests",
        own_mapping(OWN),
    )
    first, second = found.good
    assert (first.external_id, first.source, first.title) == ("1", "helpdesk", "Water")
    assert first.opened == 1704178800000  # 07:00 UTC
    assert first.closed == 1704178800000 + 24 * 3600_000 + 30 * 60_000
    assert (first.status, first.status_category, first.channel) == ("fertig", "done", "phone")
    assert (first.address["line"], first.address["city"]) == ("Zand St.", "Yazd")
    assert first.resolution == "Answer: Fixed\n\nNote: Thanks"
    assert (first.contact.name, first.contact.identifiers) == ("Ali", (("phone", "0912"),))
    assert first.contact.source == "helpdesk"
    assert first.extra == {"Priority": "high"}
    assert (second.opened, second.closed, second.contact) == (first.opened, None, None)
    assert second.extra == {"Done": "later"}
    assert second.channel == "letter"
    assert second.address is None
    assert found.codes == {4: "time", 5: "missing"}
    assert found.warnings == ["Values of “Done” that cannot be read, kept as text only: 1"]


def test_contact_columns_that_name_nobody_stay_with_the_request(read: Any, own_mapping: Any) -> None:
    mapping = own_mapping(
        'source = "x"\n[columns]\nid = "external_id"\nat = "opened"\ntitle = "title"\nwho = "contact.name"\n'
        'town = "contact.address.city"\n'
    )
    row = read("id,at,title,who,town\n1,2024-01-02,Leak,,Yazd\n", "requests", mapping).only
    assert row.contact is None
    assert row.extra == {"town": "Yazd"}


@pytest.mark.parametrize(
    "toml, words",
    [
        ("kind = ", ["ours.toml", "not TOML"]),
        ('kind = "people"', ["kind", "people"]),
        ('source = "x"\ncolums = 1', ["colums"]),
        ('[columns]\nNr = "external_id"', ["opened"]),
        ('[columns]\nNr = "external_id"\nAt = "opend"', ["“At”", "opend"]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", convert = "tme" }', ["“At”", "tme"]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", convert = "date" }', ["“At”", "date"]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", convert = "time:hello" }', ["“At”", "hello"]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", convert = "time:%d.%m." }', ["“At”", "%d.%m."]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", convert = "time:%Y%Y" }', ["“At”", "%Y%Y"]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", conver = "time" }', ["“At”", "conver"]),
        ('[columns]\nNr = "external_id"\nAt = { convert = "time" }', ["“At”"]),
        ('[columns]\nNr = "external_id"\nAt = 5', ["“At”"]),
        ('[columns]\nNr = "external_id"\nAt = { to = "opened", unreadable = "drop" }', ["“At”"]),
        ('required = ["Ort"]\n[columns]\nNr = "external_id"\nAt = "opened"', ["“Ort”"]),
        ('[columns]\n"Nr." = "external_id"\nNr = "opened"', ["“Nr.”"]),
        ('time_zone = "Mars/Base"\n[columns]', ["Mars/Base"]),
        ('time_zone = "../../etc/passwd"\n[columns]', ["passwd"]),
        ('encodings = ["klingon"]', ["encodings"]),
        ('encodings = ["idna"]', ["encodings"]),
        ('delimiter = "::"', ["delimiter"]),
        ('format = "xlsx"', ["format", "xlsx"]),
        ('default_channel = "pigeon"', ["default_channel", "pigeon"]),
        ('[columns]\nNr = "external_id"\nAt = "opened"\n[status]\nx = "maybe"', ["status"]),
        ('[columns]\nNr = "external_id"\nAt = "opened"\n[status]\nx = ["maybe"]', ["status"]),
        ('[columns]\nNr = "external_id"\nAt = "opened"\n[channel]\nx = 5', ["channel"]),
        ('[columns]\nNr = "external_id"\nAt = "opened"\n[constants]\nopened = "2024"', ["constants"]),
        ("skip_initial_space = 1", ["skip_initial_space"]),
        ('columns = "all"', ["columns"]),
        ("empty = [1]", ["empty"]),
        ("name = 5", ["name"]),
    ],
)
def test_a_mistake_is_one_clear_sentence(own_mapping: Any, toml: str, words: list[str]) -> None:
    with pytest.raises(ImportFailed) as caught:
        load(own_mapping(toml))
    text = caught.value.message.interpolate()
    for word in ["ours.toml", *words] if "zone" not in toml else words:
        assert word in text, text


def test_files_of_mappings_that_are_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "no.toml"
    for name, word in (("nothing", "georeport"), (missing, "no.toml"), (tmp_path, "no mapping"), ("a\0.toml", "a")):
        with pytest.raises(ImportFailed) as caught:
            load(name)
        assert word in caught.value.message.interpolate()
    with pytest.raises(ImportFailed, match="not TOML"):
        load(_written(tmp_path / "bad.toml", b"\xff\xfe\x00"))
    with pytest.raises(ImportFailed, match="too large"):
        load(_written(tmp_path / "big.toml", b"#" * 1_000_001))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_column_that_the_file_has_not(tmp_path: Path, own_mapping: Any) -> None:
    path = _written(tmp_path / "may.csv", HEAD.replace("Created", "Creatd").encode())
    with pytest.raises(ImportFailed) as caught:
        open_rows(path, "requests", own_mapping(OWN))
    assert caught.value.message.interpolate() == (
        "The file “may.csv” has no column “Created”, which the mapping “ours” reads."
    )
    # "Via" is optional, so a file without it is read.
    path.write_bytes(HEAD.replace(";Via", "").encode())
    with open_rows(path, "requests", own_mapping(OWN)) as rows:
        assert list(rows) == []


def test_a_mapping_is_for_one_kind(shared_data: Path) -> None:
    with pytest.raises(ImportFailed, match="is for"):
        open_rows(shared_data / "4_names_duplicates" / "febrl1.csv", "contacts", "nyc311")


def test_requests_without_a_mapping(read: Any) -> None:
    found = read(
        "شماره درخواست,تاریخ ثبت,عنوان,وضعیت,کانال,نام,تلفن,واحد\n"
        "۱۲,۱۴۰۳/۰۲/۰۱ ۱۰:۳۰,چالهٔ خیابان,در دست اقدام,تلفنی,زهرا محمدی,۰۹۱۲,عمران\n"
        "13,1403/02/01,x,انجام شده,پیامک,,,\n14,1403/02/31,y,باز,,,,\n"
        "15,1403/02/32,z,باز,,,,\n16,1403/01/01,,باز,,,,\n",
        "requests",
        time_zone="Asia/Tehran",
    )
    first = found.good[0]
    assert (first.external_id, first.status_category) == ("۱۲", "open")
    assert (first.channel, first.unit_name) == ("phone", "عمران")
    assert first.opened == 1713596400000  # 2024-04-20 10:30 in Tehran is 07:00 UTC
    assert first.contact.name == "زهرا محمدی"
    assert [row.channel for row in found.good] == ["phone", "sms", "note"]
    assert found.good[1].status_category == "done"
    assert found.codes == {5: "time", 6: "missing"}


def test_a_time_without_zone_is_told(read: Any) -> None:
    found = read("id,date,title\n1,2024-01-02,x\n2,2024-01-02T00:00Z,x\n", "requests")
    assert found.warnings == ["Times without a time zone, read as UTC: 1"]


def test_the_hour_that_happens_twice(read: Any) -> None:
    # New York, 3 November 2024: at 02:00 summer time the clock goes back to 01:00.
    text = (
        "id,date,closed,title,status\n"
        "1,2024-11-03 01:50,2024-11-03 01:10,x,closed\n2,2024-11-03 01:10,2024-11-03 01:50,x,closed\n"
    )
    first, second = read(text, "requests", time_zone="America/New_York").good
    assert first.closed - first.opened == 20 * 60_000
    assert second.closed - second.opened == 40 * 60_000


def test_an_unknown_zone() -> None:
    with pytest.raises(ImportFailed, match="time zone"):
        open_rows(Path(__file__), "contacts", time_zone="Nowhere/Land", file_format="csv")

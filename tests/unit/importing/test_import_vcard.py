"""vCards of all three versions, as real address books write them."""

from __future__ import annotations

import json
import re
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from crm_core.importing import ImportFailed, open_rows
from crm_core.importing.source import Source
from crm_core.importing.vcard import cards

FILES = (
    "John_Doe_ANDROID", "John_Doe_EVOLUTION", "John_Doe_GMAIL", "John_Doe_MS_OUTLOOK", "gmail-list", "gmail-single",
    "outlook-2003", "rfc2426-example", "rfc6350-example",
)  # fmt: skip
ALL_CARDS = dict(zip(FILES, (6, 1, 1, 1, 3, 1, 1, 2, 1), strict=True))


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "6_contacts_import" / "vcard_ez"


@pytest.mark.parametrize("name", FILES)
def test_every_card_of_every_file(folder: Path, read: Any, name: str) -> None:
    path = folder / f"{name}.vcf"
    found = read(path)
    assert not found.refused
    begins = [
        number for number, line in enumerate(path.read_bytes().split(b"\n"), start=1)
        if re.match(rb"begin:vcard", line, re.IGNORECASE)
    ]  # fmt: skip
    assert len(found.good) == len(begins) == ALL_CARDS[name]
    assert [row.line for row in found.good] == begins


@pytest.mark.parametrize("name", FILES[1:])
def test_like_an_independent_reader(folder: Path, read: Any, name: str) -> None:
    reading = json.loads((folder / "vobject_reading.json").read_text(encoding="utf-8"))[f"{name}.vcf"]
    found = read(folder / f"{name}.vcf")
    assert len(found.good) == reading["begin_vcard_count"]
    for row, other in zip(found.good, reading["vobject"], strict=True):
        assert row.name.split(",")[0] == " ".join(other["fn"][0].split(",")[0].split())  # it splits 3.0's FN at commas
        assert [value for scheme, value in row.identifiers if scheme == "email"] == other["email"]
        phones = [value for scheme, value in row.identifiers if scheme == "phone"]
        faxes = re.findall("^FAX: (.*)$", row.notes, re.MULTILINE)
        wanted = [re.sub("^tel:", "", number).replace(";ext=", " ext. ") for number in other["tel"]]
        assert Counter(phones + faxes) == Counter(wanted)
        assert len(row.addresses) == other["adr"]
        if other["bday"] and not other["bday"][0].startswith("--"):
            assert row.birth_date is not None
            assert row.birth_date.replace("-", "") == other["bday"][0].replace("-", "")
        assert row.organisation.startswith(re.sub("[^A-Za-z].*", "", str(other["org"][0][0])) if other["org"] else "")


def test_android(folder: Path, read: Any) -> None:
    found = read(folder / "John_Doe_ANDROID.vcf")
    first, _second, third, fourth, fifth, sixth = found.good
    assert (first.name, first.identifiers) == ("", (("email", "john.doe@company.com"),))
    assert third.name == "Ñ Ñ Ñ Ñ Ñ"
    assert fourth.identifiers == tuple(("phone", number) for number in ("123456", "234567", "3456789", "45678901"))
    assert fourth.name == " ".join("Ñ" * 11)  # a soft line break in the middle
    assert (fifth.family, fifth.given) == ("Ñ Ñ", "Ñ Ñ Ñ")
    assert ("email", "Ñ" * 14) in fifth.identifiers
    assert "FAX: 123456" in fifth.notes
    assert "9j/4AAQ" not in fifth.notes
    assert set(sixth.organisation) == {"Ñ"}
    assert "Values with damaged characters, now shown as \N{REPLACEMENT CHARACTER}: 1" in found.warnings
    assert "Properties of the cards that have no field were left out: PHOTO" in found.warnings


def test_evolution(folder: Path, read: Any) -> None:
    row = read(folder / "John_Doe_EVOLUTION.vcf").only
    assert (row.external_id, row.source) == ("477343c8e6bf375a9bac1f96a5000837", "vcard")
    assert (row.given, row.family, row.birth_date) == ("John", "Doe", "1980-03-22")
    assert row.identifiers == (("phone", "905-666-1234"), ("phone", "905-555-1234"), ("email", "john.doe@ibm.com"))
    assert row.organisation == "IBM, Accounting, Dungeon"
    assert row.addresses[0]["line"] == "15 Crescent moon drive, ASB-123, United States of America"
    assert 'HOLDERS AND CONTRIBUTORS "AS IS" AND ANY' in row.notes
    assert "TITLE: Money Counter" in row.notes
    assert "NICKNAME: Johny" in row.notes


def test_outlook_2003(folder: Path, read: Any) -> None:
    row = read(folder / "outlook-2003.vcf").only
    assert (row.name, row.birth_date) == ("John Doe III", "1980-03-21")
    assert row.notes.startswith("This is the note field!!\r\nSecond line\r\n\r\nThird line is empty")
    assert row.organisation == "Company, The, TheDepartment"


def test_gmail_labels(folder: Path, read: Any) -> None:
    row = read(folder / "gmail-single.vcf").only
    assert row.addresses[0]["line"] == "123 Home St, Home City, HM 12345"
    assert "Spouse: MySpouse" in row.notes
    assert "PROFILE: http://TheProfile.com" in row.notes
    assert "GMail's note field.\nIt should be" in row.notes


def test_version_4(folder: Path, read: Any) -> None:
    row = read(folder / "rfc6350-example.vcf").only
    assert (row.given, row.family, row.gender, row.language) == ("Simon", "Perreault", "male", "fr")
    assert row.identifiers[0] == ("phone", "+1-418-656-9254 ext. 102")
    assert (row.addresses[0]["latitude"], row.addresses[0]["longitude"]) == (46.772673, -71.282945)
    assert row.addresses[0]["postal_code"] == "G1V 2M2"
    assert row.birth_date is None
    assert "BDAY: --0203" in row.notes


def test_persian_card(read: Any) -> None:
    row = read(
        card("FN:زهرا محمدی", "N:محمدی;زهرا;;;", "TEL;TYPE=CELL:۰۹۱۲۱۲۳۴۵۶۷", "ORG:شهرداری شیراز", "BDAY:1980-03-22",
             "ADR;TYPE=HOME:;;خیابان زند\\, کوچهٔ ۲;شیراز;فارس;7134567890;ایران", "X-TELEGRAM:@zahra", "UID:urn:uuid:1")
    ).only  # fmt: skip
    assert (row.name, row.given, row.family, row.kind) == ("زهرا محمدی", "زهرا", "محمدی", "person")
    assert row.identifiers == (("phone", "۰۹۱۲۱۲۳۴۵۶۷"), ("telegram", "@zahra"))
    assert row.addresses[0]["line"] == "خیابان زند, کوچهٔ ۲, ایران"
    assert (row.addresses[0]["city"], row.addresses[0]["province"]) == ("شیراز", "فارس")


@pytest.mark.parametrize("version, parameter", [("2.1", ";CHARSET=WINDOWS-1256;ENCODING=QUOTED-PRINTABLE"),
                                                ("2.1", ";QUOTED-PRINTABLE;CHARSET=windows-1256")])  # fmt: skip
def test_quoted_printable_with_a_charset(read: Any, version: str, parameter: str) -> None:
    encoded = "".join(f"={byte:02X}" for byte in "شيراز".encode("cp1256"))
    row = read(card(f"FN{parameter}:{encoded}", version=version)).only
    assert row.name == "شيراز"
    unknown = read(card("FN;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:abc=20def", version=version)).only
    assert unknown.name == "abc def"
    for program in ("base64", "unicode_escape", "idna", "rot13"):
        assert read(card(f"FN;CHARSET={program};ENCODING=QUOTED-PRINTABLE:abc", version=version)).only.name == "abc"


def test_an_escaped_separator_is_no_separator(read: Any) -> None:
    assert read(card("N:Doe\\;Roe;Jane\\, Ann;;;")).only.family == "Doe;Roe"
    assert read(card("N:Doe\\;Roe;Jane;;;", version="2.1")).only.family == "Doe;Roe"
    assert read(card("N;ENCODING=QUOTED-PRINTABLE:Doe=3BRoe;Jane;;;", version="2.1")).only.family == "Doe;Roe"
    assert read(card("FN:x", "NOTE:C:\\new", version="2.1")).only.notes == "C:\\new"
    assert read(card("FN:x", "NOTE:one\\ntwo\\Nthree \\\\n")).only.notes == "one\ntwo\nthree \\n"


def test_folding(read: Any) -> None:
    assert read(card("FN:Jo", " hn", "\tny")).only.name == "Johnny"
    assert read(card("NOTE:one", " two", "FN:x", version="2.1")).only.notes == "one two"


def test_organisations_and_groups(read: Any) -> None:
    assert read(card("FN:IBM", "ORG:IBM")).only.kind == "organisation"
    assert read(card("ORG:IBM;Sales")).only.name == "IBM, Sales"
    assert read(card("KIND:org", "FN:City Council", version="4.0")).only.kind == "organisation"
    assert read(card("FN:Jane", "ORG:IBM")).only.kind == "person"
    assert read(card("KIND:group", "FN:Family", "MEMBER:urn:uuid:1", version="4.0")).codes == {1: "card_group"}


def test_bad_cards_cost_only_themselves(read: Any) -> None:
    text = (
        "preamble\n" + card("FN:one")  # 2
        + card("NOTE:nobody")  # 6
        + "BEGIN:VCARD\nFN:no end\n"  # 10
        + card("FN:two")  # 12
        + card("FN:three", "what is this")  # 16
        + card("FN:four", "BDAY:1980-13-01")  # 21
        + card("FN:fi\0ve")  # 26
        + card("FN:six", f"NOTE:{'x' * 10_001}")  # 30
        + card("FN:seven", f"TITLE:{'y' * 1_000_001}")  # 35
        + card("FN:eight")  # 40
        + "BEGIN:VCARD\nFN:cut off"  # 44
    )
    found = read(text, file_format="vcard")
    assert [(row.line, row.name) for row in found.good] == [(2, "one"), (12, "two"), (40, "eight")]
    assert found.codes == {
        6: "nobody", 10: "card_unfinished", 16: "card_line", 21: "date", 26: "nul", 30: "too_long",
        35: "record_too_long", 44: "card_unfinished",
    }  # fmt: skip


def test_the_agent_of_somebody_is_not_the_end_of_the_card(read: Any) -> None:
    inner = card("FN:Secretary", "TEL:2", version="2.1").rstrip()
    row = read(card("FN:Boss", "AGENT:", *inner.split("\r\n"), "TEL:1", version="2.1")).only
    assert (row.name, row.identifiers) == ("Boss", (("phone", "1"),))


def test_the_hash_leaves_out_when_a_card_was_written(read: Any) -> None:
    one = read(card("FN:Jane", "REV:2012-03-05T13:32:54Z", "PRODID:a")).only
    assert read(card("FN:Jane", "REV:2020-01-01T00:00:00Z")).only.raw_hash == one.raw_hash
    assert read(card("FN:Janet")).only.raw_hash != one.raw_hash


@pytest.mark.parametrize("text", ["--0203", "---03", "1980", "1980-03", "--02-03", "--02"])
def test_a_birthday_that_is_no_whole_date_is_a_note(read: Any, text: str) -> None:
    row = read(card("FN:Jane", f"BDAY:{text}", version="4.0")).only
    assert (row.birth_date, row.notes) == (None, f"BDAY: {text}")


def test_birthday_forms(read: Any) -> None:
    for text in ("19800322", "1980-03-22", "1980-03-22T00:00:00Z", "19800322T000000", "1980-03-22 00:00:00"):
        assert read(card("FN:Jane", f"BDAY:{text}")).only.birth_date == "1980-03-22"
    row = read(card("FN:Jane", "BDAY;VALUE=text:circa 1800", version="4.0")).only
    assert row.notes == "BDAY: circa 1800"


def test_unfolded_pictures_are_skipped(read: Any) -> None:
    picture = ("PHOTO;ENCODING=b;TYPE=JPEG:AAAA", "BBBBCCCC==", "")
    row = read(card("FN:Jane", *picture, "TEL:1", "PHOTO:data:image/png;base64,AA")).only
    assert row.identifiers == (("phone", "1"),)
    assert row.notes == ""


def test_files_without_cards(read: Any) -> None:
    with pytest.raises(ImportFailed, match="no vCard"):
        open_rows(BytesIO(b"hello"), "contacts", file_format="vcard")
    with pytest.raises(ImportFailed, match="contacts, not requests"):
        open_rows(BytesIO(card("FN:x").encode()), "requests")
    assert read(b"\xef\xbb\xbf" + card("FN:x").encode()).only.name == "x"  # recognised by its content
    assert read(card("FN:علی").encode("utf-16")).only.name == "علی"


def test_parameters(tmp_path: Path) -> None:
    path = tmp_path / "one.vcf"
    path.write_text(card('TEL;X-ID="a;b:c";TYPE="work,voice";TYPE=pref;CELL:1'), "utf-8")
    (found,) = list(cards(Source(path), "utf-8"))
    (telephone,) = found.properties  # type: ignore[union-attr]
    assert telephone.types() == {"WORK", "VOICE", "PREF", "CELL"}
    assert telephone.parameters["X-ID"] == ("a;b:c",)
    assert telephone.value == "1"

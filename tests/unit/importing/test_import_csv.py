"""CSV as it comes: encodings, delimiters, line ends, and bad rows that cost only themselves."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest

from crm_core.importing import ImportFailed, csv_reader, open_rows
from crm_core.importing.rows import MAX_NOTES, MAX_TEXT

PERSIAN = "نام,نام خانوادگی,شهر,تلفن\nزهرا,محمدی,شیراز,۰۹۱۷۱۲۳۴۵۶۷\nعلی,احمدی,تهران,۰۲۱۸۸۱۲۳۴۵۶\n"


def names(outcome: Any) -> list[str]:
    return [row.name for row in outcome.good]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings(read: Any, encoding: str) -> None:
    found = read(PERSIAN.encode(encoding))
    assert names(found) == ["زهرا محمدی", "علی احمدی"]
    assert found.good[0].identifiers == (("phone", "۰۹۱۷۱۲۳۴۵۶۷"),)
    assert found.encoding.startswith(encoding[:5])


def test_windows_persian(read: Any) -> None:
    text = "نام,شهر,تلفن\nپرويز چگينى,شيراز,09171234567\n"
    found = read(text.encode("cp1256"))
    assert found.encoding == "cp1256"
    assert names(found) == ["پرويز چگينى"]
    assert found.warnings == ["The file is not UTF-8; it was read as cp1256."]


def test_western_names(read: Any) -> None:
    found = read("name,city\nJürgen Müller,Köln\nJosé Núñez,Bogotá\n".encode("cp1252"))
    assert names(found) == ["Jürgen Müller", "José Núñez"]
    assert found.encoding == "cp1252"
    found = read("name,city\nJürgen \x81Müller,Köln\n".encode("latin-1"))
    assert found.encoding == "latin-1"  # 0x81 is nothing in cp1252


def test_one_damaged_row_does_not_change_the_encoding_of_all(read: Any) -> None:
    data = PERSIAN.encode() + b"\xe6\xff\xfe,x,y,1\n" + "مریم,کریمی,قم,۰۲۵۳\n".encode()
    found = read(data)
    assert found.encoding == "utf-8"
    assert names(found) == ["زهرا محمدی", "علی احمدی", "مریم کریمی"]
    assert found.codes == {4: "damaged"}
    assert any("Some bytes" in text for text in found.warnings)


def test_a_mapping_may_name_the_encoding(read: Any, own_mapping: Any) -> None:
    mapping = own_mapping('kind = "contacts"\nencodings = ["windows-1256"]\n[columns]\nname = "name"\n')
    assert read("name\nabc\n".encode("cp1256"), "contacts", mapping).encoding == "cp1256"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(read: Any, delimiter: str) -> None:
    found = read(PERSIAN.replace(",", delimiter))
    assert found.delimiter == delimiter
    assert len(found.good) == 2


def test_a_delimiter_inside_quotation_marks_does_not_count(read: Any) -> None:
    found = read('"name, in full";phone\n"Doe, John";0912\n')
    assert found.delimiter == ";"
    assert found.refused == []


def test_the_first_line_of_excel(read: Any) -> None:
    found = read("sep=;\r\nname;phone\r\nعلی;0912\r\n")
    assert found.delimiter == ";"
    assert found.only.line == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(read: Any, end: str) -> None:
    found = read(PERSIAN.replace("\n", end))
    assert [row.line for row in found.good] == [2, 3]
    assert len(read(PERSIAN.rstrip("\n").replace("\n", end)).good) == 2


def test_other_separators_are_text(read: Any) -> None:
    row = read("name,notes\nعلی,one\u2028two\x0bthree\x0cfour\x85five\x1csix\n").only
    assert row.notes == "one\u2028two\x0bthree\x0cfour\x85five\x1csix"


def test_bad_rows_are_refused_with_their_line_and_the_good_ones_kept(read: Any) -> None:
    text = (
        "name,phone,notes\n"  # 1
        "one,1,a\n"  # 2
        'two,2,"first\nsecond ""quoted"", with comma\r\nthird"\n'  # 3 to 5
        "short,3\n"  # 6
        "long,4,b,c\n"  # 7
        "\n"  # 8
        "spare,5,b,,\n"  # 9: empty columns at the end do no harm
        'broken,6,"a"b\n'  # 10
        "nul,7,a\0b\n"  # 11
        ",,\n"  # 12: a spreadsheet's empty row
        ",,nobody\n"  # 13
        "last,8,z"  # 14
    )
    found = read(text)
    assert [(row.line, row.name) for row in found.good] == [(2, "one"), (3, "two"), (9, "spare"), (14, "last")]
    assert found.good[1].notes == 'first\nsecond "quoted", with comma\r\nthird'
    assert found.codes == {6: "columns", 7: "columns", 10: "quote", 11: "nul", 13: "nobody"}
    assert found.reasons[0] == "This row has 2 columns where the first row has 3."


def test_a_stray_quotation_mark_costs_one_row(read: Any) -> None:
    lines = ["name,phone", 'a,"1', *(f"b{number},{number}" for number in range(5_000))]
    found = read("\n".join(lines))
    assert found.codes == {2: "quote"}
    assert len(found.good) == 5_000
    assert found.good[0].line == 3
    found = read('name,phone\na,"1\nb,2\nc,"3"\nd,4\n')
    assert found.codes == {2: "quote"}
    assert names(found) == ["b", "c", "d"]


def test_quotation_marks_that_never_close_take_no_quadratic_time(read: Any) -> None:
    # Each of these lines opens a field that the next one continues; without a limit this would take hours.
    assert len(read("name,phone\n" + 'a","\n' * 20_000).refused) > 19_000


def test_quotation_marks_inside_plain_values_are_text(read: Any) -> None:
    assert read('name,notes\nعلی,a 5" pipe\n').only.notes == 'a 5" pipe'


def test_giant_fields_and_lines(read: Any) -> None:
    giant, notes = "x" * (MAX_TEXT + 1), "x" * (MAX_NOTES + 1)
    found = read(
        f'name,notes\na,{notes}\nb,{notes[1:]}\nc,"{giant * 2}"\nd,{giant * 30}\ne,"{giant * 30}"\nf,1\ng,{giant}\n'
    )
    assert names(found) == ["b", "f"]
    assert [row.line for row in found.good] == [3, 7]
    assert found.codes == {
        2: "too_long", 4: "record_too_long", 5: "record_too_long", 6: "record_too_long", 8: "too_long",
    }  # fmt: skip


def test_an_endless_multi_line_field(read: Any) -> None:
    body = 'a,"' + "line\n" * (csv_reader.MAX_RECORD_LINES + 10) + '"\nb,2\n'
    found = read("name,notes\n" + body)
    assert found.codes[2] == "quote"
    assert names(found)[-1] == "b"


def test_duplicate_and_empty_headers(read: Any) -> None:
    found = read("name,phone,phone,,x,x\nعلی,1,2,3,4,5\n")
    assert found.only.identifiers == (("phone", "1"), ("phone", "2"))
    assert found.only.notes == "column 4: 3\nx: 4\nx (2): 5"
    assert "Columns that are there twice were numbered: phone, x" in found.warnings


def test_header_only(read: Any) -> None:
    found = read("name,phone\n")
    assert (found.good, found.refused) == ([], [])


@pytest.mark.parametrize("data", [b"", b"\n\n \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(ImportFailed, match="is empty"):
        open_rows(BytesIO(data), "contacts")


@pytest.mark.parametrize(
    "data", [b"foo,bar\n1,2\n", b"1\n2\n", b"\0\0\0\0", b"name\0,phone\n", b'"name,phone\n', b"a" * 3_000_000]
)
def test_a_first_row_without_known_names_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(ImportFailed):
        open_rows(BytesIO(data), "contacts")


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="no file"):
        open_rows(tmp_path / "nothing.csv", "contacts")
    with pytest.raises(ImportFailed, match="folder"):
        open_rows(tmp_path, "contacts")
    with pytest.raises(ImportFailed):
        open_rows("a\0b.csv", "contacts")


def test_a_stream_that_cannot_be_wound_back(read: Any) -> None:
    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_position: int) -> int:
            raise OSError("not seekable")

    with open_rows(Pipe(PERSIAN.encode()), "contacts") as rows:
        assert len(list(rows)) == len(list(rows)) == 2


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("name,phone\n" + "".join(f"someone {number},{number}\n" for number in range(12_000)), "utf-8")
    with open_rows(path, "contacts") as rows:
        seen = []
        for _row in rows:
            seen.append(rows.read_bytes)
        assert seen == sorted(seen)
        assert 0 < seen[0] < rows.total_bytes // 2
        assert seen[-1] == rows.total_bytes == path.stat().st_size


def test_what_the_csv_module_writes_is_read_back(read: Any) -> None:
    values = ["a,b", 'say "hi"', "two\nlines", "two\r\nlines", "tab\there", "'", "a;b", "=1+1", "ی" * 500, '"', '""']
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "notes"])
    writer.writerows([f"n{number}", value] for number, value in enumerate(values))
    assert [row.notes for row in read(text.getvalue()).good] == values

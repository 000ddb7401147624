"""What docs/operator/import.md says is so: its mapping works, its names exist, its codes are those of the program."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from crm_core.importing import load, names, reasons
from crm_core.importing.fields import CONTACT_FIELDS, REQUEST_FIELDS, column_key


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "operator" / "import.md").read_text(encoding="utf-8")


def quoted(text: str) -> set[str]:
    return set(re.findall("`([^`]+)`", text))


def test_the_example_of_a_mapping_reads_a_file(page: str, read: Any, own_mapping: Any) -> None:
    (toml,) = re.findall("```toml\n(.*?)```", page, re.DOTALL)
    mapping = own_mapping(toml)
    text = (
        "Number;Date;Finished;Subject;Details;State;Via;Street;House;Caller;Mobile;Answer;Remark;Internal code;Ward\n"
        "1;1403/02/01 10:30;1403/02/02 10:30;Water;Leak;Done;Hotline;Zand   St.;12;Ali;0912;Fixed;Polite;x;5\n"
        "2;20.04.2024 10:30;soon;Water;-;Strange;Pigeon;;;;0;;;;\n"
        "3;;;Water;;;;;;;;;;;\n"
    )
    found = read(text, "requests", mapping)
    first, second = found.good
    assert first.opened == second.opened == 1713596400000
    assert first.closed == first.opened + 86_400_000
    assert (first.type_name, first.title, first.text) == ("Water", "Water", "Leak")
    assert (first.status_category, first.channel) == ("done", "phone")
    assert (first.address["line"], first.address["city"]) == ("Zand St. 12", "Yazd")
    assert first.contact.identifiers == (("phone", "0912"),)
    assert first.resolution == "Fixed\n\nRemark: Polite"
    assert first.extra == {"Ward": "5"}
    assert (second.status, second.status_category, second.channel, second.text) == ("Strange", "open", "phone", "")
    assert second.extra == {"Finished": "soon"}
    assert found.codes == {4: "missing"}
    assert set(load(mapping).columns) <= set(text.splitlines()[0].split(";"))


def test_every_built_in_mapping_is_listed(page: str) -> None:
    section = page.partition("## Mappings")[2].partition("## Your own")[0]
    assert quoted(section) == set(names()) - {"contacts", "requests"}


def test_every_field_is_listed(page: str) -> None:
    mentioned = quoted(page.partition("- Fields of a request:")[2])
    assert {field for field in REQUEST_FIELDS if not field.startswith("contact.")} <= mentioned
    assert {field for field in CONTACT_FIELDS if not field.startswith("address.")} <= mentioned


def test_the_columns_of_the_table_are_known(page: str) -> None:
    table = page.partition("| column | also |")[2].partition("\n\n")[0]
    columns = {column_key(column) for column in load("contacts").columns}
    for line in table.splitlines()[2:]:
        for column in quoted(line.split("|")[1]):
            assert column_key(column) in columns, column
        for word in re.findall("[\u0600-\u06ff][\u0600-\u06ff\u200c ]+", line.split("|")[2].partition(":")[0]):
            assert column_key(word) in columns, word


def test_the_codes_of_a_table_are_listed(page: str) -> None:
    source = inspect.getsource(reasons)
    codes = set(re.findall(r'Refusal\(\s*"(\w+)"', source))
    in_table = {code for code in codes if not code.startswith(("card_", "not_", "number"))}
    assert in_table <= quoted(page.partition("A row is refused when")[2].partition("## Contacts")[0])

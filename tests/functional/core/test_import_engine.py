"""Imported rows in the storage: complete, once, correctable, and never at the cost of what people wrote."""

from __future__ import annotations

import csv
import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.checks import check_app
from crm_core.importing import Rejected, RequestRow, open_rows
from crm_core.operations import IMPORT
from crm_core.services import Services
from crm_core.testing.factories import make_contact

FILES: list[tuple[str, str, str]] = [
    ("contacts", "4_names_duplicates/febrl1.csv", "febrl"),
    ("contacts", "4_names_duplicates/fake_1000.csv", "splink_fake1000"),
    ("contacts", "4_names_duplicates/historical_150clusters.csv", "historical"),
    ("requests", "1_service_requests/boston_311_2022_100.csv", "boston311"),
    ("requests", "1_service_requests/sanfrancisco_2011_requests_250.json", "georeport"),
    ("requests", "1_service_requests/bloomington_2012/bloomington_requests.json", "georeport"),
]


def bring(app: App, file: Path, kind: str = "contacts", mapping: str = "", progress: Any = None, **more: Any) -> Any:
    """Import a file; the report."""
    arguments = {"kind": kind, "mapping": mapping, "language": "en", **more}
    return IMPORT.run(app, arguments, file, progress or (lambda done, total: None))


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """``written(text)``: a CSV file of that content, always the same path."""

    def write(text: str, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


def stored_contacts(services: Services) -> list[Any]:
    return list(services.root.contacts.values())


@pytest.mark.parametrize("kind, file, mapping", FILES, ids=[Path(file).stem for _kind, file, _mapping in FILES])
def test_a_real_file_comes_in_whole_and_a_second_time_changes_nothing(
    app: App, shared_data: Path, kind: str, file: str, mapping: str
) -> None:
    path = shared_data / file
    with open_rows(path, kind, mapping) as rows:  # type: ignore[arg-type]
        read = list(rows)
    refused = {row.line for row in read if isinstance(row, Rejected)}
    first = bring(app, path, kind, mapping)
    assert first["read"] == len(read)
    assert first["created"] + len(first["rejected"]) == len(read)
    assert refused <= {row["line"] for row in first["rejected"]}
    # What the services refuse beyond that is named and little: a birth in the future, an address that is none.
    assert len(first["rejected"]) - len(refused) <= 10, Counter(row["reason"] for row in first["rejected"])
    with app.reading() as services:
        kept = services.root.contacts if kind == "contacts" else services.root.requests
        before = {id_: record.revision for id_, record in kept.items()}
        assert len(before) == first["created"]
    again = bring(app, path, kind, mapping)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, first["created"])
    assert again["rejected"] == first["rejected"]
    with app.reading() as services:
        kept = services.root.contacts if kind == "contacts" else services.root.requests
        assert {id_: record.revision for id_, record in kept.items()} == before


def test_every_column_of_a_request_is_stored(app: App, shared_data: Path) -> None:
    path = shared_data / "1_service_requests/boston_311_2022_100.csv"
    bring(app, path, "requests", "boston311")
    with open_rows(path, "requests", "boston311") as rows:
        read = {row.external_id: row for row in rows if isinstance(row, RequestRow)}
    with app.reading() as services:
        requests = list(services.root.requests.values())
        assert {request.external for request in requests} == {f"boston311:{key}" for key in read}
        for request in requests:
            row = read[request.external.partition(":")[2]]
            assert (request.title, request.channel, request.category) == (row.title, row.channel, row.status_category)
            assert request.created == row.opened
            assert request.closed == (row.closed if row.status_category == "done" else None)
            answers = json.dumps(request.submission.answers, ensure_ascii=False)
            for value in (row.unit_name, row.type_name, row.resolution, *row.extra.values()):
                assert json.dumps(value, ensure_ascii=False)[1:-1] in answers


def test_a_contact_as_stored(app: App, written: Callable[..., Path]) -> None:
    report = bring(app, written(
        "external_id,نام,نام خانوادگی,تلفن همراه,ایمیل,کد ملی,تاریخ تولد,شهر,نشانی,نام پدر\n"
        "17,زهرا,محمدی,۰۹۱۲۱۲۳۴۵۶۷؛021-12,Zahra@Example.org,۰۴۹۹۳۷۰۸۹۹,۱۳۵۹/۰۱/۰۲,شیراز,زند ۱۲,حسن\n"
    ))  # fmt: skip
    assert (report["created"], report["rejected"]) == (1, [])
    with app.reading() as services:
        (contact,) = stored_contacts(services)
        assert (contact.name, contact.given, contact.family) == ("زهرا محمدی", "زهرا", "محمدی")
        assert {(one.scheme, one.value, one.proof) for one in contact.identifiers} == {
            ("phone", "+989121234567", "hearsay"), ("email", "Zahra@example.org", "hearsay"),
            ("national_id", "0499370899", "hearsay"),
        }  # fmt: skip
        assert contact.birth_date == "1980-03-22"
        assert contact.addresses == ({"city": "شیراز", "line": "زند ۱۲"},)
        assert contact.external == ("contact:contacts:17",)
        assert "نام پدر: حسن" in contact.notes
        assert "021-12" in contact.notes  # no phone number: kept, and told
        assert services.contacts.by_identifier("phone", "+989121234567") == [contact]
    assert [row["line"] for row in report["warnings"] if isinstance(row, dict)] == [2]


def test_a_corrected_row_updates_and_keeps_what_people_wrote(app: App, written: Callable[..., Path]) -> None:
    head = "external_id,name,phone,city\n"
    bring(app, written(head + "1,Sara Karimi,09121234567,Qom\n2,Ali Ahmadi,09121234568,Qom\n"))

    def by_hand(services: Services) -> int:
        (contact,) = services.contacts.by_identifier("phone", "+989121234567")
        services.contacts.edit(contact, {"notes": "calls in the mornings", "preferred_channel": "sms"})
        services.contacts.add_identifier(contact, "email", "sara@example.org")
        return int(contact.id)

    sara = app.run(by_hand)
    report = bring(app, written(head + "1,Sara Karimi,09121234569,Yazd\n2,Ali Ahmadi,09121234568,Qom\n3,New,1,\n"))
    assert (report["created"], report["updated"], report["unchanged"]) == (1, 1, 1)
    with app.reading() as services:
        contact = services.contacts.get(sara)
        assert contact.addresses == ({"city": "Yazd"},)
        assert (contact.notes, contact.preferred_channel) == ("calls in the mornings", "sms")
        values = {one.value for one in contact.active_identifiers()}
        assert {"+989121234567", "+989121234569", "sara@example.org"} == values
        assert len(stored_contacts(services)) == 3


def test_without_an_id_a_contact_is_its_row(app: App, written: Callable[..., Path]) -> None:
    assert bring(app, written("name,phone\nSara,09121234567\nSara,09121234567\n"))["created"] == 1
    moved = bring(app, written("phone,email,name\n09121234567,,Sara\n"))
    assert (moved["created"], moved["unchanged"]) == (0, 1)
    assert bring(app, written("name,phone\nSara K.,09121234567\n"))["duplicates"] != []


def test_one_row_that_the_services_refuse_costs_only_itself(app: App, written: Callable[..., Path]) -> None:
    def file(note: str) -> Path:
        rows = [f"{number},Someone {number},{note * (6000 if number == 60 else 1)}" for number in range(120)]
        return written("external_id,name,notes\n" + "\n".join(rows) + "\n")

    assert bring(app, file("a"))["created"] == 120
    report = bring(app, file("b"))  # behind the notes that are there already, row 60 has no room
    assert (report["read"], report["updated"]) == (120, 119)
    assert [row["line"] for row in report["rejected"]] == [62]
    assert report["rejected"][0]["reason"] == "At most 10000 characters fit here."


def test_interrupted_anywhere_and_run_again_it_completes(app: App, shared_data: Path) -> None:
    path = shared_data / "1_service_requests/nyc_311_2024_04_1000.csv"

    class PowerCut(BaseException):
        pass

    for batches in (1, 3, 4):
        left = batches

        def cut(_done: int, _total: int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise PowerCut

        with pytest.raises(PowerCut):
            bring(app, path, "requests", "nyc311", cut)
    with app.reading() as services:
        begun = len(list(services.root.requests.values()))
        assert 0 < begun < 1000
    report = bring(app, path, "requests", "nyc311")
    assert (report["unchanged"], report["created"]) == (begun, 1000 - begun)
    with app.reading() as services:
        assert len({request.external for request in services.root.requests.values()}) == 1000
        assert len({request.code for request in services.root.requests.values()}) == 1000


def test_callers_of_requests_become_contacts_once(app: App, written: Callable[..., Path]) -> None:
    text = (
        "id,date,title,status,name,phone\n"
        "1,2024-01-02T08:00Z,Pothole,open,Sara Karimi,09121234567\n"
        "2,2024-01-03T08:00Z,Noise,closed,Sara Karimi,09121234567\n"
        "3,2024-01-04T08:00Z,Leak,open,,\n"
    )
    assert bring(app, written(text), "requests")["created"] == 3
    with app.reading() as services:
        (sara,) = stored_contacts(services)
        assert sorted(request.title for request in sara.requests.values()) == ["Noise", "Pothole"]
        assert len(sara.timeline) >= 2
    corrected = bring(app, written(text.replace("2,2024-01-03T08:00Z,Noise,closed", "2,2024-01-03T08:00Z,Noise,open")),
                      "requests")  # fmt: skip
    assert (corrected["updated"], corrected["unchanged"]) == (1, 2)


def test_naughty_strings_are_stored_unchanged_or_refused(
    app: App, shared_data: Path, written: Callable[..., Path]
) -> None:
    folder = shared_data / "7_hostile_input"
    values = [*json.loads((folder / "blns.json").read_text(encoding="utf-8")),
              *json.loads((folder / "csv_injection_payloadbox.json").read_text(encoding="utf-8")),
              *json.loads((folder / "xss_fuzzdb_rsnake.json").read_text(encoding="utf-8"))]  # fmt: skip
    path = written("")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", "name", "city", "notes", "phone"])
        writer.writerows([str(number), value, value, value, value] for number, value in enumerate(values))
    report = bring(app, path)
    assert report["created"] + len(report["rejected"]) == report["read"] == len(values)
    with app.reading() as services:
        by_key = {contact.external[0].rpartition(":")[2]: contact for contact in stored_contacts(services)}
        assert len(by_key) == report["created"]
        for key, contact in by_key.items():
            value = values[int(key)].strip()
            assert contact.name == value
            assert contact.addresses == (({"city": value},) if value else ())
            assert contact.notes.startswith(value)
    assert all(row["reason"] for row in report["rejected"])
    assert bring(app, path)["unchanged"] == report["created"]


def test_clerks_write_on_while_a_file_comes_in(app: App, shared_data: Path) -> None:
    path = shared_data / "4_names_duplicates/febrl1.csv"
    faults: list[BaseException] = []
    reports: list[Any] = []

    def clerk(number: int) -> None:
        try:
            for turn in range(10):
                app.run(lambda services, turn=turn: make_contact(services, f"Citizen {number} {turn}") and None)
        except BaseException as error:  # noqa: BLE001  # told in the main thread
            faults.append(error)

    def importer() -> None:
        try:
            reports.append(bring(app, path, "contacts", "febrl"))
        except BaseException as error:  # noqa: BLE001  # told in the main thread
            faults.append(error)

    threads = [threading.Thread(target=importer), *(threading.Thread(target=clerk, args=(n,)) for n in range(2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert reports[0]["created"] == 1000
    with app.reading() as services:
        assert len(stored_contacts(services)) == 1020


def test_who_was_erased_does_not_come_back_with_the_same_file(app: App, written: Callable[..., Path]) -> None:
    people = written("external_id,name,phone\n1,SecretName,09120000001\n2,Other,09120000002\n")
    rows = written("name,phone\nSecretName,09120000003\n", "rows.csv")
    text = "id,date,title,text,status,name,phone\n1,2024-01-02T08:00Z,Lamp,words,open,SecretName,09120000004\n"
    calls = written(text, "calls.csv")
    for file, kind in ((people, "contacts"), (rows, "contacts"), (calls, "requests")):
        assert bring(app, file, kind)["rejected"] == []

    def erase(services: Services) -> None:
        for contact in [one for one in stored_contacts(services) if one.name != "Other"]:
            services.erasure.erase(contact, "wished so")

    app.run(erase)
    again = bring(app, people)
    assert (again["created"], again["unchanged"]) == (0, 1)
    (left_out,) = again["rejected"]
    assert left_out["line"] == 2 and left_out["reason"].startswith("This citizen was erased here on 20")
    assert len(bring(app, rows)["rejected"]) == 1
    assert bring(app, calls, "requests")["unchanged"] == 1
    changed = bring(app, written(text.replace("words", "SecretWords"), "calls.csv"), "requests")
    assert len(changed["rejected"]) == 1, "what is said anew may tell of the citizen"
    with app.reading() as services:
        (request,) = services.root.requests.values()
        assert "Secret" not in request.text + request.title
        assert [one.name for one in stored_contacts(services)] == ["Other"]
        assert [key for key in services.root.indexes.external if key.startswith("contact:")] == [
            key for one in stored_contacts(services) for key in one.external]
    assert check_app(app)["problems"] == []
    assert bring(app, people, erased_too=True)["created"] == 1
    assert bring(app, people)["unchanged"] == 2, "once it is wanted, it is known again"


def test_a_dry_run_reports_and_stores_nothing(app: App, written: Callable[..., Path]) -> None:
    path = written("name,phone\nSara,1\n,\n,x,y\n")
    report = bring(app, path, dry_run=True)
    assert (report["read"], report["created"], len(report["rejected"])) == (2, 1, 1)
    with app.reading() as services:
        assert stored_contacts(services) == []

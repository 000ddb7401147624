"""Water meters through the services: whose, their readings, jobs, what becomes of it all with the person."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import crm_water_meter
from crm_core.api import Contact, Invalid, Request, Role, Services, Veto
from crm_core.app import App
from crm_core.testing.background import Background
from crm_core.testing.contract import PluginContract
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit
from crm_water_meter import gateway, meters, readings, remote

BILL, VISIT = "water_meter.bill", "water_meter.visit"
WRONG = {"reason": "too_high", "bill": "140508-77", "amount": "4500000"}


def has_meter(services: Services, number: str = "W-100", district: str = "north", tariff: str = "household") -> Contact:
    """A new citizen with a meter."""
    contact = make_contact(services)
    give(services, contact, number, district, tariff)
    return contact


def give(services: Services, contact: Contact, number: str, district: str = "north", tariff: str = "household") -> None:
    values = {"number": number, "area": district, "tariff": tariff}
    services.contact_fields.edit(contact, {meters.METER.id: values})


class Willing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


class TestContract(PluginContract):
    id = "water_meter"
    module = crm_water_meter

    def examples(self, services: Services, contact: Contact) -> Iterable[Request]:
        give(services, contact, "W-1")
        readings.add(services, contact, 100, days_ago(services, 30))
        readings.add(services, contact, 120, services.clock.today())
        yield submit(services, contact, BILL, WRONG)
        yield submit(services, contact, VISIT, {"number": "W-1", "since": "2026-01-01"})

    @contextmanager
    def outside(self) -> Iterator[None]:
        """A gateway on this machine that takes everything."""
        with ThreadingHTTPServer(("127.0.0.1", 0), Willing) as server, pytest.MonkeyPatch.context() as patch:
            patch.setenv(gateway.GATEWAY, f"http://127.0.0.1:{server.server_port}/meters")
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield
            server.shutdown()
            thread.join()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path / "data", {"water_meter": crm_water_meter})
    assert not app.host.failed(), app.host.plugins["water_meter"].trace
    yield app
    app.close()


def days_ago(services: Services, days: int) -> date:
    return services.clock.today() - timedelta(days=days)


def test_the_desk_finds_who_has_a_meter_and_nobody_has_it_twice(app: App) -> None:
    with app.transaction() as services:
        contact = has_meter(services, "W-100")
        assert [hit.thing.id for hit in services.finder.find("w-۱۰۰").hits] == [contact.id]
        with pytest.raises(Invalid) as refused:
            has_meter(services, "W-100")
        assert list(refused.value.errors) == ["water_meter.meter.number"]


def test_a_reading_tells_what_was_used_since_the_one_before(app: App) -> None:
    with app.transaction() as services:
        contact = has_meter(services)
        readings.add(services, contact, 100, days_ago(services, 40))
        assert readings.add(services, contact, 130, days_ago(services, 10)).data["used"] == 30
        for value, day, field in ((120, days_ago(services, 1), "value"), (140, days_ago(services, 20), "day"),
                                  (140, days_ago(services, -1), "day"), (140, days_ago(services, 10), "day")):
            with pytest.raises(Invalid) as refused:
                readings.add(services, contact, value, day)
            assert list(refused.value.errors) == [field]


def test_a_wrong_bill_goes_to_the_office_of_the_district(app: App) -> None:
    with app.transaction() as services:
        unit = services.units.add("آب شمال", name_en="Water office north")
        north, south = has_meter(services, "W-1"), has_meter(services, "W-2", "south")
        assert submit(services, north, BILL, WRONG).unit == unit.id
        assert submit(services, south, BILL, WRONG).unit is None
        with pytest.raises(Veto):
            submit(services, make_contact(services), BILL, WRONG)


def test_an_answer_to_a_wrong_bill_has_words(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, has_meter(services), BILL, WRONG)
        with pytest.raises(Veto) as refused:
            services.requests.change_status(services, request, "upheld")
        assert refused.value.field == "note"
        services.requests.change_status(services, request, "upheld", "کنتور دوباره خوانده شد")


def test_the_head_of_the_office_agrees_to_a_corrected_bill(app: App) -> None:
    with app.transaction() as services:
        office = services.units.add("آب شمال", name_en="Water office north").id
    expert = make_clerk(app, roles=[Role.EXPERT], units=[office])
    head = make_clerk(app, "head", roles=[Role.SUPERVISOR], units=[office])
    with app.transaction(expert) as services:
        id_ = submit(services, has_meter(services), BILL, WRONG).id
    with app.transaction(expert) as services:
        request = services.requests.get(id_)
        with pytest.raises(Invalid) as refused:
            services.requests.change_status(services, request, "corrected", "مبلغ تازه: ۳۰۰٬۰۰۰ تومان")
        assert list(refused.value.errors) == ["approval"]
        services.approvals.ask(services, request, "corrected", "مبلغ تازه: ۳۰۰٬۰۰۰ تومان")
        assert request.status == "received"
    with app.transaction(head) as services:
        (waiting,) = services.approvals.mine()
        services.approvals.approve(waiting)
    with app.reading() as services:
        assert services.requests.get(id_).status == "corrected"


def test_one_citizen_has_one_subsidised_meter(app: App) -> None:
    with app.transaction() as services:
        first, second = (has_meter(services, number, tariff="subsidised") for number in ("W-1", "W-2"))
        with pytest.raises(Veto):
            services.linking.link(first, second, "same person")
        services.contact_fields.edit(second, {meters.METER.id: {"tariff": "household"}})
        services.linking.link(first, second, "same person")


def test_a_merged_citizen_keeps_his_readings(app: App) -> None:
    with app.transaction() as services:
        older, younger = make_contact(services, at=services.now - 1000), has_meter(services, "W-5")
        readings.add(services, younger, 7, services.clock.today())
        services.linking.link(older, younger, "same person")
        (item,) = services.collections[readings.READINGS.id]
        assert str(item.data["contact"]) == str(older.id)
        assert meters.of(services, older)["number"] == "W-5"


def test_remote_readings_are_taken_in_once(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    background = Background(app)
    background.run_job("water_meter.collect")  # without a folder nothing is read
    with app.transaction() as services:
        contact, day = has_meter(services, "W-9").id, days_ago(services, 2).isoformat()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "1.csv").write_text(f"\nW-9,{day},55\nW-9,{day},56\nW-9,soon,57\nW-404,{day},3\n", "utf-8")
    monkeypatch.setenv(remote.INBOX, str(tmp_path / "inbox"))
    background.run_job("water_meter.collect")
    background.run_job("water_meter.collect")
    with app.reading() as services:
        (item,) = services.collections[readings.READINGS.id]
        assert (item.data["value"], item.data["contact"]) == (55, str(contact))
        (unclaimed,) = services.collections[remote.UNCLAIMED.id]
        assert unclaimed.data["number"] == "W-404"
        rows: list[Any] = services.timeline.page([services.contacts.get(contact)]).rows
        assert [(row.thing.channel, row.thing.subject) for row in rows] == [("water_meter.remote", "55 m³")]


@pytest.mark.parametrize("line", [
    "W-9,1960-01-01,5", "W-9,9999-12-31,5", "W-9,0001-01-01,5", "x" * 140_000 + ",2026-01-01,5", '"W-9,2026-01-01',
    "W-9,2026-01-01,-1", "W-9,2026-01-01," + "9" * 30, "W-9,2026-01-01," + "9" * 5_000, "\0,2026-01-01",
    ",2026-01-01,5",
])
def test_one_odd_line_keeps_back_no_other(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    with app.transaction() as services:
        has_meter(services, "W-9")
        day = days_ago(services, 2).isoformat()
    (tmp_path / "inbox" / "0.csv").mkdir(parents=True)
    (tmp_path / "inbox" / "1.csv").write_text(f"{line}\nW-9,{day},55\n", "utf-8")
    monkeypatch.setenv(remote.INBOX, str(tmp_path / "inbox"))
    Background(app).run_job("water_meter.collect")
    with app.reading() as services:
        (item,) = services.collections[readings.READINGS.id]
        assert item.data["value"] == 55
        assert not len(services.collections[remote.UNCLAIMED.id])


def test_a_silent_meter_is_visited_once(app: App) -> None:
    background = Background(app)
    with app.transaction() as services:
        silent, heard = has_meter(services, "W-1"), has_meter(services, "W-2")
        readings.add(services, silent, 5, days_ago(services, 61))
        readings.add(services, heard, 5, days_ago(services, 59))
    background.read_all()
    background.run_job("water_meter.silent")
    background.run_job("water_meter.silent")
    with app.reading() as services:
        (visit,) = services.requests.readable_of(services.contacts.get(silent.id), VISIT)
        assert visit.is_open and visit.title == "W-1"
        assert not services.requests.readable_of(services.contacts.get(heard.id), VISIT)


def test_a_meter_that_was_never_read_is_waited_for(app: App) -> None:
    background = Background(app)
    with app.transaction() as services:
        has_meter(services, "W-3")
    background.read_all()
    with app.reading() as services:
        (known,) = services.collections[readings.REGISTER.id]
        assert known.data["number"] == "W-3" and known.data["last"] == services.clock.today().isoformat()


def test_what_was_nobodys_goes_with_the_copy_and_with_the_erasure(app: App) -> None:
    with app.transaction() as services:
        remote.receive(services, "W-8", days_ago(services, 3), 12)
        contact = has_meter(services, "W-8")
        readings.add(services, contact, 20, services.clock.today())
        copy = services.export.person(contact)
        assert not copy.failed
        (found,) = copy.data["plugins"]["water_meter"][str(contact.id)]["unclaimed_readings"]
        assert found["value"] == 12
        receipt = services.erasure.erase(contact, "asked for it")
        assert "water_meter" in str(receipt)
        assert not any(len(services.collections[id_]) for id_ in (
            remote.UNCLAIMED.id, readings.READINGS.id, readings.REGISTER.id))


def test_the_report_counts_by_district_and_month_what_its_reader_may_know_of(app: App) -> None:
    executive = make_clerk(app, "executive", roles=[Role.EXECUTIVE])
    first, second = date(2026, 8, 30), date(2026, 9, 30)  # Shahrivar and Mehr 1405
    with app.transaction() as services:
        north, other = has_meter(services, "W-1"), has_meter(services, "W-2")
        south, shielded = has_meter(services, "W-3", "south"), has_meter(services, "W-4", "south")
        for contact, used in ((north, 30), (other, 30), (south, 20), (shielded, 1000)):
            readings.add(services, contact, 100, first)
            readings.add(services, contact, 100 + used, second)
        services.contacts.edit(shielded, {"confidentiality": "shielded"})
        since, until = services.clock.moment(date(2026, 9, 23)), services.clock.moment(date(2026, 10, 23))
    with app.reading(executive) as services:
        table = services.reports.table("water_meter.consumption", since, until)
        rows = [(row[0]["en"], app.translator.translate(row[1], "fa"), *row[2:]) for row in table.rows]
    assert rows == [("Mehr 1405", "شمال", 2, 60, 0.75), ("Mehr 1405", "جنوب", 1, 20, 0.25)]

"""Export, erasure and expiry of a person: every duty, with the plugin present and parked, and when its hooks fail."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core import api, builtin
from crm_core.app import App
from crm_core.copies import safe_name
from crm_core.errors import CrmError, Forbidden, Invalid, NotFound, PluginFailed, StaleChange, Veto
from crm_core.exportfile import write
from crm_core.schedule import JobRunner
from crm_core.services import Services
from crm_core.services.exportwords import Words
from crm_core.testing.factories import submit

DAY = 86_400_000


class House:
    """A desk with the plugin of meters, and a citizen of whom everybody has something, in two linked records."""

    def __init__(self, desk: Any, plugin: Any) -> None:
        self.desk, self.plugin, self.app = desk, plugin, desk.app
        self.one = desk.contact("Zahra Karimi", phone="+989120000001")
        self.two = desk.contact("Zohre Karimi", phone="+989120000002")
        self.other = desk.contact("Neighbour Naseri", phone="+989120000003")
        desk.run(self._fill, "clerk")

    def _fill(self, services: Services) -> None:
        one, two, other = (services.contacts.get(id_) for id_ in (self.one, self.two, self.other))
        services.contacts.edit(one, {"notes": "DeskNote", "birth_date": "1980-01-02"})
        services.contacts.relate(one, other, "sibling")
        services.linking.link(one, two, "same card")
        services.contact_fields.edit(one, {"meters.meter": {
            "number": "WM-1", "sort": "home", "note": "OmittedNote", "gate": "GateCode"}})
        services.collections["meters.readings"].add({"who": str(self.two), "day": "2026-01-05", "value": 17})
        services.collections["meters.bills"].add({"payer": self.one, "amount": 990})
        services.collections["meters.bills"].add({"payer": self.other, "amount": 770_991_770_991})
        files = tuple(services.attachments.store(name, "text/plain", io.BytesIO(b"content")) for name in (
            "../../../etc/passwd", "a\\b.txt", "\u202e evil\n.pdf", "." * 300, "CON", "نامه.pdf"))
        case = submit(services, two, builtin.GENERAL, {"category": "service", "place": "Tree Street"},
                      title="A hole", text="There is a *hole*", attachments=files)
        services.requests.change_status(services, case, "answered", "StatusNote")
        services.interactions.log(one, channel="phone", body="SaidByCitizen", requests=(case,))
        services.interactions.log(one, channel="note", direction="internal", body="InternalWords")
        submit(services, other, builtin.GENERAL, {"category": "service"}, title="OthersRequest")

    def person(self, app: App | None = None, **more: Any) -> Any:
        with (app or self.app).reading() as services:
            return services.export.person(services.contacts.get(self.one), language="en", **more)

    def parked(self) -> App:
        return App.open(self.app.settings, [], database=self.app.db)

    def erase(self, app: App | None = None, reason: str = "asked in writing") -> dict[str, Any]:
        receipt: dict[str, Any] = (app or self.app).run(
            lambda services: services.erasure.erase(services.contacts.get(self.one), reason))
        return receipt


@pytest.fixture
def house(open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]) -> House:
    plugin = load_plugin("meters")
    return House(open_desk({"meters": plugin}), plugin)


# ── export ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parked", [False, True], ids=["present", "parked"])
def test_the_copy_holds_everything_of_the_person_and_nothing_of_others(house: House, parked: bool) -> None:
    data = house.person(house.parked() if parked else None).data
    text = json.dumps(data, ensure_ascii=False)
    assert {record["name"] for record in data["records"]} == {"Zahra Karimi", "Zohre Karimi"}
    assert data["relations"] == [{"relation": "Brother or sister", "name": "Neighbour Naseri",
                                  "since": data["relations"][0]["since"]}]
    (group,) = data["contact_fields"]
    assert (group["title"], [(one["label"], one["words"]) for one in group["fields"]]) == (
        "Water meter", [("Meter number", "WM-1"), ("Kind of meter", "Home"), ("Code of the gate", "GateCode")])
    (request,) = data["requests"]
    assert request["title"] == "A hole"
    assert ("Place", "Tree Street") in [(one["label"], one["words"]) for one in request["answers"]]
    assert request["status"] == "Answered"
    (touch,) = data["interactions"]
    assert (touch["subject"], touch["channel"], touch["requests"]) == ("SaidByCitizen", "Phone call", [request["code"]])
    (reading,) = data["collections"]
    assert (reading["title"], reading["data"]) == ("Readings", {"day": "2026-01-05", "value": 17})
    assert reading["fields"][1] == {"name": "value", "label": "Cubic metres", "words": "17"}
    assert data["left_out"] == {"answers": 1, "internal": 1, "meters.bills": 1, "notes": 2}
    assert data["plugins"] == ({} if parked else {"meters": {str(house.one): {"remote_valve": "open"}}})
    for word in ("OmittedNote", "InternalWords", "DeskNote", "StatusNote", "OthersRequest", "770991770991", "The clerk",
                 "+989120000003"):
        assert word not in text
    assert data["failed"] == []


def test_the_organisation_may_add_its_own_notes(house: House) -> None:
    text = json.dumps(house.person(internal=True).data)
    assert all(word in text for word in ("InternalWords", "DeskNote", "StatusNote"))
    assert "OmittedNote" not in text


def test_a_failing_plugin_is_named_and_the_rest_is_there(house: House) -> None:
    house.plugin.FAILING.append("export")
    person = house.person()
    assert {one.plugin for one in person.failed} == {"meters"}
    assert person.data["failed"] == ["meters"]
    assert len(person.data["requests"]) == 1
    assert person.data["contact_fields"]


def test_files_and_pages_stay_in_their_folder(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    words = Words(house.app.translator, "en", "Asia/Tehran")
    with house.app.reading() as services:
        person = services.export.person(services.contacts.get(house.one), language="en")
        assert write(person, folder, words) == 6
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 6 + 2
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in files)
    assert all(path.read_bytes() == b"content" for path in files if path.parent != folder)
    data = json.loads((folder / "contact.json").read_text("utf-8"))
    assert all((folder / one["path"]).is_file() for one in data["requests"][0]["files"])
    page = (folder / "index.md").read_text("utf-8")
    assert "# What is stored of Zahra Karimi" in page
    assert r"There is a \*hole\*" in page
    assert "\u202e" not in page
    with pytest.raises(CrmError):
        write(person, folder, words)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CrmError):
        write(person, link, words)


@pytest.mark.parametrize(("name", "safe"), [
    ("../../etc/passwd", "passwd"), ("a\\b\\c.txt", "c.txt"), ("..", "file"), ("", "file"), ("\x00\n", "file"),
    (".hidden", "hidden"), ("$(rm -rf).sh", "rm_-rf_.sh"), ("نامه‌ی من.pdf", "نامه_ی_من.pdf"),
    ("x" * 400 + ".pdf", "x" * 116 + ".pdf"),
])
def test_names_of_files_are_plain(name: str, safe: str) -> None:
    assert safe_name(name) == safe


# ── erasure ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parked", [False, True], ids=["present", "parked"])
def test_a_person_is_erased_and_the_receipt_says_what_went_and_what_stays(house: House, parked: bool) -> None:
    app = house.parked() if parked else house.app
    with app.reading() as services:
        extent = services.erasure.extent(services.contacts.get(house.one))
        assert (extent.records, extent.requests, extent.open_requests) == (2, 1, 0)
    receipt = house.erase(app)
    assert receipt["removed"] == {"records": 2, "identifiers": 2, "contact_fields": 4, "interactions": 2, "promises": 0,
                                  "files": 6, "collections": {"meters.readings": 1}}
    assert [(one["what"], one["count"]) for one in receipt["kept"]] == [("requests", 1), ("meters.bills", 1)]
    assert all(one["why"]["fa"] and one["why"]["en"] for one in receipt["kept"])
    assert sorted(receipt["tombstones"]) == sorted([str(house.one), str(house.two)])
    assert receipt["plugins"] == {"asked": [] if parked else ["meters"], "failed": []}
    text = json.dumps(receipt, ensure_ascii=False)
    assert not any(word in text for word in ("Zahra", "Karimi", "0000001", "WM-1", "hole"))
    with app.reading() as services:
        assert services.contacts.find(house.one) is None
        assert services.contacts.find(house.two) is None
        assert services.contact_fields.holders("meters.meter", "number", "WM-1") == ()
        assert not services.finder.find("WM-1").hits
        assert services.erasure.receipt(int(receipt["receipt"])) == receipt
        assert len(services.root.collections["meters.readings"].items) == 0
        payers = [item.data["payer"] for item in services.root.collections["meters.bills"].items.values()]
        assert sorted(payers, key=str) == sorted([None, house.other], key=str)
        assert services.contacts.get(house.other).relations == ()


def test_a_hook_that_fails_stops_nothing_and_leaves_nothing(house: House) -> None:
    house.plugin.FAILING.append("erase")
    receipt = house.erase()
    assert receipt["plugins"] == {"asked": ["meters"], "failed": ["meters"]}
    with house.app.reading() as services:
        assert services.contacts.find(house.one) is None
        notes = [item.data.get("note") for item in services.root.collections["meters.bills"].items.values()]
        assert notes == [None, None]  # what the hook wrote before it failed is undone


@pytest.mark.parametrize("reason", ["", "  \u200c ", "Zahra Karimi asked", "Karimi wants it", "number 09120000001",
                                    "call ۰۹۱۲ ۰۰۰ ۰۰۰۲", "x" * 301])
def test_the_reason_says_something_and_nothing_of_the_person(house: House, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        house.erase(reason=reason)
    assert set(refused.value.errors) == {"reason"}
    with house.app.reading() as services:
        assert services.contacts.find(house.one) is not None


def test_what_came_since_it_was_looked_at_is_not_erased_unseen(house: House) -> None:
    with house.app.reading() as services:
        seen = services.erasure.extent(services.contacts.get(house.one)).seen
    house.desk.case(house.two)
    with pytest.raises(StaleChange):
        house.app.run(lambda services: services.erasure.erase(services.contacts.get(house.one), "asked", seen=seen))


def test_only_who_may_knows_and_erases(house: House) -> None:
    def act(services: Services) -> None:
        services.erasure.extent(services.contacts.get(house.one))

    def copy(services: Services) -> None:
        services.export.person(services.contacts.get(house.one))

    for work in (act, copy):
        with pytest.raises(Forbidden):
            house.desk.run(work, "supervisor")
    house.desk.run(act, "admin")
    with pytest.raises(NotFound):
        house.desk.run(copy, "admin")  # runs the installation, and does not read citizens
    house.desk.shield(house.two)
    with pytest.raises(CrmError):
        house.desk.run(act, "admin")
    house.desk.shield(house.one)
    with pytest.raises(NotFound):
        house.desk.run(act, "admin")


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plugin_may_refuse_a_merge_and_its_failure_aborts_it(house: House) -> None:
    def link(services: Services) -> None:
        services.linking.link(services.contacts.get(house.one), services.contacts.get(house.other), "why")

    house.plugin.REFUSING.append("contacts_merging")
    with pytest.raises(Veto, match="Read the meter of Neighbour Naseri first"):
        house.desk.run(link)
    house.plugin.FAILING.append("contacts_merging")
    with pytest.raises(PluginFailed):
        house.desk.run(link)
    with house.app.reading() as services:
        assert services.contacts.get(house.other).group is None


# ── expiry ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parked", [False, True], ids=["present", "parked"])
def test_what_has_had_its_time_goes_with_its_history(house: House, parked: bool) -> None:
    app = house.parked() if parked else house.app

    def later(days: int) -> list[Any]:
        with app.db.reading() as connection:
            services = app.services(connection.root()["crm"], house.desk.who["admin"],
                                    at=services_now(app) + days * DAY)
            return list(services.expiry.due())

    assert later(0) == []
    assert [(one.kind, one.names) for one in later(31)] == [("contact", ("meters.meter.gate",))]
    assert {(one.kind, one.where) for one in later(400)} == {("contact", ""), ("record", "meters.readings")}
    with app.db.transaction("expire") as connection:
        services = app.services(connection.root()["crm"], house.desk.who["admin"], at=services_now(app) + 400 * DAY)
        assert services.expiry.run() == {"request": 0, "contact": 1, "record": 1}
        assert services.expiry.run() == {"request": 0, "contact": 0, "record": 0}
    with app.reading() as services:
        contact = services.contacts.get(house.one)
        assert set(services.contact_fields.values(contact, "meters.meter")) == {"number", "sort", "note"}
        assert "GateCode" not in repr(list(contact.audit.values()))
        assert len(services.root.collections["meters.readings"].items) == 0


def services_now(app: App) -> int:
    with app.reading() as services:
        return services.now


class SlipForm(api.Form):
    code = api.fields.code("Code", expires_days=10)
    kind = api.fields.text("Kind")


def slips() -> ModuleType:
    module = ModuleType("slips")

    @api.hookimpl
    def contribute() -> Iterable[api.Contribution]:
        yield api.RequestType("slips.slip", "Slip", SlipForm, (api.Status("new", api.Category.NEW, "New"),))

    vars(module).update(CRM_API_VERSION=1, contribute=contribute)
    return module


@pytest.mark.parametrize("parked", [False, True], ids=["present", "parked"])
def test_an_answer_that_has_had_its_time_goes_from_its_request(open_desk: Callable[..., Any], parked: bool) -> None:
    desk = open_desk({"slips": slips()})
    citizen = desk.contact("Zahra Karimi")
    code = desk.case(citizen, type_id="slips.slip", answers={"code": "SecretCode", "kind": "kept"}, title="A slip")
    app = App.open(desk.app.settings, [], database=desk.app.db) if parked else desk.app
    for days, expected in ((9, 0), (11, 1), (11, 0)):
        with app.db.transaction("expire") as connection:
            services = app.services(connection.root()["crm"], desk.who["admin"], at=services_now(app) + days * DAY)
            assert services.expiry.run()["request"] == expected
    with app.reading() as services:
        said = services.requests.by_code(code).submission
        assert set(said.answers) == {"kind"}


def test_the_server_removes_it_once_a_day(house: House) -> None:
    ran = JobRunner(house.app).run(builtin.EXPIRY)
    assert ran.error == ""
    assert house.app.registry.jobs[builtin.EXPIRY][1].every == 24 * 60

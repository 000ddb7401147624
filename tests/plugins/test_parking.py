"""Taking a plugin out and in, looking before, and taking its data out for good (architecture §5.2, §5.3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crm_core.app import App
from crm_core.checks import check_app
from crm_core.cli import main
from crm_core.errors import CrmError, Forbidden, NotFound
from crm_core.host import Candidate, State
from crm_core.inspection import brings, leaves, look_at, plugin_rows
from crm_core.operations import LIST_PLUGINS, PURGE_PLUGIN, SWITCH_PLUGIN
from crm_core.purgecopy import export
from crm_core.purging import remove
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.services.audit_trail import Asked
from crm_core.testing.factories import make_clerk, make_contact, submit

Install = Callable[..., list[Candidate]]
OpenWith = Any
TREE = {"kind": "elm", "place": "the yard"}


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


def switch(app: App, plugin: str, enabled: bool) -> dict[str, Any]:
    return SWITCH_PLUGIN.run(app, {"plugin": plugin, "enabled": enabled}, None, no_progress)


def planted(app: App) -> dict[str, str]:
    """A citizen with one open and one closed tree, a conversation about each, a file, and a spot; the codes."""

    def work(services: Services) -> dict[str, str]:
        contact = make_contact(services, "زهرا محمدی")
        file = services.attachments.store("نقشه.txt", "text/plain", BytesIO(b"a map"))
        open_ = submit(services, contact, "good.tree", TREE, attachments=(file,))
        closed = submit(services, contact, "good.tree", {**TREE, "kind": "plane"})
        other = submit(services, contact, "core.general", {"category": "service"})
        for request in (open_, closed, other):
            services.interactions.log(contact, channel="phone", direction="in", body="asked", requests=(request,))
        services.requests.change_status(services, closed, "planted")
        services.collections["good.spots"].add({"number": 7, "street": "لاله", "free_from": "2026-01-01"})
        services.contact_fields.edit(contact, {"good.garden": {"number": "G-17"}})
        return {"open": open_.code, "closed": closed.code, "other": other.code}

    return app.run(work)


def held(app: App, plugin: str = "good") -> dict[str, Any]:
    with app.reading() as services:
        return leaves(services.plugins.held(plugin), "en")


def test_what_an_administrator_puts_out_stays_out_and_comes_back_whole(install: Install, open_with: OpenWith) -> None:
    candidates = install("good")
    app = open_with(candidates)
    codes = planted(app)
    assert switch(app, "good", False) == {
        "plugin": "good", "enabled": False, "changed": True, "effective": None, "reason": ""}
    assert switch(app, "good", False)["changed"] is False
    assert app.host.plugins["good"].state is State.ENABLED  # until the next start
    open_with.close(app)

    app = open_with(candidates)
    assert (app.host.plugins["good"].state, app.host.plugins["good"].reason) == (
        State.DISABLED, "disabled by an administrator")
    with app.transaction() as services:
        parked = services.requests.by_code(codes["open"])
        services.requests.change_status(services, parked, "planted", "without the plugin")
    assert switch(app, "good", True)["changed"] is True
    open_with.close(app)

    app = open_with(candidates)
    assert app.host.plugins["good"].state is State.ENABLED
    with app.reading() as services:
        assert services.requests.by_code(codes["open"]).status == "planted"
        assert [item.data["number"] for item in services.collections["good.spots"]] == [7]


def test_putting_out_is_for_administrators_and_stands_in_the_audit_trail(install: Install, open_with: OpenWith) -> None:
    app = open_with(install("good"))
    clerk = make_clerk(app)
    with pytest.raises(Forbidden):
        app.run(lambda services: services.plugins.switch("good", False), clerk)
    admin = make_clerk(app, "admin", roles=["administrator"])
    app.run(lambda services: services.plugins.switch("good", False), admin)
    with app.reading(admin) as services:
        row = services.audit_trail.page(Asked(kinds=frozenset({"plugin"}))).rows[0]
        assert (row.entry.by, dict(row.changes)) == (admin.user_id, {"enabled": [True, False]})


def test_nothing_is_put_out_that_is_not_there(open_with: OpenWith, install: Install) -> None:
    app = open_with(install("good"))
    with pytest.raises(CrmError):
        switch(app, "god", False)
    planted(app)
    open_with.close(app)
    app = open_with([])
    assert switch(app, "good", False)["changed"] is True, "uninstalled, and with data: it may be put out all the same"


def test_before_it_comes_one_sees_what_it_brings(install: Install) -> None:
    found = brings(install("good")[0], "en")
    assert (found["state"], found["hooks"]) == ("ready", ["before_status", "before_submit", "contribute",
                                                          "timeline_entry"])
    assert [(one["id"], one["personal"]) for one in found["request_types"]] == [("good.tree", ["Place"])]
    assert found["permissions"] == [{"id": "good.plant", "title": "Plant trees", "roles": ["expert"]}]
    assert [one["id"] for one in found["collections"]] == ["good.spots"]
    assert [(one["id"], one["personal"]) for one in found["contact_fields"]] == [
        ("good.garden", ["Number of the garden"])]


@pytest.mark.parametrize("name", ["crashing_import", "crashing_contribute", "future_api"])
def test_a_broken_one_is_seen_to_be_broken_before_it_comes(install: Install, name: str) -> None:
    found = brings(install(name)[0], "en")
    assert found["state"] == "failed" and found["reason"] and found["request_types"] == []


def test_looking_at_a_plugin_touches_no_application(install: Install, open_with: OpenWith) -> None:
    app = open_with([])
    plugin, registry = look_at(install("good")[0])
    assert plugin.state is State.ENABLED and "good.tree" in registry.types
    assert "good.tree" not in app.registry.types and not app.host.plugins


def test_before_it_goes_one_sees_what_stays(install: Install, open_with: OpenWith) -> None:
    app = open_with(install("good"))
    planted(app)
    assert held(app) == {
        "requests": [{"id": "good.tree", "title": "A tree", "open": 1, "closed": 1}],
        "collections": [{"id": "good.spots", "title": "Spots", "records": 1}],
        "contact_fields": [{"id": "good.garden", "title": "Garden", "contacts": 1}],
        "settings": [],
        "personal": [{"id": "good.tree", "title": "A tree", "fields": ["Place"]},
                     {"id": "good.garden", "title": "Garden", "fields": ["Number of the garden"]}],
    }


def test_after_an_uninstall_the_list_says_what_is_left_and_what_to_do(install: Install, open_with: OpenWith) -> None:
    app = open_with(install("good"))
    planted(app)
    assert [row["state"] for row in plugin_rows(app)] == ["enabled"]
    open_with.close(app)
    app = open_with([])
    (row,) = LIST_PLUGINS.run(app, {}, None, no_progress)["plugins"]
    assert (row["id"], row["state"], row["title"]["en"]) == ("good", "gone", "A tree")
    assert row["left"] == {"open": 1, "closed": 1, "records": 1, "contacts": 1, "files": 1, "settings": 0}
    assert row["next"] == "crm plugin purge good --export DIR"


def test_the_command_asks_by_title_before_it_purges(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with(install("good"))
    planted(app)
    open_with.close(app)
    folder = tmp_path / "out"
    words = ["plugin", "purge", "good", "--export", str(folder), "--data", str(app.settings.data)]
    said = CliRunner().invoke(main, words, input="n\n", env={"CRM_LANGUAGE": "en"})
    assert ("stored of “A tree (good)”: 1 open request, 1 closed request, 1 record, fields of 1 citizen, 1 file?"
            in said.output)
    assert said.exit_code == 1
    assert not folder.exists()


def test_what_takes_part_is_not_purged(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with(install("good"))
    planted(app)
    with pytest.raises(CrmError, match="takes part"):
        PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(tmp_path / "out")}, None, no_progress)
    assert held(app)["requests"] and not (tmp_path / "out").exists()


def test_purging_exports_everything_and_leaves_no_trace(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with(install("good"))
    codes = planted(app)
    open_with.close(app)
    app, folder = open_with([]), tmp_path / "out"

    result = PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(folder)}, None, no_progress)

    assert result["left"] == 0
    assert result["removed"] == {"requests": 2, "contact_fields": 1, "collections": 1}
    rows = {name: [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
            for name in ("requests", "collections", "contact_fields", "definitions")}
    assert {row["code"] for row in rows["requests"]} == {codes["open"], codes["closed"]}
    (kept,) = next(row["files"] for row in rows["requests"] if row["code"] == codes["open"])
    assert (folder / kept["path"]).read_bytes() == b"a map"
    assert rows["collections"][0]["data"]["number"] == 7
    assert rows["contact_fields"][0]["answers"]["number"]["value"] == "G-17"
    assert {row["kind"] for row in rows["definitions"]} == {"request type", "form"}
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest

    with app.reading() as services:
        root = services.root
        (contact,) = root.contacts.values()
        assert [request.code for request in contact.requests.values()] == [codes["other"]]
        told = [header for header in contact.timeline.values() if header.type == "good.tree"]
        assert told == []
        talks = [header for header in contact.timeline.values() if header.kind == "interaction"]
        assert sorted(len(header.requests) for header in talks) == [0, 0, 1], "the conversations stay his history"
        assert [code for code in codes.values() if code in root.indexes.codes] == [codes["other"]]
        assert not [id_ for id_ in (*root.current_types, *root.collections) if id_.startswith("good.")]
        assert not any(version.type_id.startswith("good.") for version in root.types.values())
        assert contact.extra == {} and services.contact_fields.holders("good.garden", "number", "G-17") == ()
        assert not any("good.garden" in str(row) for row in (contact.audit or {}).values())
    assert held(app) == {
        "requests": [], "collections": [], "contact_fields": [], "settings": [], "personal": []}
    assert check_app(app)["problems"] == []


def test_a_folder_that_holds_something_is_left_alone(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with(install("good"))
    planted(app)
    open_with.close(app)
    app = open_with([])
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(CrmError, match="not empty"):
        PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(tmp_path)}, None, no_progress)
    assert held(app)["requests"]


@pytest.mark.parametrize("id_", ["core", "", "GOOD", "crm"])
def test_the_cores_own_and_unknown_ones_are_never_purged(
    install: Install, open_with: OpenWith, tmp_path: Path, id_: str
) -> None:
    app = open_with(install("good"))
    codes = planted(app)
    with pytest.raises(NotFound):
        PURGE_PLUGIN.run(app, {"plugin": id_, "folder": str(tmp_path / "out")}, None, no_progress)
    with app.reading() as services:
        assert services.requests.by_code(codes["other"]) and not (tmp_path / "out").exists()


def test_what_was_kept_from_somebody_does_not_come_open(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    """Nothing else would keep the words of a confidential case from those who read its citizen."""
    app = open_with(install("good"))
    clerk = make_clerk(app)

    def work(services: Services) -> tuple[int, int]:
        contact = make_contact(services)
        secret = submit(services, contact, "good.tree", TREE, confidential=True)
        said = services.interactions.log(contact, channel="phone", direction="in", body="whispered", requests=(secret,))
        return contact.id, said.id

    contact, said = app.run(work)
    open_with.close(app)
    app, folder = open_with([]), tmp_path / "out"
    PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(folder)}, None, no_progress)

    told = (folder / "conversations.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["subject"] for line in told] == ["whispered"]
    with app.reading(clerk) as services:
        assert said not in services.root.interactions
        assert list(services.contacts.get(contact).timeline.values()) == []
    assert check_app(app)["problems"] == []


def test_what_changed_since_the_export_stays(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with(install("good"))
    codes = planted(app)
    open_with.close(app)
    app = open_with([])
    counts, seen = export(app, "good", tmp_path / "out")
    app.run(lambda services: services.requests.change_status(
        services, services.requests.by_code(codes["open"]), "planted", "meanwhile"))

    removed = remove(app, "good", seen, SYSTEM, no_progress)

    assert (counts["requests"], removed["requests"]) == (2, 1)
    with app.reading() as services:
        left = services.requests.by_code(codes["open"])
        assert left.status == "planted" and services.forms.form_version(left.submission.form) is not None
    again = PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(tmp_path / "again")}, None, no_progress)
    assert again["removed"]["requests"] == 1 and held(app)["requests"] == []


def test_a_purge_stands_in_the_audit_trail(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    app = open_with(install("good"))
    planted(app)
    admin = make_clerk(app, "admin", roles=["administrator"])
    open_with.close(app)
    app = open_with([])
    PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(tmp_path / "out")}, None, no_progress)
    with app.reading(admin) as services:
        (row,) = services.audit_trail.page(Asked(kinds=frozenset({"plugin.purged"}))).rows
        assert row.thing.plugin == "good"
        assert dict(row.changes) == {"requests": [2, 0], "contact_fields": [1, 0], "collections": [1, 0]}

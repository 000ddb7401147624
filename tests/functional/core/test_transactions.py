"""Transactions: retry, one-time keys, attachments over a retry, reading that cannot write (architecture §5.9–§5.11)."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import transaction
import zodburi
from transaction.interfaces import TransientError
from ZODB.POSException import ConflictError

from crm_core import builtin
from crm_core.app import App
from crm_core.db import ATTEMPTS, Database, root_of
from crm_core.errors import CrmError, DatabaseBusy, Invalid, Taken
from crm_core.services import Services
from crm_core.services.once import new_key
from crm_core.settings import Settings
from crm_core.testing.crowd import together
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit


class Meddler:
    """Changes a contact's notes in a transaction of its own, as somebody else would, while ours is open."""

    def __init__(self, app: App, contact: int) -> None:
        self.app = app
        self.contact = contact
        self.times = 0

    def __call__(self) -> None:
        self.times += 1

        def work(services: Services) -> None:
            services.contacts.edit(services.contacts.get(self.contact), {"notes": f"theirs {self.times}"})

        thread = threading.Thread(target=self.app.run, args=(work,))
        thread.start()
        thread.join()


@pytest.fixture
def contact(app_on_each: App) -> int:
    return app_on_each.run(lambda services: make_contact(services).id)


def test_a_conflict_is_tried_again_until_it_goes_through(app_on_each: App, contact: int) -> None:
    """§5.9, on each storage: forced three times; what the failed tries wrote is gone."""
    meddler = Meddler(app_on_each, contact)
    tries = []

    def work(services: Services) -> str:
        mine = services.contacts.get(contact)
        before = mine.notes
        tries.append(before)
        services.interactions.log(mine, channel="phone", body=f"try {len(tries)}")
        if len(tries) < 4:
            meddler()
        services.contacts.edit(mine, {"notes": f"{before}, mine"})
        return mine.notes

    assert app_on_each.run(work) == "theirs 3, mine"
    assert tries == ["", "theirs 1", "theirs 2", "theirs 3"]
    with app_on_each.reading() as services:
        assert [touch.subject for touch in services.root.interactions.values()] == ["try 4"]
        assert services.contacts.get(contact).notes == "theirs 3, mine"


def test_six_attempts_and_then_the_conflict_is_told(app: App) -> None:
    """§5.9"""
    contact = app.run(lambda services: make_contact(services).id)
    meddler = Meddler(app, contact)

    def work(services: Services) -> None:
        mine = services.contacts.get(contact)
        meddler()
        services.contacts.edit(mine, {"notes": "mine"})

    with pytest.raises(ConflictError):
        app.run(work)
    assert meddler.times == ATTEMPTS == 6


@pytest.mark.parametrize("error", [Taken, ValueError, KeyboardInterrupt])
def test_what_is_no_conflict_is_not_tried_again_and_stores_nothing(app: App, error: type[BaseException]) -> None:
    tries = []

    def work(services: Services) -> None:
        tries.append(make_contact(services))
        raise error

    with pytest.raises(error):
        app.run(work)
    assert len(tries) == 1
    with app.reading() as services:
        assert len(services.root.contacts) == 0


def test_any_transient_error_is_tried_again(app: App) -> None:
    """§5.9: on TransientError, not on ConflictError alone; a loop for the latter lost a writer in a trial."""
    class Cold(TransientError):
        pass

    tries = []

    def work(services: Services) -> int:
        tries.append(1)
        if len(tries) < ATTEMPTS:
            raise Cold
        return len(tries)

    assert app.run(work) == ATTEMPTS


def test_an_attachment_keeps_its_bytes_over_a_retry(app_on_each: App, contact: int) -> None:
    """§5.9, on each storage: the file is read again from its beginning; also one that fits no buffer."""
    meddler = Meddler(app_on_each, contact)
    content = os.urandom(3_000_000)
    source = io.BytesIO(content)
    tries = []

    def work(services: Services) -> None:
        tries.append(1)
        mine = services.contacts.get(contact)
        services.contacts.edit(mine, {"gender": f"{len(tries)}"})
        attachment = services.attachments.store("نامه.pdf", "application/pdf", source)
        services.interactions.log(mine, channel="email", body="پیوست", attachments=(attachment,))
        if len(tries) == 1:
            meddler()

    app_on_each.run(work)
    assert len(tries) == 2
    with app_on_each.reading() as services:
        (touch,) = services.root.interactions.values()
        (attachment,) = touch.attachments
        assert (attachment.name, attachment.size) == ("نامه.pdf", len(content))
        with attachment.blob.open("r") as stored:
            assert stored.read() == content


# ── one-time keys ────────────────────────────────────────────────────────────────────────────────────────────


def test_two_who_send_one_key_at_once_store_one_record(app_on_each: App) -> None:
    """§5.10, on each storage: the second answers with the first one's result."""
    clerk = make_clerk(app_on_each)
    for round_ in range(3):
        key = new_key()

        def send(_which: int, key: str = key) -> Any:
            def work(services: Services) -> Any:
                known = services.once.result(key)
                if known is not None:
                    return known
                request = submit(services, None, builtin.GENERAL, {"category": "service"})
                services.once.remember(key, {"code": request.code})
                return {"code": request.code}

            return app_on_each.run(work, clerk)

        first, second = together(send, 2)
        assert first == second
        with app_on_each.reading() as services:
            assert len(services.root.requests) == round_ + 1


def test_a_key_is_its_owners_and_any_text_is_one(app: App) -> None:
    """§5.10: nobody learns another's result; keys that begin alike are not alike."""
    maryam, reza = make_clerk(app, "maryam"), make_clerk(app, "reza")
    keys = ["k", "K", "x" * 64, "x" * 65, "x" * 100_000, "\ud800", "\0", "کلید", "1:2"]
    with app.transaction(maryam) as services:
        for number, key in enumerate(keys):
            assert services.once.result(key) is None
            services.once.remember(key, {"number": number})
        services.once.remember("", {"number": -1})
    with app.transaction(maryam) as services:
        assert [services.once.result(key) for key in keys] == [{"number": n} for n in range(len(keys))]
        assert services.once.result("") is None
    with app.reading(reza) as services:
        assert {services.once.result(key) for key in keys} == {None}
    assert len({new_key() for _ in range(100)}) == 100


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reading_transaction_cannot_commit(app_on_each: App) -> None:
    """§5.11"""
    with app_on_each.db.reading() as connection:
        root = root_of(connection)
        manager = connection.transaction_manager
        app_on_each.services(root, make_clerk(app_on_each)).contacts.create(name="x")
        assert connection._registered_objects
        with pytest.raises(transaction.interfaces.DoomedTransaction):
            manager.commit()
    with app_on_each.reading() as services:
        make_contact(services)
    with app_on_each.reading() as services:
        assert len(services.root.contacts) == 0


def test_looking_registers_nothing(app: App) -> None:
    """§5.11: finding, reading histories, counting and listing change no object, not even of a unit without work."""
    clerk = make_clerk(app)

    def fill(services: Services) -> int:
        contact = make_contact(services)
        submit(services, contact, builtin.GENERAL, {"category": "service"})
        services.interactions.log(contact, channel="phone", body="x")
        return contact.id

    id_ = app.run(fill)
    with app.db.reading() as connection:
        services = app.services(root_of(connection), clerk)
        contact = services.contacts.get(id_)
        services.finder.find(contact.name)
        services.finder.find("0912")
        services.timeline.page([contact])
        services.timeline.tally([contact])
        services.duplicates.of(contact)
        services.requests.count_work(unit=12345)
        services.requests.count_work(user=12345)
        services.requests.readable_of(contact)
        services.once.result("x")
        services.users.user_of_session("x")
        assert connection._registered_objects == []


def test_notes_of_transactions_name_what_ran(app: App) -> None:
    app.run(lambda services: make_contact(services), note="desk: new contact")
    last = list(app.db.db.storage.iterator())[-1]
    assert last.description == b"desk: new contact"


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.file_storage
def test_a_second_writer_on_the_same_file_is_refused_and_a_reader_is_not(app: App) -> None:
    """§8: reading commands open the file beside the server."""
    with pytest.raises(DatabaseBusy):
        Database.open(app.settings)
    app.run(lambda services: make_contact(services, "مریم"))
    beside = App.open(app.settings, [], read_only=True)
    with beside.reading() as services:
        assert [contact.name for contact in services.root.contacts.values()] == ["مریم"]
    beside.close()


def test_nothing_is_left_locked_by_a_start_that_failed(tmp_path: Path) -> None:
    for _again in range(2):
        with pytest.raises(CrmError):
            make_app(tmp_path, plugins_required=("absent",))
    make_app(tmp_path).close()


def test_reading_what_was_never_made_says_so(tmp_path: Path, zeo_uri: str) -> None:
    with pytest.raises(CrmError, match="no database"):
        Database.open(Settings(data=tmp_path / "nowhere"), read_only=True)
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(CrmError, match="holds no data"):
        Database.open(Settings(data=tmp_path, zodburi=zeo_uri), read_only=True)


@pytest.mark.parametrize("name", ["plain", "with space", "داده‌ها", "q?x=1#y", "%41"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    """§8: zodburi would cut a path at "?"."""
    app = make_app(tmp_path / name)
    app.run(lambda services: make_contact(services))
    app.close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [name]
    again = make_app(tmp_path / name)
    with again.reading() as services:
        assert len(services.root.contacts) == 1
    again.close()


@pytest.mark.postgresql
def test_four_may_make_one_database_at_once(postgresql_uri: str, tmp_path: Path) -> None:
    """§5.14: the first start of several web processes; each finds the one root."""
    zodburi.resolve_uri(postgresql_uri)[0]().close()  # RelStorage's own tables: those it cannot make twice at once
    apps = together(lambda number: make_app(tmp_path / str(number), zodburi=postgresql_uri), 4)
    for number, app in enumerate(apps):
        app.run(lambda services, number=number: make_contact(services, f"contact {number}"))
    with apps[0].reading() as services:
        assert len(services.root.contacts) == 4
    for app in apps:
        app.close()


def test_invalid_input_leaves_the_transaction_clean(app: App) -> None:
    """A refusal inside a bigger transaction stores nothing of what was refused."""
    with app.transaction() as services:
        make_contact(services, "one")
        with pytest.raises(Invalid):
            services.contacts.create(name="two", identifiers=[("phone", "1")])
    with app.reading() as services:
        assert [contact.name for contact in services.root.contacts.values()] == ["one"]
        assert [hit.title for hit in services.finder.find("two").hits] == []

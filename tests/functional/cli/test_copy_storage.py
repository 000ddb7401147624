"""``crm copy-storage``: between folders and servers, compared, refused where something lies already."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ZODB.blob import Blob

from crm_core.db import Database
from crm_core.errors import CrmError, NotFound
from crm_core.settings import Settings
from crm_core.storage import open_uri, transactions
from crm_core.storagecopy import UNFINISHED, Differs, copy_storage
from crm_core.testing.begun import begin

RunCrm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A data folder with some history, blobs among it."""
    folder = tmp_path / "filled"
    begin(folder)
    with closing(Database.open(Settings(folder, search="none"))) as db:
        for number in range(5):
            db.run(lambda connection, number=number: write(connection, number), note=f"یادداشت {number}")
    return folder


def write(connection: Any, number: int) -> None:
    connection.root()["kept"] = [number, Blob(b"blob %d" % number * 1000)]
    connection.root()[f"word{number}"] = "سلام" * number


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.mark.postgresql
def test_there_and_back_again(crm: RunCrm, filled: Path, postgresql_uri: str, tmp_path: Path) -> None:
    done = crm("copy-storage", str(filled), postgresql_uri, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["blobs"], told["missing"]) == (5, 0)
    assert told["objects"] > 4000
    with closing(Database.open(Settings(tmp_path / "desk", zodburi=postgresql_uri))) as db, db.reading() as connection:
        number, blob = connection.root()["kept"]
        with blob.open("r") as file:
            assert (number, file.read()) == (4, b"blob 4" * 1000)
    with pytest.raises(CrmError, match="is not empty"):
        copy_storage(str(filled), postgresql_uri, tmp_path, quiet)
    copy_storage(postgresql_uri, str(tmp_path / "back"), tmp_path, quiet)
    assert not (tmp_path / f"back{UNFINISHED}").exists()
    with closing(Database.open(Settings(tmp_path / "back", search="none"), read_only=True)) as db:
        notes = [one.description.decode() for one in transactions(db.db.storage)]
    assert [f"یادداشت {number}" for number in range(5)] == notes[-5:]


@pytest.mark.zeo
def test_out_of_a_zeo_server_and_not_into_one(zeo_uri: str, tmp_path: Path) -> None:
    with closing(Database.open(Settings(tmp_path / "client", search="none", zodburi=zeo_uri))) as db:
        db.run(lambda connection: write(connection, 1))
    copied = copy_storage(zeo_uri, str(tmp_path / "out"), tmp_path, quiet)
    assert (copied.blobs, copied.missing) == (1, 0)
    with pytest.raises(CrmError, match="takes no transactions"):
        copy_storage(str(tmp_path / "out"), zeo_uri, tmp_path, quiet)


def test_who_is_in_the_way_is_told(crm: RunCrm, filled: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no database"):
        copy_storage(str(tmp_path / "nowhere"), str(tmp_path / "to"), tmp_path, quiet)
    with pytest.raises(CrmError, match="not empty"):
        copy_storage(str(filled), str(filled), tmp_path, quiet)
    with closing(Database.open(Settings(filled, search="none"))):
        assert crm("copy-storage", str(filled), str(tmp_path / "to")).returncode == 4
    assert not (tmp_path / "to").exists()


def test_a_killed_copy_is_told_and_never_taken_for_whole(
    crm_words: tuple[str, ...], filled: Path, tmp_path: Path
) -> None:
    with closing(Database.open(Settings(filled, search="none"))) as db:
        for number in range(300):
            db.run(lambda connection, number=number: write(connection, number))
    process = subprocess.Popen([*crm_words, "copy-storage", str(filled), str(tmp_path / "to")])
    unfinished = tmp_path / f"to{UNFINISHED}"
    while process.poll() is None and not (unfinished / "blobs" / "0x00").exists():
        pass
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "to").exists()
    with pytest.raises(CrmError, match=f"Remove “{unfinished}” and begin again"):
        copy_storage(str(filled), str(tmp_path / "to"), tmp_path, quiet)


@pytest.mark.postgresql
def test_a_difference_is_found(filled: Path, postgresql_uri: str, tmp_path: Path) -> None:
    """What a server stores otherwise than it was given is not taken for a copy: here a trigger spoils one state."""
    import psycopg2

    with closing(open_uri(postgresql_uri, tmp_path / "cache")):
        pass
    server, name = postgresql_uri.partition("?")[0].rsplit("/", 1)
    words = server.removeprefix("postgres://crm@").split(":")
    with closing(psycopg2.connect(host=words[0], port=words[1], user="crm", dbname=name)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                           "IF NEW.zoid = 0 THEN NEW.state = NEW.state || '\\x00'; END IF; RETURN NEW; END $$")
            cursor.execute("CREATE TRIGGER spoil BEFORE INSERT ON object_state FOR EACH ROW EXECUTE FUNCTION spoil()")
    with pytest.raises(Differs):
        copy_storage(str(filled), postgresql_uri, tmp_path, quiet)

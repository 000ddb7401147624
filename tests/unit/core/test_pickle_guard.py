"""The pickle guard finds every class that may not be stored, on any storage (architecture §5.1)."""

from __future__ import annotations

import contextlib
import datetime
import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import transaction
import ZODB
import zodburi
from persistent import Persistent
from persistent.mapping import PersistentMapping
from ZODB.FileStorage import FileStorage

from crm_core import guard
from crm_core.app import App
from crm_core.guard import foreign_globals, globals_of
from crm_core.model.contact import Confidentiality, Contact, Identifier
from crm_core.settings import Settings
from crm_core.testing.begun import last_of_beginning
from crm_core.testing.factories import make_app
from crm_core.testing.guard import only_core_classes


class PluginThing(Persistent):
    """What a careless plugin would store."""

    def __init__(self) -> None:
        self.day = datetime.date(2026, 11, 22)


class Shouting(list[str]):
    """A list that would be pickled by its class."""


@contextlib.contextmanager
def database(storage: Any) -> Iterator[tuple[Any, Callable[..., None]]]:
    """(storage, a function that commits named objects into its root)."""
    db = ZODB.DB(storage)

    def put(**things: Any) -> None:
        manager = transaction.TransactionManager(explicit=True)
        manager.begin()
        connection = db.open(manager)
        connection.root().update(things)
        manager.commit()
        connection.close()

    try:
        yield db.storage, put
    finally:
        db.close()


@pytest.fixture(params=["file", pytest.param("zeo", marks=pytest.mark.zeo),
                        pytest.param("postgresql", marks=pytest.mark.postgresql)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "file":
        return FileStorage(str(tmp_path / "Data.fs"))
    factory, _options = zodburi.resolve_uri(request.getfixturevalue(f"{request.param}_uri"))
    return factory()


def test_foreign_classes_are_named_with_the_objects_they_are_in(storage: Any) -> None:
    """§5.1, on each storage: of a plugin's own class, and of a library's inside one of ours."""
    contact = Contact()
    contact.identifiers = (Identifier("phone", "+989121234567"),)
    with database(storage) as (raw, put):
        put(contact=contact, tree=PersistentMapping(a=1))
        assert foreign_globals(raw) == {}
        careless = Contact()
        careless.extra["share"] = Fraction(1, 3)
        put(contact=careless, thing=PluginThing())
        found = foreign_globals(raw)
        thing = f"{PluginThing.__module__}.PluginThing"
        assert set(found) == {"datetime.date", "fractions.Fraction", thing}
        assert len(found[thing]) == 2  # the root that refers to it names its class too
        assert len(found["datetime.date"]) == 1
        assert found["datetime.date"][0] in found[thing]


def test_an_enumeration_of_our_own_is_foreign_too(tmp_path: Path) -> None:
    """§5.1: enum *values* are stored."""
    contact = Contact()
    contact.confidentiality = Confidentiality.CONFIDENTIAL
    with database(FileStorage(str(tmp_path / "Data.fs"))) as (raw, put):
        put(contact=contact)
        assert set(foreign_globals(raw)) == {"crm_core.model.contact.Confidentiality"}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [OrderedDict(a=1), Shouting(["a"]), Fraction(1, 3), datetime.timedelta(1)], ids=repr)
def test_every_way_to_pickle_a_class_is_read(value: Any, protocol: int) -> None:
    """§5.1: and no code of it is run."""
    record = pickle.dumps(Contact, 2) + pickle.dumps({"state": [value, value]}, protocol)
    kind = type(value)
    assert f"{kind.__module__}.{kind.__qualname__}" in globals_of(record)


def test_a_class_that_the_model_has_no_more_is_foreign(tmp_path: Path) -> None:
    with database(FileStorage(str(tmp_path / "Data.fs"))) as (raw, put):
        put(contact=Contact())
        path = tmp_path / "Data.fs"
        data = path.read_bytes().replace(b"crm_core.model.contact\nContact\n", b"crm_core.model.contact\nContucT\n")
        (tmp_path / "changed.fs").write_bytes(data)
        assert foreign_globals(raw) == {}
    changed = FileStorage(str(tmp_path / "changed.fs"), read_only=True)
    try:
        assert set(foreign_globals(changed)) == {"crm_core.model.contact.ContucT"}
    finally:
        changed.close()


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guard of connections would refuse is stored, as an older version or another program might have."""
    monkeypatch.setattr(guard, "_watched", lambda writer: writer.persistent_id)


@pytest.mark.usefixtures("unwatched")
def test_a_new_installation_holds_only_the_cores_classes(tmp_path: Path) -> None:
    app = App.open(Settings(data=tmp_path, search="none"), [])
    try:
        only_core_classes(app)
        with app.db.transaction() as connection:
            connection.root()["thing"] = PluginThing()
        with pytest.raises(AssertionError, match="PluginThing"):
            only_core_classes(app)
    finally:
        app.close()


@pytest.mark.usefixtures("unwatched")
def test_what_is_added_to_a_copy_of_an_empty_database_is_found_too(tmp_path: Path) -> None:
    """`factories.make_app` begins with a copy, of which only what came later is looked through."""
    app = make_app(tmp_path)
    try:
        after = last_of_beginning(app.db.db.storage)
        assert after is not None
        only_core_classes(app)
        with app.db.transaction() as connection:
            connection.root()["thing"] = PluginThing()
        with pytest.raises(AssertionError, match="PluginThing"):
            only_core_classes(app)
        assert foreign_globals(app.db.db.storage, after) == foreign_globals(app.db.db.storage)
        with app.db.transaction() as connection:
            del connection.root()["thing"]
        app.db.pack(0)
        only_core_classes(app)
    finally:
        app.close()


def test_a_copy_that_did_not_stay_as_it_was_is_looked_through_as_a_whole(tmp_path: Path) -> None:
    make_app(tmp_path).close()
    path = tmp_path / "Data.fs"
    content = path.read_bytes().replace(b"crm_core.model.journal\nStream\n", b"crm_core.model.journal\nStrEam\n", 1)
    assert content != path.read_bytes()
    path.write_bytes(content)
    storage = FileStorage(str(path), read_only=True)
    try:
        assert last_of_beginning(storage) is None
        assert set(foreign_globals(storage, last_of_beginning(storage))) == {"crm_core.model.journal.StrEam"}
    finally:
        storage.close()


def test_each_copy_of_an_empty_database_is_its_own(tmp_path: Path) -> None:
    """Two in one process share nothing; one that lies there already is left alone."""
    first, second = make_app(tmp_path / "first"), make_app(tmp_path / "second")
    try:
        first.run(lambda services: services.units.add("One"))
        with second.reading() as services:
            assert not services.root.units
    finally:
        first.close()
        second.close()
    again = make_app(tmp_path / "first")
    try:
        with again.reading() as services:
            assert len(services.root.units) == 1
    finally:
        again.close()

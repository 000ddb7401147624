"""Packing and backing up one installation exclude each other, in whatever process, on whatever machine: what a pack
gives back, a backup would miss in the middle of reading it. Whoever comes second is told who is at it, and since when.

On one machine a lock of the kernel does it, which ends with its process. Where several machines open the storage, it is
claimed in there, as for the jobs of the night; a claim of somebody who was killed runs out.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from BTrees.OOBTree import OOBTree
from ZODB.Connection import Connection

from crm_core.chores import BACKUP, CHORES, PACK
from crm_core.claims import Claimant, Place, renewed
from crm_core.db import Database, root_of
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.model.ids import now_ms
from crm_core.model.root import Root
from crm_core.model.runs import JobState
from crm_core.settings import Settings
from crm_core.storage import open_storage

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)
LOCK = "upkeep.lock"
LEASE = 6 * 60_000
"""Milliseconds for which somebody at work by hand who was killed keeps others away; renewed six times as often."""


class AtWork(CrmError):
    """A pack or a backup is under way."""


def at_work(what: str = "", where: str = "", since: int = 0, timezone: str = "UTC") -> AtWork:
    """What to say of the chore ``what`` (`BACKUP` or `PACK`): the machine and process, the moment in ms UTC."""
    values = {"where": where, "since": _clock(since, timezone)}
    if where and what == BACKUP:
        return AtWork(_("A backup is at work on ${where}, since ${since}. Try again when it is over.", mapping=values))
    if where and what == PACK:
        return AtWork(_("A pack is at work on ${where}, since ${since}. Try again when it is over.", mapping=values))
    return AtWork(_("A backup or a pack is at work. Try again when it is over."))


def _clock(moment: int, timezone: str) -> str:
    return datetime.fromtimestamp(moment / 1000, ZoneInfo(timezone)).isoformat(" ", "minutes")


# ── one machine ──────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def alone(data: Path, what: str = "", timezone: str = "UTC") -> Iterator[None]:
    """Nobody else on this machine packs or backs up the installation in ``data`` meanwhile. Raises AtWork.

    The lock is the kernel's and ends with its process, however that ends. In its file stands who has it.
    """
    handle = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise at_work(*_holder(handle), timezone) from error
        _say(handle, [what, f"{socket.gethostname()}, {os.getpid()}", now_ms()])
        yield
    finally:
        os.close(handle)


def _say(handle: int, who: list[str | int]) -> None:
    """Write into the file of the lock who has it, if there is room for that."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(who).encode(), 0)
    except OSError:
        log.warning("who packs or backs up could not be written down", exc_info=True)


def _holder(handle: int) -> tuple[str, str, int]:
    """What stands in the file of the lock; nothing where its owner has not written it yet."""
    try:
        what, where, since = json.loads(os.pread(handle, 1000, 0))
        return str(what), str(where), int(since)
    except ValueError:
        return "", "", 0


# ── several machines ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Place:
    settings: Settings
    db: Database


def others_at_work(root: Root, claimant: Claimant, what: str) -> list[tuple[str, JobState]]:
    """The other chores at which somebody else is, on whatever machine: beside them ``what`` may not begin.

    Asked in the transaction that claims, two of them that are claimed at one moment meet.
    """
    states = [(chore.id, state) for chore in CHORES
              if chore.alone and chore.id != what and (state := (root.jobs or {}).get(chore.id)) is not None]
    for _id, state in states:
        root._p_jar.readCurrent(state)
    return [(id_, state) for id_, state in states if not claimant.may_take(state)]


def who_is_at_work(root: Root, claimant: Claimant, what: str, timezone: str) -> AtWork:
    """What to raise where ``what`` may not begin."""
    own = state_of(root, what)
    mine = [] if claimant.may_take(own) else [(what, own)]
    for id_, state in (*others_at_work(root, claimant, what), *mine):
        return at_work(id_, state.claimed_where, state.claimed_at, timezone)
    return at_work()


def state_of(root: Root, id_: str) -> JobState:
    """How a job stands; made where nothing was known of it yet."""
    if root.jobs is None:
        root.jobs = OOBTree()
    state: JobState | None = root.jobs.get(id_)
    if state is None:
        state = root.jobs[id_] = JobState()
    return state


@contextmanager
def claimed(place: Place, what: str) -> Iterator[None]:
    """Nobody else packs or backs up the storage meanwhile, on whatever machine, by hand or at night. Raises AtWork.

    Where the data lie in a file, `alone` is enough, and nothing is written behind a pack.
    """
    if place.settings.is_file_storage:
        yield
        return
    claimant = Claimant(place, LEASE)

    def claim(connection: Connection) -> None:
        root = root_of(connection)
        if others_at_work(root, claimant, what) or not claimant.take(state_of(root, what)):
            raise who_is_at_work(root, claimant, what, place.settings.timezone)

    def renew() -> None:
        place.db.run(lambda connection: claimant.renew(state_of(root_of(connection), what)), f"{what}: claim")

    def release(connection: Connection) -> None:
        state = state_of(root_of(connection), what)
        if claimant.is_mine(state):
            claimant.release(state)

    place.db.run(claim, f"{what}: claim")
    try:
        with renewed(renew, LEASE, what):
            yield
    finally:
        try:
            place.db.run(release, f"{what}: release")
        except Exception:  # what was done is done; the claim runs out
            log.exception("the claim of %s could not be given back", what)


@contextmanager
def claimed_by_hand(settings: Settings, what: str) -> Iterator[None]:
    """`claimed` for a command that has the storage open for reading only."""
    if settings.is_file_storage:
        yield
        return
    db = Database(open_storage(settings), steps=())  # nothing is brought to a newer layout on the way
    try:
        with claimed(_Place(settings, db), what):
            yield
    finally:
        db.close()

"""The one object everything hangs on. Adding an attribute here needs an evolve step for databases that exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOBTree, OOTreeSet
from persistent import Persistent

from crm_core.model.journal import Stream
from crm_core.model.sharded import PrefixIndex, Sharded, SuffixShardedIndex
from crm_core.model.timers import TimerBook

STREAMS = 16
ROOT_KEY = "crm"


class Indexes(Persistent):
    """Exact look-ups and ordered name indexes, kept in the transaction of the change."""

    def __init__(self) -> None:
        self.phones = SuffixShardedIndex()
        self.identifiers = Sharded(str)
        """``scheme:value`` → tuple of contact ids (all schemes but phones)."""
        self.names = PrefixIndex()
        self.heard = PrefixIndex()
        self.codes = Sharded(str)
        """tracking code → request id"""
        self.external = Sharded(str)
        """``contact:source:id`` or ``request:source:id`` → (id, digest of the imported row)"""

    def holders(self, scheme: str, value: str) -> Iterable[int]:
        """The ids of contacts that hold an identifier (in normal form; upper and lower case are one)."""
        if scheme == "phone":
            return self.phones.exactly(value)
        holders: tuple[int, ...] = self.identifiers.get(_identifier_key(scheme, value), ())
        return holders

    def hold(self, scheme: str, value: str, contact: int) -> None:
        """File a contact under an identifier."""
        if scheme == "phone":
            self.phones.add(value, contact)
            return
        key = _identifier_key(scheme, value)
        holders = self.identifiers.get(key, ())
        if contact not in holders:
            self.identifiers[key] = (*holders, contact)

    def release(self, scheme: str, value: str, contact: int) -> None:
        """Take a contact out of an identifier's holders."""
        if scheme == "phone":
            self.phones.discard(value, contact)
            return
        key = _identifier_key(scheme, value)
        rest = tuple(other for other in self.identifiers.get(key, ()) if other != contact)
        if rest:
            self.identifiers[key] = rest
        elif key in self.identifiers:
            del self.identifiers[key]


def _identifier_key(scheme: str, value: str) -> str:
    return f"{scheme}:{value.casefold()}"


class Root(Persistent):
    """All of an organisation's data. Trees of people and their work are `Sharded`; small configuration is not."""

    contact_fields: Any = None
    """OOBTree of the id of a group of contact fields → digest of its newest form version; made when needed"""
    erasures: Any = None
    """LOBTree of receipt id → receipt of an erasure, plain and without the person; made when needed"""
    plugins: Any = None
    """OOBTree of plugin id → PluginSettings, for those about which something was decided; made when needed"""
    jobs: Any = None
    """OOBTree of job id → JobState, also of plugins that are absent; made when needed"""
    readers: Any = None
    """OOBTree of reader id → ReaderState, also of plugins that are absent; made when needed"""
    effects: Any = None
    """OOBTree of effect id → EffectState, also of plugins that are absent; made when needed"""
    timers: Any = None
    """TimerBook; in an older database made when needed"""
    projections: Any = None
    """OOBTree of ``id@place`` → ProjectionState; made when needed, never where one process holds the storage"""
    processes: Any = None
    """OOBTree of the session of an opened storage → ProcessState; made when needed, as projections"""
    web_secret: str = ""
    """What the web processes of all machines sign cookies with; made when needed, never where one process holds the
    storage"""
    channels: Any = None
    """OOBTree of channel id → (labels, icon) of every channel that a plugin ever added; made when needed"""
    calendars: Any = None
    """LOBTree of unit id (0: the organisation) → `Calendar`; made when needed"""
    targets: Any = None
    """the `TargetTable` for first answers and solutions; made when needed"""
    promises: Any = None
    """what was promised to citizens; made when needed"""
    approvals: Any = None
    """ApprovalBook: what waits for a decision, and who stands in for whom; made when needed"""
    notices: Any = None
    """LOBTree of user id → what that member of staff was told; made when needed"""

    def __init__(self) -> None:
        self.contacts = Sharded(int)
        self.requests = Sharded(int)
        self.interactions = Sharded(int)
        self.unidentified = Sharded(int)
        """interaction id → Interaction whose contact is not known yet"""
        self.unit_work = LOBTree()
        """unit id (0: none) → WorkList"""
        self.user_work = LOBTree()
        """user id → WorkList"""
        self.closed = OOBTree()
        """(unit id, "YYYY-MM" closed in UTC) → LOBTree of request id → Request"""
        self.indexes = Indexes()
        self.forms = Sharded(str)
        self.types = Sharded(str)
        """digest → TypeVersion"""
        self.current_types = OOBTree()
        """request type id → digest of its newest version"""
        self.collections = OOBTree()
        self.units = LOBTree()
        self.users = LOBTree()
        self.logins = OOBTree()
        """folded login → user id"""
        self.sessions = Sharded(str)
        self.once = Sharded(str)
        """submission key → `OnceRow`: what the form it came with led to"""
        self.journal: tuple[Any, ...] = tuple(Stream() for _ in range(STREAMS))
        self.bulk_journal = Stream()
        self.tombstones = Sharded(int)
        """id of what was erased → milliseconds; applied again after a restore"""
        self.type_settings = OOBTree()
        """request type id → TypeSettings, for the few an administrator said something about"""
        self.evolved = OOTreeSet()
        self.timers = TimerBook()

"""What every service needs: the root of this transaction, who acts, when, and where it is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from persistent import Persistent

from crm_core.errors import StaleChange
from crm_core.journal import Journal
from crm_core.model.attachment import Attachment
from crm_core.model.ids import new_id
from crm_core.model.record import Record
from crm_core.model.root import Root
from crm_core.security.identity import Identity

if TYPE_CHECKING:
    from crm_core.host import PluginHost
    from crm_core.i18n import Translator
    from crm_core.registry import Registry
    from crm_core.services import Services
    from crm_core.services.lately import Lately
    from crm_core.services.textsearch import TextSearch
    from crm_core.settings import Settings


@dataclass
class Context:
    """One transaction's work by one identity. ``now`` is milliseconds UTC and stands still during the transaction."""

    root: Root
    identity: Identity
    now: int
    registry: Registry
    host: PluginHost
    translator: Translator
    settings: Settings
    text_search: TextSearch
    lately: Lately
    bulk: bool = False
    on_erased: Sequence[Callable[[frozenset[str]], object]] = ()
    """Called with the ids and tracking codes (as text) of what was erased, once that is committed."""
    journal: Journal = field(init=False)
    services: Services = field(init=False, repr=False, compare=False)
    """The verbs of this transaction, as hooks of plugins get them; `Services` puts itself here."""

    def __post_init__(self) -> None:
        self.journal = Journal(self.root, self.identity.user_id, self.bulk)

    def own_unit(self) -> int | None:
        """The first unit of the one who acts that is not closed: where things land that nobody sent elsewhere."""
        user = self.root.users.get(self.identity.user_id or 0)
        units = (self.root.units.get(id_) for id_ in user.units) if user is not None else ()
        return next((unit.id for unit in units if unit is not None and unit.active), None)

    def file(self, tree: Any, record: Record, at: int | None = None) -> None:
        """Give a new record its id, times and author, and put it into ``tree``; ids that are taken are drawn again."""
        record.created = record.modified = self.now
        record.created_by = self.identity.user_id
        record.id = new_id(self.now if at is None else at)
        while not tree.insert(record.id, record):
            record.id = new_id(self.now if at is None else at)

    @staticmethod
    def changed_by_me(record: object, values: Mapping[str, Any], seen: Mapping[str, Any] | None) -> dict[str, Any]:
        """What of ``values`` differs from what its editor had ``seen``; all of it when nothing is said of that.

        Raises StaleChange when somebody else has given one of these fields another value since.
        """
        if seen is None:
            return dict(values)
        mine = {name: value for name, value in values.items() if name not in seen or value != seen[name]}
        theirs = {name: getattr(record, name) for name, value in mine.items()
                  if name in seen and getattr(record, name) not in (seen[name], value)}
        if theirs:
            raise StaleChange(theirs, {name: mine[name] for name in theirs})
        return mine

    def change(self, record: Record, changes: Mapping[str, Any], action: str = "change") -> tuple[str, ...]:
        """Set the attributes that differ, raise the revision, write the audit row; the names that really changed."""
        different = {name: value for name, value in changes.items() if getattr(record, name) != value}
        if not different:
            return ()
        row = {name: [audit_value(getattr(record, name)), audit_value(value)] for name, value in different.items()}
        for name, value in different.items():
            setattr(record, name, value)
        record.revision += 1
        record.modified = self.now
        self.audit(record, action, row)
        return tuple(different)

    @staticmethod
    def count_on(thing: Persistent) -> None:
        """Meet whoever changes ``thing`` at the same moment: one of the two runs again.

        It is written, though nothing changes. ZODB's ``readCurrent`` would stop this transaction when the other one was
        first, and not the other one when this one was (tried: two units came to lie below each other).
        """
        thing._p_changed = True

    @staticmethod
    def count_on_unchanged(thing: Persistent) -> None:
        """Be stopped by whoever changed ``thing`` meanwhile, and by nobody who only counts on it too."""
        if thing._p_jar is not None:
            thing._p_activate()  # what was not read yet has no state to be compared
            thing._p_jar.readCurrent(thing)

    def audit(self, record: Record, action: str, changes: Mapping[str, Any]) -> None:
        """Write who did what to a record: ``changes`` is ``{field: [old, new]}`` in plain data."""
        row = {"by": self.identity.user_id, "name": self.identity.name, "action": action, "changes": dict(changes)}
        record.remember(self.now, row)


def audit_value(value: Any) -> Any:
    """A value as plain data for the audit: objects with fields become their fields, tuples lists, files their names."""
    if value is None or isinstance(value, bool | int | float | str):
        return value if not isinstance(value, str) else str(value)
    if isinstance(value, Mapping):
        return {str(name): audit_value(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [audit_value(item) for item in value]
    if isinstance(value, Attachment):
        return value.name
    if hasattr(value, "__dataclass_fields__"):
        return {name: audit_value(getattr(value, name)) for name in value.__dataclass_fields__}
    raise TypeError(f"no plain form for {type(value).__name__} in the audit")

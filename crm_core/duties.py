"""What whoever stores something of a person must say about it, and the sentences when he does not.

Declared with a collection, frozen beside its records: so that they stay shown, merged, exported, erased and expired
when the plugin is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.contributions import Collection
from crm_core.i18n import Translator
from crm_core.model.collection import Duties
from crm_core.shapes import MOST_DAYS


class Refused(Exception):
    """A contribution that cannot be taken; the message says why in English, for log and administrators."""


def demand_duties(collection: Collection) -> None:
    """Raise Refused with everything that a collection does not say, or says wrongly."""
    wrong = list(_wrong(collection))
    if wrong:
        raise Refused(f"the collection {collection.id!r}{' tells of persons and' if collection.person else ''} "
                      + "; ".join(wrong))


def _wrong(collection: Collection) -> Iterator[str]:
    if collection.person:
        yield from _missing(collection)
    for name, allowed in (("on_merge", ("keep", "move")), ("on_export", ("include", "omit")),
                          ("on_erase", ("remove", "unlink"))):
        value = getattr(collection, name)
        if value and value not in allowed:
            yield f"says {name}={value!r}, which is neither {allowed[0]!r} nor {allowed[1]!r}"
    days = collection.expires_days
    if days is not None and not 0 <= days <= MOST_DAYS:
        yield f"gives no whole number of days in expires_days, 0 to {MOST_DAYS}"
    elif days and collection.expires_by not in collection.ranges:
        yield "does not say in expires_by from which of its range fields on the days of expires_days count"
    if collection.expires_by and not days:
        yield "names a field in expires_by and no days in expires_days"


def _missing(collection: Collection) -> Iterator[str]:
    if not collection.fields:
        yield "does not say which fields to show, with their titles (fields)"
    if not collection.on_merge:
        yield 'does not say what becomes of them when two contacts are one (on_merge, "keep" or "move")'
    if not collection.on_export:
        yield 'does not say whether the citizen’s copy holds them (on_export, "include" or "omit")'
    if not collection.on_erase:
        yield 'does not say what erasure does (on_erase, "remove" or "unlink")'
    if collection.expires_days is None:
        yield "does not say how long they are kept (expires_days, 0: until the person is erased)"


def frozen_duties(collection: Collection, translator: Translator) -> Duties:
    """A collection's duties and words as they are stored beside its records."""
    labels = translator.labels
    return Duties(
        collection.exact, collection.ranges, collection.unique, collection.person, collection.on_erase or "remove",
        collection.on_merge or "keep", collection.on_export or "include", collection.expires_days or 0,
        collection.expires_by, tuple(labels(collection.title).items()),
        tuple((name, tuple(labels(title).items())) for name, title in collection.fields),
    )

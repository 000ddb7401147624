"""What was erased stays erased: each set of a backup lists it, and a restore of an older state erases it again.

A list holds ids and receipts, nothing of a person.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from BTrees.LOBTree import LOBTree

from crm_core.app import App
from crm_core.backup.manifest import ERASED, Chain, Hashed, Manifest
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.model.root import Root
from crm_core.purging import remove_again
from crm_core.services import Services

_ = TextFactory("crm_core")
MOST_RUNS = 100_000
"""Runs of the removal of what has had its time; each takes some two thousand things."""


@dataclass
class Erased:
    """``at``: id of what is gone → when (milliseconds UTC, 0: not known); ``receipts`` by their ids."""

    at: dict[int, int] = field(default_factory=dict)
    receipts: dict[int, dict[str, Any]] = field(default_factory=dict)

    def update(self, other: Erased) -> None:
        for id_, at in other.at.items():
            self.at[id_] = self.at.get(id_) or at
        self.receipts |= other.receipts


def write(root: Root, folder: Path, manifest: Manifest) -> None:
    """Put the whole list into the folder of a set: any one of them is enough then."""
    content = {
        "tombstones": {str(id_): at for id_, at in sorted(root.tombstones.items())},
        "receipts": [dict(one) for one in (root.erasures or {}).values()],
    }
    with Hashed(folder / ERASED) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")
        manifest.files[ERASED] = file.finish()


def read(path: Path) -> Erased:
    """A list of a set, or the receipt of one erasure. Raises CrmError for what is neither."""
    try:
        content = json.loads(path.read_text("utf-8"))
        said = content["tombstones"]
        if isinstance(said, list):
            return Erased(dict.fromkeys(map(int, said), 0), {int(content["receipt"]): content})
        return Erased({int(id_): int(at) for id_, at in said.items()},
                      {int(one["receipt"]): one for one in content["receipts"]})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CrmError(_("“${file}” is no list of what was erased: ${reason}",
                         mapping={"file": str(path), "reason": f"{type(error).__name__}: {error}"})) from error


def of_all(chains: Iterable[Chain], given: Path | None) -> Erased:
    """What the newest set knows to be erased, and a file that was given."""
    found = Erased()
    for chain in chains:  # of several desks in one folder each says its own
        found.update(read(chain.where(chain.last) / ERASED))
    if given is not None:
        found.update(read(given))
    return found


def again(app: App, erased: Erased, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Erase once more whatever of it is there; how many records, conversations and purged requests. Each in a
    transaction of its own."""
    with app.reading() as services:
        waiting = [id_ for id_ in erased.at if _is_there(services.root, id_)]
        missing = [one for id_, one in erased.receipts.items() if id_ not in (services.root.erasures or {})]
    counts = {"contacts": 0, "interactions": 0, "requests": 0}
    people = _contacts(app, waiting)
    order = sorted(waiting, key=lambda id_: id_ not in people)  # what is theirs goes with them
    for number, id_ in enumerate(order, 1):
        kind = app.run(partial(_erase, id_=id_, at=erased.at[id_]), note="erased again")
        if kind:
            counts[kind] += 1
        progress(number, len(order))
    if missing:
        app.run(lambda services: _keep(services.root, missing), note="receipts of erasures")
    return counts


def expired(app: App) -> int:
    """Remove what has had its time since the backup; how many things."""
    gone = 0
    for _run in range(MOST_RUNS):
        now = sum(app.run(lambda services: services.expiry.run(), note="expire").values())
        gone += now
        if not now:
            break
    return gone


def _is_there(root: Root, id_: int) -> bool:
    return id_ in root.contacts or id_ in root.interactions or id_ in root.requests


def _contacts(app: App, ids: Iterable[int]) -> frozenset[int]:
    with app.reading() as services:
        return frozenset(id_ for id_ in ids if id_ in services.root.contacts)


def _erase(services: Services, id_: int, at: int) -> str:
    """Which kind of thing was erased; "" where it has gone with another."""
    contact = services.root.contacts.get(id_)
    kind = "contacts" if contact is not None else remove_again(services, id_)
    if contact is not None:
        services.erasure.again(contact)
    if kind and at:
        services.root.tombstones[id_] = at
    return kind


def _keep(root: Root, receipts: Iterable[Mapping[str, Any]]) -> None:
    if root.erasures is None:
        root.erasures = LOBTree()
    for one in receipts:
        root.erasures.insert(int(one["receipt"]), dict(one))

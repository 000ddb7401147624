"""``crm check``: is what is stored whole and of one mind? Looks only, unless it is told to mend what is derived from
something else; derived data not built yet is lag, no fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from crm_core import effects, evolve, journal, readers
from crm_core.app import App
from crm_core.model.root import Root
from crm_core.services import Services
from crm_core.services.textsearch import SearchUnavailable
from crm_core.verification import filing, storage
from crm_core.verification.mistakes import Mistake
from crm_core.verification.rows import DERIVED

Problem = dict[str, Any]


PORTION = 200
"""Mistakes mended in one transaction."""


def check_app(app: App, whole_files: bool = False) -> dict[str, Any]:
    """``{"problems": [{"check", "message"}], "warnings": [the same], "contacts", "requests", "interactions", "lag",
    "behind"}``.

    ``whole_files``: every file is read and compared with its digest. What `repair` mends has ``"mend": True``.
    A warning is no fault: something waits for a person. ``lag``: entries that full text does not know yet; ``behind``:
    the same of each projection, reader and effect by its id (None: nothing is built yet).
    """
    problems = [
        _problem("plugins", f"{plugin.id}: {plugin.reason}") for plugin in app.host.failed()
    ]
    problems += map(_told, storage.classes(app.db.db.storage))
    lost = list(storage.references(app.db.db.storage))
    problems += map(_told, lost)
    with app.reading() as services:
        if not lost:  # else they cannot all be read
            problems += map(_told, chain(storage.files(services.root, whole_files), derived(services.root)))
        problems += [_problem("evolve", f"the step {step.id} has not run") for step in evolve.pending(services.root)]
        root = services.root
        return {
            "problems": problems, "warnings": list(_letters(services)),
            "contacts": len(root.contacts), "requests": len(root.requests),
            "interactions": len(root.interactions), "lag": _lag(app, services),
            "behind": _behind(app, services),
        }


def derived(root: Root) -> Iterator[Mistake]:
    """What does not agree with the objects that it was derived from."""
    yield from filing.requests(root)
    yield from chain.from_iterable(index.mistakes(root) for index in DERIVED)
    yield from filing.histories(root)
    yield from filing.promises(root)
    yield from filing.approvals(root)
    yield from filing.collections(root)


def repair(app: App, progress: Callable[[int, int], None] | None = None) -> dict[str, int]:
    """Derive anew what does not agree with its objects, while people go on working; how many of each check.

    Objects themselves, their references and files are not touched.
    """
    with app.reading() as services:
        found = [mistake for mistake in derived(services.root) if mistake.mend is not None]
    for start in range(0, len(found), PORTION):
        portion = found[start : start + PORTION]

        def work(services: Services, portion: Sequence[Mistake] = portion) -> None:
            for mistake in portion:
                if mistake.mend is not None:
                    mistake.mend(services)

        app.run(work, note="repair", bulk=True)
        if progress is not None:
            progress(start + len(portion), len(found))
    return dict(Counter(mistake.check for mistake in found))


def _told(mistake: Mistake) -> Problem:
    return _problem(mistake.check, mistake.message) | ({"mend": True} if mistake.mend is not None else {})


def _problem(check: str, message: str) -> Problem:
    return {"check": check, "message": message}


def _lag(app: App, services: Services) -> int:
    try:
        cursor = app.text_search.cursor()
    except SearchUnavailable:
        cursor = None
    return journal.lag(services.root, journal.Cursor.parse(cursor))


def _behind(app: App, services: Services) -> dict[str, int | None]:
    root = services.root
    found: dict[str, int | None] = {one.id: one.lag() for one in app.projections}
    rows = (*readers.readers(root, app.registry), *effects.effects(root, app.registry))
    return found | {row.id: row.waiting + row.again for row in rows}


def _letters(services: Services) -> Iterator[Problem]:
    for row in services.dead_letters.rows():
        fate = "nobody knows whether it was done" if row.state == "uncertain" else f"failed {row.tries} times"
        yield _problem("dead-letters", f"{row.of} {row.owner}: {row.kind}: {fate}: {row.error} "
                                       f"(crm dead-letters --retry {row.id}, or --give-up)")

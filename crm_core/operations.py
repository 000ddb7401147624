"""Writing commands as named operations: the same code runs in the command itself, or inside a running server.

Arguments and results are plain data, so that they travel over the control socket. A file travels as its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from transaction.interfaces import TransientError

from crm_core.app import App
from crm_core.errors import CrmError, Invalid
from crm_core.i18n import Text
from crm_core.importing import ContactRow, Rejected, RequestRow, open_rows
from crm_core.services import Services
from crm_core.services.importer import Importer, Stored

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all (0: unknown)."""

Plain = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """``run(app, arguments, file, progress)`` gives a plain result; ``file`` is the path of a file sent along."""

    name: str
    run: Callable[[App, Plain, Path | None, Progress], Plain]


# ── users and units ──────────────────────────────────────────────────────────────────────────────────────────


def _add_user(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    def work(services: Services) -> Plain:
        unit = None
        if arguments.get("unit"):
            unit = services.units.by_name(arguments["unit"]) or services.units.add(arguments["unit"])
        user = services.users.add(
            arguments["login"], name=arguments.get("name", ""), password=arguments["password"],
            roles=arguments.get("roles") or ("clerk",), units=(unit.id,) if unit else (),
            language=arguments.get("language") or app.settings.language,
        )
        return {"id": str(user.id), "login": user.login, "name": user.name, "roles": list(user.roles)}

    return app.run(work, note="user add")


ADD_USER = Operation("user.add", _add_user)


# ── import ───────────────────────────────────────────────────────────────────────────────────────────────────

BATCH = 50
"""Rows a transaction: small enough that clerks writing at the same time hardly ever meet it."""

Row = ContactRow | RequestRow | Rejected


class _DryRun(Exception):
    """Carries the outcome out of a transaction that must not be committed."""


def _import(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    if file is None:
        raise ValueError("an import needs a file")
    language = arguments.get("language") or app.settings.language
    report = _Report(app, language)
    with open_rows(file, arguments["kind"], arguments.get("mapping") or None,
                   file_format=arguments.get("format", "")) as rows:
        for batch in _batches(iter(rows)):
            report.add(batch, _store(app, batch, bool(arguments.get("dry_run"))))
            progress(rows.read_bytes, rows.total_bytes)
        report.result["warnings"] += [app.translator.translate(text, language) for text in rows.warnings]
    report.result["dry_run"] = bool(arguments.get("dry_run"))
    return report.result


IMPORT = Operation("import", _import)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _store(app: App, batch: list[Row], dry_run: bool) -> list[Stored | Rejected]:
    """Store a batch in one transaction; when a row in it is refused, the batch is stored again row by row."""
    try:
        return _store_together(app, batch, dry_run)
    except (CrmError, ValueError):
        return [_store_alone(app, row, dry_run) for row in batch]


def _store_together(app: App, rows: list[Row], dry_run: bool) -> list[Stored | Rejected]:
    def work(services: Services) -> list[Stored | Rejected]:
        importer = Importer(services)
        outcome = [row if isinstance(row, Rejected) else _one(importer, row) for row in rows]
        if dry_run:
            raise _DryRun(outcome)
        return outcome

    try:
        return app.run(work, note="import", bulk=True)
    except _DryRun as result:
        outcome: list[Stored | Rejected] = result.args[0]
        return outcome


def _one(importer: Importer, row: ContactRow | RequestRow) -> Stored:
    return importer.contact(row) if isinstance(row, ContactRow) else importer.request(row)


def _store_alone(app: App, row: Row, dry_run: bool) -> Stored | Rejected:
    try:
        return _store_together(app, [row], dry_run)[0]
    except TransientError:
        raise
    except Invalid as error:
        return Rejected(row.line, next(iter(error.errors.values())), "refused")
    except CrmError as error:
        return Rejected(row.line, error.message, "refused")


class _Report:
    """Adds up what became of the rows, in the form the command prints."""

    def __init__(self, app: App, language: str) -> None:
        self.say: Callable[[Text], str] = lambda text: app.translator.translate(text, language)
        self.result: Plain = {
            "read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": [], "warnings": [], "duplicates": [],
        }

    def add(self, rows: list[Row], outcome: list[Stored | Rejected]) -> None:
        for row, stored in zip(rows, outcome, strict=True):
            self.result["read"] += 1
            if isinstance(stored, Rejected):
                self.result["rejected"].append({"line": stored.line, "reason": self.say(stored.reason)})
                continue
            self.result[stored.what] += 1
            self.result["warnings"] += [{"line": row.line, "reason": self.say(text)} for text in stored.warnings]
            if stored.duplicates:
                likely = [str(id_) for id_ in stored.duplicates]
                self.result["duplicates"].append({"line": row.line, "id": str(stored.id), "like": likely})


# ── storage ──────────────────────────────────────────────────────────────────────────────────────────────────


def _pack(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    before = app.db.size()
    app.db.db.pack(days=float(arguments.get("days", 1)))
    return {"before": before, "after": app.db.size(), "days": arguments.get("days", 1)}


PACK = Operation("pack", _pack)


# ── demo ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _demo(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    from crm_core import demo  # hardly ever needed, and its words are long

    return demo.fill(app, arguments, progress)


DEMO = Operation("demo", _demo)

CORE_OPERATIONS: Mapping[str, Operation] = {one.name: one for one in (ADD_USER, IMPORT, PACK, DEMO)}

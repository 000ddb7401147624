"""Writing commands as named operations: the same code runs in the command itself, or inside a running server.

Arguments and results are plain data, so that they travel over the control socket. A file travels as its bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from transaction.interfaces import TransientError

from crm_core.app import App
from crm_core.checks import repair
from crm_core.chores import PACK as PACKING
from crm_core.errors import CrmError, Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.importing import ContactRow, Rejected, RequestRow, open_rows
from crm_core.inspection import plugin_rows
from crm_core.model.ids import now_ms
from crm_core.purging import purge
from crm_core.schedule import JobRunner
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.services.importer import Importer, Stored
from crm_core.settings import forget_setup_code
from crm_core.switching import take_effect
from crm_core.upkeep import alone, claimed

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)
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

    added = app.run(work, note="user add")
    forget_setup_code(app.settings.data)
    return added


ADD_USER = Operation("user.add", _add_user)


def _change_user(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    """A new password, or whether the account is active; refused as on the pages, so that an administrator stays."""

    def work(services: Services) -> Plain:
        user = services.users.by_login(arguments["login"])
        if user is None:
            raise NotFound(_("There is no account “${login}”.", mapping={"login": arguments["login"]}))
        if "password" in arguments:
            services.users.set_password(user, arguments["password"])
        if "active" in arguments:
            services.users.edit(user, {"active": bool(arguments["active"])})
        return {"id": str(user.id), "login": user.login, "name": user.name, "active": user.active}

    return app.run(work, note="user change")


CHANGE_USER = Operation("user.change", _change_user)


def _add_unit(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    def work(services: Services) -> Plain:
        parent = None
        if arguments.get("parent"):
            parent = services.units.by_name(arguments["parent"])
            if parent is None:
                raise NotFound(_("There is no unit “${name}”.", mapping={"name": arguments["parent"]}))
        unit = services.units.add(
            arguments["name"], name_en=arguments.get("name_en", ""), kind=arguments.get("kind") or "function",
            parent=parent.id if parent else None, confidential=bool(arguments.get("confidential")),
        )
        return {"id": str(unit.id), "name": unit.name}

    return app.run(work, note="unit add")


ADD_UNIT = Operation("unit.add", _add_unit)


# ── import ───────────────────────────────────────────────────────────────────────────────────────────────────

BATCH = 50
"""Rows a transaction: small enough that clerks writing at the same time hardly ever meet it."""

Row = ContactRow | RequestRow | Rejected


@dataclass(frozen=True)
class _How:
    dry_run: bool
    erased_too: bool


class _DryRun(Exception):
    """Carries the outcome out of a transaction that must not be committed."""


def _import(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    if file is None:
        raise ValueError("an import needs a file")
    language = arguments.get("language") or app.settings.language
    report = _Report(app, language)
    how = _How(bool(arguments.get("dry_run")), bool(arguments.get("erased_too")))
    with open_rows(file, arguments["kind"], arguments.get("mapping") or None,
                   file_format=arguments.get("format", "")) as rows:
        for batch in _batches(iter(rows)):
            report.add(batch, _store(app, batch, how))
            progress(rows.read_bytes, rows.total_bytes)
        report.result["warnings"] += [app.translator.translate(text, language) for text in rows.warnings]
    report.result["dry_run"] = how.dry_run
    return report.result


IMPORT = Operation("import", _import)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _store(app: App, batch: list[Row], how: _How) -> list[Stored | Rejected]:
    """Store a batch in one transaction; when a row in it is refused, the batch is stored again row by row."""
    try:
        return _store_together(app, batch, how)
    except (CrmError, ValueError):
        return [_store_alone(app, row, how) for row in batch]


def _store_together(app: App, rows: list[Row], how: _How) -> list[Stored | Rejected]:
    def work(services: Services) -> list[Stored | Rejected]:
        importer = Importer(services, erased_too=how.erased_too)
        outcome = [row if isinstance(row, Rejected) else _one(importer, row) for row in rows]
        if how.dry_run:
            raise _DryRun(outcome)
        return outcome

    try:
        return app.run(work, note="import", bulk=True)
    except _DryRun as result:
        outcome: list[Stored | Rejected] = result.args[0]
        return outcome


def _one(importer: Importer, row: ContactRow | RequestRow) -> Stored:
    return importer.contact(row) if isinstance(row, ContactRow) else importer.request(row)


def _store_alone(app: App, row: Row, how: _How) -> Stored | Rejected:
    try:
        return _store_together(app, [row], how)[0]
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


PURGED_AT_ONCE = 200
"""What is forgotten in one transaction: little enough that people who write at the same time hardly ever meet it."""


def sweep(app: App) -> Plain:
    """Forget what has had its time: results of forms that were sent days ago, logins that have run out, old looks; how
    many of the first two.

    Marks of what was erased stay: a backup may bring back what they are about, and the journal tells of it for ever.
    """
    counts = {"forms": 0, "logins": 0}
    for name, forget in (("forms", lambda services: services.once.purge(PURGED_AT_ONCE)),
                         ("logins", lambda services: services.users.purge_sessions(PURGED_AT_ONCE))):
        gone = PURGED_AT_ONCE
        while gone == PURGED_AT_ONCE:
            gone = app.run(forget, note="sweep")
            counts[name] += gone
    app.looks.expire(now_ms())
    return counts


def pack(app: App, days: float) -> Plain:
    """Forget what has had its time and give back the space of revisions older than ``days``; sizes in bytes.

    Raises AtWork while a backup reads on this machine. `claimed` keeps off those of other machines, as jobs are.
    """
    before = app.db.size()
    with alone(app.settings.data, PACKING, app.settings.timezone):
        sweep(app)
        app.db.pack(days)
    return {"before": before, "after": app.db.size(), "days": days}


def _pack(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    with claimed(app, PACKING):
        return pack(app, float(arguments.get("days", 1)))


PACK = Operation("pack", _pack)


def _repair(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    """Derive anew what does not agree with its objects; how many of each check."""
    return {"mended": repair(app, progress)}


REPAIR = Operation("repair", _repair)


# ── privacy ──────────────────────────────────────────────────────────────────────────────────────────────────


def _erase_contact(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    """Erase a citizen, all linked records; the receipt."""

    def work(services: Services) -> Plain:
        contact = services.contacts.get(int(arguments["contact"]))
        return services.erasure.erase(contact, str(arguments["reason"]), seen=arguments.get("seen"))

    return app.run(work, note="erase")


ERASE_CONTACT = Operation("contact.erase", _erase_contact)


def _note_export(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    """Write down that a citizen's data was handed out."""

    def work(services: Services) -> None:
        id_ = int(arguments["contact"])
        services.context.journal.write("contact.exported", ("contact", id_), services.now, id_)

    app.run(work, note="export")
    return {}


NOTE_EXPORT = Operation("contact.export", _note_export)


def _expire(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    return app.run(lambda services: services.expiry.run(), note="expire")


EXPIRE = Operation("expire", _expire)


# ── plugins ──────────────────────────────────────────────────────────────────────────────────────────────────


def _switch_plugin(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    """Put a plugin out or in: at once in a server, else from the next start on."""
    plugin, enabled = str(arguments["plugin"]), bool(arguments["enabled"])

    def work(services: Services) -> bool:
        if plugin not in app.host.plugins and plugin not in services.plugins.stored():
            raise NotFound(_("There is no plugin “${plugin}”: neither installed nor with data here.",
                             mapping={"plugin": plugin}))
        return services.plugins.switch(plugin, enabled)

    changed = app.run(work, note="plugin switch")
    return {"plugin": plugin, "enabled": enabled, "changed": changed, **asdict(take_effect(app, plugin, enabled))}


SWITCH_PLUGIN = Operation("plugin.switch", _switch_plugin)


def _purge_plugin(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    return purge(app, str(arguments["plugin"]), Path(arguments["folder"]), progress, SYSTEM)


PURGE_PLUGIN = Operation("plugin.purge", _purge_plugin)


def _list_plugins(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    """The plugins as this process knows them, where pages are served also those refused for their pages; and those that
    are gone and left data."""
    return {"plugins": plugin_rows(app)}


LIST_PLUGINS = Operation("plugin.list", _list_plugins)


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _run_job(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    ran = JobRunner(app).run(str(arguments["id"]))
    return {"id": ran.id, "error": ran.error, "took": ran.took}


RUN_JOB = Operation("job.run", _run_job)


# ── dead letters ─────────────────────────────────────────────────────────────────────────────────────────────


def _retry_letter(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    row = app.run(lambda services: services.dead_letters.retry(int(arguments["id"])), note="dead letter: retry")
    return {"id": str(row.id), "owner": row.owner}


RETRY_LETTER = Operation("letter.retry", _retry_letter)


def _give_up_letter(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    row = app.run(lambda services: services.dead_letters.give_up(int(arguments["id"]), str(arguments["reason"])),
                  note="dead letter: give up")
    return {"id": str(row.id), "owner": row.owner}


GIVE_UP_LETTER = Operation("letter.give_up", _give_up_letter)


# ── demo ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _demo(app: App, arguments: Plain, file: Path | None, progress: Progress) -> Plain:
    from crm_core import demo  # hardly ever needed, and its words are long

    filled = demo.fill(app, arguments, progress)
    forget_setup_code(app.settings.data)
    return filled


DEMO = Operation("demo", _demo)

CORE_OPERATIONS: Mapping[str, Operation] = {
    one.name: one for one in (ADD_USER, CHANGE_USER, ADD_UNIT, IMPORT, PACK, REPAIR, ERASE_CONTACT, NOTE_EXPORT, EXPIRE,
                              SWITCH_PLUGIN, PURGE_PLUGIN, LIST_PLUGINS, RUN_JOB,
                              RETRY_LETTER, GIVE_UP_LETTER, DEMO)
}

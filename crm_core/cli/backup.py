"""``crm backup`` and ``crm restore``: a copy that grows while the desk works, looked through, and brought back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from crm_core.cli.common import REFUSED, data_option, json_option, print_json, progress_bar, say
from crm_core.cli.describe import iso
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.settings import read_settings
from crm_core.text.digits import to_ascii

# The parts of backups are imported when they are needed: they take ZODB along, and `crm --help` needs none of it.

_ = TextFactory("crm_core")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--full", is_flag=True, help="Begin anew with a full copy, also where an increment would do.")
@click.option("--verify", "looks", is_flag=True, help="Look through what lies in DIR; nothing is added.")
@data_option(required=False)
@json_option
@click.pass_context
def backup(ctx: click.Context, folder: Path, full: bool, looks: bool, data: Path | None, as_json: bool) -> None:
    """Add what is new to the backup in DIR, while the desk is working; the first time that is everything.

    With --verify every set in DIR is read and compared with its manifest. Exit code 1 when something is wrong.
    """
    if looks:
        _verify(ctx, folder, as_json)
        return
    if data is None:
        raise click.UsageError(say(_("Say which data folder: --data DIR.")), ctx)
    from crm_core.backup.making import back_up

    damages: list[dict[str, str]] = []
    with progress_bar(say(_("Backing up"))) as bar:
        manifest, gone = back_up(read_settings(data), folder, full=full, progress=lambda done: bar(done, 0),
                                 tell=damages.append)
    if as_json:
        print_json({"folder": str(folder), **_row(manifest), "missing_blobs": manifest.missing_blobs, "removed": gone,
                    "damaged": damages})
    else:
        for one in damages:
            click.echo(say(_("“${set}” is damaged, nothing was added to it: ${problem}",
                             mapping={"set": one["set"], "problem": _of_file(one)})), err=True)
        click.echo(say(_("${set}: ${count} transactions, ${files} files, ${bytes} bytes.", mapping={
            "set": manifest.name, "count": manifest.transactions, "files": manifest.blobs, "bytes": manifest.bytes})))
        for name in gone:
            click.echo(say(_("${set} has had its time and was removed.", mapping={"set": name})))
        if manifest.missing_blobs:
            click.echo(say(_("${count} files of records are missing in the storage itself: run “crm check”.",
                             mapping={"count": len(manifest.missing_blobs)})), err=True)
    if manifest.missing_blobs:
        ctx.exit(REFUSED)


def _verify(ctx: click.Context, folder: Path, as_json: bool) -> None:
    from crm_core.backup.checking import verify

    with progress_bar(say(_("Reading the backup"))) as bar:
        verdict = verify(folder, bar)
    if as_json:
        print_json({"folder": str(folder), "ok": not verdict.problems, "problems": verdict.problems,
                    "sets": [_row(one) for one in verdict.sets]})
    else:
        for problem in verdict.problems:
            click.echo(f"{problem['set']}: {_of_file(problem)}")
        click.echo(say(_("${count} problems.", mapping={"count": len(verdict.problems)}) if verdict.problems else
                       _("${count} sets, all as they were written.", mapping={"count": len(verdict.sets)})))
    if verdict.problems:
        ctx.exit(REFUSED)


def _of_file(problem: dict[str, str]) -> str:
    return f"{problem['file']}: {problem['problem']}".removeprefix(": ")


def _row(manifest: Any) -> dict[str, Any]:
    from crm_core.backup.making import moment
    from crm_core.backup.manifest import moment_of

    return {"set": manifest.name, "kind": manifest.kind, "made": iso(manifest.made),
            "until": moment(moment_of(manifest.last)), "transactions": manifest.transactions,
            "records": manifest.records, "blobs": manifest.blobs, "bytes": manifest.bytes,
            "versions": manifest.versions}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--data", "data", metavar="NEW", type=click.Path(path_type=Path), required=True,
              help="The new data folder.")
@click.option("--until", default=None, metavar="TIME", help="The state of that moment, such as 2026-11-22T14:30.")
@click.option("--storage", default="", metavar="URI", help="Restore into this empty storage instead of a file in NEW.")
@click.option("--erased", "erased_list", default=None, type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="A newer list of what was erased: erased.json of another backup, or a receipt.")
@click.option("--no-index", is_flag=True, help="Do not build full text now; the server does it when it starts.")
@json_option
def restore(
    folder: Path, data: Path, until: str | None, storage: str, erased_list: Path | None, no_index: bool, as_json: bool
) -> None:
    """Bring the backup in DIR back into the new folder NEW.

    Who was erased since is erased again. What is at NEW is complete, or it is not there.
    """
    from crm_core.backup.making import moment
    from crm_core.backup.restoring import Wanted
    from crm_core.backup.restoring import restore as bring_back

    wanted = Wanted(None if until is None else _moment(until, folder), storage, erased_list, not no_index)
    with progress_bar(say(_("Restoring"))) as bar:
        result = bring_back(folder, data, wanted, bar)
    if as_json:
        print_json({"folder": str(data), "sets": result.sets, "state": moment(result.state), "erased": result.erased,
                    "transactions": result.transactions, "expired": result.expired, "indexed": result.indexed})
        return
    click.echo(say(_("Restored to ${folder}: the state of ${when} (UTC).",
                     mapping={"folder": str(data), "when": moment(result.state)})))
    if any(result.erased.values()):
        click.echo(say(_("Erased again: ${contacts} records, ${interactions} conversations, ${requests} requests.",
                         mapping=result.erased)))


def _moment(text: str, folder: Path) -> int:
    """A written moment as milliseconds UTC; without an offset it is in the time zone of the desk. Raises CrmError."""
    from crm_core.backup.manifest import chains

    try:
        at = datetime.fromisoformat(to_ascii(text.strip()))
        if at.tzinfo is None:
            found = chains(folder)[0]
            at = at.replace(tzinfo=ZoneInfo(found[-1].last.timezone) if found else UTC)
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise CrmError(_("“${time}” is no moment such as 2026-11-22T14:30.", mapping={"time": text})) from error

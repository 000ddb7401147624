"""``crm import contacts|requests FILE``: other systems' files in, with a report of every row that was not taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.cli.common import data_option, json_option, language, perform, print_json, say
from crm_core.i18n import TextFactory
from crm_core.operations import IMPORT

_ = TextFactory("crm_core")


@click.command("import")
@click.argument("kind", type=click.Choice(["contacts", "requests"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", help="A built-in mapping (nyc311, boston311, georeport, …) or the path of a TOML file.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, store nothing.")
@click.option("--erased-too", is_flag=True, help="Take in also rows of citizens who were erased here.")
@data_option()
@json_option
def import_(
    kind: str, file: Path, mapping: str | None, dry_run: bool, erased_too: bool, data: Path, as_json: bool
) -> None:
    """Import FILE (CSV, JSON or vCard). Running it again changes nothing; an interrupted run completes."""
    own = Path(mapping).absolute() if mapping and Path(mapping).suffix == ".toml" else None
    arguments = {"kind": kind, "mapping": str(own or mapping or ""), "dry_run": dry_run, "erased_too": erased_too,
                 "language": language()}
    result = perform(data, IMPORT, arguments, file=file, title=say(_("Importing")), create=True)
    if as_json:
        print_json(result)
        return
    counts = {name: result[name] for name in ("read", "created", "updated", "unchanged")}
    counts["rejected"] = len(result["rejected"])
    click.echo(say(_("Read ${read}: ${created} new, ${updated} changed, ${unchanged} unchanged, ${rejected} rejected.",
                     mapping=counts)))
    for row in result["rejected"]:
        click.echo(f"  {row['line']}: {row['reason']}", err=True)
    _echo_warnings(result["warnings"])
    if result["duplicates"]:
        click.echo(say(_("${count} of the new contacts are perhaps known already; nothing was merged.",
                         mapping={"count": len(result["duplicates"])})), err=True)
    if dry_run:
        click.echo(say(_("This was a dry run; nothing was stored.")), err=True)


def _echo_warnings(warnings: list[Any]) -> None:
    for row in warnings:
        click.echo(f"  {row}" if isinstance(row, str) else f"  {row['line']}: {row['reason']}", err=True)

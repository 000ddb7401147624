"""``crm copy-storage``: the data of a desk from one kind of storage to another, compared when it is there."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from crm_core.cli.common import REFUSED, json_option, print_json, progress_bar, say
from crm_core.i18n import TextFactory

_ = TextFactory("crm_core")


@click.command("copy-storage")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
@click.pass_context
def copy_storage(ctx: click.Context, source: str, target: str, as_json: bool) -> None:
    """Copy everything from one storage into another, empty one, and compare both.

    FROM and TO are data folders or addresses such as postgres://USER:PASSWORD@HOST/NAME; FROM may be a ZEO server
    (zeo://HOST:PORT). Stop the desk first. History is copied too. Exit code 1 when the copy differs, or where the
    source has lost files.
    """
    from crm_core.storagecopy import copy_storage as copy

    with tempfile.TemporaryDirectory(prefix="crm-copy-") as scratch, progress_bar(say(_("Copying"))) as bar:
        copied = copy(source, target, Path(scratch), lambda what, done, total: bar(
            done + (total if what == "comparing" else 0), 2 * total))
    if as_json:
        print_json(asdict(copied))
    else:
        click.echo(say(_("${transactions} transactions, ${objects} objects and ${blobs} files (${bytes} bytes) were "
                         "copied, and are the same in both.", mapping=asdict(copied))))
        if copied.missing:
            click.echo(say(_("${count} files of records are missing in the storage itself: run “crm check”.",
                             mapping={"count": copied.missing})), err=True)
    if copied.missing:
        ctx.exit(REFUSED)

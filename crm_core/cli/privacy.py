"""``crm export``, ``crm erase``, ``crm expire``: what the law gives a citizen, and what time takes."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import click

from crm_core.cli.common import REFUSED, data_option, json_option, language, perform, print_json, reading_app, say
from crm_core.cli.describe import contact_of
from crm_core.errors import CrmError
from crm_core.exportfile import write
from crm_core.i18n import LANGUAGES, TextFactory, choose
from crm_core.operations import ERASE_CONTACT, EXPIRE, NOTE_EXPORT
from crm_core.services.erasure import Extent
from crm_core.services.exportwords import Words
from crm_core.services.plugins import with_id

_ = TextFactory("crm_core")
SHOWN = 50


@click.group()
def export() -> None:
    """Everything of one person, to be handed over."""


@export.command("contact")
@click.argument("id_", metavar="ID")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--internal", is_flag=True, help="Notes among colleagues too: for yourselves, look it over before.")
@click.option("--language", "words_in", type=click.Choice(list(LANGUAGES)), default=None,
              help="Of the words; the installation's unless said otherwise.")
@data_option()
@json_option
@click.pass_context
def export_contact(
    ctx: click.Context, id_: str, folder: Path, internal: bool, words_in: str | None, data: Path, as_json: bool
) -> None:
    """Write everything of the citizen with the contact ID, all linked records, into the new folder DIR.

    contact.json is for machines, index.md to be read, files/ holds what was sent. Exit code 1 when a plugin could not
    add its part; the rest is complete.
    """
    with reading_app(data) as app, app.reading() as services:
        contact = contact_of(services, id_)
        person = services.export.person(contact, internal=internal, language=words_in or "")
        words = Words(app.translator, words_in or app.settings.language, app.settings.timezone)
        files = write(person, folder, words)
        failed = [{"plugin": one.plugin, "reason": one.reason} for one in person.failed]
        records = len(person.data["records"])
    perform(data, NOTE_EXPORT, {"contact": str(contact.id)})
    if as_json:
        print_json({"folder": str(folder), "records": records, "requests": len(person.data["requests"]),
                    "interactions": len(person.data["interactions"]), "files": files,
                    "left_out": person.data["left_out"], "failed": failed})
    else:
        click.echo(say(_("Written to ${folder}: ${requests} requests, ${interactions} conversations, ${files} files.",
                         mapping={"folder": str(folder), "requests": len(person.data["requests"]),
                                  "interactions": len(person.data["interactions"]), "files": files})))
    _tell_failed([with_id(person.data["plugin_titles"][one["plugin"]], one["plugin"]) for one in failed])
    if failed:
        ctx.exit(REFUSED)


@click.group()
def erase() -> None:
    """Take a person out for good."""


@erase.command("contact")
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why, without the person's name: it stays in the receipt.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--receipt", "receipt_file", type=click.Path(path_type=Path, dir_okay=False), default=None,
              help="Write the receipt (JSON) into this new file.")
@data_option()
@json_option
@click.pass_context
def erase_contact(
    ctx: click.Context, id_: str, reason: str, yes: bool, receipt_file: Path | None, data: Path, as_json: bool
) -> None:
    """Erase the citizen with the contact ID, all linked records, from everything but old backups.

    Exit code 1 when a plugin could not erase its part; the receipt names it, and the rest is gone.
    """
    with reading_app(data) as app, app.reading() as services:
        contact = contact_of(services, id_)
        extent = services.erasure.extent(contact)
        name = contact.name
    if receipt_file is not None and receipt_file.exists():
        raise CrmError(_("The file ${file} is there already.", mapping={"file": str(receipt_file)}))
    if not yes:
        _show(extent, name)
        click.confirm(say(_("Erase all of this? It cannot be taken back.")), abort=True, err=True)
    receipt = perform(data, ERASE_CONTACT, {"contact": str(contact.id), "reason": reason, "seen": extent.seen})
    text = json.dumps(receipt, ensure_ascii=False, indent=2)
    if receipt_file is not None:
        with receipt_file.open("x", encoding="utf-8") as target:
            target.write(text + "\n")
    if as_json:
        print_json(receipt)
    else:
        click.echo(say(_("Erased. The receipt has the number ${number}; backups may hold the person until ${day}.",
                         mapping={"number": receipt["receipt"], "day": receipt["backups_until"]})))
        for one in receipt["kept"]:
            click.echo(f"  {choose(one['title'], language())}: {one['count']}. {choose(one['why'], language())}")
    _tell_failed([with_id(choose(receipt["plugin_titles"][id_], language()), id_)
                  for id_ in receipt["plugins"]["failed"]])
    if receipt["plugins"]["failed"]:
        ctx.exit(REFUSED)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what has had its time.")
@data_option()
@json_option
def expire(dry_run: bool, data: Path, as_json: bool) -> None:
    """Remove what may be kept for a time only and has had it, as the server does once a day."""
    if dry_run:
        with reading_app(data) as app, app.reading() as services:
            rows = [{"kind": one.kind, "id": str(one.id), "collection": one.where, "fields": list(one.names)}
                    for one in islice(services.expiry.due(), 10_000)]
        result: dict[str, Any] = {"due": rows, "dry_run": True}
        lines = [f"{row['kind']:<10}{row['id']:<22}{row['collection'] or ', '.join(row['fields'])}" for row in rows]
        lines = [*lines[:SHOWN], *(["…"] if len(lines) > SHOWN else [])]
        lines.append(say(_("${count} have had their time.", mapping={"count": len(rows)})))
    else:
        result = perform(data, EXPIRE, {})
        lines = [say(_("Removed: ${requests} requests’ answers, ${contacts} contacts’ fields, ${records} records.",
                       mapping={"requests": result["request"], "contacts": result["contact"],
                                "records": result["record"]}))]
    if as_json:
        print_json(result)
    else:
        click.echo("\n".join(lines))


def _show(extent: Extent, name: str) -> None:
    rows = (
        (_("Records"), extent.records), (_("Phone numbers and other identifiers"), extent.identifiers),
        (_("Contact fields"), extent.contact_fields), (_("Conversations"), extent.interactions),
        (_("Files"), extent.files), (_("Requests that stay without the person"), extent.requests),
        (_("Records of plugins"), extent.removed.total()),
        (_("Records of plugins that stay without the person"), extent.unlinked.total()),
    )
    click.echo(name, err=True)
    for title, count in rows:
        if count:
            click.echo(f"  {say(title)}: {count}", err=True)


def _tell_failed(plugins: list[str]) -> None:
    for plugin in plugins:
        click.echo(say(_("The plugin “${plugin}” failed; what only it knows of the person was not handled. Its error"
                         " stands in “crm plugins”.", mapping={"plugin": plugin})), err=True)

"""``crm dead-letters``: what could not be done outside or be read, and what a person decides about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.cli.common import data_option, json_option, language, perform, print_json, reading_app, say
from crm_core.cli.describe import iso
from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.model.ids import parse_id
from crm_core.operations import GIVE_UP_LETTER, RETRY_LETTER
from crm_core.text.digits import to_ascii

_ = TextFactory("crm_core")


@click.command("dead-letters")
@click.option("--retry", metavar="ID", help="Have this one tried again, with the same key as before.")
@click.option("--give-up", metavar="ID", help="Take this one out for good; needs --reason.")
@click.option("--reason", help="Why it need not be done any more; it is kept, so without names of people.")
@data_option()
@json_option
def dead_letters(retry: str | None, give_up: str | None, reason: str | None, data: Path, as_json: bool) -> None:
    """List what could not be done in many tries, and what nobody knows of whether it was done; decide about one."""
    if retry is not None and give_up is not None:
        raise click.UsageError("--retry and --give-up exclude each other.")
    if (give_up is None) != (reason is None):
        raise click.UsageError("--give-up and --reason belong together.")
    if retry is not None or give_up is not None:
        _decide(data, retry, give_up, reason or "", as_json)
        return
    found = _rows(data)
    if as_json:
        print_json(found)
        return
    for row in found:
        click.echo(f"{row['id']:<21}{row['state']:<11}{row['owner']:<30}{row['kind']:<22}{row['error']}")
    if not found:
        click.echo(say(_("Nothing waits for a person.")), err=True)


def _decide(data: Path, retry: str | None, give_up: str | None, reason: str, as_json: bool) -> None:
    if retry is not None:
        result = perform(data, RETRY_LETTER, {"id": _number(retry)})
        words = _("It is tried again soon: ${name}", mapping={"name": result["owner"]})
    else:
        result = perform(data, GIVE_UP_LETTER, {"id": _number(give_up or ""), "reason": reason})
        words = _("It is given up: ${name}", mapping={"name": result["owner"]})
    if as_json:
        print_json(result)
    else:
        click.echo(say(words))


def _rows(data: Path) -> list[dict[str, Any]]:
    with reading_app(data) as app, app.reading() as services:
        return [{
            "id": str(row.id), "of": row.of, "owner": row.owner, "plugin": row.plugin,
            "title": app.translator.translate(row.title, language()), "state": row.state, "kind": row.kind,
            "subject": [row.subject[0], str(row.subject[1])],
            "contact": None if row.contact is None else str(row.contact), "happened": iso(row.happened),
            "since": iso(row.since or None), "tries": row.tries, "error": row.error, "may_retry": row.may_retry,
        } for row in services.dead_letters.rows()]


def _number(text: str) -> int:
    id_ = parse_id(to_ascii(text))
    if id_ is None:
        raise NotFound
    return id_

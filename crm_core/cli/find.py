"""``crm find`` and ``crm show``: the desk's questions on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.cli.common import data_option, json_option, language, print_json, reading_app, say
from crm_core.cli.describe import contact_details, contact_of
from crm_core.i18n import TextFactory
from crm_core.services.finder import Hit
from crm_core.text.identifiers import display

_ = TextFactory("crm_core")


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="Most answers.")
@data_option()
@json_option
def find(words: tuple[str, ...], limit: int, data: Path, as_json: bool) -> None:
    """Find a citizen or a request by WORDS: phone, name as heard, id, tracking code, words of a text."""
    with reading_app(data) as app, app.reading() as services:
        found = services.finder.find(" ".join(words), limit)
        rows = [_row(hit, app.translator.translate(hit.why, language())) for hit in found.hits]
    if found.text_missing:
        click.echo(say(_("Full text cannot answer at present; names, numbers and codes are complete.")), err=True)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['kind']:<12}{row['id']:<20}{row['title']} · {row['subtitle']} ({row['why']})")
    if not rows:
        click.echo(say(_("Nothing found.")), err=True)
    if found.new_phone:
        nobody = _("Nobody has the number ${phone} yet.", mapping={"phone": display("phone", found.new_phone)})
        click.echo(say(nobody), err=True)


def _row(hit: Hit, why: str) -> dict[str, str]:
    return {"kind": hit.kind, "id": str(hit.id), "title": hit.title, "subtitle": hit.subtitle, "why": why}


@click.group()
def show() -> None:
    """Show one record."""


@show.command("contact")
@click.argument("id_", metavar="ID")
@data_option()
@json_option
def show_contact(id_: str, data: Path, as_json: bool) -> None:
    """Show everything of the contact ID: identifiers, requests, history."""
    with reading_app(data) as app, app.reading() as services:
        details = contact_details(services, contact_of(services, id_), language())
    if as_json:
        print_json(details)
    else:
        _print(details)


def _print(details: dict[str, Any]) -> None:
    click.echo(details["name"])
    for identifier in details["identifiers"]:
        click.echo(f"  {identifier['scheme']:<12}{identifier['value']}  ({identifier['proof']})")
    for request in details["requests"]:
        click.echo(f"  {request['code']}  {request['title']}  [{request['status']}]")
    for entry in details["timeline"]:
        click.echo(f"  {entry['at']}  {entry['kind']:<20}{entry['channel']:<10}{entry['title']}")

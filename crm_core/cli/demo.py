"""``crm demo``: a city of invented people in a new data folder, to look around in."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crm_core.cli.common import data_option, json_option, perform, print_json, say
from crm_core.i18n import TextFactory
from crm_core.operations import DEMO

_ = TextFactory("crm_core")

PASSWORD_VARIABLE = "CRM_DEMO_PASSWORD"  # noqa: S105  # its name, not its value
MOST_CONTACTS = 20_000
LOGINS_FILE = "demo-logins.txt"


@click.command()
@click.option("--contacts", default=400, show_default=True, type=click.IntRange(1, MOST_CONTACTS),
              help="How many people and organisations.")
@click.option("--years", default=2, show_default=True, type=click.IntRange(1, 20), help="How long their history is.")
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed gives the same city.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="The day that counts as today; the history ends the evening before.  [default: today]")
@click.option("--more", is_flag=True, help="Add people where there are some already.")
@data_option()
@json_option
def demo(
    contacts: int, years: int, seed: int, until: datetime | None, more: bool, data: Path, as_json: bool
) -> None:
    """Fill DIR with a demo city: invented people, staff of every role, years of requests and conversations.

    The password of the accounts is CRM_DEMO_PASSWORD, or a random one, printed and kept in DIR/demo-logins.txt.
    """
    given = os.environ.get(PASSWORD_VARIABLE, "")
    arguments = {
        "contacts": contacts, "years": years, "seed": seed, "more": more, "password": given,
        "until": until.date().isoformat() if until is not None else "",
    }
    result = perform(data, DEMO, arguments, title=say(_("Making the demo city")), create=True)
    is_new = result["password"] is not None
    if given:
        result["password"] = None  # whoever set it knows it; it need not stand in a log
    logins = _logins(result, is_new)
    if is_new:  # kept for the next start of `make run`: a demo whose password is lost is of no use to anybody
        _keep(data / LOGINS_FILE, logins)
    if as_json:
        print_json(result)
    else:
        _print(result, logins)


def _keep(file: Path, logins: list[str]) -> None:
    """A password stands in it: it is the owner's alone, also where an older file of the name was not."""
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write("\n".join((*logins, "")))


def _print(result: dict[str, Any], logins: list[str]) -> None:
    click.echo(say(_("${contacts} contacts, ${requests} requests, ${interactions} conversations since ${from}.",
                     mapping={name: result[name] for name in ("contacts", "requests", "interactions", "from")})))
    for line in result["skipped"]:
        click.echo(f"  {line}", err=True)
    for line in logins:
        click.echo(line)


def _logins(result: dict[str, Any], is_new: bool) -> list[str]:
    rows = [f"  {row['login']:<12}{row['name']} ({row['role']})" for row in result["logins"]]
    if not is_new:
        last = _("These accounts were there already; their passwords are as they were.")
    elif result["password"] is None:
        last = _("The password of all of them is the one in ${variable}.", mapping={"variable": PASSWORD_VARIABLE})
    else:
        last = _("The password of all of them: ${password}", mapping={"password": result["password"]})
    return [say(_("Log in as:")), *rows, say(last)]

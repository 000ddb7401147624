"""``crm user``: accounts of staff."""

from __future__ import annotations

from pathlib import Path

import click

from crm_core.cli.common import data_option, json_option, perform, print_json, say
from crm_core.i18n import TextFactory
from crm_core.operations import ADD_USER
from crm_core.security.permissions import Role

_ = TextFactory("crm_core")


@click.group()
def user() -> None:
    """Accounts of staff."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="The name shown to colleagues.")
@click.option("--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]),
              default=[Role.CLERK.value], show_default=True, help="May be given several times.")
@click.option("--unit", default="", help="The unit's name; it is made when it does not exist.")
@click.option("--language", type=click.Choice(["fa", "en"]), default=None)
@click.option("--password", default=None, envvar="CRM_PASSWORD",
              help="Better left out: it is asked for. Scripts set CRM_PASSWORD.")
@data_option()
@json_option
def add(
    login: str, name: str, roles: tuple[str, ...], unit: str, language: str | None, password: str | None, data: Path,
    as_json: bool,
) -> None:
    """Add the account LOGIN."""
    if password is None:
        password = click.prompt(say(_("Password")), hide_input=True, confirmation_prompt=True, err=True)
    arguments = {"login": login, "name": name, "roles": list(roles), "unit": unit, "language": language,
                 "password": password}
    result = perform(data, ADD_USER, arguments, create=True)
    if as_json:
        print_json(result)
    else:
        click.echo(say(_("The account ${login} is ready.", mapping={"login": result["login"]})))

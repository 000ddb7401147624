"""``crm user`` and ``crm unit``: accounts of staff, and the units they work in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.cli.common import data_option, json_option, perform, print_json, reading_app, say
from crm_core.i18n import Text, TextFactory
from crm_core.model.user import UnitKind
from crm_core.operations import ADD_UNIT, ADD_USER, CHANGE_USER
from crm_core.security.permissions import Role
from crm_core.services.units import in_tree

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


@user.command("list")
@data_option()
@json_option
def list_users(data: Path, as_json: bool) -> None:
    """List the accounts, with roles, units, and when each signed in last."""
    with reading_app(data) as app, app.reading() as services:
        rows: list[dict[str, Any]] = [
            {
                "id": str(one.id), "login": one.login, "name": one.name, "roles": list(one.roles),
                "units": [found.name for id_ in one.units if (found := services.units.find(id_)) is not None],
                "active": one.active, "language": one.language, "last_login": one.last_login or None,
            }
            for one in services.users.all()
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        state = "" if row["active"] else say(_("not active"))
        click.echo(f"{row['login']:<20}{row['name']:<28}{', '.join(row['roles'] + row['units']):<44}{state}".rstrip())
    if not rows:
        click.echo(say(_("There is no account yet.")), err=True)


@user.command("passwd")
@click.argument("login")
@click.option("--password", default=None, envvar="CRM_PASSWORD",
              help="Better left out: it is asked for. Scripts set CRM_PASSWORD.")
@data_option()
@json_option
def passwd(login: str, password: str | None, data: Path, as_json: bool) -> None:
    """Give the account LOGIN a new password; its logins end."""
    if password is None:
        password = click.prompt(say(_("Password")), hide_input=True, confirmation_prompt=True, err=True)
    _changed(data, {"login": login, "password": password}, as_json,
             _("The account ${login} has a new password; its logins have ended.", mapping={"login": login}))


@user.command("disable")
@click.argument("login")
@data_option()
@json_option
def disable(login: str, data: Path, as_json: bool) -> None:
    """Nobody can sign in as LOGIN any more; what was done under it stays."""
    _changed(data, {"login": login, "active": False}, as_json,
             _("The account ${login} is not active any more.", mapping={"login": login}))


@user.command("enable")
@click.argument("login")
@data_option()
@json_option
def enable(login: str, data: Path, as_json: bool) -> None:
    """Let LOGIN sign in again."""
    _changed(data, {"login": login, "active": True}, as_json,
             _("The account ${login} is active.", mapping={"login": login}))


def _changed(data: Path, arguments: dict[str, Any], as_json: bool, words: Text) -> None:
    result = perform(data, CHANGE_USER, arguments)
    if as_json:
        print_json(result)
    else:
        click.echo(say(words))


@click.group()
def unit() -> None:
    """Units of the organisation."""


@unit.command("list")
@data_option()
@json_option
def list_units(data: Path, as_json: bool) -> None:
    """List the units, each below the one it belongs to."""
    with reading_app(data) as app, app.reading() as services:
        rows: list[dict[str, Any]] = [
            {
                "id": str(one.id), "name": one.name, "name_en": one.name_en, "kind": one.kind,
                "parent": str(one.parent) if one.parent else None, "confidential": one.confidential,
                "active": one.active, "depth": depth,
            }
            for one, depth in in_tree(services.units.all())
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        notes = [say(_("confidential"))] if row["confidential"] else []
        notes += [] if row["active"] else [say(_("closed"))]
        click.echo(f"{'  ' * int(str(row['depth']))}{row['name']}  {', '.join(notes)}".rstrip())
    if not rows:
        click.echo(say(_("There is no unit yet.")), err=True)


@unit.command("add")
@click.argument("name")
@click.option("--name-en", default="", help="The name on English pages.")
@click.option("--kind", type=click.Choice([kind.value for kind in UnitKind]), default=UnitKind.FUNCTION.value,
              show_default=True)
@click.option("--parent", default="", help="The name of the unit above it.")
@click.option("--confidential", is_flag=True, help="Outsiders see only how much there is.")
@data_option()
@json_option
def add_unit(
    name: str, name_en: str, kind: str, parent: str, confidential: bool, data: Path, as_json: bool
) -> None:
    """Add the unit NAME."""
    arguments = {"name": name, "name_en": name_en, "kind": kind, "parent": parent, "confidential": confidential}
    result = perform(data, ADD_UNIT, arguments, create=True)
    if as_json:
        print_json(result)
    else:
        click.echo(say(_("The unit ${name} is there.", mapping={"name": result["name"]})))

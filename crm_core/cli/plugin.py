"""``crm plugin …``: look at a plugin before it comes or goes, put it out and in, take its data out for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.cli import authoring
from crm_core.cli.common import data_option, json_option, listed, perform, print_json, reading_app, say
from crm_core.cli.common import language as spoken
from crm_core.errors import NotFound
from crm_core.host import Candidate, installed
from crm_core.i18n import Text, TextFactory, choose
from crm_core.inspection import brings, leaves
from crm_core.operations import PURGE_PLUGIN, SWITCH_PLUGIN
from crm_core.services.plugins import with_id

_ = TextFactory("crm_core")


def _id(_ctx: click.Context, _param: click.Parameter, name: str) -> str:
    """What was meant by a name with hyphens: no id has one, but the name of every distribution has."""
    return name if any(one.id == name for one in installed()) else name.replace("-", "_")


@click.group()
def plugin() -> None:
    """One plugin: try it, put it out and in, or take its data out."""


@plugin.command()
@click.argument("name", callback=_id)
@click.option("--removal", is_flag=True, help="What would stay stored if it went, instead of what it would bring.")
@data_option()
@json_option
def preview(name: str, removal: bool, data: Path, as_json: bool) -> None:
    """Show what the plugin NAME (its id) would bring, or leave behind with --removal. Changes nothing."""
    with reading_app(data) as app:
        if removal:
            with app.reading() as services:
                held = services.plugins.held(name)
            if held.is_empty and name not in app.host.plugins:
                raise _unknown(name)
            found = leaves(held, spoken())
        else:
            found = brings(_candidate(name), spoken())
    if as_json:
        print_json(found)
    else:
        _print_removal(name, found) if removal else _print_arrival(found)


@plugin.command()
@click.argument("name", callback=_id)
@data_option()
@json_option
def disable(name: str, data: Path, as_json: bool) -> None:
    """Put the plugin NAME out; its data stays readable and answerable. A running server goes on without it."""
    _switch(name, False, data, as_json)


@plugin.command()
@click.argument("name", callback=_id)
@data_option()
@json_option
def enable(name: str, data: Path, as_json: bool) -> None:
    """Let the plugin NAME take part again, in a running server too."""
    _switch(name, True, data, as_json)


def _switch(name: str, enabled: bool, data: Path, as_json: bool) -> None:
    result = perform(data, SWITCH_PLUGIN, {"plugin": name, "enabled": enabled})
    if as_json:
        print_json(result)
    else:
        print_switched(result)


def print_switched(result: dict[str, Any]) -> None:
    """Say what was decided, and what came of it in a running server."""
    named = {"plugin": result["plugin"], "reason": result["reason"]}
    if not result["changed"]:
        click.echo(say(_("That is so already.")))
    elif not result["enabled"]:
        click.echo(say(_("“${plugin}” is out. Its data stays.", mapping=named)))
    elif result["effective"] is None:
        click.echo(say(_("“${plugin}” takes part from the next start on.", mapping=named)))
    elif result["effective"]:
        click.echo(say(_("“${plugin}” takes part.", mapping=named)))
    if result["reason"]:
        click.echo(say(_("It is decided, but “${plugin}” does not take part: ${reason}", mapping=named)), err=True)
    elif result["effective"] is False:
        click.echo(say(_("The running server cannot build itself anew; its log says why. Start it again.")), err=True)


@plugin.command()
@click.argument("name", callback=_id)
@click.option("--export", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="A new or empty folder for what is removed, as plain JSON.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option()
@json_option
def purge(name: str, folder: Path, yes: bool, data: Path, as_json: bool) -> None:
    """Export everything stored of the absent plugin NAME, then remove it for good."""
    if not yes:
        with reading_app(data) as app, app.reading() as services:
            title = with_id(choose(services.plugins.title(name), spoken()), name)
            stored = services.plugins.sizes([name])[name].words
        click.confirm(say(_("Remove everything that is stored of “${plugin}”: ${what}?",
                            mapping={"plugin": title, "what": listed(stored)})
                          if stored else
                          _("Remove everything that is stored of “${plugin}”?", mapping={"plugin": title})),
                      abort=True, err=True)
    result = perform(data, PURGE_PLUGIN, {"plugin": name, "folder": str(folder.absolute())},
                     title=say(_("Removing")))
    if as_json:
        print_json(result)
    else:
        removed = result["removed"]
        click.echo(say(_("“${plugin}” is exported to ${folder} and removed: ${requests} requests, ${records} records, "
                         "the fields of ${contacts} citizens.",
                         mapping={"plugin": with_id(choose(result["title"], spoken()), name),
                                  "folder": result["folder"], "requests": removed["requests"],
                                  "records": removed["collections"], "contacts": removed["contact_fields"]})))
        if result["left"]:
            click.echo(say(_("${count} requests changed meanwhile and stayed; run it again with another folder.",
                             mapping={"count": result["left"]})))


def _candidate(name: str) -> Candidate:
    found = next((one for one in installed() if one.id == name), None)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> NotFound:
    return NotFound(_("There is no plugin “${plugin}”: neither installed nor with data here.",
                      mapping={"plugin": name}))


def _print_arrival(found: dict[str, Any]) -> None:
    click.echo(f"{found['id']} {found['version']}  {found['state']}  {found['reason']}".rstrip())
    _lines(_("Kinds of requests"), [f"{one['title']} ({one['id']})" for one in found["request_types"]])
    _lines(_("Fields of citizens"), [f"{one['title']} ({one['id']})" for one in found["contact_fields"]])
    personal = [*found["request_types"], *found["contact_fields"]]
    _lines(_("Personal fields"), [", ".join(one["personal"]) for one in personal if one["personal"]])
    _lines(_("Permissions"), [f"{one['title']}: {', '.join(one['roles'])}" for one in found["permissions"]])
    _lines(_("Collections"), [f"{one['title']} ({one['id']})" for one in found["collections"]])
    _lines(_("Boxes on pages"), found["panels"])
    _lines(_("Reports"), found["reports"])
    _lines(_("Channels"), found["channels"])
    _lines(_("Background work"), found["background"])
    _lines(_("Settings"), found["settings"])
    _lines(_("Pages"), found["pages"])
    _lines(_("Hooks"), found["hooks"])


def _print_removal(name: str, found: dict[str, Any]) -> None:
    click.echo(say(_("If “${plugin}” goes, this stays readable and answerable:", mapping={"plugin": name})))
    _lines(_("Requests"), [say(_("${title}: ${open} open, ${closed} closed", mapping=one))
                           for one in found["requests"]])
    _lines(_("Collections"), [f"{one['id']}: {one['records']}" for one in found["collections"]])
    _lines(_("Fields of citizens"), [f"{one['id']}: {one['contacts']}" for one in found["contact_fields"]])
    _lines(_("Settings"), [one["title"] for one in found["settings"]])
    _lines(_("Personal fields"), [", ".join(one["fields"]) or one["id"] for one in found["personal"]])


def _lines(title: Text, rows: list[str]) -> None:
    if rows:
        click.echo(say(title))
        for row in rows:
            click.echo(f"  {row}")


for _command in (authoring.new, authoring.check):
    plugin.add_command(_command)

"""``crm plugins``, ``crm pack``, ``crm evolve``, ``crm check``: what an administrator asks of an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core import control
from crm_core.checks import check_app
from crm_core.cli.common import (
    REFUSED,
    data_option,
    json_option,
    language,
    listed,
    perform,
    print_json,
    reading_app,
    say,
)
from crm_core.db import Database, root_of
from crm_core.evolve import pending
from crm_core.host import PluginHost, installed
from crm_core.i18n import Text, TextFactory, Translator
from crm_core.inspection import GONE, plugin_row, plugin_rows
from crm_core.operations import LIST_PLUGINS, PACK, REPAIR
from crm_core.registry import Registry
from crm_core.services.plugins import Left
from crm_core.settings import Settings, read_settings

_ = TextFactory("crm_core")


@click.command()
@data_option(required=False)
@json_option
def plugins(data: Path | None, as_json: bool) -> None:
    """List the installed plugins, their state, and why one is not running. Needs no data folder; with one it also lists
    those that are gone and left data.

    A server that runs on the data folder is asked: it knows which ones were refused for their pages.
    """
    if data is not None:
        rows = _plugins_of(data)
    else:
        candidates = installed()
        host = PluginHost(Registry(Translator(["crm_core", *(one.package for one in candidates)])))
        host.load(candidates)
        rows = [plugin_row(plugin) for plugin in host.plugins.values()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:<20}{row['version']:<10}{row['state']:<10}{row['reason']}".rstrip())
        if row["state"] == GONE:
            click.echo(f"  {say(_left(row['left']))}\n  {row['next']}")
    if not rows:
        click.echo(say(_("No plugin is installed.")), err=True)


def _left(counts: dict[str, int]) -> Text:
    """What a plugin left that is not installed any more."""
    what = listed(Left(**counts).words)
    return _("It is not installed, and left something: ${what}. It stays readable; this exports and removes it:",
             mapping={"what": what})


def _plugins_of(data: Path) -> list[dict[str, Any]]:
    """The plugins as the running server knows them, else as they are loaded here."""
    client = control.connect(data)
    if client is not None:
        answer = control.call(client, LIST_PLUGINS.name, {}, None, lambda done, total: None, language())
        return list(answer["plugins"])
    with reading_app(data) as app:
        return plugin_rows(app)


@click.command()
@click.option("--days", default=1.0, show_default=True, type=click.FloatRange(0), help="Keep history this young.")
@data_option()
@json_option
def pack(days: float, data: Path, as_json: bool) -> None:
    """Give back the space of old revisions."""
    result = perform(data, PACK, {"days": days})
    if as_json:
        print_json(result)
    else:
        click.echo(say(_("From ${before} to ${after} bytes.", mapping=result)))


@click.command()
@click.option("--rehearse", "--dry-run", "rehearsed", is_flag=True,
              help="Run the steps over the data, start the plugins and check everything; nothing is stored.")
@data_option()
@json_option
@click.pass_context
def evolve(ctx: click.Context, rehearsed: bool, data: Path, as_json: bool) -> None:
    """Bring the data of an older version to the present layout, as the next start of the server would.

    With --rehearse it works beside a running server, and the exit code is 1 when something would be wrong afterwards.
    """
    settings = read_settings(data)
    if rehearsed:
        _rehearse(ctx, settings, as_json)
        return
    steps = _evolved(settings) if _is_old(settings) else []
    if as_json:
        print_json({"steps": steps, "dry_run": False})
        return
    _tell_steps(_("These steps have run:"), steps)


def _rehearse(ctx: click.Context, settings: Settings, as_json: bool) -> None:
    from crm_core.rehearsal import rehearse  # it takes the whole application along

    found = rehearse(settings)
    if as_json:
        print_json({"steps": found.steps, "dry_run": True, "plugins": found.plugins, "problems": found.problems,
                    "warnings": found.warnings})
    else:
        _tell_steps(_("These steps would run; nothing was stored:"), found.steps)
        for plugin in found.plugins:
            click.echo(f"  {plugin['id']:<20}{plugin['version']:<10}{plugin['state']:<10}{plugin['reason']}")
        for problem in found.problems:
            click.echo(f"{problem['check']}: {problem['message']}")
        click.echo(say(_("${count} problems.", mapping={"count": len(found.problems)}) if found.problems else
                       _("Everything is in order.")))
    if found.problems:
        ctx.exit(REFUSED)


def _tell_steps(title: Text, steps: list[dict[str, str]]) -> None:
    click.echo(say(title if steps else _("The data has the newest layout already.")))
    for step in steps:
        click.echo(f"  {step['id']:<12}{step['title']}")


def _is_old(settings: Settings) -> bool:
    """Whether a step is pending; asked by reading, since a running server keeps others from writing."""
    db = Database.open(settings, read_only=True)
    try:
        with db.reading() as connection:
            return bool(pending(root_of(connection)))
    finally:
        db.close()


def _evolved(settings: Settings) -> list[dict[str, str]]:
    db = Database.open(settings)
    db.close()
    return db.evolved


@click.command()
@data_option()
@click.option("--files", is_flag=True, help="Read every file and compare it with its digest.")
@click.option("--repair", is_flag=True, help="Derive anew what does not agree with its objects; they stay as they are.")
@json_option
@click.pass_context
def check(ctx: click.Context, data: Path, files: bool, repair: bool, as_json: bool) -> None:
    """Check an installation: plugins, stored classes, references, files, indexes, lag. Exit code 1 when something is
    wrong, after the repair where one was asked for."""
    mended = perform(data, REPAIR, {}, title=say(_("Repairing")))["mended"] if repair else {}
    with reading_app(data) as app:
        result = check_app(app, files)
    if as_json:
        print_json(result | ({"mended": mended} if repair else {}))
    else:
        for name, count in mended.items():
            click.echo(say(_("${check}: ${count} mended", mapping={"check": name, "count": count})))
        for problem in result["problems"]:
            click.echo(f"{problem['check']}: {problem['message']}")
        if any(problem.get("mend") for problem in result["problems"]):
            click.echo(say(_("“crm check --repair” derives anew what can be derived.")))
        for warning in result["warnings"]:
            click.echo(f"{say(_('to look at'))}: {warning['check']}: {warning['message']}")
        click.echo(say(_("Everything is in order.") if not result["problems"] else
                       _("${count} problems.", mapping={"count": len(result["problems"])})))
    if result["problems"]:
        ctx.exit(REFUSED)

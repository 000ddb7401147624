"""``crm plugins``, ``crm pack``, ``crm check``: what an administrator asks of an installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.checks import check_app
from crm_core.cli.common import REFUSED, data_option, json_option, perform, print_json, reading_app, say
from crm_core.host import Plugin, PluginHost, installed
from crm_core.i18n import TextFactory, Translator
from crm_core.operations import PACK
from crm_core.registry import Registry
from crm_core.settings import read_settings

_ = TextFactory("crm_core")


@click.command()
@data_option(required=False)
@json_option
def plugins(data: Path | None, as_json: bool) -> None:
    """List the installed plugins, their state, and why one is not running. Needs no data folder."""
    disabled = read_settings(data).plugins_disabled if data is not None else ()
    candidates = installed()
    translator = Translator(["crm_core", *(one.package for one in candidates)])
    host = PluginHost(Registry(translator), disabled)
    host.load(candidates)
    rows = [plugin_row(plugin) for plugin in host.plugins.values()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['id']:<20}{row['version']:<10}{row['state']:<10}{row['reason']}")
    if not rows:
        click.echo(say(_("No plugin is installed.")), err=True)


def plugin_row(plugin: Plugin) -> dict[str, Any]:
    """One plugin in plain data."""
    return {
        "id": plugin.id, "distribution": plugin.distribution, "version": plugin.version, "state": plugin.state.value,
        "reason": plugin.reason, "hooks": plugin.hooks(),
        "contributions": [f"{type(one).__name__} {one.id}" for one in plugin.contributions],
    }


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
@data_option()
@json_option
@click.pass_context
def check(ctx: click.Context, data: Path, as_json: bool) -> None:
    """Check an installation: plugins, stored classes, indexes, lag. Exit code 1 when something is wrong."""
    with reading_app(data) as app:
        result = check_app(app)
    if as_json:
        print_json(result)
    else:
        for problem in result["problems"]:
            click.echo(f"{problem['check']}: {problem['message']}")
        click.echo(say(_("Everything is in order.") if not result["problems"] else
                       _("${count} problems.", mapping={"count": len(result["problems"])})))
    if result["problems"]:
        ctx.exit(REFUSED)

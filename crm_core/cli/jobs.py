"""``crm jobs`` and ``crm job run``: what the product does by itself, how that stands, and having it done now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from crm_core.app import App
from crm_core.cli.common import REFUSED, data_option, json_option, perform, print_json, reading_app, say
from crm_core.cli.common import language as spoken
from crm_core.cli.describe import iso
from crm_core.effects import effects as all_effects
from crm_core.following import Standing
from crm_core.i18n import TextFactory
from crm_core.model.root import Root
from crm_core.operations import RUN_JOB
from crm_core.readers import readers as all_readers
from crm_core.registry import Registry
from crm_core.schedule import jobs as all_jobs

_ = TextFactory("crm_core")


@click.command()
@data_option()
@json_option
def jobs(data: Path, as_json: bool) -> None:
    """List what is done by itself: jobs, readers of what has happened, effects outside of the desk."""
    with reading_app(data) as app:
        found = {"jobs": _jobs(app), "readers": _followers(app, all_readers), "effects": _followers(app, all_effects)}
    if as_json:
        print_json(found)
        return
    for row in found["jobs"]:
        click.echo(f"{row['id']:<32}{row['done'] or '-':<28}{row['due'] or '-':<28}{row['error'] or row['title']}")
    for row in (*found["readers"], *found["effects"]):
        waiting = say(_("${count} waiting", mapping={"count": f"{row['waiting']}{'+' if row['more'] else ''}"}))
        click.echo(f"{row['id']:<32}{row['done'] or '-':<28}{waiting:<28}{row['error'] or row['title']}")
    if not any(found.values()):
        click.echo(say(_("No plugin here does anything by itself.")), err=True)


def _jobs(app: App) -> list[dict[str, Any]]:
    with app.reading() as services:
        return [{
            "id": row.id, "plugin": row.plugin, "title": app.translator.translate(row.title, spoken()),
            "every": row.every, "due": iso(row.due or None), "done": iso(row.done), "tried": iso(row.tried),
            "took": row.took, "count": row.count, "failures": row.failures, "error": row.error, "running": row.running,
        } for row in all_jobs(services.root, app.registry)]


def _followers(app: App, every: Callable[[Root, Registry], list[Standing]]) -> list[dict[str, Any]]:
    with app.reading() as services:
        return [{
            "id": row.id, "plugin": row.plugin, "title": app.translator.translate(row.title, spoken()),
            "kinds": list(row.kinds), "waiting": row.waiting, "more": row.more, "oldest": iso(row.oldest),
            "done": iso(row.done), "count": row.count, "failures": row.failures, "error": row.error,
            "retry": iso(row.retry), "again": row.again, "dead": row.dead, "uncertain": row.uncertain,
        } for row in every(services.root, app.registry)]


@click.group()
def job() -> None:
    """One job of a plugin."""


@job.command()
@click.argument("id_", metavar="ID")
@data_option()
@json_option
@click.pass_context
def run(ctx: click.Context, id_: str, data: Path, as_json: bool) -> None:
    """Run the job ID now, due or not. Exit code 1 when it fails; nothing of what it did is stored then."""
    result = perform(data, RUN_JOB, {"id": id_})
    if as_json:
        print_json(result)
    elif result["error"]:
        words = _("The job “${job}” failed: ${reason}", mapping={"job": id_, "reason": result["error"]})
        click.echo(f"crm: {say(words)}", err=True)
    else:
        click.echo(say(_("The job “${job}” is done (${took} ms).", mapping={"job": id_, "took": result["took"]})))
    if result["error"]:
        ctx.exit(REFUSED)

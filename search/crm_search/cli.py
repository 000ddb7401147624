"""``crm reindex``: build full text anew, in the running server where there is one, else in the command itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crm_core.app import App
from crm_core.cli.common import data_option, json_option, language, perform, print_json
from crm_core.db import root_of
from crm_core.i18n import Text, TextFactory, Translator
from crm_core.operations import Operation, Progress
from crm_core.projections import ProjectionRunner
from crm_search.indexer import Indexer

_ = TextFactory("crm_search")


def _reindex(app: App, arguments: dict[str, Any], file: Path | None, progress: Progress) -> dict[str, Any]:
    with app.db.reading() as connection:
        root = root_of(connection)
        total = len(root.contacts) + len(root.requests) + len(root.interactions)
    documents = 0
    for indexer in app.projections:
        if isinstance(indexer, Indexer):
            runner = ProjectionRunner(app, indexer)
            documents = runner.rebuild(lambda done: progress(done, max(done, total)))
    app.catch_up()
    return {"documents": documents, "count": app.text_search.count()}


REINDEX = Operation("reindex", _reindex)
"""For the control socket of a serving process, beside the operations of the core."""


@click.command()
@data_option()
@json_option
def reindex(data: Path, as_json: bool) -> None:
    """Build full text search anew; people go on working and searching meanwhile."""
    result = perform(data, REINDEX, {}, title=_say(_("Reading everything for full text")))
    if as_json:
        print_json(result)
    else:
        click.echo(_say(_("${count} texts can be found again.", mapping={"count": result["documents"]})))


def _say(text: Text) -> str:
    return Translator(["crm_search"]).translate(text, language())


commands = [reindex]
"""What the entry point group crm.commands takes from here."""

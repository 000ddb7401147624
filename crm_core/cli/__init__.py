"""The ``crm`` command: one module a command group; views and search add theirs by the entry point group crm.commands.

Exit codes: 0 done (rejected rows alone still count as done), 1 refused or found wrong, 2 wrong usage, 3 not there,
4 another process has the database, 70 a fault of ours.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import warnings
from typing import Any

import click

from crm_core import __version__
from crm_core.cli import admin, demo, find, imports, users
from crm_core.cli.common import CrmGroup, log_to_stderr

log = logging.getLogger(__name__)
GROUP = "crm.commands"


class LazyGroup(CrmGroup):
    """Takes commands from entry points when they are asked for, so that ``crm find`` does not import the web."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(command.name or "" for command in self._others())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        return own or next((command for command in self._others() if command.name == cmd_name), None)

    @staticmethod
    def _others() -> list[click.Command]:
        commands: list[click.Command] = []
        for point in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name):
            try:
                with warnings.catch_warnings():
                    # Pyramid 2.1 and deform 3.0.1 import it; constraints.txt keeps it there. No news for an operator.
                    warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
                    commands += point.load()
            except Exception:  # a broken part must not take the other commands with it
                log.exception("the commands of %s cannot be loaded", point.value)
        return commands


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crm")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def main(ctx: click.Context, debug: bool) -> None:
    """The service desk: one citizen, one history."""
    os.umask(0o077)  # what the commands write is for this account only: databases, blobs, indexes
    ctx.obj = {"debug": debug}
    log_to_stderr(debug)


_COMMANDS: tuple[Any, ...] = (
    find.find, find.show, imports.import_, users.user, demo.demo, admin.plugins, admin.pack, admin.check,
)
for _command in _COMMANDS:
    main.add_command(_command)

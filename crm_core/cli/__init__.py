"""The ``crm`` command: one module a command group; views and search add theirs by the entry point group crm.commands.

Exit codes: 0 done (rejected rows alone still count as done), 1 refused or found wrong, 2 wrong usage, 3 not there,
4 another process has the database, 70 a fault of ours.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import warnings

import click

from crm_core import __version__
from crm_core.cli.common import CrmGroup, log_to_stderr

log = logging.getLogger(__name__)
GROUP = "crm.commands"
OWN = {
    "find": "find.find", "show": "find.show", "import": "imports.import_", "user": "users.user", "unit": "users.unit",
    "demo": "demo.demo", "plugins": "admin.plugins", "plugin": "plugin.plugin", "jobs": "jobs.jobs", "job": "jobs.job",
    "dead-letters": "deadletters.dead_letters", "worker": "worker.worker", "export": "privacy.export",
    "erase": "privacy.erase", "expire": "privacy.expire", "pack": "admin.pack", "evolve": "admin.evolve",
    "check": "admin.check", "backup": "backup.backup", "restore": "backup.restore",
    "copy-storage": "storage.copy_storage",
}
"""The core's commands: the module of this package that each is in, and its name there."""


class LazyGroup(CrmGroup):
    """Takes commands from their modules and from entry points when they are asked for, so that ``crm find`` imports
    neither the web nor what only a backup needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*OWN, *(command.name or "" for command in self._others())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in OWN:
            module, _dot, name = OWN[cmd_name].partition(".")
            command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            return command
        return next((command for command in self._others() if command.name == cmd_name), None)

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

"""``crm worker``: the background work in a process of its own, beside web processes that only answer."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from crm_core import leftovers
from crm_core.app import App
from crm_core.background import Background
from crm_core.cli.common import data_option, say
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.processes import SILENCE
from crm_core.settings import read_settings

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)
LOOK = 5.0
"""Seconds between two looks whether administrators have decided otherwise about plugins."""


@click.command()
@data_option()
@click.option("--silence", default=SILENCE // 1000, show_default=True, type=click.IntRange(1, 3600),
              help="Seconds of silence after which the others take over what it was at.")
@click.option("--debug", is_flag=True, help="Log more.")
def worker(data: Path, silence: int, debug: bool) -> None:
    """Do the background work until it is told to stop (Ctrl+C or SIGTERM): full text, report tables, what plugins read
    and send, timers, jobs.

    Several may run, on several machines; none does what another one does. Needs a storage that several processes can
    open (crm.zodburi).
    """
    settings = read_settings(data)
    if settings.is_file_storage:
        raise CrmError(_("The data lies in a file that one process holds, and that is the server (crm serve): it does "
                         "the background work itself. A worker needs a storage server (crm.zodburi)."))
    _log_to_stderr(debug)
    with ExitStack() as stack:
        stopping = stack.enter_context(_told_to_stop())
        app = App.open(settings)
        stack.callback(app.close)
        leftovers.sweep(data)
        stack.enter_context(Background(app, what="crm worker", silence=1000 * silence))
        click.echo(say(_("The worker is at work: ${names}", mapping={"names": ", ".join(_names(app))})))
        sys.stdout.flush()
        while not stopping.wait(LOOK):
            _follow_decisions(app)
        log.info("ending after the work at hand")
    log.info("ended")


def _names(app: App) -> list[str]:
    registry = app.registry
    return [
        *(f"projection {one.id}" for one in app.projections), *(f"reader {id_}" for id_ in sorted(registry.readers)),
        *(f"effect {id_}" for id_ in sorted(registry.effects)), *(f"job {id_}" for id_ in sorted(registry.jobs)),
        *(f"timer {id_}" for id_ in sorted(registry.timers)),
    ]


def _follow_decisions(app: App) -> None:
    """Go on with the plugins that administrators let take part now, and forget who was erased elsewhere."""
    try:
        with app.reading() as services:
            app.follow_erasures(services.root)
            outdated = app.is_outdated(services.root)
        if outdated:
            app.adopt(app.beside())
            log.info("goes on with the plugins %s", [one.id for one in app.host.enabled()])
    except Exception:  # whatever keeps the new ones from starting: this one goes on with those it has
        log.exception("cannot go on with the plugins of now")


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl+C set."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_to_stderr(debug: bool) -> None:
    """What is done, in lines with the time; of libraries warnings only, unless ``debug``."""
    logging.basicConfig(
        level=logging.INFO if debug else logging.WARNING, force=True,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("crm_core").setLevel(logging.INFO)

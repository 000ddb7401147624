"""``crm serve``: the whole service desk in one process: web pages, the control socket, the indexer of full text."""

from __future__ import annotations

import errno
import importlib.metadata
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
import waitress
from pyramid.request import Request
from pyramid.router import Router

from crm_core.app import App
from crm_core.cli.common import data_option, language
from crm_core.control import ControlServer
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.operations import CORE_OPERATIONS
from crm_core.settings import read_settings
from crm_core.textfeed import JournalSource
from crm_search.cli import REINDEX
from crm_search.indexer import IndexerThread
from crm_views.app import make_app
from crm_views.bodies import largest_body

_ = TextFactory("crm_views")
log = logging.getLogger(__name__)

THREADS = 8
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@click.command()
@data_option()
@click.option("--port", default=6543, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--debug", is_flag=True, help="Log more, and read templates again when they change.")
@click.pass_context
def serve(ctx: click.Context, data: Path, port: int, host: str, debug: bool) -> None:
    """Serve the desk until it is told to stop (Ctrl+C or SIGTERM)."""
    debug = debug or bool((ctx.obj or {}).get("debug"))
    log_with_traces(debug)
    app = App.open(read_settings(data))
    with ExitStack() as stack:
        stack.callback(app.close)
        web = make_app(app, **{"pyramid.reload_templates": debug})
        warm(web)
        server = make_server(app, web, host, port)
        stack.callback(server.close)
        stack.enter_context(ControlServer(app, {**CORE_OPERATIONS, REINDEX.name: REINDEX}))
        stack.enter_context(indexing(app))
        # The port is open from here on: whoever connects now waits a moment and is answered.
        words = _("The desk is open at ${address}", mapping={"address": address(server, host)})
        click.echo(app.translator.translate(words, language()))
        sys.stdout.flush()
        say_who_may_come(app, data)
        with stopping_on(signal.SIGTERM):
            server.run()  # returns after Ctrl+C and SystemExit, when the requests at work are answered
    log.info("closed")


commands = [serve]
"""What the entry point group ``crm.commands`` adds to ``crm``."""


def make_server(app: App, web: Callable[..., Any], host: str, port: int) -> Any:
    """A waitress server that listens already. Raises CrmError when the port is taken."""
    behind_proxy = app.settings.https and host in LOOPBACK
    # The application answers what is too large in words; the server itself only stops what is absurd.
    options: dict[str, Any] = {"max_request_body_size": 2 * largest_body(app.settings)}
    if behind_proxy:
        options |= {
            "trusted_proxy": "127.0.0.1", "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        }
    try:
        return waitress.create_server(
            web, host=host, port=port, threads=THREADS, ident=None,
            url_scheme="https" if app.settings.https else "http", clear_untrusted_proxy_headers=True, **options,
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise CrmError(_("The port ${port} is in use already. Choose another one with --port (make run PORT=…).",
                         mapping={"port": port})) from error


def say_who_may_come(app: App, data: Path) -> None:
    """Tell the operator of a new installation that nobody can sign in yet."""
    with app.reading() as services:
        if services.users.active():
            return
    words = _("Nobody can sign in yet: crm user add LOGIN --role administrator --data ${data}",
              mapping={"data": str(data)})
    click.echo(app.translator.translate(words, language()), err=True)


def address(server: Any, host: str) -> str:
    """The address people open; of several sockets the first."""
    listen = getattr(server, "effective_listen", None)
    port = listen[0][1] if listen else server.effective_port
    shown = "127.0.0.1" if host in ("0.0.0.0", "*", "") else f"[{host}]" if ":" in host else host  # noqa: S104  # only compared
    return f"http://{shown}:{port}/"


def warm(web: Router) -> None:
    """Draw the login page once: templates are compiled before the first citizen waits for them."""
    status = Request.blank("/login").get_response(web).status_int
    if status != 200:
        log.error("the login page answers with status %d", status)


@contextmanager
def indexing(app: App) -> Iterator[None]:
    """Keep full text up to date in the background, where the installation has a full text that needs it."""
    points = importlib.metadata.entry_points(group="crm.indexer", name=app.settings.search)
    threads = [IndexerThread(point.load()(app.text_search, JournalSource(app.db))) for point in points]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.stop()


@contextmanager
def stopping_on(number: signal.Signals) -> Iterator[None]:
    """Turn a signal into SystemExit, which the server takes for its end."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = signal.signal(number, leave)
    try:
        yield
    finally:
        signal.signal(number, before)


def log_with_traces(debug: bool) -> None:
    """A server's log: time, place, message and traceback, on stderr."""
    logging.basicConfig(
        level=logging.INFO if debug else logging.WARNING, force=True,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )

"""``crm serve``: the whole service desk in one process: web pages, the control socket, the background work."""

from __future__ import annotations

import errno
import gc
import logging
import os
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

from crm_core import leftovers
from crm_core.app import App
from crm_core.background import Background
from crm_core.cli.common import data_option, language
from crm_core.control import ControlServer
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.operations import CORE_OPERATIONS
from crm_core.settings import demand_worker_possible, forget_setup_code, read_settings
from crm_search.cli import REINDEX
from crm_views import room
from crm_views.admin.setup_code import setup_code
from crm_views.app import make_app
from crm_views.bodies import largest_body
from crm_views.cooking import CookingThread
from crm_views.installation import private_folder
from crm_views.page_templates import kept_in
from crm_views.swap import Swappable, following

_ = TextFactory("crm_views")
log = logging.getLogger(__name__)

THREADS = 8
OWN_INDEX = ("whoosh", "tantivy")
"""Backends of full text that are files of one machine."""
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
    settings = read_settings(data)
    demand_worker_possible(settings)
    app = App.open(settings)
    leftovers.sweep(data)
    warn_of_own_index(app)
    compiled = os.environ.get("CHAMELEON_CACHE")  # Chameleon's own, for those who start many servers
    kept = kept_in(Path(compiled) if compiled else private_folder(data, "templates"))
    pages = {"pyramid.reload_templates": debug, **kept}
    with ExitStack() as stack:
        stack.callback(app.close)
        with nothing_is_garbage():
            web = Swappable(app, lambda one: warmed(make_app(one, **pages)))
        server = make_server(app, web, host, port)
        stack.callback(server.close)
        stack.enter_context(ControlServer(app, {**CORE_OPERATIONS, REINDEX.name: REINDEX}))
        if app.settings.background == "here":
            stack.enter_context(Background(app))
        if not app.settings.is_file_storage:
            stack.enter_context(following(web))
        # The port is open from here on: whoever connects now waits a moment and is answered.
        words = _("The desk is open at ${address}", mapping={"address": address(server, host)})
        click.echo(app.translator.translate(words, language()))
        sys.stdout.flush()
        say_who_may_come(app, data)
        cooking = CookingThread(web.router.registry)
        cooking.start()
        stack.callback(cooking.stop)
        with stopping_on(signal.SIGTERM):
            server.run()  # returns after Ctrl+C and SystemExit, when the requests at work are answered
    log.info("closed")


commands = [serve]
"""What the entry point group ``crm.commands`` adds to ``crm``."""


def warn_of_own_index(app: App) -> None:
    """Say that nobody may feed the index of this machine, where another process is to do it."""
    settings = app.settings
    if settings.search in OWN_INDEX and settings.background != "here":
        log.warning("full text lies in %s on this machine: a crm worker must run here too, with this data folder, or "
                    "crm.search be postgres", settings.data / "index")


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
        server = waitress.create_server(
            web, host=host, port=port, threads=THREADS, ident=None,
            url_scheme="https" if app.settings.https else "http", clear_untrusted_proxy_headers=True, **options,
        )
        room.prepare(server)
        return server
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise CrmError(_("The port ${port} is in use already. Choose another one with --port (make run PORT=…).",
                         mapping={"port": port})) from error


def say_who_may_come(app: App, data: Path) -> None:
    """Tell the operator of a new installation that nobody can sign in yet; of another one, forget the setup code."""
    with app.reading() as services:
        if services.root.users:
            forget_setup_code(data)
            return
    # The code goes to the console only: a stranger on the network must not make himself the first administrator.
    words = _("Nobody can sign in yet. Open the page above with the setup code ${code}, or: "
              "crm user add LOGIN --role administrator --data ${data}",
              mapping={"code": setup_code(data), "data": str(data)})
    click.echo(app.translator.translate(words, language()), err=True)


def address(server: Any, host: str) -> str:
    """The address people open; of several sockets the first."""
    listen = getattr(server, "effective_listen", None)
    port = listen[0][1] if listen else server.effective_port
    shown = "127.0.0.1" if host in ("0.0.0.0", "*", "") else f"[{host}]" if ":" in host else host  # noqa: S104  # only compared
    return f"http://{shown}:{port}/"


def warmed(web: Router) -> Router:
    """The application, its login page drawn once: templates are compiled before the first citizen waits for them."""
    status = Request.blank("/login").get_response(web).status_int
    if status == 303:  # a new installation leads to its first page
        status = Request.blank("/first-run").get_response(web).status_int
    if status != 200:
        log.error("the login page answers with status %d", status)
    return web


@contextmanager
def nothing_is_garbage() -> Iterator[None]:
    """Look for no garbage: what a start makes stays, and going through all of it again and again took a tenth of it.

    Nor is it looked through later: that took 60 ms, of whoever asked for a page just then.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


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

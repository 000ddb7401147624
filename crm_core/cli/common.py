"""What all commands share: the data folder, JSON output, progress, errors in words, and where the work is done."""

from __future__ import annotations

import json
import locale
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from crm_core import control
from crm_core.app import App
from crm_core.errors import CrmError, DatabaseBusy, Invalid, NotFound
from crm_core.i18n import LANGUAGES, Text, TextFactory, Translator
from crm_core.operations import Operation
from crm_core.packing import is_begun
from crm_core.settings import Settings, read_settings
from crm_core.storage import no_database

_ = TextFactory("crm_core")

REFUSED, NOT_THERE, BUSY, FAULT = 1, 3, 4, 70
Command = TypeVar("Command", bound=Callable[..., Any])


def language() -> str:
    """The language of messages: CRM_LANGUAGE, else Persian where the terminal's locale is Persian, else English."""
    chosen = os.environ.get("CRM_LANGUAGE", "")
    if chosen in LANGUAGES:
        return chosen
    terminal = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "fa" if locale.normalize(terminal).startswith("fa") else "en"


def say(text: Text) -> str:
    """A sentence in the language of messages."""
    return Translator(["crm_core"]).translate(text, language())


def listed(texts: Iterable[Text]) -> str:
    """Several of them in a line, in the language of messages."""
    return say(_(", ")).join(map(say, texts))


def data_option(required: bool = True) -> Callable[[Command], Command]:
    """``--data DIR``, given to the command as `Path`."""
    return click.option(
        "--data", "data", type=click.Path(path_type=Path, file_okay=False), required=required,
        envvar="CRM_DATA", help="The data folder.",
    )


def json_option(command: Command) -> Command:
    """``--json``: stdout holds only JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(command)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


class _OneLine(logging.Formatter):
    """Warnings in one line; the traceback stays away."""

    def format(self, record: logging.LogRecord) -> str:
        return f"crm: {record.getMessage()}"


def log_to_stderr(debug: bool) -> None:
    """Log warnings to stderr; with ``debug`` everything, tracebacks included."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s") if debug else _OneLine())
    logging.basicConfig(level=logging.INFO if debug else logging.WARNING, handlers=[handler], force=True)


class CrmGroup(click.Group):
    """Turns errors into a sentence on stderr and an exit code; ``--debug`` adds the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            # The reader (head, less) has seen enough; keep the interpreter from complaining at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except CrmError as error:
            self._show_trace(ctx)
            _print_error(error)
            ctx.exit(_code(error))
        except OSError as error:
            self._show_trace(ctx)
            click.echo(f"crm: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
            ctx.exit(REFUSED)
        except Exception as error:  # noqa: BLE001  # the last resort: a sentence instead of a traceback
            self._show_trace(ctx)
            fault = _("A fault of the program: ${name}. Run it again with “crm --debug …” and tell us.",
                      mapping={"name": f"{type(error).__name__}: {error}"})
            click.echo(f"crm: {say(fault)}", err=True)
            ctx.exit(FAULT)

    @staticmethod
    def _show_trace(ctx: click.Context) -> None:
        if (ctx.obj or {}).get("debug") or ctx.params.get("debug"):
            traceback.print_exc()


def _print_error(error: CrmError) -> None:
    if isinstance(error, Invalid) and len(error.errors) > 1:
        for name, text in error.errors.items():
            click.echo(f"crm: {name}: {say(text)}", err=True)
    else:
        click.echo(f"crm: {say(error.message)}", err=True)


def _code(error: CrmError) -> int:
    if isinstance(error, NotFound):
        return NOT_THERE
    return BUSY if isinstance(error, DatabaseBusy) else REFUSED


@contextmanager
def reading_app(data: Path) -> Iterator[App]:
    """The application for looking only; works beside a running server."""
    app = App.open(_settings(data), read_only=True)
    try:
        yield app
    finally:
        app.close()


def _settings(data: Path) -> Settings:
    return read_settings(data)


def perform(
    data: Path, operation: Operation, arguments: Mapping[str, Any], *, file: Path | None = None, title: str = "",
    create: bool = False,
) -> dict[str, Any]:
    """Run a writing operation: in the server that runs on this data folder, else here; its plain result.

    ``create``: the operation may begin a new installation; others refuse a folder without a database.
    """
    settings = _settings(data)
    if not create and settings.is_file_storage and not is_begun(data):
        raise no_database(data)
    with progress_bar(title) as progress:
        client = control.connect(data)
        if client is not None:
            return control.call(client, operation.name, arguments, file, progress, language())
        app = App.open(settings)
        try:
            result = operation.run(app, dict(arguments), file, progress)
            app.catch_up()
            return result
        finally:
            app.close()


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while it is a terminal; yields ``step(done, total)``."""
    if not title or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console  # a command without a bar does not wait for it
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)

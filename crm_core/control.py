"""The control socket: writing commands speak to the running server, because a FileStorage lets one process write.

A Unix socket in the data folder, for the owner only. One JSON line and perhaps a file in; JSON lines out: progress,
then one result or error. Paths over about 100 characters do not fit a socket address; then a short name in a private
folder below the temp folder is used. Whoever connects makes sure that the owner of the data listens.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import socket
import socketserver
import stat
import struct
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from crm_core.app import App
from crm_core.errors import CrmError, Invalid, NotFound
from crm_core.i18n import LANGUAGES, TextFactory
from crm_core.operations import Operation, Progress

_ = TextFactory("crm_core")
log = logging.getLogger(__name__)

LONGEST_PATH = 100
LONGEST_LINE = 1 << 20


class Refused(CrmError):
    """The server answered with an error; ``fields`` are the refused values, if any."""

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


def socket_path(data: Path) -> Path:
    """Where the socket of a data folder is: in it, or under a short name where that path is too long."""
    direct = data.absolute() / "control.sock"
    if len(os.fsencode(direct)) <= LONGEST_PATH:
        return direct
    name = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:16]
    return _short_folder(data) / f"{name}.sock"


def _owner(data: Path) -> int:
    """The account a data folder belongs to: the one the server runs as."""
    return data.stat().st_uid if data.exists() else os.getuid()


def _short_folder(data: Path) -> Path:
    """A folder in the temp folder that only the owner of ``data`` can write to; Refused when somebody squats it."""
    folder = Path(tempfile.gettempdir()) / f"crm-{_owner(data)}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077 or status.st_uid not in (os.getuid(), _owner(data)):
        raise Refused(_("The folder “${folder}” belongs to somebody else; remove it.", mapping={"folder": str(folder)}))
    return folder


# ── server ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    app: App
    operations: Mapping[str, Operation]
    one_at_a_time: threading.Lock

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What is left is a client that hung up while it was being answered."""
        log.info("the command at the control socket went away", exc_info=True)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        folder = None
        self.language = self.server.app.settings.language
        try:
            call = json.loads(self.rfile.readline(LONGEST_LINE))
            if call.get("language") in LANGUAGES:
                self.language = call["language"]
            operation = self.server.operations[call["operation"]]
            folder, file = self._receive(call)
            with self.server.one_at_a_time:
                result = operation.run(self.server.app, call["arguments"], file, self._progress)
            self._send({"result": result})
        except (BrokenPipeError, ConnectionResetError):
            log.info("the command at the control socket went away")
        except Invalid as error:
            fields = {name: self._say(text) for name, text in error.errors.items()}
            self._send({"error": self._say(error.message), "fields": fields})
        except CrmError as error:
            self._send({"error": self._say(error.message), "missing": isinstance(error, NotFound)})
        except Exception:
            log.exception("an operation at the control socket failed")
            self._send({"error": self._say(_("The server could not do this; its log says why."))})
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def _receive(self, call: dict[str, Any]) -> tuple[Path | None, Path | None]:
        """The file sent along, kept under its own name (its ending tells the format)."""
        left = int(call.get("bytes", -1))
        if left < 0:
            return None, None
        folder = Path(tempfile.mkdtemp(prefix="crm-import-"))
        file = folder / (Path(str(call.get("name") or "file")).name or "file")
        with file.open("wb") as target:
            while left:
                chunk = self.rfile.read(min(left, 1 << 20))
                if not chunk:
                    raise ConnectionResetError("the file ended early")
                target.write(chunk)
                left -= len(chunk)
        return folder, file

    def _progress(self, done: int, total: int) -> None:
        self._send({"progress": [done, total]})

    def _send(self, message: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def _say(self, text: Any) -> str:
        return self.server.app.translator.translate(text, self.language)


class ControlServer:
    """Serves operations of an `App` in threads of their own, one at a time; ``with ControlServer(app, …):``.

    Of several processes with one data folder the first one serves. When it ends, commands do their work themselves,
    which a storage of a server lets them.
    """

    def __init__(self, app: App, operations: Mapping[str, Operation]) -> None:
        self.path = socket_path(app.settings.data)
        self._server: _Server | None = None
        if not app.settings.is_file_storage and _somebody_listens(self.path):
            return  # another web process of this folder does what commands ask for
        _remove_stale(self.path)
        previous = os.umask(0o177)
        try:
            self._server = server = _Server(str(self.path), _Handler)
        finally:
            os.umask(previous)
        server.app = app
        server.operations = operations
        server.one_at_a_time = threading.Lock()
        self._inode = self.path.stat().st_ino
        self._thread = threading.Thread(target=server.serve_forever, name="crm-control", daemon=True)

    def start(self) -> None:
        if self._server is not None:
            self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_ino == self._inode:
                    self.path.unlink()

    def __enter__(self) -> ControlServer:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def _somebody_listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def _remove_stale(path: Path) -> None:
    """Take away the socket of a server that was killed. Whoever holds the database's lock may; we hold it."""
    if path.exists() and stat.S_ISSOCK(path.lstat().st_mode) and path.lstat().st_uid == os.getuid():
        path.unlink()


# ── client ───────────────────────────────────────────────────────────────────────────────────────────────────


def connect(data: Path) -> socket.socket | None:
    """A connection to the server that runs on the data folder, or None when none does."""
    path = socket_path(data)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        client.close()
        return None
    # Passwords and people's data go over this: only to the account the data belongs to (SO_PEERCRED, unix(7)).
    _pid, user, _group = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if user not in (os.getuid(), _owner(data)):
        client.close()
        raise Refused(_("Another account listens at “${path}”; nothing was sent.", mapping={"path": str(path)}))
    return client


def call(
    client: socket.socket, operation: str, arguments: Mapping[str, Any], file: Path | None, progress: Progress,
    language: str,
) -> dict[str, Any]:
    """Let the server run an operation; its result. Raises Refused, or NotFound for what is not there, with the server's
    words in ``language``."""
    header: dict[str, Any] = {"operation": operation, "arguments": dict(arguments), "language": language}
    with client, client.makefile("rwb") as stream:
        if file is not None:
            header |= {"bytes": file.stat().st_size, "name": file.name}
        stream.write(json.dumps(header).encode() + b"\n")
        if file is not None:
            with file.open("rb") as source:
                shutil.copyfileobj(source, cast(BinaryIO, stream))
        stream.flush()
        for line in stream:
            answer = json.loads(line)
            if "progress" in answer:
                progress(*answer["progress"])
            elif "error" in answer:
                if answer.get("missing"):
                    raise NotFound(answer["error"])
                raise Refused(answer["error"], answer.get("fields"))
            else:
                result: dict[str, Any] = answer["result"]
                return result
    raise Refused(_("The server went away before it answered; look at what is stored and try again."))



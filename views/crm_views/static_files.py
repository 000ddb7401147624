"""Our static files: their address holds a digest of all of them, so that browsers may keep them for a year.

Style sheets name fonts and drawings relative to themselves, therefore the digest stands before the path and covers all.
Our own sheets and scripts go out as one file each; texts are compressed once in the life of a process.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from crm_views.components.ui import SCRIPTS, STYLE_SHEETS
from crm_views.compression import takes_gzip

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

PREFIX = "/static/"
YEAR = 365 * 86_400
BUNDLES: Mapping[str, Sequence[str]] = {"css/all.css": STYLE_SHEETS, "js/all.js": SCRIPTS}
"""Files made of others, in the order in which they are read. They lie beside their parts: relative names stay right."""
TEXTS = frozenset({".css", ".js", ".svg"})
DARK = "css/dark.css"
"""What is dark where somebody chose that; it holds on dark devices too where nothing else is chosen."""


def folder() -> Path:
    """Where the files lie."""
    return Path(str(resources.files("crm_views"))) / "static"


class StaticFiles:
    """The files of one release as they lie in ``root``; texts are read and compressed when first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[str, bytes] = {}
        self._packed: dict[str, bytes] = {}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every file, relative to the root."""
        return tuple(sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()))

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits over names and contents, the same in every process of one release."""
        summary = hashlib.sha256(repr(sorted((name, tuple(parts)) for name, parts in BUNDLES.items())).encode())
        for path in self.paths:
            summary.update(path.encode() + b"\0" + hashlib.sha256((self.root / path).read_bytes()).digest())
        return summary.hexdigest()[:12]

    def text(self, path: str, *, packed: bool) -> bytes:
        """A style sheet, script or drawing, with ``packed`` as gzip. Raises KeyError for anything else."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        if not packed:
            return self._texts[path]
        if path not in self._packed:
            self._packed[path] = gzip.compress(self._texts[path], 9, mtime=0)
        return self._packed[path]

    def _read(self, path: str) -> bytes:
        if path in BUNDLES:
            return b"\n".join(self._read(part) for part in BUNDLES[path])
        if path not in self.paths or Path(path).suffix not in TEXTS:
            raise KeyError(path)
        text = (self.root / path).read_bytes()
        return text + _on_dark_devices(text) if path == DARK else text


def _on_dark_devices(text: bytes) -> bytes:
    """The rules of the theme "dark" once more, for "auto": a selector cannot ask what the device shows."""
    return b"@media (prefers-color-scheme: dark) {\n" + text.replace(b'="dark"', b'="auto"') + b"}\n"


def text_file(request: Request) -> Response:
    """A text file, compressed for whoever takes that."""
    path = request.matchdict["path"]
    packed = takes_gzip(request)
    try:
        body = request.registry.crm_static.text(path, packed=packed)
    except KeyError:
        raise HTTPNotFound from None
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    response = Response(body, content_type=kind, charset="utf-8")
    response.cache_expires(YEAR)
    response.vary = ("Accept-Encoding",)
    if packed:
        response.content_encoding = "gzip"
    return response


def includeme(config: Configurator) -> None:
    """Serve ``crm_views:static/`` below ``/static/<digest>/``."""
    files = config.registry.crm_static = StaticFiles(folder())
    texts = "|".join(sorted(suffix.removeprefix(".") for suffix in TEXTS))
    config.add_route("__static/text", f"{PREFIX}{files.digest}/{{path:[a-z0-9_/.-]+[.](?:{texts})}}")
    config.add_view(text_file, route_name="__static/text", request_method="GET", permission=NO_PERMISSION_REQUIRED)
    config.add_static_view(f"static/{files.digest}", "crm_views:static/", cache_max_age=YEAR)

"""What a posted form may be, checked before it is parsed: how long, how many fields, text that is UTF-8.

The parser (`cgi.FieldStorage` in WebOb) takes any number of parts, and parts within parts; each costs far more than its
bytes. So a form with files is looked through once in chunks, and refused when it is none that a browser sends for us.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote_to_bytes, urlencode

from pyramid.httpexceptions import HTTPBadRequest, HTTPRequestEntityTooLarge
from pyramid.request import Request as PyramidRequest
from webob.compat import parse_header

from crm_core.settings import Settings
from crm_views.forms.uploads import MEGABYTE
from crm_views.keeping import LOST_FILES
from crm_views.room import CutBody

if TYPE_CHECKING:
    from pyramid.request import Request

FILES_AT_ONCE = 5
"""So many files of the largest size fit into one form."""
MOST_TEXT = 2 * MEGABYTE
"""Longest body without files; with files, all text fields together."""
MOST_FIELDS = 2000
MOST_LINES = 2_000_000
"""Line ends of a form with files: the parser reads it line by line."""
MOST_FROM_STRANGERS = 64 * 1024
"""Longest body from a browser that never signed in: a login form needs no more."""

CHUNK = MEGABYTE
PART_HEAD = 8192
"""Longest head of a part: a file name of some hundred letters and its type."""
_END_OF_HEAD = re.compile(rb"\n[ \t\r\x0b\x0c]*\n")
_IS_FILE = re.compile(rb"[;\s]filename\s*=")
# Parts within a part, and a part that is a form itself: no browser sends them, and nobody would count their fields.
_NESTED = (b"multipart/", b"x-www-form-urlencoded")
_CONTROLS = frozenset({
    "csrf_token", "next", "submission_key", "revision", "submit", "username", "password", "language", "theme", "kept",
})
"""Fields that are ours and never a file, beside those with two underscores."""


class FormRequest(PyramidRequest):
    """A request whose text stays in memory.

    WebOb writes ten kilobytes to a file, before anything of ours could say that the disk is full: what was typed would
    be lost.
    """

    request_body_tempfile_limit = MOST_TEXT


def largest_body(settings: Settings) -> int:
    """Bytes of the longest form with files that is read."""
    return (settings.upload_megabytes * FILES_AT_ONCE + 2) * MEGABYTE


def check_body(request: Request, largest: int) -> None:
    """Raise HTTPRequestEntityTooLarge or HTTPBadRequest for a body no form of ours sends; OSError where there was or is
    no room for it on its way."""
    length = request.content_length or 0
    has_files = request.content_type == "multipart/form-data"
    known = request.login.user is not None or request.login.former is not None
    if length > ((largest if has_files else MOST_TEXT) if known else MOST_FROM_STRANGERS):
        raise HTTPRequestEntityTooLarge(f"{length} bytes")
    if isinstance(request.environ.get("crm.given_body"), CutBody):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if has_files:
        _check_parts(request)
    elif request.content_type in ("", "application/x-www-form-urlencoded"):
        _check_urlencoded(request.body)
    try:
        posted = request.POST
    except (UnicodeError, ValueError, LookupError, TypeError, AttributeError, DeprecationWarning) as error:
        raise HTTPBadRequest("the form cannot be read") from error
    if len(posted) > MOST_FIELDS:
        raise HTTPBadRequest("too many fields")
    for name, value in posted.items():
        _check_field(name, value)


def drop_parsed_post(environ: dict[str, Any]) -> None:
    """Forget the parsed form: before a request is tried again, for its files were read to their end.

    Without this a retried upload is stored empty, with status 200.
    """
    environ.pop("webob._parsed_post_vars", None)


def forget_body(request: Request) -> None:
    """Make as if an empty form had come: the page that refuses the real one is drawn like any other."""
    _replace_body(request, b"")


def keep_text(request: Request) -> None:
    """Make as if only the text of the form had come: the page that tells of a full disk gives it back.

    Nothing of it goes to a file: the parser takes one for each longer text.
    """
    given = request.environ.get("crm.given_body")
    if given is None or not hasattr(given, "seek"):
        forget_body(request)
        return
    given.seek(0)
    if request.content_type == "multipart/form-data":
        text = urlencode(list(_texts(given, _boundary(request))))
    else:  # the end of one that is cut does not belong to its beginning
        text = given.read(MOST_TEXT).decode("ascii", "ignore")
    _replace_body(request, text.encode())


def _replace_body(request: Request, body: bytes) -> None:
    drop_parsed_post(request.environ)
    request.environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    read = request.environ["wsgi.input"]
    request.body = body
    if read is not request.environ.get("crm.given_body") and hasattr(read, "close"):
        with contextlib.suppress(OSError):  # what a full disk has not taken yet
            read.close()


def _texts(body: BinaryIO, boundary: bytes) -> Iterator[tuple[str, str]]:
    """Names and values of the parts that are no files, as far as they can be read; `LOST_FILES` for each that is."""
    places = _places(body, b"--" + boundary)
    left = MOST_TEXT
    for place, end in pairwise([*places, body.seek(0, os.SEEK_END)]):
        body.seek(place + len(boundary) + 2)
        part = body.read(min(end - body.tell(), left + PART_HEAD))
        blank = _END_OF_HEAD.search(part[:PART_HEAD])
        if blank is None:
            continue
        head = part[: blank.start()].decode("utf-8", "replace")
        words = next((line for line in head.splitlines() if line.lower().startswith("content-disposition:")), "")
        said = parse_header(words)[1]
        if said.get("filename"):
            yield LOST_FILES, "1"
        if _IS_FILE.search(part[: blank.start()].lower()):
            continue
        name = said.get("name", "")
        value = part[blank.end() :].removesuffix(b"\r\n")
        left -= len(value)
        if left < 0:
            return
        if name:
            yield name, value.decode("utf-8", "replace")


def _check_urlencoded(body: bytes) -> None:
    if body.count(b"&") > MOST_FIELDS:
        raise HTTPBadRequest("too many fields")
    try:
        unquote_to_bytes(body.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPBadRequest("the form is not UTF-8") from error


def _check_field(name: Any, value: Any) -> None:
    if not isinstance(name, str) or not (isinstance(value, str) or hasattr(value, "file") or value == b""):
        raise HTTPBadRequest("a field without a name")  # b"" is what browsers send for a file field left empty
    if not isinstance(value, str) and (name in _CONTROLS or name.startswith("__")):
        raise HTTPBadRequest("a file where text belongs")


def _check_parts(request: Request) -> None:
    boundary = _boundary(request)
    request.make_body_seekable()
    body = request.body_file_raw
    places = _places(body, b"--" + boundary)
    text = 0
    for place, end in pairwise([*places, request.content_length]):
        text += _check_part(body, place + len(boundary) + 2, end)
        if text > MOST_TEXT:
            raise HTTPRequestEntityTooLarge("too much text")
    body.seek(0)


def _boundary(request: Request) -> bytes:
    boundary = str(parse_header(request.headers.get("Content-Type", ""))[1].get("boundary", ""))
    if not boundary or not boundary.isascii():
        raise HTTPBadRequest("a form without a boundary")
    return boundary.encode()


def _places(body: BinaryIO, delimiter: bytes) -> list[int]:
    """Where the parts of ``body`` may begin: each place of the delimiter, whatever the parser makes of it."""
    body.seek(0)
    places: list[int] = []
    before, lines, tail = 0, 0, b""
    while chunk := body.read(CHUNK):
        lines += chunk.count(b"\n")
        if lines > MOST_LINES:
            raise HTTPRequestEntityTooLarge("too many lines")
        window = tail + chunk
        found = window.find(delimiter)
        while found >= 0:
            places.append(before - len(tail) + found)
            if len(places) > MOST_FIELDS + 1:
                raise HTTPBadRequest("too many fields")
            found = window.find(delimiter, found + len(delimiter))
        tail = window[1 - len(delimiter) :]
        before += len(chunk)
    return places


def _check_part(body: BinaryIO, begin: int, end: int) -> int:
    """Check the part from ``begin`` to ``end``; the bytes of its text, 0 for a file."""
    body.seek(begin)
    head = body.read(PART_HEAD)
    blank = _END_OF_HEAD.search(head)
    if head.startswith(b"--"):
        return 0
    if blank is None:
        if len(head) == PART_HEAD:
            raise HTTPBadRequest("a part without an end to its head")
        return 0
    about = head[: blank.start()].lower()
    if any(word in about for word in _NESTED):
        raise HTTPBadRequest("a form within a form")
    if _IS_FILE.search(about):
        return 0
    begin += blank.end()
    if end - begin > MOST_TEXT:
        raise HTTPRequestEntityTooLarge("a field is too long")
    body.seek(begin)
    try:
        body.read(max(0, end - begin)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPBadRequest("the form is not UTF-8") from error
    return max(0, end - begin)

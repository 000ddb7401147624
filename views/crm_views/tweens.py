"""What surrounds every request: security headers and an id for the log; limits of what comes in; GET never writes.

From outside in: `headers`, Pyramid's transaction, Pyramid's exception views, `guard`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from pyramid.httpexceptions import HTTPBadRequest, HTTPException, HTTPRequestEntityTooLarge
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS, MAIN
from pyramid_retry import is_error_retryable
from pyramid_tm import is_tm_active

from crm_core.settings import Settings
from crm_views import static_files
from crm_views.connection import has_changes
from crm_views.forms.uploads import MEGABYTE

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request

log = logging.getLogger(__name__)
Handler = Callable[["Request"], Response]

HEADERS = (
    ("Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
     "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""On every answer, static files too."""

FILES_AT_ONCE = 5
"""So many files of the largest size fit into one form."""
MOST_TEXT = 2 * MEGABYTE
"""Longest body without files; with files, the longest single field."""
MOST_FIELDS = 2000
MOST_FROM_STRANGERS = 64 * 1024
"""Longest body from a browser that never signed in: a login form needs no more."""
WRITING = frozenset({"POST"})
"""Methods whose transaction may be committed."""


class WroteOnGet(RuntimeError):
    """A view changed the database in answer to a method that must not."""


def headers(handler: Handler, registry: Registry) -> Handler:
    """Security headers, request ids, and a last answer for what no exception view could render."""

    def tween(request: Request) -> Response:
        request.environ["crm.request_id"] = secrets.token_hex(4)
        try:
            response = handler(request)
        except Exception as error:
            if is_error_retryable(request, error):
                raise
            log.exception("request %s could not be answered", request.environ["crm.request_id"])
            response = registry.crm_last_resort(request)
        for name, value in HEADERS:
            response.headers[name] = value
        response.headers["X-Request-Id"] = request.environ["crm.request_id"]
        if not is_static(request):
            response.headers["Cache-Control"] = "no-store"
            response.headers["Vary"] = "Cookie, Accept-Language"
        return response

    return tween


def guard(handler: Handler, registry: Registry) -> Handler:
    """Refuse what no form of ours sends, before anything reads it; doom the transaction of reading methods."""
    largest = largest_body(registry.crm_app.settings)

    def tween(request: Request) -> Response:
        if not is_tm_active(request):
            return handler(request)
        if request.method not in WRITING:
            request.tm.doom()
        check_query(request)
        if request.method in WRITING:
            try:
                check_body(request, largest)
            except HTTPException:
                forget_body(request)
                raise
        response = handler(request)
        if request.method not in WRITING and has_changes(request):
            raise WroteOnGet(f"{request.method} {request.path} changed the database")
        return response

    return tween


def largest_body(settings: Settings) -> int:
    """Bytes of the longest form with files that is read."""
    return (settings.upload_megabytes * FILES_AT_ONCE + 2) * MEGABYTE


def check_query(request: Request) -> None:
    """Raise HTTPBadRequest for a query that is no UTF-8."""
    try:
        count = len(request.GET)
    except (UnicodeError, ValueError) as error:
        request.environ["QUERY_STRING"] = ""  # the page that says so must be able to read its own address
        raise HTTPBadRequest("the query is not UTF-8") from error
    if count > MOST_FIELDS:
        raise HTTPBadRequest("too many parameters")


def check_body(request: Request, largest: int) -> None:
    """Raise HTTPRequestEntityTooLarge or HTTPBadRequest for a body no form of ours sends."""
    length = request.content_length or 0
    has_files = request.content_type == "multipart/form-data"
    known = request.login.user is not None or request.login.former is not None
    if length > ((largest if has_files else MOST_TEXT) if known else MOST_FROM_STRANGERS):
        raise HTTPRequestEntityTooLarge(f"{length} bytes")
    if not has_files and request.content_type in ("", "application/x-www-form-urlencoded"):
        _check_urlencoded(request.body)
    try:
        posted = request.POST
    except (UnicodeError, ValueError, LookupError, TypeError, AttributeError, DeprecationWarning) as error:
        raise HTTPBadRequest("the form cannot be read") from error
    if len(posted) > MOST_FIELDS:
        raise HTTPBadRequest("too many fields")
    for name, value in posted.items():
        _check_field(request, name, value, has_files)


def forget_body(request: Request) -> None:
    """Make as if an empty form had come: the page that refuses the real one is drawn like any other."""
    drop_parsed_post(request)
    request.environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    read = request.environ["wsgi.input"]
    request.body = b""
    if read is not request.environ.get("crm.given_body") and hasattr(read, "close"):
        read.close()


def _check_urlencoded(body: bytes) -> None:
    if body.count(b"&") > MOST_FIELDS:
        raise HTTPBadRequest("too many fields")
    try:
        unquote_to_bytes(body.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPBadRequest("the form is not UTF-8") from error


def _check_field(request: Request, name: Any, value: Any, has_files: bool) -> None:
    if not isinstance(name, str) or not (isinstance(value, str) or hasattr(value, "file") or value == b""):
        raise HTTPBadRequest("a field without a name")  # b"" is what browsers send for a file field left empty
    if not isinstance(value, str):
        return
    if len(value) > MOST_TEXT:
        raise HTTPRequestEntityTooLarge("a field is too long")
    # The parser of multipart forms puts U+FFFD for what is no UTF-8; one that was really typed stands in the body.
    if has_files and "\ufffd" in value and value.encode() not in request.body:
        raise HTTPBadRequest("the form is not UTF-8")


def is_static(request: Request) -> bool:
    return str(request.environ.get("PATH_INFO", "")).startswith(static_files.PREFIX)


def needs_transaction(request: Request) -> bool:
    """Whether pyramid_tm begins a transaction: for all but static files."""
    return not is_static(request)


def drop_parsed_post(event: Any) -> None:
    """Before a request is tried again: its form must be parsed anew, for the parsed files were read to their end.

    Without this a retried upload is stored empty, with status 200.
    """
    event.environ.pop("webob._parsed_post_vars", None)


def includeme(config: Configurator) -> None:
    config.add_tween("crm_views.tweens.headers", under=INGRESS, over="pyramid_tm.tm_tween_factory")
    config.add_tween("crm_views.tweens.guard", under=EXCVIEW, over=MAIN)


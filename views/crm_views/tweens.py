"""What surrounds every request: security headers and an id for the log; limits of what comes in; GET never writes.

From outside in: `headers`, Pyramid's transaction, Pyramid's exception views, `guard`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPBadRequest, HTTPException
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS, MAIN
from pyramid_retry import is_error_retryable
from pyramid_tm import is_tm_active

from crm_core.errors import contained
from crm_views import static_files
from crm_views.bodies import MOST_FIELDS, check_body, forget_body, keep_text, largest_body
from crm_views.connection import has_changes
from crm_views.room import FULL

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

WRITING = frozenset({"POST"})
"""Methods whose transaction may be committed."""


class WroteOnGet(RuntimeError):
    """A view changed the database in answer to a method that must not."""


HSTS = ("Strict-Transport-Security", "max-age=31536000")
"""Where the desk is reached by https: for a year by nothing else (RFC 6797)."""


def headers(handler: Handler, registry: Registry) -> Handler:
    """Security headers, request ids, and a last answer for what no exception view could render."""
    always = (*HEADERS, HSTS) if registry.crm_app.settings.https else HEADERS

    def tween(request: Request) -> Response:
        request.environ["crm.request_id"] = secrets.token_hex(4)
        try:
            response = handler(request)
        except Exception as error:
            if is_error_retryable(request, error):
                raise
            log.exception("request %s could not be answered", request.environ["crm.request_id"])
            registry.crm_app.host.blame(error)
            response = registry.crm_last_resort(request)
        for name, value in always:
            response.headers[name] = value
        response.headers["X-Request-Id"] = request.environ["crm.request_id"]
        if not (is_static(request) and response.status_int in (200, 304) and "Set-Cookie" not in response.headers):
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
            except OSError as error:
                if error.errno in FULL:
                    keep_text(request)
                raise
        with contained():  # what a plugin's page raises reaches an exception view, or nobody would be answered
            response = handler(request)
        if request.method not in WRITING and has_changes(request):
            raise WroteOnGet(f"{request.method} {request.path} changed the database")
        return response

    return tween


def check_query(request: Request) -> None:
    """Raise HTTPBadRequest for a query that is no UTF-8."""
    try:
        count = len(request.GET)
    except (UnicodeError, ValueError) as error:
        request.environ["QUERY_STRING"] = ""  # the page that says so must be able to read its own address
        raise HTTPBadRequest("the query is not UTF-8") from error
    if count > MOST_FIELDS:
        raise HTTPBadRequest("too many parameters")


def is_static(request: Request) -> bool:
    return str(request.environ.get("PATH_INFO", "")).startswith(static_files.PREFIX)


def needs_transaction(request: Request) -> bool:
    """Whether pyramid_tm begins a transaction: for all but static files."""
    return not is_static(request)


def includeme(config: Configurator) -> None:
    config.add_tween("crm_views.tweens.headers", under=INGRESS, over="pyramid_tm.tm_tween_factory")
    config.add_tween("crm_views.tweens.guard", under=EXCVIEW, over=MAIN)


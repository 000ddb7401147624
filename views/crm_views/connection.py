"""The database of one request: opened when first needed, joined to the request's transaction, closed at its end.

A view gets at it by ``request.services`` (all services for whoever is signed in) and never otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid_tm import is_tm_active
from transaction.interfaces import NoTransaction as NoTransactionNow
from ZODB.Connection import Connection

from crm_core.app import App
from crm_core.db import root_of
from crm_core.model import jar
from crm_core.model.root import Root
from crm_core.security.identity import Identity
from crm_core.services import Services

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

NOBODY = Identity()
"""Who is not signed in: may nothing, sees nothing."""


class NoTransaction(RuntimeError):
    """The database was asked for outside of a request's transaction (static files have none)."""


def crm_app(request: Request) -> App:
    """The application this request belongs to."""
    app: App = request.registry.crm_app
    return app


def crm_connection(request: Request) -> Connection:
    """The connection of this request's transaction."""
    if not is_tm_active(request):
        raise NoTransaction(request.method)
    connection = crm_app(request).db.connect(request.tm)
    request.add_finished_callback(lambda _request: connection.close())
    request.environ["crm.connection"] = connection
    return connection


def crm_root(request: Request) -> Root:
    return root_of(request.crm_connection)


def services(request: Request) -> Services:
    """All services for the identity of this request; its permissions decide what they do and show."""
    return crm_app(request).services(request.crm_root, request.identity or NOBODY)


def has_changes(request: Request) -> bool:
    """Whether something was stored or changed in this request so far (it need not be committed)."""
    return jar.has_changes(request.environ.get("crm.connection"))


def go_on(request: Request) -> None:
    """After a plugin failed where only reading is allowed: what it wrote is taken back, and a transaction that it ended
    is followed by another one, so that the rest of the page can be read."""
    try:
        current = request.tm.get()
    except NoTransactionNow:
        current = request.tm.begin()
        if request.method in ("GET", "HEAD"):
            current.doom()
    if has_changes(request):
        request.crm_connection.abort(current)


def includeme(config: Configurator) -> None:
    """``request.crm_app``, ``request.crm_connection``, ``request.crm_root`` and ``request.services``."""
    for function in (crm_app, crm_connection, crm_root, services):
        config.add_request_method(function, reify=True)

"""The web application's composition root: everything that makes one WSGI application out of one `App`.

The order matters: the core is an include of its own, so that what a plugin also defines is a clash and not a silent
replacement; requests are tried again around everything else; the transaction lies around the exception views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pyramid.config import Configurator
from pyramid.router import Router
from pyramid_retry import IBeforeRetry
from pyramid_tm import explicit_manager

from crm_core.app import App
from crm_core.db import ATTEMPTS, back_off
from crm_core.host import Plugin
from crm_views import plugin_pages
from crm_views.bodies import FormRequest, drop_parsed_post
from crm_views.cookies import drop_unreadable_cookies
from crm_views.forms.uploads import MEGABYTE, UploadStore
from crm_views.frame import frame_of
from crm_views.installation import private_folder, shared_secret
from crm_views.keeping import Keeper
from crm_views.throttle import Throttle
from crm_views.tweens import needs_transaction

Answer = Callable[[dict[str, Any], Callable[..., Any]], Any]
"""A WSGI answer: a Pyramid response, or what stands for one."""
Policy = Callable[[dict[str, Any], Router], Answer]

INCLUDES = (
    "crm_views.page_templates", "pyramid_retry", "pyramid_tm", "crm_views.connection", "crm_views.security",
    "crm_views.language", "crm_views.tweens", "crm_views.compression", "crm_views.static_files", "crm_views.kept_forms",
    "crm_views.components", "crm_views.forms", "crm_views.errors", "crm_views.routes",
)


def make_app(app: App, **settings: Any) -> Router:
    """The WSGI application of ``app``. ``settings`` are Pyramid's, such as ``pyramid.reload_templates``.

    Plugins whose pages cannot be taken are refused (`crm_core.host.PluginHost.refuse`); everything else starts.
    Raises CrmError where one of them is required.
    """
    shared = _Shared(app, settings)
    config = plugin_pages.accepted(app, shared.configurator)
    app.demand_required()
    router = config.make_wsgi_app()
    router.execution_policy = closing_bodies(router.execution_policy)
    return router


class _Shared:
    """What all configurators of one application have in common, the throw-away ones too."""

    def __init__(self, app: App, settings: dict[str, Any]) -> None:
        self.app = app
        self.settings = {
            "retry.attempts": ATTEMPTS,
            "tm.manager_hook": explicit_manager,
            "tm.activate_hook": needs_transaction,
            "tm.annotate_user": False,  # it would ask the database where no exception view can answer
            "crm.timezone": app.settings.timezone,
            **settings,
        }
        data = app.settings.data
        self.secret = shared_secret(app)
        self.keeper = Keeper(private_folder(data, "kept-forms"))
        self.uploads = UploadStore(private_folder(data, "uploads"),
                                   max_bytes=app.settings.upload_megabytes * MEGABYTE)
        self.throttle = Throttle()

    def configurator(self, plugins: Iterable[Plugin]) -> Configurator:
        """A configurator of the core and ``plugins``; nothing is committed yet."""
        config = plugin_pages.IncludedConfigurator(settings=dict(self.settings))
        registry = config.registry
        registry.crm_app, registry.crm_secret, registry.crm_keeper = self.app, self.secret, self.keeper
        registry.crm_throttle = self.throttle
        registry.crm_stuck = False

        def core(inner: Configurator) -> None:
            for include in INCLUDES:
                inner.include(include)
            inner.set_request_factory(FormRequest)
            inner.set_upload_store(self.uploads)
            inner.set_frame_factory(frame_of)
            inner.add_subscriber(before_retry, IBeforeRetry)
            inner.scan("crm_views.desk")
            inner.scan("crm_views.admin")

        config.include(core)
        for plugin in plugins:
            plugin_pages.include(config, plugin)
        return config


def closing_bodies(policy: Policy) -> Policy:
    """Around the retries: cookies that can be read, the right of way, and the copy of the body that they read from
    closed at the end.

    WebOb leaves that copy to the garbage collector, and reads all cookies of a host when one is asked for.
    """

    def closing(environ: dict[str, Any], router: Router) -> Answer:
        drop_unreadable_cookies(environ)
        given = environ["crm.given_body"] = environ.get("wsgi.input")
        if given is not None and hasattr(given, "seekable") and given.seekable():  # no copy is needed to read it twice
            environ["webob.is_body_seekable"] = True
        try:
            with router.registry.crm_app.db.turns.one() as turn:
                environ["crm.turn"] = turn
                if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):  # those store nothing, so they meet nobody
                    turn.before(1)
                return staying_here(policy(environ, router))
        finally:
            read = environ.get("wsgi.input")
            if read is not None and read is not given and hasattr(read, "close"):
                read.close()

    return closing


def staying_here(response: Answer) -> Answer:
    """``response``, whose redirect names a path only, as its view wrote it (RFC 9110, 10.2.2).

    WebOb puts the host before it that the client sent, which need not be ours.
    """
    place = getattr(response, "location", None) or ""
    if not place.startswith("/"):
        return response

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(
                status, [(name, place if name.lower() == "location" else value) for name, value in headers], *more)

        return response(environ, start)

    return answer


def before_retry(event: Any) -> None:
    """Make the form readable again, and wait a little so that the same people do not meet again."""
    drop_parsed_post(event.environ)
    failed = event.environ.get("retry.attempt", 0)  # counted from 0
    back_off(failed + 2)
    event.environ["crm.turn"].before(failed + 2)

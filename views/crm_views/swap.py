"""The pages that are served, and their exchange for new ones while people work: how plugins come and go.

A Pyramid application cannot change its routes. So a second one is built beside the first, and when it stands, it takes
over: requests at work end in the old one, the next ones come to the new one, nobody waits.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.router import Router

from crm_core.app import App
from crm_core.background import Loop, take_places

log = logging.getLogger(__name__)
FOLLOWER = "crm-plugins"
"""Name of the thread that looks what other processes decided."""
LOOK = 5.0
"""Seconds between two looks: one read of a small object."""


class Swappable:
    """A WSGI application whose inside is made by ``build(app)`` and made anew by `rebuild`."""

    def __init__(self, app: App, build: Callable[[App], Router]) -> None:
        self.app = app
        self._build = build
        self._building = threading.Lock()
        self.router = self._take_over()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer: Iterable[bytes] = self.router(environ, start_response)
        return answer

    def rebuild(self) -> App:
        """Build the application with the plugins of now, and let it take over. Raises what keeps it from that; then the
        old one goes on, and tells administrators so (``registry.crm_stuck``)."""
        with self._building:
            return self._build_anew()

    def follow(self) -> bool:
        """`rebuild` where administrators decided otherwise about plugins, in whichever process that was; and forget who
        was erased in another one.

        False, as the work of a `Loop` that has no more to do at once.
        """
        with self._building:
            with self.app.reading() as services:
                self.app.follow_erasures(services.root)
                is_outdated = self.app.is_outdated(services.root)
            if is_outdated:
                self._build_anew()
            else:
                self.router.registry.crm_stuck = False
        return False

    def _build_anew(self) -> App:
        try:
            router = self._take_over()
        except BaseException:
            self.router.registry.crm_stuck = True
            raise
        # Wrong passwords stay counted: nobody gets tries anew because a plugin came or went.
        router.registry.crm_throttle = self.router.registry.crm_throttle
        self.router = router
        gc.unfreeze()  # what the start made may be garbage from now on
        built: App = router.registry.crm_app
        log.info("the application was built anew with the plugins %s", [one.id for one in built.host.enabled()])
        return built

    def _take_over(self) -> Router:
        """Pages with the plugins of now. They have an `App` of their own, which stays as it is: a request that began
        with them, and every new try of it, ends with them, whatever is switched meanwhile."""
        beside = self.app.beside()
        beside.rebuild = self.app.rebuild = self.rebuild
        router = self._build(beside)
        take_places(beside)  # before the first request can do what its readers must hear of
        self.app.adopt(beside)
        return router


@contextmanager
def following(web: Swappable) -> Iterator[None]:
    """While this lasts, ``web`` goes on with what is decided about plugins in other processes of its storage."""
    loop = Loop(FOLLOWER, web.follow, LOOK)
    loop.start()
    try:
        yield
    finally:
        loop.stop()

"""Two web processes on one storage: what is decided about a plugin in one holds in the other some seconds later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from crm_core.app import App
from crm_core.host import State
from crm_core.testing.factories import candidate
from crm_views.app import make_app
from crm_views.swap import Swappable
from crm_views.testing import form_of, sign_in

LoadPlugin = Callable[[str], ModuleType]
MENU = "/plugins/good/list"


@pytest.fixture
def two(open_desk: Callable[..., Any], load_plugin: LoadPlugin) -> Iterator[tuple[Swappable, Swappable]]:
    """The same desk twice, with the plugin "good"."""
    module = load_plugin("good")
    desk = open_desk({"good": module})
    beside = App.open(desk.app.settings, [candidate("good", module)], database=desk.app.db)
    yield Swappable(desk.app, make_app), Swappable(beside, make_app)
    beside.looks.close()


def switch(web: Swappable, enabled: str) -> None:
    page = sign_in(web, "admin").get("/admin/plugins/good")
    form_of(page, "/admin/plugins/good/switch").submit("enabled", value=enabled, status=303)


def test_the_other_one_notices_and_builds_itself_anew(two: tuple[Swappable, Swappable]) -> None:
    here, there = two
    before = there.router
    assert there.follow() is False and there.router is before, "nothing was decided"
    switch(here, "0")
    sign_in(there, "clerk").get(MENU, status=200)
    there.follow()
    assert there.app.host.plugins["good"].state is State.DISABLED
    sign_in(there, "clerk").get(MENU, status=404)
    built = there.router
    there.follow()
    assert there.router is built, "it looks, and has nothing to do"
    switch(there, "1")
    here.follow()
    sign_in(here, "clerk").get(MENU, status=200)


def test_one_that_cannot_follow_goes_on_and_says_so(
    two: tuple[Swappable, Swappable], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two

    def broken(app: App) -> Any:
        raise RuntimeError("no")

    switch(here, "0")
    admin, clerk = sign_in(there, "admin"), sign_in(there, "clerk")
    with monkeypatch.context() as patched:
        patched.setattr(there, "_build", broken)
        with pytest.raises(RuntimeError):
            there.follow()
    clerk.get(MENU, status=200).mustcontain(no="does not start")
    admin.get("/admin").mustcontain("What was decided about plugins does not start")
    switch(here, "1")
    there.follow()
    admin.get("/admin").mustcontain(no="What was decided about plugins does not start")

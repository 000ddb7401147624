"""Browsers without a screen on a desk's web application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.app import make_app
from crm_views.testing import sign_in

Browse = Callable[..., TestApp]


@pytest.fixture
def web(desk: Any) -> Any:
    """The WSGI application of the desk without plugins."""
    return make_app(desk.app)


@pytest.fixture
def browse(web: Any) -> Browse:
    """``browse("clerk")``: a browser in which that member of staff has signed in; ``browse("")``: nobody has."""

    def browser(login: str = "clerk") -> TestApp:
        return sign_in(web, login) if login else TestApp(web, extra_environ={"HTTP_ACCEPT_LANGUAGE": "en"})

    return browser

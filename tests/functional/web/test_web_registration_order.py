"""The order of a registration form: what the citizen says, what the kind asks, then the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

Browse = Callable[..., TestApp]


def test_the_citizens_words_come_first(browse: Browse, desk: Any) -> None:
    page = browse("clerk").get(f"/contacts/{desk.contact('زهرا')}/requests/new/core.general")

    form = page.html.select_one("form[data-form]")
    names = list(dict.fromkeys(
        control["name"] for control in form.select(".form-grid [name]") if not control["name"].startswith("__")))
    assert names[:2] == ["text", "category"]
    assert names.index("title") > names.index("category")
    assert form.select_one("details.fold [name=channel]")

"""What a start makes is not looked through for garbage while pages are asked for, until something else takes over."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from crm_views.app import make_app
from crm_views.cli import nothing_is_garbage
from crm_views.swap import Swappable


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_what_a_start_makes_is_set_aside_until_it_is_built_anew(desk: Any) -> None:
    with nothing_is_garbage():
        assert not gc.isenabled()
        web = Swappable(desk.app, make_app)
        assert any(one is web for one in gc.get_objects())
    assert gc.isenabled()
    assert not any(one is web for one in gc.get_objects()), "set aside"

    web.rebuild()

    assert any(one is web for one in gc.get_objects()), "it could never be given back"

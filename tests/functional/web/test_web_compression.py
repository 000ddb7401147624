"""Pages that travel compressed: for whoever takes that, with a length that tells nothing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from crm_views.compression import LEAST, MOST_HIDDEN, packed

Browse = Callable[..., TestApp]


def raw(web: Any, path: str, accepts: str, cookie: str = "") -> Any:
    """An answer as it travels; WebTest would unpack it."""
    from webob import Request

    request = Request.blank(path, headers={"Accept-Encoding": accepts, **({"Cookie": cookie} if cookie else {})})
    return request.get_response(web)


def test_a_page_is_compressed_for_whoever_takes_that(web: Any, browse: Browse) -> None:
    cookie = f"crm_login={browse('clerk').cookies['crm_login']}"
    plain, small = (raw(web, "/profile", accepts, cookie) for accepts in ("identity", "br, gzip"))

    assert plain.content_encoding is None and plain.status_int == small.status_int == 200
    assert small.content_encoding == "gzip" and small.content_length * 3 < plain.content_length
    assert b"</html>" in gzip.decompress(small.body)
    for answer in (plain, small):
        assert {"Cookie", "Accept-Language", "Accept-Encoding"} <= set(answer.vary)


@pytest.mark.parametrize("path", ["/static/none.css", "/nothing"])
def test_errors_say_the_same_compressed(web: Any, path: str) -> None:
    answer = raw(web, path, "gzip")
    assert answer.status_int == 404
    assert (answer.content_encoding == "gzip") == (len(answer.body) > 0 and answer.body[:2] == b"\x1f\x8b")


def test_the_length_is_hidden_and_the_text_is_not(web: Any) -> None:
    text = b"the same words again and again " * LEAST
    sizes = {len(packed(text)) for _time in range(60)}
    assert len(sizes) > 10 and max(sizes) - min(sizes) <= MOST_HIDDEN + 1
    assert gzip.decompress(packed(text)) == text

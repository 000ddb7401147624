"""Forms that nobody fills in by hand: refused before they cost time or memory, whoever sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from webob.multidict import MultiDict
from webtest import TestApp

from crm_views.testing import form_of

Browse = Callable[..., TestApp]
KIND = "multipart/form-data; boundary=xyz"
PART = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n%s\r\n'
FILE = b'--xyz\r\nContent-Disposition: form-data; name="%s"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n%s\r\n'
END = b"--xyz--\r\n"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many fields each form had that came to be parsed."""
    lengths: list[int] = []
    build = MultiDict.from_fieldstorage.__func__

    def counting(cls: type[MultiDict], storage: Any) -> Any:
        found = build(cls, storage)
        lengths.append(len(found))
        return found

    monkeypatch.setattr(MultiDict, "from_fieldstorage", classmethod(counting))
    return lengths


def post(browser: TestApp, body: bytes, address: str = "/preferences") -> Any:
    return browser.request(address, method="POST", body=body, content_type=KIND, expect_errors=True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (PART % b"" * 20_000 + END, 400),
        (b'--xyz\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n' + b"--in\r\n\r\n\r\n" * 20_000 + END, 400),
        (b"--xyz\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n" + b"a=1&" * 20_000 + END, 400),
        (b"--xyz\r\nA: " + b"a" * 20_000 + b"\r\n\r\n" + END, 400),
        (FILE % (b"upload", b"\r\n" * 2_500_000) + END, 413),
        (PART % (b"a" * 50_000) * 60 + END, 413),
        (FILE % (b"upload", b"x" * 100_000) + PART % b"\xff\xfe" * 3 + END, 400),
    ],
    ids=["many parts", "parts within a part", "a form within a part", "a long head", "bare line ends", "much text",
         "no text"],
)
def test_what_no_browser_sends_is_refused_before_it_is_parsed(
    browse: Browse, parsed: list[int], body: bytes, status: int
) -> None:
    clerk = browse("clerk")
    parsed.clear()

    answer = post(clerk, body)

    assert answer.status_int == status
    answer.mustcontain("</html>")
    assert parsed == []


def test_a_typed_replacement_character_is_taken_beside_a_file(browse: Browse) -> None:
    clerk = browse("clerk")
    token = form_of(clerk.get("/"), "/preferences")["csrf_token"].value.encode()
    mark = b'--xyz\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token + b"\r\n"

    answer = post(clerk, mark + PART % "زهرا \ufffd".encode() * 200 + FILE % (b"upload", b"\xff" * 3_000_000) + END)

    assert answer.status_int == 303


@pytest.mark.parametrize("field", ["csrf_token", "next", "__formid__", "submission_key", "__do__"])
@pytest.mark.parametrize("address", ["/preferences", "/login"])
def test_a_file_where_text_belongs_is_refused(browse: Browse, field: str, address: str) -> None:
    for login in ("", "clerk"):
        browser = browse(login)
        token = form_of(browser.get("/login" if not login else "/"), "preferences")["csrf_token"].value.encode()
        mark = b'--xyz\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token + b"\r\n"

        answer = post(browser, mark + FILE % (field.encode(), b"x") + END, address)

        assert answer.status_int == 400
        answer.mustcontain("</html>")

"""Hostile texts through every field type: read back unchanged or refused, and never as markup."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from crm_core.text.digits import to_ascii

VALID = {"title": "ریختن نخاله", "happened": "دیروز", "about": "staff", "kind": "kind3"}
CODES = ("phone", "email", "national_id")
LONG_TEXTS = ("body", *CODES)
TEXTS = ("title", "place", "wish", *LONG_TEXTS)
NUMBER_LIKE = re.compile(r"[-+0-9.,٬٫\s]+")
PARSED = ("happened", "floors", "amount", "about", "kind", "staff", "unit", "contact")


def hostile(shared_data: Path) -> list[str]:
    folder = shared_data / "7_hostile_input"
    texts = json.loads((folder / "blns.json").read_text(encoding="utf-8"))
    texts += json.loads((folder / "xss_fuzzdb_rsnake.json").read_text(encoding="utf-8"))
    texts += [case["data"] for case in json.loads((folder / "html5sec_vectors.json").read_text(encoding="utf-8"))]
    texts += [case["payload"] for case in json.loads((folder / "dompurify_cases.json").read_text(encoding="utf-8"))]
    return [text for text in dict.fromkeys(texts) if text.strip()]


def shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements and attribute names of a page, whatever its texts say."""
    soup = BeautifulSoup(page, "html.parser")
    return [(tag.name, tuple(sorted(tag.attrs))) for tag in soup.find_all(True)]


@pytest.fixture
def token(client: Any) -> str:
    return str(client.get("/form").forms["form"]["csrf_token"].value)


def one_line(text: str) -> str:
    return text.replace("\r\n", "\n")


def batches(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def test_texts_are_read_back_unchanged_or_refused(client: Any, kept: Any, token: str, shared_data: Path) -> None:
    taken = 0
    for text in hostile(shared_data):
        names = TEXTS if len(text) <= 200 else LONG_TEXTS
        answer = client.post("/form", VALID | {"csrf_token": token} | dict.fromkeys(names, text), status="*")
        if answer.status_int == 303:
            taken += 1
            typed = text.replace("\r\n", "\n").replace("\r", "\n")
            for name in names:
                stored = kept.submissions[-1].values[name]
                assert stored == (typed.strip() if name in CODES else typed)
        else:
            assert answer.status_int == 422
            page = answer.html
            refused = [name for name in names if page.select_one(f"#f-{name}").get("aria-invalid")]
            assert refused
            assert all(page.select_one(f"#f-{name}-e").get_text(strip=True) for name in refused)
    assert taken > 500  # refused are texts with control characters, and several lines in a field of one


def test_stored_texts_are_shown_as_texts(client: Any, kept: Any, token: str, shared_data: Path) -> None:
    names = ("body", "wish", "place", "title")
    client.post("/form", VALID | {"csrf_token": token} | dict.fromkeys(names, "بی‌آزار"))
    harmless = shape(client.get("/saved").text)
    texts = [text for text in hostile(shared_data) if len(text) <= 200 and "\n" not in text]
    for batch in batches(texts, len(names)):
        posted = dict.fromkeys(names, "بی‌آزار") | dict(zip(names, batch, strict=False))
        if client.post("/form", VALID | {"csrf_token": token} | posted, status="*").status_int != 303:
            continue
        page = client.get("/saved")
        assert shape(page.text) == harmless, batch
        shown = [element.get_text().removesuffix("\n") for element in page.html.select("#saved dd")]
        for name in names:
            assert posted[name] in shown


@pytest.mark.parametrize("shift", [0, 3])
def test_refused_values_come_back_as_values(client: Any, token: str, shared_data: Path, shift: int) -> None:
    def refused(texts: dict[str, str]) -> Any:
        return client.post("/form", texts | {"csrf_token": token, "title": ""}, status=422).html

    page = refused(dict.fromkeys(PARSED, "x"))
    harmless = {name: page.select_one(f"#f-{name}").name for name in PARSED}
    texts = hostile(shared_data)
    for batch in batches(texts[shift:] + texts[:shift], len(PARSED)):
        posted = dict(zip(PARSED, batch, strict=False))
        page = refused(posted)
        assert {name: page.select_one(f"#f-{name}").name for name in PARSED} == harmless
        assert not page.select("script:not([src]), iframe, object, embed, style, img, [onerror], [onload], [style]")
        for name in ("happened", "floors", "amount"):
            text = posted.get(name, "")
            if not NUMBER_LIKE.fullmatch(to_ascii(text)) and not set(text) & set("\r\n"):
                assert to_ascii(page.select_one(f"#f-{name}")["value"]) == to_ascii(text)


def test_hostile_texts_in_rows(client: Any, kept: Any, shared_data: Path) -> None:
    form = client.get("/rows").forms["form"]
    texts = [text for text in hostile(shared_data) if len(text) < 100]
    for start in range(0, len(texts), 150):
        chunk = texts[start : start + 150]
        fields = [("csrf_token", form["csrf_token"].value), ("title", "x"), ("__start__", "address:mapping"),
                  ("city", "x"), ("__end__", "address:mapping"), ("__start__", "witnesses:sequence")]
        for text in chunk:
            fields += [("__start__", "witness:mapping"), ("name", text), ("phone", "09120000147"),
                       ("__end__", "witness:mapping")]
        answer = client.post("/rows", [*fields, ("__end__", "witnesses:sequence")], status="*")
        if answer.status_int == 303:
            assert [row["name"] for row in kept.submissions[-1].values["witnesses"]] == chunk
        else:
            rows = answer.html.select("#f-witnesses > table tr[data-item] input[name=name]")
            assert [one_line(row["value"]) for row in rows] == [one_line(text) for text in chunk]
            assert not answer.html.select("script:not([src]), iframe, [onerror]")


@pytest.mark.parametrize(
    "text, code",
    [("a\x00b", "U+0000"), ("a\x07", "U+0007"), ("\x1b[31m", "U+001B"), ("x\x85y", "U+0085"), ("دو\nخط", "U+000A")],
)
def test_what_no_page_can_show_is_refused_in_words(client: Any, token: str, text: str, code: str) -> None:
    page = client.post("/form", VALID | {"csrf_token": token, "wish": text}, status=422)
    assert code in to_ascii(page.html.select_one("#f-wish-e").get_text())


def test_the_frame_shows_what_was_searched_as_text(client: Any, shared_data: Path) -> None:
    harmless = shape(client.get("/gallery", {"q": "x"}).text)
    for text in hostile(shared_data)[::20]:
        page = client.get("/gallery", {"q": text})
        assert shape(page.text) == harmless
        assert page.html.select_one("input[name=q]")["value"] == text


def test_a_too_long_text_is_refused_and_kept(client: Any, token: str) -> None:
    page = client.post("/form", VALID | {"csrf_token": token, "body": "آ" * 20_001, "wish": "و" * 201}, status=422)
    assert page.html.select_one("#f-body-e").get_text().strip() == "بلند است؛ تا ۲۰٬۰۰۰ نویسه جا دارد."
    assert page.html.select_one("#f-wish")["value"] == "و" * 201

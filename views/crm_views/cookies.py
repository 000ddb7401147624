"""Cookies of the whole host: other applications on it set theirs too, and one of them may be no text.

WebOb decodes all of them when one is asked for, even by the page that says what went wrong.
"""

from __future__ import annotations

from typing import Any

from webob.cookies import parse_cookie

OURS = "crm_"


def drop_unreadable_cookies(environ: dict[str, Any]) -> None:
    """Leave only cookies whose names and values are UTF-8 in the ``environ`` of a request."""
    header = environ.get("HTTP_COOKIE", "")
    if is_text(header):
        return
    readable = [part for part in header.split(";") if is_text(part)]
    # What a quoted value held before and after its semicolon may still be no text together.
    tries: tuple[list[str], ...] = (readable, [part for part in readable if part.strip().startswith(OURS)], [])
    environ["HTTP_COOKIE"] = next(kept for kept in map(";".join, tries) if is_text(kept))


def is_text(header: str) -> bool:
    """Whether every cookie of a header can be read."""
    try:
        for name, value in parse_cookie(header):
            name.decode("utf-8")
            value.decode("utf-8")
    except UnicodeError:
        return False
    return True

"""Cookies of the whole host: other applications on it set theirs too, and one of them may be no text.

WebOb decodes all of them when one is asked for, even by the page that says what went wrong.
"""

from __future__ import annotations

from typing import Any

from webob.cookies import parse_cookie


def drop_unreadable_cookies(environ: dict[str, Any]) -> None:
    """Leave only cookies whose names and values are UTF-8 in the ``environ`` of a request."""
    header = environ.get("HTTP_COOKIE", "")
    if is_text(header):
        return
    kept = ";".join(part for part in header.split(";") if is_text(part))
    environ["HTTP_COOKIE"] = kept if is_text(kept) else ""


def is_text(header: str) -> bool:
    """Whether every cookie of a header can be read."""
    try:
        for name, value in parse_cookie(header):
            name.decode("utf-8")
            value.decode("utf-8")
    except UnicodeError:
        return False
    return True

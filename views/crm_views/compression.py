"""Pages travel compressed: a long dossier is a tenth of its size then.

Where an answer holds a secret beside words from the address, its compressed length tells of both ("BREACH", Gluck,
Harris and Prado 2013). Other sites cannot ask in somebody's name here (the login is a SameSite cookie), and a name of
random length in the head of each gzip stream hides what is left ("Heal the BREACH", Palacios and others 2022).
"""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.tweens import INGRESS

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request

TYPES = frozenset({"text/html", "application/json", "text/csv", "text/plain"})
LEAST = 1_200
"""Bytes; what fits into one packet anyway gains nothing."""
LEVEL = 5
"""A page of 90 kB takes a millisecond; the next levels cost double for a hundredth."""
MOST_HIDDEN = 100
"""Letters of the random name, at most."""


def compress(handler: Callable[[Request], Response], registry: Registry) -> Callable[[Request], Response]:
    """Compress texts for whoever takes gzip."""

    def tween(request: Request) -> Response:
        response = handler(request)
        if response.content_type in TYPES and not response.content_encoding:
            response.vary = (*(response.vary or ()), "Accept-Encoding")
            if _is_worth_it(response) and takes_gzip(request):
                response.body = packed(response.body)
                response.content_encoding = "gzip"
        return response

    return tween


def takes_gzip(request: Request) -> bool:
    """Whether the client says so; who says nothing gets it plain (RFC 9110 would allow anything)."""
    return "Accept-Encoding" in request.headers and bool(request.accept_encoding.acceptable_offers(["gzip"]))


def _is_worth_it(response: Response) -> bool:
    """Whether it is a text of some length that lies in memory; files are sent piece by piece."""
    return isinstance(response.app_iter, list) and len(response.body) >= LEAST


def packed(body: bytes) -> bytes:
    """``body`` as gzip, with a name of random length in its head."""
    name = "x" * secrets.randbelow(MOST_HIDDEN + 1)
    target = BytesIO()
    with gzip.GzipFile(name, "wb", LEVEL, target, mtime=0) as stream:
        stream.write(body)
    return target.getvalue()


def includeme(config: Configurator) -> None:
    config.add_tween("crm_views.compression.compress", under=INGRESS, over="crm_views.tweens.headers")

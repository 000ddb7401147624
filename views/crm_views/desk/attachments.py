"""Files that came with requests and conversations, sent back so that no browser opens one as a page of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pyramid.response import FileIter, Response

from crm_core.model.attachment import Attachment

if TYPE_CHECKING:
    from pyramid.request import Request

PLAIN = "application/octet-stream"
ACTIVE = ("html", "svg", "xml", "javascript", "ecmascript", "x-shockwave-flash")
"""Words in media types that a browser might run; what has one is sent as bytes of no kind."""


def download(attachment: Attachment) -> Response:
    """The stored bytes as a file to save, under the name it came with."""
    kind = attachment.media_type
    if not kind.isascii() or any(word in kind.lower() for word in ACTIVE) or any(char in kind for char in "\r\n;,"):
        kind = PLAIN
    file = attachment.blob.open("c")  # committed data: it stays readable when the transaction has ended
    response = Response(app_iter=FileIter(file), content_type=kind, charset=None)
    response.content_length = attachment.size
    response.headers["Content-Disposition"] = disposition(attachment.name)
    return response


def disposition(name: str) -> str:
    """``attachment`` with the name in ASCII for old browsers and in UTF-8 for all others (RFC 6266, RFC 8187)."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_rows(request: Request, path: str, attachments: tuple[Attachment, ...]) -> list[dict[str, Any]]:
    """Files as rows for a page: where to get each, its name and size, an icon."""
    return [
        {
            "href": f"{path}/files/{file.id}",
            "name": file.name,
            "size": request.ui.show.size(file.size),
            "icon": "image" if file.media_type.startswith("image/") else "file-earmark",
        }
        for file in attachments
    ]

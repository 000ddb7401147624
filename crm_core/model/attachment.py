"""Files that came with a request or an interaction; the bytes are a blob, never inline in a record."""

from __future__ import annotations

from persistent import Persistent
from ZODB.blob import Blob


class Attachment(Persistent):
    """One stored file. ``name`` is already made safe; ``media_type`` was told from the content, not the name."""

    def __init__(self, id_: int, name: str, media_type: str, size: int, sha256: str, blob: Blob) -> None:
        self.id = id_
        self.name = name
        self.media_type = media_type
        self.size = size
        self.sha256 = sha256
        self.blob = blob

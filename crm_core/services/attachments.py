"""Attachments: bytes into a blob, with their digest; types were checked where they came in."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from ZODB.blob import Blob

from crm_core.model import plain
from crm_core.model.attachment import Attachment
from crm_core.model.ids import new_id
from crm_core.services.context import Context
from crm_core.text.filenames import safe_name

CHUNK = 1 << 20


class Attachments:
    def __init__(self, context: Context) -> None:
        self.context = context

    def store(self, name: str, media_type: str, source: BinaryIO) -> Attachment:
        """Copy ``source`` (read from its beginning, so that a repeated transaction stores it whole) into a blob.

        Of ``name`` stays what is a name anywhere: no path, nothing invisible.
        """
        source.seek(0)
        blob = Blob()
        digest = hashlib.sha256()
        size = 0
        with blob.open("w") as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        kind = plain.word(media_type)
        return Attachment(new_id(self.context.now), safe_name(name), kind, size, digest.hexdigest(), blob)

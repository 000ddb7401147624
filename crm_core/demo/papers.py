"""The papers people send: small real files, made of nothing but their words, the same whenever they are made."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from crm_core.demo.draw import Dice

WIDE, HIGH = 96, 64
"""Pixels of a photo: enough to see that it is one."""


@dataclass(frozen=True)
class Paper:
    """A file to be: ``kind`` "scan" (PDF) or "photo" (PNG); ``key`` makes its bytes differ from others'."""

    name: str
    kind: str
    key: str

    @property
    def media_type(self) -> str:
        return "application/pdf" if self.kind == "scan" else "image/png"

    def content(self) -> bytes:
        """The file's bytes."""
        return pdf(f"Scan {self.key}") if self.kind == "scan" else png(Dice("photo", self.key))


def pdf(words: str) -> bytes:
    """One page with a line of ASCII words, by PDF 1.4 (ISO 32000-1, 7.5)."""
    line = words.encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    stream = b"BT /F1 18 Tf 72 760 Td (" + line + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(file))
    return file + head + table + tail


def png(dice: Dice) -> bytes:
    """A dusky street: sky, houses and road in a few colours, by the PNG specification (W3C, third edition)."""
    sky, house, road = ((dice.randrange(low, low + 50) for _part in range(3)) for low in (150, 90, 40))
    colours = [bytes(colour) for colour in (sky, house, road)]
    roofs = [dice.randrange(HIGH // 4, HIGH // 2) for _house in range(6)]
    rows = b"".join(
        b"\0" + b"".join(colours[2 if y > HIGH * 3 // 4 else 1 if y > roofs[x * 6 // WIDE] else 0] for x in range(WIDE))
        for y in range(HIGH)
    )
    header = struct.pack(">IIBBBBB", WIDE, HIGH, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

"""What a file really is, told from its first bytes: a small table of what we take, and a list of what we never do.

Names and the sender's Content-Type are not believed. Nothing here opens, unpacks or decodes a file; sources of the
signatures are the formats' own specifications (PDF ISO 32000, PNG W3C, JFIF, GIF89a, RIFF, TIFF 6, ISO BMFF, PKWARE).
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

HEAD = 8192
"""Bytes read from the beginning of a file to tell its type."""

MANY_MEMBERS = 5000
LARGEST_TABLE = MANY_MEMBERS * 200
"""An archive with more entries, or more bytes of them, is kept as a plain archive: its table is not read."""


@dataclass(frozen=True)
class FileType:
    """A kind of file: the type it is stored and sent with, and the endings its name may have (the first is given)."""

    media_type: str
    endings: tuple[str, ...]


PDF = FileType("application/pdf", ("pdf",))
PNG = FileType("image/png", ("png",))
JPEG = FileType("image/jpeg", ("jpg", "jpeg", "jfif"))
GIF = FileType("image/gif", ("gif",))
WEBP = FileType("image/webp", ("webp",))
TIFF = FileType("image/tiff", ("tif", "tiff"))
HEIC = FileType("image/heic", ("heic", "heif"))
MP4 = FileType("video/mp4", ("mp4", "m4v", "mov", "m4a", "3gp"))
OGG = FileType("application/ogg", ("ogg", "oga", "opus"))
MP3 = FileType("audio/mpeg", ("mp3",))
WAV = FileType("audio/wav", ("wav",))
AMR = FileType("audio/amr", ("amr",))
ZIP = FileType("application/zip", ("zip",))
DOCX = FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",))
XLSX = FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",))
PPTX = FileType("application/vnd.openxmlformats-officedocument.presentationml.presentation", ("pptx",))
ODT = FileType("application/vnd.oasis.opendocument.text", ("odt",))
ODS = FileType("application/vnd.oasis.opendocument.spreadsheet", ("ods",))
EMAIL = FileType("message/rfc822", ("eml",))
TEXT = FileType("text/plain", ("txt", "csv", "tsv", "log", "md", "vcf", "ics", "json"))

_SIGNATURES: tuple[tuple[bytes, FileType], ...] = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"OggS", OGG),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"#!AMR", AMR),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_BMFF = {b"heic": HEIC, b"heix": HEIC, b"mif1": HEIC, b"msf1": HEIC, b"heim": HEIC}
_OPEN_DOCUMENT = {f"{kind.media_type}".encode(): kind for kind in (ODT, ODS)}
_OFFICE = (("word/document.xml", DOCX), ("xl/workbook.xml", XLSX), ("ppt/presentation.xml", PPTX))

# A text that begins like one of these is a program or a page for some interpreter, whatever its name says.
_SCRIPT = re.compile(r"#!|@echo\b|<\s*[a-z!?%/]|\{\\rtf|MZ|%!PS", re.IGNORECASE)
# A browser that is let to guess takes a text with any of these for a page or a drawing (WHATWG MIME Sniffing, 7.1);
# we send `nosniff` and as an attachment, and do not take the file in the first place.
_MARKUP = re.compile(
    r"<\s*(?:[a-z0-9-]+:)?(?:applet|audio|base|body|embed|foreignobject|form|frame|frameset|head|html|iframe|img|link"
    r"|math|meta|object|script|style|svg|template|video|xml)[\s/>]",
    re.IGNORECASE,
)
_MAIL_HEADER = re.compile(
    r"(?:return-path|received|from|to|date|subject|mime-version|message-id|delivered-to|dkim-signature|x-[a-z-]+):",
    re.IGNORECASE,
)


def tell_type(file: BinaryIO) -> FileType | None:
    """The type of ``file`` by its content, or None when it is none that is taken. Leaves the position anywhere.

    ``file`` must be seekable; at most `HEAD` bytes and an archive's table of contents are read.
    """
    file.seek(0)
    head = file.read(HEAD)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BMFF.get(head[8:12], MP4)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _archive(file, head)
    return _text(head)


def _archive(file: BinaryIO, head: bytes) -> FileType | None:
    """Archive or office document; None for one that carries macros, and for what only pretends to be an archive."""
    if head[30:38] == b"mimetype":
        return next((kind for name, kind in _OPEN_DOCUMENT.items() if head[38:].startswith(name)), ZIP)
    table = _table(file)
    if table is None:
        return None
    if table[0] > MANY_MEMBERS or table[1] > LARGEST_TABLE:
        return ZIP
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError):
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    return next((kind for name, kind in _OFFICE if name in names), ZIP)


def _table(file: BinaryIO) -> tuple[int, int] | None:
    """Entries and bytes of an archive's table of contents by its end record (APPNOTE 4.3.16); None without one.

    `zipfile` reads as many bytes as the record says and never counts. A second record for large archives (4.3.15)
    replaces the numbers of the first; one of those is large.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))  # 22 bytes and the longest comment
    tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if not 0 <= found <= len(tail) - 22:
        return None
    if tail[max(0, found - 20) : found].startswith(b"PK\x06\x07"):
        return MANY_MEMBERS + 1, LARGEST_TABLE + 1
    count = int.from_bytes(tail[found + 10 : found + 12], "little")
    return count, int.from_bytes(tail[found + 12 : found + 16], "little")


def _text(head: bytes) -> FileType | None:
    """Plain text or a mail message; None for bytes that are no text and for texts some program would run."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The cut at `HEAD` may fall inside a letter; old Persian texts are Windows-1256.
        cut = len(head) == HEAD and error.start >= HEAD - 3
        text = head[: error.start].decode("utf-8-sig") if cut else head.decode("cp1256", "replace")
    if not text.strip() or any(char < " " and char not in "\t\n\r\f" for char in text):
        return None
    if _MAIL_HEADER.match(text):
        return EMAIL
    if _SCRIPT.match(text.lstrip()) or _MARKUP.search(text):
        return None
    return TEXT

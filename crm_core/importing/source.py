"""The bytes of an import: a path or a stream that can be read again, counted for a progress bar, and its encoding.

Encodings are found by strict trial over the whole file, and what is wrong stays findable: bytes that are no text come
out as lone surrogates, so that one damaged row is refused instead of the whole file being read as something else.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from crm_core.i18n import TextFactory
from crm_core.importing.reasons import shown
from crm_core.importing.rows import ImportFailed

_ = TextFactory("crm_core")

ENCODINGS = ("utf-8", "utf-16", "cp1256", "cp1252", "latin-1")
"""What is tried, in this order, where a mapping names no encodings."""

ALLOWED = (*ENCODINGS, "utf-16-le", "utf-16-be", "iso-8859-6", "ascii")
"""What a mapping may name."""

MAX_LINE = 1_000_000
"""Characters of one physical line; a longer one is refused without being kept in memory."""

_CHUNK = 1 << 16
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LINE_END = re.compile(r"\r\n|\n|\r")
_ESCAPED = re.compile("[\ud800-\udfff]")
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_RUN = re.compile("[A-Za-z\u00c0-\u024f\u0600-\u06ff]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_ARABIC = re.compile("[\u0600-\u06ff]")


def encoding_name(name: str) -> str | None:
    """The name of `ALLOWED` that ``name`` is a spelling of (``UTF8``, ``windows-1256``), or None."""
    try:
        wanted = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    if wanted == "utf-8-sig":
        return "utf-8"
    return next((allowed for allowed in ALLOWED if codecs.lookup(allowed).name == wanted), None)


class Source:
    """A file or binary stream to import. Reading starts anew with every `chunks()`; close it when done.

    ``name`` is what messages call it; ``total_bytes`` its size; ``read_bytes`` what the latest reading took so far.
    A stream that cannot be wound back is copied to a temporary file first.
    """

    def __init__(self, origin: str | os.PathLike[str] | BinaryIO) -> None:
        self._path: Path | None = None
        self._stream: BinaryIO | None = None
        self._own = False
        self.read_bytes = 0
        if isinstance(origin, str | os.PathLike):
            self._path = Path(origin)
            self.name = self._path.name
        else:
            self.name = Path(str(getattr(origin, "name", "") or "")).name or "stream"
            self._stream = origin
        try:
            self.total_bytes = self._measure()
        except (OSError, ValueError) as error:
            raise self._failed(error) from error

    def _measure(self) -> int:
        if self._path is not None:
            with self._path.open("rb") as file:
                return file.seek(0, os.SEEK_END)
        assert self._stream is not None
        if not self._stream.seekable():
            copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the source, closed by close()
            shutil.copyfileobj(self._stream, copy)
            self._stream, self._own = copy, True
        return self._stream.seek(0, os.SEEK_END)

    def _failed(self, error: Exception) -> ImportFailed:
        if isinstance(error, FileNotFoundError):
            return ImportFailed(_("There is no file “${file}”.", mapping={"file": shown(self.name)}))
        if isinstance(error, IsADirectoryError):
            return ImportFailed(_("“${file}” is a folder, not a file.", mapping={"file": shown(self.name)}))
        if isinstance(error, PermissionError):
            return ImportFailed(_("The file “${file}” may not be read.", mapping={"file": shown(self.name)}))
        why = getattr(error, "strerror", None) or str(error)
        return ImportFailed(
            _("The file “${file}” cannot be read: ${why}", mapping={"file": shown(self.name), "why": shown(why)})
        )

    def chunks(self, limit: int | None = None) -> Iterator[bytes]:
        """The bytes from the start, in pieces; at most ``limit`` of them. Sets ``read_bytes`` as it goes."""
        file: BinaryIO | None = None
        self.read_bytes = 0
        try:
            if self._path is not None:
                file = self._path.open("rb")
            else:
                assert self._stream is not None
                self._stream.seek(0)
            reader = file or self._stream
            assert reader is not None
            left = limit if limit is not None else self.total_bytes + _CHUNK
            while left > 0 and (chunk := reader.read(min(_CHUNK, left))):
                left -= len(chunk)
                self.read_bytes += len(chunk)
                yield chunk
        except (OSError, ValueError) as error:
            raise self._failed(error) from error
        finally:
            if file is not None:
                file.close()

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes."""
        return b"".join(self.chunks(size))

    def close(self) -> None:
        """Give back the temporary copy, if one was made; a stream handed in stays open."""
        if self._own and self._stream is not None:
            self._stream.close()


def text_chunks(source: Source, encoding: str) -> Iterator[str]:
    """The decoded text in pieces. Bytes that are no text become lone surrogates (UTF-16: U+FFFD); see `is_damaged`."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors=errors)
    for chunk in source.chunks():
        if text := decoder.decode(chunk):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def is_damaged(text: str, encoding: str) -> bool:
    """Say whether ``text`` holds what `text_chunks` puts in place of bytes that are no text."""
    if text.isascii():
        return False
    return _ESCAPED.search(text) is not None or (encoding.startswith("utf-16") and "\ufffd" in text)


def physical_lines(source: Source, encoding: str) -> Iterator[tuple[int, str | None]]:
    """``(number from 1, line with its end)``; the text is None where the line is longer than `MAX_LINE`.

    Lines end with CR, LF or both, nothing else: U+2028 and form feeds are text.
    """
    number, rest, skipping = 0, "", False
    for text in text_chunks(source, encoding):
        rest += text
        # A CR at the very end may be the first half of CR LF, so it waits for what follows.
        usable = len(rest) - 1 if rest.endswith("\r") else len(rest)
        position = 0
        for match in _LINE_END.finditer(rest, 0, usable):
            number += 1
            start, position = position, match.end()
            yield number, None if skipping or position - start > MAX_LINE else rest[start:position]
            skipping = False
        rest = rest[position:]
        if len(rest) > MAX_LINE:
            rest, skipping = rest[-1:] if rest.endswith("\r") else "", True
    if rest or skipping:
        yield number + 1, None if skipping else rest


def choose_encoding(source: Source, candidates: Sequence[str] = ENCODINGS) -> str:
    """The encoding of ``source``: a byte order mark decides; else the first of ``candidates`` that reads all of it.

    A file that is UTF-8 but for a few damaged bytes counts as UTF-8. Of the one-byte encodings, which can read
    anything, cp1256 is taken where the non-ASCII letters form Arabic or Persian words, else the next that fits.
    """
    head = source.head(4096)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    for name in candidates:
        if name == "utf-8" and _is_utf8(source):
            return name
        if name == "utf-16" and (order := _utf16_order(head)):
            return order
    single = [name for name in candidates if not name.startswith("utf-")]
    if not single:
        return candidates[0]
    if "cp1256" in single and len(single) > 1 and not _is_arabic(source):
        single.remove("cp1256")
    return next((name for name in single if _decodes(source, name)), single[0])


def _is_utf8(source: Source) -> bool:
    if _decodes(source, "utf-8"):
        return True
    good = bad = 0
    for text in text_chunks(source, "utf-8"):
        escaped = len(_ESCAPED.findall(text))
        bad += escaped
        good += len(_NON_ASCII.findall(text)) - escaped
    return good > bad


def _decodes(source: Source, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in source.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_order(head: bytes) -> str | None:
    """UTF-16 without a mark: one byte of each pair is nearly always 0 (Latin) or 6 (Persian)."""
    if len(head) < 4 or b"\0" not in head:
        return None
    for name, high, low in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if sum(byte in (0, 6) for byte in high) >= 0.8 * len(high) and low.count(0) < 0.2 * len(low):
            return name
    return None


def _is_arabic(source: Source) -> bool:
    whole = mixed = 0
    for text in text_chunks(source, "cp1256"):
        for run in _RUN.findall(text):
            if _ARABIC.search(run):
                if _LATIN.search(run):
                    mixed += 1
                else:
                    whole += 1
    return whole > mixed


def whole_text(source: Source, encoding: str) -> str:
    """All of the text at once, for formats that cannot be read in pieces; the caller has checked ``total_bytes``."""
    text = io.StringIO()
    for piece in text_chunks(source, encoding):
        text.write(piece)
    return text.getvalue()

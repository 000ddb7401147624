"""Where there is no room for a form on its way: waitress puts a long one into a temporary file before anything of ours
sees it, and closes the connection without a word when that cannot grow. Here what came first and last of it is kept,
so that somebody can be told, and what was typed comes back.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from io import BytesIO
from typing import Any, BinaryIO

from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer

log = logging.getLogger(__name__)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where nothing more can be written: no room, or none for this account."""
BEGINNING, END = 1 << 20, 256 * 1024
"""Bytes that are kept in memory: text stands around the files of a form."""


class CutBody(BytesIO):
    """The beginning and the end of what was sent; between them something may be missing."""


class Buffer(OverflowableBuffer):
    """What was received of one form."""

    buf: Any
    _cut: CutBody | None = None
    _end = b""

    def append(self, data: bytes) -> None:
        if self._cut is None:
            before = len(self)
            try:
                super().append(data)
                return
            except OSError as error:
                if error.errno not in FULL:
                    raise
                log.warning("there is no room left for what is being sent: %s", error.strerror)
                self._cut, data = self._begin_cut(before, data)
        self._end = (self._end + data)[-END:]

    def __len__(self) -> int:
        return len(self._cut.getbuffer()) + len(self._end) if self._cut is not None else super().__len__()

    def getfile(self) -> BinaryIO:
        """All of it, to be read from its beginning; a `CutBody` where there was no room."""
        if self._cut is None:
            whole: BinaryIO = super().getfile()
            return whole
        self._cut.seek(0, os.SEEK_END)
        self._cut.write(self._end)
        self._end = b""
        self._cut.seek(0)
        return self._cut

    def _begin_cut(self, before: int, data: bytes) -> tuple[CutBody, bytes]:
        """What came ``before`` this piece of data, and what of it is not in there."""
        file = self.buf.getfile()
        if isinstance(file, BytesIO):  # it was to move to a file; all is in memory still
            return CutBody(file.getvalue()[:BEGINNING]), b""
        beginning = os.pread(file.fileno(), min(before, BEGINNING), 0)
        with contextlib.suppress(OSError):  # what it has not written yet does not fit either
            file.close()
        self.buf = None
        return CutBody(beginning), data


class Parser(HTTPRequestParser):
    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.body_rcv is not None:
            self.body_rcv.buf = Buffer(self.adj.inbuf_overflow)


class Channel(HTTPChannel):
    parser_class = Parser


def prepare(server: Any) -> None:
    """Let a server of waitress receive forms so, at each of its addresses."""
    for one in getattr(server, "map", {0: server}).values():
        if isinstance(one, BaseWSGIServer):
            one.channel_class = Channel

"""Files told by their content: what is taken, and what never is."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from crm_views.forms import filetypes
from crm_views.forms.filetypes import tell_type


def archive(*members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content, kind",
    [
        (b"%PDF-1.4\n", filetypes.PDF),
        (b"\x89PNG\r\n\x1a\n\x00\x00", filetypes.PNG),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", filetypes.JPEG),
        (b"GIF89a\x01\x00", filetypes.GIF),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", filetypes.WEBP),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", filetypes.WAV),
        (b"II*\x00\x08\x00", filetypes.TIFF),
        (b"MM\x00*\x00\x08", filetypes.TIFF),
        (b"\x00\x00\x00\x18ftypheic", filetypes.HEIC),
        (b"\x00\x00\x00\x18ftypisom", filetypes.MP4),
        (archive("a.txt"), filetypes.ZIP),
        (archive(), filetypes.ZIP),
        (archive("[Content_Types].xml", "word/document.xml"), filetypes.DOCX),
        (archive("xl/workbook.xml"), filetypes.XLSX),
        ("سلام، این یک متن است.\n".encode(), filetypes.TEXT),
        ("سلام، متن کهنه".encode("cp1256"), filetypes.TEXT),
        ("\ufeffname,phone\n".encode(), filetypes.TEXT),
        (b"if a < b then c > d", filetypes.TEXT),
        (b"Received: from x\r\nFrom: a@b.c\r\n\r\n<html>", filetypes.EMAIL),
        (("آ" * 5000).encode(), filetypes.TEXT),
        ((" " + "آ" * 5000).encode(), filetypes.TEXT),
    ],
)
def test_taken(content: bytes, kind: filetypes.FileType) -> None:
    assert tell_type(io.BytesIO(content)) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"", b"   \n", b"MZ\x90\x00\x03", b"MZ is how programs begin", b"\x7fELF\x02\x01\x01\x00", b"#!/bin/sh\nrm",
        b"<html><body>", b"  <!DOCTYPE html>", b"<?xml version='1.0'?><svg/>", b"<svg xmlns='x' onload='alert(1)'/>",
        b"\xef\xbb\xbf<script>", b"hello <script src=x></script>", b"text\n<IFRAME src=x>", b"a <svg/onload=1>",
        b"@echo off", b"{\\rtf1", b"%!PS-Adobe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500,
        b"PK\x03\x04not really",
        b"\xca\xfe\xba\xbe\x00\x00", b"a\x00b", archive("word/document.xml", "word/vbaProject.bin"),
        b"RIFF\x24\x00\x00\x00AVI LIST", b"<xsl:template match='/'>",
    ],
)
def test_refused(content: bytes) -> None:
    assert tell_type(io.BytesIO(content)) is None


def test_an_archive_of_very_many_members_is_not_read_through() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for place in range(filetypes.MANY_MEMBERS + 1):
            file.writestr(f"{place}", "")
        file.writestr("word/document.xml", "x")
    assert tell_type(buffer) is filetypes.ZIP


def test_the_hostile_files_of_the_data_set(shared_data: Path) -> None:
    told = {}
    for path in (shared_data / "7_hostile_input" / "uploads").iterdir():
        with path.open("rb") as file:
            kind = tell_type(file)
        told[path.name] = kind.media_type if kind else None
    assert {name: media for name, media in told.items() if media} == {
        "zip-slip.zip": "application/zip",
        "file-ul-filter-bypass-x-platform-generic.txt": "text/plain",
        "invalid-filenames-linux.txt": "text/plain",
        "invalid-filenames-microsoft.txt": "text/plain",
    }

"""Folders with copies of what is stored: nobody else on the machine can read them, and no name leads out of them.

Names of files come from citizens: here they are made of plain characters and numbered.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import TextIO

from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.model.attachment import Attachment

_ = TextFactory("crm_core")
CHUNK = 1 << 20
NAME_BYTES = 120
"""Most bytes of a file's name, without its number: every file system takes them."""
OTHERS = 0o077


def begin(folder: Path) -> None:
    """Make the folder, for its owner only. Raises CrmError where it holds something or others can look into it."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise CrmError(_("The folder ${folder} is not empty.", mapping={"folder": str(folder)}))
    if os.name == "posix" and folder.exists() and folder.stat().st_mode & OTHERS:
        raise CrmError(_("Others on this machine can look into the folder ${folder}. Name one that does not exist yet,"
                         " or take their rights away (chmod 700).", mapping={"folder": str(folder)}))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def create(path: Path) -> TextIO:
    """A new text file for its owner only, open for writing."""
    return open(path, "x", encoding="utf-8", opener=_own)


def keep_file(folder: Path, place: str, number: int, attachment: Attachment) -> str:
    """Copy an attachment below ``files/`` into the subfolder ``place``; its path within the folder."""
    target = folder / "files" / safe_name(place) / f"{number:03d}-{safe_name(attachment.name)}"
    for part in (folder / "files", target.parent):
        part.mkdir(exist_ok=True, mode=0o700)
    with attachment.blob.open("r") as source, open(target, "xb", opener=_own) as copy:
        while chunk := source.read(CHUNK):
            copy.write(chunk)
    return target.relative_to(folder).as_posix()


def safe_name(name: str) -> str:
    """A file's name without anything that means something to a shell, a file system or a reader's eye."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = "".join(char if char.isalnum() or char in "._-" else "_" for char in plain)
    kept = re.sub(r"\.{2,}", ".", kept).strip("._-")
    stem, dot, ending = kept.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) <= 8 else ""
    stem = (stem if ending else kept) or "file"
    while len((stem + ending).encode()) > NAME_BYTES:
        stem = stem[:-1]
    return stem + ending


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

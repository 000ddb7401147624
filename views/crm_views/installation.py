"""What an installation's web processes share beside the database: a secret, and a folder for work in progress."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

FILE = "web-secret"
"""Name of the secret's file in the data folder."""


def installation_secret(data: Path) -> bytes:
    """The secret of this installation, made on first use with mode 0600; several processes agree on one."""
    path = data / FILE
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        part = data / f"{FILE}.{secrets.token_hex(6)}"
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_hex(32).encode())
        try:
            os.link(part, path)  # fails where another process was first, and then its secret holds
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes().strip()


def derived(secret: bytes, purpose: str) -> str:
    """A key for one purpose: who learns it learns neither the secret nor the key for another purpose."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).hexdigest()


def private_folder(data: Path, name: str) -> Path:
    """The folder ``name`` in the data folder, for the owner only."""
    path = data / name
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path

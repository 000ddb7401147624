"""What an installation's web processes share beside the database: a secret, and a folder for work in progress."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_core.app import App
    from crm_core.model.root import Root

FILE = "web-secret"
"""Name of the secret's file in the data folder."""


def installation_secret(data: Path) -> bytes:
    """The secret of this installation, made on first use with mode 0600; several processes agree on one."""
    return made_once(data / FILE, secrets.token_hex(32).encode())


def shared_secret(app: App) -> bytes:
    """The secret of all web processes of an installation, on however many machines: in the storage where several
    processes may open it, else in the data folder."""
    own = installation_secret(app.settings.data)
    if app.settings.is_file_storage or app.db.read_only:
        return own
    with app.reading() as services:
        found = services.root.web_secret
    return (found or app.run(lambda services: _agreed(services.root, own), note="web: secret")).encode()


def _agreed(root: Root, own: bytes) -> str:
    root.web_secret = root.web_secret or own.decode()
    return root.web_secret


def made_once(path: Path, content: bytes) -> bytes:
    """What stands in a file for the owner only, without the blanks around it: ``content``, or what the process wrote
    that was here first."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        try:
            os.link(part, path)  # fails where another process was first, and then its content holds
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

"""Bytes for a page to carry and give back, which tell it nothing: neither what they are nor whether they have changed.

Fernet of the library cryptography encrypts and authenticates them; the same bytes never look the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.fernet import Fernet, InvalidToken


def seal(key: str, content: bytes) -> str:
    """``content`` as text for an address or attribute; ``key`` is one for this purpose only."""
    return _fernet(key).encrypt(content).decode()


def unseal(key: str, text: str) -> bytes | None:
    """What was sealed with ``key``; None for anything else."""
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(raw).decode() != text:  # one spelling only
            return None
        return _fernet(key).decrypt(text)
    except (binascii.Error, ValueError, InvalidToken):
        return None


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

"""The setup code: who makes the first administrator must be able to read the server's console or its data folder.

It is drawn once for an installation without accounts, lies in the data folder for the owner only, and is gone with the
first account (`crm_core.settings.forget_setup_code`).
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from crm_core.settings import SETUP_CODE
from crm_core.text.digits import to_ascii
from crm_views.installation import made_once

FILE = SETUP_CODE
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Thirty-two letters and digits that nobody mixes up: five bits each."""
GROUPS, LENGTH = 4, 4


def setup_code(data: Path) -> str:
    """The code of this installation, made on first use with mode 0600; several processes agree on one."""
    groups = ("".join(secrets.choice(LETTERS) for _letter in range(LENGTH)) for _group in range(GROUPS))
    return made_once(data / FILE, "-".join(groups).encode("ascii") + b"\n").decode("ascii")


def fits(data: Path, typed: str) -> bool:
    """Whether ``typed`` is the code, however its groups and letters are written."""
    return hmac.compare_digest(_plain(setup_code(data)).encode(), _plain(typed).encode("utf-8", "replace"))


def _plain(code: str) -> str:
    return "".join(char for char in to_ascii(code).upper() if char.isalnum())

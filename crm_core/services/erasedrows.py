"""Rows of imported files whose citizen was erased: the same row must not bring the person back.

Kept is a number computed from the row's source and id (SHA-256), beside the external ids; nothing that the row says.
"""

from __future__ import annotations

import hashlib

from crm_core.model.root import Root

PREFIX = "erased:"


def mark(root: Root, external: str, contact: int) -> None:
    """Remember that the record ``contact`` with this external id was erased."""
    root.indexes.external[_key(external)] = (contact, "")


def erased_as(root: Root, external: str) -> int | None:
    """The id of the record that had this external id and was erased."""
    kept = root.indexes.external.get(_key(external))
    return None if kept is None else int(kept[0])


def forget(root: Root, external: str) -> None:
    """Let it come back."""
    if _key(external) in root.indexes.external:
        del root.indexes.external[_key(external)]


def _key(external: str) -> str:
    return PREFIX + hashlib.sha256(external.encode("utf-8", "surrogatepass")).hexdigest()

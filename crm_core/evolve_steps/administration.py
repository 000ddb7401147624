"""core.0003: a place for what administrators decide about request types."""

from __future__ import annotations

from BTrees.OOBTree import OOBTree

from crm_core.model.root import Root


def run(root: Root) -> None:
    """Give a database from before the administration pages the tree of type settings."""
    if getattr(root, "type_settings", None) is None:
        root.type_settings = OOBTree()

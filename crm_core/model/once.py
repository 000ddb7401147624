"""What is kept of a form that was sent, so that the same one sent again is known."""

from __future__ import annotations

from typing import Any, NamedTuple


class OnceRow(NamedTuple):
    """What a submission key led to.

    Many lie in one leaf of a tree, and conflict resolution compares them by order: a tuple is equal to itself, where a
    dictionary knows no order and two who saved at the same moment conflicted over each other's neighbours.
    """

    at: int
    """milliseconds UTC"""
    form: str
    """a short text that tells page and content apart"""
    result: Any
    """plain"""

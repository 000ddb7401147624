"""The ways of a request between the statuses of its kind, as stored: it holds them with its type version, also when the
plugin is gone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """Who decides at one level of an approval: a ``user`` (id), or whoever has the ``role``, in a ``unit`` (id) or,
    ``own_unit``, in the unit the request lies in."""

    user: int | None = None
    role: str = ""
    unit: int | None = None
    own_unit: bool = False


@dataclass(frozen=True)
class StoredTransition:
    """A way from the status ``source`` to the status ``target`` as it was when its type version was published.

    ``labels``: the verb of its button in every language, empty where the status says it. ``permission``: needed beside
    the one to change statuses, "" for none. ``requires``: what must be there before, in words of
    `crm_core.workflow.REQUIREMENTS` or ``field:NAME`` for an answer of the form. ``checklist``: what whoever takes it
    confirms, each in every language. ``approval``: who must approve it first, level after level, each within
    ``approval_days`` (0: without end).
    """

    source: str
    target: str
    labels: dict[str, str]
    permission: str = ""
    requires: tuple[str, ...] = ()
    checklist: tuple[dict[str, str], ...] = ()
    approval: tuple[Level, ...] = ()
    approval_days: int = 0

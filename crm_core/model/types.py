"""What an organisation decides about a kind of request, beside what its plugin says."""

from __future__ import annotations

from typing import Any

from crm_core.model.record import Record


class TypeSettings(Record):
    """Settings of one request type. ``offered``: whether staff may start one by hand (where its plugin allows it);
    ``unit``: where new ones go when the clerk says nothing (unit id); ``due_days``: days for the answer, None for those
    of the plugin; ``place``: where it stands among the kinds that are offered, from 1; None: behind those, by name.

    ``workflows``: the editions of its own workflow that this organisation put into force, oldest first, each plain:
    ``number``, ``at`` (ms UTC), ``by`` (user id), ``note``, ``base`` (digest of the plugin's workflow then) and
    ``definition`` as in `crm_core.workflow.plain`, None where the plugin's own holds again. ``draft``: a definition
    that is being worked on, None while nobody does.
    """

    type_id: str = ""
    offered: bool = True
    unit: int | None = None
    due_days: int | None = None
    place: int | None = None
    workflows: tuple[dict[str, Any], ...] = ()
    draft: Any = None

    @property
    def workflow(self) -> dict[str, Any] | None:
        """The edition in force; None where the plugin's own workflow is."""
        last = self.workflows[-1] if self.workflows else None
        return last if last is not None and last["definition"] is not None else None

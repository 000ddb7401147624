"""core.0006: what clerks write at the same moment is stored so that it merges, and is written in less time."""

from __future__ import annotations

from crm_core.evolve_steps.portions import portions
from crm_core.model.once import OnceRow
from crm_core.model.root import Root
from crm_core.model.worklist import WorkList


def run(root: Root) -> None:
    """Make rows of what is kept of forms that were sent, and pack the headers of all lists of work."""
    for key, row in portions(root, list(root.once.items())):
        if isinstance(row, dict):
            root.once[key] = OnceRow(row["at"], row["form"], row["result"])
    lists: tuple[WorkList, ...] = (*root.unit_work.values(), *root.user_work.values())
    for _id in portions(root, (id_ for work in lists for id_ in work.repack())):
        pass

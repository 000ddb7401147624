"""core.0005: contacts hold a header of each of their open requests. They are made from the requests."""

from __future__ import annotations

from crm_core.evolve_steps.portions import portions
from crm_core.model.root import Root
from crm_core.services.work import Work


def run(root: Root) -> None:
    """File all open requests with their contacts; what their lists tell stays as it is."""
    work = Work(root)
    for request in portions(root, root.requests.values()):
        work.refile(request)

"""core.0001: requests know what was said about them, also what was logged before they did."""

from __future__ import annotations

from crm_core.evolve_steps.portions import portions
from crm_core.model.ids import first_id
from crm_core.model.interaction import Interaction
from crm_core.model.request import Request
from crm_core.model.root import Root


def run(root: Root) -> None:
    """File every interaction with the requests it is about."""
    for touch in portions(root, root.interactions.values()):
        for request in (root.requests.get(id_) for id_ in touch.requests):
            if request is not None and not _knows(request, touch):
                request.remember_touch(touch)


def _knows(request: Request, touch: Interaction) -> bool:
    """Whether it is filed already; it would lie in its own millisecond."""
    if request.touches is None:
        return False
    beside = request.touches.values(first_id(touch.started), first_id(touch.started + 1), excludemax=True)
    return any(one is touch for one in beside)

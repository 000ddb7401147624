"""core.0002: work lists hold a header and a mark beside each request. They are made anew from the open requests."""

from __future__ import annotations

from crm_core.evolve_steps.portions import portions
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.services.work import Work


def run(root: Root) -> None:
    """Build all lists from the requests themselves, and say of each what its news is."""
    root.unit_work.clear()
    root.user_work.clear()
    work = Work(root)
    for request in portions(root, root.requests.values()):
        if request.is_open:
            _tell(request)
            work.add(request)


def _tell(request: Request) -> None:
    """News and the citizen's last word, as they would have been noted at the time."""
    if request.events:
        request.happened(request.events[request.events.maxKey()].at)
    touch = _last_word(request)
    if touch is not None:
        request.happened_by(touch)


def _last_word(request: Request) -> Interaction | None:
    """The last thing that the citizen said or was told."""
    touches = reversed(list((request.touches or {}).values()))
    return next((one for one in touches if one.direction != Direction.INTERNAL), None)

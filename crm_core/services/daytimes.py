"""The times of somebody's day that plugins know of, such as booked meetings, as far as the reader may read of them."""

from __future__ import annotations

from typing import Any

from crm_core.contributions import DayTime
from crm_core.host import Failure
from crm_core.model.request import Request
from crm_core.services.context import Context
from crm_core.services.visibility import Eyes, Visibility


def day_times(context: Context, user_id: int, since: int, until: int) -> list[tuple[DayTime, Request]]:
    """What ``day_times`` of each plugin says of the time from ``since`` to before ``until``, earliest first."""
    eyes = Eyes(context.root, context.identity)
    found = []
    for _plugin, answer in context.host.each("day_times", _wrong, services=context.services, user_id=user_id,
                                             since=since, until=until):
        if isinstance(answer, Failure):
            continue
        for time in answer or ():
            request = context.root.requests.get(time.request_id)
            if request is not None and since <= time.at < until and eyes.of_request(request) is Visibility.FULL:
                found.append((time, request))
    return sorted(found, key=lambda one: (one[0].at, one[1].id))


def _wrong(answer: Any) -> str:
    if not isinstance(answer, list | tuple):
        return f"{answer!r} is no list of times"
    fits = all(isinstance(one, DayTime) and type(one.at) is type(one.request_id) is int and isinstance(one.title, str)
               for one in answer)
    return "" if fits else "a time is no DayTime of numbers and a title"

"""The times of somebody's day that plugins know of, such as booked meetings, as far as the reader may read of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from crm_core.contributions import DayTime
from crm_core.host import Failure
from crm_core.model.request import Request
from crm_core.services.context import Context
from crm_core.services.visibility import Eyes, Visibility
from crm_core.shapes import labels, shown, text


def day_times(context: Context, user_id: int, since: int, until: int) -> list[tuple[DayTime, Request]]:
    """What ``day_times`` of each plugin says of the time from ``since`` to before ``until``, earliest first."""
    eyes = Eyes(context.root, context.identity)
    found = []
    answers = context.host.each("day_times", partial(_wrong, context), services=context.services, user_id=user_id,
                                since=since, until=until)
    for _plugin, answer in answers:
        if isinstance(answer, Failure):
            continue
        for time in answer or ():
            request = context.root.requests.get(time.request_id)
            if request is not None and since <= time.at < until and eyes.of_request(request) is Visibility.FULL:
                found.append((time, request))
    return sorted(found, key=lambda one: (one[0].at, one[1].id))


def _wrong(context: Context, answer: Any) -> str:
    if not isinstance(answer, list | tuple):
        return f"{shown(answer)} is no list of times"
    if not all(type(one) is DayTime and type(one.at) is type(one.request_id) is int for one in answer):
        return "a time is no DayTime of numbers and a title"
    for one in answer:
        text(one.title)
        labels(one.title, context.translator)
    return ""

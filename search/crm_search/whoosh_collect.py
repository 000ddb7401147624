"""Runs a query on one searcher until its answer or its deadline, and puts answers in order.

Whoosh's own collectors are bent in three places, each with its reason.
"""

from __future__ import annotations

import logging
from heapq import heappush, heapreplace
from time import monotonic
from typing import Any

from whoosh import query
from whoosh.collectors import TimeLimit, TimeLimitCollector, TopCollector

from crm_core.services.textsearch import TextHit
from crm_search.asking import Found

log = logging.getLogger(__name__)


def collect(searcher: Any, wanted: query.Query | None, limit: int, until: float) -> Found:
    """At least the ``limit`` best documents for ``wanted`` (None: nothing), or those found until ``until``."""
    if wanted is None:
        return []
    # Equal scores are put in order of time afterwards: fetch more, so that the newest are among them.
    top = _Top(2 * limit + 30)
    try:
        searcher.search_with_collector(wanted, _Deadline(top, until))
    except TimeLimit:
        log.info("A question reached its deadline; what was found so far is the answer")
    found: Found = []
    for score, number in top.items:
        kind, id_, contact, when = searcher.stored_fields(number)["hit"]
        found.append((TextHit(kind, id_, id_ if kind == "contact" else contact, score), when))
    return found


class _Top(TopCollector):
    """The best documents; among equals those indexed last. Skips no blocks: Whoosh 2.7.5 fails on it in Require."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit, usequality=False)

    def _collect(self, global_docnum: int, score: float) -> float:
        found = (score, global_docnum)
        if len(self.items) < self.limit:
            heappush(self.items, found)
        elif found > self.items[0]:
            heapreplace(self.items, found)
            self.minscore = self.items[0][0]
        return -score


class _Deadline(TimeLimitCollector):
    """Whoosh's, by the clock in place of its alarm signal (main thread only) or a timer thread for each question."""

    def __init__(self, child: TopCollector, until: float) -> None:
        super().__init__(child, timelimit=0, use_alarm=False)
        self.until = until

    def prepare(self, top_searcher: Any, q: query.Query, context: Any) -> None:
        """Start without a timer."""
        self.child.prepare(top_searcher, q, context)

    def collect_matches(self) -> None:
        """Collect until the deadline. Raises TimeLimit."""
        for number in self.child.matches():
            if monotonic() > self.until:
                raise TimeLimit
            self.child.collect(number)

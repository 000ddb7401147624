"""Brakes on guessing passwords: failed tries are counted in this process, so that no stranger locks others out.

A stranger is stopped for one login at one address, for all logins at one address, and, after many more tries, for one
login everywhere. A browser in which that very user has signed in before has a counter of its own.
"""

from __future__ import annotations

import threading
from math import ceil

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

PER_PAIR = RateLimitItemPerMinute(10, 10)
"""Ten failures in ten minutes for one login at one address, or in one browser of its user."""
PER_ADDRESS = RateLimitItemPerMinute(60, 10)
"""Sixty failures in ten minutes at one address; a whole desk may share one."""
PER_LOGIN = RateLimitItemPerHour(100)
"""A hundred failures an hour for one login at all addresses together."""
CHECKS_AT_ONCE = 2
"""Passwords compared at the same time: each takes 64 MB and a processor core."""


class Throttle:
    """Counts failures in memory; several processes count each on its own."""

    def __init__(
        self, per_pair: RateLimitItem = PER_PAIR, per_address: RateLimitItem = PER_ADDRESS,
        per_login: RateLimitItem = PER_LOGIN,
    ) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_pair = per_pair
        self._per_address = per_address
        self._per_login = per_login
        self.checking = threading.BoundedSemaphore(CHECKS_AT_ONCE)

    def wait(self, login: str, address: str, own: bool) -> int:
        """Minutes for which no try is taken, 0 when one is. Known and unknown logins count alike.

        ``own``: this browser carries our signed mark that the user of ``login`` signed in with it before.
        """
        closed = [limit for limit, *key in self._counters(login, address, own) if not self._limiter.test(limit, *key)]
        return max((ceil(limit.get_expiry() / 60) for limit in closed), default=0)

    def failed(self, login: str, address: str, own: bool) -> None:
        """Count a wrong password."""
        for limit, *key in self._counters(login, address, own):
            self._limiter.hit(limit, *key)

    def forgive(self, login: str, address: str, own: bool) -> None:
        """The login succeeded: its earlier slips here do not count any more."""
        limit, *key = self._counters(login, address, own)[0]
        self._limiter.clear(limit, *key)

    def _counters(self, login: str, address: str, own: bool) -> list[tuple[RateLimitItem, str, str]]:
        if own:
            return [(self._per_pair, "own", login)]
        return [
            (self._per_pair, f"at {address}", login), (self._per_address, "address", address),
            (self._per_login, "login", login),
        ]

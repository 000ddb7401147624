"""Brakes on guessing passwords: so many tries for one login and from one address, counted in this process."""

from __future__ import annotations

from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

PER_LOGIN = RateLimitItemPerMinute(10, 10)
"""Ten tries in ten minutes for one login."""
PER_ADDRESS = RateLimitItemPerMinute(60, 10)
"""Sixty tries in ten minutes from one address; a whole desk may share one."""


class Throttle:
    """Counts tries in memory; several processes count each on its own."""

    def __init__(self, per_login: RateLimitItem = PER_LOGIN, per_address: RateLimitItem = PER_ADDRESS) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_login = per_login
        self._per_address = per_address

    def try_login(self, login: str, address: str) -> bool:
        """Count a try; False when there were too many already. Known and unknown logins count alike."""
        by_address = self._limiter.hit(self._per_address, "address", address)
        return by_address and self._limiter.hit(self._per_login, "login", login)

    def forgive(self, login: str) -> None:
        """The login succeeded: earlier slips do not count any more."""
        self._limiter.clear(self._per_login, "login", login)

    def minutes(self) -> int:
        """How long a closed door may stay closed, in minutes."""
        return ceil(max(self._per_login.get_expiry(), self._per_address.get_expiry()) / 60)

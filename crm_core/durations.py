"""Lengths of time in milliseconds, the unit in which all moments are stored."""

from __future__ import annotations

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

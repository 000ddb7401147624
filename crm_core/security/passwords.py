"""Passwords: argon2id through argon2-cffi, with its recommended cost (about a quarter of a second a login)."""

from __future__ import annotations

import argon2

_DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$bm90YXJlYWxzYWx0MTIzNA$0ZJqkYh7a5Z2bGgU4i1dYl0fQF4QxvM4sM5lYk6M3x8"
LEAST_LENGTH = 8
MOST_LENGTH = 1000


def hash_password(password: str, cost: int | None = None) -> str:
    """The argon2id hash to store. ``cost``: argon2's time cost (tests lower it)."""
    hasher = argon2.PasswordHasher() if cost is None else argon2.PasswordHasher(time_cost=cost, memory_cost=1024)
    return hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether the password fits. An empty ``stored`` costs the same time, so that unknown logins cannot be told."""
    try:
        return argon2.PasswordHasher().verify(stored or _DUMMY, password[:MOST_LENGTH]) and bool(stored)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError, UnicodeEncodeError):
        return False

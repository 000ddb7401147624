"""A thread of background work outlives whatever comes up in it."""

from __future__ import annotations

import threading

from crm_core.background import Loop


class Panic(BaseException):
    """As libraries in Rust panic: no Exception."""


def test_a_panic_does_not_end_the_thread() -> None:
    again = threading.Event()
    raised: list[BaseException] = []

    def work() -> bool:
        if not raised:
            raised.append(Panic())
            raise raised[0]
        again.set()
        return False

    loop = Loop("test-loop", work, idle=0.01)
    loop.start()
    try:
        assert again.wait(20)
        assert loop.is_alive
    finally:
        loop.stop()

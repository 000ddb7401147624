"""Many at once: threads that start at the same moment, as clerks do who want the same slot.

An exception of one does not hide in its thread: it is raised where the crowd was sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def together(work: Callable[[int], Result], number: int) -> list[Result]:
    """``work(0)``, ``work(1)`` … in ``number`` threads that begin together; their results in that order.

    Raises the first exception any of them raised, after all have ended.
    """
    gate = threading.Barrier(number)
    results: dict[int, Result] = {}
    errors: list[BaseException] = []

    def run(which: int) -> None:
        try:
            gate.wait()
            results[which] = work(which)
        except BaseException as error:  # noqa: BLE001  # raised again below, in the thread that asked
            errors.append(error)

    threads = [threading.Thread(target=run, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[which] for which in range(number)]

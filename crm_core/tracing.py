"""The trace switch (``crm.trace.hooks``): one line in the log for each call of a plugin's hook.

An answer is told by its kind and size only: what it says may be of a citizen.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sized
from typing import Any

log = logging.getLogger(__name__)


def traced(plugin: str, hook: str, call: Callable[..., list[Any]], arguments: Mapping[str, Any]) -> list[Any]:
    """``call(**arguments)``, told in the log with its milliseconds; what it raises is told and raised."""
    began = time.perf_counter()
    words = ""
    try:
        answers = call(**arguments)
        words = in_short(answers[0]) if answers else "nothing"
        return answers
    except BaseException as error:
        words = f"raised {type(error).__name__}"
        raise
    finally:
        # The switch is there to be seen: a server's log shows warnings and what is worse.
        log.warning("hook %s of %s: %.2f ms, %s", hook, plugin, (time.perf_counter() - began) * 1000, words)


def in_short(answer: Any) -> str:
    """What kind of answer it is, and how much of it: never what it says."""
    if isinstance(answer, bool) or answer is None:
        return str(answer)
    size = f" of {len(answer)}" if isinstance(answer, Sized) else ""
    return f"{type(answer).__name__}{size}"

"""The marks of a list of work, walked over once for all that one question asks of them.

A unit may have 100,000 open requests; each walk over their marks takes as long as filling half a page. What is kept
here must not outlive the question: the list may be written to behind it.
"""

from __future__ import annotations

from functools import cached_property

from crm_core.model.worklist import DUE_SHIFT, GUARDED, WorkList

FLAGS = (1 << DUE_SHIFT) - 1
"""The part of a mark that is not the due time."""


class Marks:
    def __init__(self, found: WorkList, is_open: bool) -> None:
        """``is_open``: whether all of the list but guarded requests may be read."""
        self.found = found
        self.is_open = is_open

    @cached_property
    def numbers(self) -> list[int]:
        """All marks; nothing is walked over before somebody asks."""
        return list(self.found.numbers())

    @cached_property
    def _flags(self) -> bytes:
        """What is not the due time, mark by mark: bytes are looked through and counted faster than numbers."""
        return bytes([mark & FLAGS for mark in self.numbers])

    @cached_property
    def has_guarded(self) -> bool:
        """Whether a request is in here that not everybody in its unit may read."""
        return max(self._flags, default=0) >= GUARDED  # the highest of the flags

    @cached_property
    def free(self) -> list[int]:
        """The marks that are not guarded."""
        return [mark for mark in self.numbers if not mark & GUARDED] if self.has_guarded else self.numbers

    def flags(self) -> dict[int, int]:
        """How many of `free` have each combination of `FLAGS`."""
        return {flag: self._flags.count(flag) for flag in set(self._flags) if not flag & GUARDED}

    def due_before(self, *moments: int) -> tuple[int, ...]:
        """How many of `free` are due before each of these moments (ms), the latest given first."""
        counts, left = [], self.free
        for moment in moments:
            below = moment << DUE_SHIFT
            left = [mark for mark in left if mark < below]
            counts.append(len(left))
        return tuple(counts)

    def until(self, limit: int) -> list[tuple[int, int]]:
        """(request id, mark) of those whose mark is at most ``limit``, and of all guarded ones."""
        if self.has_guarded:
            places = [place for place, mark in enumerate(self.numbers) if mark <= limit or mark & GUARDED]
        else:
            places = [place for place, mark in enumerate(self.numbers) if mark <= limit]
        return list(zip(self.found.ids_at(places), [self.numbers[place] for place in places], strict=True))

    def doubtful(self) -> list[int]:
        """The requests of which each must be judged by itself."""
        if not self.is_open:
            return list(self.found.ids_at(range(len(self.numbers))))
        guarded = [place for place, mark in enumerate(self.numbers) if mark & GUARDED] if self.has_guarded else []
        return list(self.found.ids_at(guarded))

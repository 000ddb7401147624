"""Moments and ids of transactions: each id lies in one millisecond, and the last one of it is the last one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ZODB.utils import p64, u64

from crm_core.backup.manifest import last_of, moment_of

MOMENTS = st.integers(min_value=0, max_value=4_102_444_800_000)  # 1970 to 2100


@given(MOMENTS)
def test_the_last_id_of_a_moment_is_in_it_and_the_next_is_not(moment: int) -> None:
    last = last_of(moment)
    assert moment_of(last.hex()) == moment
    assert last < last_of(moment + 1)
    if moment % 60_000 != 59_999:  # behind the last of a minute comes no id for a while
        assert moment_of(p64(u64(last) + 1).hex()) == moment + 1

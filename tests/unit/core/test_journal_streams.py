"""The journal without a database: streams, segments, merging of appends, cursors (architecture §6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ZODB.POSException import ConflictError

from crm_core import journal
from crm_core.journal import BULK, Cursor, Journal, Position
from crm_core.model.journal import SEGMENT_SIZE, JournalEntry, Segment
from crm_core.model.root import STREAMS, Root


def write(root: Root, *contacts: int | None, bulk: bool = False) -> None:
    book = Journal(root, by=7, bulk=bulk)
    for contact in contacts:
        book.write("contact.changed", ("contact", contact or 1), 1000, contact, ("notes",))


def drain(root: Root, cursor: Cursor, limit: int) -> tuple[list[JournalEntry], Cursor]:
    """All entries in batches of ``limit``; the cursor travels as text, as it does in an index."""
    found: list[JournalEntry] = []
    while True:
        entries, after = journal.read(root, Cursor.parse(str(cursor)), limit)
        assert len(entries) <= limit
        found += entries
        cursor = after
        if not entries:
            return found, cursor


def state(items: list[Any], sealed: bool = False) -> dict[str, Any]:
    return {"items": tuple(items), "sealed": sealed}


def resolve(old: dict[str, Any], saved: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    resolved: dict[str, Any] = Segment()._p_resolveConflict(old, saved, new)
    return resolved


def test_what_is_appended_at_once_goes_behind_what_was_committed() -> None:
    """§6: position is commit order."""
    merged = resolve(state(["a"]), state(["a", "theirs"]), state(["a", "mine", "mine too"]))
    assert merged == state(["a", "theirs", "mine", "mine too"])


def test_a_sealed_segment_refuses_late_appends_and_a_second_seal() -> None:
    """§6: without this, 22 of 1,200 entries were lost in a trial."""
    with pytest.raises(ConflictError):
        resolve(state(["a"]), state(["a"], sealed=True), state(["a", "late"]))
    with pytest.raises(ConflictError):
        resolve(state(["a"]), state(["a"], sealed=True), state(["a"], sealed=True))
    assert resolve(state(["a"]), state(["a", "b"]), state(["a"], sealed=True)) == state(["a", "b"], sealed=True)


def test_a_rewritten_segment_is_never_merged() -> None:
    for saved, new in ((["x"], ["a", "b"]), (["a", "b"], ["x"]), (["a"], []), ([], ["a"])):
        with pytest.raises(ConflictError):
            resolve(state(["a"]), state(saved), state(new))


def test_full_segments_are_sealed_by_who_opens_the_next() -> None:
    """§6"""
    root = Root()
    write(root, *[5] * (2 * SEGMENT_SIZE + 1))
    (stream,) = [stream for stream in root.journal if len(stream.segments) > 1]
    assert [len(segment.items) for segment in stream.segments.values()] == [SEGMENT_SIZE, SEGMENT_SIZE, 1]
    assert [segment.sealed for segment in stream.segments.values()] == [True, True, False]


def test_contacts_spread_over_the_streams_and_bulk_work_has_its_own() -> None:
    """§6: imports leave the desk's streams alone."""
    root = Root()
    write(root, *range(1, 400))
    assert all(len(stream.segments[0].items) > 5 for stream in root.journal)
    before = str(journal.end(root))
    write(root, *range(1, 400), bulk=True)
    after = journal.end(root)
    assert {**after.positions, BULK: Position(0, 0)} == Cursor.parse(before).positions
    entries, _cursor = drain(root, Cursor.parse(before), 50)
    assert [entry.contact for entry in entries] == list(range(1, 400))


def test_an_entry_without_a_contact_lies_in_the_stream_of_its_subject() -> None:
    root = Root()
    write(root, None, None)
    assert sorted(len(stream.segments[0].items) for stream in root.journal) == [0] * (STREAMS - 1) + [2]


@given(st.lists(st.lists(st.integers(1, 5), max_size=90), max_size=4), st.integers(1, 100))
def test_a_reader_sees_everything_once_and_in_order(rounds: list[list[int]], limit: int) -> None:
    """§6, whatever the size of the batches."""
    root, cursor, count = Root(), Cursor(), 0
    for contacts in rounds:
        assert journal.lag(root, cursor) == 0
        write(root, *contacts)
        assert journal.lag(root, cursor) == len(contacts)
        entries, cursor = drain(root, cursor, limit)
        for contact in range(1, 6):
            own = [entry for entry in entries if entry.contact == contact]
            stored = [entry for stream in root.journal for segment in stream.segments.values()
                      for entry in segment.items if entry.contact == contact]
            assert own == stored[len(stored) - len(own):]
        assert len(entries) == len(contacts)
        count += len(contacts)
    assert str(cursor) == str(journal.end(root)) or count == 0
    assert len(drain(root, Cursor(), limit)[0]) == count


DAMAGED = [
    None, "", "null", "[]", "3", '"x"', "{", "not json", '{"0": 5}', '{"0": "12"}', '{"0": [1]}', '{"0": [1, 2, 3]}',
    '{"0": [-1, 0]}', '{"0": [0, -5]}', '{"0": [true, false]}', '{"0": [1.5, 0]}', '{"0": [Infinity, 0]}',
    '{"0": [NaN, 0]}', '{"x": [0, 0]}', '{"-1": [0, 0]}', '{"99": [0, 0]}', '{"0": [0, 99999999999999999999999]}',
    '{"0": null}', "[" * 100_000, "\ud800", '{"0": [1, 2]',
]


@pytest.mark.parametrize("text", DAMAGED, ids=lambda text: repr(text)[:30])
def test_a_damaged_cursor_starts_at_the_beginning(text: str | None) -> None:
    """§6: what is read twice does no harm to a projection, what is never read does."""
    root = Root()
    write(root, *range(1, 40))
    assert len(drain(root, Cursor.parse(text), 10)[0]) == 39


@given(st.text())
def test_no_text_at_all_hurts_the_cursor(text: str) -> None:
    root = Root()
    write(root, 1)
    journal.read(root, Cursor.parse(text))


@given(st.dictionaries(st.integers(0, BULK), st.builds(Position, st.integers(0, 1 << 62), st.integers(0, 1 << 62))))
def test_a_cursor_reads_back_what_it_writes(positions: dict[int, Position]) -> None:
    assert Cursor.parse(str(Cursor(positions))).positions == positions


@pytest.mark.parametrize("ahead", [Position(0, 3), Position(1, 0), Position(7, 1)], ids=str)
def test_a_cursor_from_the_future_starts_its_stream_again(ahead: Position) -> None:
    """After a restore the index may be ahead of the journal; skipping what comes then would lose it for ever."""
    root = Root()
    write(root, 5, 5)
    (number,) = [number for number, stream in enumerate(root.journal) if stream.segments[0].items]
    cursor = Cursor({number: ahead})
    assert journal.lag(root, cursor) == 2
    entries, after = drain(root, cursor, 10)
    assert len(entries) == 2
    assert after.positions[number] == Position(0, 2)


def test_entries_hold_names_only() -> None:
    """§6, §5.13: ids, kinds and field names."""
    root = Root()
    write(root, 5)
    ((entry,), _cursor) = journal.read(root, Cursor())
    assert vars(entry) == {
        "at": 1000, "kind": "contact.changed", "contact": 5, "subject": ("contact", 5), "by": 7, "fields": ("notes",),
    }

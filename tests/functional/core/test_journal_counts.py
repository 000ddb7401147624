"""How far behind a reader is, and how long the journal is, without reading what lies between."""

from __future__ import annotations

from typing import Any

from crm_core import journal
from crm_core.app import App
from crm_core.db import root_of
from crm_core.journal import BULK, STREAMS, Cursor, Position
from crm_core.model.journal import SEGMENT_SIZE, Segment

FULL = 10
"""Sealed segments of the stream that is looked at."""
CONTACT = 5


def fill(app: App) -> None:
    """Entries of one contact, all in one stream: `FULL` segments and a last one of seven."""
    def work(services: Any) -> None:
        for _number in range(SEGMENT_SIZE * FULL + 7):
            services.context.journal.write("contact.changed", ("contact", CONTACT), services.now, CONTACT)

    app.run(work)


def loaded(connection: Any) -> int:
    """How many segments' states this connection holds."""
    return sum(1 for _oid, thing in connection._cache.items()
               if isinstance(thing, Segment) and thing._p_changed is not None)


def test_a_long_lag_is_counted_without_loading_what_lies_between(app: App) -> None:
    fill(app)
    streams = STREAMS + 1
    with app.db.reading() as connection:
        root = root_of(connection)
        number = journal.stream_number(CONTACT)
        assert len(root.journal[number].segments) == FULL + 1
        for cursor, behind, most in (
            (Cursor(), SEGMENT_SIZE * FULL + 7, streams + 1),
            (Cursor({number: Position(1, SEGMENT_SIZE - 4)}), SEGMENT_SIZE * (FULL - 2) + 4 + 7, streams + 1),
            (Cursor({number: Position(FULL, 3)}), 4, streams),
            (journal.end(root), 0, streams),
        ):
            connection.cacheMinimize()
            assert journal.lag(root, cursor) == behind
            assert loaded(connection) <= most
        connection.cacheMinimize()
        assert journal.length(root.journal[number]) == SEGMENT_SIZE * FULL + 7
        assert journal.length(root.bulk_journal) == 0
        assert loaded(connection) == 3, "the first and the last one of the one, the only one of the other"


def test_the_first_and_the_last_segment_are_counted_however_much_met_in_them(app: App) -> None:
    fill(app)
    with app.db.reading() as connection:
        root = root_of(connection)
        number = journal.stream_number(CONTACT)
        stream = root.journal[number]
        for place in (0, FULL):
            stream.segments[place].items += stream.segments[place].items[:2]
        assert journal.lag(root, Cursor({BULK: Position(0, 0)})) == SEGMENT_SIZE * FULL + 7 + 4
        assert journal.lag(root, Cursor({number: Position(0, SEGMENT_SIZE + 2)})) == SEGMENT_SIZE * (FULL - 1) + 9

"""A process that writes to the journal with think time; `test_journal_storages` starts several, also as threads.

Arguments: zodburi, number of the writer, how many transactions.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

import zodburi
from persistent.mapping import PersistentMapping
from transaction.interfaces import TransientError

from crm_core.db import Database, back_off, root_of
from crm_core.journal import Journal

CONTACTS = 6
FREE = 2
"""Contacts without a counter: appends for them meet in two streams, and the storage merges them."""
THINK = 0.015
"""Longest time, in seconds, before and after writing: other transactions commit in between."""


def prepare(db: Database) -> None:
    """A counter per contact: every transaction takes the next number, so that numbers are in commit order."""

    def work(connection: Any) -> None:
        counters = {n: PersistentMapping(last=0) for n in range(1, CONTACTS + 1)}
        connection.root()["counters"] = PersistentMapping(counters)

    db.run(work)


def write(db: Database, writer: int, transactions: int) -> int:
    """Write one or two entries a transaction; how many tries failed.

    Every other transaction is of a contact with a counter: its entry's ``at`` is then the number in commit order.
    """
    rng = random.Random(writer)
    failed = 0
    for number in range(transactions):
        counted = number % 2 == 0
        contact = rng.randint(1, CONTACTS) if counted else 1000 + rng.randint(1, FREE)
        attempt = 1
        while True:
            try:
                with db.transaction() as connection:
                    time.sleep(rng.uniform(0, THINK))
                    book = Journal(root_of(connection), by=writer)
                    for part in range(1 + number % 3):
                        at = 0
                        if counted:
                            counter = connection.root()["counters"][contact]
                            at = counter["last"] = counter["last"] + 1
                        book.write("test", ("thing", writer * 100_000 + number * 10 + part), at, contact)
                    time.sleep(rng.uniform(0, THINK))
                break
            except TransientError:
                failed += 1
                attempt += 1
                back_off(min(attempt, 6))
    return failed


def main() -> None:
    factory, _options = zodburi.resolve_uri(sys.argv[1])
    db = Database(factory())
    try:
        sys.stdout.write(str(write(db, int(sys.argv[2]), int(sys.argv[3]))))
    finally:
        db.close()


if __name__ == "__main__":
    main()

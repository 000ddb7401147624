"""Two who store at the same moment, in one thread: what began first ends last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import transaction

from crm_core.app import App
from crm_core.db import root_of
from crm_core.security.identity import SYSTEM
from crm_core.services import Services


@contextmanager
def beside(app: App) -> Iterator[Services]:
    """A transaction that is stored at the end, whatever was stored in between. Raises ConflictError as a page that
    began then would meet it, which is tried again there."""
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    connection = app.db.connect(manager)
    try:
        yield app.services(root_of(connection), SYSTEM)
        manager.commit()
    except BaseException:
        manager.abort()
        raise
    finally:
        connection.close()

"""One-time submission keys: a form sent twice answers with the first result instead of storing twice."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from itertools import islice

from crm_core.durations import DAY
from crm_core.model.once import OnceRow
from crm_core.model.plain import Plain, check
from crm_core.services.context import Context

KEPT = 2 * DAY
"""Milliseconds for which a form that comes a second time is still known."""

MEETINGS = 1 << 16
"""Keys in which those meet who file the same thing; so few that none of them tells what was filed."""


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return secrets.token_urlsafe(16)


class Once:
    def __init__(self, context: Context) -> None:
        self.context = context

    def _key(self, key: str) -> str:
        # Bound to the one who acts: nobody learns another's result by guessing or repeating a key.
        # By digest: whatever a browser sends is a key, however long or strange.
        return f"{self.context.identity.user_id}:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"

    def result(self, key: str, form: str = "") -> Plain | None:
        """What the first submission with this key led to; None for a new key, or when another ``form`` came with it.

        ``form`` is a short text that tells page and content apart: who goes back, changes the text and sends it again
        does not mean the first one.
        """
        row: OnceRow | None = self.context.root.once.get(self._key(key)) if key else None
        return None if row is None or row.form != form else row.result

    def remember(self, key: str, result: Plain, form: str = "") -> None:
        """Keep a submission's result, in its own transaction: two at once conflict, and the second then finds it."""
        if key:
            self.context.root.once[self._key(key)] = OnceRow(self.context.now, form, check(result))

    def meet(self, what: str) -> None:
        """Let whoever does something about ``what`` at the same moment conflict with this transaction, and come again.

        For an ordered index, in which two people's rows of one number merge: each asked before, and was told that
        nobody has it.
        """
        number = zlib.crc32(what.encode("utf-8", "surrogatepass")) % MEETINGS
        # A number drawn anew: a row that both write alike would merge.
        self.context.root.once[f"meet:{number}"] = OnceRow(self.context.now, "", secrets.randbits(64))

    def purge(self, most: int) -> int:
        """Forget the oldest forms' results, those kept for longer than `KEPT`; how many, at most ``most``."""
        rows = self.context.root.once
        late = self.context.now - KEPT
        # Keys of forms have a user before the colon, those of `meet` a word; what is claimed for all time has none.
        old = list(islice((key for key, row in rows.items() if ":" in key and row.at < late), most))
        for key in old:
            del rows[key]
        return len(old)

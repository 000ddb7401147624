"""One-time submission keys: a form sent twice answers with the first result instead of storing twice."""

from __future__ import annotations

import hashlib
import secrets

from crm_core.model.plain import Plain, check
from crm_core.services.context import Context


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
        row = self.context.root.once.get(self._key(key)) if key else None
        return None if row is None or row["form"] != form else row["result"]

    def remember(self, key: str, result: Plain, form: str = "") -> None:
        """Keep a submission's result, in its own transaction: two at once conflict, and the second then finds it."""
        if key:
            row = {"at": self.context.now, "form": form, "result": check(result)}
            self.context.root.once[self._key(key)] = row

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

    def result(self, key: str) -> Plain | None:
        """What the first submission with this key led to, or None."""
        row = self.context.root.once.get(self._key(key)) if key else None
        return None if row is None else row["result"]

    def remember(self, key: str, result: Plain) -> None:
        """Keep a submission's result, in its own transaction: two at once conflict, and the second then finds it."""
        if key:
            self.context.root.once[self._key(key)] = {"at": self.context.now, "result": check(result)}

"""Notices to staff, the bell: what somebody must know of happened, told in the transaction in which it did.

A notice holds ids, and what it tells is read when it is shown: what the reader may not read in full leaves no trace and
no count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from BTrees.LOBTree import LOBTree

from crm_core.i18n import Text, TextFactory
from crm_core.model import plain
from crm_core.model.contact import Contact
from crm_core.model.ids import new_id
from crm_core.model.notice import NoticeList, Row
from crm_core.model.plain import Plain
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.services.context import Context
from crm_core.services.visibility import Eyes, Visibility

_ = TextFactory("crm_core")

MOST_COUNTED = 50
"""Unseen notices that are counted: each is asked whether it may be read, on every page."""


@dataclass(frozen=True)
class Kind:
    """How notices of a kind are told: a sentence with ``${request}`` and ``${contact}``, read when it is shown, and
    with other values that must come along; an icon, and whether it is bad news."""

    text: Text
    icon: str
    tone: Literal["", "soon", "late", "done"] = ""


KINDS: Mapping[str, Kind] = {
    "promise.due": Kind(_("Promised to ${contact} by ${due}: ${what}"), "hourglass-split", "soon"),
    "promise.broken": Kind(_("Not kept: ${what}, promised to ${contact} by ${due}"), "x-circle", "late"),
    "deadline.warning": Kind(_("“${request}” is due on ${due}"), "hourglass-split", "soon"),
    "deadline.breach": Kind(_("“${request}” is late: it was due on ${due}"), "exclamation-octagon", "late"),
    "answer.warning": Kind(_("The first answer to “${request}” is due on ${due}"), "hourglass-split", "soon"),
    "answer.breach": Kind(_("The first answer to “${request}” is late: it was due on ${due}"), "exclamation-octagon",
                          "late"),
    "referral.came": Kind(_("“${request}” was referred to you"), "arrow-left-right"),
    "referral.returned": Kind(_("“${request}” was returned to you"), "arrow-counterclockwise"),
    "referral.answered": Kind(_("The referral of “${request}” was answered"), "reply", "done"),
    "approval.asked": Kind(_("“${request}” waits for your approval"), "pencil"),
    "approval.due": Kind(_("“${request}” waits for your approval until ${due}"), "pencil", "soon"),
    "approval.approved": Kind(_("“${request}” was approved"), "check2-circle", "done"),
    "approval.rejected": Kind(_("“${request}” was not approved"), "x-circle", "late"),
    "approval.lapsed": Kind(_("“${request}” was not decided in time"), "hourglass-split", "late"),
    "request.reopened": Kind(_("“${request}” was opened again"), "arrow-repeat", "soon"),
    "answer.undeliverable": Kind(_("The answer to “${request}” could not be delivered"), "envelope", "late"),
}
"""Kind → how it is told. Whoever tells of something new adds it here."""

MOMENTS, STAFF, UNITS = frozenset({"due"}), frozenset({"by"}), frozenset({"unit"})
"""Names of values that are milliseconds UTC, a user's id, a unit's id. Others are words, or labels in every language;
``note`` stands below the sentence,
``promise`` is the id of the promise it leads to."""


@dataclass(frozen=True)
class Notice:
    """A notice that may be shown. ``contact``: whom it is about now, where somebody is known."""

    id: int
    at: int
    kind: Kind
    seen: bool
    request: Request | None
    contact: Contact | None
    values: Mapping[str, Any] = field(default_factory=dict)


class Notices:
    def __init__(self, context: Context) -> None:
        self.context = context

    def tell(
        self, users: Iterable[int], kind: str, *, request: Request | None = None, contact: Contact | None = None,
        values: Mapping[str, Plain] | None = None,
    ) -> None:
        """Tell members of staff (ids) that something happened, once each; those whose account is closed are left out.

        ``kind``: one of `KINDS`. ``values``: plain data, named as its sentence and `MOMENTS`, `STAFF` and `UNITS` say;
        no names of citizens, which are read when it is shown. A notice goes when its request or contact is erased.
        Raises ValueError for an unknown kind, for one about nothing, and where a value of its sentence is missing.
        """
        said = dict(values or {})
        if kind not in KINDS:
            raise ValueError(f"there is no kind of notice {kind!r}")
        if request is None and contact is None:
            raise ValueError("a notice is about a request or a contact")
        places = str(KINDS[kind].text)
        if any(f"${{{name}}}" in places and name not in said for name in ("due", "what")):
            raise ValueError(f"the notice {kind} needs all values of its sentence: {places}")
        about = (request.id if request is not None else 0, contact.id if contact is not None else 0)
        words = json.dumps(plain.check(said), ensure_ascii=False, separators=(",", ":"))
        for id_ in dict.fromkeys(users):
            user = self.context.root.users.get(id_)
            if user is not None and user.active:
                self._list(id_).add((new_id(self.context.now), self.context.now, kind, *about, words))

    def unread(self, most: int = MOST_COUNTED) -> int:
        """How many unseen notices the one who acts may read, up to ``most``."""
        mine = self._mine()
        if mine is None:
            return 0
        found = (row for row in reversed(mine.unseen) if self._readable(row) is not None)
        return sum(1 for _row, _place in zip(found, range(most), strict=False))

    def all(self) -> list[Notice]:
        """The notices that the one who acts may read, newest first."""
        mine = self._mine()
        if mine is None:
            return []
        rows = [*self._shown(mine.unseen, seen=False), *self._shown(mine.seen, seen=True)]
        return sorted(rows, key=lambda notice: (notice.at, notice.id), reverse=True)

    def mark_seen(self, ids: Iterable[int]) -> bool:
        """Note that the one who acts has seen these notices; whether one was unseen until now."""
        mine = self._mine()
        return mine is not None and mine.mark_seen(frozenset(ids))

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _mine(self) -> NoticeList | None:
        lists, me = self.context.root.notices, self.context.identity.user_id
        return None if lists is None or me is None else lists.get(me)

    def _list(self, user: int) -> NoticeList:
        root = self.context.root
        if root.notices is None:
            root.notices = LOBTree()
        if user not in root.notices:
            root.notices[user] = NoticeList()
        found: NoticeList = root.notices[user]
        return found

    def _shown(self, rows: tuple[Row, ...], *, seen: bool) -> Iterator[Notice]:
        for row in rows:
            about = self._readable(row)
            if about is not None:
                yield Notice(row[0], row[1], KINDS[row[2]], seen, *about, json.loads(row[5]))

    def _readable(self, row: Row) -> tuple[Request | None, Contact | None] | None:
        """What a row is about, a request's citizen as he is now; None where it is gone, or not to be read in full."""
        root, eyes = self.context.root, self._eyes()
        _id, _at, kind, request_id, contact_id, _values = row
        request: Request | None = root.requests.get(request_id) if request_id else None
        whose = request.contact if request is not None else contact_id
        contact: Contact | None = root.contacts.get(whose) if whose else None
        if kind not in KINDS or (request_id and request is None) or (contact_id and contact is None):
            return None
        if request is not None and eyes.of_request(request) is not Visibility.FULL:
            return None
        if contact_id and contact is not None and eyes.of_contact(contact) is not Visibility.FULL:
            return None
        return request, contact

    def _eyes(self) -> Eyes:
        return self.context.services.eyes


def forget_notices(root: Root, contacts: Iterable[int] = (), requests: Iterable[int] = ()) -> None:
    """Take the notices about contacts and requests (ids) from all lists: they are erased."""
    about = frozenset(contacts), frozenset(requests)
    for told in root.notices.values() if root.notices is not None else ():
        told.forget(*about)

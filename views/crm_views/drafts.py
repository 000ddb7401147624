"""Drafts as forms meet them: which one fills a form, and when it is forgotten.

The files are `crm_views.keeping.Keeper`'s; `crm_views.desk.drafts` has the addresses that scripts and buttons send to,
and the list of what waits.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from crm_core.app import App
from crm_views.keeping import PARAMETER, Draft, Keeper

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

WRITER = "__draft__"
"""The hidden field that tells the pages apart in which one form is open."""
LONGEST_PLACE = 500
SLOT = "slot"
"""The parameter of a place that tells several drafts of one form apart."""
SAME_FORM = frozenset({PARAMETER, "compose", "channel", "about", "from"})
"""Parameters that do not make another form of an address; a number or name somebody was searched with does."""


def place_of(request: Request, action: str = "", slot: str = "") -> str:
    """The address that a form is kept under: where it is sent to. "" where that is too long for one.

    ``slot``: which of several drafts of that form.
    """
    if action:
        return action.partition("?")[0] + (f"?{urlencode({SLOT: slot})}" if slot else "")
    query = [(name, value) for name, value in request.GET.items() if name not in SAME_FORM and name != SLOT]
    query += [(SLOT, slot)] if slot else []
    place = request.path + (f"?{urlencode(query)}" if query else "")
    return place if len(place) <= LONGEST_PLACE else ""


def draft_of(request: Request, action: str, name: str, slot: str = "") -> Draft | None:
    """The draft of who is signed in for the form ``name`` that is sent to ``action`` (here, when it is "")."""
    user, place = request.login.user, place_of(request, action, slot)
    if user is None or not place:
        return None
    found: Draft | None = request.registry.crm_keeper.draft(user.id, place, name)
    return found


def take_draft(request: Request, name: str, key: str, slot: str = "") -> None:
    """The form ``name`` was taken now: once that is committed its draft is gone, and none with this key comes back."""
    user, place = request.login.user, place_of(request, slot=slot)
    if user is None or not place:
        return
    keeper, user_id = request.registry.crm_keeper, user.id

    def forget(committed: bool) -> None:
        if committed:
            keeper.take(user_id, place, name, key)

    request.tm.get().addAfterCommitHook(forget)


def take_other_drafts(request: Request, key: str) -> None:
    """With the commit, forget what is kept under other addresses of the submission ``key``: it began in the form of a
    kind that was put out meanwhile, and was gone on with as a general request."""
    user, keeper = request.login.user, request.registry.crm_keeper
    drafts = keeper.drafts(user.id) if user is not None and key else ()
    others = [(draft.place, draft.name) for draft in drafts if draft.key == key]

    def forget(committed: bool) -> None:
        for place, name in others if committed else ():
            keeper.take(user.id, place, name, key)

    if others:
        request.tm.get().addAfterCommitHook(forget)


def forget_drafts(app: App, parts: Collection[str]) -> int:
    """Drop everybody's drafts and kept forms of pages whose address names one of ``parts``; how many.

    The entry point group ``crm.erased`` calls it with the ids and tracking codes (as text) of what was erased, once
    that is committed, in whatever process that was: a server's or a command's.
    """
    folder = app.settings.data / "kept-forms"
    return Keeper(folder).forget(parts) if folder.is_dir() else 0


def includeme(config: Configurator) -> None:
    """What `crm_views.forms.handle` asks of a request."""
    config.add_request_method(draft_of)
    config.add_request_method(take_draft)

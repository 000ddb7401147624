"""Forms that could not be taken, as requests meet them: what of one is kept, and which one a page starts with.

The files are `crm_views.keeping.Keeper`'s; drafts have their own ways (`crm_views.drafts`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from crm_core.i18n import TextFactory
from crm_views.keeping import FORM_FIELD, LARGEST, LARGEST_OF_FORMER, LOST_FILES, PARAMETER, Pairs

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_ = TextFactory("crm_views")
log = logging.getLogger(__name__)

SECRET_FIELDS = frozenset({"csrf_token"})
SECRET_WORDS = ("password", "passphrase", "secret")
"""A field with one of these in its name is never kept, on any page."""


def typed_pairs(request: Request) -> Pairs:
    """The text fields of the posted form, without secrets, and `LOST_FILES` where files came along; empty when it is
    none of our forms."""
    if request.method != "POST" or FORM_FIELD not in request.POST:
        return []
    pairs = [(name, value) for name, value in request.POST.items() if isinstance(value, str) and not is_secret(name)]
    return pairs + [(LOST_FILES, "1")] * any(getattr(value, "filename", "") for value in request.POST.values())


def is_secret(field: str) -> bool:
    """Whether a field holds what is never kept: the form's mark, and anything called a password."""
    return field in SECRET_FIELDS or any(word in field.lower() for word in SECRET_WORDS)


def keep_posted(request: Request) -> str:
    """Keep the posted form for the user of this browser; gives the address where it is shown filled in, or "".

    Pages that tell of trouble ask for it: where it cannot be kept either, the trouble must still be told.
    """
    login = request.login
    user, largest = (login.user.id, LARGEST) if login.user is not None else (login.former, LARGEST_OF_FORMER)
    pairs = typed_pairs(request)
    if user is None or not pairs:
        return ""
    try:
        token = request.registry.crm_keeper.keep(user, request.path, pairs, largest)
    except OSError:
        log.exception("what was typed could not be kept")
        return ""
    return f"{request.path}?{PARAMETER}={token}" if token else ""


def kept_form(request: Request) -> Pairs:
    """The form kept for this user and this page, when the address asks for one; says once that it is there."""
    token = request.GET.get(PARAMETER, "")
    user = request.login.user
    if not token or user is None or request.method != "GET":
        return []
    pairs = request.registry.crm_keeper.find(user.id, request.path, token)
    if pairs is None:
        request.ui.flash(_("What you had typed is not kept any more."), "warn")
        return []
    lost = any(name == LOST_FILES for name, _value in pairs)
    request.ui.flash(_("What you had typed is still here. Only files must be chosen again.") if lost
                     else _("What you had typed is still here."), "good")
    return pairs


def forget_kept_form(request: Request) -> None:
    """What this form started with was taken now; once the transaction is committed it need not be kept any more."""
    token = request.GET.get(PARAMETER, "")
    user = request.login.user
    if token and user is not None:
        keeper, path, user_id = request.registry.crm_keeper, request.path, user.id
        request.tm.get().addAfterCommitHook(lambda committed: keeper.drop(user_id, path, token) if committed else None)


def includeme(config: Configurator) -> None:
    """``request.kept_form``: the names and values a form starts with instead of its own, mostly none; and drafts."""
    config.registry.crm_draft_brake = MovingWindowRateLimiter(MemoryStorage())
    config.include("crm_views.drafts")
    config.add_request_method(kept_form, reify=True)
    config.add_request_method(forget_kept_form)

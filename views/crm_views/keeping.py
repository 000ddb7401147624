"""What was typed into a form that could not be taken: kept for its user, so that the form comes back filled in.

Used where a page of its own must answer (the login ran out, the form's mark was lost, something broke); a form that was
merely wrong is shown again at once. Files are not kept: they must be chosen again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crm_core.i18n import TextFactory

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_ = TextFactory("crm_views")

Pairs = list[tuple[str, str]]
"""Names and values of a form in the order they came."""

PARAMETER = "kept"
FORM_FIELD = "__formid__"
SECRET_FIELDS = frozenset({"csrf_token", "password"})
LARGEST = 1 << 20
LARGEST_OF_FORMER = 100_000
"""Characters of a form that is kept; fewer of one whose login has ended."""
MOST_OF_ONE = 20
"""Forms kept for one user; the oldest goes."""
HOURS = 12
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_NAME = re.compile(r"[0-9]+\.[A-Za-z0-9_-]{22}")


class Keeper:
    """Kept forms as files in ``folder``, readable by the owner only, gone after `HOURS`.

    One is given back only to the user and for the page it was typed on. ``clock`` gives seconds since the epoch.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock

    def keep(self, user: int, path: str, pairs: Pairs, largest: int = LARGEST) -> str:
        """Keep a form; gives the token to ask for it with, "" where it is too large to keep."""
        text = json.dumps({"user": user, "path": path, "pairs": pairs})
        if len(text) > largest:
            return ""
        self.sweep()
        self._make_room(user)
        token = secrets.token_urlsafe(16)
        descriptor = os.open(self._file(user, token), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return token

    def find(self, user: int, path: str, token: str) -> Pairs | None:
        """What ``user`` had typed on the page ``path``; None for anybody else, any other page, or when it is gone."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            file = self._file(user, token)
            if file.stat().st_mtime < self._oldest():
                return None
            kept = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if (kept["user"], kept["path"]) != (user, path):
            return None
        return [(name, value) for name, value in kept["pairs"]]

    def drop(self, user: int, path: str, token: str) -> None:
        """Forget a kept form once it was taken; nothing happens when it is another's."""
        if self.find(user, path, token) is not None:
            self._file(user, token).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Drop what is too old; called before each new one."""
        for file in self._files():
            if _age_mark(file) < self._oldest():
                file.unlink(missing_ok=True)

    def _make_room(self, user: int) -> None:
        own = sorted((file for file in self._files() if file.name.startswith(f"{user}.")), key=_age_mark)
        for file in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
            file.unlink(missing_ok=True)

    def _file(self, user: int, token: str) -> Path:
        return self.folder / f"{user}.{token}"

    def _files(self) -> Iterator[Path]:
        return (file for file in self.folder.iterdir() if _NAME.fullmatch(file.name))

    def _oldest(self) -> float:
        return self._clock() - HOURS * 3600


def _age_mark(file: Path) -> float:
    """When a file was written, in seconds since the epoch; 0 when another request has just dropped it."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def typed_pairs(request: Request) -> Pairs:
    """The text fields of the posted form, without secrets; empty when it is none of our forms."""
    if request.method != "POST" or FORM_FIELD not in request.POST:
        return []
    fields = request.POST.items()
    return [(name, value) for name, value in fields if isinstance(value, str) and name not in SECRET_FIELDS]


def keep_posted(request: Request) -> str:
    """Keep the posted form for the user of this browser; gives the address where it is shown filled in, or ""."""
    login = request.login
    user, largest = (login.user.id, LARGEST) if login.user is not None else (login.former, LARGEST_OF_FORMER)
    pairs = typed_pairs(request)
    if user is None or not pairs:
        return ""
    token = request.registry.crm_keeper.keep(user, request.path, pairs, largest)
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
    request.ui.flash(_("What you had typed is still here. Only files must be chosen again."), "good")
    return pairs


def forget_kept_form(request: Request) -> None:
    """What this form started with was taken now; once the transaction is committed it need not be kept any more."""
    token = request.GET.get(PARAMETER, "")
    user = request.login.user
    if token and user is not None:
        keeper, path, user_id = request.registry.crm_keeper, request.path, user.id
        request.tm.get().addAfterCommitHook(lambda committed: keeper.drop(user_id, path, token) if committed else None)


def includeme(config: Configurator) -> None:
    """``request.kept_form``: the names and values a form starts with instead of its own, mostly none."""
    config.add_request_method(kept_form, reify=True)
    config.add_request_method(forget_kept_form)

"""Lists of work that somebody keeps under a name: few, one's own, and nothing but a name and a query."""

from __future__ import annotations

import secrets

from crm_core.errors import Invalid, NotFound
from crm_core.i18n import Text, TextFactory
from crm_core.model.user import User
from crm_core.services.context import Context
from crm_core.services.fitting import text_error
from crm_core.text.folding import fold

_ = TextFactory("crm_core")
MOST_VIEWS = 12
NAME_LENGTH = 40
QUERY_LENGTH = 1_000
WORDS = "words"
"""The name in a query of the words that are looked for in titles and names."""
View = dict[str, str]
"""``{"id", "name", "query"}``; the query is text of the page that shows the list; only its `WORDS` are read here."""


class WorkViews:
    def __init__(self, context: Context) -> None:
        self.context = context

    def all(self) -> tuple[View, ...]:
        """The views of the one who acts, in the order they were kept."""
        user = self.context.root.users.get(self.context.identity.user_id or 0)
        return user.kept().views if user is not None else ()

    def get(self, id_: str) -> View:
        """One view; raises NotFound."""
        for view in self.all():
            if view["id"] == id_:
                return view
        raise NotFound

    def keep(self, name: str, query: str) -> View:
        """Keep a query under a name. Raises Invalid for a name that is empty, long or there, and for too many views."""
        user = self._me()
        name = " ".join(name.split())
        errors = self._errors(name)
        if len(user.kept().views) >= MOST_VIEWS:
            errors["name"] = _("You keep ${most} lists already; take one away first.", mapping={"most": MOST_VIEWS})
        if text_error(query, QUERY_LENGTH) is not None:
            errors[""] = _("This list cannot be kept: it asks for too much.")
        if errors:
            raise Invalid(errors)
        view = {"id": secrets.token_hex(4), "name": name, "query": query}
        kept = user.keeping()
        kept.views = (*kept.views, view)
        return view

    def rename(self, id_: str, name: str) -> None:
        """Another name for a view. Raises Invalid, NotFound."""
        self.get(id_)
        name = " ".join(name.split())
        errors = self._errors(name, id_)
        if errors:
            raise Invalid(errors)
        kept = self._me().keeping()
        kept.views = tuple({**view, "name": name} if view["id"] == id_ else view for view in kept.views)

    def drop(self, id_: str) -> None:
        """Forget a view; one that is gone already is no error."""
        kept = self._me().keeping()
        kept.views = tuple(view for view in kept.views if view["id"] != id_)

    def _me(self) -> User:
        user: User | None = self.context.root.users.get(self.context.identity.user_id or 0)
        if user is None:
            raise NotFound
        return user

    def _errors(self, name: str, besides: str = "") -> dict[str, Text]:
        error = text_error(name, NAME_LENGTH)
        if error is not None:
            return {"name": error}
        if not name:
            return {"name": _("A list needs a name.")}
        if any(fold(view["name"]) == fold(name) and view["id"] != besides for view in self.all()):
            return {"name": _("You keep a list with this name already.")}
        return {}

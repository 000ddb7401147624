"""What was typed, carried through a page that had to come between: a login that had expired, a stale form token.

The page in between holds it in hidden fields of its own form and posts it on; nothing is stored on the server.
"""

from __future__ import annotations

from chameleon.utils import Markup
from pyramid.request import Request

from crm_views.components.ui import escape

DROPPED = frozenset({"csrf_token", "password"})
MOST_CHARACTERS = 200_000
"""More is not carried: a page that big serves nobody."""


def carried(request: Request, drop: frozenset[str] = DROPPED) -> Markup:
    """Hidden inputs for all text that was posted, in its order; files, tokens and passwords are left out.

    Gives empty markup where nothing was posted or where it is too much.
    """
    inputs = [
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}"/>'
        for name, value in request.POST.items()
        if isinstance(value, str) and name not in drop
    ]
    return Markup("".join(inputs) if sum(map(len, inputs)) <= MOST_CHARACTERS else "")

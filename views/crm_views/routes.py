"""Every address of the desk, in one list. Ids are decimal, request codes are tracking codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.config import Configurator

ROUTES = (
    ("home", "/"),
    ("login", "/login"),
    ("logout", "/logout"),
    ("preferences", "/preferences"),
    ("find", "/find"),
    ("contact_new", "/contacts/new"),
    ("contact", "/contacts/{contact}"),
    ("contact_edit", "/contacts/{contact}/edit"),
    ("identifier_new", "/contacts/{contact}/identifiers/new"),
    ("interaction_new", "/contacts/{contact}/interactions/new"),
    ("request_types", "/contacts/{contact}/requests/new"),
    ("request_new", "/contacts/{contact}/requests/new/{type}"),
    ("interaction_unknown", "/interactions/new"),
    ("interaction", "/interactions/{interaction}"),
    ("interaction_identify", "/interactions/{interaction}/identify"),
    ("interaction_file", "/interactions/{interaction}/files/{file}"),
    ("request", "/requests/{code}"),
    ("request_status", "/requests/{code}/status"),
    ("request_assign", "/requests/{code}/assign"),
    ("request_file", "/requests/{code}/files/{file}"),
)

OPEN = frozenset({"login", "preferences"})
"""Routes for everybody: nobody is signed in yet on the one, and the language may be chosen there with the other."""


def includeme(config: Configurator) -> None:
    for name, pattern in ROUTES:
        config.add_route(name, pattern)

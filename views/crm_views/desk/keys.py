"""Which key does what, on one page: the same words as on the buttons, shown over any page by "?".

A page's own buttons say their key themselves (``data-key``); the script puts those of the open page first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chameleon.utils import Markup
from pyramid.renderers import render
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.i18n import Text, TextFactory
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

Row = tuple[tuple[str, ...], Text]
"""The keys, any of which does it, and what it does."""

KEYS: tuple[tuple[Text, tuple[Row, ...]], ...] = (
    (_("Everywhere"), (
        (("/",), _("Find")),
        (("?",), _("These keys")),
        (("Ctrl+Enter",), _("Send the form you are in")),
        (("Esc",), _("Close; what you wrote stays")),
    )),
    (_("In the search"), (
        (("↓", "↑"), _("To the next or the one before")),
        (("Enter",), _("Open")),
        (("Ctrl+Enter",), _("Open and log a call")),
    )),
    (_("Dossier"), (
        (("C",), _("Log a call")),
        (("V",), _("Visit")),
        (("M",), _("Message")),
        (("P",), _("Promise")),
        (("O",), _("Note")),
        (("N",), _("New request")),
        (("I",), _("Identity")),
        (("E",), _("Edit")),
        (("D",), _("Compare with the likely double")),
        (("F",), _("Filters")),
        (("J", "K"), _("To the next or the one before")),
    )),
    (_("Request"), (
        (("M",), _("Answer the citizen")),
        (("O",), _("Internal message")),
        (("T",), _("To me")),
        (("R",), _("Hand over")),
        (("S",), _("Change the status")),
        (("W",), _("Stop the clock, or let it run on")),
        (("E",), _("Edit")),
        (("D",), _("Add documents")),
        (("P",), _("Print the receipt")),
    )),
    (_("Lists"), (
        (("J", "K"), _("To the next or the one before")),
        (("X",), _("Select")),
        (("Enter",), _("Open")),
        (("R",), _("Hand over what is selected")),
        (("A",), _("Approve what is selected")),
        (("G",), _("The next one")),
        (("N",), _("New citizen")),
        (("F",), _("Filters")),
    )),
)


@view_config(route_name="keys", request_method="GET", permission=SIGNED_IN, renderer="crm_views:templates/keys.pt")
def keys(request: Request) -> dict[str, Any] | Response:
    """All keys; with ``?part`` only the lists, for the overlay."""
    values = {"groups": KEYS, "single_keys": request.login.user.single_keys}
    lists = render("crm_views:templates/keys_part.pt", values, request=request)
    return Response(lists) if "part" in request.GET else {"title": _("Keys"), "lists": Markup(lists)}

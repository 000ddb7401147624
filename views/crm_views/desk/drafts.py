"""Drafts of the desk: kept while somebody types, thrown away on request, and the list of those that wait.

A script sends what stands in a form as JSON, about once a second while it changes; the answer says what became of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from limits import RateLimitItemPerMinute
from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther, HTTPTooManyRequests
from pyramid.response import Response
from pyramid.view import view_config

from crm_core.errors import CrmError
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.services.visibility import Visibility
from crm_core.text.tracking import is_code
from crm_views.bodies import MOST_FIELDS
from crm_views.desk import rows
from crm_views.drafts import LONGEST_PLACE, WRITER
from crm_views.errors import local_path
from crm_views.keeping import FORM_FIELD, Draft, Pairs, Saved, address_parts
from crm_views.kept_forms import is_secret
from crm_views.security import SIGNED_IN

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

PER_USER = RateLimitItemPerMinute(240)
"""Drafts taken of one user: several forms open at once, each kept once a second."""
LONGEST_NAME = 100
NOT_TYPED = frozenset({"submission_key", "revision", "opened", "upload"})
"""Fields of a form that nobody typed."""
TOLD = ("body", "text", "note", "notes", "title", "name")
"""Fields whose words tell best what a draft is, the best first."""
ID_DIGITS = 15
"""So many digits in an address name a record: ids have 18 or 19."""


@view_config(route_name="drafts", request_method="POST", permission=SIGNED_IN, renderer="json")
def keep(request: Request) -> dict[str, Any]:
    """Keep what stands in a form; nothing in it drops the draft. Answers with ``state``, ``words`` and ``at``."""
    user, keeper = request.login.user, request.registry.crm_keeper
    if not request.registry.crm_draft_brake.hit(PER_USER, str(user.id)):
        raise HTTPTooManyRequests
    sent = _sent(request)
    draft = _draft(sent)
    if not draft.pairs:
        keeper.discard(user.id, draft.place, draft.name, draft.writer, sent["seen"])
        return {"state": "dropped", "words": "", "at": 0}
    if _subject(request, draft) is None:  # erased meanwhile: what was written about it must not come back this way
        return {"state": "taken", "words": request.ui.show.text(_said(request, "taken", draft)), "at": 0}
    state, stored = keeper.save(user.id, draft, sent["seen"], force=sent["force"])
    return {"state": state, "words": request.ui.show.text(_said(request, state, stored)), "at": stored.at}


def _sent(request: Request) -> dict[str, Any]:
    """The JSON of the script. Raises HTTPBadRequest for anything that is not of this shape."""
    try:
        sent = json.loads(request.body)
        json.dumps(sent, ensure_ascii=False).encode()  # half a character (a lone surrogate) could not be shown again
    except (ValueError, RecursionError) as error:
        raise HTTPBadRequest from error
    shape = {"place": str, "name": str, "key": str, "writer": str, "page": str, "title": str, "seen": int,
             "force": bool, "pairs": list}
    if not isinstance(sent, dict) or any(not isinstance(sent.get(name), kind) for name, kind in shape.items()):
        raise HTTPBadRequest
    if any(len(sent[name]) > LONGEST_PLACE for name, kind in shape.items() if kind is str):
        raise HTTPBadRequest
    return sent


def _draft(sent: dict[str, Any]) -> Draft:
    if local_path(sent["place"], "") == "" or len(sent["name"]) > LONGEST_NAME:
        raise HTTPBadRequest
    return Draft(
        place=sent["place"], name=sent["name"], pairs=_pairs(sent["pairs"], sent["name"]), key=sent["key"],
        writer=sent["writer"], page=local_path(sent["page"], sent["place"]), title=sent["title"].strip(),
    )


def _pairs(pairs: list[Any], name: str) -> Pairs:
    """Names and values as a form sends them, without what is never kept; nothing where nothing was typed."""
    if len(pairs) > MOST_FIELDS:
        raise HTTPBadRequest
    kept: Pairs = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise HTTPBadRequest
        if not is_secret(pair[0]) and pair[0] not in (WRITER, FORM_FIELD):
            kept.append((pair[0], pair[1]))
    return [(FORM_FIELD, name), *kept] if kept else []


def _said(request: Request, state: Saved, stored: Draft) -> Text:
    time = request.ui.show.clock(stored.at) if stored.at else ""
    if state == "kept":
        return _("Kept ${time}", mapping={"time": time})
    if state == "other":
        return _("Not kept: on another page you wrote into this form at ${time}.", mapping={"time": time})
    if state == "taken":
        return _("Not kept: this was sent or thrown away on another page.")
    return _("Not kept: this is too long for a draft. It can still be sent.")


@view_config(route_name="draft_discard", request_method="POST", permission=SIGNED_IN)
def discard(request: Request) -> Response:
    """Throw a draft away, and show its page without it."""
    place, name, back = (request.POST.get(field, "") for field in ("place", "name", "back"))
    if not all(isinstance(value, str) for value in (place, name, back)):
        raise HTTPBadRequest
    request.registry.crm_keeper.take(request.login.user.id, place, name)
    request.ui.flash(_("The draft is thrown away."))
    return HTTPSeeOther(location=local_path(back))


# ── what waits ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class DraftRow:
    """A draft that waits: what form, about whom (or ""), where to go on, its first words, when it was kept (ms UTC).

    ``place`` and ``name`` are those by which it is thrown away.
    """

    title: Text
    subject: str
    href: str
    words: str
    at: int
    place: str
    name: str


def drafts_of(request: Request, most: int = 10) -> list[DraftRow]:
    """The unfinished drafts of who is signed in, newest first.

    One about a record that may not be read any more is left out, and so is one about a record that is gone.
    """
    user = request.login.user
    if user is None:
        return []
    found: list[DraftRow] = []
    for draft in request.registry.crm_keeper.drafts(user.id):
        subject = _subject(request, draft)
        if subject is not None:
            found.append(DraftRow(draft.title or _("A form"), subject, draft.page or draft.place, first_words(draft),
                                  draft.at, draft.place, draft.name))
        if len(found) >= most:
            break
    return found


def _subject(request: Request, draft: Draft) -> str | None:
    """Whom or what the draft's address names, in words; None when one of that is gone or not to be read in full."""
    services = request.services
    subject = ""
    codes = set(address_parts(draft.place.partition("?")[0]))  # a query may hold any number somebody searched for
    for part in dict.fromkeys(address_parts(draft.place) + address_parts(draft.page)):
        id_ = parse_id(part) if len(part) >= ID_DIGITS else None
        if id_ is not None:
            contact = services.contacts.find(id_)
            thing = contact if contact is not None else services.root.interactions.get(id_)
            if thing is None or services.eyes.of(thing) is not Visibility.FULL:
                return None
            if contact is not None:
                subject = rows.contact_name(request, contact)
        elif part in codes and is_code(part):
            try:
                case = services.requests.by_code(part)
            except CrmError:
                return None
            if services.eyes.of_request(case) is not Visibility.FULL:
                return None
            subject = case.title
    return subject


def first_words(draft: Draft, most: int = 60) -> str:
    """How a draft begins: the first line of its text, else of its longest words; "" where there are only choices."""
    texts = {name: value.strip() for name, value in draft.pairs
             if not name.startswith("_") and name not in NOT_TYPED and value.strip()}
    told = next((texts[name] for name in TOLD if name in texts), "")
    words = told or max((text for text in texts.values() if " " in text), key=len, default="")
    line = words.partition("\n")[0].strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"

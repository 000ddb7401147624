"""Pages for what went wrong, in the reader's language: what happened, what was kept, what to do. Never a traceback.

Refusals in words (`CrmError`) speak for themselves; anything else gets an id that stands in the log too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken, PredicateMismatch, URLDecodeError
from pyramid.httpexceptions import (
    HTTPBadRequest,
    HTTPClientError,
    HTTPException,
    HTTPForbidden,
    HTTPNotFound,
    HTTPRequestEntityTooLarge,
    HTTPSeeOther,
)
from pyramid.renderers import render
from pyramid.response import Response
from transaction.interfaces import TransientError

from crm_core.errors import CrmError, Forbidden, NotFound, PluginFailed, StaleChange, Taken, line_of
from crm_core.i18n import Text, TextFactory
from crm_core.storage import is_unreachable
from crm_views.desk.general import left_over, said_of_it
from crm_views.forms.told import told
from crm_views.kept_forms import keep_posted, typed_pairs
from crm_views.language import visitors_language
from crm_views.plugin_pages import plugin_of
from crm_views.room import FULL

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_ = TextFactory("crm_views")
log = logging.getLogger(__name__)

Shown = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Trouble:
    """What an error page says. ``again`` is the address of the kept form, ``typed`` what was in it; ``onward`` the
    address of another form that was filled in with it."""

    status: int
    title: Text
    what: Text
    advice: Text = ""
    art: str = "search"
    again: str = ""
    typed: Shown = ()
    number: str = ""
    onward: str = ""


FULL_IN_POSTGRESQL = "53100"
"""Its own word for that (PostgreSQL, Appendix A: disk_full)."""

ONWARD = _("Go on as a general request")
HOME = _("Use the search at the top, or go back to the start page.")


def not_found(error: Exception, request: Request) -> Response:
    """404, also for what exists and is hidden from the reader: the same page for both."""
    if isinstance(error, PredicateMismatch) and (methods := allowed_methods(request)):
        response = page(request, Trouble(
            405, _("This address does not take that"), _("The page exists, but it is not used in this way."), HOME,
        ))
        response.headers["Allow"] = ", ".join(methods)
        return response
    if request.login.user is not None and (left := left_over(request)) is not None:
        what, advice = said_of_it(left)
        title = _("Nothing was saved") if request.method == "POST" else _("Nothing is registered yet")
        return page(request, Trouble(404, title, what, advice, "paper", onward=left.onward, typed=left.lines))
    typed = shown(request) if request.method == "POST" and request.login.user is not None else ()
    if typed:  # no form to open again: its page is not there either, so the words must be readable here
        return page(request, Trouble(
            404, _("Nothing was saved"),
            _("The page this was sent to is not there any more: a plugin was put out, something was removed, or it is"
              " not for you to see."),
            _("What you typed stands below: copy it, and register it elsewhere."), "paper", typed=typed,
        ))
    return page(request, Trouble(
        404, _("There is no such page"),
        _("It may have been removed, the address may be mistyped, or it is not for you to see."), HOME,
    ))


def forbidden(error: Exception, request: Request) -> Response:
    """To the login page where nobody is signed in, else 403. What was posted is kept for its user, or can be copied."""
    if request.login.user is None:
        again = keep_posted(request) if request.method == "POST" else ""
        target = again or (request.path_qs if request.method in ("GET", "HEAD") else request.path)
        ended = {"ended": "1"} if request.login.former is not None or again else {}
        if request.method == "POST" and not again:  # nobody is known whose form it was, so nobody could get it back
            ended = {"ended": "1", "lost": "1"}
        query = urlencode({"next": target} | ended)
        return HTTPSeeOther(location=f"/login?{query}", headers={"Cache-Control": "no-store"})
    # No form to open again: its page may be refused just so, since rights were taken while somebody was typing.
    return page(request, Trouble(
        403, _("You may not do this"), _("Your account does not have the permission for this page or action."),
        _("If you need it for your work, ask your administrator."), "locked", typed=shown(request),
    ))


def lost_mark(error: Exception, request: Request) -> Response:
    """400 for a form without its mark (CSRF token): nothing was done, what was typed is kept."""
    again = keep_posted(request)
    return page(request, Trouble(
        400, _("Nothing was saved yet"),
        _("The page lost the mark that protects it: cookies were deleted, or somebody signed in anew in between."),
        _("Open the form again; what you typed is in it.") if again else _("Open the page anew and send it again."),
        "paper", again, shown(request),
    ))


def bad_request(error: Exception, request: Request) -> Response:
    return page(request, Trouble(
        400, _("This could not be read"),
        _("The address or the form arrived damaged: it holds characters that are no text, or more than a page sends."
          " Nothing was saved."),
        _("Go back, and type or paste it anew; your browser still has what you typed."),
    ))


def undecodable(error: Exception, request: Request) -> Response:
    """400 for an address that is no UTF-8; it is forgotten, for the page itself asks what its address is."""
    request.environ["PATH_INFO"] = "/"
    return bad_request(error, request)


def too_large(error: Exception, request: Request) -> Response:
    most = request.registry.crm_app.settings.upload_megabytes
    return page(request, Trouble(
        413, _("This is too much at once"),
        _("Nothing was saved. A file may have ${size} MB at most, and a text must fit on a page.",
          mapping={"size": most}),
        _("Go back; your browser still has what you typed. Send smaller files, or fewer."), "paper",
    ))


def other_http(error: HTTPException, request: Request) -> Response:
    """Redirects pass as they are; other refusals get our page."""
    if error.status_int < 400:
        return error
    return page(request, Trouble(error.status_int, _("This does not work"), _("The server refused the request."), HOME))


def refused(error: CrmError, request: Request) -> Response:
    """A refusal in words that no form caught."""
    status, title = 409 if isinstance(error, StaleChange | Taken) else 422, _("Nothing was saved")
    if isinstance(error, PluginFailed):
        status, title = 500, _("This went wrong")  # its sentence says itself that nothing was stored
    elif request.method != "POST":
        title = _("This does not work")  # nothing was to be saved
    again = keep_posted(request)
    return page(request, Trouble(
        status, title, error.message, _("Go back and try again.") if not again else "", "paper", again,
        shown(request),
    ))


def busy(error: Exception, request: Request) -> Response:
    """503 when others wrote the same thing at once, again and again."""
    log.warning("request %s met conflicts in all tries", number(request))
    again = keep_posted(request)
    response = page(request, Trouble(
        503, _("Too many people are writing this at once"), _("Nothing was saved. It will work in a moment."),
        _("Wait a few seconds and send it again."), "paper", again, shown(request),
    ))
    response.headers["Retry-After"] = "3"
    return response


def broken(error: Exception, request: Request) -> Response:
    """500: a fault of ours, or of the plugin whose page this is, which is then named, if no machine failed."""
    if any(is_full(one) for one in causes(error)):
        return no_room(error, request)
    if any(is_unreachable(one) for one in causes(error)):
        return away(error, request)
    log.error("request %s %s %s failed", number(request), request.method, request.environ.get("PATH_INFO"),
              exc_info=error)
    again = keep_posted(request)
    request.registry.crm_app.host.blame(error)
    plugin = plugin_of(request)
    if plugin is not None:
        plugin.fail(f"{request.matched_route.name}: {line_of(error)}")
        what = _("The plugin “${plugin}” failed. Nothing was saved; everything else goes on working.",
                 mapping={"plugin": plugin.title})
    else:
        what = _("The fault is ours, not yours. Nothing was saved.")
    return page(request, Trouble(
        500, _("This went wrong"), what,
        _("Try again. If it happens again, tell your administrator the number ${number}.",
          mapping={"number": number(request)}),
        "paper", again, shown(request), number(request),
    ))


def no_room(error: Exception, request: Request) -> Response:
    """507: what was to be stored does not fit any more."""
    log.error("request %s: there is no room left on the disk", number(request), exc_info=error)
    again = keep_posted(request)
    return page(request, Trouble(
        507, _("There is no room left on the disk"),
        _("Nothing was saved. Everything that was saved before is safe, and can be read."),
        _("Tell your administrator. Leave this page open: once there is room, load it again, and it is sent anew."),
        "paper", again, shown(request),
    ))


def away(error: Exception, request: Request) -> Response:
    """503 while the storage server does not answer. Nobody is known without it, so nothing can be kept either.

    Where it went away while it stored, nobody knows whether it did; the form's one-time key makes it safe to send it
    again.
    """
    log.error("request %s: the storage server does not answer", number(request), exc_info=error)
    response = bare_page(
        request, 503, _("The database does not answer right now"),
        _("Load this page again in a moment: what you sent is sent anew then, "
          "and stored once, however often you do it."),
        shown(request),
    )
    response.headers["Retry-After"] = "3"
    return response


def is_full(error: BaseException) -> bool:
    """Whether this error says that the disk is full."""
    return (isinstance(error, OSError) and error.errno in FULL) or getattr(error, "pgcode", "") == FULL_IN_POSTGRESQL


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def number(request: Request) -> str:
    """The id of this request, as it stands in the log."""
    return str(request.environ.get("crm.request_id", ""))


def shown(request: Request) -> Shown:
    """What was typed, to be read and copied: as the form asks and in words, where it was read before the trouble came;
    else by the names of its fields. No control fields, nothing empty."""
    try:
        pairs = typed_pairs(request)
    except (UnicodeError, ValueError):  # the form itself could not be read, and that is what the page is about
        return ()
    if pairs and (lines := _read_out(request)) is not None:
        return lines
    return tuple((name, value) for name, value in pairs
                 if value.strip() and not name.startswith("_") and name not in ("submission_key", "revision", "submit"))


def _read_out(request: Request) -> Shown | None:
    """The form in words, None where it was not read; the trouble that is told must not become another one by them."""
    try:
        return told(request)
    except Exception:
        log.exception("request %s: what was typed could not be put into words", number(request))
        return None


def allowed_methods(request: Request) -> list[str]:
    """The methods the matched route's views take."""
    if request.matched_route is None:
        return []
    methods: set[str] = set()
    for entry in request.registry.introspector.get_category("views"):
        view = entry["introspectable"]
        if view["route_name"] == request.matched_route.name:
            wanted = view["request_methods"] or ()
            methods |= {wanted} if isinstance(wanted, str) else set(wanted)
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────


def page(request: Request, trouble: Trouble) -> Response:
    """The error page in the frame of the desk, or a bare one where even that fails."""
    try:
        html = render("crm_views:templates/error.pt", {"trouble": trouble, "title": trouble.title, "onward": ONWARD},
                      request=request)
    except Exception:
        log.exception("request %s: the error page could not be drawn", number(request))
        return bare_page(request, trouble.status, trouble.title, trouble.what, trouble.typed)
    return Response(html, status=trouble.status, content_type="text/html", charset="utf-8")


def bare_page(request: Request, status: int, title: Text, what: Text, typed: Shown = ()) -> Response:
    """A page that needs neither database nor templates; what was typed can be copied from it."""
    language = visitors_language(request)
    translate = request.registry.crm_app.translator.translate
    direction = "rtl" if language == "fa" else "ltr"
    home = translate(_("To the start page"), language)
    fields = "".join(f'<dt>{escape(name)}</dt><dd dir="auto"><pre>{escape(value)}</pre></dd>' for name, value in typed)
    html = (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f"<title>{escape(translate(title, language))}</title></head><body><main>"
        f"<h1>{escape(translate(title, language))}</h1><p>{escape(translate(what, language))}</p>"
        f"{fields and f'<dl>{fields}</dl>'}"
        f'<p><a href="/">{escape(home)}</a></p></main></body></html>'
    )
    return Response(html, status=status, content_type="text/html", charset="utf-8")


def last_resort(request: Request) -> Response:
    """The answer when everything else failed; what was typed can be copied from it."""
    return bare_page(request, 500, _("This went wrong"), _("The fault is ours, not yours. Nothing was saved."),
                     shown(request) if request.method == "POST" else ())


def local_path(target: str, default: str = "/") -> str:
    """``target`` as a path of this site, encoded for a header; ``default`` for anything that might lead elsewhere."""
    path = unquote(target.partition("?")[0].partition("#")[0])
    parts = path.split("/")[1:]
    plain = path.startswith("/") and "\\" not in path + target and not {".", ".."} & set(parts) and "" not in parts[:-1]
    if not plain or len(target) > 2000 or any(char < " " or char == "\x7f" for char in target):
        return default
    return quote(target, safe="/?&=%:;,@+~!$'()*#-._")


def includeme(config: Configurator) -> None:
    config.registry.crm_last_resort = last_resort
    pages: tuple[tuple[type[BaseException], Any], ...] = (
        (HTTPException, other_http), (HTTPNotFound, not_found), (NotFound, not_found), (HTTPForbidden, forbidden),
        (Forbidden, forbidden), (BadCSRFToken, lost_mark), (BadCSRFOrigin, lost_mark), (HTTPBadRequest, bad_request),
        (HTTPClientError, other_http), (URLDecodeError, undecodable), (HTTPRequestEntityTooLarge, too_large),
        (CrmError, refused),
    )
    for kind, view in pages:
        config.add_exception_view(view, context=kind)
    # Not for what will be tried again: drawing a page for each conflict would be thrown away.
    config.add_exception_view(busy, context=TransientError, retryable_error=False)
    config.add_exception_view(broken, context=Exception, retryable_error=False)

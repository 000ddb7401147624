"""What every answer and every view must have: headers, permissions, no writing on GET, marks, clean refusals."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from pyramid.request import Request
from pyramid.security import NO_PERMISSION_REQUIRED
from webtest import TestApp

from crm_core.backup.transactions import last_transaction
from crm_core.contributions import MenuItem
from crm_core.security.permissions import Permission
from crm_views.app import make_app
from crm_views.routes import OPEN, ROUTES
from crm_views.security import SIGNED_IN
from crm_views.testing import fill, form_of, sign_in

Browse = Callable[..., TestApp]

STRICT = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
}


def every_page(desk: Any) -> list[str]:
    """The address of every page that is read, with something in it."""
    contact = desk.contact("زهرا رضایی", phone="09120000147")
    code = desk.case(contact, title="آسفالت")

    def log(services: Any) -> int:
        return int(services.interactions.log(None, channel="phone", body="ناشناس").id)

    unknown = desk.run(log, "clerk")
    here = f"/contacts/{contact}"
    return [
        "/", "/?view=unit&priority=normal", "/?view=unnamed", "/work/views", "/work/views/new?q=view%3Dunit",
        f"/work/change?do=assign&c={code}", f"/work/change?do=take&c={code}", f"/work/change?do=status&c={code}",
        "/login", "/find", "/find?q=x", "/find/panel?q=x", f"/find/peek/{contact}", "/contacts/new",
        here, f"{here}/edit", f"{here}/identifiers/new",
        f"{here}/interactions/new", f"{here}/requests/new", f"{here}/requests/new/core.general", "/interactions/new",
        f"/interactions/{unknown}", f"/interactions/{unknown}/identify", f"/requests/{code}",
        f"/requests/{code}/status", f"/requests/{code}/assign", f"/requests/{code}/edit", f"/requests/{code}/attach",
        f"/requests/{code}/message", f"/requests/{code}/note",
        f"/requests/{code}/receipt", f"/requests/{code}?tab=answers", f"/requests/{code}?tab=history",
        f"/requests/{code}?tab=documents",
    ]


def views_of(web: Any) -> list[tuple[str, list[str]]]:
    """Route and permissions of each view that has a route."""
    introspector = web.registry.introspector
    found = []
    for entry in introspector.get_category("views"):
        view = entry["introspectable"]
        if view["route_name"]:
            named = [one["value"] for one in introspector.related(view) if one.category_name == "permissions"]
            found.append((view["route_name"], named))
    return found


def test_every_view_names_a_permission(web: Any) -> None:
    known = {SIGNED_IN, *(str(permission) for permission in Permission)}
    for route, permissions in views_of(web):
        if route in OPEN or route.startswith("__static/"):
            assert permissions in ([NO_PERMISSION_REQUIRED], []), route
        else:
            assert len(permissions) == 1, f"{route} names no permission"
            assert permissions[0] in known, f"{route}: {permissions[0]}"


def test_every_route_of_the_list_has_a_view(web: Any) -> None:
    assert {name for name, _pattern in ROUTES} == {route for route, _ in views_of(web) if not route.startswith("__")}


def test_every_answer_is_strict_and_private(desk: Any, web: Any) -> None:
    pages = [*every_page(desk), "/nothing", "/logout", "/contacts/7"]
    browser = sign_in(web, "clerk")
    for address in pages:
        answer = browser.get(address, expect_errors=True)
        assert {part.strip() for part in answer.headers["Content-Security-Policy"].split(";")} == STRICT, address
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert len(answer.headers["X-Request-Id"]) == 8


def test_no_page_has_anything_inline(desk: Any, web: Any) -> None:
    browser = sign_in(web, "clerk")
    for address in every_page(desk):
        html = browser.get(address).follow().html if address == "/login" else browser.get(address, status=200).html
        assert all(script.get("src") and not script.text.strip() for script in html.select("script")), address
        assert not html.select("style, [style], iframe, object, embed, base")
        for element in html.find_all(True):
            assert not [name for name in element.attrs if name.lower().startswith("on")], (address, element)
        for element in html.select("[href], [src], [action]"):
            target = next(element[name] for name in ("href", "src", "action") if element.get(name) is not None)
            assert target == "" or target.startswith(("/", "#", "?")), (address, target)
            assert not target.startswith("//")


def test_reading_registers_nothing_to_store(desk: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr("crm_views.tweens.has_changes", lambda request: bool(
        request.environ["crm.connection"]._registered_objects and written.append(request.path)))
    pages = every_page(desk)
    before = last_transaction(desk.app.db.db.storage)
    browser = sign_in(web, "clerk")
    after_login = last_transaction(desk.app.db.db.storage)
    assert after_login != before
    for address in pages:
        browser.get(address, expect_errors=True)
        browser.head(address, expect_errors=True)
    assert written == []
    assert last_transaction(desk.app.db.db.storage) == after_login


def test_writing_on_get_is_an_error_and_nothing_is_kept(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], Any], caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    browser = sign_in(make_app(desk.app), "clerk")

    browser.get("/plugins/good/write", status=500).mustcontain("The plugin “Wish” failed.")

    browser.get("/plugins/good/list").mustcontain("0 stars")
    assert "changed the database" in caplog.text


def test_static_files_may_be_kept_for_a_year_and_change_their_address(browse: Browse, web: Any) -> None:
    page = browse("").get("/login")
    sheet = next(link["href"] for link in page.html.select("link[rel=stylesheet]") if "all.css" in link["href"])

    answer = browse("").get(sheet)
    packed = Request.blank(sheet, headers={"Accept-Encoding": "gzip"}).get_response(web)  # WebTest would unpack it

    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "--lapis:" in answer.text and "Content-Encoding" not in answer.headers
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == answer.body
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert browse("").get("/static/000000000000/css/tokens.css", status=404).headers["Content-Security-Policy"]
    assert browse("").get(sheet.replace("css/all.css", "../app.py"), status=404)


def test_a_form_without_its_mark_does_nothing(browse: Browse, desk: Any) -> None:
    clerk = browse("clerk")
    for address in ("/contacts/new", "/logout", "/preferences", f"/contacts/{desk.contact()}/edit"):
        clerk.post(address, {"name": "x"}, status=400)
    clerk.get("/", status=200)

    clerk.post("/preferences", {"theme": "dark", "next": "/"}, headers={"X-CSRF-Token": "wrong"}, status=400)
    token = form_of(clerk.get("/"), "/preferences")["csrf_token"].value
    clerk.post("/preferences", {"theme": "dark", "next": "/"}, headers={"X-CSRF-Token": token}, status=303)


ROLES: dict[str, set[str]] = {
    "clerk": {"find", "read", "edit", "log", "register", "status", "assign"},
    "expert": {"find", "read", "edit", "log", "register", "status", "assign"},
    "supervisor": {"find", "read", "edit", "log", "register", "status", "assign"},
    "executive": {"find", "read", "status", "assign"},
    "admin": {"find"},
}


@pytest.mark.parametrize("login", list(ROLES))
def test_each_role_opens_what_the_policy_gives_it(browse: Browse, desk: Any, login: str) -> None:
    contact = desk.contact()
    code = desk.case(contact, unit=desk.units["streets"])
    here = f"/contacts/{contact}"
    pages = {
        "find": ["/find?q=x", here],
        "read": [f"/requests/{code}", f"/requests/{code}/news", f"/requests/{code}/receipt"],
        "edit": ["/contacts/new", f"{here}/edit", f"{here}/identifiers/new"],
        "log": [f"{here}/interactions/new", "/interactions/new", f"/requests/{code}/message", f"/requests/{code}/note"],
        "register": [f"{here}/requests/new", f"{here}/requests/new/core.general"],
        "status": [f"/requests/{code}/status", f"/requests/{code}/edit", f"/requests/{code}/attach"],
        "assign": [f"/requests/{code}/assign"],
    }
    browser = browse(login)
    led = ("admin", "executive")  # who only administers, or looks after all units, is led to what there is to see
    browser.get("/", status=303 if login in led else 200)
    for area, addresses in pages.items():
        for address in addresses:
            browser.get(address, status=200 if area in ROLES[login] else 403)
    actions = browser.get(here).html.select(".actions a")
    assert bool(actions) is bool({"edit", "log", "register"} & ROLES[login])


def test_no_page_opens_without_a_login(browse: Browse, desk: Any) -> None:
    stranger = browse("")
    for address in every_page(desk):
        if address != "/login":
            assert stranger.get(address, status=303).location.startswith("/login?next=")


def test_menu_items_of_plugins_are_for_those_who_may_open_them(
    open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]
) -> None:
    desk = open_desk({"good": load_plugin("good")})
    web = make_app(desk.app)

    assert any(isinstance(one, MenuItem) for one in desk.app.host.plugins["good"].contributions)
    sign_in(web, "clerk").get("/").mustcontain("/plugins/good/list")
    sign_in(web, "expert").get("/").mustcontain(no="/plugins/good/list")
    sign_in(web, "expert").get("/plugins/good/list", status=403)


@pytest.mark.parametrize(
    "address",
    ["/contacts/../../etc/passwd", "/contacts/0", "/contacts/-1", "/contacts/9223372036854775808",
     "/contacts/" + "9" * 400, "/contacts/1%00", "/contacts/%00", "/contacts/%DB%B1%DB%B2", "/contacts/1.0",
     "/contacts/1e5", "/contacts/%F0%9F%92%A9",
     "/contacts/1/requests/new/../../x", "/requests/1", "/requests/%00", "/requests/" + "1" * 5000, "/requests/a%2Fb",
     "/interactions/x", "/interactions/1/files/1", "/requests/1234567890/files/x", "/..%2f..%2f", "/%2e%2e/", "//x//",
     "/contacts/1/", "/plugins/none/x", "/static/x/y", "/contacts/%C2%A0", "/ /", "/contacts/new/edit"],
)
def test_addresses_that_mean_nothing_are_not_found(browse: Browse, address: str) -> None:
    browse("clerk").get(address, status=404).mustcontain("</html>")


@pytest.mark.parametrize("path", [b"/contacts/\xff\xfe", b"/\xed\xa0\x80", b"/find\x80"])
def test_addresses_that_are_no_text_are_refused(web: Any, path: bytes) -> None:
    cookie = f"crm_login={sign_in(web, 'clerk').cookies['crm_login']}"
    # WebTest cannot send such a path; a server hands over what it got.
    answer = Request.blank("/", environ={"PATH_INFO": path.decode("latin-1"), "HTTP_COOKIE": cookie}).get_response(web)

    assert answer.status_int == 400
    assert answer.headers["Content-Security-Policy"]
    assert "This could not be read" in answer.text


@pytest.mark.parametrize("query", ["q=%FF%FE", "q=%ED%A0%80", "%FF=1", "next=%80"])
def test_queries_that_are_no_text_are_refused(browse: Browse, query: str) -> None:
    browse("clerk").get(f"/find?{query}", status=400).mustcontain("This could not be read")
    browse("").get(f"/login?{query}", status=400)


@pytest.mark.parametrize(
    "query", ["q=%00", "q=" + "%D8%A7" * 5000, "q=%E2%80%AE", "q=%22*%20OR%20%3A%3A", "q=" + "%28" * 200, "q=a%00b",
              "q", "q=%0A%0D", "&&&==", "q=1&q=2&q=3"]
)
def test_any_text_can_be_searched_for(browse: Browse, query: str) -> None:
    browse("clerk").get(f"/find?{query}", status=200)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused_and_the_right_ones_named(browse: Browse, desk: Any, method: str) -> None:
    clerk = browse("clerk")
    for address in ("/", "/login", f"/contacts/{desk.contact()}", "/contacts/new"):
        answer = clerk.request(address, method=method, status=405)
        assert "GET" in answer.headers["Allow"]


def test_posting_where_only_reading_is_meant_is_refused(browse: Browse) -> None:
    clerk = browse("clerk")
    token = form_of(clerk.get("/"), "/preferences")["csrf_token"].value
    answer = clerk.post("/find", {"csrf_token": token}, status=405)
    assert answer.headers["Allow"] == "GET, HEAD"


MULTIPART = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"name=%FF%FE"),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 3000)),
        (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\xfe\r\n--x--\r\n'),
        (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n"),
        ("multipart/form-data", b"no boundary at all"),
        ("multipart/form-data; boundary=" + "b" * 300, b"long boundary"),
        (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=nonsense\r\n'
                    b"\r\nx\r\n--x--\r\n"),
        ("application/json", b'{"name": "x"}'),
        ("text/xml", b"<x/>"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"name=x"),
    ],
)
def test_forms_that_cannot_be_read_are_refused(browse: Browse, kind: str, body: bytes) -> None:
    clerk = browse("clerk")
    answer = clerk.request("/contacts/new", method="POST", body=body, content_type=kind, expect_errors=True)

    assert answer.status_int == 400
    answer.mustcontain("</html>")


def test_a_character_that_stands_for_lost_ones_may_be_typed_itself(browse: Browse) -> None:
    form = fill(form_of(browse("clerk").get("/contacts/new")), name="زهرا \ufffd رضایی")
    page = form.submit("submit", status=303).follow()
    page.mustcontain("زهرا \ufffd رضایی")


def test_forms_that_are_too_large_are_refused_before_they_are_read(browse: Browse) -> None:
    clerk = browse("clerk")
    form = form_of(clerk.get("/contacts/new"))
    form["notes"] = "ب" * 5_000_000
    form.submit("submit", status=413).mustcontain("This is too much at once", "20 MB")
    clerk.post("/contacts/new", {"name": "x" * 3_000_000}, status=413)
    browse("").post("/login", {"username": "x" * 100_000}, status=413)
    form["notes"] = "ب" * 500_000
    form.submit("submit", status=422).mustcontain("This is too long")



@pytest.mark.parametrize("host", ["evil.example", "a b", "[::1"])
def test_no_redirect_repeats_the_host_that_was_asked(browse: Browse, host: str) -> None:
    assert browse("").get("/", headers={"Host": host}, status=303).location == "/login?next=%2F"

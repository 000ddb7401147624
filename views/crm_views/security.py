"""Who is asking, and what they may open: logins by a revocable secret in a cookie, permissions by the core's policy.

The cookie holds nothing but the secret; everything about a login lies in the database, where it can be ended at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.csrf import SessionCSRFStoragePolicy
from pyramid.request import RequestLocalCache
from pyramid.security import Allowed, Denied
from pyramid.session import SignedCookieSessionFactory
from pyramid_tm import is_tm_active
from webob.cookies import make_cookie

from crm_core.model.user import User
from crm_core.security.identity import SYSTEM, Identity
from crm_core.services.users import Users
from crm_views.installation import derived

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

SIGNED_IN = "signed_in"
"""The permission of pages that anybody signed in may open."""

LOGIN_COOKIE = "crm_login"
SESSION_COOKIE = "crm_session"
_SESSION_USER = "user"
_KNOWN_USER = "known"
_LONGEST_SECRET = 100
SESSION_SECONDS = 7 * 86_400
REISSUE_SECONDS = 3600
"""How long a session's cookie is good after the last page, and how often it is written anew: a login page left open
over the weekend can still be sent."""


@dataclass(frozen=True)
class Login:
    """What the cookies tell. ``former`` is the id of the user whose login ran out or was ended in this browser."""

    user: User | None = None
    identity: Identity | None = None
    former: int | None = None


class SecurityPolicy:
    """Pyramid's security policy: identity from the login cookie, permissions from `crm_core.security.policy`."""

    def __init__(self, https: bool) -> None:
        self.https = https
        self._logins = RequestLocalCache(self._find_login)

    def login(self, request: Request) -> Login:
        """The login of this request, looked up once."""
        found: Login = self._logins.get_or_create(request)
        return found

    def _find_login(self, request: Request) -> Login:
        if not is_tm_active(request):
            return Login()
        users = request.crm_app.services(request.crm_root, SYSTEM).users
        secret = request.cookies.get(LOGIN_COOKIE, "")
        if not 0 < len(secret) <= _LONGEST_SECRET:
            return self._former(users, self._marked(request))
        user = users.user_of_session(secret)
        if user is not None:
            return Login(user, users.identity(user))
        ended = users.session(secret)
        return self._former(users, ended.user if ended is not None else self._marked(request))

    @staticmethod
    def _former(users: Users, id_: int | None) -> Login:
        # Who has no account any more has no forms to come back to.
        user = users.find(id_)
        return Login(former=user.id if user is not None and user.active else None)

    @staticmethod
    def _marked(request: Request) -> int | None:
        # Signed by us; remembers whose forms were open in this browser when the login itself is gone already.
        marked = request.session.get(_SESSION_USER)
        return marked if isinstance(marked, int) else None

    def identity(self, request: Request) -> Identity | None:
        return self.login(request).identity

    def authenticated_userid(self, request: Request) -> str | None:
        identity = self.identity(request)
        return None if identity is None else str(identity.user_id)

    def permits(self, request: Request, context: Any, permission: str) -> Allowed | Denied:
        """Whether the signed-in user holds ``permission`` (a word of the core's or of a plugin's)."""
        identity = self.identity(request)
        if identity is None:
            return Denied("nobody is signed in")
        if permission == SIGNED_IN or identity.has(permission):
            return Allowed("%s may %s", identity.login, permission)
        return Denied("%s may not %s", identity.login, permission)

    def remember(self, request: Request, userid: str, **kw: Any) -> Sequence[tuple[str, str]]:
        """Headers that give the browser the login secret ``userid`` (`crm_core.services.users.Users.start_session`)."""
        return [("Set-Cookie", self._cookie(userid))]

    def forget(self, request: Request, **kw: Any) -> Sequence[tuple[str, str]]:
        return [("Set-Cookie", self._cookie(None))]

    def _cookie(self, value: str | None) -> str:
        # No expiry of its own: the database says how long a login lasts, and forms that were open then are kept.
        return str(make_cookie(LOGIN_COOKIE, value, path="/", httponly=True, secure=self.https, samesite="Lax",
                               max_age=0 if value is None else None))


class Utf8Serializer:
    """JSON in UTF-8: Pyramid's own writes six bytes for each Persian letter, and a cookie holds four thousand."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    @staticmethod
    def loads(raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def login_of(request: Request) -> Login:
    """The login of this request."""
    login: Login = request.registry.crm_security.login(request)
    return login


def begin_session(request: Request, user: User) -> None:
    """Give the browser a new session for ``user``; forms the same user still has open stay usable."""
    if request.session.get(_SESSION_USER) != user.id:
        request.session.invalidate()
        request.session.new_csrf_token()
        request.session[_SESSION_USER] = request.session[_KNOWN_USER] = user.id


def end_session(request: Request) -> None:
    """A new session for nobody; only who signed in here last stays known, for `known_user`."""
    known = request.session.get(_KNOWN_USER)
    request.session.invalidate()
    request.session[_KNOWN_USER] = known


def known_user(request: Request) -> int | None:
    """The id of the user who signed in with this browser last; it opens nothing."""
    known = request.session.get(_KNOWN_USER)
    return known if isinstance(known, int) else None


def includeme(config: Configurator) -> None:
    """The security policy, the signed session for CSRF and notices, CSRF protection for every form."""
    app = config.registry.crm_app
    policy = config.registry.crm_security = SecurityPolicy(app.settings.https)
    config.set_security_policy(policy)
    config.add_request_method(login_of, "login", reify=True)
    config.set_session_factory(
        SignedCookieSessionFactory(
            derived(config.registry.crm_secret, "session"), serializer=Utf8Serializer(), cookie_name=SESSION_COOKIE,
            httponly=True, samesite="Lax", secure=app.settings.https, timeout=SESSION_SECONDS,
            reissue_time=REISSUE_SECONDS,
        )
    )
    config.set_csrf_storage_policy(SessionCSRFStoragePolicy())
    config.set_default_csrf_options(require_csrf=True, token="csrf_token", header="X-CSRF-Token")  # noqa: S106  # a field's name


"""The language of a page: the user's choice, else a cookie's, else the browser's, else the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.i18n import LANGUAGES, locale_folder
from crm_core.services.users import THEMES

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

LANGUAGE_COOKIE = "crm_language"
THEME_COOKIE = "crm_theme"


def locale_of(request: Request) -> str:
    """The language code of a request."""
    user = request.login.user
    if user is not None and user.language in LANGUAGES:
        return str(user.language)
    return visitors_language(request)


def visitors_language(request: Request) -> str:
    """The language as far as the browser tells it, without asking the database."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    fallback = request.registry.crm_app.settings.language
    return str(request.accept_language.lookup([*LANGUAGES], default=fallback))


def theme_of(request: Request) -> str:
    """One of `THEMES`: the user's choice, else the cookie's, else the colours of the device."""
    user = request.login.user
    chosen = user.theme if user is not None else request.cookies.get(THEME_COOKIE)
    return str(chosen) if chosen in THEMES else THEMES[0]


def includeme(config: Configurator) -> None:
    """Language negotiation, and the catalogs of the core, of the web and of every plugin."""
    packages = config.registry.crm_app.translator.packages
    folders = [locale_folder(package) for package in packages]
    config.add_translation_dirs(*(str(folder) for folder in folders if folder.is_dir()))
    config.set_locale_negotiator(locale_of)

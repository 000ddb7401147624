"""The part of ``crm plugin check`` that draws pages: permissions on views, Persian from right to left, labelled fields.

Found through the entry point group ``crm.conformance``. Pages are asked for as a browser would, by somebody who has
every role, in Persian.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from pyramid.request import Request
from pyramid.router import Router

from crm_core.app import App
from crm_core.catalogs import PLACEHOLDER, sentences
from crm_core.conformance.findings import Fault, logged, of_examples, raised
from crm_core.conformance.trial import LOGIN, Trial
from crm_core.errors import CrmError, PluginFailed
from crm_core.host import State
from crm_core.i18n import TextFactory, locale_folder
from crm_views import errors
from crm_views.app import make_app
from crm_views.plugin_pages import BETWEEN, pages
from crm_views.security import LOGIN_COOKIE

LANGUAGE = "fa"
SAID = ("title", "placeholder", "alt", "aria-label")
"""Attributes that are read out or shown."""
UNSEEN = ("hidden", "submit", "button", "reset", "image")
"""Types of input that need no label."""


def look(trial: Trial) -> Iterator[Fault]:
    """What is wrong with the pages of a plugin that has started, and with the core's pages that show it."""
    with trial.copied("pages") as app:
        router = make_app(app)
        plugin = trial.plugin(app)
        if plugin.state is not State.ENABLED:
            reason = plugin.reason.removeprefix("configure: ")
            refused = reason.removeprefix("PagesRefused: ")
            if refused == reason:
                yield Fault("starts", reason)
            else:
                yield from (Fault("permissions", wrong) for wrong in refused.split(BETWEEN))
            return
        secret = app.run(_session)
        texts = _untranslated_forms(app, trial.candidate.package)

        def seen(path: str, is_own: bool = False) -> Iterator[Fault]:
            before = plugin.failures
            with logged(errors.__name__) as broken:
                status, page = _get(router, path, secret)
            if plugin.failures > before:
                yield Fault("rendering", f"{path}: {trial.failure(app)}")
            elif status != 200 and not (is_own and status in (403, 404)):
                why = "".join(f": {raised(error, trial.candidate.package)}" for error in broken[:1])
                yield Fault("rendering", f"{path} answers with status {status}{why}")
            elif page is not None:
                yield from (Fault(check, f"{path}: {words}") for check, words in _wrong(page, texts))

        for path, is_own in _paths(trial, app):
            yield from seen(path, is_own)
        for ids, status in _other_statuses(trial, app):
            try:
                path = _brought(app, ids, status)
            except PluginFailed as error:
                yield of_examples(error, "", trial.candidate.package)
            else:
                yield from seen(path) if path else ()


def _session(services: Any) -> str:
    return str(services.users.start_session(services.users.by_login(LOGIN)))


def _paths(trial: Trial, app: App) -> Iterator[tuple[str, bool]]:
    """Addresses that show something of the plugin; True for its own, which may have reasons not to answer."""
    mine = f"{trial.candidate.id}."
    yield from ((f"/contacts/{trial.contact}/requests/new/{one.type.id}", False) for one in app.registry.offered()
                if one.type.id.startswith(mine))
    yield f"/contacts/{trial.contact}", False
    if any(id_.startswith(mine) for id_ in app.registry.contact_fields):
        yield f"/contacts/{trial.contact}/edit", False
    with app.reading() as services:
        cases = [services.requests.get(id_) for id_ in trial.requests]
        codes = {(case.type, case.status): case.code for case in cases}  # a box may fail for closed ones only
    yield from ((f"/requests/{code}", False) for code in codes.values())
    yield from ((f"/reports/{id_}", False) for id_ in app.registry.reports if id_.startswith(mine))
    yield from ((path, True) for path in pages(trial.plugin(app)) if not set(path) & set("{*"))


def _other_statuses(trial: Trial, app: App) -> list[tuple[list[int], str]]:
    """(examples of a kind, a status of it that none of them has), for each such status."""
    with app.reading() as services:
        cases = [case for id_ in trial.requests
                 if (case := services.requests.get(id_)).type.startswith(f"{trial.candidate.id}.")]
        had = {(case.type, case.status) for case in cases}
        wanted = {(case.type, status.name) for case in cases for status in case.version.statuses} - had
        return [([one.id for one in cases if one.type == kind], status) for kind, status in sorted(wanted)]


def _brought(app: App, ids: list[int], status: str) -> str:
    """The page of the first of some requests that can be brought into a status; "" where the plugin refuses it for all.

    Raises PluginFailed where a hook fails at it.
    """
    for id_ in ids:
        try:
            with app.transaction() as services:
                case = services.requests.get(id_)
                services.requests.change_status(services, case, status, LOGIN)
                return f"/requests/{case.code}"
        except PluginFailed:
            raise
        except CrmError:  # refused in words: another example may fit
            continue
    return ""


def _get(router: Router, path: str, secret: str) -> tuple[int, Page | None]:
    response = Request.blank(path, headers={"Cookie": f"{LOGIN_COOKIE}={secret}"}).get_response(router)
    if response.status_int != 200 or response.content_type != "text/html":
        return response.status_int, None
    response.decode_content()  # pages come compressed
    page = Page()
    page.feed(response.text)
    return response.status_int, page


def _untranslated_forms(app: App, package: str) -> dict[re.Pattern[str], str]:
    """How the plugin's sentences look where nobody translated them, each with the sentence."""
    if not package:
        return {}
    translate, text = app.translator.translate, TextFactory(package)
    found = {}
    for sentence in sentences(locale_folder(package).parent):
        if translate(text(sentence), LANGUAGE) != sentence and re.search("[A-Za-z]{2}", sentence):
            parts = (re.escape(" ".join(part.split())) for part in PLACEHOLDER.split(sentence))
            found[re.compile(r"\s*.*\s*".join(parts))] = sentence
    return found


def _wrong(page: Page, texts: dict[re.Pattern[str], str]) -> Iterator[tuple[str, str]]:
    if (page.language, page.direction) != (LANGUAGE, "rtl"):
        yield "rendering", f"the page is lang={page.language!r} dir={page.direction!r}, not {LANGUAGE!r} and 'rtl'"
    shown = {words for words in page.said if re.search("[A-Za-z]{2}", words)}
    for pattern, sentence in texts.items():
        if any(pattern.fullmatch(words) for words in shown):
            yield "rendering", f"{sentence!r} is shown in English"
    for field in page.unlabelled():
        yield "labels", f"the field {field!r} has no label"
    for picture in page.silent:
        yield "labels", f"the picture {picture!r} says nothing (alt)"


class Page(HTMLParser):
    """What of a page matters here: its language and direction, the words it shows, its fields and their labels."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.language = self.direction = ""
        self.said: set[str] = set()
        self.silent: list[str] = []
        self._ids: set[str] = set()
        self._labels: dict[str, str] = {}
        self._fields: list[tuple[dict[str, str], int | None]] = []
        self._open_labels: list[int] = []
        self._texts: list[str] = []
        self._for: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._ids.add(given.get("id", ""))
        self.said.update(" ".join(given[name].split()) for name in SAID if given.get(name))
        if tag == "html":
            self.language, self.direction = given.get("lang", "")[:2], given.get("dir", "")
        elif tag in ("script", "style", "template"):
            self._quiet += 1
        elif tag == "label":
            self._open_labels.append(len(self._texts))
            self._texts.append("")
            self._for.append(given.get("for", ""))
        elif tag == "img" and "alt" not in given:
            self.silent.append(given.get("src", ""))
        elif tag in ("select", "textarea") or (tag == "input" and given.get("type") not in UNSEEN):
            self._fields.append((given, self._open_labels[-1] if self._open_labels else None))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "template"):
            self._quiet -= 1
        elif tag == "label" and self._open_labels:
            number = self._open_labels.pop()
            if self._for[number]:
                self._labels[self._for[number]] = self._texts[number].strip()

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if words and not self._quiet:
            self.said.add(words)
            for number in self._open_labels:
                self._texts[number] += f" {words}"

    def unlabelled(self) -> Iterator[str]:
        """The names of fields that neither a label nor an attribute says what they are."""
        for given, label in self._fields:
            is_inside = label is not None and bool(self._texts[label].strip())
            points = given.get("aria-labelledby", "").split()
            is_named = bool(given.get("aria-label", "").strip()) or (bool(points) and set(points) <= self._ids)
            if not (is_inside or is_named or self._labels.get(given.get("id") or "")):
                yield given.get("name") or given.get("id") or "?"

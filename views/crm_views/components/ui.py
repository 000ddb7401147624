"""`Components`: the callables and macros of the design system, bound to one request, its language and its static files.

Markup lives in the ``.pt`` files beside this module; here is only what each part needs and what it may leave out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from chameleon import PageTemplateFile, PageTemplateLoader
from chameleon.utils import Markup
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from translationstring import ChameleonTranslate

from crm_core.i18n import LANGUAGES, Text, TextFactory
from crm_views.components.parts import ChipView, EntryView, Frame, OweView
from crm_views.display import Display
from crm_views.page_templates import templates_of
from crm_views.words import THEME_ICONS, THEMES

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_ = TextFactory("crm_views")

Tone = Literal["good", "warn", "bad"]
Category = Literal["new", "open", "waiting", "done", "cancelled", "late", "meeting", "internal", "plain"]
"""Core status categories, and the states a page adds to them."""

STATIC = "crm_views:static/"
RIGHT_TO_LEFT = frozenset({"fa", "ar"})
LANGUAGE_NAMES = {"fa": "فارسی", "en": "English"}
STYLE_SHEETS = (
    "css/tokens.css",
    "css/dark.css",
    "css/base.css",
    "css/forms.css",
    "css/desk.css",
    "css/omnibox.css",
    "css/timeline.css",
    "css/composer.css",
    "css/reports.css",
    "css/work.css",
    "css/request.css",
    "css/pages.css",
    "css/admin.css",
    "css/keys.css",
    "css/compare.css",
    "css/notices.css",
    "css/approvals.css",
)
SCRIPTS = (
    "js/forms.js",
    "js/dates.js",
    "js/uploads.js",
    "js/omnibox.js",
    "js/keys.js",
    "js/work.js",
    "js/request.js",
    "js/timeline.js",
    "js/drafts.js",
    "js/composer.js",
    "js/focus.js",
)
"""Ours, in the order in which they are read, sent as one file each (`crm_views.static_files`); a page can do without
any of the scripts."""

FLASHES, FLASH_BYTES = 2, 350
"""Notices of one tone that wait for the next page, and their length: they travel in a cookie of 4 kB."""

_ICON_NAME = re.compile(r"[a-z0-9-]+")
_STATUS: dict[str, tuple[str, str]] = {
    "new": ("", "circle"),
    "open": ("run", "circle-half"),
    "waiting": ("wait", "hourglass-split"),
    "done": ("done", "check2"),
    "cancelled": ("off", "x-circle"),
    "late": ("late", "exclamation-octagon"),
    "meeting": ("meet", "calendar-check"),
    "internal": ("int", "lock"),
    "plain": ("off", "dash-circle"),
}
_PROOF_ICON = {"paper": "shield-check", "sent": "patch-check", "said": "question-circle"}
# A ring of four arcs around the star: clockwise from the top, one for each proof held.
_SEAL_ARCS = (
    ("paper", "M34.3 13.1A19 19 0 0 1 50.9 29.7"),
    ("phone", "M50.9 34.3A19 19 0 0 1 34.3 50.9"),
    ("mail", "M29.7 50.9A19 19 0 0 1 13.1 34.3"),
    ("in_person", "M13.1 29.7A19 19 0 0 1 29.7 13.1"),
)
_NOTICE: dict[str, tuple[str, str]] = {
    "good": (" good-n", "check2-circle"),
    "warn": ("", "info-circle"),
    "bad": (" bad", "exclamation-octagon"),
}


@dataclass(frozen=True)
class Notice:
    """One sentence below the top bar."""

    tone: str
    text: str

    @property
    def css(self) -> str:
        return _NOTICE[self.tone][0]

    @property
    def icon(self) -> str:
        return _NOTICE[self.tone][1]


@dataclass(frozen=True)
class SummaryError:
    """One line of an error summary: the id to go to (or ""), the field's name, what is wrong."""

    target: str
    where: str
    text: str


FrameFactory = Callable[["Request"], Frame]


class Components:
    """The parts of a page for one request; a template finds it as ``ui`` and its `Display` as ``show``."""

    menu_word: Text = _("Language and colours")
    comma: Text = _(", ")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.show = Display.for_request(request)
        self._loader: PageTemplateLoader = request.registry.crm_components
        self._static: dict[str, str] = {}
        self._statuses: dict[tuple[str, str, str], Markup] = {}
        self._translate = ChameleonTranslate(request.localizer.translate)

    # The frame of a page

    @cached_property
    def frame(self) -> Frame:
        """What stands around this page, by the frame factory of the application."""
        factory: FrameFactory = self.request.registry.crm_frame_factory
        return factory(self.request)

    @property
    def direction(self) -> Literal["rtl", "ltr"]:
        return "rtl" if self.show.locale in RIGHT_TO_LEFT else "ltr"

    @property
    def other_languages(self) -> tuple[tuple[str, str], ...]:
        """(code, own name) of the languages this page is not in."""
        return tuple((code, LANGUAGE_NAMES[code]) for code in LANGUAGES if code != self.show.locale)

    @property
    def other_themes(self) -> tuple[tuple[str, Text, str], ...]:
        """(name, words, icon) of the colours this page is not in."""
        return tuple((name, text, THEME_ICONS[name]) for name, text in THEMES.items() if name != self.frame.theme)

    @property
    def csrf_token(self) -> str:
        return str(get_csrf_token(self.request))

    def static(self, path: str) -> str:
        """The address of a file below ``static/``, changed whenever our files change."""
        if path not in self._static:
            self._static[path] = str(self.request.static_path(STATIC + path))
        return self._static[path]

    def error_note(self, count: int) -> str:
        """What a page's title says after a form was refused: "، ۴ مورد نیاز به اصلاح"; empty without errors."""
        return self.show.text(_(", ${count} to correct", mapping={"count": count})) if count else ""

    # Macros, for ``metal:use-macro``

    @property
    def layout(self) -> PageTemplateFile:
        """The whole page: variables title, error_count, body_class, main_class; slots head, body, content."""
        return self._template("layout")

    @property
    def omnibox(self) -> PageTemplateFile:
        """The search of the top bar, and the empty panel that its script fills."""
        return self._template("omnibox")

    @property
    def page_head(self) -> PageTemplateFile:
        """Title row of a list page: slots title, note, actions."""
        return self._template("page_head")

    @property
    def notice(self) -> PageTemplateFile:
        """One strip: variables tone (warn, bad, good), icon, boxed; slots text, actions."""
        return self._template("notice")

    @property
    def empty(self) -> PageTemplateFile:
        """Nothing here: variables art (inbox, search, timeline, filter, locked, chart), sheet, alone (it is the whole
        page, so its title is the main heading); slots title, text, actions."""
        return self._template("empty")

    # Callables

    def icon(self, name: str, *, mirrored: bool = False, label: Text = "") -> Markup:
        """An icon of the sprite, silent beside a word; with ``label`` it has a name. ``mirrored`` ones follow the line.

        Raises ValueError for what cannot be an icon's name.
        """
        if not _ICON_NAME.fullmatch(name):
            raise ValueError(f"not an icon: {name!r}")
        css = "i i-dir" if mirrored else "i"
        use = f'<use href="{self.static("vendor/bootstrap-icons/icons.svg")}#{name}"></use>'
        if label:
            return Markup(f'<svg class="{css}" role="img" aria-label="{escape(self.show.text(label))}">{use}</svg>')
        return Markup(f'<svg class="{css}" aria-hidden="true">{use}</svg>')

    def star(self, css: str = "") -> Markup:
        """The mark: an eight-point star in the current colour."""
        return self._draw("star", css=css)

    def seal(self, held: Collection[str], *, small: bool = False) -> Markup:
        """How sure we are, as a ring of four: ``held`` of paper, phone, mail, in_person. A sentence says it too."""
        return self._draw("seal", held=frozenset(held), arcs=_SEAL_ARCS, small=small)

    def status(self, category: Category, label: Text, *, icon: str = "") -> Markup:
        """A state: glyph and word, colour third."""
        style, glyph = _STATUS[category]
        words = self.show.text(label)
        key = (category, words, icon)
        if key not in self._statuses:  # a list shows the same few states again and again
            self._statuses[key] = self._draw("status", style=style, icon=icon or glyph, label=words)
        return self._statuses[key]

    def idchip(self, chip: ChipView) -> Markup:
        """An identifier with its proof, an ``<li>`` for ``<ul class="ids">``."""
        return self._draw("idchip", chip=chip, proof_icon=_PROOF_ICON[chip.proof])

    def entry(self, entry: EntryView) -> Markup:
        """An entry of the timeline, an ``<li>`` for ``<ol class="tl">``."""
        return self._draw("entry", entry=entry)

    def redact(self, count: int, unit: str, *, period: str = "", href: str = "", row: str = "") -> Markup:
        """Entries that may be counted but not read, an ``<li>`` for ``<ol class="tl">``."""
        if count == 1:
            sentence = _("1 entry of ${unit} you may not read", mapping={"unit": unit})
        else:
            sentence = _("${count} entries of ${unit} you may not read", mapping={"count": count, "unit": unit})
        return self._draw("redact", sentence=self.show.sentence(sentence), period=period, href=href, row=row)

    def redact_units(
        self, units: Sequence[tuple[str, int]], *, period: str = "", href: str = "", row: str = ""
    ) -> Markup:
        """The same for entries of several units that stand together: one strip, a count for each unit's name."""
        if len(units) == 1:
            return self.redact(units[0][1], units[0][0], period=period, href=href, row=row)
        each = (self.show.sentence(_("${count} of ${unit}", mapping={"count": number, "unit": unit}))
                for unit, number in units)
        words = self.show.text(_("${count} entries you may not read:", mapping={"count": sum(row[1] for row in units)}))
        sentence = Markup(f"{escape(words)} {escape(self.show.text(self.comma)).join(each)}")
        return self._draw("redact", sentence=sentence, period=period, href=href, row=row)

    def owe(self, owe: OweView) -> Markup:
        """One thing we owe the citizen."""
        return self._draw("owe", owe=owe)

    def pager(self, *, newer: str = "", older: str = "", note: str = "") -> Markup:
        """Links to the page before and after, with what is shown of how many between them."""
        return self._draw("pager", newer=newer, older=older, note=note)

    def button(
        self, text: Text, *, href: str = "", look: str = "quiet", icon: str = "", key: str = "", size: str = "",
        name: str = "", value: str = "",
    ) -> Markup:
        """A link that looks like a button, or without ``href`` a submit button; ``key`` is shown, and pressed."""
        return self._draw("button", text=self.show.text(text), href=href, look=look, icon=icon, key=key, size=size,
                          name=name, value=value)

    def error_summary(self, errors: Sequence[SummaryError], kept: str, refused: Text = "") -> Markup:
        """What was not done (``refused``, or that nothing was saved) and how many, with links to the fields, and what
        was kept. Takes the focus."""
        fields = len({error.target for error in errors if error.target})
        heading = _("Not saved; look at ${count} fields", mapping={"count": fields})
        if fields < 2:
            heading = _("Not saved; look at 1 field") if fields else _("Not saved")
        return self._draw("errsum", errors=errors, heading=self.show.text(refused or heading), kept=kept)

    # Notices

    def flash(self, text: Text, tone: Tone = "good") -> None:
        """Say ``text`` on the next page that is shown; a long one is cut, and of several the last two are said."""
        session = self.request.session
        for words in (*session.pop_flash(tone)[1 - FLASHES :], _cut(self.show.text(text), FLASH_BYTES)):
            session.flash(words, tone)

    def notices(self) -> Markup:
        """What `flash` was told, once."""
        return self._draw("notices", notices=list(self._waiting()))

    def _waiting(self) -> Iterable[Notice]:
        for tone in ("bad", "warn", "good"):
            for text in self.request.session.pop_flash(tone):
                yield Notice(tone, str(text))

    # Drawing

    def _template(self, name: str) -> PageTemplateFile:
        return self._loader.load(f"{name}.pt")

    def _draw(self, template: str, /, **values: Any) -> Markup:
        values |= {"ui": self, "show": self.show, "translate": self._translate}
        return Markup(self._template(template)(**values))


def _cut(text: str, size: int) -> str:
    """``text``, or as much of it as fits into ``size`` bytes of UTF-8."""
    if len(text.encode("utf-8", "replace")) <= size:
        return text
    return text.encode("utf-8", "replace")[: size - 3].decode("utf-8", "ignore") + "…"


def escape(text: str) -> str:
    """``text`` for an attribute value between double quotes, or for element content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def default_frame(request: Request) -> Frame:
    """A frame with nothing but the product's name, for applications that set no frame factory."""
    return Frame()


def add_renderer_globals(event: BeforeRender) -> None:
    """Every template gets ``ui`` and ``show``; a rendering outside a request gets neither."""
    request = event.get("request")
    if request is not None and hasattr(request, "ui"):
        event["ui"] = request.ui
        event["show"] = request.ui.show


def set_frame_factory(config: Configurator, factory: FrameFactory) -> None:
    """Directive ``config.set_frame_factory(factory)``: ``factory(request)`` gives the `Frame` of a page."""
    config.registry.crm_frame_factory = factory


def includeme(config: Configurator) -> None:
    """``request.ui``, ``ui`` and ``show`` in templates, directive ``set_frame_factory``; static files are the app's."""
    config.registry.crm_components = templates_of(config, Path(__file__).parent)
    config.registry.crm_frame_factory = default_frame
    config.add_directive("set_frame_factory", set_frame_factory)
    config.add_request_method(Components, "ui", reify=True)
    config.add_subscriber(add_renderer_globals, BeforeRender)

"""What a plugin brings and what is stored of it, in words with counts: nothing of what there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from crm_core.contributions import (
    Channel,
    Collection,
    ContactFields,
    Effect,
    Job,
    MenuItem,
    Panel,
    Permission,
    Reader,
    Report,
    RequestPanel,
    RequestType,
    Setting,
    Timer,
)
from crm_core.host import Plugin
from crm_core.i18n import Text, TextFactory
from crm_core.inspection import leaves, of_kind
from crm_core.services.plugins import Left

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

Counted = tuple[Text, Any]
"""What is said of one, and of several (with ``${count}``)."""
BROUGHT: tuple[tuple[tuple[type, ...], Counted], ...] = (
    ((ContactFields,), (_("1 group of fields of citizens"), _("${count} groups of fields of citizens"))),
    ((Collection,), (_("1 kind of records"), _("${count} kinds of records"))),
    ((Panel, RequestPanel), (_("1 box on pages"), _("${count} boxes on pages"))),
    ((Report,), (_("1 report"), _("${count} reports"))),
    ((Channel,), (_("1 channel"), _("${count} channels"))),
    ((Job, Reader, Effect, Timer), (_("1 piece of background work"), _("${count} pieces of background work"))),
    ((Setting,), (_("1 setting"), _("${count} settings"))),
    ((MenuItem,), (_("1 menu entry"), _("${count} menu entries"))),
    ((Permission,), (_("1 permission"), _("${count} permissions"))),
)
CITIZENS = _("on 1 citizen"), _("on ${count} citizens")


def counted(words: Counted, count: int) -> Text:
    """The words for that many."""
    one, more = words
    text: Text = one if count == 1 else more % {"count": count}
    return text


def listed(request: Request, texts: Iterable[Text]) -> str:
    """Texts in the reader's language, one after the other."""
    show = request.ui.show
    return str(show.text(_(", ")).join(show.text(text) for text in texts))


def in_a_line(request: Request, plugin: Plugin) -> Iterator[Text]:
    """What it brings: kinds of requests by name and of the rest how much; where it has no kinds, what that is."""
    kinds, show = of_kind(plugin, RequestType), request.ui.show
    for kind in kinds:
        yield _("the kind “${title}”", mapping={"title": show.text(kind.title)})
    others = len(plugin.contributions) - len(kinds)
    if kinds and others:
        yield _("and ${count} more", mapping={"count": others})
    for classes, words in () if kinds else BROUGHT:
        count = sum(isinstance(one, classes) for one in plugin.contributions)
        if count:
            yield counted(words, count)


def holds(request: Request, plugin: str) -> list[dict[str, str]]:
    """What is stored of it: ``title`` (``css`` "code" where that is only an id) and ``words``. Reads all requests and
    contacts."""
    found = leaves(request.services.plugins.held(plugin), request.ui.show.locale)

    def line(one: dict[str, Any], texts: Iterable[Text]) -> dict[str, str]:
        css = "code" if one["title"] == one["id"] else ""
        return {"title": one["title"], "css": css, "words": listed(request, texts)}

    lines = [line(one, Left(open=one["open"], closed=one["closed"]).words) for one in found["requests"]]
    for one in lines:
        one["words"] = request.ui.show.text(
            _("${requests}; they stay readable and answerable", mapping={"requests": one["words"]}))
    lines += [line(one, Left(records=one["records"]).words) for one in found["collections"] if one["records"]]
    lines += [line(one, [counted(CITIZENS, one["contacts"])]) for one in found["contact_fields"]]
    if found["settings"]:
        titles = listed(request, (one["title"] for one in found["settings"]))
        lines.append({"title": request.ui.show.text(_("Settings")), "css": "", "words": titles})
    return lines

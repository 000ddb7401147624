"""What was typed into the form of a kind that was put out meanwhile: in words, and as the form of a general request.

Nothing is registered here. The words are kept as those of any form that could not be taken, so that the general form
opens with them, with its own mark, and as the submission they were from the start: sent twice, it counts once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import peppercorn

from crm_core.builtin import GENERAL
from crm_core.contributions import COMMON
from crm_core.errors import NotFound
from crm_core.fields import SHORT
from crm_core.i18n import Text, TextFactory
from crm_core.model.ids import parse_id
from crm_core.model.request import TypeVersion
from crm_core.security.permissions import Permission
from crm_views.desk import rows
from crm_views.desk.answers import words
from crm_views.desk.commonform import NAMES, START, CommonForm, free_name
from crm_views.desk.things import polled_contact
from crm_views.drafts import place_of
from crm_views.forms.form import SUBMISSION_KEY
from crm_views.keeping import FORM_FIELD, LOST_FILES, PARAMETER, Pairs
from crm_views.kept_forms import typed_pairs

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
log = logging.getLogger(__name__)

FORM = "form"
"""The name of the form of a new request, of whatever kind."""
SOMETHING_ELSE = "other"
DEEPEST = 8
"""Parts within parts; no form of ours has so many, and what reads them goes down one by one."""
ROUTE = "request_new"


@dataclass(frozen=True)
class LeftOver:
    """What was typed for a kind that is not there: its ``title`` ("" where nothing is known of it), the ``lines`` typed
    (what was asked, what was answered), and the address ``onward`` of a general request filled in with them, "" where
    there can be none; ``shields`` where that is because it tells of a member of staff who must not read it.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    onward: str = ""
    shields: bool = False


def left_over(request: Request) -> LeftOver | None:
    """What the posted form of a new request holds, or the kept form or draft that its address asks for.

    None where this is another page, where nothing was typed, and where the kind or the citizen is none of the reader's.
    """
    route = request.matched_route
    if route is None or route.name != ROUTE or not request.has_permission(Permission.REQUEST_CREATE.value):
        return None
    try:
        contact = polled_contact(request)
    except NotFound:
        return None
    kind = request.matchdict["type"]
    pairs = _typed(request)
    if not pairs or kind in {one.type.id for one in request.services.types.offered()}:
        return None
    version = _known(request, kind)
    answers = _answers(pairs)
    form = None if version is None else request.services.forms.form_version(version.form)
    fields = {field["name"]: field for field in (form.fields if form is not None else ())}
    common = {word: answers.pop(free_name(NAMES[word], set(fields)), None) for word in COMMON}
    own = tuple(_lines(request, fields, answers))
    asked = tuple(_common_lines(request, common))
    if not own and not asked:
        return None
    title = request.ui.show.text(version.labels) if version is not None else ""
    if _shields(request, fields, answers):
        return LeftOver(title, asked + own, shields=True)
    general = _general(common, fields, answers, own, title) + _files(pairs, free_name(NAMES["files"], set(fields)))
    marks = [(name, value) for name, value in pairs if name in (SUBMISSION_KEY, LOST_FILES)]
    return LeftOver(title, asked + own, _keep(request, contact.id, [(FORM_FIELD, FORM), *marks, *general]))


def no_longer_asked(request: Request, kind: str, asked: Collection[str]) -> tuple[tuple[str, str], ...]:
    """What was typed, in words, in fields that the form of ``kind`` had when it was opened and has no more; ``asked``:
    the names of those it has now."""
    answers = {name: value for name, value in _answers(_typed(request)).items()
               if name not in asked and name != LOST_FILES}
    if not answers:
        return ()
    forms = [form for form in request.services.root.forms.values() if form.definition["form"] == kind]
    fields = {field["name"]: field for form in forms for field in form.fields}
    return tuple(_lines(request, fields, answers))


def _typed(request: Request) -> Pairs:
    if request.method == "POST":
        return typed_pairs(request)
    keeper, user = request.registry.crm_keeper, request.login.user
    if user is None:
        return []
    kept: Pairs | None = keeper.find(user.id, request.path, request.GET.get(PARAMETER, ""))
    if kept is not None:
        return kept
    draft = keeper.draft(user.id, place_of(request), FORM)
    return draft.pairs if draft is not None else []


def _known(request: Request, kind: str) -> TypeVersion | None:
    """The kind as it last was; None where no request of it was ever stored."""
    root = request.services.root
    version: TypeVersion | None = root.types.get(root.current_types.get(kind, ""))
    return version


def _answers(pairs: Pairs) -> dict[str, Any]:
    """Field → what was typed: a text, or a list or table of texts. Nothing of a form that cannot be read."""
    depth = list(accumulate({"__start__": 1, "__end__": -1}.get(name, 0) for name, _value in pairs))
    if max(depth, default=0) > DEEPEST:
        return {}
    try:
        parsed: dict[str, Any] = peppercorn.parse(pairs)
    except (ValueError, TypeError, AttributeError, IndexError):
        return {}
    control = {SUBMISSION_KEY, "submit", "revision"}
    return {name: value for name, value in parsed.items() if not name.startswith("_") and name not in control}


def _lines(request: Request, fields: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the kind asked and what was answered, in words, in the order of the form."""
    order = [name for name in fields if name in answers] + [name for name in answers if name not in fields]
    for name in order:
        field = fields.get(name)
        said = _said(request, field, answers[name])
        if said:
            yield (request.ui.show.text(field["labels"]) if field is not None else name), said


def _said(request: Request, field: dict[str, Any] | None, value: Any) -> str:
    if field is not None and (texts := dict(field.get("choices") or ())):
        chosen = value if isinstance(value, list) else [value]
        value = [texts.get(one, one) for one in _texts(chosen)]
        return words(request, field, {"text": value})
    if field is not None and field["type"] == "boolean":
        return request.ui.show.text(_("Yes"))
    if field is not None and field["type"] in ("staff", "unit"):
        return _name(request, field["type"], next(_texts(value), ""))
    return request.ui.show.text(_(", ")).join(text for text in _texts(value) if text.strip())


def _name(request: Request, kind: str, typed: str) -> str:
    id_ = parse_id(typed)
    if id_ is None:
        return ""
    return rows.unit_name(request, id_) if kind == "unit" else rows.user_name(request, id_)


def _texts(value: Any) -> Iterator[str]:
    """All that was typed in a field, also in its rows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


def _common_lines(request: Request, common: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The citizen's words and the title; how it came and who answers go along without being read out."""
    form = CommonForm()
    for word in ("text", "title"):
        if isinstance(common[word], str) and common[word].strip():
            yield request.ui.show.text(form[NAMES[word]].title), common[word]


def _shields(request: Request, fields: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    """Whether an answer names a member of staff whom the kind keeps it from: a general request keeps nobody out.

    Where the form is not known any more, each account that is named counts.
    """
    users = request.services.root.users
    for name, value in answers.items():
        if (fields[name].get("shields") if name in fields else not fields) and any(
            (parse_id(text) or 0) in users for text in _texts(value)
        ):
            return True
    return False


def _general(
    common: Mapping[str, Any], fields: Mapping[str, Any], answers: Mapping[str, Any],
    own: tuple[tuple[str, str], ...], title: str,
) -> Pairs:
    """The form of a general request: the citizen's words, below them everything else that was told."""
    told = "\n".join(f"{label}: {said}" for label, said in own)
    said = {word: common[word].strip() for word in ("text", "title") if isinstance(common[word], str)}
    text = "\n\n".join(part for part in (said.get("text", ""), told) if part)
    place = next((answers[name] for name, field in fields.items()
                  if field["type"] == "place" and isinstance(answers.get(name), str)), "")
    pairs = [("text", text), ("title", said.get("title", "") or title[:SHORT]), ("place", place),
             ("category", SOMETHING_ELSE)]
    return pairs + [(NAMES[word], value) for word in ("channel", "unit", "priority")
                    if isinstance(value := common[word] or START.get(word), str)]


def _files(pairs: Pairs, name: str) -> Pairs:
    """The files that were sent already, as the field of the general form sends them."""
    start, end = ("__start__", f"{name}:sequence"), ("__end__", f"{name}:sequence")
    if start not in pairs or end not in pairs:
        return []
    inner = pairs[pairs.index(start) + 1 : pairs.index(end)]
    return [("__start__", f"{NAMES['files']}:sequence"), *inner, ("__end__", f"{NAMES['files']}:sequence")]


def _keep(request: Request, contact: int, pairs: Pairs) -> str:
    """Keep the form of a general request; its address, "" where that kind is not offered or nothing can be kept."""
    offered = {one.type.id: one.type for one in request.services.types.offered()}
    if GENERAL not in offered or not request.has_permission(offered[GENERAL].permission):
        return ""
    path = f"/contacts/{contact}/requests/new/{GENERAL}"
    try:
        token = request.registry.crm_keeper.keep(request.login.user.id, path, pairs)
    except OSError:
        log.exception("what was typed could not be kept")
        return ""
    return f"{path}?{PARAMETER}={token}" if token else ""


def said_of_it(left: LeftOver) -> tuple[Text, Text]:
    """What happened, and what to do now."""
    what = (_("“${kind}” was put out while this was written.", mapping={"kind": left.title}) if left.title
            else _("This kind of request was put out while this was written."))
    if left.onward:
        return what, _("Nothing typed is lost: go on as a general request, the form is filled in.")
    if left.shields:
        return what, _("It names a member of staff who must not read it, so it cannot go on as a general request. "
                       "Copy what stands below, and ask your administrator when this kind is back.")
    return what, _("What you typed stands below: copy it, and register it elsewhere.")

"""Workflows as data: what is wrong with one, in words, and how it is frozen.

A workflow is a tuple of `StoredStatus`, the first of which is where requests begin, and a tuple of `StoredTransition`;
without any transition every status leads to every other one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, NamedTuple

from crm_core.contributions import RequestType
from crm_core.contributions import Transition as Declared
from crm_core.i18n import Labels, Text, TextFactory
from crm_core.model.interaction import Direction
from crm_core.model.request import Category, Request, StoredStatus
from crm_core.model.workflow import Level, StoredTransition
from crm_core.security.permissions import Role

_ = TextFactory("crm_core")

MOST_DAYS = 365
"""Days that each level of an approval may wait."""
FIELD = "field:"
"""Before the name of a field of the form in what a transition requires."""


class Requirement(NamedTuple):
    """Something that can be required of a request: ``title`` as the end of “this needs that …”, ``missing`` as the
    sentence for whoever meets it, and ``is_met`` of a request."""

    title: Text
    missing: Text
    is_met: Callable[[Request], bool]


def _was_told(request: Request) -> bool:
    return any(touch.direction == Direction.OUT for touch in (request.touches or {}).values())


REQUIREMENTS: Mapping[str, Requirement] = MappingProxyType({
    "assignee": Requirement(_("somebody is responsible"), _("Nobody is responsible yet."),
                            lambda request: request.assignee is not None),
    "unit": Requirement(_("a unit is responsible"), _("No unit is responsible yet."),
                        lambda request: request.unit is not None),
    "citizen": Requirement(_("the citizen is known"), _("The citizen is not known yet."),
                           lambda request: request.contact is not None),
    "documents": Requirement(_("there is a document"), _("There is no document yet."),
                             lambda request: bool(request.attachments)),
    "told": Requirement(_("the citizen was told something"), _("The citizen was told nothing yet."), _was_told),
    "due": Requirement(_("there is a deadline"), _("There is no deadline yet."),
                       lambda request: request.due is not None),
})
"""What a transition may require beside answers of the form, by its word."""


class Fault(NamedTuple):
    """What is wrong, and the status it is about ("" for the whole)."""

    text: Text
    status: str = ""


def faults(
    statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition], *, kept: Collection[str] = (),
    fields: Collection[str] = (),
) -> list[Fault]:
    """What is wrong with a workflow, worst first; nothing when requests can begin, go on and end in it.

    ``kept``: statuses that may lie beside the ways, since a plugin sets them itself; ``fields``: those of the form.
    """
    found = [*_status_faults(statuses), *_transition_faults(statuses, transitions, fields)]
    if found or not transitions:
        return found
    return _dead_ends(statuses, transitions, kept)


def _status_faults(statuses: Sequence[StoredStatus]) -> list[Fault]:
    if not statuses:
        return [Fault(_("There is no status."))]
    found = []
    names = [one.name for one in statuses]
    found += [Fault(_("Two statuses have the name “${name}”.", mapping={"name": name}), name)
              for name in dict.fromkeys(names) if names.count(name) > 1]
    if statuses[0].category == Category.CANCELLED:
        found.append(Fault(_("The first status would make every request a cancelled one."), names[0]))
    if all(Category(one.category).is_open for one in statuses):
        found.append(Fault(_("No status closes a request: it would stay open forever.")))
    return found


def _transition_faults(
    statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition], fields: Collection[str]
) -> list[Fault]:
    labels = {one.name: one.labels for one in statuses}
    found, seen = [], set()
    for way in transitions:
        for name in (way.source, way.target):
            if name not in labels:
                found.append(Fault(_("A way leads from or to the status “${name}”, which is not there.",
                                     mapping={"name": name}), name))
        if way.source == way.target:
            found.append(Fault(_("A way leads from “${name}” to itself.",
                                 mapping={"name": labels.get(way.source, way.source)}), way.source))
        if (way.source, way.target) in seen:
            found.append(Fault(_("There are two ways from “${from}” to “${to}”.", mapping={
                "from": labels.get(way.source, way.source), "to": labels.get(way.target, way.target)}), way.source))
        seen.add((way.source, way.target))
        found += [Fault(_("The way to “${to}” requires “${name}”, which does not exist.", mapping={
                      "to": labels.get(way.target, way.target), "name": name}), way.source)
                  for name in way.requires if not _exists(name, fields)]
        found += [Fault(_("The way to “${to}” is to be approved by “${role}”, a role that does not exist.", mapping={
                      "to": labels.get(way.target, way.target), "role": level.role}), way.source)
                  for level in way.approval if level.user is None and level.role not in list(Role)]
        if not 0 <= way.approval_days <= MOST_DAYS:
            found.append(Fault(_("An approval waits ${most} days at most.", mapping={"most": MOST_DAYS}), way.source))
    return found


def _exists(required: str, fields: Collection[str]) -> bool:
    return required.removeprefix(FIELD) in fields if required.startswith(FIELD) else required in REQUIREMENTS


def _dead_ends(
    statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition], kept: Collection[str]
) -> list[Fault]:
    """Statuses that nothing leads to, and open ones that lead to no end."""
    onward = [(way.source, way.target) for way in transitions]
    reached = _reach([statuses[0].name], onward)
    closing = [one.name for one in statuses if not Category(one.category).is_open]
    ending = _reach(closing, [(target, source) for source, target in onward])
    unreached = [one for one in statuses if one.name not in reached and one.name not in kept]
    stuck = [one for one in statuses if Category(one.category).is_open and one.name not in ending
             and (one.name in reached or one.name not in kept)]
    return [
        *(Fault(_("From “${name}” no way leads to an end: a request there could never be closed.",
                  mapping={"name": one.labels}), one.name) for one in stuck),
        *(Fault(_("No way leads to “${name}”: no request could ever get there.", mapping={"name": one.labels}),
                one.name) for one in unreached),
    ]


def _reach(start: Iterable[str], ways: Collection[tuple[str, str]]) -> set[str]:
    """All that can be reached from ``start``, itself too."""
    found = set(start)
    while more := {target for source, target in ways if source in found} - found:
        found |= more
    return found


def frozen(type_: RequestType, labels: Callable[[Text], Labels]) -> tuple[StoredTransition, ...]:
    """The transitions that a request type declares, each with one source, and its words in every language."""
    names = [status.name for status in type_.statuses]
    return tuple(
        StoredTransition(source, way.target, labels(way.title) if way.title else {}, way.permission, way.requires,
                         tuple(labels(line) for line in way.checklist),
                         tuple(Level(role=level.role, own_unit=level.own_unit) for level in way.approval),
                         way.approval_days)
        for way in type_.transitions for source in _sources(way, names)
    )


def _sources(way: Declared, names: Iterable[str]) -> Iterable[str]:
    return way.sources or (name for name in names if name != way.target)


# ── as plain data ────────────────────────────────────────────────────────────────────────────────────────────


def plain(statuses: Iterable[StoredStatus], transitions: Iterable[StoredTransition]) -> dict[str, Any]:
    """A workflow as plain data: what administrators edit, and what digests are made of."""
    return {
        "statuses": [{"name": one.name, "category": one.category, "labels": dict(one.labels),
                      **({"stage": dict(one.stage)} if one.stage else {})} for one in statuses],
        "transitions": [plain_way(one) for one in transitions],
    }


def plain_way(way: StoredTransition) -> dict[str, Any]:
    """A transition as plain data."""
    return {"source": way.source, "target": way.target, "labels": dict(way.labels), "permission": way.permission,
            "requires": list(way.requires), "checklist": [dict(line) for line in way.checklist],
            **({"approval": [asdict(level) for level in way.approval], "approval_days": way.approval_days}
               if way.approval else {})}


def statuses_of(definition: Mapping[str, Any]) -> tuple[StoredStatus, ...]:
    """The statuses of a workflow that is plain data."""
    return tuple(StoredStatus(one["name"], one["category"], dict(one["labels"]), dict(one["stage"])
                              if one.get("stage") else None) for one in definition["statuses"])


def transitions_of(definition: Mapping[str, Any]) -> tuple[StoredTransition, ...]:
    """The transitions of a workflow that is plain data."""
    return tuple(
        StoredTransition(one["source"], one["target"], dict(one["labels"]), one["permission"], tuple(one["requires"]),
                         tuple(dict(line) for line in one["checklist"]),
                         tuple(Level(**level) for level in one.get("approval", ())), one.get("approval_days", 0))
        for one in definition["transitions"])

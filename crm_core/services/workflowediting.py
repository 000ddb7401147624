"""Editing the workflow of a kind: a draft beside the one in force, refused with words while it cannot work.

An edition that was put into force is never changed: running requests keep theirs, new ones get the newest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crm_core.errors import Invalid, NotFound, StaleChange
from crm_core.fields import SHORT
from crm_core.i18n import LANGUAGES, Labels, Text, TextFactory
from crm_core.model.plain import digest
from crm_core.model.request import Category
from crm_core.model.workflow import Level, StoredTransition
from crm_core.registry import Published
from crm_core.security.permissions import Permission, Role
from crm_core.services.context import Context
from crm_core.services.fitting import text_errors
from crm_core.services.types import Types
from crm_core.workflow import MOST_DAYS, Fault, faults, plain, plain_way, statuses_of, transitions_of

_ = TextFactory("crm_core")
MOST_STATUSES = 30
MOST_LEVELS = 3
"""Levels of one approval."""
MOST_LINES = 12
"""Lines of the checklist of one way."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

Definition = dict[str, Any]


class WorkflowEditing:
    """Every verb changes the draft, and is refused where somebody else changed it since it was ``seen`` (`mark`)."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.types = Types(context)

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def in_force(self, published: Published) -> Definition:
        """The workflow that new requests of a kind get, as plain data (`crm_core.workflow.plain`)."""
        now = self.types.in_force(published)
        return plain(now.statuses, now.transitions)

    def draft(self, published: Published) -> Definition | None:
        """What is being worked on; None while nobody does."""
        draft: Definition | None = self.types.settings(published.type.id).draft
        return draft

    def shown(self, published: Published) -> Definition:
        """The draft, else what is in force."""
        return self.draft(published) or self.in_force(published)

    def mark(self, published: Published) -> str:
        """Short for what `shown` gives now."""
        return digest(self.shown(published))[:16]

    def faults(self, published: Published, definition: Definition | None = None) -> list[Fault]:
        """What is wrong with the draft, or with ``definition``."""
        definition = definition or self.shown(published)
        return faults(statuses_of(definition), transitions_of(definition), kept=self.own(published),
                      fields=[field["name"] for field in published.form["fields"]])

    @staticmethod
    def own(published: Published) -> frozenset[str]:
        """The statuses of the plugin: it may set them itself, so they stay."""
        return frozenset(one.name for one in published.statuses)

    def is_outdated(self, published: Published) -> bool:
        """Whether the plugin has brought another workflow since this organisation made its own."""
        edition = self.types.settings(published.type.id).workflow
        return edition is not None and edition["base"] != base_of(published)

    # ── statuses ─────────────────────────────────────────────────────────────────────────────────────────

    def set_status(self, published: Published, name: str, *, labels: Mapping[str, str], category: str,
                   stage: Mapping[str, str] | None = None, seen: str | None = None) -> None:
        """Add a status behind the others, or change the one called ``name``. Raises Invalid, Forbidden, StaleChange."""
        draft = self._begin(published, seen)
        found = next((one for one in draft["statuses"] if one["name"] == name), None)
        errors = _words_errors(labels, needed=True) | {
            f"stage_{name}": text for name, text in _words_errors(stage or {}, needed=False).items()}
        if found is None and not _NAME.fullmatch(name):
            errors["name"] = _("A name is lower-case Latin letters, digits and _, such as “inspection”.")
        if found is None and len(draft["statuses"]) >= MOST_STATUSES:
            errors["name"] = _("A workflow has ${most} statuses at most.", mapping={"most": MOST_STATUSES})
        if category not in list(Category):
            errors["category"] = _("Choose one of those offered.")
        fixed = next((one.category for one in published.statuses if one.name == name), category)
        if category != fixed:
            errors["category"] = _("Its plugin counts on what this status means; the name can be changed.")
        if errors:
            raise Invalid(errors)
        status = {"name": name, "category": category, "labels": _labels(labels)}
        if any((stage or {}).values()):
            status["stage"] = _labels(stage or {})
        if found is None:
            draft["statuses"].append(status)
        else:
            draft["statuses"][draft["statuses"].index(found)] = status
        self._keep(published, draft)

    def remove_status(self, published: Published, name: str, *, seen: str | None = None) -> None:
        """Take a status out, with the ways from and to it. Raises Invalid for one of the plugin's, NotFound."""
        draft = self._begin(published, seen)
        if name in self.own(published):
            raise Invalid({"": _("Its plugin may set this status itself, so it stays. Remove the ways that lead to "
                                 "it.")})
        if all(one["name"] != name for one in draft["statuses"]):
            raise NotFound
        draft["statuses"] = [one for one in draft["statuses"] if one["name"] != name]
        draft["transitions"] = [one for one in draft["transitions"] if name not in (one["source"], one["target"])]
        self._keep(published, draft)

    def move_status(self, published: Published, name: str, places: int, *, seen: str | None = None) -> None:
        """Let a status change places with one before (-1) or behind it (1); the first one stays the first."""
        draft = self._begin(published, seen)
        names = [one["name"] for one in draft["statuses"]]
        if name not in names:
            raise NotFound
        here = names.index(name)
        there = min(max(here + places, 1), len(names) - 1)
        if here == 0 or there == here:
            return
        draft["statuses"].insert(there, draft["statuses"].pop(here))
        self._keep(published, draft)

    # ── transitions ──────────────────────────────────────────────────────────────────────────────────────

    def set_transition(self, published: Published, way: StoredTransition, *, seen: str | None = None) -> None:
        """Add a way, or change the one between the same statuses. Raises Invalid, Forbidden, StaleChange.

        The first one makes the others of a kind in which every status led to every other one: what was possible stays
        possible until it is taken out.
        """
        draft = self._begin(published, seen)
        errors = _words_errors(way.labels, needed=False) | self._way_errors(published, draft, way)
        if errors:
            raise Invalid(errors)
        stored = plain_way(way)
        if not draft["transitions"]:
            draft["transitions"] = every_way(draft)
        kept = [one for one in draft["transitions"] if (one["source"], one["target"]) != (way.source, way.target)]
        draft["transitions"] = sorted([*kept, stored], key=lambda one: _order(draft, one))
        self._keep(published, draft)

    def set_ways_out(self, published: Published, source: str, targets: list[str], *, seen: str | None = None) -> None:
        """Let exactly the statuses ``targets`` follow ``source``; ways that stay keep what they require."""
        draft = self._begin(published, seen)
        names = [one["name"] for one in draft["statuses"]]
        if source not in names:
            raise NotFound
        if unknown := [name for name in targets if name not in names or name == source]:
            raise Invalid({"targets": _("There is no status “${name}” to go to.", mapping={"name": unknown[0]})})
        ways = draft["transitions"] or every_way(draft)
        stay = {one["target"]: one for one in ways if one["source"] == source}
        new = [stay.get(target) or plain_way(StoredTransition(source, target, {}))
               for target in targets]
        draft["transitions"] = sorted([*(one for one in ways if one["source"] != source), *new],
                                      key=lambda one: _order(draft, one))
        self._keep(published, draft)

    def _way_errors(self, published: Published, draft: Definition, way: StoredTransition) -> dict[str, Text]:
        errors: dict[str, Text] = {}
        names = [one["name"] for one in draft["statuses"]]
        if way.source not in names or way.target not in names or way.source == way.target:
            errors["target"] = _("Choose one of those offered.")
        if way.permission and way.permission not in self.permissions(published):
            errors["permission"] = _("Choose one of those offered.")
        if len(way.approval) > MOST_LEVELS:
            errors["approval"] = _("An approval has ${most} levels at most.", mapping={"most": MOST_LEVELS})
        if not all(self._is_level(level) for level in way.approval):
            errors["approval"] = _("Choose one of those offered.")
        if not 0 <= way.approval_days <= MOST_DAYS:
            errors["approval_days"] = _("An approval waits ${most} days at most.", mapping={"most": MOST_DAYS})
        if len(way.checklist) > MOST_LINES:
            errors["checklist"] = _("A checklist has ${most} lines at most.", mapping={"most": MOST_LINES})
        for line in way.checklist:
            for text in text_errors({name: (words, SHORT) for name, words in line.items()}).values():
                errors["checklist"] = text
        return errors

    def _is_level(self, level: Level) -> bool:
        """Whether a person of a level is here and can decide, or its role exists and its unit is open."""
        user = self.context.root.users.get(level.user or 0)
        unit = self.context.root.units.get(level.unit or 0)
        if level.user is not None:
            return user is not None and user.active
        return level.role in list(Role) and (level.unit is None or (unit is not None and unit.active))

    def permissions(self, published: Published) -> list[str]:
        """The permissions that a way may ask for: those about requests, and those of the kind's plugin."""
        core = [one.value for one in Permission if one.value.startswith("request.")]
        return [*core, *(id_ for id_ in self.context.registry.permissions if id_.startswith(published.plugin + "."))]

    # ── into force ───────────────────────────────────────────────────────────────────────────────────────

    def discard(self, published: Published, *, seen: str | None = None) -> None:
        """Throw the draft away. Raises NotFound where there is none."""
        self._begin(published, seen)
        settings = self.types.settings(published.type.id)
        if settings.draft is None:
            raise NotFound
        self._write(settings, {"draft": None}, [_short(settings.draft), None])

    def put_into_force(self, published: Published, note: str = "", *, seen: str | None = None) -> int:
        """Make the draft what new requests get; its number. Raises Invalid while something is wrong with it."""
        draft = self._begin(published, seen)
        settings = self.types.settings(published.type.id)
        if settings.draft is None or draft == self.in_force(published):
            raise Invalid({"": _("Nothing differs from what is in force.")})
        found = self.faults(published, draft)
        errors = text_errors({"note": (note.strip(), SHORT)})
        if found or errors:
            raise Invalid(errors | ({"": found[0].text} if found else {}))
        return self._edition(published, draft, note)

    def back_to_plugin(self, published: Published, note: str = "") -> int:
        """Let the plugin's own workflow hold again for new requests. Raises NotFound where it does."""
        self.context.identity.demand(Permission.ADMIN)
        if self.types.settings(published.type.id).workflow is None:
            raise NotFound
        return self._edition(published, None, note)

    def _edition(self, published: Published, definition: Definition | None, note: str) -> int:
        settings = self.types.settings(published.type.id)
        number = 1 + len(settings.workflows)
        edition = {"number": number, "at": self.context.now, "by": self.context.identity.user_id, "note": note.strip(),
                   "base": base_of(published), "definition": definition}
        before = settings.workflow
        self._write(settings, {"workflows": (*settings.workflows, edition), "draft": None},
                    [before["number"] if before else 0, number if definition is not None else 0])
        return number

    def _begin(self, published: Published, seen: str | None) -> Definition:
        """A copy of what is shown, to be changed. Raises StaleChange where that is not what was seen."""
        self.context.identity.demand(Permission.ADMIN)
        if seen is not None and seen != self.mark(published):
            raise StaleChange({})
        shown = self.shown(published)
        return plain(statuses_of(shown), transitions_of(shown))

    def _keep(self, published: Published, draft: Definition) -> None:
        settings = self.types.settings(published.type.id)
        self.types.keep(settings)
        if draft != settings.draft:
            self._write(settings, {"draft": draft}, [_short(settings.draft), _short(draft)])

    def _write(self, settings: Any, values: Mapping[str, Any], change: list[Any]) -> None:
        """Whole definitions are no reading for the audit: it gets their short marks, or the numbers of editions."""
        for name, value in values.items():
            setattr(settings, name, value)
        settings.revision += 1
        settings.modified = self.context.now
        field = "workflow" if "workflows" in values else "draft"
        self.context.audit(settings, "workflow", {field: change})
        self.context.journal.write("type.changed", ("type", settings.id), self.context.now, None, (field,))


def base_of(published: Published) -> str:
    """Short for the workflow a plugin brings."""
    return digest(plain(published.statuses, published.transitions))[:16]


def every_way(definition: Definition) -> list[dict[str, Any]]:
    """The ways of a workflow without any, in which every status leads to every other one."""
    names = [one["name"] for one in definition["statuses"]]
    return [plain_way(StoredTransition(source, target, {})) for source in names for target in names if source != target]


def _order(definition: Definition, way: Mapping[str, Any]) -> tuple[int, int]:
    names = [one["name"] for one in definition["statuses"]]
    return names.index(way["source"]), names.index(way["target"])


def _short(definition: Definition | None) -> str | None:
    return None if definition is None else digest(definition)[:8]


def _labels(words: Mapping[str, str]) -> Labels:
    """Words in every language; what is left out in one is said in another."""
    said = {language: str(words.get(language) or "").strip() for language in LANGUAGES}
    other = next((one for one in said.values() if one), "")
    return {language: one or other for language, one in said.items()}


def _words_errors(words: Mapping[str, str], *, needed: bool) -> dict[str, Text]:
    errors = text_errors({f"label_{language}": (str(one), SHORT) for language, one in words.items()})
    if needed and not any(str(one).strip() for one in words.values()):
        errors[f"label_{LANGUAGES[0]}"] = _("A status needs a name.")
    return errors

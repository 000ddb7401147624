"""How the installation is, part by part in words, and the same as JSON for monitoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from crm_core.health import Part, as_json, health, worst
from crm_core.i18n import Text, TextFactory
from crm_core.security.permissions import Permission
from crm_views.admin import health_upkeep
from crm_views.admin.column import views

if TYPE_CHECKING:
    from pyramid.request import Request

    from crm_views.components.ui import Category

_ = TextFactory("crm_views")

TONES: dict[str, tuple[Category, Text]] = {
    "good": ("done", _("All is well")),
    "warn": ("waiting", _("Look at this")),
    "bad": ("late", _("Needs you")),
}
WARNING = "exclamation-circle"
PARTS: dict[str, tuple[Text, str]] = {
    "search": (_("Full text"), "search"),
    "journal": (_("Journal"), "journal-text"),
    "storage": (_("Storage"), "hdd"),
    "disk": (_("Free disk"), "hdd"),
    "backup": (_("Backup"), "box-arrow-in-down"),
    "pack": (_("Old revisions"), "hdd"),
    "plugins": (_("Plugins"), "plug"),
    "background": (_("Background work"), "arrow-repeat"),
    "projections": (_("Derived tables"), "card-list"),
    "queues": (_("What plugins do with what happened"), "plug"),
    "letters": (_("What could not be done"), "exclamation-circle"),
    "data": (_("Data"), "people"),
    "clock": (_("Clock"), "clock"),
    "versions": (_("Versions"), "info-circle"),
}
THREAD_WORDS: dict[str, Text] = {
    "crm-projection-search": _("the indexer of full text"),
    "crm-readers": _("what plugins read of what happened"),
    "crm-effects": _("what plugins do outside of the desk"),
    "crm-timers": _("timers"),
    "crm-jobs": _("what is done at its time"),
}
MODES: dict[str, Text] = {
    "here": _("in this server"), "worker": _("in “crm worker”"), "none": _("not in this process"),
}
LEADS_TO: dict[str, str] = {"letters": "/admin/health/letters"}
"""Where one decides about what is not well."""
Facts = list[tuple[str, str, bool]]
"""(label, words, whether they are a code)"""


@view_config(route_name="admin_health", request_method="GET", permission=Permission.ADMIN.value,
             renderer="crm_views:templates/admin/health.pt")
def page(request: Request) -> dict[str, Any]:
    parts = health(request.crm_app, request.services)
    return {
        "title": _("Health"),
        "views": views(request),
        "when": request.ui.show.time(request.services.now),
        "state": request.ui.status(*TONES[worst(parts)], icon="" if worst(parts) == "good" else WARNING),
        "parts": [_row(request, part) for part in parts],
    }


@view_config(route_name="admin_health_json", request_method="GET", permission=Permission.ADMIN.value, renderer="json")
def for_monitoring(request: Request) -> dict[str, Any]:
    """The facts of the page with a ``status`` of the whole: good, warn or bad."""
    return as_json(health(request.crm_app, request.services), request.services.now)


def _row(request: Request, part: Part) -> dict[str, Any]:
    title, icon = PARTS.get(part.name, (part.name, "info-circle"))
    return {
        "name": part.name, "title": title, "icon": icon, "tone": part.tone,
        "badge": "" if part.tone == "good" else request.ui.status(*TONES[part.tone], icon=WARNING),
        "sentence": sentence(request, part),
        "facts": _facts(request, part),
        "href": LEADS_TO.get(part.name, "") if part.tone != "good" else "",
    }


def sentence(request: Request, part: Part) -> str:
    """One sentence that says how it is, and where something is wrong, what to do."""
    describe = _SENTENCES[part.name]
    return str(request.ui.show.text(describe(request, part.facts, part.tone)))


def _search(request: Request, facts: dict[str, Any], tone: str) -> Text:
    if facts["backend"] == "none":
        return _("Full text is switched off in the settings; names, numbers and codes are found all the same.")
    if "error" in facts:
        return _("Full text does not answer. Run “crm reindex”; names, numbers and codes are found all the same.")
    if facts["lag"] is None:
        return _("The index is being built. Names, numbers and codes are found already.")
    if facts["lag"] == 0:
        return _("Full text knows everything.")
    if tone == "good":
        return _("Full text is ${count} changes behind and follows.", mapping={"count": facts["lag"]})
    return _("Full text is ${count} changes behind. If that does not shrink, look into the server's log.",
             mapping={"count": facts["lag"]})


def _journal(request: Request, facts: dict[str, Any], tone: str) -> Text:
    return _("Entries of the desk: about ${desk}; of imports: about ${imports}.", mapping=facts)


def _storage(request: Request, facts: dict[str, Any], tone: str) -> Text:
    show = request.ui.show
    return _("${database} of data, ${blobs} of files, ${index} of full text.", mapping={
        name: show.size(facts[name]) for name in ("database", "blobs", "index")})


def _disk(request: Request, facts: dict[str, Any], tone: str) -> Text:
    sizes = {name: request.ui.show.size(facts[name]) for name in ("free", "total")}
    if tone == "good":
        return _("${free} of ${total} are free.", mapping=sizes)
    return _("Only ${free} of ${total} are free. Make room soon: nothing can be saved on a full disk.", mapping=sizes)


def _plugins(request: Request, facts: dict[str, Any], tone: str) -> Text:
    rows = facts["plugins"]
    failed = [row["id"] for row in rows if row["state"] == "failed"]
    stumbled = [row["id"] for row in rows if row["failures"] and row["state"] != "failed"]
    comma = request.ui.show.text(_(", "))
    if failed:
        return _("Not running: ${names}. The desk works without; no data of theirs is lost.",
                 mapping={"names": comma.join(failed)})
    if stumbled:
        return _("Running, with a fault since the start: ${names}.", mapping={"names": comma.join(stumbled)})
    return _("${count} installed, all run.", mapping={"count": len(rows)}) if rows else _("No plugin is installed.")


def _background(request: Request, facts: dict[str, Any], tone: str) -> Text:
    if tone == "bad" and facts["mode"] == "worker":
        return _("No worker is at work. Start “crm worker”; until then full text, messages and jobs wait.")
    if tone == "bad":
        return _("Something that works in the background has stopped. Start the server again.")
    if tone == "warn":
        return _("Nobody works in the background: full text, messages and jobs wait. Start “crm worker”, or set "
                 "crm.background to “here”.")
    if facts["threads"]:
        return _("Everything that works in the background is alive.")
    if facts["processes"]:
        return _("${count} processes work in the background.", mapping={"count": len(facts["processes"])})
    return _("This process has no work in the background.")


def _projections(request: Request, facts: dict[str, Any], tone: str) -> Text:
    rows = facts["projections"]
    if tone == "bad":
        return _("Something fails and is tried again and again; the server's log says why.")
    if any(row["lag"] is None for row in rows):
        return _("Something is being built; it follows by itself.")
    behind = max(row["lag"] for row in rows)
    if not behind:
        return _("Everything is up to date.")
    return _("At most ${count} changes behind.", mapping={"count": behind})


def _queues(request: Request, facts: dict[str, Any], tone: str) -> Text:
    if any(row["failures"] for row in facts["queues"]):
        return _("Something fails now and is tried again by itself.")
    if tone != "good":
        return _("Something waits longer than it should. Is the background work alive?")
    waiting = sum(row["waiting"] + row["again"] for row in facts["queues"])
    return _("${count} things wait to be done.", mapping={"count": waiting}) if waiting else _("Nothing waits.")


def _letters(request: Request, facts: dict[str, Any], tone: str) -> Text:
    if tone == "good":
        return _("Everything could be done.")
    if not facts["uncertain"]:
        return _("${dead} could not be done in many tries. Decide about each.", mapping=facts)
    if not facts["dead"]:
        return _("Of ${uncertain} nobody knows whether it was done. Decide about each.", mapping=facts)
    return _("${dead} could not be done in many tries, and of ${uncertain} nobody knows whether it was done. "
             "Decide about each.", mapping=facts)


def _data(request: Request, facts: dict[str, Any], tone: str) -> Text:
    if facts["steps_waiting"]:
        return _("The stored data has an older layout. Start the server again; it brings it up to date.")
    return _("${users} accounts and ${units} units; the layout is the newest.", mapping=facts)


def _clock(request: Request, facts: dict[str, Any], tone: str) -> Text:
    return _("It is ${time} here; compare it with your own clock.",
             mapping={"time": request.ui.show.datetime(facts["now"])})


def _versions(request: Request, facts: dict[str, Any], tone: str) -> Text:
    return _("Core ${core}, API ${api}, Python ${python}.", mapping={
        name: request.ui.show.digits(facts[fact]) for name, fact in (
            ("core", "crm-core"), ("api", "api"), ("python", "python"))})


_SENTENCES: dict[str, Any] = {
    "search": _search, "journal": _journal, "storage": _storage, "disk": _disk,
    "backup": health_upkeep.backup, "pack": health_upkeep.pack, "plugins": _plugins,
    "background": _background, "projections": _projections, "queues": _queues, "letters": _letters, "data": _data,
    "clock": _clock, "versions": _versions,
}


def _facts(request: Request, part: Part) -> Facts:
    """More of a part, for those who want to know."""
    show, facts = request.ui.show, part.facts
    if part.name == "plugins":
        return [(row["id"], " · ".join(word for word in (row["version"], row["state"], row["reason"]) if word), True)
                for row in facts["plugins"]]
    if part.name in _MORE:
        return _MORE[part.name](request, facts)
    if part.name == "versions":
        return [(name, str(version), True) for name, version in facts.items()]
    if part.name == "storage":
        at_least = [show.text(_("Of the files only the first ${count} were counted.", mapping={"count": 20_000}))] if (
            facts["blobs_at_least"] or facts["index_at_least"]) else []
        return [(show.text(_("Storage")), facts["storage"], True),
                (show.text(_("Objects in it")), show.number(facts["objects"]), False),
                *((show.text(_("Note")), words, False) for words in at_least)]
    if part.name == "search":
        return [(show.text(_("Backend")), facts["backend"], True),
                *((show.text(_("What it says")), facts[name], True) for name in ("error",) if name in facts)]
    if part.name == "backup":
        return health_upkeep.backup_facts(request, facts)
    if part.name == "pack":
        return health_upkeep.pack_facts(request, facts)
    if part.name == "clock":
        return [(show.text(_("Time zone")), facts["timezone"], True)]
    return []


def _background_facts(request: Request, facts: dict[str, Any]) -> Facts:
    show = request.ui.show
    yes, no = show.text(_("alive")), show.text(_("stopped"))
    where = [(show.text(_("Where it is done")), show.text(MODES.get(facts["mode"], facts["mode"])), False)]
    threads = [(show.text(THREAD_WORDS.get(name, name)), yes if alive else no, False)
               for name, alive in facts["threads"].items()]
    others = [(f"{one['what']} · {one['host']} · {one['pid']}",
               show.text(_("since ${when}", mapping={"when": show.datetime(one["since"])})), False)
              for one in facts["processes"]]
    return [*where, *threads, *others]


def _projection_facts(request: Request, facts: dict[str, Any]) -> Facts:
    show = request.ui.show
    return [(show.text(row["title"]), row["error"] or behind(request, row["lag"]), bool(row["error"]))
            for row in facts["projections"]]


def _queue_facts(request: Request, facts: dict[str, Any]) -> Facts:
    show = request.ui.show
    rows = [(show.text(row["title"]), row["error"] or behind(request, row["waiting"] + row["again"]),
             bool(row["error"])) for row in facts["queues"]]
    if facts["timers"]:
        words = _("${count} set, the next one for ${when}",
                  mapping={"count": facts["timers"], "when": show.datetime(facts["next_timer"])})
        rows.append((show.text(_("Timers")), show.text(words), False))
    return rows


def behind(request: Request, lag: int | None) -> str:
    """How far a reader is behind by ``lag`` changes, in words; None while what it fills is built."""
    if lag == 0:
        return str(request.ui.show.text(_("up to date")))
    if lag is None:
        return str(request.ui.show.text(_("being built")))
    return str(request.ui.show.text(_("${count} changes behind", mapping={"count": lag})))


_MORE: dict[str, Callable[[Request, dict[str, Any]], Facts]] = {
    "background": _background_facts, "projections": _projection_facts, "queues": _queue_facts,
}

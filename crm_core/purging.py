"""Taking everything of an absent plugin out of an installation: first exported as plain JSON, then removed.

The export is one consistent look at the database; it stands complete in its folder before anything is removed. Removing
runs in small transactions and may be stopped and begun again; a request that changed since it was exported stays, which
is said. Conversations stay with their citizens: what somebody was told is still his history. Those about nothing but
requests that were kept from somebody go, and are exported: nothing would keep them from him any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from crm_core.app import App
from crm_core.errors import CrmError, NotFound
from crm_core.host import PluginHost
from crm_core.i18n import TextFactory
from crm_core.model.contact import Contact
from crm_core.model.timeline import Header
from crm_core.purgecopy import Seen, export, groups_of, is_guarded, requests_of, state
from crm_core.scans import lightly
from crm_core.security.identity import Identity
from crm_core.services import Services
from crm_core.services.notices import forget_notices
from crm_core.services.plugins import is_of
from crm_core.services.touches import keys_of, remove_touch, take_out
from crm_core.services.work import Work

_ = TextFactory("crm_core")
Progress = Callable[[int, int], None]
BATCH = 50
"""Requests or contacts a transaction: few enough that people who write at the same time hardly ever meet it."""


def purge(app: App, plugin: str, folder: Path, progress: Progress, identity: Identity) -> dict[str, Any]:
    """Export what is stored of ``plugin`` into the new or empty ``folder``, then remove it; what it was
    called, the counts of both, and as ``left`` how many requests changed meanwhile and stayed.

    Raises NotFound for a plugin of which nothing is stored, and CrmError while it takes part or for a folder that holds
    something already.
    """
    with app.reading() as services:
        if plugin not in services.plugins.stored():
            raise NotFound(_("Nothing is stored of a plugin “${plugin}”.", mapping={"plugin": plugin}))
        title = services.plugins.title(plugin)  # as it was last called: what is left knows nothing of it
    _demand_absent(app.host, plugin)
    counts, seen = export(app, plugin, folder)
    removed = remove(app, plugin, seen, identity, progress)
    left = counts["requests"] - removed["requests"]
    return {"title": title, "exported": counts, "removed": removed, "left": left, "folder": str(folder)}


def _demand_absent(host: PluginHost, plugin: str) -> None:
    if host.is_enabled(plugin):
        raise CrmError(_("“${plugin}” takes part. Disable or uninstall it first.", mapping={"plugin": plugin}))


def remove(
    app: App, plugin: str, seen: Mapping[int, Seen], identity: Identity, progress: Progress
) -> dict[str, int]:
    """Remove what is stored of a plugin, batch by batch; how many requests, records and contacts' groups went.

    Only requests that are as they were ``seen`` go; while others stay, so do the definitions they need.
    """
    with app.reading() as services:
        contacts = [one.id for one in lightly(services.root, services.root.contacts.values()) if groups_of(one, plugin)]
    gone = {"requests": 0, "contact_fields": 0}
    total = len(seen) + len(contacts)
    for name, ids, work in (("requests", list(seen), partial(_remove_request, seen=seen)),
                            ("contact_fields", contacts, partial(_remove_fields, plugin=plugin))):
        waiting = iter(ids)
        while batch := list(islice(waiting, BATCH)):
            gone[name] += app.run(_each(work, batch, plugin), identity, "plugin purge", bulk=True)
            progress(sum(gone.values()), total)

    with app.reading() as services:
        is_empty = next(requests_of(services, plugin), None) is None

    def rest(services: Services) -> int:
        _demand_absent(services.context.host, plugin)
        records = _remove_records(services, plugin)
        if is_empty:
            _remove_definitions(services, plugin)
        services.plugins.note_purge(plugin, {**gone, "collections": records})
        return records

    return {**gone, "collections": app.run(rest, identity, "plugin purge")}


def _each(work: Callable[[Services, int], bool], ids: list[int], plugin: str) -> Callable[[Services], int]:
    def run(services: Services) -> int:
        _demand_absent(services.context.host, plugin)
        return sum(work(services, id_) for id_ in ids)

    return run


def _remove_request(services: Services, id_: int, seen: Mapping[int, Seen]) -> bool:
    root = services.root
    request = root.requests.get(id_)
    if request is None or state(request) != seen[id_]:
        return request is None
    services.context.count_on(request)  # who changes it at this moment begins again, and finds it gone
    Work(root).remove(request)
    services.approvals.forget(request)
    contact = None if request.contact is None else root.contacts.get(request.contact)
    if contact is not None:
        for event in request.events.values():
            take_out(contact, event.at, event)
        del contact.requests[id_]
        for promise in [one for one in (contact.promises or {}).values() if one.request == id_ and is_guarded(request)]:
            services.promises.forget(promise)
    for touch in list((request.touches or {}).values()):
        others = tuple(other for other in touch.requests if other != id_)
        if is_guarded(request) and not any(other in root.requests for other in others):
            remove_touch(services.context, touch, touch.contact)
            continue
        touch.requests = others
        holder = None if touch.contact is None else root.contacts.get(touch.contact)
        if holder is not None:
            _tell_header(holder, touch)
    if request.external and (key := f"request:{request.external}") in root.indexes.external:
        del root.indexes.external[key]
    forget_notices(root, requests=[id_])
    del root.indexes.codes[request.code]
    del root.requests[id_]
    root.tombstones[id_] = services.now
    services.context.journal.write("request.purged", ("request", id_), services.now, request.contact)
    return True


def remove_again(services: Services, id_: int) -> str:
    """Remove a request or conversation that was removed before and came back with an older state of the data: which
    kind it is, "" where it is neither."""
    root = services.root
    if id_ in root.requests:
        _remove_request(services, id_, {id_: state(root.requests[id_])})
        return "requests"
    if id_ in root.interactions:
        touch = root.interactions[id_]
        remove_touch(services.context, touch, touch.contact)
        return "interactions"
    return ""


def _tell_header(contact: Contact, touch: Any) -> None:
    """The history's short word of a conversation names no request that is gone."""
    for key in keys_of(contact, touch.started, touch):
        header: Header = contact.timeline[key]
        contact.timeline[key] = header._replace(requests=touch.requests)


def _remove_fields(services: Services, id_: int, plugin: str) -> bool:
    contact = services.root.contacts.get(id_)
    if contact is not None:
        services.contact_fields.forget(contact, [f"{group}.{name}" for group, submission in groups_of(contact, plugin)
                                                 for name in submission.answers])
    return contact is not None


def _remove_records(services: Services, plugin: str) -> int:
    """The collections with their indexes; how many records went."""
    root = services.root
    names = [name for name in root.collections if is_of(plugin, name)]
    records = sum(len(root.collections[name].items) for name in names)
    for name in names:
        del root.collections[name]
    return records


def _remove_definitions(services: Services, plugin: str) -> None:
    """Kinds, forms, what was decided about them, and how far background work was."""
    root = services.root
    if root.timers is not None:
        root.timers.forget(lambda kind: is_of(plugin, kind))
    # Channels stay: conversations keep their words.
    for tree in (root.jobs, root.readers, root.effects, root.contact_fields):
        for id_ in [id_ for id_ in tree or () if is_of(plugin, id_)]:
            del tree[id_]
    for tree, of in ((root.current_types, lambda id_, _value: id_), (root.type_settings, lambda id_, _value: id_),
                     (root.types, lambda _id, version: version.type_id),
                     (root.forms, lambda _id, form: str(form.definition.get("form", "")))):
        for id_ in [id_ for id_, value in tree.items() if is_of(plugin, of(id_, value))]:
            if tree is root.types:
                services.context.count_on(tree[id_])  # who registers such a request at this moment begins again
            del tree[id_]

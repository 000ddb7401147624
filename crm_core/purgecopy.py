"""What is stored of a plugin as plain JSON in a folder, for the day when it is removed from the installation.

The copy is one consistent look at the database. It says of each request how it was, so that what changes meanwhile is
not removed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crm_core import copies
from crm_core.app import App
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.request import Request
from crm_core.scans import lightly
from crm_core.services import Services
from crm_core.services.plugins import is_of
from crm_core.workflow import plain_way

Seen = tuple[int, int, int]
"""How a request was: its revision, and how many events and conversations it had."""


def export(app: App, plugin: str, folder: Path) -> tuple[dict[str, int], dict[int, Seen]]:
    """Write one JSON object a line into ``requests.jsonl``, ``conversations.jsonl`` (those that will go),
    ``collections.jsonl``, ``contact_fields.jsonl`` and ``definitions.jsonl`` (forms, kinds and decided settings, with
    all words), the files below ``files/``, and last ``manifest.json`` with counts and SHA-256 digests. Times are ms
    UTC, ids text.

    The counts, and of each request by its id how it was.
    """
    copies.begin(folder)
    with app.reading() as services:
        counts = {
            "requests": _write(folder / "requests.jsonl", _requests(services, plugin, folder)),
            "conversations": _write(folder / "conversations.jsonl", _conversations(services, plugin, folder)),
            "collections": _write(folder / "collections.jsonl", _records(services, plugin)),
            "contact_fields": _write(folder / "contact_fields.jsonl", _contact_fields(services, plugin)),
            "definitions": _write(folder / "definitions.jsonl", _definitions(services, plugin)),
        }
        states = [(is_guarded(request), request.id, state(request)) for request in requests_of(services, plugin)]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {path.relative_to(folder).as_posix(): _digest(path) for path in files}
    manifest = {"plugin": plugin, "counts": counts, "sha256": digests}
    with copies.create(folder / "manifest.json") as target:
        target.write(json.dumps(manifest, ensure_ascii=False, indent=2))
    # What is kept from somebody goes last: until then it keeps the conversations that are about others too.
    return counts, {id_: seen for _guarded, id_, seen in sorted(states)}


def state(request: Request) -> Seen:
    return request.revision, len(request.events), len(request.touches or ())


def requests_of(services: Services, plugin: str) -> Iterator[Request]:
    """Every request of the plugin's kinds. Reads all that there are."""
    return (one for one in lightly(services.root, services.root.requests.values()) if is_of(plugin, one.type))


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with copies.create(path) as target:
        for count, row in enumerate(rows, 1):  # noqa: B007  # the last number is the answer
            target.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _requests(services: Services, plugin: str, folder: Path) -> Iterator[dict[str, Any]]:
    return (_request(request, folder) for request in requests_of(services, plugin))


def is_guarded(request: Request) -> bool:
    """Whether it is kept from somebody who may know of its citizen."""
    return request.confidentiality != "normal" or bool(request.hidden_from)


def _conversations(services: Services, plugin: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Those about requests that are kept from somebody, and about no other plugin's."""
    names = ("channel", "direction", "subject", "body", "outcome", "started", "duration", "address", "speaker")
    told: set[int] = set()
    for request in requests_of(services, plugin):
        for touch in (request.touches or {}).values() if is_guarded(request) else ():
            others = (services.root.requests.get(id_) for id_ in touch.requests)
            if touch.id not in told and all(one is None or is_of(plugin, one.type) for one in others):
                told.add(touch.id)
                yield {
                    "id": str(touch.id), **{name: getattr(touch, name) for name in names},
                    "contact": None if touch.contact is None else str(touch.contact),
                    "unit": None if touch.unit is None else str(touch.unit),
                    "requests": [str(id_) for id_ in touch.requests],
                    "files": _files(str(touch.id), touch.attachments, folder),
                }


def _request(request: Request, folder: Path) -> dict[str, Any]:
    names = ("code", "type", "title", "text", "status", "category", "priority", "channel", "external",
             "confidentiality", "created", "modified", "due", "first_due", "pauses", "closed")
    submission = request.submission
    return {
        "id": str(request.id), **{name: getattr(request, name) for name in names},
        "contact": None if request.contact is None else str(request.contact),
        "unit": None if request.unit is None else str(request.unit),
        "assignee": None if request.assignee is None else str(request.assignee),
        "version": request.version.id, "form": submission.form if submission is not None else None,
        "answers": submission.answers if submission is not None else {},
        "events": [{"kind": event.kind, "at": event.at, "by": event.by and str(event.by), "data": event.data}
                   for event in request.events.values()],
        "conversations": [str(touch.id) for touch in (request.touches or {}).values()],
        "files": _files(request.code, request.attachments, folder),
    }


def _files(place: str, attachments: Sequence[Attachment], folder: Path) -> list[dict[str, Any]]:
    return [{"name": one.name, "type": one.media_type, "sha256": one.sha256,
             "path": copies.keep_file(folder, place, number, one)} for number, one in enumerate(attachments, 1)]


def _records(services: Services, plugin: str) -> Iterator[dict[str, Any]]:
    for name, store in services.root.collections.items():
        if is_of(plugin, name):
            for item in lightly(services.root, store.items.values()):
                yield {"collection": name, "id": str(item.id), "revision": item.revision, "data": item.data}


def _contact_fields(services: Services, plugin: str) -> Iterator[dict[str, Any]]:
    for contact in lightly(services.root, services.root.contacts.values()):
        for group, submission in groups_of(contact, plugin):
            yield {"contact": str(contact.id), "group": group, "form": submission.form, "answers": submission.answers}


def groups_of(contact: Contact, plugin: str) -> list[tuple[str, Any]]:
    return [(group, submission) for group, submission in contact.extra.items() if is_of(plugin, group)]


def _definitions(services: Services, plugin: str) -> Iterator[dict[str, Any]]:
    root = services.root
    for version in root.types.values():
        if is_of(plugin, version.type_id):
            statuses = [[status.name, status.category, status.labels] for status in version.statuses]
            yield {"kind": "request type", "id": version.id, "type": version.type_id, "labels": version.labels,
                   "statuses": statuses, "transitions": [plain_way(one) for one in version.transitions],
                   "form": version.form}
    known = (root.plugins or {}).get(plugin)
    for name, decided in (known.values if known is not None else {}).items():
        yield {"kind": "setting", "id": f"{plugin}.{name}", **decided}
    for form in root.forms.values():
        if is_of(plugin, str(form.definition.get("form", ""))):
            yield {"kind": "form", "id": form.id, **form.definition}

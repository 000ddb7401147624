"""Where things are filed: requests with their citizen and in work lists, what was said in histories, collections."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from crm_core.model.approval import key_of
from crm_core.model.contact import Contact
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.request import Request
from crm_core.model.root import Root
from crm_core.model.timeline import PROMISES, Event
from crm_core.scans import lightly
from crm_core.services import Services
from crm_core.services.touches import keys_of, take_out
from crm_core.services.work import Work
from crm_core.verification.mistakes import Mistake


def requests(root: Root) -> Iterator[Mistake]:
    """Every request lies with its citizen and in the lists of its work, and nowhere else."""
    work, filed, opened, assigned, held, closed = Work(root), 0, 0, 0, 0, 0
    for id_, request in lightly(root, root.requests.items()):
        contact = root.contacts.get(request.contact or 0)
        if request.contact is not None and contact is None:
            yield Mistake("requests", f"request {id_} is of a contact that does not exist")
        elif contact is not None and contact.requests.get(id_) is not request:
            yield Mistake("requests", f"request {id_} is missing in the history of its contact",
                          partial(_file_request, id_=id_))
        else:
            filed += contact is not None
        if not work.is_filed(request):
            yield Mistake("work", f"request {id_} is not where its work is listed", partial(_list_request, id_=id_))
        else:
            opened += request.is_open
            assigned += request.is_open and request.assignee is not None
            held += request.is_open and contact is not None
            closed += not request.is_open
    yield from _strange_work(root, opened, assigned, closed)
    yield from _strange_open(root, held)
    if sum(len(contact.requests) for contact in lightly(root, root.contacts.values())) != filed:
        for id_, contact in lightly(root, root.contacts.items()):
            for request_id, request in contact.requests.items():
                if root.requests.get(request_id) is not request or request.contact != id_:
                    yield Mistake("requests", f"contact {id_} has request {request_id}, which is not its own",
                                  partial(_unfile_request, contact=id_, id_=request_id))


def _strange_work(root: Root, opened: int, assigned: int, closed: int) -> Iterator[Mistake]:
    """Work lists that hold more than what belongs to them."""
    for lists, count in ((root.unit_work, opened), (root.user_work, assigned)):
        if sum(map(len, lists.values())) == count:
            continue
        for key, found in lists.items():
            for id_ in [id_ for id_, _mark in found.marks()]:
                if not _belongs(root, lists is root.user_work, key, id_):
                    yield Mistake("work", f"request {id_} is listed where it is no open work",
                                  partial(_unlist_request, of_user=lists is root.user_work, key=key, id_=id_))
    if sum(map(len, root.closed.values())) != closed:
        for key, tree in root.closed.items():
            for id_, request in tree.items():
                if root.requests.get(id_) is not request or Work.closed_key(request) != key or request.is_open:
                    yield Mistake("work", f"request {id_} is listed where it was not closed",
                                  partial(_unlist_closed, key=key, id_=id_))


def _strange_open(root: Root, held: int) -> Iterator[Mistake]:
    """Contacts that hold as open what is closed, gone or another's."""
    if sum(len(contact.open or ()) for contact in lightly(root, root.contacts.values())) == held:
        return
    for contact_id, contact in lightly(root, root.contacts.items()):
        for id_ in list(contact.open or ()):
            if not _is_open_of(root, contact_id, id_):
                yield Mistake("work", f"contact {contact_id} has request {id_} as open, which is no such",
                              partial(_unhold, contact=contact_id, id_=id_))


def _is_open_of(root: Root, contact: int, id_: int) -> bool:
    request = root.requests.get(id_)
    return request is not None and request.is_open and request.contact == contact


def _belongs(root: Root, of_user: bool, key: int, id_: int) -> bool:
    request = root.requests.get(id_)
    return request is not None and request.is_open and (request.assignee if of_user else request.unit or 0) == key


def _file_request(services: Services, *, id_: int) -> None:
    request = services.root.requests.get(id_)
    contact = None if request is None else services.root.contacts.get(request.contact or 0)
    if contact is not None:
        contact.requests[id_] = request


def _unfile_request(services: Services, *, contact: int, id_: int) -> None:
    holder, request = services.root.contacts.get(contact), services.root.requests.get(id_)
    if holder is not None and id_ in holder.requests and (request is None or request.contact != contact):
        del holder.requests[id_]


def _list_request(services: Services, *, id_: int) -> None:
    request = services.root.requests.get(id_)
    if request is not None:
        Work(services.root).add(request)


def _unlist_request(services: Services, *, of_user: bool, key: int, id_: int) -> None:
    lists = services.root.user_work if of_user else services.root.unit_work
    if key in lists and not _belongs(services.root, of_user, key, id_):
        lists[key].discard(id_)


def _unhold(services: Services, *, contact: int, id_: int) -> None:
    holder = services.root.contacts.get(contact)
    if holder is not None and holder.open is not None and not _is_open_of(services.root, contact, id_):
        holder.open.pop(id_, None)


def _unlist_closed(services: Services, *, key: tuple[int, str], id_: int) -> None:
    request, tree = services.root.requests.get(id_), services.root.closed.get(key, {})
    if id_ in tree and (request is None or request.is_open or Work.closed_key(request) != key):
        del tree[id_]


def histories(root: Root) -> Iterator[Mistake]:
    """What was said and what happened stands in the history of its citizen, once, and with its requests."""
    wanted = 0
    for id_, said in lightly(root, root.interactions.items()):
        if not _is_known(root, said) and id_ not in root.unidentified:
            yield Mistake("unidentified", f"interaction {id_} of nobody is not among the unidentified ones",
                          partial(_file_unidentified, id_=id_))
        for request_id in said.requests:
            request = root.requests.get(request_id)
            if request is not None and all(one is not said for one in (request.touches or {}).values()):
                yield Mistake("requests", f"interaction {id_} is missing with request {request_id}",
                              partial(_file_touch, id_=id_, request_id=request_id))
        contact = root.contacts.get(said.contact or 0)
        if contact is not None and not keys_of(contact, said.started, said):
            yield Mistake("history", f"interaction {id_} is missing in the history of its contact",
                          partial(_tell_interaction, id_=id_))
        else:
            wanted += contact is not None
    for id_, request in lightly(root, root.requests.items()):
        for key, event in request.events.items():
            contact = root.contacts.get(event.contact or 0)
            if contact is not None and not keys_of(contact, event.at, event):
                yield Mistake("history", f"an event of request {id_} is missing in the history of its contact",
                              partial(_tell_event, id_=id_, key=key))
            else:
                wanted += contact is not None
    for id_, promise in lightly(root, root.promises.promises.items()) if root.promises is not None else ():
        for event in promise.events:
            contact = root.contacts.get(event.contact or 0)
            if contact is not None and not keys_of(contact, event.at, event):
                yield Mistake("history", f"an event of promise {id_} is missing in the history of its contact",
                              partial(_tell_promise, id_=id_, event_id=event.id))
            else:
                wanted += contact is not None
    if sum(len(contact.timeline) for contact in lightly(root, root.contacts.values())) != wanted:
        yield from _strange_entries(root)


def _is_known(root: Root, said: Interaction) -> bool:
    """Whether it stands in some history: a citizen's, or as a word among colleagues about a request."""
    return said.contact is not None or (bool(said.requests) and said.direction == Direction.INTERNAL)


def _strange_entries(root: Root) -> Iterator[Mistake]:
    for id_, contact in lightly(root, root.contacts.items()):
        halves = set(contact.headers) ^ set(contact.things)
        if halves:
            yield Mistake("history", f"the history of contact {id_} has {len(halves)} entries that are halves",
                          partial(_mend_halves, contact=id_))
        for thing in list(contact.things.values()):
            if not _is_of(root, contact, thing):
                at = thing.at if isinstance(thing, Event) else thing.started
                yield Mistake("history", f"the history of contact {id_} holds {thing.id}, which is not its own",
                              partial(_untell, contact=id_, at=at, thing_id=thing.id))


def _is_of(root: Root, contact: Contact, thing: Any) -> bool:
    if thing.contact != contact.id:
        return False
    if isinstance(thing, Event) and thing.kind in PROMISES:
        promise = root.promises.promises.get(thing.data["promise"]) if root.promises is not None else None
        return promise is not None and any(one is thing for one in promise.events)
    if isinstance(thing, Event):
        request = root.requests.get(thing.request)
        return request is not None and any(one is thing for one in request.events.values())
    return root.interactions.get(thing.id) is thing


def _untell(services: Services, *, contact: int, at: int, thing_id: int) -> None:
    holder = services.root.contacts.get(contact)
    things = [] if holder is None else [one for one in holder.things.values() if one.id == thing_id]
    for thing in things:
        if not _is_of(services.root, holder, thing):
            take_out(holder, at, thing)


def _mend_halves(services: Services, *, contact: int) -> None:
    """Take them out, and tell anew of what has lost its header; what lost its entry was found missing by itself."""
    holder = services.root.contacts.get(contact)
    if holder is None:
        return
    halves = set(holder.headers) ^ set(holder.things)
    untold = [holder.things.pop(key) for key in sorted(halves) if key in holder.things]
    for key in halves & set(holder.headers):
        del holder.headers[key]
    for thing in untold:
        if isinstance(thing, Event) and thing.kind in PROMISES:
            _tell_promise(services, id_=thing.data["promise"], event_id=thing.id)
        elif isinstance(thing, Event):
            request = services.root.requests.get(thing.request)
            for key in [key for key, one in request.events.items() if one is thing] if request is not None else ():
                _tell_event(services, id_=thing.request, key=key)
        else:
            _tell_interaction(services, id_=thing.id)


def _file_unidentified(services: Services, *, id_: int) -> None:
    said = services.root.interactions.get(id_)
    if said is not None and not _is_known(services.root, said):
        services.root.unidentified[id_] = said


def _file_touch(services: Services, *, id_: int, request_id: int) -> None:
    said, request = services.root.interactions.get(id_), services.root.requests.get(request_id)
    if said is not None and request is not None and all(one is not said for one in (request.touches or {}).values()):
        request.remember_touch(said)


def _tell_interaction(services: Services, *, id_: int) -> None:
    said = services.root.interactions.get(id_)
    contact = None if said is None else services.root.contacts.get(said.contact or 0)
    if contact is not None and not keys_of(contact, said.started, said):
        services.timeline.add_interaction(contact, said)


def _tell_event(services: Services, *, id_: int, key: int) -> None:
    request: Request | None = services.root.requests.get(id_)
    event = None if request is None else request.events.get(key)
    contact = None if event is None else services.root.contacts.get(event.contact or 0)
    if request is not None and event is not None and contact is not None and not keys_of(contact, event.at, event):
        voice = "citizen" if event.kind == "request.registered" else "internal"
        services.timeline.add_event(contact, event, request, voice)


def _tell_promise(services: Services, *, id_: int, event_id: int) -> None:
    promise = services.promises.book().promises.get(id_)
    contact = None if promise is None else services.root.contacts.get(promise.contact)
    if promise is None or contact is None:
        return
    for event in promise.events:
        if event.id == event_id and not keys_of(contact, event.at, event):
            services.timeline.add_promise(contact, event, promise)


def approvals(root: Root) -> Iterator[Mistake]:
    """Every approval that waits stands in the lists of those who decide it, and nothing else does."""
    book = root.approvals
    waiting = {one.id: one for _id, request in lightly(root, root.requests.items()) for one in request.approvals
               if one.is_waiting} if book is not None else {}
    for id_, one in waiting.items():
        if book.waiting.get(id_) is not one or book.by_key.get(key_of(one.now_with), {}).get(id_) is not one:
            yield Mistake("approvals", f"approval {id_} is not where those who decide it find it",
                          partial(_file_approval, id_=id_, request=one.request))
    stale = {id_ for tree in (book.waiting, *book.by_key.values()) for id_ in tree if id_ not in waiting} if (
        book is not None) else set()
    if stale:
        yield Mistake("approvals", "lists of what waits hold approvals that wait no more", _unlist_approvals)


def _file_approval(services: Services, *, id_: int, request: int) -> None:
    for one in services.root.requests[request].approvals:
        if one.id == id_ and one.is_waiting:
            services.approvals.deciders.book().put(one)


def _unlist_approvals(services: Services) -> None:
    book = services.approvals.deciders.book()
    for tree in (book.waiting, *book.by_key.values()):
        for id_, one in list(tree.items()):
            request = services.root.requests.get(one.request)
            if not one.is_waiting or request is None or one not in request.approvals:
                del tree[id_]


def promises(root: Root) -> Iterator[Mistake]:
    """Every promise lies with its contact and in the list of its owner, and nowhere else."""
    book = root.promises
    if book is None:
        return
    filed = 0
    for id_, promise in lightly(root, book.promises.items()):
        contact = root.contacts.get(promise.contact)
        if contact is None:
            yield Mistake("promises", f"promise {id_} is to a contact that does not exist")
        elif (contact.promises or {}).get(id_) is not promise or not book.is_filed(promise):
            yield Mistake("promises", f"promise {id_} is not where its owner or its contact finds it",
                          partial(_file_promise, id_=id_))
        filed += book.is_filed(promise)
    if sum(len(owed.open) + len(owed.ended) for owed in book.lists()) > filed:
        yield Mistake("promises", "lists of what is owed hold more than there are promises", _unlist_promises)


def _file_promise(services: Services, *, id_: int) -> None:
    promise = services.promises.book().promises.get(id_)
    contact = None if promise is None else services.root.contacts.get(promise.contact)
    if promise is not None and contact is not None:
        services.promises.file(promise, contact)


def _unlist_promises(services: Services) -> None:
    book = services.promises.book()
    for owed in book.lists():
        for tree, is_open in ((owed.open, True), (owed.ended, False)):
            for key, promise in list(tree.items()):
                at = promise.due if is_open else promise.ended or 0
                ours = book.of_owner(promise.user, promise.unit) is owed and promise.is_open is is_open
                if key != (at, promise.id) or not ours or book.promises.get(promise.id) is not promise:
                    del tree[key]


def collections(root: Root) -> Iterator[Mistake]:
    """The records of plugins are found by what their indexes say."""
    for name, store in root.collections.items():
        if not store.is_filed():
            yield Mistake("collections", f"the indexes of {name} do not agree with its records",
                          partial(_file_collection, name=name))


def _file_collection(services: Services, *, name: str) -> None:
    store = services.root.collections.get(name)
    if store is not None:
        store.file_anew()

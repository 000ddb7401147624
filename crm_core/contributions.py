"""What a plugin adds, as frozen dataclasses: the answer to its one start hook ``contribute()``.

A new kind of contribution is a new dataclass here, not a new hook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import colander

from crm_core.fields import Form
from crm_core.i18n import Text
from crm_core.model.plain import Plain
from crm_core.model.request import Category
from crm_core.security.permissions import Permission as CorePermission

if TYPE_CHECKING:
    from crm_core.model.attachment import Attachment
    from crm_core.model.contact import Contact
    from crm_core.model.journal import JournalEntry
    from crm_core.model.request import Request
    from crm_core.services import Services


@dataclass(frozen=True)
class Status:
    """A stage of a request. ``category`` tells the core what it means; ``name`` is stored, ``title`` shown."""

    name: str
    category: Category
    title: Text


@dataclass(frozen=True)
class ApprovalBy:
    """A level of an approval: whoever has the ``role`` decides, with ``own_unit`` only those in the unit the request
    lies in."""

    role: str
    own_unit: bool = False


@dataclass(frozen=True)
class Transition:
    """A way to the status ``target``, from the statuses ``sources`` or, where none is named, from every other one.

    ``title``: the verb of its button, where the name of the status does not say it. ``permission``: needed beside
    ``request.change_status``. ``requires``: what must be there before: words of ``crm_core.api.REQUIREMENTS``, or
    ``"field:NAME"`` for an answer of the form. ``checklist``: what whoever takes the way confirms, line by line.
    ``approval``: who must approve it before the status changes,
    level after level, each within ``approval_days`` (0: without end).
    """

    target: str
    sources: tuple[str, ...] = ()
    title: Text = ""
    permission: str = ""
    requires: tuple[str, ...] = ()
    checklist: tuple[Text, ...] = ()
    approval: tuple[ApprovalBy, ...] = ()
    approval_days: int = 0


COMMON = ("text", "title", "files", "channel", "unit", "priority")
"""What the form of every new request asks beside the fields of its kind, unless the kind leaves some out."""


@dataclass(frozen=True)
class RequestType:
    """A kind of request, born with the first of its ``statuses`` or with the one that ``starts_as(values)`` names.

    ``id`` starts with the plugin's id and a dot. ``due_days``: calendar days until an answer is owed, None for no
    deadline. ``offered``: whether staff may start one by hand. ``title_from``: the fields whose texts make the title
    when the clerk writes none. ``confidential``: for all of them, or a function of the form's checked values. A request
    born with a status of the category "done" is closed at once and owes nobody anything (an answered survey).
    ``common``: which of `COMMON` the form of a new request asks beside the kind's own fields. ``files_required``: how
    many files a new one comes with at least; whoever imports (``external``) may bring fewer. ``transitions``: the ways
    between its statuses; without any, every status leads to every other one. An organisation may change them.
    """

    id: str
    title: Text
    form: type[Form]
    statuses: tuple[Status, ...]
    description: Text = ""
    icon: str = "folder2"
    permission: str = CorePermission.REQUEST_CREATE.value
    due_days: int | None = None
    offered: bool = True
    title_from: tuple[str, ...] = ()
    confidential: bool | Callable[[Mapping[str, Any]], bool] = False
    starts_as: Callable[[Mapping[str, Any]], str] | None = None
    common: tuple[str, ...] = COMMON
    files_required: int = 0
    transitions: tuple[Transition, ...] = ()


@dataclass(frozen=True)
class Permission:
    """A permission a plugin's views ask for, and the ``roles`` that have it from the start."""

    id: str
    title: Text
    roles: frozenset[str]


@dataclass(frozen=True)
class Collection:
    """A named set of plain records with indexes, for what is not a request (slots, meters, campaigns).

    ``exact``, ``ranges`` and ``unique`` name fields of the records; ``unique`` ones are claims: one holder only.
    ``person``: the field that holds a contact id, if records tell of a person. Whoever stores such records says all of
    what becomes of them, else the plugin is refused: ``fields`` (names and titles of what is shown, in order),
    ``on_merge`` (when two contacts turn out to be one, a record is "keep" where it is or "move" to the older contact;
    taken back with the merge), ``on_export`` ("include" or "omit"), ``on_erase`` ("remove", or "unlink": it stays
    without the person) and ``expires_days``: days after the moment in the range field ``expires_by`` (ISO text or
    milliseconds UTC), 0 for a record that is kept until its person is erased.
    """

    id: str
    title: Text
    exact: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    person: str = ""
    on_erase: str = ""
    on_merge: str = ""
    on_export: str = ""
    expires_days: int | None = None
    expires_by: str = ""
    fields: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True)
class ContactFields:
    """A group of fields that a plugin adds to contacts: a box on the dossier, edited with the contact, found by what is
    ``unique``.

    ``form`` says of each field what becomes of it on merge, export and expiry, as for a request; erasure removes all of
    it with its contact. The labels are frozen with the answers, so that they stay readable without the plugin.
    ``unique`` names fields (text, code, integer) that one contact only holds. ``permission``: needed to see and change.
    """

    id: str
    title: Text
    form: type[Form]
    icon: str = "card-list"
    permission: str = CorePermission.CONTACT_VIEW.value
    unique: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A box on the dossier. ``data(services, contact)`` gives the template's values, or None for no box.

    ``template`` is an asset of the plugin such as ``"crm_surveys:templates/panel.pt"``.
    """

    id: str
    title: Text
    template: str
    data: Callable[[Services, Contact], Mapping[str, Any] | None]
    icon: str = "plug"
    permission: str = CorePermission.CONTACT_VIEW.value


@dataclass(frozen=True)
class MenuItem:
    """An entry of the desk's menu leading to a page of the plugin. ``path`` starts with ``/plugins/<id>/``."""

    id: str
    title: Text
    path: str
    permission: str
    icon: str = "plug"


@dataclass(frozen=True)
class Channel:
    """One more way on which citizens and the desk speak with each other. Its ``id`` is what interactions store.

    It is offered wherever the core's channels are: when something is logged, in the timeline, its filters and the work
    lists. Its title is kept with the database, so that what was said on it keeps its word without the plugin.
    """

    id: str
    title: Text
    icon: str = "chat-dots"


@dataclass(frozen=True)
class RequestPanel:
    """A box on the page of a request. ``data(services, request)`` gives the template's values, or None for no box.

    ``types``: the request types it is for (ids, also of other plugins or of the core), none for all of them.
    ``template`` is an asset of the plugin such as ``"crm_surveys:templates/panel.pt"``.
    """

    id: str
    title: Text
    template: str
    data: Callable[[Services, Request], Mapping[str, Any] | None]
    types: tuple[str, ...] = ()
    icon: str = "plug"
    permission: str = CorePermission.REQUEST_VIEW.value


COLUMN_KINDS = ("text", "number", "money", "date", "share")
"""What a column of a report may hold. ``text``: `Text` or labels; ``number``: int or float; ``money``: whole minor
units of ``currency`` (rials); ``date``: `datetime.date`, ISO text or milliseconds UTC; ``share``: 0 to 1."""


@dataclass(frozen=True)
class Column:
    """A column of a report: ``name`` is its key in the rows, ``kind`` one of `COLUMN_KINDS`; may be missing."""

    name: str
    title: Text
    kind: str = "text"
    currency: str = "IRR"


@dataclass(frozen=True)
class Report:
    """A table for a period, on a page of the core with a download; the rows hold the values of ``columns`` by name.

    ``rows(services, since, until)`` are those of the period from ``since`` up to but not including ``until``, both
    milliseconds UTC. It reads only, with the eyes of the one who asks: use what `Services` shows to him.
    """

    id: str
    title: Text
    columns: tuple[Column, ...]
    rows: Callable[[Services, int, int], Iterable[Mapping[str, Any]]]
    permission: str
    description: Text = ""


@dataclass(frozen=True)
class Job:
    """Work that is done again and again without anybody asking: ``run(services)`` every ``every`` minutes.

    It runs in a transaction of its own, as the system, and again when a conflict makes the transaction run again. When
    it raises, nothing of that run is stored, and it is tried again later and later.
    """

    id: str
    title: Text
    every: int
    run: Callable[[Services], object]


@dataclass(frozen=True)
class Reader:
    """Reads what has happened, after it was stored: ``read(services, entry)`` for each journal entry of ``kinds``.

    From the first start with the plugin on; each entry in a transaction of its own, as the system, at least once, in
    order for each contact. When it raises, nothing of that run is stored, and the entry is tried again later and later;
    those behind it wait. After some ten tries it is a dead letter, which administrators see and may have tried again,
    and the reader goes on. ``kinds`` are words of ``crm_core.api.JOURNAL_KINDS``.
    """

    id: str
    title: Text
    kinds: frozenset[str]
    read: Callable[[Services, JournalEntry], object]


class NotDone(Exception):
    """Raised by ``Effect.act``: it was surely not done. ``reason``: a line for administrators, without words of people.

    ``final``: to try again would be in vain (the other side refuses it), so a person sees it at once.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Effect:
    """An act outside of the desk after something was stored: a message, a call to another program.

    From the first start with the plugin on, never again for what lies before. For each journal entry of ``kinds``
    ``prepare(services, entry)`` gives plain data, or None where nothing is to be done; it only reads, and what it gives
    is kept nowhere. That it begins is stored before ``act(data, key)`` runs, outside of every transaction; afterwards
    ``done(services, entry, answer)``, if any, stores the plain answer, with the note that it is done.

    ``act`` raises `NotDone` where it was surely not done: it is tried again later and later, and after some ten tries
    it is a dead letter. Whatever else it raises, and a crash, leave open whether it was done: then it is done again
    with the same ``key`` where the other side knows by it what it has already (``removes_doubles``), else it waits for
    a person. ``key`` is letters, digits, - and _, the same at each try. Let ``act`` end by itself: give every
    connection a timeout of less than a minute.

    While one is tried again, what happened later to the same contact waits behind it; once it waits for a person, the
    later ones go on. Nobody else waits. ``kinds`` are words of ``crm_core.api.JOURNAL_KINDS``.
    """

    id: str
    title: Text
    kinds: frozenset[str]
    prepare: Callable[[Services, JournalEntry], Plain | None]
    act: Callable[[Plain, str], Plain]
    done: Callable[[Services, JournalEntry, Plain], object] | None = None
    removes_doubles: bool = False


@dataclass(frozen=True)
class Timer:
    """Something that is looked at again at its moment: ``fire(services, object_id)``.

    Set in the transaction of whatever makes it needed: ``services.timers.at(moment, timer.id, object_id)``, with an id
    of the object it is about. It cannot be taken back: ``fire`` looks first whether its object still wants it. It runs
    once the moment has come, in a transaction of its own, as the system; when it raises, nothing of that run is stored,
    and it is tried again later and later, and after some ten tries it is a dead letter.
    """

    id: str
    title: Text
    fire: Callable[[Services, int], object]


Value = TypeVar("Value", bound=str | int | tuple[str, ...])


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """What administrators decide on the page of the plugin, such as a fee. Read: ``services.settings.value(SETTING)``.

    ``field`` asks for it, with its title and description: a field of `crm_core.api.fields` whose answer is a text, a
    whole number, an amount, yes or no, one or any of several, a unit, a day or some days. ``default`` holds until
    somebody decides; a day is given as "2026-11-17" ("" for none), some days and any of several as a tuple of texts.
    What was decided is kept while the plugin is away. No place for passwords: administrators read it, and so does the
    audit.
    """

    id: str
    field: colander.SchemaNode
    default: Value

    @property
    def title(self) -> Text:
        """What it is called where it is decided."""
        title: Text = self.field.title
        return title


Contribution = (
    RequestType | Permission | Collection | ContactFields | Panel | MenuItem | Channel | RequestPanel | Report | Job
    | Reader | Effect | Timer | Setting
)


@dataclass(frozen=True)
class Draft:
    """A request about to be registered, as hooks see it: checked values, nothing stored yet.

    ``id`` and ``code`` are final; ``values`` are the form's values (dates as `datetime.date`). ``attachments``: the
    files that come with it (``name``, ``media_type`` as told from the content, ``size`` in bytes, ``sha256``; ``blob``
    holds the bytes).
    """

    id: int
    code: str
    type: str
    contact: Contact | None
    title: str
    text: str
    values: Mapping[str, Any]
    at: int
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class StatusChange:
    """A status about to change: from ``old`` to ``new`` (names), with the clerk's note."""

    old: str
    new: str
    category: Category
    note: str
    data: Mapping[str, Plain]


@dataclass(frozen=True)
class DayTime:
    """A time of somebody's day on the work page: ``at`` (milliseconds UTC), a few words, and the id of its request."""

    at: int
    title: str
    request_id: int

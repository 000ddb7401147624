"""Groups of fields that plugins add to contacts: shown by what is stored, changed while their plugin is there.

The labels, duties and texts are frozen with the answers, so that a parked group reads, exports, merges, expires and is
erased like a present one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import colander
from BTrees.OOBTree import OOBTree

from crm_core.errors import Invalid, NotFound, StaleChange
from crm_core.i18n import Labels, Text, TextFactory
from crm_core.model.collection import exact_key
from crm_core.model.contact import Contact
from crm_core.model.form import FormVersion
from crm_core.model.plain import Plain
from crm_core.model.request import Submission
from crm_core.registry import PublishedFields
from crm_core.security.permissions import Permission
from crm_core.services.context import Context
from crm_core.services.forms import Forms, plain_value
from crm_core.services.visibility import Eyes, Visibility
from crm_core.text.digits import to_ascii

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")

Values = Mapping[str, Mapping[str, Any]]
"""group id → field → checked value"""


@dataclass(frozen=True)
class Shown:
    """A group as one contact has it. ``fields`` are (frozen field, answer) of what was said, in order."""

    id: str
    title: Labels
    icon: str
    parked: bool
    fields: tuple[tuple[dict[str, Any], dict[str, Any]], ...]


class FieldGroups:
    """``services.contact_fields``."""

    def __init__(self, context: Context) -> None:
        self.context = context

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def offered(self) -> list[PublishedFields]:
        """The groups that the one who acts may change, by their plugins now present, in order of their ids."""
        groups = sorted(self.context.registry.contact_fields.items())
        return [group for _id, group in groups if self.context.identity.has(group.group.permission)]

    def shown(self, contact: Contact) -> list[Shown]:
        """What the one who acts may read of a contact's groups, in order of their ids."""
        return [self._shown(id_, said, form) for id_, said, form in self.stored(contact) if self._may_see(form)]

    def stored(self, contact: Contact) -> list[tuple[str, Submission, FormVersion]]:
        """All groups that a contact has something in, with their frozen forms, whoever may read them."""
        found = ((id_, said, self._form(said.form)) for id_, said in sorted(contact.extra.items()))
        return [(id_, said, form) for id_, said, form in found if form is not None]

    def values(self, contact: Contact, group: str) -> dict[str, Plain]:
        """The plain values of a group's fields that are filled in, whoever may read them (`readable` asks that)."""
        said = contact.extra.get(group)
        return {} if said is None else {name: answer["value"] for name, answer in said.answers.items()}

    def readable(self, contact: Contact) -> dict[str, dict[str, Plain]]:
        """Group id → field → plain value, of all groups of a contact that the one who acts may read; nothing of a
        contact that he may not read in full."""
        if Eyes(self.context.root, self.context.identity).of_contact(contact) is not Visibility.FULL:
            return {}
        return {group.id: self.values(contact, group.id) for group in self.shown(contact)}

    def field(self, name: str) -> tuple[dict[str, Any], FormVersion] | None:
        """The newest frozen field behind a name like ``"meters.meter.number"`` of audit and journal, if it may be read.
        """
        group, _dot, field_name = name.rpartition(".")
        form = self._newest(group)
        field = None if form is None or not self._may_see(form) else form.field(field_name)
        return None if form is None or field is None else (field, form)

    def holders(self, group: str, name: str, value: Plain) -> tuple[int, ...]:
        """The ids of the contacts that hold a unique value."""
        return tuple(self.context.root.indexes.holders(*_claim(group, name, value)))

    def find(self, query: str) -> Iterator[tuple[int, Text]]:
        """(contact id, why) of those who hold ``query`` as a unique value of a group that may be read."""
        for group in self.context.root.contact_fields or ():
            form = self._newest(group)
            if form is None or not self._may_see(form):
                continue
            for name in form.definition["unique"]:
                field = form.field(name)
                for id_ in self.holders(group, name, query) if field is not None else ():
                    words = {"group": form.definition["title"], "field": field["labels"] if field else name}
                    yield id_, _("${group}: ${field}", mapping=words)

    def contradictions(self, first: Contact, second: Contact) -> Iterator[tuple[str, Labels]]:
        """(name, label) of the fields with ``on_merge="ask"`` in which two contacts say different things."""
        both = {id_: form for id_, _said, form in (*self.stored(first), *self.stored(second)) if self._may_see(form)}
        for group, form in both.items():
            mine, theirs = self.values(first, group), self.values(second, group)
            for field in form.fields:
                one, other = mine.get(field["name"]), theirs.get(field["name"])
                if field["on_merge"] == "ask" and one is not None and other is not None and one != other:
                    yield f"{group}.{field['name']}", field["labels"]

    # ── write ────────────────────────────────────────────────────────────────────────────────────────────

    def schema(self, group: str, services: Services, contact: Contact | None = None) -> colander.SchemaNode:
        """A fresh schema of a group. Nothing in it is required: what must be said is asked once anything is.

        Codes are kept with ASCII digits: a form shows them in its reader's, and who only looks changes nothing.
        """
        published = self._published(group)
        schema = Forms(self.context).ready(published.group.id, published.group.form, services, contact)
        for node in schema:
            if node.required:
                node.missing = () if isinstance(node.typ, colander.Set) else None
            if node.field_type == "code":
                node.preparer = _code
        return schema

    def edit(
        self, contact: Contact, values: Values, seen: Mapping[str, Plain] | None = None
    ) -> tuple[str, ...]:
        """Write what changed in groups; the names that did, as ``"group.field"``.

        ``values`` are checked ones, of any of the groups' fields; ``seen`` the plain values by such names that the
        editor started from (None: as they are). Raises StaleChange with what is stored now, Invalid by such names, also
        where somebody else holds a unique value, Forbidden, and NotFound for a group whose plugin is absent.
        """
        self.context.identity.demand(Permission.CONTACT_EDIT)
        typed = {group: self._answers(group, contact, fields) for group, fields in values.items()}
        changes = {group: self._mine(contact, group, answers, seen) for group, answers in typed.items()}
        self._demand_fresh(contact, changes, seen)
        errors: dict[str, Text] = {}
        for group, change in changes.items():
            if change:
                errors |= self._wrong(contact, group, self._after(contact, group, change))
        if errors:
            raise Invalid(errors)
        rows: dict[str, list[Plain]] = {}
        for group, change in changes.items():
            if change:
                rows |= self._write(contact, group, self._after(contact, group, change))
        if rows:
            self._changed(contact, rows)
        return tuple(rows)

    def forget(self, contact: Contact, names: Iterable[str] | None = None) -> tuple[str, ...]:
        """Take answers out for good (``"group.field"``; None: all), with their claims and what the audit holds of them.

        For expiry and the removal of a plugin; the names of what went.
        """
        wanted = None if names is None else set(names)
        gone: list[str] = []
        for group, said, form in self.stored(contact):
            out = [name for name in said.answers if wanted is None or f"{group}.{name}" in wanted]
            if out:
                self._release(contact, group, form, said, out)
                left = {name: answer for name, answer in said.answers.items() if name not in out}
                self._put(contact, group, Submission(said.form, left) if left else None)
                gone += [f"{group}.{name}" for name in out]
        if gone:
            contact.rewrite_audit(lambda name, change: None if name in gone else change)
            contact.revision += 1
            contact.modified = self.context.now
            self.context.journal.write("contact.changed", ("contact", contact.id), self.context.now, contact.id,
                                       tuple(gone))
        return tuple(gone)

    def release(self, contact: Contact) -> None:
        """Give back all that a contact holds alone: it is being erased."""
        for group, said, form in self.stored(contact):
            self._release(contact, group, form, said, said.answers)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────

    def _published(self, group: str) -> PublishedFields:
        published = self.context.registry.contact_fields.get(group)
        if published is None:
            raise NotFound
        self.context.identity.demand(published.group.permission)
        return published

    def _form(self, id_: str) -> FormVersion | None:
        form: FormVersion | None = self.context.root.forms.get(id_)
        return form

    def _newest(self, group: str) -> FormVersion | None:
        id_ = (self.context.root.contact_fields or {}).get(group)
        return None if id_ is None else self._form(id_)

    def _may_see(self, form: FormVersion) -> bool:
        permission = form.definition["permission"]
        if permission not in list(Permission) and permission not in self.context.registry.permissions:
            permission = Permission.CONTACT_VIEW_CONFIDENTIAL  # its plugin is parked, and nobody has its permission
        return self.context.identity.has(permission)

    def _shown(self, id_: str, said: Submission, form: FormVersion) -> Shown:
        fields = tuple((field, said.answers[field["name"]]) for field in form.fields if field["name"] in said.answers)
        parked = id_ not in self.context.registry.contact_fields
        return Shown(id_, form.definition["title"], form.definition["icon"], parked, fields)

    def _answers(self, group: str, contact: Contact, values: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
        """The answer of each field given, None where it is left empty."""
        plain = {name: plain_value(value) for name, value in values.items()}
        plain = {name: value.strip() if isinstance(value, str) else value for name, value in plain.items()}
        schema = self.schema(group, self.context.services, contact)
        codes = {node.name for node in schema if node.field_type == "code"}
        filled = {name: _code(value) if name in codes else value for name, value in plain.items()
                  if not _is_empty(value)}
        try:
            answers = Forms(self.context).answers(schema, filled)
        except Invalid as error:
            raise Invalid({f"{group}.{name}": text for name, text in error.errors.items()}) from error
        return {name: answers.get(name) for name in values}

    def _mine(
        self, contact: Contact, group: str, answers: Mapping[str, dict[str, Any] | None],
        seen: Mapping[str, Plain] | None,
    ) -> dict[str, dict[str, Any] | None]:
        """The answers that differ from what the editor started from."""
        now = self.values(contact, group)

        def before(name: str) -> Plain:
            return now.get(name) if seen is None else seen.get(f"{group}.{name}", now.get(name))

        return {name: answer for name, answer in answers.items() if _value(answer) != before(name)}

    def _demand_fresh(
        self, contact: Contact, changes: Mapping[str, Mapping[str, dict[str, Any] | None]],
        seen: Mapping[str, Plain] | None,
    ) -> None:
        theirs: dict[str, object] = {}
        for group, change in changes.items() if seen is not None else ():
            now = self.values(contact, group)
            for name, answer in change.items():
                if now.get(name) not in ((seen or {}).get(f"{group}.{name}", now.get(name)), _value(answer)):
                    theirs[f"{group}.{name}"] = now.get(name)
        if theirs:
            raise StaleChange(theirs)

    def _after(
        self, contact: Contact, group: str, change: Mapping[str, dict[str, Any] | None]
    ) -> dict[str, dict[str, Any]]:
        """The group's answers as they will be; what a newer form does not ask any more goes."""
        names = {field["name"] for field in self._published(group).form["fields"]}
        said = contact.extra.get(group)
        answers = {} if said is None else {name: one for name, one in said.answers.items() if name in names}
        for name, answer in change.items():
            answers.pop(name, None)
            if answer is not None:
                answers[name] = {**answer, "at": self.context.now}
        return answers

    def _wrong(self, contact: Contact, group: str, answers: Mapping[str, dict[str, Any]]) -> dict[str, Text]:
        form = self._published(group).form
        missing = [field["name"] for field in form["fields"] if field["required"] and field["name"] not in answers]
        errors: dict[str, Text] = {
            f"{group}.{name}": _("This is needed as soon as something is said here.") for name in missing if answers
        }
        for name in form["unique"]:
            others = set(self.holders(group, name, answers[name]["value"])) - {contact.id} if name in answers else ()
            if others:
                errors[f"{group}.{name}"] = self._held(others)
        return errors

    def _held(self, others: Iterable[int]) -> Text:
        """Why a unique value is refused that other contacts hold.

        A claim stays a claim whoever holds it, so the refusal itself cannot be hidden. But of a hidden holder it tells
        no more than of a value that cannot be: neither that it is recorded, nor that there is somebody.
        """
        eyes = Eyes(self.context.root, self.context.identity)
        found = (self.context.root.contacts.get(id_) for id_ in others)
        if any(one is not None and eyes.of(one) is not Visibility.HIDDEN for one in found):
            return _("This is recorded for somebody else already.")
        return _("This is not a usable identifier.")

    def _write(self, contact: Contact, group: str, answers: dict[str, dict[str, Any]]) -> dict[str, list[Plain]]:
        """Store a group's answers and move its claims; ``{"group.field": [before, after]}`` in words or values."""
        published = self._published(group)
        said = contact.extra.get(group)
        old = {} if said is None else said.answers
        form = None if said is None else self._form(said.form)
        if said is not None and form is not None:
            self._release(contact, group, form, said, list(old))
        self._publish(published)
        self._put(contact, published.group.id, Submission(published.form_id, answers) if answers else None)
        for name in published.form["unique"]:
            if name in answers:
                self.context.root.indexes.hold(*_claim(group, name, answers[name]["value"]), contact.id)
        names = dict.fromkeys((*old, *answers))
        return {f"{group}.{name}": [_words(old.get(name)), _words(answers.get(name))] for name in names
                if _value(old.get(name)) != _value(answers.get(name))}

    def _publish(self, published: PublishedFields) -> None:
        root = self.context.root
        if published.form_id not in root.forms:
            root.forms[published.form_id] = published.new_form_version()
        if root.contact_fields is None:
            root.contact_fields = OOBTree()
        if root.contact_fields.get(published.group.id) != published.form_id:
            root.contact_fields[published.group.id] = published.form_id

    def _release(
        self, contact: Contact, group: str, form: FormVersion, said: Submission, names: Iterable[str]
    ) -> None:
        for name in names:
            if name in form.definition["unique"]:
                claim = _claim(group, name, said.answers[name]["value"])
                self.context.root.indexes.release(*claim, contact.id)

    @staticmethod
    def _put(contact: Contact, group: str, said: Submission | None) -> None:
        rest = {id_: one for id_, one in contact.extra.items() if id_ != group}
        contact.extra = rest if said is None else {**rest, group: said}

    def _changed(self, contact: Contact, rows: dict[str, list[Plain]]) -> None:
        contact.revision += 1
        contact.modified = self.context.now
        self.context.audit(contact, "change", rows)
        self.context.journal.write("contact.changed", ("contact", contact.id), self.context.now, contact.id,
                                   tuple(rows))


def _claim(group: str, name: str, value: Plain) -> tuple[str, str]:
    """Scheme and value under which a unique value lies among the identifiers; no scheme of the core has a dot."""
    return f"{group}.{name}", exact_key(value)


def _code(value: Any) -> Any:
    return to_ascii(value) if isinstance(value, str) else value


def _is_empty(value: Plain) -> bool:
    return value is None or value is False or value == "" or value == []


def _value(answer: Mapping[str, Any] | None) -> Plain:
    return None if answer is None else answer["value"]


def _words(answer: Mapping[str, Any] | None) -> Plain:
    """An answer for the audit: the texts shown where there are some, else its value."""
    return None if answer is None else answer.get("text", answer["value"])


__all__ = ["FieldGroups", "Shown"]

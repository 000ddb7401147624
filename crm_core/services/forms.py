"""Forms: a request type's schema made ready for one transaction, and answers frozen with the texts shown then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

import colander

from crm_core import shapes
from crm_core.errors import Invalid, NotFound
from crm_core.fields import Choices, ChoiceSource, Form
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.form import FormVersion
from crm_core.model.plain import NotText, Plain, check
from crm_core.model.request import Submission, TypeVersion
from crm_core.registry import Published
from crm_core.services.context import Context
from crm_core.services.types import Types

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")

NOT_INSTALLED = _("This kind of request is not installed at present.")
Rule = Callable[[colander.SchemaNode, Any], None]
"""A validator: raises `colander.Invalid` for a value that it refuses."""
YES_NO = {True: _("Yes"), False: _("No")}


class Forms:
    def __init__(self, context: Context) -> None:
        self.context = context
        self._plain: dict[str, colander.SchemaNode] = {}
        """request type → its schema, to write answers down by: of types whose choices are the same for everybody"""

    def published(self, type_id: str) -> Published:
        """The request type as its plugin has it now; NotFound while the plugin is absent."""
        published = self.context.registry.types.get(type_id)
        if published is None:
            raise NotFound(NOT_INSTALLED)
        return published

    def schema(self, type_id: str, services: Services, contact: Contact | None = None) -> colander.SchemaNode:
        """A fresh schema for a request of ``contact``, with the choices that depend on data filled in and checked."""
        return self.ready(type_id, self.published(type_id).type.form, services, contact)

    def ready(
        self, owner: str, form: type[Form], services: Services, contact: Contact | None = None
    ) -> colander.SchemaNode:
        """A fresh schema of a form, as `schema` gives it; ``owner``: the id of the contribution whose it is."""
        # Colander hands the nodes of the class to every instance; without a copy the first choices would stay forever.
        schema = self.context.host.decide(owner, "form", lambda: form().clone())
        return self.filled(owner, schema, services, contact)

    def filled(
        self, owner: str, schema: colander.SchemaNode, services: Services, contact: Contact | None = None
    ) -> colander.SchemaNode:
        """The schema itself, with the choices that depend on data in it; nothing but what they offer is taken.

        What a plugin's code in it raises now, or when it checks what was typed, is PluginFailed and names the plugin.
        """
        decide = partial(self.context.host.decide, owner)
        for node in schema:
            rules = _own_rule(node, decide)
            if getattr(node, "past", False):
                rules = (_behind(services.clock.today()), *rules)
            choices = getattr(node, "choices", None)
            if callable(choices):
                node.choices = decide(f"choices of {node.name}", partial(_offered, choices, services, contact))
            if choices is not None:
                rules = (_member_of(node), *rules)
            node.validator = colander.All(*rules) if rules else None
        whole = _own_rule(schema, decide)
        schema.validator = whole[0] if whole else None
        return schema

    def type_version(self, type_id: str) -> TypeVersion:
        """The stored frozen version of a request type, published now when this database has not seen it.

        Raises NotFound where its plugin was put out since these pages began, now or while this transaction runs.
        """
        published = Types(self.context).in_force(self.published(type_id))
        root = self.context.root
        known = (root.plugins or {}).get(type_id.partition(".")[0])
        if known is not None and not known.enabled:
            raise NotFound(NOT_INSTALLED)
        version: TypeVersion | None = root.types.get(published.version_id)
        if version is not None:
            self.context.count_on_unchanged(version)  # written when its plugin is put out
        return self.publish(published)

    def publish(self, published: Published) -> TypeVersion:
        """Store what a request type is now, where this database has not seen it; its stored frozen version."""
        root, type_id = self.context.root, published.type.id
        if published.version_id not in root.types:
            root.types[published.version_id] = published.new_type_version()
        if published.form_id not in root.forms:
            root.forms[published.form_id] = published.new_form_version()
        if root.current_types.get(type_id) != published.version_id:
            root.current_types[type_id] = published.version_id
        version: TypeVersion = root.types[published.version_id]
        return version

    def form_version(self, form_id: str) -> FormVersion | None:
        """A form as it once was."""
        found: FormVersion | None = self.context.root.forms.get(form_id)
        return found

    def passing(self, submission: Submission | None) -> frozenset[str]:
        """The fields of a submission's form whose answers may be kept for a time only."""
        form = None if submission is None else self.form_version(submission.form)
        return frozenset(field["name"] for field in (form.fields if form is not None else ())
                         if field.get("expires_days"))

    def submission(
        self, type_id: str, values: Mapping[str, Any], services: Services, contact: Contact | None = None
    ) -> Submission:
        """Checked form values as a submission: plain values, and the texts shown where they differ from the value."""
        published = self.published(type_id)
        schema = self._plain.get(type_id)
        if schema is None:
            form = published.type.form()
            schema = self.ready(type_id, published.type.form, services, contact)
            if not any(callable(getattr(node, "choices", None)) for node in form):
                self._plain[type_id] = schema  # making one takes longer than all else that is done with it
        return Submission(published.form_id, self.answers(schema, values))

    def answers(self, schema: colander.SchemaNode, values: Mapping[str, Any]) -> dict[str, Any]:
        """Checked values as answers: `Submission.answers`. Raises Invalid for characters that cannot be stored."""
        answers: dict[str, Any] = {}
        for node in schema:
            if node.name not in values:
                continue
            value = plain_value(values[node.name])
            answer: dict[str, Plain] = {"value": value}
            text = self._text(node, value)
            if text is not None:
                answer["text"] = text
            try:
                answers[node.name] = check(answer, node.name)
            except NotText as error:
                raise Invalid({node.name: _("This holds characters that cannot be stored.")}) from error
        return answers

    def _text(self, node: colander.SchemaNode, value: Plain) -> Plain | None:
        labels = self.context.translator.labels
        choices = getattr(node, "choices", None)
        if choices is not None:
            titles: dict[str, Text] = dict(choices)
            if isinstance(value, list):
                return [labels(titles[one]) for one in value if one in titles]
            return labels(titles[value]) if value in titles else None
        if node.field_type == "boolean":
            return labels(YES_NO[bool(value)])
        return None


def deserialize(schema: colander.SchemaNode, cstruct: Any) -> dict[str, Any]:
    """``schema.deserialize`` with errors as `Invalid`, for callers without a page (imports, REST, tests)."""
    try:
        values: dict[str, Any] = schema.deserialize(cstruct)
    except colander.Invalid as error:
        raise Invalid(dict(_messages(error))) from error
    return values


def _messages(error: colander.Invalid) -> list[tuple[str, Text]]:
    return [
        (path[-1].node.name, path[-1].msg if isinstance(path[-1].msg, str) else (path[-1].msg or [_("Required")])[0])
        for path in error.paths()
    ]


def _offered(
    choices: ChoiceSource, services: Services, contact: Contact | None
) -> tuple[tuple[str, Text], ...]:
    """What a function offers just now. Raises Misshapen for what are no pairs of a value and a label."""
    pairs = (shapes.pair(one) for one in choices(services, contact))
    return tuple((shapes.word(value), shapes.text(label)) for value, label in pairs)


def _own_rule(node: colander.SchemaNode, decide: Callable[[str, Callable[[], Any]], Any]) -> tuple[Rule, ...]:
    """The validator a node was declared with, if it has one; what it says against a value passes through ``decide``."""
    own = getattr(node, "validator", None)
    if not callable(own):
        return ()

    def complaint(node: colander.SchemaNode, value: Any) -> colander.Invalid | None:
        try:
            own(node, value)
        except colander.Invalid as error:
            return error
        return None

    def check_own(node: colander.SchemaNode, value: Any) -> None:
        wrong = decide(f"validator of {node.name or 'the form'}", lambda: complaint(node, value))
        if wrong is not None:
            raise wrong

    return (check_own,)


def _behind(today: date) -> Rule:
    def check_behind(node: colander.SchemaNode, value: date) -> None:
        if value > today:
            raise colander.Invalid(node, _("That day is still to come."))

    return check_behind


def _member_of(node: colander.SchemaNode) -> Rule:
    values = [value for value, _title in node.choices]

    def check_member(node: colander.SchemaNode, value: Any) -> None:
        chosen = value if isinstance(value, set | frozenset | tuple | list) else [value]
        if any(one not in values for one in chosen):
            raise colander.Invalid(node, _("Choose one of those offered."))
        if node.required and not chosen:
            raise colander.Invalid(node, _("Choose one at least."))

    return check_member


def plain_value(value: Any) -> Plain:
    """A colander value as plain data: dates as ISO text, times of day to the minute, sets as sorted lists."""
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(plain_value(item) for item in value)
    if isinstance(value, tuple | list):
        return [plain_value(item) for item in value]
    return value


__all__ = ["Choices", "Forms", "deserialize", "plain_value"]

"""Forms: a request type's schema made ready for one transaction, and answers frozen with the texts shown then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import colander

from crm_core.errors import Invalid, NotFound
from crm_core.fields import Choices
from crm_core.i18n import Text, TextFactory
from crm_core.model.contact import Contact
from crm_core.model.form import FormVersion
from crm_core.model.plain import NotText, Plain, check
from crm_core.model.request import Submission, TypeVersion
from crm_core.registry import Published
from crm_core.services.context import Context

if TYPE_CHECKING:
    from crm_core.services import Services

_ = TextFactory("crm_core")

YES_NO = {True: _("Yes"), False: _("No")}


class Forms:
    def __init__(self, context: Context) -> None:
        self.context = context

    def published(self, type_id: str) -> Published:
        """The request type as its plugin has it now; NotFound while the plugin is absent."""
        published = self.context.registry.types.get(type_id)
        if published is None:
            raise NotFound(_("This kind of request is not installed at present."))
        return published

    def schema(self, type_id: str, services: Services, contact: Contact | None = None) -> colander.SchemaNode:
        """A fresh schema for a request of ``contact``, with the choices that depend on data filled in and checked."""
        # Colander hands the nodes of the class to every instance; without a copy the first choices would stay forever.
        schema = self.published(type_id).type.form().clone()
        for node in schema:
            choices = getattr(node, "choices", None)
            if choices is None:
                continue
            node.choices = choices(services, contact) if callable(choices) else choices
            own = getattr(node, "validator", None)
            node.validator = colander.All(_member_of(node), own) if callable(own) else _member_of(node)
        return schema

    def type_version(self, type_id: str) -> TypeVersion:
        """The stored frozen version of a request type, published now when this database has not seen it."""
        published = self.published(type_id)
        root = self.context.root
        version: TypeVersion | None = root.types.get(published.version_id)
        if version is None:
            version = published.new_type_version()
            root.types[published.version_id] = version
        if published.form_id not in root.forms:
            root.forms[published.form_id] = published.new_form_version()
        if root.current_types.get(type_id) != published.version_id:
            root.current_types[type_id] = published.version_id
        return version

    def form_version(self, form_id: str) -> FormVersion | None:
        """A form as it once was."""
        found: FormVersion | None = self.context.root.forms.get(form_id)
        return found

    def submission(
        self, type_id: str, values: Mapping[str, Any], services: Services, contact: Contact | None = None
    ) -> Submission:
        """Checked form values as a submission: plain values, and the texts shown where they differ from the value."""
        published = self.published(type_id)
        answers: dict[str, Any] = {}
        for node in self.schema(type_id, services, contact):
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
        return Submission(published.form_id, answers)

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


def _member_of(node: colander.SchemaNode) -> Any:
    values = [value for value, _title in node.choices]

    def check_member(node: colander.SchemaNode, value: Any) -> None:
        chosen = value if isinstance(value, set | frozenset | tuple | list) else [value]
        if any(one not in values for one in chosen):
            raise colander.Invalid(node, _("Choose one of those offered."))
        if node.required and not chosen:
            raise colander.Invalid(node, _("Choose one at least."))

    return check_member


def plain_value(value: Any) -> Plain:
    """A colander value as plain data: dates as ISO text, sets as sorted lists."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(plain_value(item) for item in value)
    if isinstance(value, tuple | list):
        return [plain_value(item) for item in value]
    return value


__all__ = ["Choices", "Forms", "deserialize", "plain_value"]

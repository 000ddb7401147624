"""Answers made up for a form, so that a plugin can be looked at with something in it.

Texts hold a word that stands nowhere else: what is left of it after an erasure was not erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import colander

from crm_core.errors import CrmError, Invalid, PluginFailed
from crm_core.i18n import Text
from crm_core.model.attachment import Attachment
from crm_core.model.contact import Contact
from crm_core.model.request import Request
from crm_core.services import Services
from crm_core.services.forms import deserialize

WITNESS = "گواه zqwitness"
DAYS = (7, -7, 0, 400)
"""Days from today that are tried one after the other: plugins want some in the future, some in the past."""


class NotMade(Exception):
    """No request of a type could be made up; the message says why, in English."""


def requests(services: Services, contact: Contact, types: Iterable[str]) -> Iterator[Request]:
    """A request of each type, its form filled with made-up answers. Raises NotMade with what the plugin said."""
    for type_id in types:
        yield _request(services, contact, type_id)


def _request(services: Services, contact: Contact, type_id: str) -> Request:
    refused: CrmError | None = None
    for days in DAYS:
        try:
            schema = services.forms.schema(type_id, services, contact)
            values = deserialize(schema, made_up(schema, services.clock.today() + timedelta(days=days)))
            return services.requests.register(services, contact, type_id, values,
                                              attachments=_papers(services, type_id))
        except PluginFailed:  # no other answers would mend that
            raise
        except CrmError as error:
            refused = error
    assert refused is not None
    raise NotMade(f"{type_id}: {_in_words(services, refused)}")


def _papers(services: Services, type_id: str) -> tuple[Attachment, ...]:
    """As many files as a new request of the type must come with."""
    return tuple(services.attachments.store(f"{number}.txt", "text/plain", BytesIO(WITNESS.encode()))
                 for number in range(services.forms.published(type_id).type.files_required))


def _in_words(services: Services, error: CrmError) -> str:
    said: Mapping[str, Text] = error.errors if isinstance(error, Invalid) else {"": error.message}
    words = (f"{name}: {services.labels(text)['en']}".removeprefix(": ") for name, text in said.items())
    return "; ".join(words)


def made_up(schema: colander.SchemaNode, day: date) -> dict[str, Any]:
    """Answers to each field as a browser would send them; what cannot be answered is left out."""
    made: dict[str, Any] = {}
    for number, node in enumerate(schema):
        value = _answer(node, made, day, number)
        if value is not None:
            made[node.name] = value
    return made


def _answer(node: colander.SchemaNode, made: Mapping[str, Any], day: date, number: int) -> Any:
    kind = node.field_type
    if kind == "dependent_choice":
        return next(iter(node.groups.get(made.get(node.depends_on), ())), None)
    if hasattr(node, "choices"):
        first = next((value for value, _label in node.choices), None)
        return [first] if kind == "choices" and first is not None else first
    if kind == "date":
        return day.isoformat()
    if kind == "dates":
        return [day.isoformat()]
    if kind in ("integer", "money"):
        return str(_number(node))
    if kind == "code":
        return f"90417{number:03}"
    simple: dict[str, Any] = {"time": "10:30", "boolean": "true"}
    return simple.get(kind, f"{WITNESS}{number}")


def _number(node: colander.SchemaNode) -> int:
    bounds = [one for one in _validators(node.validator) if isinstance(one, colander.Range)]
    least = max((one.min for one in bounds if one.min is not None), default=1)
    most = min((one.max for one in bounds if one.max is not None), default=max(least, 1))
    return int(min(max(least, 1), most))


def _validators(validator: Any) -> Iterator[Any]:
    if isinstance(validator, colander.All):
        for one in validator.validators:
            yield from _validators(one)
    elif validator is not None:
        yield validator

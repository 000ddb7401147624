"""Forms as plain data: what stays readable of an answer when the plugin that asked for it is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import colander

from crm_core import shapes
from crm_core.contributions import ContactFields, RequestType, Setting
from crm_core.duties import Refused
from crm_core.fields import Erase, Export, Merge
from crm_core.i18n import Labels, Translator

_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORDS = {"on_merge": get_args(Merge), "on_export": get_args(Export), "on_erase": get_args(Erase)}


def form_definition(type_: RequestType | ContactFields, translator: Translator) -> dict[str, Any]:
    """The plain definition of the unbound form: what `FormVersion.definition` holds."""
    form = type_.form()
    for node in form:
        if getattr(node, "depends_on", ""):
            _check_dependent(type_, form, node)
    return {"form": type_.id, "fields": [frozen_field(type_, node, translator) for node in form]}


def _check_dependent(type_: RequestType | ContactFields, form: colander.SchemaNode, node: colander.SchemaNode) -> None:
    """Raise Refused for a dependent choice that could not be answered, or that names what does not exist."""
    here = f"the field {node.name!r} of {type_.id!r}"
    above = next((one for one in form if one.name == node.depends_on), None)
    if above is None or above is node or not isinstance(getattr(above, "choices", None), tuple):
        raise Refused(f"{here} depends on {node.depends_on!r}, which is no field with fixed choices of the same form")
    values = {value for value, _label in above.choices}
    if unknown := sorted(set(node.groups) - values):
        raise Refused(f"{here} has choices for {', '.join(unknown)}, which {above.name!r} does not offer")
    if node.required and not all(node.groups.get(value) for value in values):
        raise Refused(f"{here} is required, and some choices of {above.name!r} leave nothing to choose")


def frozen_field(
    type_: RequestType | ContactFields | Setting[Any], node: colander.SchemaNode, translator: Translator
) -> dict[str, Any]:
    """The plain definition of a field. Raises Refused for one that says too little, or what cannot be kept."""
    kind = getattr(node, "field_type", None)
    here = f"the field {shapes.shown(node.name)} of {type_.id!r}"
    if kind is None:
        raise Refused(f"{here} is not made by crm_core.api.fields")
    if not isinstance(node.name, str) or not _FIELD_NAME.fullmatch(node.name):
        raise Refused(f"{here} has a name that is not lower-case Latin letters, digits and _; what people read is its "
                      "title")
    if node.personal and node.on_erase != "remove":
        raise Refused(f"{here} tells of a person and would be kept by erasure")
    if wrong := "; ".join(_wrong(node)):
        raise Refused(f"{here} {wrong}")
    try:
        return _frozen(node, translator)
    except shapes.Misshapen as error:
        raise Refused(f"{here} has a title, a description or a choice that is {error}") from error


def _wrong(node: colander.SchemaNode) -> Iterator[str]:
    for name, allowed in _WORDS.items():
        if getattr(node, name) not in allowed:
            yield f"says {name}={shapes.shown(getattr(node, name))}, which is none of {', '.join(allowed)}"
    try:
        shapes.days(node.expires_days or 0)
    except shapes.Misshapen as error:
        yield f"says expires_days={shapes.shown(node.expires_days)}, which is {error}"
    choices = getattr(node, "choices", ())
    if not (callable(choices) or isinstance(choices, tuple)):
        yield "has choices that are neither a tuple nor a function"


def _frozen(node: colander.SchemaNode, translator: Translator) -> dict[str, Any]:
    shapes.labels(node.description, translator)
    field: dict[str, Any] = {
        "name": shapes.word(node.name),
        "type": shapes.word(node.field_type),
        "labels": shapes.labels(node.title, translator),
        "required": bool(node.required),
        "personal": bool(node.personal),
        "on_merge": shapes.word(node.on_merge),
        "on_export": shapes.word(node.on_export),
        "on_erase": shapes.word(node.on_erase),
        "expires_days": None if node.expires_days is None else shapes.days(node.expires_days),
    }
    choices = getattr(node, "choices", None)
    if isinstance(choices, tuple):
        field["choices"] = [_choice(one, translator) for one in choices]
    for word in ("shields", "refers"):
        if getattr(node, word, False):
            field[word] = True
    if field["type"] == "dependent_choice":
        field["depends_on"] = shapes.word(node.depends_on)
        field["groups"] = [[shapes.word(value), [shapes.word(one) for one in group]]
                           for value, group in node.groups.items()]
    if field["type"] == "money":
        field["currency"] = shapes.word(node.currency)
    return field


def _choice(one: Any, translator: Translator) -> list[str | Labels]:
    value, label = shapes.pair(one)
    return [shapes.word(value), shapes.labels(label, translator)]

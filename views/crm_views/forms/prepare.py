"""From a schema to a form ready to draw: a widget for each field by its core field type, readable ids, our renderer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import colander
import deform
from deform import Field
from deform import widget as stock
from pyramid.request import Request

from crm_core.i18n import Text, TextFactory
from crm_views.forms.dates import DaysWidget, JalaliDateWidget
from crm_views.forms.dependent import DependentChoiceWidget
from crm_views.forms.files import FileWidget
from crm_views.forms.rendering import FormRenderer
from crm_views.forms.structure import FormWidget, MappingWidget, SequenceWidget, name_fields
from crm_views.forms.times import TimeWidget
from crm_views.forms.widgets import (
    BooleanWidget,
    ChoicesWidget,
    ChoiceWidget,
    IntegerWidget,
    LineWidget,
    MoneyWidget,
    TextAreaWidget,
)

_ = TextFactory("crm_views")

WidgetMaker = Callable[[colander.SchemaNode], stock.Widget]


def _choices(node: colander.SchemaNode) -> tuple[tuple[str, Any], ...]:
    choices = getattr(node, "choices", ())
    if callable(choices):
        raise TypeError(f"the choices of the field {node.name!r} depend on data and are not filled in yet")
    return tuple((str(value), label) for value, label in choices)


def _listed(node: colander.SchemaNode) -> ChoiceWidget:
    return ChoiceWidget(_choices(node), radios=False)


_CURRENCIES: Mapping[str, tuple[int, Text]] = MappingProxyType({
    "IRR": (0, _("rials")), "EUR": (2, _("euros")), "USD": (2, _("dollars")),
})
"""Currency (ISO 4217) → places behind the point, and its word beside the field; another one stands as its code."""


def _money(node: colander.SchemaNode) -> MoneyWidget:
    currency = getattr(node, "currency", "IRR")
    places, unit = _CURRENCIES.get(currency, (0, currency))
    return MoneyWidget(currency, getattr(node, "places", places), getattr(node, "unit", unit))


MAKERS: Mapping[str, WidgetMaker] = MappingProxyType({
    "text": lambda node: LineWidget(),
    "long_text": lambda node: TextAreaWidget(),
    "place": lambda node: LineWidget(autocomplete="street-address"),
    "integer": lambda node: IntegerWidget(),
    "money": _money,
    "date": lambda node: JalaliDateWidget(getattr(node, "prefer", "next")),
    "dates": lambda node: DaysWidget(getattr(node, "prefer", "next")),
    "time": lambda node: TimeWidget(),
    "choice": lambda node: ChoiceWidget(_choices(node)),
    "dependent_choice": lambda node: DependentChoiceWidget(_choices(node), node.depends_on, node.groups),
    "choices": lambda node: ChoicesWidget(_choices(node)),
    "boolean": lambda node: BooleanWidget(),
    "code": lambda node: LineWidget(code=True),
    "phone": lambda node: LineWidget(code=True, inputmode="tel", help=_("With its area code, like 02155000018.")),
    "email": lambda node: LineWidget(code=True, inputmode="email", digits=False),
    "national_id": lambda node: LineWidget(code=True, inputmode="numeric", help=_("Ten digits.")),
    "staff": _listed,
    "unit": _listed,
    "contact": _listed,
    "file": lambda node: FileWidget(getattr(node, "max_files", 1)),
})
"""Core field type → the widget of a node of that type."""

_BY_KIND: tuple[tuple[type, str], ...] = (
    (colander.Boolean, "boolean"),
    (colander.Integer, "integer"),
    (colander.Date, "date"),
    (colander.Time, "time"),
    (colander.Set, "choices"),
)


def build(
    request: Request, schema: colander.SchemaNode, *, name: str = "form", appstruct: Mapping[str, Any] | None = None,
    template: str = "",
) -> deform.Form:
    """A `deform.Form` of ``schema`` for this request alone, with our widgets and templates.

    ``name`` tells several forms of one page apart and begins every id but those of the form named "form".
    ``template`` (``package:path/name.pt``) draws the whole form in place of ours.
    """
    form = deform.Form(schema, renderer=FormRenderer(request), formid=name, focus="off")
    form.widget = FormWidget(template=template) if template else FormWidget()
    _give_widgets(form, in_rows=False)
    form.oid = name
    for child in form.children:
        name_fields(child, f"f-{child.name}" if name == "form" else f"{name}-{child.name}", child.name)
    form.set_appstruct(colander.null if appstruct is None else known(schema, appstruct))
    return form


def known(schema: colander.SchemaNode, appstruct: Mapping[str, Any]) -> dict[str, Any]:
    """``appstruct`` with what nobody has said yet (None) left out, for colander would refuse it."""
    names = {node.name for node in schema.children}
    return {name: value for name, value in appstruct.items() if value is not None and name in names}


def _give_widgets(field: Field, *, in_rows: bool) -> None:
    for child in field.children:
        child.in_rows = in_rows
        child.widget = widget_for(child.schema)
        _give_widgets(child, in_rows=in_rows or isinstance(child.widget, stock.SequenceWidget))


def widget_for(node: colander.SchemaNode) -> stock.Widget:
    """The widget a node brings itself, else the one of its field type, else one that fits its colander type."""
    if node.widget is not None:
        return node.widget
    if isinstance(node.typ, colander.Mapping):
        return MappingWidget()
    if isinstance(node.typ, colander.Sequence):
        return SequenceWidget(min_len=getattr(node, "min_len", None), max_len=getattr(node, "max_len", None))
    field_type = getattr(node, "field_type", None)
    if field_type is None:
        field_type = next((name for kind, name in _BY_KIND if isinstance(node.typ, kind)), "text")
    return MAKERS[field_type](node)

"""Fields of forms: colander nodes that carry what the core must know of each answer for all time.

``field_type`` says how to ask and show it, ``personal`` whether it tells of a person, ``on_erase``, ``on_merge`` and
``on_export`` what becomes of the answer then, ``expires_days`` how long it may be kept, ``shields`` that the chosen
member of staff must not see the request, ``refers`` that the answer is the id of another request, whose shield and
confidentiality hold here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import colander

from crm_core.i18n import Text

if TYPE_CHECKING:
    from crm_core.model.contact import Contact
    from crm_core.services import Services

Choices = tuple[tuple[str, Text], ...]
"""(value, label) pairs in the order to show."""

ChoiceSource = Callable[["Services", "Contact | None"], Choices]
"""Choices that depend on data (free slots, the citizen's closed requests): called whenever the form is shown or
checked, with the contact the request is for (None while nobody is known)."""

Erase = Literal["remove", "keep"]
Merge = Literal["keep", "ask"]
"""When two contacts turn out to be one: both answers stay with their requests, or a person is asked which one holds."""
Export = Literal["include", "omit"]
"""Whether the citizen's own copy of the data holds the answer."""

Node = colander.SchemaNode
"""What the functions below make: one field of a form."""

SHORT = 200
LONG = 20_000
"""Lengths of a line and of a text, in characters."""


class Form(colander.MappingSchema):
    """Base of a request type's form: fields as class attributes, a method ``validator`` for what spans fields."""


def _node(
    kind: Any, field_type: str, title: Text, *, required: bool, missing: Any = None, personal: bool = False,
    description: Text = "", on_erase: Erase | None = None, expires_days: int | None = None, on_merge: Merge = "keep",
    on_export: Export = "include", **more: Any,
) -> colander.SchemaNode:
    return colander.SchemaNode(
        kind,
        title=title,
        description=description,
        missing=colander.required if required else missing,
        field_type=field_type,
        personal=personal,
        on_erase=on_erase or ("remove" if personal else "keep"),
        on_merge=on_merge,
        on_export=on_export,
        expires_days=expires_days,
        **more,
    )


def text(title: Text, *, required: bool = True, max_length: int = SHORT, **more: Any) -> colander.SchemaNode:
    """One line of at most ``max_length`` characters."""
    return _node(colander.String(), "text", title, required=required, missing="",
                 validator=colander.Length(max=max_length), **more)


def long_text(title: Text, *, required: bool = True, max_length: int = LONG, **more: Any) -> colander.SchemaNode:
    """Several lines of at most ``max_length`` characters."""
    return _node(colander.String(), "long_text", title, required=required, missing="",
                 validator=colander.Length(max=max_length), **more)


def place(title: Text, *, required: bool = True, **more: Any) -> colander.SchemaNode:
    """A place in words: street, number, landmark."""
    return _node(colander.String(), "place", title, required=required, missing="",
                 validator=colander.Length(max=SHORT), **more)


def integer(
    title: Text, *, required: bool = True, least: int | None = None, most: int | None = None, **more: Any
) -> colander.SchemaNode:
    """A whole number between ``least`` and ``most``."""
    return _node(colander.Integer(strict=True), "integer", title, required=required,
                 validator=colander.Range(min=least, max=most), **more)


def boolean(title: Text, **more: Any) -> colander.SchemaNode:
    """Yes or no; never required."""
    return _node(colander.Boolean(), "boolean", title, required=False, missing=False, **more)


def date(title: Text, *, required: bool = True, **more: Any) -> colander.SchemaNode:
    """A day; typed and shown in the reader's calendar, kept as ISO text."""
    return _node(colander.Date(), "date", title, required=required, **more)


def choice(
    title: Text, choices: Choices | ChoiceSource, *, required: bool = True, **more: Any
) -> colander.SchemaNode:
    """One of ``choices``."""
    return _node(colander.String(), "choice", title, required=required, missing="", choices=choices, **more)


def choices(
    title: Text, choices: Choices | ChoiceSource, *, required: bool = True, **more: Any
) -> colander.SchemaNode:
    """Any number of ``choices`` (one at least when required)."""
    return _node(colander.Set(), "choices", title, required=required, missing=(), choices=choices, **more)


def request(title: Text, choices: ChoiceSource, *, required: bool = True, **more: Any) -> colander.SchemaNode:
    """Another request, by its id as text. Whoever may not see that one may not see the new one either."""
    return choice(title, choices, required=required, refers=True, **more)


def staff(title: Text, *, required: bool = True, shields: bool = False, **more: Any) -> colander.SchemaNode:
    """A member of staff. With ``shields`` the request does not exist for the one who is chosen."""
    return _node(
        colander.String(), "staff", title, required=required, missing="", choices=_staff, shields=shields, **more
    )


def unit(title: Text, *, required: bool = True, **more: Any) -> colander.SchemaNode:
    """A unit of the organisation."""
    return _node(colander.String(), "unit", title, required=required, missing="", choices=_units, **more)


def _staff(services: Services, contact: Contact | None) -> Choices:
    return tuple((str(user.id), user.name) for user in services.users.active())


def _units(services: Services, contact: Contact | None) -> Choices:
    return tuple((str(unit.id), unit.name) for unit in services.units.all())

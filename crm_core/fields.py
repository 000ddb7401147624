"""Fields of forms: colander nodes that carry what the core must know of each answer for all time.

``field_type`` says how to ask and show it, ``personal`` whether it tells of a person, ``on_erase``, ``on_merge`` and
``on_export`` what becomes of the answer then, ``expires_days`` how long it may be kept, ``shields`` that the chosen
member of staff must not see the request, ``refers`` that the answer is the id of another request, whose shield and
confidentiality hold here too, ``depends_on`` the field whose answer says which choices there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date as calendar
from typing import TYPE_CHECKING, Any, Literal

import colander

from crm_core.i18n import Text, TextFactory
from crm_core.text.collation import collation_key

if TYPE_CHECKING:
    from crm_core.model.contact import Contact
    from crm_core.services import Services

_ = TextFactory("crm_core")

Choices = tuple[tuple[str, Text], ...]
"""(value, label) pairs in the order to show."""

ChoiceSource = Callable[["Services", "Contact | None"], Choices]
"""Choices that depend on data (free slots, the citizen's closed requests): called whenever the form is shown or
checked, with the contact the request is for (None while nobody is known)."""

Erase = Literal["remove", "keep"]
Merge = Literal["keep", "ask"]
"""When two contacts turn out to be one: both answers stay, or who merges them is shown that they differ and must weigh
it before (contact fields). Nothing is copied or lost: a merge can be taken back."""
Export = Literal["include", "omit"]
"""Whether the citizen's own copy of the data holds the answer."""

Node = colander.SchemaNode
"""What the functions below make: one field of a form."""

SHORT = 200
LONG = 20_000
"""Lengths of a line and of a text, in characters."""
MOST_DAYS = 400
"""Days in a list of them: more than a year has."""


class Form(colander.MappingSchema):
    """Base of a request type's form: fields as class attributes, a method ``validator`` for what spans fields."""

    def deserialize(self, cstruct: Any = colander.null) -> Any:
        """The checked values of a ``cstruct``; dependent choices are held against what they depend on.

        Colander asks a form's own ``validator`` only when every field is right, and would so name these in a second
        round. Raises `colander.Invalid` with the errors of all fields.
        """
        wrong = dict(_misfits(self, cstruct)) if isinstance(cstruct, dict) else {}
        try:
            values = super().deserialize(cstruct)
        except colander.Invalid as error:
            for place, message in wrong.items():
                if place not in {child.pos for child in error.children}:
                    error.add(colander.Invalid(self.children[place], message), place)
            raise
        if wrong:
            misfits = colander.Invalid(self)
            for place, message in wrong.items():
                misfits.add(colander.Invalid(self.children[place], message), place)
            raise misfits
        return values


def _misfits(form: colander.SchemaNode, cstruct: dict[str, Any]) -> list[tuple[int, Text]]:
    """(place, what is wrong) of each dependent choice that does not belong to what was chosen above it."""
    found: list[tuple[int, Text]] = []
    for place, node in enumerate(form.children):
        above = getattr(node, "depends_on", "")
        given = cstruct.get(node.name)
        if not above or not isinstance(given, str) or not given:
            continue
        chosen, upper = cstruct.get(above), form[above]
        if not isinstance(chosen, str) or not chosen:
            found.append((place, _("Choose “${field}” first.", mapping={"field": upper.title})))
        elif given not in node.groups.get(chosen, ()):
            labels = dict(upper.choices)
            found.append((place, _("This does not belong to “${chosen}”; choose one that does.",
                                   mapping={"chosen": labels.get(chosen, chosen)})))
    return found


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


def date(title: Text, *, required: bool = True, past: bool = False, **more: Any) -> colander.SchemaNode:
    """A day; typed and shown in the reader's calendar, kept as ISO text.

    ``prefer="last"`` where the day lies behind: a weekday alone then means the last such day, not the next one.
    ``past``: a day that is still to come is refused, together with all else that is wrong in the form.
    """
    return _node(colander.Date(), "date", title, required=required, past=past, **more)


class Days(colander.SchemaType):
    """Some days: a list of ISO texts, read as a tuple of dates in their order, each of them once."""

    def serialize(self, node: colander.SchemaNode, appstruct: Any) -> Any:
        """The ISO texts of dates, or of what is ISO text already."""
        if appstruct in (colander.null, None):
            return colander.null
        return [one if isinstance(one, str) else one.isoformat() for one in appstruct]

    def deserialize(self, node: colander.SchemaNode, cstruct: Any) -> Any:
        """The dates; raises `colander.Invalid` for anything that is no list of ISO texts."""
        if cstruct in (colander.null, None, "", [], ()):
            return colander.null
        try:
            if not isinstance(cstruct, list | tuple):
                raise ValueError
            return tuple(sorted({calendar.fromisoformat(one) for one in cstruct}))
        except (TypeError, ValueError) as error:
            raise colander.Invalid(node, _("This is not understood as a date.")) from error

    def cstruct_children(self, node: colander.SchemaNode, cstruct: Any) -> list[Any]:
        """None: what is typed stands in one control."""
        return []


def dates(title: Text, *, required: bool = True, most: int = MOST_DAYS, **more: Any) -> colander.SchemaNode:
    """Some days, ``most`` at most, each on a line of its own; typed and shown as a `date`, kept as a list of ISO texts.

    ``prefer="last"`` as for a `date`.
    """
    return _node(Days(), "dates", title, required=required, missing=(), validator=colander.Length(
        max=most, max_err=_("These are more than ${max} days.")), **more)


def time(title: Text, *, required: bool = True, **more: Any) -> colander.SchemaNode:
    """A time of day to the minute, kept as ``"14:30"``."""
    return _node(colander.Time(), "time", title, required=required, **more)


def money(
    title: Text, *, required: bool = True, currency: str = "IRR", least: int | None = 0, most: int | None = None,
    **more: Any,
) -> colander.SchemaNode:
    """An amount in the smallest unit of ``currency`` (ISO 4217), between ``least`` and ``most`` of them."""
    return _node(colander.Integer(strict=True), "money", title, required=required, currency=currency,
                 validator=colander.Range(min=least, max=most), **more)


def code(title: Text, *, required: bool = True, max_length: int = SHORT, **more: Any) -> colander.SchemaNode:
    """A number or code that is read letter by letter: left to right, blanks around it dropped, digits as typed.

    Its letters are Latin ones; what may hold others (a number plate, a file number with «الف») is a `text`.
    """
    return _node(colander.String(), "code", title, required=required, missing="",
                 validator=colander.All(colander.Length(max=max_length), _latin), **more)


def _latin(node: colander.SchemaNode, value: str) -> None:
    """A code is written from left to right; other letters would turn it round where it is read."""
    if any(char.isalpha() and not char.isascii() for char in value):
        raise colander.Invalid(node, _("Only Latin letters, digits and marks such as - and / are written here."))


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


def dependent_choice(
    title: Text, on: str, choices: Mapping[str, Choices], *, required: bool = True, **more: Any
) -> colander.SchemaNode:
    """One of the ``choices`` that belong to the answer of the field ``on``: a `choice` of the same form.

    ``choices``: value of the field ``on`` → its choices. A value may belong to several, with one label. Values of
    ``on`` without choices are left out; a required field needs some for each of them.
    """
    every = {value: label for group in choices.values() for value, label in group}
    groups = {value: tuple(one for one, _label in group) for value, group in choices.items()}
    return _node(colander.String(), "dependent_choice", title, required=required, missing="",
                 choices=tuple(every.items()), depends_on=on, groups=groups, **more)


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
    return _by_name((str(user.id), user.name) for user in services.users.active())


def _units(services: Services, contact: Contact | None) -> Choices:
    return _by_name((str(unit.id), unit.name) for unit in services.units.active())


def _by_name(found: Iterable[tuple[str, Text]]) -> Choices:
    return tuple(sorted(found, key=lambda choice: collation_key(str(choice[1]))))

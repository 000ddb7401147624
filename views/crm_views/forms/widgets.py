"""Widgets for the core's field types: how each is asked for, read back, and shown again when it was refused.

Widget objects may be shared by several forms and threads: they hold settings only. What belongs to one form lies on its
`deform.Field`.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

import colander
from deform import Field
from deform import widget as stock

from crm_core.i18n import Text, TextFactory
from crm_core.text.digits import to_ascii
from crm_views.forms.messages import CHOOSE, CHOOSE_SOME, MALFORMED, NOT_A_CHOICE, NOT_A_NUMBER

_ = TextFactory("crm_views")

RADIOS = 5
"""Up to so many choices are shown one beside the other; more go into a list."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?")
# Thousands stand apart by a comma, a Persian separator or a space; "1,5" is no whole number and not taken for 15.
_GROUPED = re.compile(r"([+-]?[0-9]{1,3})((?:[,٬،'\s\u202f\xa0][0-9]{3})+)((?:\.[0-9]+)?)")


class OwnWidget(stock.Widget):
    """Base of our widgets. ``kind`` tells `mapping_item.pt` what to put around the control:

    single (a label for it), group (a fieldset with a legend), bare (brings its own label), file, structure, hidden.
    ``wide`` ones take the whole width of the form; ``help`` stands below when the node has no description.
    """

    kind = "single"
    wide = False
    hidden = False
    requirements = ()
    help: Text = ""
    required_message: Text | None = None
    template = "textinput"
    readonly_template = "readonly/text"

    def help_for(self, field: Field) -> str:
        """Help below the control, in the reader's language."""
        return str(show_of(field).text(self.help))

    def shown(self, field: Field, cstruct: Any) -> str:
        """What stands in the control for ``cstruct``."""
        return "" if cstruct in (colander.null, None) else str(cstruct)

    def said(self, field: Field, cstruct: Any) -> str:
        """What a reader sees where the value cannot be changed."""
        return self.shown(field, cstruct)

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        readonly = kw.get("readonly", self.readonly)
        values = self.get_template_values(field, cstruct, kw)
        values["value"] = self.said(field, cstruct) if readonly else self.shown(field, cstruct)
        return str(field.renderer(self.readonly_template if readonly else self.template, **values))

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        if pstruct is colander.null or pstruct is None:
            return colander.null
        if not isinstance(pstruct, str):
            raise colander.Invalid(field.schema, MALFORMED)
        return self.read(field, pstruct)

    def read(self, field: Field, typed: str) -> Any:
        """The cstruct of what was typed. Raises `colander.Invalid` with ``value=typed``: it stays in the field."""
        return typed if typed.strip() else colander.null


def show_of(field: Field) -> Any:
    """The `Display` of the form's reader."""
    return field.renderer.request.ui.show


def first_unreadable(text: str) -> int | None:
    """Place of the first character no page can show again: controls (tab and line feed aside) and lone surrogates."""
    for place, char in enumerate(text):
        if char not in "\t\n" and unicodedata.category(char) in ("Cc", "Cs"):
            return place
    return None


class LineWidget(OwnWidget):
    """One line of text, kept exactly as typed; only blank lines count as nothing."""

    input_type = "text"
    inputmode: str | None = None
    autocomplete = "off"
    code = False
    """A code, phone or address: left to right, blanks around it dropped."""
    digits = True
    """Of a code: its digits are shown in the reader's script."""
    lines = False

    def shown(self, field: Field, cstruct: Any) -> str:
        text = super().shown(field, cstruct)
        return show_of(field).digits(text) if self.code and self.digits and not field.error else text

    def read(self, field: Field, typed: str) -> Any:
        text = typed.replace("\r\n", "\n").replace("\r", "\n") if self.lines else typed
        if not text.strip():
            return colander.null
        place = first_unreadable(text)
        if place is None and not self.lines and "\n" in text:
            place = text.index("\n")
        if place is not None:
            raise colander.Invalid(
                field.schema,
                _("There is a character here that cannot be shown (${code}), after “${before}”; take it out.",
                  mapping={"code": f"U+{ord(text[place]):04X}", "before": text[max(0, place - 12) : place].strip()}),
                typed,
            )
        return text.strip() if self.code else text


class TextAreaWidget(LineWidget):
    """Several lines; line ends are kept as line feeds."""

    template = "textarea"
    readonly_template = "readonly/long_text"
    lines = True
    wide = True
    rows = 4


class PasswordWidget(LineWidget):
    """A password: never shown again, not even to the one who typed it. ``autocomplete`` is what managers read."""

    template = "password"
    readonly_template = "readonly/nothing"
    autocomplete = "current-password"

    def shown(self, field: Field, cstruct: Any) -> str:
        return ""

    def read(self, field: Field, typed: str) -> Any:
        return typed or colander.null


class NewPasswordWidget(PasswordWidget):
    """A password that is chosen here: managers offer to make one."""

    autocomplete = "new-password"


class HiddenWidget(OwnWidget):
    """A value that travels with the form unseen."""

    kind = "hidden"
    hidden = True
    template = "hidden"
    readonly_template = "readonly/nothing"


class IntegerWidget(LineWidget):
    """A whole number in any digits, with or without separators."""

    inputmode = "numeric"

    def shown(self, field: Field, cstruct: Any) -> str:
        text = OwnWidget.shown(self, field, cstruct)
        return show_of(field).digits(text) if _INTEGER.fullmatch(text) else text

    def said(self, field: Field, cstruct: Any) -> str:
        text = OwnWidget.shown(self, field, cstruct)
        return show_of(field).number(int(text)) if _INTEGER.fullmatch(text) else text

    def read(self, field: Field, typed: str) -> Any:
        plain = _plain_number(typed)
        if not plain:
            return colander.null
        if not _INTEGER.fullmatch(plain):
            raise colander.Invalid(field.schema, _not_a_number(typed), typed)
        return plain


class MoneyWidget(OwnWidget):
    """An amount, typed and shown in units with ``places`` behind the point; the cstruct counts the smallest ones."""

    template = "money"
    code = False
    inputmode = "decimal"

    def __init__(self, currency: str = "IRR", places: int = 0, unit: Text = _("rials"), **kw: Any) -> None:
        super().__init__(**kw)
        self.currency = currency
        self.places = places
        self.unit = unit

    def shown(self, field: Field, cstruct: Any) -> str:
        text = super().shown(field, cstruct)
        if not _INTEGER.fullmatch(text):
            return text
        return str(show_of(field).number(Decimal(text).scaleb(-self.places), self.places))

    def said(self, field: Field, cstruct: Any) -> str:
        text = OwnWidget.shown(self, field, cstruct)
        return str(show_of(field).money(int(text), self.currency)) if _INTEGER.fullmatch(text) else text

    def read(self, field: Field, typed: str) -> Any:
        plain = _plain_number(typed)
        if not plain:
            return colander.null
        if not _AMOUNT.fullmatch(plain):
            raise colander.Invalid(field.schema, _not_a_number(typed), typed)
        amount = Decimal(plain).scaleb(self.places)
        if amount != amount.to_integral_value():
            raise colander.Invalid(field.schema, _("Write a whole amount; there is no smaller unit."), typed)
        return str(int(amount))


class BooleanWidget(OwnWidget):
    """Yes or no as one box with its sentence beside it."""

    kind = "bare"
    template = "checkbox"

    def said(self, field: Field, cstruct: Any) -> str:
        return str(show_of(field).text(_("Yes") if cstruct == "true" else _("No")))

    def deserialize(self, field: Field, pstruct: Any) -> str:
        return "true" if pstruct in ("true", "on", "1") else "false"


class ChoiceWidget(OwnWidget):
    """One of some: round buttons for a few, a list for many. ``choices`` are (value, label) pairs.

    A node that may be left empty can say as ``empty`` what that means, like "the unit decides".
    """

    def __init__(self, choices: tuple[tuple[str, Any], ...], **kw: Any) -> None:
        super().__init__(**kw)
        self.choices = choices
        few = len(choices) <= RADIOS and kw.get("radios", True)
        self.kind = "group" if few else "single"
        self.wide = few and len(choices) > 2
        self.template = "radio_choice" if few else "select"
        self.required_message = CHOOSE

    @staticmethod
    def empty(field: Field) -> str:
        """The word for choosing none."""
        return str(show_of(field).text(getattr(field.schema, "empty", "") or _("Not said")))

    def said(self, field: Field, cstruct: Any) -> str:
        labels = dict(self.choices)
        return str(show_of(field).text(labels[cstruct])) if cstruct in labels else self.shown(field, cstruct)

    def read(self, field: Field, typed: str) -> Any:
        if not typed:
            return colander.null
        if typed not in dict(self.choices):
            raise colander.Invalid(field.schema, NOT_A_CHOICE, typed)
        return typed


class ChoicesWidget(OwnWidget):
    """Any number of some, as boxes. The cstruct is a tuple of values."""

    kind = "group"
    wide = True
    template = "checkbox_choice"
    readonly_template = "readonly/list"

    def __init__(self, choices: tuple[tuple[str, Any], ...], **kw: Any) -> None:
        super().__init__(**kw)
        self.choices = choices
        self.required_message = CHOOSE_SOME

    def said(self, field: Field, cstruct: Any) -> str:
        show = show_of(field)
        if isinstance(cstruct, str):  # in words already, of another's version
            return cstruct
        chosen = () if cstruct in (colander.null, None) else tuple(map(str, cstruct))
        return str(show.text(_(", ")).join(show.text(label) for value, label in self.choices if value in chosen))

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        chosen = () if cstruct in (colander.null, None) else tuple(map(str, cstruct))
        labels = [show_of(field).text(label) for value, label in self.choices if value in chosen]
        return super().serialize(field, cstruct, **(kw | {"chosen": chosen, "labels": labels}))

    def deserialize(self, field: Field, pstruct: Any) -> Any:
        if pstruct is colander.null or pstruct is None:
            return colander.null
        values = (pstruct,) if isinstance(pstruct, str) else pstruct
        if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
            raise colander.Invalid(field.schema, MALFORMED)
        chosen = tuple(dict.fromkeys(value for value in values if value))
        if any(value not in dict(self.choices) for value in chosen):
            raise colander.Invalid(field.schema, NOT_A_CHOICE, chosen)
        return chosen or colander.null


def _plain_number(typed: str) -> str:
    """A number as Python writes it, where ``typed`` is one in any digits, with or without thousands apart."""
    plain = to_ascii(typed).strip(" \t\n\u200c\u200e\u200f\xa0").replace("−", "-").replace("٫", ".")
    grouped = _GROUPED.fullmatch(plain)
    return grouped[1] + re.sub("[^0-9]", "", grouped[2]) + grouped[3] if grouped else plain


def _not_a_number(typed: str) -> Text:
    return NOT_A_NUMBER % {"val": typed.strip()[:40]}

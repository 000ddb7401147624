"""The choice that depends on another answer: a list in groups, one for each choice above; the script shows only one.

Without the script every group is there with its name, and the server says when a choice does not belong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deform import Field

from crm_core.i18n import TextFactory
from crm_views.forms.widgets import ChoiceWidget, show_of

_ = TextFactory("crm_views")


class DependentChoiceWidget(ChoiceWidget):
    """One of the choices that belong to what was chosen in the field ``on`` beside it.

    ``groups``: value of that field → the values that belong to it. The rule itself is checked by `crm_core.fields.Form`
    when the form is read.
    """

    def __init__(
        self, choices: tuple[tuple[str, Any], ...], on: str, groups: Mapping[str, tuple[str, ...]], **kw: Any
    ) -> None:
        super().__init__(choices, radios=False, **kw)
        self.on = on
        self.groups = groups
        self.template = "dependent_choice"

    def serialize(self, field: Field, cstruct: Any, **kw: Any) -> str:
        above = field.parent[self.on] if field.parent is not None else None
        chosen = "" if above is None or not isinstance(above.cstruct, str) else above.cstruct
        labels, show = dict(self.choices), show_of(field)
        uppers = dict(getattr(above.schema, "choices", ())) if above is not None else {}
        # A value that belongs to several groups is selected in the one that is chosen, else where it comes first.
        mine = [name for name, values in self.groups.items() if cstruct in values]
        selected_in = chosen if chosen in mine else next(iter(mine), "")
        groups = [
            {
                "value": name, "label": show.text(uppers.get(name, name)),
                "choices": [{"value": value, "label": show.text(labels[value]),
                             "selected": value == cstruct and name == selected_in} for value in values],
            }
            for name, values in self.groups.items() if values
        ]
        first = _("First choose “${field}”", mapping={"field": above.title if above is not None else ""})
        return super().serialize(field, cstruct, **(kw | {
            "groups": groups, "on": above.oid if above is not None else "", "first": show.text(first),
        }))

"""What a form is told and what it says: how it is drawn, and what was in it when it was valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.i18n import Text


@dataclass(frozen=True)
class Submission:
    """What a valid form said.

    ``values`` as the schema gives them; ``submission_key`` is one per form shown, the same when it is sent twice;
    ``revision`` and ``hidden`` are what the form carried, as text; ``button`` is the value of the button pressed.
    """

    values: dict[str, Any]
    submission_key: str
    revision: str
    hidden: Mapping[str, str]
    button: str


@dataclass(frozen=True)
class Button:
    """One more submit button: ``value`` arrives as `Submission.button`."""

    value: str
    text: Text
    look: str = "quiet"
    icon: str = ""


@dataclass(frozen=True)
class Folded:
    """Fields that mostly stay as they are, below the others and folded away: their ``names``, and the ``title`` above.

    What stands in them is said beside the title; where one of them is wrong they are open.
    """

    title: Text
    names: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """How a form is drawn. ``layout``: a ``sheet`` in two columns with a foot, or ``plain`` fields one below the other.

    ``template`` (``package:path/name.pt``) replaces the whole form; start from ``templates/form.pt``. Without
    ``drafts`` nothing is kept while somebody types; a form that asks for a password never has any.
    ``slot`` keeps several drafts of one form apart: a form has one draft a slot. ``refused`` stands above the errors of
    a form that saves nothing, such as that of the login.
    """

    heading: Text = ""
    note: Text = ""
    layout: str = "sheet"
    submit_icon: str = ""
    submit_look: str = "primary"
    buttons: tuple[Button, ...] = ()
    cancel: str = ""
    template: str = ""
    css: str = ""
    drafts: bool = True
    slot: str = ""
    folded: Folded | None = None
    refused: Text = ""

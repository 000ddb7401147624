"""What every new request may have beside the fields of its kind, as a part of its form."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.fields import LONG, SHORT
from crm_core.i18n import TextFactory
from crm_core.model.interaction import Channel
from crm_core.model.request import Priority
from crm_views import words
from crm_views.desk.fields import files

_ = TextFactory("crm_views")


class CommonForm(f.Form):
    """What every new request may have beside the fields of its kind: names of `crm_core.contributions.COMMON`."""

    text = f.long_text(_("In the citizen’s words"), required=False, max_length=LONG, personal=True)
    title_ = f.text(_("Title"), required=False, max_length=SHORT, name="title", personal=True, wide=True,
                    description=_("Left empty, it is made of the citizen’s words, or of the answers."))
    attachments = files(_("Files"))
    channel = f.choice(_("Channel"), tuple((str(channel), text) for channel, text in words.CHANNELS.items()))
    unit = f.unit(_("Unit"), required=False, empty=_("The unit of this kind"))
    priority = f.choice(_("Priority"), tuple((str(priority), text) for priority, text in words.PRIORITIES.items()))


NAMES = {"text": "text", "title": "title", "files": "attachments", "channel": "channel", "unit": "unit",
         "priority": "priority"}
"""Word of `crm_core.contributions.COMMON` → the field of the form."""
FOLDED = ("channel", "unit", "priority")
"""How it came and who shall answer it: asked below, with what is mostly right in it already."""
START = {"channel": Channel.IN_PERSON.value, "priority": Priority.NORMAL.value}
"""What a request starts with where its form does not ask."""


def free_name(name: str, taken: set[str]) -> str:
    """A name for a common field that no field of the kind has."""
    while name in taken:
        name += "_"
    return name

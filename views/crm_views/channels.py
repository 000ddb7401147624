"""The words and icons of channels: the core's own, and those of plugins, present or away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_core.i18n import Text
from crm_views.words import CHANNEL_ICONS, CHANNELS

if TYPE_CHECKING:
    from pyramid.request import Request

Choices = tuple[tuple[str, Text | Mapping[str, str]], ...]
ICON = "chat-left-text"


def channel_word(request: Request, id_: str) -> str:
    """What a channel is called, in the reader's language; one that nobody knows as it is stored."""
    words: Text | Mapping[str, str] | None = CHANNELS.get(id_)
    if words is None and id_:
        added = request.services.channels.find(id_)
        words = added.title if added is not None else id_
    return str(request.ui.show.text(words))


def channel_icon(request: Request, id_: str, other: str = ICON) -> str:
    """The icon of a channel; ``other`` for one that nobody knows."""
    if id_ in CHANNEL_ICONS or not id_:
        return CHANNEL_ICONS.get(id_, other)
    added = request.services.channels.find(id_)
    return added.icon if added is not None else other


def channel_choices(request: Request, *, away: bool = False) -> Choices:
    """(id, word) of the channels on which something can be logged now; with ``away`` those too that once were."""
    show = request.ui.show
    own: Choices = tuple((str(channel), text) for channel, text in CHANNELS.items())
    return (*own, *((one.id, show.text(one.title)) for one in request.services.channels.added()
                    if one.present or away))


def added_channels(request: Request) -> tuple[str, ...]:
    """The ids of plugins' channels on which something can be logged now."""
    return tuple(one.id for one in request.services.channels.added() if one.present)

"""Channels: the core's own and those that plugins add, whose words stay when a plugin goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from BTrees.OOBTree import OOBTree

from crm_core.i18n import Labels, Text
from crm_core.model.interaction import Channel
from crm_core.services.context import Context

CORE = frozenset(str(channel) for channel in Channel)


@dataclass(frozen=True)
class Added:
    """A channel of a plugin. ``present``: something can be logged on it now; else its plugin is away."""

    id: str
    title: Text | Labels
    icon: str
    present: bool


class Channels:
    def __init__(self, context: Context) -> None:
        self.context = context

    def exists(self, id_: str) -> bool:
        """Whether something can be logged on a channel now."""
        return id_ in CORE or id_ in self.context.registry.channels

    def find(self, id_: str) -> Added | None:
        """A channel of a plugin, present or away; None for the core's own and for what is none."""
        found = self.context.registry.channels.get(id_)
        if found is not None:
            return Added(id_, found[1].title, found[1].icon, True)
        kept = (self.context.root.channels or {}).get(id_)
        return None if kept is None else Added(id_, kept[0], kept[1], False)

    def added(self) -> list[Added]:
        """The channels of plugins, in order of ids; those away too, as far as something was ever logged on them."""
        ids = {*self.context.registry.channels, *(self.context.root.channels or ())}
        return [one for id_ in sorted(ids) if (one := self.find(id_)) is not None]

    def keep_words(self, id_: str) -> None:
        """Something is stored that bears a plugin's channel: its words of today stay with the database."""
        found = self.context.registry.channels.get(id_)
        if found is None:
            return
        root = self.context.root
        if root.channels is None:
            root.channels = OOBTree()
        labels: Mapping[str, str] = self.context.translator.labels(found[1].title)
        words = (dict(labels), found[1].icon)
        if root.channels.get(id_) != words:
            root.channels[id_] = words

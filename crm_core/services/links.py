"""Groups of contacts that are one citizen, made anew from the links that hold them together."""

from __future__ import annotations

from collections.abc import Iterable

from crm_core.model.contact import Link, LinkGroup
from crm_core.model.root import Root


def regroup(root: Root, members: Iterable[int], links: Iterable[Link]) -> None:
    """Give each of ``members`` (contact ids) the group that ``links`` make; who has no link left stands alone.

    Contacts held together share one group object; its links are in order of their dates, those of one moment as given.
    """
    for id_ in members:
        contact = root.contacts.get(id_)
        if contact is not None:
            contact.group = None
    remaining = sorted(dict.fromkeys(links), key=lambda link: link.at)
    while remaining:
        part = _connected(remaining[0].first, remaining)
        group = LinkGroup(tuple(part))
        for id_ in group.members:
            root.contacts[id_].group = group
        remaining = [link for link in remaining if link not in part]


def _connected(id_: int, links: list[Link]) -> list[Link]:
    """The links that hold somebody together with others, in the order given."""
    reach = {id_}
    while True:
        found = [link for link in links if link.first in reach or link.second in reach]
        ends = {end for link in found for end in (link.first, link.second)}
        if ends <= reach:
            return found
        reach |= ends

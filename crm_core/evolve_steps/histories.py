"""core.0004: a contact's history in two trees, plain headers apart from what they are of."""

from __future__ import annotations

from BTrees.LOBTree import LOBTree

from crm_core.evolve_steps.portions import portions
from crm_core.model.root import Root


def run(root: Root) -> None:
    """Part the one tree of each contact, whose values were headers with a reference to their entry in them."""
    for contact in portions(root, root.contacts.values()):
        contact._p_activate()
        old = contact.__dict__.pop("timeline", None)
        if old is None:
            continue
        headers = list(old.items())
        contact.headers = LOBTree([(key, header.row) for key, header in headers])
        contact.things = LOBTree([(key, header.ref) for key, header in headers])

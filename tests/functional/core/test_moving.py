"""What moves from one record of a citizen to another takes along what is known of it, and touches nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm_core import builtin
from crm_core.app import App
from crm_core.model.contact import Contact, Identifier, Proof
from crm_core.services import Services
from crm_core.services.moving import Moving
from crm_core.testing.factories import make_contact, submit

NUMBER = "+989121234567"
ASKED = {"category": "service"}


def holding(services: Services, **known: Any) -> Contact:
    """A contact whose one number is known in a certain way."""
    contact = services.contacts.create(name="زهرا رضایی", identifiers=[("phone", NUMBER)])
    (identifier,) = contact.identifiers
    contact.identifiers = (replace(identifier, **known),)
    return contact


def test_the_better_proof_comes_with_who_saw_it_and_what_was_said_of_it(app: App) -> None:
    with app.transaction() as services:
        seen: dict[str, Any] = {"proof": Proof.PAPER.value, "proven_at": 5, "proven_by": 7, "proof_note": "قبض تلفن"}
        old = holding(services, label="کار", **seen)
        to = holding(services, proof=Proof.SAID.value, label="خانه", proof_note="خودش گفت")
        Moving(services.context).identifier(old, old.identifiers[0], to)
        assert old.identifiers == ()
        assert to.identifiers == (Identifier("phone", NUMBER, label="خانه", **seen),)


def test_the_label_comes_along_where_there_was_none(app: App) -> None:
    with app.transaction() as services:
        old, to = holding(services, proof=Proof.PAPER.value, label="کار"), holding(services, proof=Proof.SAID.value)
        Moving(services.context).identifier(old, old.identifiers[0], to)
        assert to.identifiers[0].label == "کار"


def test_a_worse_proof_changes_nothing(app: App) -> None:
    with app.transaction() as services:
        old = holding(services, proof=Proof.HEARSAY.value, label="کار")
        to = holding(services, proof=Proof.CODE.value, proven_by=7)
        before = to.identifiers
        Moving(services.context).identifier(old, old.identifiers[0], to)
        assert (old.identifiers, to.identifiers) == ((), before)


def test_a_request_keeps_its_place_among_open_and_closed_ones(app: App) -> None:
    with app.transaction() as services:
        one, two = make_contact(services).id, make_contact(services, confidentiality="confidential").id
        going, gone = (submit(services, services.contacts.get(one), builtin.GENERAL, ASKED).id for _two in (1, 2))
        services.requests.change_status(services, services.requests.get(gone), "answered")
    with app.transaction() as services:
        root, to = services.root, services.contacts.get(two)
        for id_ in (going, gone):
            Moving(services.context).request(services.requests.get(id_), to)
        assert list(to.requests) == sorted((going, gone))
        assert (list(services.contacts.get(one).open), list(to.open)) == ([], [going])
        (month,) = root.closed.values()
        assert (list(month), bool(month._p_changed)) == ([gone], False)
        work = services.requests.work()
        assert work is not None
        assert (len(work), work.header(going).contact, work.header(going).person) == (1, two, "confidential")

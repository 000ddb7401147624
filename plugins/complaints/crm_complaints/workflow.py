"""The way of a complaint: its statuses, who may do what, and what is looked at before something is stored.

The checks refuse with sentences for the clerk and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.api import (
    Category,
    Contact,
    Draft,
    Permission,
    Plain,
    Request,
    Role,
    Services,
    Status,
    StatusChange,
    TextFactory,
    Transition,
    Veto,
    code_in_words,
    fold,
)

_ = TextFactory("crm_complaints")

TYPE = "complaints.complaint"
REGISTER = "complaints.register"
REJECT = "complaints.reject"
ANSWERED, REJECTED = "answered", "rejected"
CONDUCT = "conduct"
"""The category of complaints about how somebody behaved."""

STATUSES = (
    Status("registered", Category.NEW, _("Registered")),
    Status("examining", Category.OPEN, _("Being examined")),
    Status("waiting", Category.WAITING, _("Waits for the citizen")),
    Status(ANSWERED, Category.DONE, _("Answered")),
    Status(REJECTED, Category.DONE, _("Rejected with a reason")),
    Status("withdrawn", Category.CANCELLED, _("Withdrawn")),
)

TRANSITIONS = (
    Transition("registered"),
    Transition("examining"),
    Transition("waiting"),
    Transition(ANSWERED),
    # Not the desk's: whoever took the complaint must not be the one who sends the citizen away.
    Transition(REJECTED, permission=REJECT),
    Transition("withdrawn"),
)

PERMISSIONS = (
    Permission(REGISTER, _("Register complaints"), frozenset({Role.CLERK, Role.EXPERT, Role.SUPERVISOR})),
    Permission(REJECT, _("Reject complaints"), frozenset({Role.EXPERT, Role.SUPERVISOR, Role.EXECUTIVE})),
)

SAME = ("category", "place")
SAME_WITHOUT_PLACE = ("category", "what", "whom", "staff")


def check_new(services: Services, draft: Draft) -> None:
    """Refuse a complaint that nobody could examine, that its subject registers, or that is open already."""
    values = draft.values
    if values.get("category") == CONDUCT and not any(values.get(name) for name in ("staff", "whom", "place")):
        raise Veto(_("Say who it is about, or where it happened; one of the two is enough."), "whom")
    if values.get("staff") and values["staff"] == str(services.identity.user_id):
        raise Veto(_("A complaint about yourself is registered by a colleague."), "staff")
    if values.get("happened") and values["happened"] > services.clock.today():
        raise Veto(_("That day is still to come."), "happened")
    double = open_double(services, draft.contact, values) if draft.contact is not None else None
    if double is not None:
        raise Veto(
            _("The same complaint is open already, with the tracking code ${code}. Add what is new to that one.",
              mapping={"code": code_in_words(double.code)})
        )


def open_double(services: Services, contact: Contact, values: Mapping[str, Plain]) -> Request | None:
    """The citizen's open complaint of the same kind about the same place (without a place: about the same matter).

    Only what the one who acts may read counts: the sentence must not tell of a complaint that is hidden from him.
    """
    for request in services.requests.readable_of(contact, TYPE):
        if request.is_open and _same(answers(request), values):
            return request
    return None


def answers(request: Request) -> dict[str, Plain]:
    """Field → value of a stored complaint."""
    if request.submission is None:
        return {}
    return {name: answer.get("value") for name, answer in request.submission.answers.items()}


def _same(stored: Mapping[str, Plain], given: Mapping[str, Plain]) -> bool:
    names = SAME if _folded(given, "place") else SAME_WITHOUT_PLACE
    if names is SAME_WITHOUT_PLACE and _folded(stored, "place"):
        return False
    if _folded(stored, "subject") and _folded(given, "subject") and stored["subject"] != given["subject"]:
        return False
    return all(_folded(stored, name) == _folded(given, name) for name in names)


def _folded(values: Mapping[str, Plain], name: str) -> str:
    return fold(str(values.get(name) or ""))


def check_status(change: StatusChange) -> None:
    """A rejection needs the reason in words."""
    if change.new == REJECTED and not change.note:
        raise Veto(_("Write why the complaint is rejected; the citizen is owed the reason."), "note")

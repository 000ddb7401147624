"""The way of an answer: its statuses, who may record it, and the rule that a closed request is judged once.

That rule is a unique claim in a collection: of two who answer at the same moment one gets it, the other a sentence.
"""

from __future__ import annotations

from crm_core.api import (
    Category,
    Collection,
    Contact,
    Draft,
    NotFound,
    Permission,
    Request,
    Role,
    Services,
    Status,
    StatusChange,
    Taken,
    TextFactory,
    Veto,
    parse_id,
)

_ = TextFactory("crm_surveys")

PREFIX = "surveys."
SATISFACTION_TYPE = "surveys.satisfaction"
RECORD = "surveys.record"
READ = "surveys.read"

STATUSES = (
    Status("answered", Category.DONE, _("Answered")),
    Status("follow_up", Category.OPEN, _("Being followed up")),
    Status("settled", Category.DONE, _("Followed up")),
    Status("withdrawn", Category.CANCELLED, _("Withdrawn")),
)

PERMISSIONS = (
    Permission(RECORD, _("Record answers to surveys"), frozenset({Role.CLERK, Role.EXPERT, Role.SUPERVISOR})),
    Permission(
        READ, _("See what citizens answered to surveys"),
        frozenset({Role.CLERK, Role.EXPERT, Role.SUPERVISOR, Role.EXECUTIVE}),
    ),
)

ANSWERS = Collection(
    "surveys.answers", _("Judged requests"), unique=("about", "answer"), person="contact",
    fields=(("about", _("Request that was judged")), ("answer", _("Answers to the survey"))),
    on_merge="keep", on_export="include", on_erase="remove", expires_days=0,
)
"""Who has judged what: {"about": judged request, "answer": the survey's request, "contact"}, ids as text."""


def judgeable(services: Services, contact: Contact) -> list[Request]:
    """The citizen's answered requests that were not judged yet, newest first; surveys are not judged themselves."""
    answered = (one for one in services.requests.readable_of(contact) if one.category == Category.DONE)
    return [one for one in answered if not one.type.startswith(PREFIX) and not _judged(services, one.id)]


def check_new(services: Services, draft: Draft) -> None:
    """Claim the request an answer is about; refuse what is not the citizen's, not answered, or judged already."""
    if draft.type != SATISFACTION_TYPE:
        return
    about = str(draft.values.get("about") or "")
    judged = _request(services, about)
    if draft.contact is None or judged is None or judged.contact not in _records(services, draft.contact):
        raise Veto(_("Choose one of this citizen’s own requests."), "about")
    if judged.category != Category.DONE:
        raise Veto(_("This request is not answered yet; ask again when it is."), "about")
    _claim(services, about, str(draft.id), draft.contact.id)


def check_status(services: Services, request: Request, change: StatusChange) -> None:
    """Give the claim back with a withdrawn answer, and take it again when the answer comes back."""
    if request.type != SATISFACTION_TYPE:
        return
    answers = services.collections[ANSWERS.id]
    claim = answers.holder("answer", str(request.id))
    if change.category is Category.CANCELLED:
        if claim is not None:
            answers.remove(claim)
    elif claim is None and request.submission is not None:
        _claim(services, str(request.submission.answers["about"]["value"]), str(request.id), request.contact)


def _claim(services: Services, about: str, answer: str, contact: int | None) -> None:
    already = Veto(_("This request was judged already; its answer is in the timeline."), "about")
    if _judged(services, int(about)):
        raise already
    answers = services.collections[ANSWERS.id]
    stale = answers.holder("about", about)
    if stale is not None:
        answers.remove(stale)
    try:
        answers.add({"about": about, "answer": answer, "contact": None if contact is None else str(contact)})
    except Taken:
        raise already from None


def _judged(services: Services, id_: int) -> bool:
    """Whether an answer about this request stands. One withdrawn while the plugin was away does not hold the claim."""
    claim = services.collections[ANSWERS.id].holder("about", str(id_))
    answer = None if claim is None else _request(services, str(claim.data["answer"]))
    return answer is not None and answer.category != Category.CANCELLED


def _request(services: Services, id_: str) -> Request | None:
    number = parse_id(id_)
    try:
        return None if number is None else services.requests.get(number)
    except NotFound:
        return None


def _records(services: Services, contact: Contact) -> set[int]:
    return {one.id for one in services.contacts.linked(contact)}

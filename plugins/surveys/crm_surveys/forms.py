"""The request types of this plugin: satisfaction with a closed request, and one for each questionnaire.

An answer is complete when it is given, so these requests are born closed; one may be opened again to follow it up.
"""

from __future__ import annotations

from crm_core.api import Contact, Form, RequestType, Services, TextFactory, code_in_words, fields
from crm_surveys.questionnaires import READY_MADE, SCALE, Questionnaire
from crm_surveys.workflow import RECORD, SATISFACTION_TYPE, STATUSES, judgeable

_ = TextFactory("crm_surveys")

OFFERED = 30
"""How many closed requests are offered to choose from, newest first."""

ASKED = ("channel",)
"""Of what every request is asked, an answer needs only how it came: title, unit and priority would mean nothing."""

SCORES = ("speed", "courtesy", "solution")


def closed_requests(services: Services, contact: Contact | None) -> fields.Choices:
    """The citizen's answered requests that nobody has judged yet, by title, code and day of closing."""
    if contact is None:
        return ()
    return tuple(
        (
            str(request.id),
            _("${title} (${code}), closed on ${day}", mapping={
                "title": request.title, "code": code_in_words(request.code),
                "day": services.clock.date_words(request.closed or services.now, "date"),
            }),
        )
        for request in judgeable(services, contact)[:OFFERED]
    )


class SatisfactionForm(Form):
    """Three scores and free words about one closed request."""

    about = fields.request(
        _("About which closed request"), closed_requests, personal=True,
        description=_("Only answered requests of this citizen that were not judged yet"),
    )
    speed = fields.choice(_("How quickly was it done?"), SCALE)
    courtesy = fields.choice(_("How were you treated?"), SCALE)
    solution = fields.choice(_("Was your problem solved?"), SCALE)
    words = fields.long_text(_("In the citizen’s own words"), required=False, personal=True)


SATISFACTION = RequestType(
    SATISFACTION_TYPE, _("Satisfaction after closing"), SatisfactionForm, STATUSES, icon="emoji-neutral",
    permission=RECORD, description=_("What the citizen says of a request that was answered"), common=ASKED,
)


def _type_of(questionnaire: Questionnaire) -> RequestType:
    return RequestType(
        questionnaire.id, questionnaire.title, questionnaire.form(), STATUSES, icon="clipboard-check",
        permission=RECORD, description=questionnaire.description, common=ASKED,
    )


QUESTIONNAIRES = tuple(_type_of(questionnaire) for questionnaire in READY_MADE)

SCALES: dict[str, tuple[str, ...]] = {
    SATISFACTION_TYPE: SCORES, **{questionnaire.id: questionnaire.scales() for questionnaire in READY_MADE},
}
"""Request type → its fields that hold points from 1 to 5."""

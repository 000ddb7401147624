"""Questionnaires as declarations: questions of three kinds, made into a form of the core.

A new questionnaire is a constant in here; whoever adds one needs no other file.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import new_class
from typing import Literal

from crm_core.api import Form, Text, TextFactory, fields

_ = TextFactory("crm_surveys")

Kind = Literal["scale", "choice", "text"]

SCALE: fields.Choices = (
    ("5", _("5: very good")),
    ("4", _("4: good")),
    ("3", _("3: middling")),
    ("2", _("2: bad")),
    ("1", _("1: very bad")),
)
"""Answers of a scale question; the values are its points."""


@dataclass(frozen=True)
class Question:
    """One question. ``choices`` are for the kind "choice"; a text may tell of a person and is erased with it."""

    name: str
    kind: Kind
    title: Text
    choices: fields.Choices = ()
    required: bool = True


@dataclass(frozen=True)
class Questionnaire:
    """Some questions under one title. ``id`` is the request type's, so it never changes once it was answered."""

    id: str
    title: Text
    description: Text
    questions: tuple[Question, ...]

    def form(self) -> type[Form]:
        """The form of its questions, in their order."""
        nodes = {question.name: _field(question) for question in self.questions}
        form: type[Form] = new_class("QuestionnaireForm", (Form,), exec_body=lambda body: body.update(nodes))
        return form

    def scales(self) -> tuple[str, ...]:
        """The names of its scale questions: what an average is made of."""
        return tuple(question.name for question in self.questions if question.kind == "scale")


def _field(question: Question) -> fields.Node:
    if question.kind == "scale":
        return fields.choice(question.title, SCALE, required=question.required)
    if question.kind == "choice":
        return fields.choice(question.title, question.choices, required=question.required)
    return fields.long_text(question.title, required=question.required, personal=True)


DESK_VISIT = Questionnaire(
    "surveys.questionnaire",
    _("Survey after a visit"),
    _("Five questions after a visit or a call"),
    (
        Question(
            "wait", "choice", _("How long did you wait?"),
            (
                ("short", _("Less than ten minutes")),
                ("middle", _("Ten minutes to half an hour")),
                ("long", _("Half an hour to an hour")),
                ("very_long", _("More than an hour")),
            ),
        ),
        Question("clear", "scale", _("Was it clear what you had to do?")),
        Question("courtesy", "scale", _("How were you received?")),
        Question(
            "settled", "choice", _("Was your business settled?"),
            (("yes", _("Yes, all of it")), ("partly", _("In part")), ("no", _("No"))),
        ),
        Question("better", "text", _("What should we do better?"), required=False),
    ),
)

READY_MADE: tuple[Questionnaire, ...] = (DESK_VISIT,)

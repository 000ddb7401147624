"""Texts in fa and en: sentences with values, labels stored with definitions, and what is chosen when one is missing."""

from __future__ import annotations

import pytest

from crm_core import builtin
from crm_core.errors import CrmError, Forbidden, Invalid, NotFound, PluginFailed, StaleChange, Taken
from crm_core.i18n import LANGUAGES, TextFactory, Translator, choose
from crm_core.registry import Registry
from crm_core.security.policy import ROLE_TITLES
from crm_core.services.interactions import OUTCOMES
from crm_core.services.reasons import SCHEMES

_ = TextFactory("crm_core")
TRANSLATOR = Translator(["crm_core"])


def is_persian(text: str) -> bool:
    return any("\u0600" <= char <= "\u06ff" for char in text)


def test_sentences_of_the_core_are_there_in_both_languages() -> None:
    texts = [*ROLE_TITLES.values(), *OUTCOMES.values(), *SCHEMES.values(),
             *(status.title for status in builtin.STATUSES),
             *(error.message for error in (NotFound(), Taken(), Forbidden("x"), StaleChange({}), Invalid({}),
                                           PluginFailed("things", "before_submit")))]
    for text in texts:
        assert TRANSLATOR.translate(text, "en").isascii() or "“" in TRANSLATOR.translate(text, "en")
        assert is_persian(TRANSLATOR.translate(text, "fa")), text


def test_values_are_filled_in_whatever_they_are() -> None:
    text = _("“${value}” and ${other}", mapping={"value": "${other} %s {x}", "other": _("Phone")})
    assert TRANSLATOR.translate(text, "en") == "“${other} %s {x}” and Phone"
    assert TRANSLATOR.translate(_("${n} and ${missing}", mapping={"n": 5}), "en") == "5 and ${missing}"
    assert TRANSLATOR.translate(_("${when}", mapping={"when": {"fa": "شنبه", "en": "Saturday"}}), "fa") == "شنبه"


def test_what_has_no_translation_is_said_as_it_is() -> None:
    assert TRANSLATOR.translate("plain", "fa") == "plain"
    assert TRANSLATOR.translate(_("nobody translated this sentence"), "fa") == "nobody translated this sentence"
    assert TRANSLATOR.translate(TextFactory("no_such_package")("Phone"), "fa") == "Phone"
    assert TRANSLATOR.translate(_("Phone"), "de") == "Phone"
    assert TRANSLATOR.translate(_("code.word", default="In words"), "fa") == "In words"


def test_nothing_is_nothing_in_every_language() -> None:
    """gettext answers the empty message with the header of its catalog."""
    for language in LANGUAGES:
        assert TRANSLATOR.translate(_(""), language) == ""
        assert TRANSLATOR.translate("", language) == ""


def test_labels_are_plain_and_complete() -> None:
    """§5.2: stored with frozen definitions, so plain texts and no lazy ones."""
    labels = TRANSLATOR.labels(_("Phone"))
    assert set(labels) == set(LANGUAGES)
    assert {type(label) for label in labels.values()} == {str}
    assert labels["en"] == "Phone"
    assert is_persian(labels["fa"])
    assert {type(label) for label in TRANSLATOR.labels(_("")).values()} == {str}


def test_stored_labels_are_chosen_by_language_else_by_any() -> None:
    assert choose({"fa": "تلفن", "en": "Phone"}, "en") == "Phone"
    assert choose({"fa": "", "en": "Phone"}, "fa") == "Phone"
    assert choose({}, "fa") == ""
    assert choose("as it is", "fa") == "as it is"


def test_the_cores_own_types_are_published_in_both_languages() -> None:
    registry = Registry(TRANSLATOR)
    registry.take("core", builtin.contribute())
    for published in registry.types.values():
        for labels in (published.labels, *(status.labels for status in published.statuses),
                       *(field["labels"] for field in published.form["fields"])):
            assert is_persian(labels["fa"]), labels
            assert labels["en"]


@pytest.mark.parametrize("error", [NotFound(), Taken(), Forbidden("x"), StaleChange({"a": 1}, {"a": 2}), Invalid({})])
def test_errors_can_be_shown_to_a_person(error: CrmError) -> None:
    assert str(error)
    assert TRANSLATOR.translate(error.message, "fa")

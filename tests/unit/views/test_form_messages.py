"""Every sentence of colander and deform has one of ours."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import colander
import deform.schema
import deform.widget
import pytest

from crm_core.i18n import Translator
from crm_views.forms.messages import FOREIGN, MALFORMED, own_words


def sentences(module: ModuleType) -> set[str]:
    """The first argument of every ``_(…)`` of a module, where it is a text."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "_" and call.args
        and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


LABELS = {"Add ${subitem_title}", "Value", "Confirm Value"}
"""Words on controls we draw ourselves."""


@pytest.mark.parametrize("module", [colander, deform.schema, deform.widget])
def test_all_are_known(module: ModuleType) -> None:
    found = sentences(module) - LABELS
    if module is colander:
        assert len(found) > 25
    assert found - FOREIGN.keys() == set()


def test_each_has_persian_words() -> None:
    translator = Translator(["crm_views"])
    for ours in FOREIGN.values():
        assert translator.translate(ours, "fa") != str(ours)


def test_values_are_filled_in() -> None:
    with pytest.raises(colander.Invalid) as refused:
        colander.SchemaNode(colander.String(), validator=colander.Length(max=3)).deserialize("abcd")
    ours = own_words(refused.value.msg)
    assert Translator(["crm_views"]).translate(ours, "en") == "This is too long; 3 characters at most."


def test_our_own_and_plain_sentences_stay() -> None:
    assert own_words("به این نشانی نمی‌توان.") == "به این نشانی نمی‌توان."
    assert own_words(MALFORMED) is MALFORMED
    assert own_words("Pstruct is not a string") is MALFORMED

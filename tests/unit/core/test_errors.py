"""What a developer reads of an error: whole sentences, and which field."""

from __future__ import annotations

from crm_core.errors import Invalid, PluginFailed


def test_errors_name_their_fields_and_values() -> None:
    assert str(Invalid({"chip": "Required", "": "Something is missing."})) == "chip: Required; Something is missing."
    assert str(Invalid({})) == "Something in it is not right."
    assert str(PluginFailed("dogs", "before_submit")).startswith("The plugin “dogs” failed; nothing was stored.")


def test_a_failed_plugin_is_called_what_people_call_it() -> None:
    assert str(PluginFailed("dogs", "before_submit", "Dog licences")) == (
        "The plugin “Dog licences” failed; nothing was stored.")

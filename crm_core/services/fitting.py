"""What every stored text must be: short enough, and text that can be shown and exported again."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from crm_core.i18n import Text, TextFactory

_ = TextFactory("crm_core")


def text_error(text: str, most: int) -> Text | None:
    """Why ``text`` cannot be stored, None when it can; ``most`` is in characters."""
    if len(text) > most:
        return _("At most ${most} characters fit here.", mapping={"most": most})
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character: a broken or hostile sender
        return _("This holds characters that cannot be stored.")
    return None


def says_something(text: str) -> bool:
    """Whether a text holds more than space and characters that nobody sees (Unicode's Cf: U+200C, U+200B, …)."""
    return any(unicodedata.category(character) != "Cf" and not character.isspace() for character in text)


def text_errors(texts: Mapping[str, tuple[str, int]]) -> dict[str, Text]:
    """The errors of several named texts, each with the most characters it may have."""
    found = ((name, text_error(text, most)) for name, (text, most) in texts.items())
    return {name: error for name, error in found if error is not None}

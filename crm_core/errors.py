"""What can go wrong in words: every error here carries a sentence that may be shown to a person.

Anything else that is raised is a fault of ours (or of a plugin) and is never shown as it is.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Mapping

from crm_core.i18n import Text, TextFactory, Translator

_ = TextFactory("crm_core")

FAULTS: tuple[type[BaseException], ...] = (Exception, SystemExit, CancelledError)
"""What code of a plugin may raise without taking anything else along: errors, ``sys.exit()``, and a task of asyncio
that was given up. The last two are no Exceptions, and would end the thread or the request they come up in."""


class CrmError(Exception):
    """Base of all errors with a sentence for people; ``message`` is translatable."""

    def __init__(self, message: Text) -> None:
        super().__init__(_in_english(message))
        self.message = message


def _in_english(message: Text) -> str:
    """The words for logs and tracebacks, with their values in them."""
    return Translator([]).translate(message, "en")


class Invalid(CrmError):
    """Values that were refused. ``errors`` maps field names (``""``: the whole) to sentences."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__(next(iter(errors.values()), _("Something in it is not right.")))
        self.errors = dict(errors)

    def __str__(self) -> str:
        named = (f"{name}: {_in_english(text)}" if name else _in_english(text) for name, text in self.errors.items())
        return "; ".join(named) or super().__str__()


class NotFound(CrmError):
    """What was asked for does not exist, or the one who asks may not know that it does."""

    def __init__(self, message: Text | None = None) -> None:
        super().__init__(message or _("This does not exist, or not any more."))


class Forbidden(CrmError):
    """The one who acts lacks a permission."""

    def __init__(self, permission: str) -> None:
        super().__init__(_("You do not have the permission for this."))
        self.permission = permission


class StaleChange(CrmError):
    """The same field was changed meanwhile: field names with the values now stored, and those refused."""

    def __init__(self, theirs: Mapping[str, object], mine: Mapping[str, object] | None = None) -> None:
        super().__init__(_("This was changed meanwhile. Look at both versions and decide."))
        self.theirs = dict(theirs)
        self.mine = dict(mine or {})


class Taken(CrmError):
    """A unique value is held by somebody else already."""

    def __init__(self, message: Text | None = None) -> None:
        super().__init__(message or _("Somebody else has just taken this."))


class Veto(CrmError):
    """Raised by a plugin's hook to refuse politely: a sentence for the clerk. ``field`` ties it to a form field."""

    def __init__(self, message: Text, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class PluginFailed(CrmError):
    """A plugin's hook raised something unexpected while saving; nothing was stored."""

    def __init__(self, plugin: str, hook: str, title: Text = "") -> None:
        """``title``: what people call the plugin, where it has a name."""
        super().__init__(_("The plugin “${plugin}” failed; nothing was stored.", mapping={"plugin": title or plugin}))
        self.plugin = plugin
        self.hook = hook


class DatabaseBusy(CrmError):
    """Another process holds the database for writing."""

    def __init__(self) -> None:
        super().__init__(_("Another process is writing to this data folder."))

"""What can go wrong in words: every error here carries a sentence that may be shown to a person.

Anything else that is raised is a fault of ours (or of a plugin) and is never shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.i18n import Text, TextFactory

_ = TextFactory("crm_core")


class CrmError(Exception):
    """Base of all errors with a sentence for people; ``message`` is translatable."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


class Invalid(CrmError):
    """Values that were refused. ``errors`` maps field names (``""``: the whole) to sentences."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__(next(iter(errors.values()), _("Something in it is not right.")))
        self.errors = dict(errors)


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
    """Somebody else changed the same field meanwhile: field names with the values now stored, and those refused."""

    def __init__(self, theirs: Mapping[str, object], mine: Mapping[str, object] | None = None) -> None:
        super().__init__(_("Somebody else changed this meanwhile. Look at both versions and decide."))
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

    def __init__(self, plugin: str, hook: str) -> None:
        super().__init__(
            _("The plugin “${plugin}” failed; nothing was stored. Everything you typed is still here.",
              mapping={"plugin": plugin})
        )
        self.plugin = plugin
        self.hook = hook


class DatabaseBusy(CrmError):
    """Another process holds the database for writing."""

    def __init__(self) -> None:
        super().__init__(_("Another process is writing to this data folder."))

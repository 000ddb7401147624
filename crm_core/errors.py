"""What can go wrong in words: every error here carries a sentence that may be shown to a person.

Anything else that is raised is a fault of ours (or of a plugin) and is never shown as it is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from crm_core.i18n import Text, TextFactory, Translator
from crm_core.model.plain import readable

_ = TextFactory("crm_core")

class Ended(Exception):
    """Stands for what a plugin's code raised and is no Exception (``sys.exit()``, a task that was given up, a class of
    its own): it would end the thread it comes up in. ``__cause__`` is what was raised."""


@contextmanager
def contained() -> Iterator[None]:
    """Around every call into code of a plugin: what comes out is an Exception, whatever was raised.

    Only Ctrl-C passes as it is, which reaches the main thread alone.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise
        raise Ended(line_of(error)) from error


def line_of(error: BaseException) -> str:
    """An error as administrators read it, ``kind: words``; never raises, not even where its words cannot be had."""
    if isinstance(error, Ended) and error.__cause__ is not None:
        error = error.__cause__
    try:
        with contained():
            words = readable(str(error))
    except Exception:  # noqa: BLE001  # whatever a plugin’s error does when it is asked
        words = "(what it says cannot be read)"
    return f"{type(error).__name__}: {words}"


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

"""What ``crm plugin check`` looks at, in the order of its table, and what it found."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crm_core.errors import PluginFailed, line_of
from crm_core.host import Plugin
from crm_core.i18n import Text, TextFactory
from crm_core.model.plain import NotPlain

_ = TextFactory("crm_core")


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Fault:
    """Something that is not right with a check, in English, as all reasons for administrators and authors are.

    A ``warn`` one fails nothing.
    """

    check: str
    reason: str
    warn: bool = False


@dataclass(frozen=True)
class Check:
    """One row of the table; ``then`` is the next step when it fails."""

    id: str
    title: Text
    then: Text


@dataclass(frozen=True)
class Finding:
    """A check with what became of it; ``reason`` is "" where all is well."""

    check: Check
    level: Level
    reason: str = ""


CHECKS: tuple[Check, ...] = (
    Check("metadata", _("Metadata"), _("Complete setup.cfg (or pyproject.toml); crm plugin new writes a whole one.")),
    Check("api", _("Version of the API"), _("Say CRM_API_VERSION in the plugin’s module, within what this core has.")),
    Check("imports", _("Imports the API only"), _("Import it from crm_core.api or crm_views.api; ask us for what lacks "
                                                  "there.")),
    Check("hooks", _("Signatures of hooks"), _("Name hooks and their arguments as the hook reference does.")),
    Check("ids", _("Ids"), _("Begin each id with the plugin’s id and a dot; use each one once.")),
    Check("declarations", _("Declarations"), _("Say what the reason names where it is contributed.")),
    Check("duties", _("Duties"), _("Declare what becomes of what is stored of a person: see “What becomes of it” in "
                                   "docs/integrator/forms.md.")),
    Check("starts", _("Starts"), _("Look at the reason; crm --debug plugin check shows where it was raised.")),
    Check("permissions", _("A permission on every view"), _("Give each view a permission that the plugin contributes, "
                                                            "below its own addresses.")),
    Check("translations", _("Texts in every language"), _("Add the texts to the Persian catalog and compile it with "
                                                          "pybabel compile.")),
    Check("examples", _("Examples of its tests"), _("Change examples() of the PluginContract in its tests: they must "
                                                    "say what the form asks and the rules demand.")),
    Check("saving", _("Hooks while saving"), _("Mend the line that the reason names; what a hook refuses, it refuses "
                                               "with Veto.")),
    Check("payload", _("Stores plain data"), _("Store text, numbers, lists and tables; dates as ISO text.")),
    Check("panels", _("Boxes on the dossier"), _("Give plain values, or None where there is nothing to show.")),
    Check("merge", _("Two records become one"), _("Let contacts_merging raise nothing but Veto.")),
    Check("export", _("The citizen’s copy"), _("Give plain data from the hook export; declare on_export of the rest.")),
    Check("erase", _("Erasure"), _("Mark what tells of a person as personal=True, or erase it in the hook erase.")),
    Check("uninstall", _("Readable without it"), _("Make forms and statuses of crm_core.api only, with words for "
                                                   "each.")),
    Check("background", _("Jobs and readers"), _("Run it in a test of your own with crm_core.testing.background; "
                                                 "crm --debug plugin check shows where it was raised.")),
    Check("reports", _("Reports"), _("Name the keys of the rows as the columns are named, and let an example have what "
                                     "they count.")),
    Check("rendering", _("Pages in Persian, right to left"), _("Open the page in Persian; translate each text, use "
                                                               "logical properties.")),
    Check("labels", _("Labels of fields"), _("Give each field a <label for> or aria-label that says what it is.")),
    Check("cost", _("Cost of hooks"), _("Ask indexes instead of looking through everything.")),
    Check("deprecations", _("Old names"), _("Use the new name before the old one goes.")),
)
LONGEST = 300
"""Characters of a reason."""
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


def first_line(reason: str) -> str:
    """The first line of what a plugin raised; its traceback is kept with the plugin."""
    return (reason.strip().splitlines() or [""])[0][:LONGEST]


def raised(error: BaseException, name: str, reason: str = "") -> str:
    """The last line of a traceback, with the last line below ``name`` (a package or file) that led there: ``KeyError:
    'x' (jobs.py, line 9)``. ``reason``: what is said in place of the error."""
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    return (reason or first_line(line_of(error))) + _place(frames, name)


def of_examples(error: BaseException, file: str, package: str) -> Fault:
    """Why an example could not be stored: a hook at its line below ``package``, else the example at its line of
    ``file``."""
    cause = error.__cause__
    if isinstance(error, PluginFailed) and cause is not None:
        return Fault("payload" if isinstance(cause, NotPlain) else "saving", f"{error.hook}: {raised(cause, package)}")
    return Fault("payload" if isinstance(error, NotPlain) else "examples", raised(error, file))


def misnamed(error: BaseException, package: str) -> bool:
    """Whether an entry point names what is not there; what lacks inside of the ``package`` has a line there."""
    return isinstance(error, ModuleNotFoundError | AttributeError) and raised(error, package) == raised(error, "")


def failing(plugin: Plugin, package: str) -> str:
    """The last failure that the host noted of a plugin, with the last line of its ``package`` that led there."""
    frames = [(file, int(line)) for file, line in _FRAME.findall(plugin.trace)]
    return first_line(plugin.reason) + _place(frames, package)


@contextmanager
def logged(logger: str) -> Iterator[list[BaseException]]:
    """The errors of plugins that a logger is told of meanwhile (``raised`` of its records)."""
    found: list[BaseException] = []

    class Noted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = getattr(record, "raised", None)
            if isinstance(error, BaseException):
                found.append(error)

    handler, log = Noted(), logging.getLogger(logger)
    log.addHandler(handler)
    try:
        yield found
    finally:
        log.removeHandler(handler)


def _place(frames: list[tuple[str, int]], name: str) -> str:
    mine = [(Path(file).name, line) for file, line in frames if name and {name, f"{name}.py"} & set(Path(file).parts)]
    return f" ({mine[-1][0]}, line {mine[-1][1]})" if mine else ""


def table(faults: list[Fault], skipped: dict[str, str]) -> list[Finding]:
    """A finding for each check, several where several things are wrong. ``skipped``: check → why nobody looked."""
    found: list[Finding] = []
    for check in CHECKS:
        wrong = list(dict.fromkeys(fault for fault in faults if fault.check == check.id))
        found += [Finding(check, Level.WARN if fault.warn else Level.FAIL, fault.reason) for fault in wrong]
        if not wrong and check.id in skipped:
            found.append(Finding(check, Level.SKIPPED, skipped[check.id]))
        elif not wrong:
            found.append(Finding(check, Level.OK))
    return found

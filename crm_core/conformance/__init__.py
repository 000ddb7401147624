"""``crm plugin check``: what a plugin must keep, looked at before users meet it, each with a reason and a next step.

`crm_core.testing.PluginContract` asks the same of a plugin in its author's tests. Parts above the core add what they
know (pages) through the entry point group ``crm.conformance``: functions ``(trial, package) -> faults``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crm_core.app import CORE_PACKAGES
from crm_core.conformance import busy, living, written
from crm_core.conformance.findings import Fault, Finding, Level, misnamed, raised, table
from crm_core.conformance.subject import Subject, find
from crm_core.conformance.trial import Trial
from crm_core.errors import contained
from crm_core.i18n import Translator

if TYPE_CHECKING:
    from crm_core.testing.contract import PluginContract

__all__ = ["Fault", "Finding", "Level", "Subject", "Trial", "at_work", "check", "find", "looks", "passed"]

log = logging.getLogger(__name__)
GROUP = "crm.conformance"
Look = Callable[[Trial], Iterable[Fault]]
OF_EXAMPLES = ("saving", "payload", "panels", "merge", "export", "erase", "uninstall", "background", "reports")
"""Checks that say nothing where there is no request to look at."""
OF_PAGES = ("rendering", "labels")
NOT_STARTED = "it does not start"


def check(subject: Subject) -> list[Finding]:
    """Look at a plugin from all sides; the rows of the table. Works in a folder of its own, gone afterwards."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with tempfile.TemporaryDirectory(prefix="crm-check-") as name:
            faults, skipped = _looked(subject, Path(name))
        faults += living.deprecations(subject.candidate.id, caught)
    return table(faults, skipped)


def passed(findings: Iterable[Finding]) -> bool:
    return not any(finding.level is Level.FAIL for finding in findings)


def _looked(subject: Subject, folder: Path) -> tuple[list[Fault], dict[str, str]]:
    faults = list(written.metadata(subject.metadata))
    try:
        with contained():
            module = subject.candidate.load()
    except Exception as error:  # whatever a plugin raises is what was asked for
        log.exception("plugin %s cannot be imported", subject.candidate.id)
        point = f"{subject.candidate.id} = {subject.metadata.points.get(subject.candidate.id, subject.package)}"
        then = "; write in setup.cfg the module that has contribute()" if misnamed(error, subject.package) else ""
        faults.append(Fault("starts", f"the entry point “{point}” cannot be loaded: "
                                      f"{raised(error, subject.package)}{then}"))
        rest = ("api", "hooks", "ids", "declarations", "duties", "permissions", "translations", "examples",
                *OF_EXAMPLES, *OF_PAGES, "cost", "deprecations")
        return [*faults, *_of_files(subject)], dict.fromkeys(rest, "it cannot be imported")
    faults += [*_of_files(subject), *written.api_version(module), *written.hooks(module)]
    translator = Translator([*CORE_PACKAGES, *([subject.package] if subject.package else [])])
    faults += [*written.contributions(subject.candidate.id, module, translator), *written.translations(subject)]
    contract = contract_of(subject)
    trial = Trial(subject.candidate, folder, *((contract.examples, contract.side) if contract is not None else ()))
    if not trial.begin():
        if not faults or all(fault.warn for fault in faults):
            faults.append(Fault("starts", trial.reason))
        elif not any(fault.check == "starts" for fault in faults):
            faults.append(Fault("starts", f"it is refused: {trial.reason}"))
        return faults, dict.fromkeys(("examples", *OF_EXAMPLES, *OF_PAGES, "permissions", "cost"), NOT_STARTED)
    faults += at_work(trial)
    skipped = {}
    if trial.missing:
        if trial.fault is None:
            why = f"no request could be made up ({trial.missing}); give the folder of its source, with PluginContract"
            skipped = dict.fromkeys(("examples", *OF_EXAMPLES), why)
        else:
            made = "the made-up answers" if trial.examples is None else "the examples of its tests"
            skipped = dict.fromkeys(OF_EXAMPLES, f"{made} fail")
            faults.append(trial.fault)
    if not looks():
        skipped |= dict.fromkeys((*OF_PAGES, "permissions"), "nothing here draws pages")
    return faults, skipped


def _of_files(subject: Subject) -> list[Fault]:
    return [] if subject.folder is None else list(written.imports(subject.folder, subject.package))


def at_work(trial: Trial) -> Iterator[Fault]:
    """All that is seen of a plugin that has started; what needs examples is left out where there are none."""
    if not trial.missing:
        for look in (busy.left_out, living.payload, living.panels, living.undeclared, living.merge, living.export,
                     living.erase, living.uninstall, busy.background, busy.reports):
            yield from look(trial)
        living.timelines(trial)
    for pages in looks():
        yield from pages(trial)
    yield from living.cost(trial)


def looks() -> list[Look]:
    """What other parts look at, by their entry points."""
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name)
    return [point.load() for point in points]


def contract_of(subject: Subject) -> PluginContract | None:
    """The `PluginContract` with its id in the plugin's own tests, whose examples are shown; None where there is none.

    Its tests are run as Python, not by pytest; where pytest is not installed they cannot be.
    """
    folder = subject.root / "tests" if subject.root is not None else None
    if folder is None or not folder.is_dir() or importlib.util.find_spec("pytest") is None:
        return None
    from crm_core.testing.contract import PluginContract

    for path in sorted(folder.rglob("test_*.py")):
        if "PluginContract" not in path.read_text("utf-8"):
            continue
        for value in list(vars(_module(path)).values()):
            if isinstance(value, type) and issubclass(value, PluginContract) and value is not PluginContract \
                    and value.id == subject.candidate.id:
                return value()
    return None


def _module(path: Path) -> object:
    name = f"_crm_check_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module

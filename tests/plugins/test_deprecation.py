"""Two steps: an old name works for one more API version with a warning, and is refused in the next, with the new name.

The example: API 2 calls the hook ``timeline_line`` ``timeline_entry``, and the keyword ``minutes`` of a job ``every``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from crm_core.contributions import Job
from crm_core.deprecation import Api, Renamed, renamed
from crm_core.host import Candidate, PluginHost, State
from crm_core.i18n import Translator
from crm_core.registry import Registry

Made = Callable[..., Candidate]
RENAMES = (Renamed("timeline_line", "timeline_entry", since=2),)


@renamed(2, minutes="every")
@dataclass(frozen=True)
class NewJob(Job):
    """A job whose keyword ``every`` was ``minutes`` in API 1."""


def old_line(services: Any, request: Any, event: Any) -> str:
    return "an old friend"


def start(candidate: Candidate, version: int) -> PluginHost:
    host = PluginHost(Registry(Translator([])), api=Api(version, 1, RENAMES))
    host.load([candidate])
    return host


def old_plugin(made: Made, **module: Any) -> Candidate:
    """Written for API 1, where the hook had its old name."""
    return made("old", timeline_line=old_line, module=module)


def test_in_the_next_version_the_old_name_of_a_hook_works_with_a_warning(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.warns(DeprecationWarning, match="plugin old: the hook 'timeline_line' is called 'timeline_entry'"):
        host = start(old_plugin(made), 2)

    plugin = host.plugins["old"]
    assert plugin.state is State.ENABLED
    assert plugin.hooks() == ["contribute", "timeline_entry"]
    assert host.ask("timeline_entry", "old.kind", services=None, request=None, event=None) == "an old friend"
    assert plugin.deprecations == [
        "the hook 'timeline_line' is called 'timeline_entry' since API 2; API 3 will no longer know the old name"]
    assert "plugin old: the hook" in caplog.text


def test_in_the_one_after_that_it_is_refused_with_the_new_name(made: Made) -> None:
    plugin = start(old_plugin(made), 3).plugins["old"]

    assert plugin.state is State.FAILED
    assert plugin.reason == ("NoLonger: the hook 'timeline_line' is called 'timeline_entry' since API 2, "
                             "and API 3 no longer knows the old name")


def test_the_new_name_is_nobodys_concern(made: Made) -> None:
    new = made("new", timeline_entry=old_line, module={"CRM_API_VERSION": 2})

    assert start(new, 2).plugins["new"].deprecations == []
    assert start(new, 3).plugins["new"].state is State.ENABLED


def contributing(**keywords: Any) -> Candidate:
    from types import ModuleType

    from crm_core.hookspecs import hookimpl

    module = ModuleType("made_late")
    vars(module).update(CRM_API_VERSION=1, contribute=hookimpl(
        lambda: iter([NewJob("late.job", "Job", run=lambda services: None, **keywords)])))
    return Candidate("late", lambda: module)


def test_so_it_is_with_a_keyword_of_a_contribution() -> None:
    with pytest.warns(DeprecationWarning, match="plugin late: the keyword of NewJob 'minutes' is called 'every'"):
        host = start(contributing(minutes=5), 2)
    assert host.plugins["late"].state is State.ENABLED
    assert host.plugins["late"].contributions[0].every == 5  # type: ignore[union-attr]

    assert "is called 'every' since API 2, and API 3" in start(contributing(minutes=5), 3).plugins["late"].reason
    assert start(contributing(every=5), 3).plugins["late"].deprecations == []

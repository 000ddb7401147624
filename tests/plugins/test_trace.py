"""The trace switch: a line for each call of a hook, which tells no citizen's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core.host import Candidate
from crm_core.settings import read_settings
from crm_core.testing.factories import make_contact

Made = Callable[..., Candidate]


def test_every_call_is_told_with_its_time_and_its_answer_in_short(
    made: Made, open_with: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def export(services: Any, contact: Any) -> dict[str, str]:
        return {"secret": contact.name}

    def erase(services: Any, contact: Any) -> None:
        raise ZeroDivisionError("a secret")

    app = open_with([made("told", export=export, erase=erase)], trace_hooks=True)
    caplog.set_level("WARNING", "crm_core.tracing")
    app.run(lambda services: [app.host.each(hook, services=services, contact=make_contact(services))
                              for hook in ("export", "erase")])

    lines = [re.sub(r"[\d.]+ ms", "N ms", record.getMessage())
             for record in caplog.records if record.name == "crm_core.tracing"]
    assert lines == ["hook contribute of told: N ms, tuple of 0", "hook export of told: N ms, dict of 1",
                     "hook erase of told: N ms, raised ZeroDivisionError"]


def test_without_the_switch_nothing_is_told(made: Made, open_with: Any, caplog: pytest.LogCaptureFixture) -> None:
    open_with([made("quiet")])

    assert "hook contribute" not in caplog.text


def test_the_switch_is_a_setting(tmp_path: Path) -> None:
    assert read_settings(tmp_path, {"CRM_TRACE_HOOKS": "1"}).trace_hooks
    (tmp_path / "crm.ini").write_text("[crm]\ncrm.trace.hooks = yes\n", "utf-8")
    assert read_settings(tmp_path, {}).trace_hooks

"""``crm dead-letters`` and what ``crm check`` says of them; where the background work is done, by the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crm_core.cli.admin import check
from crm_core.cli.common import CrmGroup
from crm_core.cli.deadletters import dead_letters
from crm_core.contributions import Timer
from crm_core.errors import CrmError
from crm_core.model.letters import DEAD, Letter
from crm_core.services import Services
from crm_core.settings import Settings, demand_worker_possible, read_settings
from crm_core.testing.factories import make_app


def crm(*words: str, data: Path) -> Result:
    """The command in this process: what it prints, and its exit code."""
    group = CrmGroup("crm", commands=[check, dead_letters])
    return CliRunner().invoke(group, [*words, "--data", str(data)], env={"CRM_LANGUAGE": "en"})


@pytest.fixture
def letter(tmp_path: Path) -> tuple[Path, str]:
    """A data folder with one dead letter of a plugin that is away, and its id."""
    app = make_app(tmp_path / "city")
    app.registry.timers["bell.ring"] = ("bell", Timer("bell.ring", "Ring", lambda services, id_: None))

    def work(services: Services) -> str:
        services.timers.at(services.now + 3_600_000, "bell.ring", 7)
        one = Letter(services.now, "", None, ("bell.ring", 7))
        one.tries, one.error, one.since = 10, "KeyError: 7", services.now
        services.root.timers.state.desk().hold(one, services.now, DEAD)
        return str(one.id)

    id_ = app.run(work)
    app.close()
    return tmp_path / "city", id_


def test_people_decide_about_it(letter: tuple[Path, str]) -> None:
    data, id_ = letter
    rows = json.loads(crm("dead-letters", "--json", data=data).stdout)
    assert [(row["id"], row["of"], row["owner"], row["state"], row["error"], row["may_retry"]) for row in rows] == [
        (id_, "timer", "bell.ring", "dead", "KeyError: 7", False)]
    checked = crm("check", "--json", data=data)
    assert checked.exit_code == 0, "it waits for a person; nothing is wrong with what is stored"
    found = json.loads(checked.stdout)
    assert found["problems"] == [] and f"--retry {id_}" in found["warnings"][0]["message"]
    assert "search" in found["behind"]
    assert "bell.ring" in crm("check", data=data).stdout

    refused = crm("dead-letters", "--retry", id_, data=data)
    assert (refused.exit_code, refused.stderr) == (1, "crm: “bell” does not take part now; nobody could do it.\n")
    assert crm("dead-letters", "--give-up", id_, data=data).exit_code == 2
    assert crm("dead-letters", "--retry", "12", data=data).exit_code == 3
    given = crm("dead-letters", "--give-up", id_, "--reason", "its plugin is gone", data=data)
    assert given.stdout == "It is given up: bell.ring\n"
    again = crm("dead-letters", data=data)
    assert (again.stdout, again.stderr) == ("", "Nothing waits for a person.\n")


def test_where_the_background_work_is_done(tmp_path: Path) -> None:
    assert read_settings(tmp_path, {}).background == "here"
    assert read_settings(tmp_path, {"CRM_BACKGROUND": "none"}).background == "none"
    with pytest.raises(CrmError, match="one of here, worker, none"):
        read_settings(tmp_path, {"CRM_BACKGROUND": "elsewhere"})
    demand_worker_possible(Settings(tmp_path, zodburi="zeo://localhost", background="worker"))
    with pytest.raises(CrmError, match="one process holds"):
        demand_worker_possible(Settings(tmp_path, background="worker"))

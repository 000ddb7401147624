"""What becomes of conversations about requests that are purged and about others at once (architecture §5.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.checks import check_app
from crm_core.host import Candidate
from crm_core.operations import PURGE_PLUGIN
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit

TREE = {"kind": "elm", "place": "the yard"}


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def talk(
    install: Callable[..., list[Candidate]], open_with: Any, tmp_path: Path
) -> Callable[..., tuple[App, dict[str, Any], set[str]]]:
    """``talk("shielded", "plain", "street")``: a conversation about such requests, in the order in which they were
    registered, after the plugin of the first two kinds is purged: what purging said and what it exported."""

    def talk_(*kinds: str) -> tuple[App, dict[str, Any], set[str]]:
        app = open_with(install("good"))

        def work(services: Services) -> None:
            contact = make_contact(services)
            cases = [submit(services, contact, "core.general", {"category": "service"}) if kind == "street" else
                     submit(services, contact, "good.tree", TREE, confidential=kind == "shielded") for kind in kinds]
            services.interactions.log(contact, channel="phone", direction="in", body="whispered", requests=cases)

        app.run(work)
        open_with.close(app)
        app, folder = open_with([]), tmp_path / "out"
        result = PURGE_PLUGIN.run(app, {"plugin": "good", "folder": str(folder)}, None, no_progress)
        assert result["left"] == 0
        lines = (folder / "conversations.jsonl").read_text("utf-8").splitlines()
        return app, result, {json.loads(line)["subject"] for line in lines}

    return talk_


@pytest.mark.parametrize("kinds", [("shielded", "street"), ("street", "shielded"), ("plain", "shielded", "street")])
def test_words_about_somebody_elses_business_stay_with_it(talk: Any, kinds: tuple[str, ...]) -> None:
    app, _result, exported = talk(*kinds)
    assert exported == set()
    with app.reading() as services:
        (street,) = services.root.requests.values()
        (touch,) = street.touches.values()
        assert touch.requests == (street.id,) and touch.id in services.root.interactions
        (contact,) = services.root.contacts.values()
        (header,) = (one for one in contact.timeline.values() if one.kind == "interaction")
        assert header.requests == (street.id,)
    assert check_app(app)["problems"] == []


@pytest.mark.parametrize("kinds", [("shielded", "plain"), ("plain", "shielded"), ("shielded", "shielded")])
def test_words_that_only_the_purged_kept_from_somebody_go(talk: Any, kinds: tuple[str, ...]) -> None:
    app, _result, exported = talk(*kinds)
    assert exported == {"whispered"}
    with app.reading() as services:
        assert not services.root.interactions
    assert check_app(app)["problems"] == []

"""Answers that may be kept for a time only are in no audit after that time (architecture §5.13)."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType

import pytest

from crm_core import api
from crm_core.app import App
from crm_core.db import root_of
from crm_core.durations import DAY
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit


class TreeForm(api.Form):
    """One answer stays, one passes."""

    kind = api.fields.text("Kind")
    home = api.fields.text("Home", personal=True, expires_days=10)


def plugin() -> dict[str, ModuleType]:
    module = ModuleType("trees")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]
    module.contribute = api.hookimpl(lambda: [api.RequestType("trees.tree", "Tree", TreeForm, (  # type: ignore[attr-defined]
        api.Status("new", api.Category.NEW, "New"), api.Status("done", api.Category.DONE, "Done")))])
    module.contribute.__name__ = "contribute"
    return {"trees": module}


@pytest.mark.parametrize("last", ["SecretStreet 1", "elsewhere"])
def test_what_had_its_time_is_in_no_audit(open_app: Callable[..., App], last: str) -> None:
    app = open_app(plugin())

    def work(services: Services) -> int:
        request = submit(services, make_contact(services), "trees.tree", {"kind": "elm", "home": "SecretStreet 1"})
        services.requests.answer(services, request, {"kind": "oak", "home": last})
        return request.id

    id_ = app.run(work)
    with app.db.transaction() as connection:
        root = root_of(connection)
        later = app.services(root, SYSTEM, at=root.requests[id_].created + 20 * DAY)
        assert later.expiry.run()["request"] == 1
    with app.reading() as services:
        request = services.requests.get(id_)
        (row,) = (row for row in request.audit.values() if row["action"] == "answers")
        assert "SecretStreet" not in json.dumps(row)
        assert [side["answers"]["kind"]["value"] for side in row["changes"]["submission"]] == ["elm", "oak"]
        assert list(request.submission.answers) == ["kind"]

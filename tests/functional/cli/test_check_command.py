"""``crm check`` as an administrator uses it: what is wrong in words and a code, and the repair of what is derived."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crm_core.testing.factories import make_app, make_contact


def test_what_is_wrong_is_said_mended_and_counted(tmp_path: Path, crm: Any) -> None:
    data = tmp_path / "data"
    app = make_app(data)
    contact = app.run(lambda services: make_contact(services).id)
    app.run(lambda services: services.root.indexes.phones.discard(*next(services.root.indexes.phones.rows())))
    app.close()
    first = crm("check", data=data)
    assert first.returncode == 1
    assert f"phones: contact {contact} is not found by its phones" in first.stdout
    assert "crm check --repair" in first.stdout
    second = crm("check", "--repair", "--json", data=data)
    assert second.returncode == 0, second.stderr
    said = json.loads(second.stdout)
    assert (said["mended"], said["problems"]) == ({"phones": 1}, [])
    third = crm("check", "--files", data=data)
    assert (third.returncode, third.stdout) == (0, "Everything is in order.\n")

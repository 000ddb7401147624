"""A request may come with a tracking code that the citizen holds already."""

from __future__ import annotations

import pytest

from crm_core.app import App
from crm_core.errors import Invalid
from crm_core.testing.factories import submit
from crm_core.text.tracking import check_digit, group_code

CODE = "482719365" + check_digit("482719365")


def test_the_code_is_kept_and_found(app: App) -> None:
    def register(services):  # type: ignore[no-untyped-def]
        return submit(services, None, "core.general", {"category": "other"}, title="Lamp", code=group_code(CODE)).code

    assert app.run(register) == CODE
    with app.reading() as services:
        assert services.requests.by_code(CODE).title == "Lamp"


@pytest.mark.parametrize("code", ["1234567890", "48271", "abc", CODE])
def test_a_damaged_or_taken_code_is_refused(app: App, code: str) -> None:
    app.run(lambda services: submit(services, None, "core.general", {"category": "other"}, title="Lamp", code=CODE).id)
    with pytest.raises(Invalid) as refused:
        app.run(lambda services: submit(services, None, "core.general", {"category": "other"}, title="x", code=code).id)
    assert set(refused.value.errors) == {"code"}
    with app.reading() as services:
        assert len(services.root.requests) == 1

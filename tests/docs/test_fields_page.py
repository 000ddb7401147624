"""docs/integrator/forms.md: its form is published, filled in through the core, and names every field there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core import fields
from crm_core.api import Category, RequestType, Status, hookimpl
from crm_core.app import App
from crm_core.duties import Refused
from crm_core.i18n import Translator
from crm_core.registry import form_definition
from crm_core.testing.factories import make_app, submit
from crm_views.forms.look import Submission

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrator" / "forms.md"
SAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def sample() -> dict[str, Any]:
    """The names that the page's code makes."""
    names: dict[str, Any] = {"__name__": "crm_example"}
    for code in SAMPLE.findall(PAGE.read_text("utf-8")):
        exec(compile(code, str(PAGE), "exec"), names)  # the page is ours, and this is its test
    return names


@pytest.fixture
def app(tmp_path: Path, sample: dict[str, Any]) -> Any:
    module = ModuleType("crm_example")
    module.CRM_API_VERSION = 1  # type: ignore[attr-defined]
    module.contribute = hookimpl(_contributing(sample["EXAMPLE"]))  # type: ignore[attr-defined]
    app = make_app(tmp_path, {"example": module})
    assert not app.host.failed(), app.host.plugins["example"].trace
    yield app
    app.close()


def _contributing(type_: Any) -> Any:
    def contribute() -> list[Any]:
        return [type_]

    return contribute


def test_its_form_is_taken_as_the_page_says(app: App) -> None:
    with app.transaction() as services:
        request = submit(services, None, "example.case", {
            "subject": "x", "day": "2026-11-17", "hour": "14:30", "damage": "1250000", "province": "fars",
            "city": "shiraz", "days": ["sat"], "file_number": "A-7", "people": "3", "urgent": "true",
        })
        assert request.submission is not None
        stored = {name: answer["value"] for name, answer in request.submission.answers.items()}
        assert stored["day"] == "2026-11-17" and stored["hour"] == "14:30" and stored["damage"] == 1_250_000
        assert (stored["city"], stored["days"], stored["urgent"]) == ("shiraz", ["sat"], True)
        assert request.title == "x"


def test_what_becomes_of_answers_is_frozen_as_the_page_says(sample: dict[str, Any], tmp_path: Path) -> None:
    status = (Status("new", Category.NEW, "Registered"),)
    form = form_definition(RequestType("example.care", "Care", sample["CareForm"], status), Translator(["crm_core"]))
    duties = {field["name"]: (field["on_erase"], field["on_export"], field["expires_days"]) for field in form["fields"]}
    assert duties == {"kind": ("keep", "include", None), "address": ("remove", "include", None),
                      "illness": ("remove", "omit", 365), "neighbour": ("remove", "include", 365)}


def test_rows_are_read_as_the_page_says(sample: dict[str, Any]) -> None:
    values = sample["LendForm"]().deserialize({"things": [{"what": "tent", "count": "2", "back": "2026-11-24"},
                                                          {"what": "chair", "count": "40"}]})
    submission = Submission(values, "key", "", {}, "submit")
    assert sample["lent"](submission) == [("tent", 2), ("chair", 40)]
    status = (Status("new", Category.NEW, "Registered"),)
    with pytest.raises(Refused, match="'things' of 'example.lend' is not made by"):
        form_definition(RequestType("example.lend", "Lend", sample["LendForm"], status), Translator(["crm_core"]))


def test_every_kind_of_field_stands_on_the_page(sample: dict[str, Any]) -> None:
    made = {
        name for name, function in vars(fields).items()
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == fields.__name__
    }
    text = PAGE.read_text("utf-8")
    assert made <= set(re.findall(r"fields\.(\w+)\(", text))
    assert made <= set(re.findall(r"`(\w+)`", text.partition("| field |")[2]))

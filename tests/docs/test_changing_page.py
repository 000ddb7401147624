"""The changes of docs/integrator/changing-your-plugin.md, made to a new plugin: it stays whole, as the page says."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from crm_core import conformance, scaffold
from crm_core.conformance import Level
from crm_core.errors import Forbidden, Invalid, Veto
from crm_core.testing.factories import make_app, make_clerk, make_contact, submit

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrator" / "changing-your-plugin.md"
PIECE = re.compile(r"^`([\w./]+)`:$|^```diff\n(.*?)^```", re.MULTILINE | re.DOTALL)
PACKAGE = "crm_parking"


def changes() -> list[tuple[str, str]]:
    """(file, difference) in the order of the page; one without a file is of the file named last."""
    found, file = [], ""
    for match in PIECE.finditer(PAGE.read_text("utf-8")):
        if match[1]:
            file = match[1]
        else:
            found.append((file, match[2]))
    return found


def commands() -> list[list[str]]:
    lines = re.findall(r"^    ((?:crm|python|pybabel) .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [shlex.split(line) for line in lines]


def changed(path: Path, difference: str) -> None:
    """Make a change; without lines around it, it stands at the end of the file."""
    lines = difference.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
    after = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
    text = path.read_text("utf-8")
    assert not before or text.count(before) == 1, f"{path.name} has not once:\n{before}"
    path.write_text(text.replace(before, after) if before else text + after, "utf-8")


def written(folder: Path) -> Path:
    """The plugin as the first command of the page makes it."""
    _crm, _plugin, _new, name, _option, title, _option, title_fa, *_to = commands()[0]
    return scaffold.write(scaffold.names(name, title, title_fa), folder)


def run(folder: Path, *words: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
                          capture_output=True, text=True, encoding="utf-8", timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin with every change of the page, its texts compiled by the command on the page."""
    made = written(tmp_path_factory.mktemp("new"))
    for file, difference in changes():
        changed(made / file, difference)
    (compiling,) = [words for words in commands() if words[0] == "pybabel"]
    run(made, "-m", "babel.messages.frontend", *compiling[1:])
    return made


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """The package comes from another folder in each test."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    importlib.invalidate_caches()


def imported(folder: Path) -> ModuleType:
    forget()
    sys.path.insert(0, str(folder))
    return importlib.import_module(PACKAGE)


def faults(folder: Path) -> list[str]:
    found = conformance.check(conformance.find(str(folder)))
    return [one.reason for one in found if one.level is not Level.OK and one.reason]


def test_its_commands_are_those_of_every_plugin() -> None:
    assert [words[:3] for words in commands()] == [
        ["crm", "plugin", "new"], ["python", "-m", "pip"], ["pybabel", "compile", "-d"], ["python", "-m", "pytest"],
        ["crm", "plugin", "check"],
    ]


def test_with_every_change_its_tests_pass(plugin: Path) -> None:
    run(plugin, "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider", "-p", "no:xdist", "tests")


def test_with_every_change_the_check_finds_nothing(plugin: Path) -> None:
    assert faults(plugin) == []


def test_without_the_changes_of_the_tests_it_is_told_what_the_page_says(plugin: Path, tmp_path: Path) -> None:
    half = tmp_path / plugin.name
    shutil.copytree(plugin, half)
    old = written(tmp_path / "old") / "tests" / "test_parking.py"
    shutil.copy(old, half / "tests")
    said = PAGE.read_text("utf-8")
    (reason,) = {reason for reason in faults(half) if reason.startswith("Invalid")}
    words = reason.partition(" (")[0]
    assert words == "Invalid: plate: Required" and f"`examples() fails: {words}`" in said
    tests = half / "tests" / "test_parking.py"
    shutil.copy(plugin / "tests" / "test_parking.py", tests)
    answer = '        services.contact_fields.edit(contact, {forms.CARD.id: {"number": "R-1001"}})\n'
    tests.write_text(tests.read_text("utf-8").replace(answer, ""), "utf-8")
    forget()
    (reason,) = faults(half)
    assert f"`{reason.partition(';')[0]}`" in said.replace("\n", " ")


def test_an_older_request_keeps_its_form_and_its_way(plugin: Path, tmp_path: Path) -> None:
    answers = {"sort": "new", "detail": "year", "since": "2099-01-01", "place": "خیابان بهار"}
    kind = "parking.request"
    app = make_app(tmp_path / "data", {"parking": imported(written(tmp_path))})
    with app.transaction() as services:
        old, again = (submit(services, make_contact(services), kind, answers).id for _number in range(2))
    app.close()
    app = make_app(tmp_path / "data", {"parking": imported(plugin)})
    with app.transaction() as services:
        request = services.requests.get(old)
        assert request.submission is not None
        assert request.submission.answers.get("plate", {}).get("value") is None
        with pytest.raises(Invalid):
            services.requests.change_status(services, request, "visited")
        services.requests.change_status(services, request, "granted")
        other, given = services.requests.get(again), {**answers, "since": date(2099, 1, 1)}
        services.requests.answer(services, other, {**given, "plate": "۱۲ ب ۳۴۵"})
        assert other.submission is not None and other.submission.answers["plate"]["value"] == "۱۲ ب ۳۴۵"
        assert "visited" not in {status.name for status in other.version.statuses}
        new = submit(services, make_contact(services), kind, {**answers, "plate": "۱۲ ب ۳۴۵ ایران ۶۷"})
        with pytest.raises(Veto) as refused:
            services.requests.change_status(services, new, "granted")
        assert refused.value.field == "status"
    app.close()


def test_no_rule_holds_while_the_plugin_is_away(plugin: Path, tmp_path: Path) -> None:
    """As the pages about parking say: a clerk without the right to decide grants what nobody has looked at."""
    module = imported(plugin)
    answers = {"sort": "new", "detail": "year", "since": "2099-01-01", "place": "خیابان بهار", "plate": "۱۲ ب ۳۴۵"}
    app = make_app(tmp_path / "data", {"parking": module})
    clerk = make_clerk(app)
    with app.transaction(clerk) as services:
        request = submit(services, make_contact(services), "parking.request", answers)
        with pytest.raises(Forbidden):
            services.requests.change_status(services, request, "granted")
        code = request.code
    app.close()
    app = make_app(tmp_path / "data")
    with app.transaction(clerk) as services:
        services.requests.change_status(services, services.requests.by_code(code), "granted")
    app.close()
    app = make_app(tmp_path / "data", {"parking": module})
    with app.reading(clerk) as services:
        assert services.requests.by_code(code).status == "granted"
        assert list(services.collections["parking.decisions"]) == []
    app.close()


def test_closing_as_the_desk_does_demands_an_answer_before_the_rules_are_asked(plugin: Path, tmp_path: Path) -> None:
    app = make_app(tmp_path / "data", {"parking": imported(plugin)})
    answers = {"sort": "new", "detail": "year", "since": "2099-01-01", "place": "خیابان بهار", "plate": "۱۲ ب ۳۴۵"}
    with app.transaction() as services:
        request = submit(services, make_contact(services), "parking.request", answers)
        with pytest.raises(Invalid) as refused:  # and not the rule that somebody looks at the place first
            services.messages.close(services, request, "granted")
        assert list(refused.value.errors) == ["answer"]
        with pytest.raises(Veto):
            services.messages.close(services, request, "granted", reason="a reason")
        services.messages.close(services, request, "refused", reason="no room")
        assert request.status == "refused"
    app.close()

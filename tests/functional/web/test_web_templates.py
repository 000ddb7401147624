"""Every template of the product compiles: a slip in one is found here, and in the log of a server that starts."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from chameleon.template import BaseTemplate

import crm_views
from crm_views import cooking, page_templates
from crm_views.app import make_app
from crm_views.testing import sign_in


def test_every_template_compiles(web: Any) -> None:
    assert cooking.cook(web.registry) == []
    found = [path for path, _find in cooking.templates(web.registry)]
    assert {type(find()) for _path, find in cooking.templates(web.registry)} == {page_templates.Template}
    assert BaseTemplate.cook.__module__ == BaseTemplate.__module__, "other users of Chameleon keep theirs"
    assert set(found) >= set(Path(crm_views.__file__).parent.rglob("*.pt"))
    ours = sorted((Path(__file__).resolve().parents[3] / "plugins").rglob("*.pt"))
    assert ours
    for path in ours:
        cooking.page_template(web.registry, path).cook_check()


@pytest.mark.parametrize("slip", ["<p>${1 +}</p>", "<p tal:condition='python: ('>x</p>", "<p tal:repeat='x'>x</p>"])
def test_a_broken_template_is_said_in_the_log_and_the_others_are_compiled(
    web: Any, tmp_path: Path, slip: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.pt").write_text(slip, "utf-8")
    shutil.copy(cooking.ROOT / "templates" / "login.pt", tmp_path / "b.pt")
    monkeypatch.setattr(cooking, "ROOT", tmp_path)

    with caplog.at_level(logging.ERROR):
        assert cooking.cook(web.registry) == [tmp_path / "a.pt"]

    assert f"{tmp_path / 'a.pt'} is broken" in caplog.text


def test_two_threads_never_compile_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python before 3.11.8 may answer a SystemError to that, and somebody would see it instead of his page."""
    compiling, most, entered = threading.Semaphore(1), [], threading.Barrier(3)
    compile_ = page_templates.Template._compile

    def watched(self: page_templates.Template, *given: Any) -> Any:
        most.append(alone := compiling.acquire(blocking=False))
        try:
            return compile_(self, *given)
        finally:
            if alone:
                compiling.release()

    def cook(number: int) -> None:
        path = tmp_path / f"{number}.pt"
        path.write_text(f"<p tal:repeat='x range({number})'>${{x}} {tmp_path}</p>" * 20)  # never kept before
        entered.wait(30)
        page_templates.Template(str(path)).cook_check()

    monkeypatch.setattr(page_templates.Template, "_compile", watched)
    threads = [threading.Thread(target=cook, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert most == [True] * 3


def test_compiled_templates_are_kept_by_the_application_that_says_where(desk: Any, tmp_path: Path) -> None:
    settings = page_templates.kept_in(tmp_path)
    web = make_app(desk.app, **settings)
    sign_in(web, "clerk").get("/")
    kept = {path.name for path in tmp_path.glob("*.py")}
    assert len(kept) > 3
    make_app(desk.app)
    sign_in(make_app(desk.app, **settings), "clerk").get("/")
    assert {path.name for path in tmp_path.glob("*.py")} == kept
    old = next(tmp_path.glob("*.py"))
    os.utime(old, (0, 0))
    page_templates.kept_in(tmp_path)
    assert not old.exists()

"""Sample plugins installed as any plugin is: a module and a dist-info folder with an entry point, on the path."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crm_core.app import App
from crm_core.hookspecs import hookimpl
from crm_core.host import Candidate, installed
from crm_core.settings import Settings
from crm_core.testing.begun import begin
from crm_core.testing.guard import only_core_classes

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Candidate]]]:
    """``install("good", core="core", …)``: install samples by name (or id=name); the candidates the host finds.

    The candidates are those of these samples only, whatever else is installed on this machine.
    """
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install_(*names: str, **ids: str) -> list[Candidate]:
        for id_, name in [(name, name) for name in names] + list(ids.items()):
            _write(site, id_, name, f"sample-{id_}")
        importlib.invalidate_caches()
        return [candidate for candidate in installed() if candidate.distribution.startswith("sample-")]

    yield install_
    for name in [name for name in sys.modules if name.startswith("sample_")]:
        del sys.modules[name]


def _write(site: Path, id_: str, name: str, distribution: str) -> None:
    (site / f"sample_{name}.py").write_text((SAMPLES / f"sample_{name}.py").read_text("utf-8"), "utf-8")
    info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[crm.plugins]\n{id_} = sample_{name}\n", "utf-8")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Candidate]:
    """``made("trees", contribution, …, before_submit=…)``: a plugin of these contributions and hooks, as the host
    takes it; ``module`` gives names of the module that are no hooks."""

    def make(id_: str, *contributions: Any, module: dict[str, Any] | None = None, **hooks: Any) -> Candidate:
        code = ModuleType(f"made_{id_}")
        vars(code).update({"CRM_API_VERSION": 1, "contribute": lambda: contributions, **hooks, **(module or {})})
        monkeypatch.setitem(sys.modules, code.__name__, code)
        for name in ("contribute", *hooks):
            setattr(code, name, hookimpl(getattr(code, name)))
        return Candidate(id_, lambda: code, "", f"sample-{id_}", "1.2")

    return make


class Opener:
    """Opens applications, each looked through before it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[App] = []

    def __call__(self, candidates: list[Candidate], folder: str = "data", **settings: Any) -> App:
        if not (self.folder / folder).exists():
            begin(self.folder / folder)
        app = App.open(Settings(data=self.folder / folder, search="none", **settings), candidates)
        self.opened.append(app)
        return app

    def close(self, app: App) -> None:
        self.opened.remove(app)
        try:
            only_core_classes(app)
        finally:
            app.close()


@pytest.fixture
def open_with(tmp_path: Path) -> Iterator[Opener]:
    """``open_with(candidates, folder="data", **settings)``: an application with these plugins; ``open_with.close``."""
    opener = Opener(tmp_path)
    yield opener
    for app in list(opener.opened):
        opener.close(app)

"""The distributions hold up on their own: wheels in an environment that has nothing of this checkout.

First the core alone, without naming a plugin; then each plugin alone beside it. The wheels are built from a copy of the
tree, since setuptools takes files of an earlier build along.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.timeout(900)]

PLUGINS = ("appointments", "complaints", "surveys")
TOP = {"crm_core": ".", "crm_search": "search", "crm_views": "views"}
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "data", "*.egg-info", "__pycache__", ".*_cache", "*.pyc", ".hypothesis", "results"
)
TEST_TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "WebTest", "hypothesis", "time-machine", "vobject")
NO_SERVERS = "not browser and not postgresql and not zeo and not packaging and not slow"


class Environment:
    """A virtual environment in a folder of its own."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.folder, self.checkout = folder, checkout
        self.run(sys.executable, "-m", "venv", str(folder))
        self.python = str(folder / "bin" / "python")

    def run(self, *words: str) -> str:
        """Run a command away from the checkout; fails the test with the end of its output."""
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        done = subprocess.run(
            words, cwd=self.folder.parent, env={**environment, "PYTHONUTF8": "1"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
        )
        if done.returncode:
            pytest.fail(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-6000:]}", pytrace=False)
        return done.stdout

    def pip(self, *words: str) -> str:
        """Run pip with the constraints of the checkout."""
        return self.run(self.python, "-m", "pip", *words)

    def install(self, *what: str) -> None:
        """Install wheels or names, bounded by constraints.txt."""
        self.pip("install", "--quiet", "-c", str(self.checkout / "constraints.txt"), *what)

    def tests(self, *folders: Path, marks: str = NO_SERVERS) -> None:
        """Run tests of the checkout against what is installed here; there must be some, and all must pass."""
        words = (str(self.folder / "bin" / "pytest"), "-q", "-c", str(self.checkout / "pytest.ini"), "--rootdir",
                 str(self.checkout), "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", "-m", marks,
                 *map(str, folders))
        self.run(*words)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A place for wheels and the environment; some hundred megabytes, so it is not left behind."""
    with tempfile.TemporaryDirectory(prefix="crm-wheels-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def wheels(folder: Path, checkout: Path) -> dict[str, Path]:
    """The built wheels by name of the distribution: ``core`` and each plugin."""
    copy = folder / "source"
    shutil.copytree(checkout, copy, ignore=NOT_COPIED)
    sources = {"core": copy, **{plugin: copy / "plugins" / plugin for plugin in PLUGINS}}
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder / "dist")]
    done = subprocess.run([*words, *map(str, sources.values())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    built = {name: next((folder / "dist").glob(f"crm_{name}-*.whl")) for name in sources}
    assert len(built) == 4
    return built


@pytest.fixture(scope="module")
def core(folder: Path, checkout: Path, wheels: dict[str, Path]) -> Environment:
    """An environment with the core's wheel and its dependencies, and no plugin."""
    environment = Environment(folder / "environment", checkout)
    environment.install(str(wheels["core"]))
    return environment


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def tracked(root: Path, package: str) -> set[str]:
    """Every file of a package in the tree, by its name in the wheel."""
    files = (path for path in (root / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix() for path in files if path.suffix != ".pot"}


def test_the_cores_wheel_holds_every_file(wheels: dict[str, Path], folder: Path) -> None:
    wanted = set().union(*(tracked(folder / "source" / root, package) for package, root in TOP.items()))
    held = {name for name in names(wheels["core"]) if ".dist-info/" not in name}
    assert (sorted(wanted - held), sorted(held - wanted)) == ([], [])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugins_wheel_holds_every_file(plugin: str, wheels: dict[str, Path], folder: Path) -> None:
    held = {name for name in names(wheels[plugin]) if ".dist-info/" not in name}
    assert held == tracked(folder / "source" / "plugins" / plugin, f"crm_{plugin}")


@pytest.mark.parametrize("distribution", ["core", *PLUGINS])
def test_a_wheel_carries_its_licence(distribution: str, wheels: dict[str, Path]) -> None:
    assert any(name.endswith("LICENSE") for name in names(wheels[distribution]))


def test_the_core_alone(core: Environment, checkout: Path) -> None:
    core.pip("check")
    core.run(core.python, "-I", str(checkout / "tests/packaging/proof.py"), str(checkout))
    core.install(*TEST_TOOLS)
    # The tests of the core itself; those of web, search and command line run once, in the environment of the checkout,
    # and what of them depends on the wheel (catalogs, templates, static files, entry points) the proof has used.
    folders = [checkout / "tests" / kind / "core" for kind in ("unit", "functional")]
    core.tests(*folders, marks=f"{NO_SERVERS} and not plugins")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_each_plugin_alone(plugin: str, core: Environment, wheels: dict[str, Path], checkout: Path) -> None:
    core.install(str(wheels[plugin]), *TEST_TOOLS)
    try:
        core.pip("check")
        core.run(core.python, "-I", str(checkout / "tests/packaging/proof.py"), str(checkout), plugin)
        core.tests(checkout / "plugins" / plugin / "tests")
    finally:
        core.pip("uninstall", "--quiet", "--yes", f"crm-{plugin}")

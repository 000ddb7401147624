"""The wheels of this checkout, and one environment that has nothing else of it, for all tests in here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = ("appointments", "complaints", "surveys")
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "data", "*.egg-info", "__pycache__", ".*_cache", "*.pyc", ".hypothesis", "results"
)
TEST_TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "WebTest", "hypothesis", "time-machine", "vobject")
NOT_THERE = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
"""Of the environment: without compiled modules each process would compile everything that was installed."""
NO_SERVERS = "not browser and not postgresql and not zeo and not packaging and not slow"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The core is proven alone before anything else comes into the environment."""
    items.sort(key=lambda item: item.path.name == "test_scaffold.py")


class Environment:
    """A virtual environment in a folder of its own."""

    def __init__(self, folder: Path, checkout: Path) -> None:
        self.folder, self.checkout = folder, checkout
        self.run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        self.python = str(folder / "bin" / "python")

    def run(self, *words: str) -> str:
        """Run a command away from the checkout; fails the test with the end of its output."""
        environment = {name: value for name, value in os.environ.items() if name not in NOT_THERE}
        done = subprocess.run(
            words, cwd=self.folder.parent, env={**environment, "PYTHONUTF8": "1"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace",
        )
        if done.returncode:
            pytest.fail(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-6000:]}", pytrace=False)
        return done.stdout

    def pip(self, *words: str) -> str:
        """Run the checkout's pip on this environment, which needs none of its own."""
        return self.run(sys.executable, "-m", "pip", "--python", self.python, *words)

    def install(self, *what: str) -> None:
        """Install wheels or names, bounded by constraints.txt. Python compiles of them what it imports."""
        self.pip("install", "--quiet", "--no-compile", "-c", str(self.checkout / "constraints.txt"), *what)

    def program(self, name: str) -> str:
        """A program that was installed here."""
        return str(self.folder / "bin" / name)

    def tests(self, *folders: Path, marks: str = "") -> None:
        """Run tests of the checkout against what is installed here; there must be some, and all must pass."""
        chosen = f"{NO_SERVERS} and {marks}" if marks else NO_SERVERS
        words = (self.program("pytest"), "-q", "-c", str(self.checkout / "pytest.ini"), "--rootdir",
                 str(self.checkout), "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile",
                 "--no-loadscope-reorder", "-m", chosen,
                 *map(str, folders))
        self.run(*words)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A place for wheels and the environment; some hundred megabytes, so it is not left behind."""
    with tempfile.TemporaryDirectory(prefix="crm-wheels-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def wheels(folder: Path, checkout: Path) -> dict[str, Path]:
    """The built wheels by name of the distribution: ``core`` and each plugin.

    They are built from a copy of the tree, since setuptools takes files of an earlier build along.
    """
    copy = folder / "source"
    shutil.copytree(checkout, copy, ignore=NOT_COPIED)
    sources = {"core": copy, **{plugin: copy / "plugins" / plugin for plugin in PLUGINS}}
    # To install the checkout is to build each of them with what its pyproject.toml asks for, in an environment apart;
    # here the setuptools of the extra `testing` does, which has the same bounds.
    words = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
             "-w", str(folder / "dist")]
    done = subprocess.run([*words, *map(str, sources.values())], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    built = {name: next((folder / "dist").glob(f"crm_{name}-*.whl")) for name in sources}
    assert len(built) == 4
    return built


@pytest.fixture(scope="session")
def core(folder: Path, checkout: Path, wheels: dict[str, Path]) -> Environment:
    """An environment with the core's wheel and its dependencies, and no plugin."""
    environment = Environment(folder / "environment", checkout)
    environment.install(str(wheels["core"]))
    return environment


@pytest.fixture(scope="session")
def tools(core: Environment) -> None:
    """What runs tests, in the same environment: once, and not before the core was proven without it."""
    core.install(*TEST_TOOLS)

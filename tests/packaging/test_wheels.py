"""The distributions hold up on their own: wheels in an environment that has nothing of this checkout.

First the core alone, without naming a plugin; then each plugin alone beside it.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.timeout(900)]

PLUGINS = ("appointments", "complaints", "surveys")
TOP = {"crm_core": ".", "crm_search": "search", "crm_views": "views"}


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


def test_the_core_alone(core: Any, checkout: Path, request: pytest.FixtureRequest) -> None:
    core.pip("check")
    core.run(core.python, "-I", str(checkout / "tests/packaging/proof.py"), str(checkout))
    request.getfixturevalue("tools")
    # The tests of the core itself; those of web, search and command line run once, in the environment of the checkout,
    # and what of them depends on the wheel (catalogs, templates, static files, entry points) the proof has used.
    folders = [checkout / "tests" / kind / "core" for kind in ("unit", "functional")]
    core.tests(*folders, marks="not plugins")


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.usefixtures("tools")
def test_each_plugin_alone(plugin: str, core: Any, wheels: dict[str, Path], checkout: Path) -> None:
    core.install(str(wheels[plugin]))
    try:
        core.pip("check")
        core.run(core.python, "-I", str(checkout / "tests/packaging/proof.py"), str(checkout), plugin)
        core.tests(checkout / "plugins" / plugin / "tests")
    finally:
        core.pip("uninstall", "--quiet", "--yes", f"crm-{plugin}")

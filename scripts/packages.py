"""Compares what setup.cfg puts into the wheels with what lies in the folders, so that nothing is forgotten.

`python scripts/packages.py` fails on a package or data file that a wheel would lack; `--write` lists the packages anew.
"""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = {"crm_core": "crm_core", "crm_search": "search/crm_search", "crm_views": "views/crm_views"}
PLUGINS = ("complaints", "surveys", "appointments")


def packages_on_disk() -> list[str]:
    """Import names of every package of the distribution crm-core."""
    found = []
    for name, folder in TOP.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            if "__pycache__" not in init.parts:
                found.append(".".join((name, *init.parent.relative_to(ROOT / folder).parts)))
    return sorted(found)


def read(path: Path) -> configparser.ConfigParser:
    """A setup.cfg as setuptools reads it: no interpolation, names as written."""
    config = configparser.ConfigParser(interpolation=None)
    config.optionxform = str  # type: ignore[assignment,method-assign]  # documented way to keep upper case
    config.read(path, "utf-8")
    return config


def lines(config: configparser.ConfigParser, section: str, option: str) -> list[str]:
    """The words of an option that lists one value a line."""
    return [line.strip() for line in config.get(section, option, fallback="").splitlines() if line.strip()]


def glob_words(pattern: str) -> re.Pattern[str]:
    """A setuptools glob as a regular expression: ``**/`` is any depth, ``*`` stays within one folder."""
    parts = ["(?:.*/)?" if part == "**/" else "[^/]*" if part == "*" else re.escape(part)
             for part in re.split(r"(\*\*/|\*)", pattern)]
    return re.compile("".join(parts))


def forgotten_data(folder: Path, name: str, config: configparser.ConfigParser) -> list[str]:
    """Files below the package ``name`` that are neither Python nor matched by package_data."""
    section = "options.package_data"
    globs = [glob_words(word) for option in ("*", name) for word in lines(config, section, option)]
    packages = sorted((init.parent for init in folder.rglob("__init__.py")), key=lambda path: -len(path.parts))
    missing = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.suffix in (".py", ".pyc", ".pot") or any(part.startswith(".") for part in path.parts):
            continue
        owners = [package for package in packages if path.is_relative_to(package)]
        if not any(word.fullmatch(path.relative_to(owner).as_posix()) for owner in owners for word in globs):
            missing.append(path.relative_to(ROOT).as_posix())
    return missing


def write(listed: list[str]) -> None:
    """Replace the list of packages in setup.cfg."""
    path = ROOT / "setup.cfg"
    text = path.read_text("utf-8")
    new = re.sub(r"(?m)^packages =\n(?:    .*\n)+", "packages =\n" + "".join(f"    {name}\n" for name in listed), text)
    path.write_text(new, "utf-8")


def main(arguments: list[str]) -> int:
    """Exit code 0 when the wheels would be complete, else 1 with the words what is missing on stderr."""
    found = packages_on_disk()
    if "--write" in arguments:
        write(found)
    config = read(ROOT / "setup.cfg")
    listed = lines(config, "options", "packages")
    problems = [f"setup.cfg does not list the package {name}" for name in found if name not in listed]
    problems += [f"setup.cfg lists {name}, which is not there" for name in listed if name not in found]
    roots = [(name, ROOT / folder, config) for name, folder in TOP.items()]
    for plugin in PLUGINS:
        own = ROOT / "plugins" / plugin
        roots.append((f"crm_{plugin}", own / f"crm_{plugin}", read(own / "setup.cfg")))
    for own in sorted((ROOT / "examples").glob("crm-*")):
        package = own.name.replace("-", "_")
        roots.append((package, own / package, read(own / "setup.cfg")))
    for name, folder, its_config in roots:
        problems += [f"no package_data matches {path}" for path in forgotten_data(folder, name, its_config)]
        problems += [
            f"{path.parent.relative_to(ROOT)} has Python but no __init__.py"
            for path in folder.rglob("*.py")
            if not (path.parent / "__init__.py").exists()
        ]
    for problem in sorted(set(problems)):
        sys.stderr.write(f"{problem}\n")
    if any("list" in problem for problem in problems):
        sys.stderr.write("`python scripts/packages.py --write` lists the packages anew.\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

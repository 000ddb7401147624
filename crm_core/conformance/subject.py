"""Which plugin is meant: one that is installed, by its name, or the source of one, by its folder.

Of an installed one that was installed from a folder for editing (PEP 610) the folder is looked at too: its tests know
better than we do which requests it takes.
"""

from __future__ import annotations

import configparser
import importlib
import importlib.metadata
import importlib.util
import json
import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from crm_core.errors import CrmError, NotFound
from crm_core.host import GROUP, Candidate, installed
from crm_core.i18n import TextFactory

_ = TextFactory("crm_core")


@dataclass(frozen=True)
class Metadata:
    """What a distribution says of itself. ``requires``: dependencies as written; ``points``: id → module."""

    name: str = ""
    version: str = ""
    summary: str = ""
    python: str = ""
    licence: str = ""
    licence_files: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    points: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """A plugin to be looked at. ``package``: its import name; ``root``: the folder of its source, if there is one."""

    candidate: Candidate
    metadata: Metadata
    package: str
    root: Path | None = None

    @property
    def folder(self) -> Path | None:
        """Where the files of its package lie; None where it is no package or cannot be found."""
        try:
            spec = importlib.util.find_spec(self.package) if self.package else None
        except (ImportError, ValueError):
            return None
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        return Path(places[0]) if places else None


def find(name: str) -> Subject:
    """The plugin called ``name`` (its id, distribution, or as given to ``crm plugin new``), or in the folder ``name``.

    A name of what is not installed is looked for in the present folder too.

    A folder is put on Python's path: for commands, not for a running server. Raises NotFound and CrmError.
    """
    if _is_source(Path(name)):
        return _of_folder(Path(name).resolve())
    word = re.sub(r"[-.]+", "_", name.strip().lower())
    wanted = {word, word.removeprefix("crm_")}
    for candidate in installed():
        if candidate.id in wanted or re.sub(r"[-.]+", "_", candidate.distribution.lower()) == word:
            return of_installed(candidate)
    written = Path(f"crm-{word.removeprefix('crm_').replace('_', '-')}")  # here, by `crm plugin new … --to .`
    if _is_source(written):
        return _of_folder(written.resolve())
    raise NotFound(_("There is no plugin “${name}”: none is installed under that name, and it is no folder with a "
                     "setup.cfg or pyproject.toml.", mapping={"name": name}))


def _is_source(path: Path) -> bool:
    return path.is_dir() and any((path / file).is_file() for file in ("setup.cfg", "pyproject.toml"))


def of_installed(candidate: Candidate) -> Subject:
    """An installed plugin, with the metadata of its distribution."""
    distribution = next(  # by its name it is not found where the folder of its metadata is called otherwise
        point.dist for point in importlib.metadata.entry_points(group=GROUP)
        if point.name == candidate.id and point.dist is not None and point.dist.name == candidate.distribution)
    said = distribution.metadata

    def one(name: str) -> str:
        return next((value for value in said.get_all(name) or () if value), "")

    metadata = Metadata(
        one("Name"), one("Version"), one("Summary"), one("Requires-Python"),
        _licence(one("License-Expression") or one("License"), said.get_all("Classifier") or []),
        tuple(said.get_all("License-File") or ()),
        tuple(distribution.requires or ()),
        {point.name: point.value for point in distribution.entry_points if point.group == GROUP},
    )
    return Subject(candidate, metadata, candidate.package, _editable(distribution))


def _editable(distribution: importlib.metadata.Distribution) -> Path | None:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    folder = Path(unquote(urlsplit(origin["url"]).path))
    return folder if folder.is_dir() else None


def _licence(stated: str, classifiers: list[str]) -> str:
    return stated or next((one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")), "")


def _of_folder(root: Path) -> Subject:
    metadata, places = _written(root)
    if not metadata.points:
        raise CrmError(_("“${path}” is no plugin: it names no entry point in the group crm.plugins.",
                         mapping={"path": str(root)}))
    id_, value = sorted(metadata.points.items())[0]
    point = importlib.metadata.EntryPoint(id_, value, GROUP)
    package = value.partition(":")[0].strip().partition(".")[0]
    place = next((one for one in places if (one / package).exists() or (one / f"{package}.py").exists()), root)
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))
        importlib.invalidate_caches()
    candidate = Candidate(id_, point.load, package, metadata.name, metadata.version)
    return Subject(candidate, metadata, package, root)


def _written(root: Path) -> tuple[Metadata, list[Path]]:
    """What setup.cfg and pyproject.toml say, and the folders that may hold the package."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "setup.cfg", "utf-8")
    project: dict[str, Any] = {}
    if (root / "pyproject.toml").is_file():
        project = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("project", {})

    def words(section: str, option: str) -> list[str]:
        text = config.get(section, option, fallback="")
        return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]

    def word(option: str, section: str = "metadata") -> str:
        return config.get(section, option, fallback="").strip()

    stated = project.get("license", "")
    licence = stated if isinstance(stated, str) else stated.get("text") or stated.get("file") or ""
    named = [*words("metadata", "license_files"), *words("metadata", "license_file"), *project.get("license-files", ())]
    files = [path.name for pattern in named or ("LICEN[CS]E*",) for path in root.glob(pattern)]
    points = dict(project.get("entry-points", {}).get(GROUP, {}))
    for line in words("options.entry_points", GROUP):
        name, _equals, value = line.partition("=")
        points[name.strip()] = value.strip()
    metadata = Metadata(
        project.get("name") or word("name"), project.get("version") or word("version"),
        project.get("description") or word("description"),
        project.get("requires-python") or word("python_requires", "options"),
        _licence(licence or word("license"), [*words("metadata", "classifiers"), *project.get("classifiers", ())]),
        tuple(files), (*words("options", "install_requires"), *project.get("dependencies", ())), points,
    )
    own = [line.partition("=")[2].strip() for line in words("options", "package_dir")]
    return metadata, [*(root / one for one in own), root, root / "src"]

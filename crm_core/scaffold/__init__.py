"""``crm plugin new``: a whole distribution with one small plugin in it, to be changed into one's own.

The files lie in ``plugin/`` with ``.txt`` behind their names; words such as ``[[id]]`` are replaced and nothing else.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crm_core import __version__
from crm_core.catalogs import mo_bytes, read_po
from crm_core.errors import CrmError, Invalid
from crm_core.host import RESERVED
from crm_core.i18n import TextFactory

_ = TextFactory("crm_core")

TEMPLATES = Path(__file__).parent / "plugin"
LONGEST_NAME = 30
LONGEST_TITLE = 40
"""Letters; longer ones would not fit into the lines they are written to."""
OWN = frozenset({*RESERVED, "search", "views", "testing"})
"""Ids that would give a package the name of one of ours, or the core's own words."""
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_TITLE = re.compile(r"[^\"'\\$\[\]<>&{}\x00-\x1f]+")


@dataclass(frozen=True)
class Names:
    """What a plugin is called: ``waste_bins`` in ``crm-waste-bins`` with the package ``crm_waste_bins``."""

    id: str
    title: str
    title_fa: str

    @property
    def distribution(self) -> str:
        return f"crm-{self.id.replace('_', '-')}"

    @property
    def package(self) -> str:
        return f"crm_{self.id}"


def names(name: str, title: str = "", title_fa: str = "", taken: Collection[str] = ()) -> Names:
    """The names of a plugin called ``name``; ``taken``: ids that others have.

    Raises Invalid with a sentence for what cannot be one.
    """
    word = _without_ours(name.strip().lower())
    id_ = word.replace("-", "_")
    if any(letter.isalpha() and not letter.isascii() for letter in word):
        refusal = _("The name becomes that of a Python package, so it is written in Latin letters. "
                    "The Persian title is given with --title-fa.")
    elif not _NAME.fullmatch(word) or len(word) > LONGEST_NAME:
        refusal = _("A name begins with a letter and has letters, digits, - and _, ${most} at most.",
                    mapping={"most": LONGEST_NAME})
    elif id_ in OWN:
        refusal = _("“${name}” is a word of the core’s own; choose another one.", mapping={"name": id_})
    elif id_ in taken:
        refusal = _("A plugin “${name}” is installed already; choose another name.", mapping={"name": id_})
    else:
        refusal = None
    if refusal is not None:
        near = proposed(word, taken) or proposed(title, taken)
        raise Invalid({"name": refusal if not near else _(
            "${refusal} This one would do: ${name}", mapping={"refusal": refusal, "name": near})})
    for given in (title, title_fa):
        if given and (len(given) > LONGEST_TITLE or not _TITLE.fullmatch(given)):
            raise Invalid({"title": _("A title has ${most} letters at most, and no quotes or brackets.",
                                      mapping={"most": LONGEST_TITLE})})
    english = title.strip() or id_.replace("_", " ").capitalize()
    return Names(id_, english, title_fa.strip() or f"«{english}»")


def proposed(word: str, taken: Collection[str] = ()) -> str:
    """A name near ``word`` that `names` would take; "" where its letters give none."""
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    near = _without_ours(re.sub(r"[^a-z0-9]+", "-", plain).strip("-")).lstrip("0123456789-")
    if not near:
        return ""
    tries = (near, f"our-{near}", *(f"{near}-{number}" for number in range(2, 10)))
    fit = (f"{one[:LONGEST_NAME].rstrip('-')}" for one in tries)
    return next((one for one in fit if one.replace("-", "_") not in {*OWN, *taken}), "")


def _without_ours(word: str) -> str:
    """A name without the beginning that the distribution and the package get anyway."""
    return word.removeprefix("crm-").removeprefix("crm_")


def write(given: Names, folder: Path) -> Path:
    """Write the distribution to ``folder``/crm-NAME, all of it or nothing; that folder.

    Raises CrmError where there is something of that name, OSError where it cannot be written.
    """
    target = folder / given.distribution
    if target.exists() or target.is_symlink():
        raise CrmError(_("There is “${path}” already; nothing was written.", mapping={"path": str(target)}))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{given.distribution}-", dir=folder) as name:
        made = Path(name) / given.distribution
        for source in sorted(TEMPLATES.rglob("*.txt")):
            place = made / _place(source.relative_to(TEMPLATES), given)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = _filled(source.read_text("utf-8"), given)
            place.write_text(text, "utf-8")
            if place.suffix == ".po":
                place.with_suffix(".mo").write_bytes(mo_bytes(read_po(text)))
        _open_to_all(made)
        shutil.move(made, target)
    return target


def _place(path: Path, given: Names) -> Path:
    parts = [given.package if part == "package" else part for part in path.with_suffix("").parts]
    last = {"package.po": f"{given.package}.po", "test_plugin.py": f"test_{given.id}.py"}.get(parts[-1], parts[-1])
    return Path(*parts[:-1], last)


def _filled(text: str, given: Names) -> str:
    words = {"id": given.id, "package": given.package, "distribution": given.distribution, "title": given.title,
             "title_fa": given.title_fa, "year": str(datetime.now(UTC).year), **_bounds(__version__)}
    for name, word in words.items():
        text = text.replace(f"[[{name}]]", word)
    return text


def _bounds(version: str) -> dict[str, str]:
    """The versions of the core it may run with: this one's, up to the next that may change the API."""
    major, minor = (int(part) for part in version.split(".")[:2])
    following = f"{major + 1}" if major else f"0.{minor + 1}"
    return {"core": f"{major}.{minor}", "next_core": following}


def _open_to_all(folder: Path) -> None:
    """Source is for everybody to read, whatever the mask of the command: a wheel keeps these modes."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)

"""Taking old sets away, damaged and unfinished ones too, and never the newest ones that can be restored."""

from __future__ import annotations

import shutil
from pathlib import Path

from crm_core.backup.checking import check_files
from crm_core.backup.manifest import FULL, Chain, chains, set_folders
from crm_core.durations import DAY

PART = ".part"
"""What the folder of a set is called at the end while it is not complete, or not any more."""


def prune(folder: Path, days: int, now: int) -> list[str]:
    """Take away full sets older than ``days`` with all that follows upon them; the names of what went.

    What cannot be read goes with the full set before it. The newest chain whose files are as they were written stays
    whatever its age, and where there is none, everything. A receipt of an erasure promises that nothing older is kept.
    """
    old = [family for family in _families(folder) if now - family[0][1] >= days * DAY]
    if not old:
        return []
    good = _newest_whole(folder)
    if good is None:
        return []
    gone = []
    for family in old:
        if good.sets[0].name in [path.name for path, _made in family]:
            continue
        for path, _made in reversed(family):  # what is left when this is interrupted is a chain still
            doomed = folder / f".{path.name}{PART}"
            path.rename(doomed)
            shutil.rmtree(doomed)
            gone.append(path.name)
    return gone


def _families(folder: Path) -> list[list[tuple[Path, int]]]:
    """All sets, each full one with what comes behind it; when each was made, milliseconds UTC.

    A set whose manifest cannot be read was made before the next one that can, and before its files were last written.
    """
    known = {one.name: one.made for chain in chains(folder)[0] for one in chain.sets}
    families: list[list[tuple[Path, int]]] = []
    paths = set_folders(folder)
    for place, path in enumerate(paths):
        if path.name.endswith(FULL) or not families:
            families.append([])
        later = (known[other.name] for other in paths[place:] if other.name in known)
        made = known.get(path.name, min(next(later, _written(path)), _written(path)))
        families[-1].append((path, made))
    return families


def _written(path: Path) -> int:
    """When something in the folder of a set was last written, milliseconds UTC; of an empty one, the folder itself."""
    return max(int(file.stat().st_mtime * 1000) for file in [*path.iterdir()] or [path])


def _newest_whole(folder: Path) -> Chain | None:
    for chain in reversed(chains(folder)[0]):
        if not any(check_files(chain.where(one), one) for one in chain.sets):
            return chain
    return None

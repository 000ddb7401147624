"""A workflow as a drawing: statuses in columns by how far they are from the beginning, ways between them as arrows.

It is drawn by the server as SVG, mirrored for languages that read from the right; a table beside it says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chameleon.utils import Markup
from pyramid.renderers import render

from crm_core.model.request import Category, StoredStatus
from crm_core.model.workflow import StoredTransition

if TYPE_CHECKING:
    from pyramid.request import Request

WIDTH, HEIGHT = 148, 46
"""Of a status, in the units of the drawing, which are pixels at its full size."""
ACROSS, DOWN = 62, 34
"""Between columns and between rows."""
EDGE = 12
ARCH = 26
"""How high a way that passes over a column rises, for each column."""
LINE = 19
"""Letters of a line in a status: a longer name goes on below, and ends after two lines."""


@dataclass(frozen=True)
class Box:
    """A status in the drawing: ``x`` and ``y`` of its corner, ``lines`` of its name, ``look`` a class of the sheet."""

    x: float
    y: float
    lines: tuple[str, ...]
    look: str


@dataclass(frozen=True)
class Arrow:
    """A way: ``path`` as SVG writes it; ``open`` where the request stands at its beginning."""

    path: str
    open: bool


def drawing(
    request: Request, statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition], here: str = ""
) -> Markup:
    """The SVG of a workflow; ``here`` is the status to be marked. Without transitions the statuses stand alone."""
    columns = _columns(statuses, transitions)
    arch = EDGE + ARCH * max(0, _furthest(columns, transitions) - 1)
    width = 2 * EDGE + len(columns) * (WIDTH + ACROSS) - ACROSS
    below = arch if any(_column(columns, way.target) <= _column(columns, way.source) for way in transitions) else EDGE
    height = arch + below + max(map(len, columns)) * (HEIGHT + DOWN) - DOWN
    turned = request.ui.direction == "rtl"
    corner = {
        name: (EDGE + place * (WIDTH + ACROSS), arch + row * (HEIGHT + DOWN))
        for place, column in enumerate(columns) for row, name in enumerate(column)
    }
    boxes = [
        Box(width - x - WIDTH if turned else x, y, _lines(request.ui.show.text(status.labels)),
            f"flow-{status.category}{' here' if status.name == here else ''}")
        for status in statuses for x, y in (corner[status.name],)
    ]
    arrows = [
        Arrow(_path(corner[way.source], corner[way.target], width if turned else 0), way.source == here)
        for way in sorted(transitions, key=lambda one: one.source == here)  # those from here lie above the others
        if way.source in corner and way.target in corner and way.source != way.target
    ]
    values = {"width": width, "height": height, "boxes": boxes, "arrows": arrows,
              "box": (WIDTH, HEIGHT), "middle": WIDTH / 2}
    return Markup(render("crm_views:templates/flowchart.pt", values, request=request))


def _columns(statuses: Sequence[StoredStatus], transitions: Sequence[StoredTransition]) -> list[list[str]]:
    """Names of statuses by their distance from the first; what closes a request stands in the last column."""
    names = [one.name for one in statuses]
    closing = [one.name for one in statuses if not Category(one.category).is_open]
    ways = [(one.source, one.target) for one in transitions] or list(zip(names, names[1:], strict=False))
    far, edge = {names[0]: 0}, [names[0]] if names else []
    while edge:
        new = [target for source in edge for one, target in ways
               if one == source and target not in far and target in names and target not in closing]
        distance = 1 + far[edge[0]]
        far |= dict.fromkeys(new, distance)
        edge = list(dict.fromkeys(new))
    last = max(far.values()) if far else 0
    for name in names:  # what no way leads to stands beside the others
        far.setdefault(name, last + 1 if name in closing else last)
    columns: list[list[str]] = [[] for _place in range(max(far.values()) + 1)]
    for name in names:
        columns[far[name]].append(name)
    return [column for column in columns if column]


def _column(columns: list[list[str]], name: str) -> int:
    return next((place for place, column in enumerate(columns) if name in column), 0)


def _furthest(columns: list[list[str]], transitions: Sequence[StoredTransition]) -> int:
    """Over how many columns the longest way goes."""
    return max((abs(_column(columns, way.target) - _column(columns, way.source)) for way in transitions), default=0)


def _path(source: tuple[float, float], target: tuple[float, float], mirror: float) -> str:
    """A way between two corners: straight on to the next column, over the columns between, or below and back."""
    (ax, ay), (bx, by) = source, target
    step = (bx - ax) / (WIDTH + ACROSS)
    if step == 1:
        points = [(ax + WIDTH, ay + HEIGHT / 2), (ax + WIDTH + ACROSS / 2, ay + HEIGHT / 2),
                  (bx - ACROSS / 2, by + HEIGHT / 2), (bx - 3, by + HEIGHT / 2)]
    elif step > 1:
        top = min(ay, by) - ARCH * (step - 1)
        points = [(ax + WIDTH * .7, ay), (ax + WIDTH * .9, top), (bx + WIDTH * .1, top), (bx + WIDTH * .35, by - 3)]
        if by > ay:  # what stands above it in its column is not crossed: it is entered from the side
            points[2:] = [(bx - ACROSS, top), (bx - 3, by + HEIGHT / 2)]
    elif step == 0:
        down = 1 if by > ay else -1
        side = .6 if down > 0 else .4
        start, end = (ay + HEIGHT, by - 3) if down > 0 else (ay, by + HEIGHT + 3)
        points = [(ax + WIDTH * side, start), (ax + WIDTH * side + 14 * down, start + 12 * down),
                  (bx + WIDTH * side + 14 * down, end - 12 * down), (bx + WIDTH * side, end)]
    else:
        bottom = max(ay, by) + HEIGHT + ARCH * -step * .8
        points = [(ax + WIDTH * .3, ay + HEIGHT), (ax + WIDTH * .1, bottom), (bx + WIDTH * .9, bottom),
                  (bx + WIDTH * .65, by + HEIGHT + 3)]
    (x, y), *rest = [((mirror - px) if mirror else px, py) for px, py in points]
    return f"M{x:g} {y:g}C" + " ".join(f"{px:g} {py:g}" for px, py in rest)


def _lines(name: str) -> tuple[str, ...]:
    """A name in one or two lines that fit into its box."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > LINE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) > 2:
        lines = [lines[0], f"{lines[1][:LINE - 1]}…"]
    return tuple(line if len(line) <= LINE else f"{line[:LINE - 1]}…" for line in lines)

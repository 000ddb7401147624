"""A growth chart as SVG: milliseconds by size, both on logarithmic scales, a line a page, its name at its end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

WIDTH, HEIGHT = 820, 420
LEFT, RIGHT, TOP, BOTTOM = 56, 270, 24, 44
GAP = 15
"""Pixels between two names: where lines end close together, the names are pushed apart."""
COLOURS = ("#0b6e75", "#b3541e", "#5b3f9e", "#2e7d32", "#a3195b", "#1f5fa8", "#7a5c00", "#5f6368", "#c62828", "#00838f")
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #333; }
  .rule { stroke: #ccc; stroke-width: 1; }
  @media (prefers-color-scheme: dark) { text { fill: #ddd; } .rule { stroke: #444; } .ground { fill: #17191c; } }
"""

Series = dict[str, list[tuple[float, float]]]
"""By name, the points of a line: (size, milliseconds), both above zero."""


def chart(series: Series, title: str) -> str:
    """The drawing; the lines of ``series`` that have points. Raises ValueError when none has."""
    lines = {name: sorted(points) for name, points in series.items() if points}
    if not lines:
        raise ValueError("there is nothing to draw")
    xs = sorted({x for points in lines.values() for x, _y in points})
    ys = [y for points in lines.values() for _x, y in points]
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys)))
    high = high if high > low else low * 10

    def across(x: float) -> float:
        span = math.log(xs[-1] / xs[0]) or 1.0
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(x / xs[0]) / span

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(y / low) / math.log(high / low)

    parts = [f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for y in _ticks(low, high):
        parts.append(f'<path class="rule" d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{down(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in xs:
        parts.append(f'<path class="rule" d="M{across(x):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:,.0f}</text>')
    parts.append(f'<text x="{LEFT - 8}" y="{TOP - 10}" text-anchor="end">ms</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">contacts</text>')
    places = _apart({name: down(points[-1][1]) for name, points in lines.items()})
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        end = across(points[-1][0])
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(f'<path d="M{end + 4:.1f} {down(points[-1][1]):.1f}L{end + 14:.1f} {places[name]:.1f}" '
                     f'stroke="{colour}"/>')
        parts.append(f'<text x="{end + 18:.1f}" y="{places[name] + 4:.1f}">{escape(name)}</text>')
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n')


def _ticks(low: float, high: float) -> Iterator[float]:
    y = low
    while y <= high:
        yield from (y * step for step in (1, 2, 5) if y * step <= high)
        y *= 10


def _apart(places: dict[str, float]) -> dict[str, float]:
    """The same heights, at least `GAP` apart, none below the drawing's foot."""
    ordered = sorted(places, key=lambda name: places[name])
    found: dict[str, float] = {}
    above = -math.inf
    for name in ordered:
        above = found[name] = max(places[name], above + GAP)
    most = HEIGHT - 8.0
    for name in reversed(ordered):
        found[name] = most = min(found[name], most)
        most -= GAP
    return found

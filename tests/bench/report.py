"""What `make bench-full` found, in words: the ratios with their targets, and the tables and the chart of the docs.

Each figure that is kept says on what machine, when and under what load it was seen; so do the tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from chart import Series

Kept = dict[str, Any]
"""A kept measurement: ``size``, ``bench``, ``figures``, ``machine``."""
Ratios = dict[str, dict[str, float]]

PAGES = {
    "empty": "empty page", "omnibox_phone": "search: a phone number",
    "omnibox_name_begun": "search: four letters of a family name", "omnibox_name": "search: a whole name",
    "search_word": "search page: a word of the notes",
    "dossier": "dossier", "dossier_long_history": "dossier with 10,000 entries", "work_list": "work list of the unit",
    "request": "request page", "log_a_call": "saving a call",
}
LOOKUPS = ("omnibox_phone", "omnibox_name_begun")
"""An exact look-up, and a name as it is typed."""
QUESTIONS = {"item": "item page", "list": "list", "search": "a word in the search", "dashboard": "dashboard",
             "create": "creation"}
MILLION = 1_000_000


@dataclass(frozen=True)
class Target:
    """What a ratio shall be: at least ``value`` or, where ``is_most``, at most; at ``n`` of ``what``."""

    value: float
    n: int
    what: str
    is_most: bool = False

    def judge(self, found: float, n: float) -> str:
        """In words: reached or not, and where it was measured smaller than it is meant."""
        reached = found <= self.value if self.is_most else found >= self.value
        far = found / self.value if self.is_most else self.value / found
        return ("reached" if reached else f"not reached: {far:.1f} × off") + ("" if n >= self.n else ", at a smaller N")

    def __str__(self) -> str:
        size = f" at {self.n:,} {self.what}" if self.n else ""
        return f"at {'most' if self.is_most else 'least'} {self.value:g}{size}"


TARGETS: dict[str, Target] = {
    "lookup_growth_p95": Target(1.3, MILLION, "contacts", is_most=True),
    "dossier_over_template": Target(2, MILLION, "contacts", is_most=True),
    "register_over_bare": Target(0.5, 0, "contacts"),
    "search_gain_over_stock": Target(5, 100_000, "notes"),
    "tantivy_over_empty": Target(3, MILLION, "notes", is_most=True),
    **{f"helpdesk_{name}": Target(value, 20_000, "tickets") for name, value in
       {"item": 3, "list": 10, "search": 10, "dashboard": 10, "create": 2}.items()},
    **{f"roundup_{name}": Target(10, 5_000, "issues") for name in ("item", "list", "search", "create")},
    "rss_mb_1m": Target(400, MILLION, "contacts", is_most=True),
    "start_s": Target(2, 0, "contacts", is_most=True),
}


# ── ratios ───────────────────────────────────────────────────────────────────────────────────────────────────


def ratios(results: dict[str, Any], kept: Iterable[Kept] = ()) -> Ratios:
    """The ratios by name, with the N of each, from `make bench` and what is kept; what was not measured is absent.

    Where something was measured at several sizes, the largest counts.
    """
    found: Ratios = {}
    if "save_over_bare_commit" in results.get("core", {}):
        core = results["core"]
        found["register_over_bare"] = {"value": round(1 / core["save_over_bare_commit"], 3), "n": core["saves"]}
    _searched(found, results.get("search", {}))
    ordered = sorted(kept, key=lambda one: int(one["size"]))
    for one in ordered:
        take = _TAKERS.get(one["bench"])
        if take is not None:
            take(found, one["figures"], one["size"])
    pages = [one for one in ordered if one["bench"] == "pages"]
    for one in pages:
        if one["figures"].get("search") == "tantivy":
            over = one["figures"]["search_word_p95_ms"] / one["figures"]["empty_p95_ms"]
            found["tantivy_over_empty"] = {"value": round(over, 2), "n": one["size"]}
    if len(pages) > 1:
        least, most = (one["figures"] for one in (pages[0], pages[-1]))
        growth = max(most[f"{page}_p95_ms"] / least[f"{page}_p95_ms"] for page in LOOKUPS)
        found["lookup_growth_p95"] = {"value": round(growth, 2), "n": pages[-1]["size"]}
    return found


def _searched(found: Ratios, figures: dict[str, Any], _size: int = 0) -> None:
    if "all questions ratio p95" in figures:
        notes = figures["documents"] * 3 // 4 if _size else figures["documents"]
        found["search_gain_over_stock"] = {"value": round(figures["all questions ratio p95"], 2), "n": notes}


def _dossier(found: Ratios, figures: dict[str, Any], size: int) -> None:
    found["dossier_over_template"] = {"value": round(figures["dossier_over_template"], 2), "n": size}


def _start(found: Ratios, figures: dict[str, Any], size: int) -> None:
    found["start_s"] = {"value": round(figures["start_s"], 2), "n": size}
    found["rss_mb_1m" if size >= MILLION else "rss_mb"] = {"value": round(figures["rss_mb"]), "n": size}


def _register(found: Ratios, figures: dict[str, Any], size: int) -> None:
    found["register_over_bare"] = {"value": round(figures["register_over_bare"], 3), "n": size}


def _beside(peer: str) -> Callable[[Ratios, dict[str, Any], int], None]:
    def take(found: Ratios, figures: dict[str, Any], size: int) -> None:
        found.update({f"{peer}_{question}": {"value": round(figures[question], 2), "n": size}
                      for question in QUESTIONS if question in figures})

    return take


_TAKERS: dict[str, Callable[[Ratios, dict[str, Any], int], None]] = {
    "search": _searched, "dossier": _dossier, "start": _start, "register": _register,
    "beside-helpdesk": _beside("helpdesk"), "beside-roundup": _beside("roundup"),
}


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────


def ratio_table(found: Ratios) -> str:
    """All ratios there are targets for, with what was seen; "not measured" where nothing was."""
    rows = []
    for name, target in TARGETS.items():
        seen = found.get(name)
        rows.append((f"`{name}`", str(target), *(("–", "–", "not measured") if seen is None else (
            f"{seen['value']:g}", f"{seen['n']:,}", target.judge(seen["value"], seen["n"])))))
    return table(("ratio", "target", "seen", "N", "so"), rows)


def page_table(kept: list[Kept]) -> str:
    """Median and 95th percentile of each page at each size, and the growth of the median from the first to the last."""
    pages = _of(kept, "pages")
    head = ["page"]
    for one in pages:
        head += [f"{one['size']:,}: p50", "p95", "× empty"]
    rows = []
    for page, words in PAGES.items():
        row = [words]
        for one in pages:
            figures = one["figures"]
            row += [f"{figures[f'{page}_ms']:.1f}", f"{figures[f'{page}_p95_ms']:.0f}",
                    f"{figures[f'{page}_ms'] / figures['empty_ms']:.1f}"]
        if len(pages) > 1:
            first, last = (one["figures"][f"{page}_ms"] for one in (pages[0], pages[-1]))
            row.append(f"{last / first:.2f}")
        rows.append(row)
    return table([*head, "growth"] if len(pages) > 1 else head, rows) + "\n\n" + "\n".join(map(seen_on, pages))


def peer_table(kept: list[Kept]) -> str:
    """Each question beside each peer: both sides' median and 95th percentile, and how many times ours the peer's is."""
    rows, notes = [], []
    for one in kept:
        if not one["bench"].startswith("beside-") or "skipped" in one["figures"]:
            continue
        figures, peer = one["figures"], one["bench"].removeprefix("beside-")
        for question, words in QUESTIONS.items():
            if question in figures:
                sides = (f"{figures[f'{question}_{side}{part}_ms']:.0f}" for side in ("peer", "ours")
                         for part in ("", "_p95"))
                rows.append((f"{peer}, {one['size']:,}", words, *sides, f"{figures[question]:.1f}"))
        notes.append(seen_on(one))
    head = ("peer", "question", "its p50", "p95", "our p50", "p95", "×")
    return table(head, rows) + "\n\n" + "\n".join(notes) if rows else "Not measured here."


def search_table(kept: list[Kept]) -> str:
    """Kind by kind, the p95 of stock Whoosh and ours."""
    found = _of(kept, "search")
    if not found:
        return "Not measured here."
    figures = found[-1]["figures"]
    kinds = [name.removesuffix(" ratio p95") for name in figures if name.endswith(" ratio p95")]
    rows = [(kind, *(f"{figures[f'{kind} {side} {part} ms']:.1f}" for side in ("stock", "ours")
                     for part in ("p50", "p95")), f"{figures[f'{kind} ratio p95']:.1f}") for kind in kinds]
    head = ("question", "stock p50", "p95", "ours p50", "p95", "p95 ÷ p95")
    return table(head, rows) + "\n\n" + seen_on(found[-1])


def single_table(kept: list[Kept]) -> str:
    """What is measured of an office as a whole, at each size: dossier and its templates, saves, start, memory."""
    rows = []
    for bench, figure, p95, words in (
        ("dossier", "page_ms", "page_p95_ms", "dossier of 10,000 entries, no network, ms"),
        ("dossier", "template_ms", "template_p95_ms", "its templates from plain values, ms"),
        ("register", "saves_per_s", "", "saves a second"),
        ("register", "bare_commits_per_s", "", "bare commits of as many objects a second"),
        ("start", "start_s", "start_worst_s", "start to first page, s (beside it the worst)"),
        ("start", "start_cpu_s", "", "processor time of it, s"),
        ("start", "start_empty_s", "", "the same with no template compiled, s"),
        ("start", "rss_mb", "", "memory after 300 pages, MB"),
    ):
        for one in _of(kept, bench):
            figures = one["figures"]
            if figure not in figures:
                continue
            rows.append((words, f"{one['size']:,}", f"{figures[figure]:.4g}", f"{figures[p95]:.4g}" if p95 else "",
                         f"{one['machine']['when'][:16]}", f"{figures.get('load', 0):.1f}"))
    return table(("figure", "N", "median", "p95", "when", "load"), rows) if rows else "Not measured here."


def growth(kept: list[Kept]) -> Series:
    """The p95 of each page by size."""
    return {words: [(one["size"], one["figures"][f"{page}_p95_ms"]) for one in _of(kept, "pages")]
            for page, words in PAGES.items()}


def seen_on(one: Kept) -> str:
    """When and on what a measurement was made, as an item of a list. ``search`` is the full text that was asked; beside
    the peers it is a ratio."""
    machine, load, search = one["machine"], one["figures"].get("load"), one["figures"].get("search")
    return (f"- {one['size']:,}: {machine['when'][:10]}, Python {machine['python']}, {machine['cores']} cores "
            f"({machine['processor']})" + (f", load {load:.1f}" if load is not None else "")
            + (f", {search}" if isinstance(search, str) else ""))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replaced(text: str, name: str, block: str) -> str:
    """``text`` with ``block`` between the marks of ``name``. Raises ValueError where the marks are missing."""
    begin, end = f"<!-- {name}: written by make bench-full -->", f"<!-- {name}: end -->"
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if not found.search(text):
        raise ValueError(f"there are no marks of “{name}”")
    return found.sub(lambda _match: f"{begin}\n{block}\n{end}", text, count=1)


def _of(kept: list[Kept], bench: str) -> list[Kept]:
    return sorted((one for one in kept if one["bench"] == bench), key=lambda one: int(one["size"]))

"""Ratios, tables and chart of the long bench: what was not measured is absent, what was is told as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
MACHINE = {"python": "3.11.7", "processor": "x86_64", "cores": 2, "when": "2026-11-23T04:20:00+00:00"}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(BENCH))
    import chart
    import report

    yield SimpleNamespace(chart=chart, report=report)
    for name in ("chart", "report"):
        sys.modules.pop(name, None)


def kept(size: int, bench: str, **figures: Any) -> dict[str, Any]:
    return {"size": size, "bench": bench, "figures": figures, "machine": MACHINE}


def pages(size: int, p95: float) -> dict[str, Any]:
    names = ("empty", "omnibox_phone", "omnibox_name_begun", "omnibox_name", "search_word", "dossier",
             "dossier_long_history", "work_list", "request", "log_a_call")
    times = {f"{name}{part}": p95 for name in names for part in ("_ms", "_p95_ms")}
    return kept(size, "pages", load=1.5, search="whoosh", **times)


def test_a_ratio_that_was_not_measured_is_absent(bench: Any) -> None:
    assert bench.report.ratios({}) == {}
    assert bench.report.ratios({"core": {"save_over_bare_commit": 1.25, "saves": 300}}) == {
        "register_over_bare": {"value": 0.8, "n": 300}}
    skipped = kept(20_000, "beside-helpdesk", skipped="The scripts of the peers are not here.")
    assert bench.report.ratios({}, [skipped, pages(10_000, 5)]) == {}
    assert bench.report.peer_table([skipped]) == "Not measured here."


def test_of_several_sizes_the_largest_counts_and_growth_is_that_of_the_worse_lookup(bench: Any) -> None:
    large = pages(100_000, 10)
    large["figures"]["omnibox_name_begun_p95_ms"] = 17.5
    found = bench.report.ratios({}, [
        kept(100_000, "dossier", dossier_over_template=2.5), kept(10_000, "dossier", dossier_over_template=1.5), large,
        pages(10_000, 5), kept(100_000, "start", start_s=1.5, rss_mb=170.4),
        kept(20_000, "beside-helpdesk", item=3.456, list=1.0), kept(133_334, "search", documents=133_334,
                                                                     **{"all questions ratio p95": 6.0}),
    ])
    assert found == {
        "dossier_over_template": {"value": 2.5, "n": 100_000}, "lookup_growth_p95": {"value": 3.5, "n": 100_000},
        "start_s": {"value": 1.5, "n": 100_000}, "rss_mb": {"value": 170, "n": 100_000},
        "helpdesk_item": {"value": 3.46, "n": 20_000}, "helpdesk_list": {"value": 1.0, "n": 20_000},
        "search_gain_over_stock": {"value": 6.0, "n": 100_000},
    }
    assert bench.report.ratios({}, [kept(10**6, "start", start_s=1, rss_mb=390)])["rss_mb_1m"]["value"] == 390


def test_a_word_with_tantivy_is_told_over_an_empty_page(bench: Any) -> None:
    office = pages(10**6, 10)
    office["figures"] |= {"search": "tantivy", "search_word_p95_ms": 25, "empty_p95_ms": 10}
    assert bench.report.ratios({}, [office]) == {"tantivy_over_empty": {"value": 2.5, "n": 10**6}}


@pytest.mark.parametrize(("name", "value", "n", "words"), [
    ("helpdesk_item", 3.0, 20_000, "reached"),
    ("helpdesk_item", 1.5, 20_000, "not reached: 2.0 × off"),
    ("start_s", 3.0, 10, "not reached: 1.5 × off"),
    ("lookup_growth_p95", 1.2, 100_000, "reached, at a smaller N"),
])
def test_a_target_is_judged_in_its_direction_and_at_its_size(
        bench: Any, name: str, value: float, n: int, words: str) -> None:
    assert bench.report.TARGETS[name].judge(value, n) == words
    assert f"| {words} |" in bench.report.ratio_table({name: {"value": value, "n": n}})


def test_tables_have_as_many_cells_in_each_line_and_stand_between_their_marks(bench: Any) -> None:
    table = bench.report.page_table([pages(100_000, 10), pages(10_000, 5)])
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1 and len(lines) == 12
    assert lines[0].startswith("| page | 10,000: p50 |") and lines[2].endswith("| 2.00 |")
    assert bench.report.seen_on(kept(5_000, "beside-roundup", load=1.0, search=5.78)).endswith(", load 1.0")
    assert table.count("load 1.5, whoosh") == 2 and "2026-11-23, Python 3.11.7, 2 cores" in table
    begin, end = "<!-- pages: written by make bench-full -->", "<!-- pages: end -->"
    text = bench.report.replaced(f"before\n{begin}\nold\n{end}\nafter", "pages", r"new \1")
    assert text == f"before\n{begin}\nnew \\1\n{end}\nafter"
    with pytest.raises(ValueError, match="no marks"):
        bench.report.replaced("", "pages", "")


def test_the_chart_is_a_drawing_with_a_line_and_a_name_for_each_page(bench: Any) -> None:
    lines = {"a <page>": [(10_000, 5.0), (1_000_000, 50.0)], "another": [(10_000, 5.0), (1_000_000, 50.0)],
             "alone": [(10_000, 5.0)], "never": []}
    root = ElementTree.fromstring(bench.chart.chart(lines, "Growth & size"))
    name = "{http://www.w3.org/2000/svg}"
    drawn = [text for text in root.iter(f"{name}text") if text.text in lines]
    heights = [float(text.attrib["y"]) for text in drawn]
    assert len(drawn) == len(list(root.iter(f"{name}polyline"))) == 3
    assert root.findtext(f"{name}title") == "Growth & size"
    assert min(abs(one - other) for one in heights for other in heights if one != other) >= bench.chart.GAP
    assert all(0 < y < bench.chart.HEIGHT for y in heights)
    with pytest.raises(ValueError, match="nothing to draw"):
        bench.chart.chart({"never": []}, "")


def test_equal_times_and_one_size_can_be_drawn(bench: Any) -> None:
    assert "polyline" in bench.chart.chart({"a": [(10_000, 10.0)], "b": [(10_000, 10.0)]}, "one size")

"""The dossier of a citizen with a very long history, beside the time its templates take on what they were given.

One process, no network: the page is asked of the application itself, from the login to the last byte, and in turn with
it the same templates are filled again from the values of a page before, whose connection to the database is closed.
So the one has everything that the other has not: login, database, visibility, counting, choosing, sorting.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import bench_pages
import office
from chameleon.zpt.template import PageTemplate
from pyramid.request import Request
from pyramid.threadlocal import RequestContext

from crm_core.app import App
from crm_core.settings import Settings
from crm_views.app import make_app
from crm_views.testing import sign_in

ROUNDS, WARMING = 60, 5

Call = tuple[Any, dict[str, Any]]
"""A template and what it was filled with."""


def run() -> dict[str, Any]:
    """The figures of the smallest office of `bench_pages`."""
    bench_pages.DATA.mkdir(parents=True, exist_ok=True)
    with office.kept(bench_pages.DATA, bench_pages.SIZES[0], bench_pages.SEARCH) as (folder, known, _taken):
        return {"contacts": bench_pages.SIZES[0], **measured(folder, known["long"][0])}


def measured(folder: Path, contact: int) -> dict[str, Any]:
    """Milliseconds of the page and of its templates, median and 95th percentile, and the median of one over the
    other's: ``dossier_over_template``."""
    app = App.open(Settings(folder, search=bench_pages.SEARCH))
    try:
        web = make_app(app)
        cookies = sign_in(web, office.LOGIN, office.PASSWORD).cookies
        request = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

        def page() -> None:
            answer = Request.blank(f"/contacts/{contact}", headers=request).get_response(web)
            if answer.status_int != 200:
                raise RuntimeError(answer.status)

        page()
        with recorded() as calls:
            page()
        return {"rounds": ROUNDS, "templates": len(calls), "load": os.getloadavg()[0],
                **compared(page, lambda: filled_again(calls))}
    finally:
        app.close()


def compared(page: Callable[[], object], templates: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Both in turn, ``rounds`` times."""
    times: dict[str, list[float]] = {"page": [], "template": []}
    for number in range(WARMING + rounds):
        for name, work in (("page", page), ("template", templates)):
            begun = time.perf_counter()
            work()
            if number >= WARMING:
                times[name].append((time.perf_counter() - begun) * 1000)
    figures: dict[str, float] = {}
    for name, each in times.items():
        figures |= {f"{name}_ms": median(each), f"{name}_p95_ms": quantiles(each, n=20)[-1]}
    return figures | {"dossier_over_template": figures["page_ms"] / figures["template_ms"]}


def filled_again(calls: list[Call]) -> list[Any]:
    """The same templates from the same values; what is translated finds the request where a template looks for it."""
    request = next(values["request"] for _template, values in calls if "request" in values)
    with RequestContext(request):
        return [template.render(**values) for template, values in calls]


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """The templates filled meanwhile, one after the other; those that another one fills are in that one."""
    plain = PageTemplate.render
    calls: list[Call] = []
    depth = 0

    def noting(template: Any, **values: Any) -> Any:
        nonlocal depth
        if depth == 0:
            calls.append((template, dict(values)))
        depth += 1
        try:
            return plain(template, **values)
        finally:
            depth -= 1

    PageTemplate.render = noting
    try:
        yield calls
    finally:
        PageTemplate.render = plain

"""The examples of docs/integrator/design.md, executed: a page of them for the pictures, and for the tests.

A Python block gives the values for the template block that follows it, as a view gives them to its template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "integrator" / "design.md"
PART = re.compile(r"^## (?P<title>[^\n]*)$|^```(?P<language>\w+)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
SPACES = ('xmlns:metal="http://xml.zope.org/namespaces/metal" xmlns:tal="http://xml.zope.org/namespaces/tal" '
          'xmlns:i18n="http://xml.zope.org/namespaces/i18n"')


@dataclass
class Sample:
    """One template of the page below its heading, with the Python that gives its values."""

    title: str
    template: str
    python: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def is_page(self) -> bool:
        """Whether it is a whole page, not a part of one."""
        return "ui.layout" in self.template


def samples() -> Iterator[Sample]:
    """Every template of the page in its order."""
    title = python = ""
    for part in PART.finditer(PAGE.read_text("utf-8")):
        if part["title"]:
            title, python = part["title"], ""
        elif part["language"] == "python":
            python = part["body"]
        elif part["language"] == "html":
            sample = Sample(title, part["body"], python)
            exec(compile(python, str(PAGE), "exec"), sample.values)  # our own page
            yield sample


def draw(sample: Sample, request: Any) -> str:
    """The markup of a sample for a request of the application."""
    from chameleon import PageTemplate

    template = PageTemplate(f"<tal:sample {SPACES}>{sample.template}</tal:sample>")
    return str(template(**sample.values, ui=request.ui, show=request.ui.show, request=request))


def gallery(request: Any) -> str:
    """All parts one below the other, in the frame of a page."""
    from chameleon import PageTemplate
    from chameleon.utils import Markup

    parts = [(sample.title, Markup(draw(sample, request))) for sample in samples() if not sample.is_page]
    page = PageTemplate(
        f'<metal:page {SPACES} use-macro="ui.layout"><metal:content fill-slot="content"><h1 class="visually-hidden">'
        '${title}</h1><tal:part repeat="part parts"><h2 class="mt-4 mb-2">${part[0]}</h2>${part[1]}</tal:part>'
        "</metal:content></metal:page>")
    return str(page(ui=request.ui, show=request.ui.show, request=request, title="Design", parts=parts))

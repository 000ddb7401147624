"""Compiles all page templates while the server is young: a broken one is in the log before somebody opens its page.

Each template takes a good part of a second, so a thread does it behind the open port; a page asked for meanwhile
compiles its own, as ever.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pyramid.registry import Registry
from pyramid.renderers import RendererHelper

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent
PAUSE = 0.02
"""Seconds between two templates, in which the pages are served."""


def templates(registry: Registry) -> Iterator[tuple[Path, Callable[[], Any]]]:
    """Each template of the desk and of the plugins that take part, and what gives it as the pages will use it."""
    loaders = {ROOT / "components": registry.crm_components, ROOT / "forms" / "templates": registry.crm_form_templates}
    for folder in (ROOT, *plugin_folders(registry)):
        for path in sorted(folder.rglob("*.pt")):
            loader = loaders.get(path.parent)
            if loader is not None:
                yield path, partial(loader.load, path.name)
            else:
                yield path, partial(page_template, registry, path)


def plugin_folders(registry: Registry) -> list[Path]:
    """The folders of the plugins that take part; a plugin of one file has none of its own."""
    modules = (plugin.module for plugin in registry.crm_app.host.plugins.values() if plugin.contributions)
    return sorted({Path(folder) for module in modules for folder in getattr(module, "__path__", ())})


def page_template(registry: Registry, path: Path) -> Any:
    return RendererHelper(str(path), package=None, registry=registry).renderer.implementation()


def cook(registry: Registry, stop: threading.Event | None = None) -> list[Path]:
    """Compile all templates until ``stop`` is set; those that cannot be are said in the log, and given."""
    broken = []
    for path, find in templates(registry):
        if stop is not None and stop.wait(PAUSE):
            break
        try:
            find().cook_check()
        except Exception:  # whatever is wrong with it: the others are compiled all the same
            log.exception("the template %s is broken; its page will fail", path)
            broken.append(path)
    return broken


class CookingThread(threading.Thread):
    """`cook` in the background."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(name="cooking", daemon=True)
        self._registry = registry
        self._stopped = threading.Event()

    def run(self) -> None:
        cook(self._registry, self._stopped)
        if not self._stopped.is_set():
            log.info("all templates are compiled")

    def stop(self) -> None:
        """Leave off after the template at hand, and wait for that."""
        self._stopped.set()
        self.join()

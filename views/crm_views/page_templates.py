"""Page templates found by plain paths, compiled one at a time, and kept.

pyramid_chameleon asks pkg_resources whether an asset exists, which knows the usual loaders only. Where the core is
installed as a wheel, pytest loads its packages with a loader of its own, and every page of an integrator's tests would
fail.

Python before 3.11.8 (Debian 12 has 3.11.2) may fail with a SystemError when two threads turn source into a syntax tree
at the same time: https://github.com/python/cpython/issues/106905. Chameleon does that with each template, has no lock,
and would answer 500 to whoever opens a page beside the thread of `crm_views.cooking`. So all templates of the desk and
of its plugins' pages and widgets are of one class that has a lock, and Chameleon's own classes stay as they are.
"""

from __future__ import annotations

import importlib.metadata
import logging
import threading
import time
from collections.abc import Collection
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chameleon import PageTemplateLoader
from chameleon.loader import MemoryLoader, ModuleLoader
from chameleon.template import BaseTemplate
from pyramid.config import Configurator
from pyramid.decorator import reify
from pyramid.path import AssetResolver
from pyramid.registry import Registry
from pyramid_chameleon import zpt
from pyramid_chameleon.renderer import template_renderer_factory

from crm_core import __version__

log = logging.getLogger(__name__)

KEPT_DAYS = 30
"""Days after which a compiled template is compiled again: it may be one of a version that is gone."""
FOLDER = "crm.templates"
"""The setting of an application that says where its compiled templates are kept; without one, in memory."""


class Template(zpt.PyramidPageTemplateFile):
    """A template; of all there are, one is compiled at a time."""

    macro: str | None = None
    _compiling = threading.RLock()  # a template may compile another one that it uses

    def cook(self, body: str) -> None:
        with self._compiling:
            super().cook(body)

    def digest(self, body: str, names: Collection[str]) -> str:
        """What its compiled form is kept as: of its source, of how it is read, and of what compiles it.

        Chameleon's own reads the versions of all packages that are installed; that took a tenth of each start.
        """
        how = (self.trim_attribute_space, self.implicit_i18n_translate, self.strict, *names, *compilers())
        told = "\0".join((body, str(self.filename), type(self).__name__, *map(str, how)))
        return sha256(told.encode("utf-8", "replace")).hexdigest()[:32]


@cache
def compilers() -> tuple[str, ...]:
    """The versions of all that makes Python out of a `Template`."""
    return __version__, *map(importlib.metadata.version, ("Chameleon", "pyramid_chameleon"))


class Renderer(zpt.ZPTTemplateRenderer):
    """Pyramid's renderer of one `Template`."""

    @reify
    def template(self) -> Template:
        asked = self.lookup
        return Template(self.path, auto_reload=asked.auto_reload, debug=asked.debug, translate=asked.translate,
                        macro=self.macro, loader=compiled(asked.registry))


class Keeping(ModuleLoader):
    """Keeps compiled templates in a folder; where nothing can be written, such as on a full disk, in memory only."""

    def build(self, source: str, filename: str) -> dict[str, Any]:
        try:
            return super().build(source, filename)
        except OSError:
            log.warning("a compiled template could not be kept", exc_info=True)
            return dict(MemoryLoader().build(source, filename))


def kept_in(folder: Path) -> dict[str, str]:
    """Settings of an application whose compiled templates are kept in ``folder`` (for its owner only), by the digest of
    their source.

    Compiling all of them costs a good part of a minute; a server that starts again, or builds its pages anew beside the
    ones that are served, finds them there. What is older than `KEPT_DAYS` is compiled again.
    """
    oldest = time.time() - KEPT_DAYS * 86_400
    for path in folder.rglob("*.py*"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
    return {FOLDER: str(folder)}


def compiled(registry: Registry) -> ModuleLoader | MemoryLoader:
    """What keeps the compiled templates of an application; Chameleon's own (CHAMELEON_CACHE) where nothing is said."""
    own: ModuleLoader | None = getattr(registry, "crm_compiled", None)
    return BaseTemplate.loader if own is None else own


def templates_of(config: Configurator, folder: Path) -> PageTemplateLoader:
    """The templates in ``folder`` by their names, for what is drawn without Pyramid's renderers."""
    reload = bool(config.registry.settings.get("pyramid.reload_templates"))
    return PageTemplateLoader(str(folder), formats={"xml": Template}, auto_reload=reload,
                              loader=compiled(config.registry))


def renderer_factory(info: Any) -> Any:
    """The page template of ``info`` (``IRendererInfo``), whose name is an asset such as ``package:folder/x.pt``."""
    path = AssetResolver(info.package).resolve(info.name).abspath()
    located = SimpleNamespace(
        name=path, package=info.package, type=info.type, registry=info.registry, settings=info.settings
    )
    return template_renderer_factory(located, Renderer)


def includeme(config: Configurator) -> None:
    folder = config.registry.settings.get(FOLDER)
    if folder:
        config.registry.crm_compiled = Keeping(folder)
    config.include("pyramid_chameleon")
    config.add_renderer(".pt", renderer_factory)

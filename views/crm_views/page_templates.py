"""Page templates found by plain paths.

pyramid_chameleon asks pkg_resources whether an asset exists, which knows the usual loaders only. Where the core is
installed as a wheel, pytest loads its packages with a loader of its own, and every page of an integrator's tests would
fail.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pyramid.config import Configurator
from pyramid.path import AssetResolver
from pyramid_chameleon import zpt


def renderer_factory(info: Any) -> Any:
    """The page template of ``info`` (``IRendererInfo``), whose name is an asset such as ``package:folder/x.pt``."""
    path = AssetResolver(info.package).resolve(info.name).abspath()
    located = SimpleNamespace(
        name=path, package=info.package, type=info.type, registry=info.registry, settings=info.settings
    )
    return zpt.renderer_factory(located)


def includeme(config: Configurator) -> None:
    config.include("pyramid_chameleon")
    config.add_renderer(".pt", renderer_factory)

"""Every plugin of the checkout stands in the contracts of imports, with the API and nothing else of ours."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest


@pytest.mark.parametrize(("file", "pattern"), [
    (".importlinter", "plugins/*/crm_*"), ("examples/.importlinter", "examples/*/crm_*"),
])
def test_every_plugin_may_import_the_api_only(file: str, pattern: str, checkout: Path) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(checkout / file, "utf-8")
    there = {path.name for path in checkout.glob(pattern) if (path / "__init__.py").exists()}
    rule = contracts["importlinter:contract:plugin-api"]
    assert there and there <= set(contracts["importlinter"]["root_packages"].split())
    assert set(rule["source_modules"].split()) == there
    assert set(rule["forbidden_modules"].split()) == {"crm_core", "crm_search", "crm_views"}
    allowed = {line.partition(" -> ")[2].removesuffix(".**") for line in rule["ignore_imports"].splitlines() if line}
    assert allowed == {"crm_core.api", "crm_views.api"}
    assert set(contracts["importlinter:contract:parts"]["layers"].split()) >= there

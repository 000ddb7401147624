"""A broken plugin is named, and harms nobody else (architecture §7)."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_core import builtin
from crm_core.app import App
from crm_core.errors import CrmError
from crm_core.host import Candidate, State
from crm_core.i18n import Translator
from crm_core.security.permissions import Role
from crm_core.testing.factories import make_clerk, make_contact, submit

BROKEN = {
    "crashing_import": "RuntimeError: this plugin cannot be imported",
    "exiting": "SystemExit: no licence",
    "crashing_contribute": "LookupError: no such thing",
    "old_api": "written for API 0",
    "future_api": "written for API 999",
    "no_api": "does not say for which API it is written",
    "unknown_hook": "before_submitt",
    "wrong_arguments": "request",
    "outside": "'good.plant' does not start with 'outside.'",
    "twice": "'twice.same' is contributed twice",
    "strange": "no contribution of crm_core.api",
    "hoarding": "the field 'name' of 'hoarding.x' tells of a person and would be kept by erasure",
    "foreign_field": "the field 'secret' of 'foreign_field.x' is not made by crm_core.api.fields",
}
Install = Callable[..., list[Candidate]]
OpenWith = Callable[..., App]


def works(app: App) -> None:
    """The good plugin and the core's own request type take requests."""
    clerk = make_clerk(app)

    def work(services: Any) -> None:
        contact = make_contact(services)
        tree = submit(services, contact, "good.tree", {"kind": "elm", "place": "کوچهٔ ۴"})
        assert tree.title == "Elm، کوچهٔ ۴"
        submit(services, contact, builtin.GENERAL, {"category": "service"})

    app.run(work, clerk)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_with_its_reason_and_the_rest_works(
    name: str, install: Install, open_with: OpenWith, caplog: pytest.LogCaptureFixture
) -> None:
    """§7: own loop over sorted entry points, each with its own try."""
    with caplog.at_level(logging.ERROR):
        app = open_with(install("good", name))
    plugin = app.host.plugins[name]
    assert plugin.state is State.FAILED
    assert BROKEN[name] in plugin.reason
    assert "Traceback" in plugin.trace
    assert (plugin.distribution, plugin.version) == (f"sample-{name}", "1.2")
    assert [failed.id for failed in app.host.failed()] == [name]
    assert any(name in record.getMessage() for record in caplog.records)
    assert [id_ for kind in (app.registry.types, app.registry.permissions, app.registry.collections, app.registry.menu)
            for id_ in kind if id_.startswith(f"{name}.")] == []
    works(app)


def test_all_of_them_together(install: Install, open_with: OpenWith) -> None:
    """§7"""
    app = open_with(install("good", *BROKEN))
    assert {plugin.id for plugin in app.host.failed()} == set(BROKEN)
    assert [plugin.id for plugin in app.host.enabled()] == ["good"]
    works(app)


@pytest.mark.parametrize(("id_", "name"), [("core", "core"), ("core", "crashing_import"), ("request", "grasping"),
                                           ("admin", "good"), ("crm", "good"), ("Tree", "good"), ("a.b", "good")])
def test_no_plugin_takes_a_name_of_the_cores(id_: str, name: str, install: Install, open_with: OpenWith) -> None:
    """§7: plugins never grant a permission of the core, nor replace its types, and failing does not remove them."""
    app = open_with(install(**{"good": "good", id_: name}))
    assert [plugin.id for plugin in app.host.failed()] == [id_]
    assert app.registry.types[builtin.GENERAL].plugin == "core"
    assert app.registry.granted() == {"good.plant": frozenset({Role.EXPERT})}
    works(app)


def test_of_two_plugins_with_one_id_the_first_runs_and_the_second_is_named(
    install: Install, open_with: OpenWith
) -> None:
    """§7: clashing"""
    (good,) = install("good")
    (other,) = [one for one in install("outside") if one.id == "outside"]
    second = Candidate("good", other.load, other.package, "sample-zz", "9")
    third = Candidate("good", other.load, other.package, "sample-zzz", "9")
    for order in ([good, second, third], [third, second, good]):
        app = open_with(order, folder=f"data-{order[0].distribution}")
        assert app.host.plugins["good"].distribution == "sample-good"
        assert {plugin.distribution: plugin.reason for plugin in app.host.failed()} == {
            "sample-zz": "ValueError: the id 'good' is taken by sample-good",
            "sample-zzz": "ValueError: the id 'good' is taken by sample-good",
        }
        works(app)


def test_a_plugin_whose_package_is_gone_is_named(install: Install, open_with: OpenWith, tmp_path: Path) -> None:
    """§7: uninstalled by hand, the entry point still there."""
    candidates = install("good", "careless")
    (tmp_path / "site" / "sample_careless.py").unlink()
    app = open_with(candidates)
    assert "ModuleNotFoundError" in app.host.plugins["careless"].reason
    works(app)


@pytest.mark.parametrize("content", [b"", b"\xde\x12\x04\x95", b"not a catalog at all" * 10, b"\xde\x12\x04\x95" * 20])
def test_a_damaged_catalog_costs_its_package_only_the_translation(
    content: bytes, install: Install, open_with: OpenWith, tmp_path: Path
) -> None:
    """§7: isolated, whatever is broken."""
    install("good")
    package = tmp_path / "site" / "sample_worded"
    folder = package / "locale" / "fa" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "sample_worded.mo").write_bytes(content)
    (package / "__init__.py").write_text("CRM_API_VERSION = 1\n", "utf-8")

    (good,) = install()
    worded = Candidate("worded", lambda: importlib.import_module("sample_worded"), "sample_worded")
    app = open_with([good, worded])
    assert app.host.failed() == []
    works(app)


def refusal(open_with: OpenWith, candidates: list[Candidate], **settings: Any) -> str:
    with pytest.raises(CrmError) as refused:
        open_with(candidates, **settings)
    return Translator([]).translate(refused.value.message, "en")


def test_a_required_plugin_that_is_broken_or_missing_refuses_the_start(install: Install, open_with: OpenWith) -> None:
    """§7: crm.plugins.required turns a skip into a refusal; the data folder is free again afterwards."""
    candidates = install("good", "crashing_import")
    assert refusal(open_with, candidates, plugins_required=("good", "crashing_import")) == (
        "The required plugin “crashing_import” cannot be loaded: RuntimeError: this plugin cannot be imported")
    assert refusal(open_with, candidates, plugins_required=("absent",)) == (
        "The required plugin “absent” is not installed.")
    assert "disabled" in refusal(open_with, candidates, plugins_required=("good",), plugins_disabled=("good",))
    works(open_with(candidates, plugins_required=("good",)))


def test_a_disabled_plugin_is_not_even_imported(install: Install, open_with: OpenWith) -> None:
    app = open_with(install("good", "exiting"), plugins_disabled=("exiting",))
    assert app.host.failed() == []
    assert app.host.plugins["exiting"].state is State.DISABLED
    assert app.host.plugins["exiting"].module is None
    works(app)

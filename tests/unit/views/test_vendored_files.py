"""What is vendored is what the manifest says, and the script that says so notices a change."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def vendor(checkout: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor_script", checkout / "scripts" / "vendor.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_checkout_is_as_the_manifest_says(vendor: ModuleType) -> None:
    assert vendor.compare(vendor.shipped(), vendor.load_manifest()["sha256"]) == []


def test_each_package_comes_with_its_licence(vendor: ModuleType) -> None:
    shipped = vendor.shipped()
    for name, package in vendor.load_manifest()["packages"].items():
        assert package["licence"] in ("MIT", "OFL-1.1")
        assert any(target.startswith(f"{name}/") and target.endswith(("LICENSE", "OFL.txt")) for target in shipped)


def test_a_change_is_noticed(vendor: ModuleType) -> None:
    expected = vendor.load_manifest()["sha256"]
    files = vendor.shipped()
    changed = {**files, "bootstrap/bootstrap.min.css": b"body{}", "more.js": b""}
    del changed["vazirmatn/OFL.txt"]
    assert vendor.compare(changed, expected) == [
        "vazirmatn/OFL.txt: missing", "more.js: not in the manifest",
        "bootstrap/bootstrap.min.css: the content is not what the manifest says",
    ]


def test_no_registry_is_named(vendor: ModuleType, checkout: Path) -> None:
    text = json.dumps(vendor.load_manifest()) + (checkout / "scripts/vendor.py").read_text(encoding="utf-8")
    assert "registry." not in text


def test_a_sprite_of_some_icons(vendor: ModuleType) -> None:
    members = {"icons/a.svg": b'<svg xmlns="x" class="bi" viewBox="0 0 16 16">\n  <path d="M0 0"/>\n</svg>\n',
               "icons/b.svg": b'<svg viewBox="0 0 8 8"><g/></svg>', "icons/odd.svg": b"<p>no</p>"}
    sprite = vendor.make_sprite(["b", "a", "a"], members, "icons").decode()
    assert sprite == ('<svg xmlns="http://www.w3.org/2000/svg">\n'
                      '<symbol id="a" viewBox="0 0 16 16"><path d="M0 0"/></symbol>\n'
                      '<symbol id="b" viewBox="0 0 8 8"><g/></symbol>\n</svg>\n')
    for name in ("missing", "odd"):
        with pytest.raises(vendor.VendorError):
            vendor.make_sprite([name], members, "icons")

"""Every hook and every kind of contribution has a plugin that uses it, a test that calls it, and a description."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from crm_core import api

CHECKOUT = Path(__file__).resolve().parents[2]
TESTS = ("tests/**/*.py", "plugins/*/tests/*.py", "examples/*/tests/*.py")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("crm_scripts_hooks", CHECKOUT / "scripts" / "hooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


hooks = _load()
HOOKS = {hook.name: hook for hook in hooks.hooks()}
KINDS = {kind.__name__: kind for kind in hooks.kinds()}
EVERY_HOOK = pytest.mark.parametrize("name", HOOKS)
EVERY_KIND = pytest.mark.parametrize("name", KINDS)


@functools.cache
def named_in_tests() -> frozenset[str]:
    """What tests implement, make or name: functions of sample plugins, calls, and whole strings."""
    names: set[str] = set()
    for path in sorted(path for pattern in TESTS for path in CHECKOUT.glob(pattern)):
        if path == Path(__file__):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        names |= hooks.used_in(tree)
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        names |= {value for value in constants if isinstance(value, str)}
    return frozenset(names)


def test_the_page_is_what_the_docstrings_say() -> None:
    assert hooks.PAGE.read_text("utf-8") == hooks.page(), "run scripts/hooks.py"


@EVERY_HOOK
def test_a_hook_says_all_of_itself(name: str) -> None:
    hook = HOOKS[name]
    assert hook.summary and hook.phase in hooks.PHASES
    assert tuple(hook.parts) == hooks.PARTS, f"{name} says {', '.join(hook.parts)}"
    assert all(hook.parts.values())
    assert re.fullmatch(r"API \d+\.", hook.parts["Since"])
    for argument in hook.arguments:
        assert f"`{argument}`" in hook.parts["Arguments"], f"{name} does not say what {argument} is"


@EVERY_KIND
def test_a_contribution_says_what_its_fields_are(name: str) -> None:
    kind = KINDS[name]
    said = inspect.getdoc(kind) or ""
    assert said and not said.startswith(f"{name}("), f"{name} has no docstring"
    obvious = {"id", "title", "icon", "permission", "form", "description"}
    for field in dataclasses.fields(kind):
        assert field.name in obvious or re.search(rf"``{field.name}\b", said), field.name


def test_every_verb_that_is_offered_says_what_it_does() -> None:
    silent = re.findall(r"^\| `(services\.[^`]*)` \|\s*\|$", hooks.page(), re.MULTILINE)
    assert not silent


@EVERY_HOOK
def test_a_hook_is_used_by_a_plugin_and_called_by_a_test(name: str) -> None:
    assert name in hooks.users(), f"no plugin implements {name}"
    assert name in named_in_tests(), f"no test calls {name}"


@EVERY_KIND
def test_a_contribution_is_made_by_a_plugin_and_by_a_test(name: str) -> None:
    assert name in hooks.users(), f"no plugin contributes a {name}"
    assert name in named_in_tests(), f"no test makes a {name}"
    assert getattr(api, name) is KINDS[name]

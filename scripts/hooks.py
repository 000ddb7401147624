"""Writes docs/integrator/hooks.md from the docstrings of hooks and contributions; `--check` only looks.

What the page says stands beside the code, so the two cannot part: a test and `make check` fail when the page is stale.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import sys
import textwrap
import typing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "integrator" / "hooks.md"
PARTS = ("When", "Arguments", "Returns", "May raise", "When it fails", "Since")
"""What the docstring of every hook says, in this order."""
PHASE = re.compile(r"^    # ── ([\w ]+) ─+$")
PHASES = {
    "start": "At the start of the application, before anybody works with it.",
    "decisions": "The core asks the plugin that a request's type belongs to; None leaves it to the core.",
    "inside the transaction": "While something is being stored: what the hook writes is stored with it, or not at all. "
                              "A transaction that meets another runs again, and the hook with it.",
    "pages": "While a page is made: nothing may be written, and a page never falls because of a plugin.",
}
PLUGINS = ("plugins/*/crm_*", "examples/*/crm_*")
"""Where plugins lie whose code shows how something is used."""
OFFERED: dict[str, tuple[str, ...]] = {
    "contacts": ("get", "find", "by_identifier", "linked", "readable", "create", "edit"),
    "contact_fields": ("readable", "values", "holders", "edit"),
    "requests": ("get", "by_code", "readable_of", "register", "change_status", "assign", "edit", "answer", "attach"),
    "interactions": ("get", "log"),
    "units": ("get", "find", "active", "by_name"),
    "users": ("get", "active"),
    "settings": ("value",),
    "timers": ("at",),
    "eyes": ("of",),
    "clock": ("today", "tonight", "day", "moment", "month", "date_words", "month_words", "time_words"),
}
"""Service → the verbs that are the API; others of the same objects may change without notice."""
CLASSES = {
    "contacts": "Contacts", "contact_fields": "FieldGroups", "requests": "Requests", "interactions": "Interactions",
    "units": "Units", "users": "Users", "settings": "SettingValues", "timers": "Timers", "eyes": "Eyes",
    "clock": "Clock",
}
"""Service → its class in `crm_core.services`."""
HEAD = """# Hooks and contributions

Everything a plugin can say to the core. This page is made from the docstrings by `scripts/hooks.py`; change them, not
the page. A plugin implements a hook with `@hookimpl` in its module, and takes only the arguments it needs, by their
names. How to read "when it fails": nothing a plugin does loses or half-stores a request.

Not there, because nothing needs them yet: roles, field types and evolve steps of plugins, payment gateways, and a hook
that denies a permission. A `Veto` in a hook before saving, and `fields.staff(shields=True)`, do what is needed of it.
"""


@dataclasses.dataclass(frozen=True)
class Hook:
    """A hook as its specification describes it. ``parts``: name → text, in the order they stand."""

    name: str
    phase: str
    arguments: tuple[str, ...]
    summary: str
    parts: dict[str, str]


def hooks() -> list[Hook]:
    """Every hook of the product, in the order of the specifications."""
    from crm_core import hookspecs

    source = inspect.getsource(hookspecs).splitlines()
    tree = ast.parse("\n".join(source))
    specifications = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Hooks")
    found = []
    for node in specifications.body:
        if isinstance(node, ast.FunctionDef):
            phase = next(match[1] for line in reversed(source[: node.lineno]) if (match := PHASE.match(line)))
            summary, parts = read_parts(ast.get_docstring(node) or "")
            names = tuple(argument.arg for argument in node.args.args if argument.arg != "self")
            found.append(Hook(node.name, phase, names, summary, parts))
    return found


def read_parts(text: str) -> tuple[str, dict[str, str]]:
    """A docstring's summary, and its parts without their names; a part ends where the next begins."""
    pattern = re.compile(rf"^({'|'.join(PARTS)}): ", re.MULTILINE)
    pieces = pattern.split(text)
    named = zip(pieces[1::2], pieces[2::2], strict=True)
    return one_line(pieces[0]), {name: one_line(words) for name, words in named}


def one_line(text: str) -> str:
    """Words of several lines on one, with code marked as Markdown does."""
    return " ".join(text.split()).replace("``", "`")


def kinds() -> list[type]:
    """Every kind of contribution, in the order of their module."""
    from crm_core import contributions

    return sorted(typing.get_args(contributions.Contribution), key=lambda kind: inspect.getsourcelines(kind)[1])


def plugin_files() -> list[Path]:
    """The Python files of the bundled plugins and of the examples."""
    return sorted(path for pattern in PLUGINS for folder in ROOT.glob(pattern) for path in folder.rglob("*.py"))


def users() -> dict[str, list[Path]]:
    """Hook or kind of contribution → the files of plugins that implement or make it."""
    found: dict[str, list[Path]] = {}
    for path in plugin_files():
        for name in sorted(used_in(ast.parse(path.read_text("utf-8")))):
            found.setdefault(name, []).append(path)
    return found


def used_in(tree: ast.AST) -> set[str]:
    """Names of functions marked as hooks, and of what is called."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
            if "hookimpl" in marks:
                names.add(node.name)
        elif isinstance(node, ast.Call):
            names.add(ast.unparse(node.func).rpartition(".")[2])
    return names


def page() -> str:
    """The whole page."""
    from crm_core.model import journal

    used = users()
    parts = [HEAD]
    phase = ""
    for hook in hooks():
        if hook.phase != phase:
            phase = hook.phase
            parts.append(f"## Hooks: {phase}\n\n{fill(PHASES[phase])}\n")
        lines = [f"### {hook.name}\n", f"`{hook.name}({', '.join(hook.arguments)})`: {hook.summary}\n"]
        lines[1] = fill(lines[1].rstrip()) + "\n"
        lines += [fill(f"- **{name}**: {words}", "  ") for name, words in hook.parts.items()]
        lines.append(fill(f"- **Used by**: {links(used.get(hook.name, []))}", "  "))
        parts.append("\n".join(lines) + "\n")
    parts.append("## Contributions\n\n" + fill(
        "What `contribute()` yields: frozen dataclasses, each with an `id` that begins with the plugin's id and a dot, "
        "and a `title` in every language. Fields without a default must be given.") + "\n")
    parts += [contribution(kind, used.get(kind.__name__, [])) for kind in kinds()]
    parts.append("## What they are made of\n\n" + fill(
        "Parts of contributions, and what hooks are given. Everything here comes from `crm_core.api`.") + "\n")
    parts += [contribution(kind, used.get(kind.__name__, [])) for kind in pieces()]
    parts.append(services_section())
    parts.append("## Kinds of journal entries\n\n" + fill(
        "What a `Reader` may ask for. An entry holds ids, names of fields and a moment, never words or values: "
        + ", ".join(f"`{kind}`" for kind in sorted(journal.KINDS)) + ".") + "\n")
    parts.append("## Icons\n\n" + fill(
        "`icon` names one of these (Bootstrap Icons, as far as the product ships them); another name draws nothing: "
        + ", ".join(f"`{name}`" for name in sorted(icons())) + ".") + "\n")
    return "\n".join(parts)


def icons() -> list[str]:
    """The icons that pages can draw."""
    manifest = json.loads((ROOT / "views/crm_views/static/vendor/MANIFEST.json").read_text("utf-8"))
    return list(manifest["sprite"]["icons"])


def services_section() -> str:
    """What a hook may do with the `services` it is given."""
    from crm_core.services import Services, collections

    made = vars(sys.modules[Services.__module__])
    classes: dict[str, type] = {name: made[class_] for name, class_ in CLASSES.items()}
    classes["collections[…]"] = collections.Records
    verbs = OFFERED | {"collections[…]": tuple(
        name for name, value in vars(collections.Records).items() if inspect.isfunction(value) and name[0] != "_")}
    rows = ["| verb | what it does |", "|---|---|"]
    for service, names in verbs.items():
        for name in names:
            function = getattr(classes[service], name)
            rows.append(f"| `services.{service}.{call(function)}` | {first_sentence(function)} |")
    return "## What `services` offers\n\n" + fill(
        "Everything for one transaction, as the one who acts: a hook of a page acts as its reader, a job, a reader, "
        "an effect and a timer as the system. `services.now` is the moment (milliseconds UTC), `services.identity` "
        "who acts (`user_id`, `has(permission)`, `demand(permission)`), `services.labels(text)` a text in every "
        "language as plain data, `services.words(text)` in the organisation's. "
        "What is not listed here is not the API.") + "\n\n" + "\n".join(rows) + "\n"


def call(function: typing.Any) -> str:
    """A function as it is called: names of arguments, a star before those that are given by name."""
    names = []
    for argument in list(inspect.signature(function).parameters.values())[1:]:
        if argument.kind is argument.KEYWORD_ONLY and "*" not in names:
            names.append("*")
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(argument.kind.name, "")
        names.append(stars + argument.name + ("=…" if argument.default is not argument.empty else ""))
    return f"{function.__name__}({', '.join(names)})"


def first_sentence(function: typing.Any) -> str:
    """The first sentence of a docstring, or of the class that it answers with."""
    text = one_line((inspect.getdoc(function) or "").partition("\n\n")[0])
    return re.split(r"(?<=\.) ", text)[0].rstrip(".").replace("|", "or")


def pieces() -> list[type]:
    """The frozen dataclasses of the module of contributions that are no contribution themselves."""
    from crm_core import contributions

    found = [one for one in vars(contributions).values()
             if dataclasses.is_dataclass(one) and isinstance(one, type) and one.__module__ == contributions.__name__]
    return [one for one in found if one not in kinds()]


def contribution(kind: type, files: list[Path]) -> str:
    """The section of a kind: what it is, its fields, who makes one."""
    paragraphs = [fill(one_line(text)) for text in (inspect.getdoc(kind) or "").split("\n\n")]
    used = [fill(f"Used by {links(files)}.")] if files else []
    rows = ["| field | type | default |", "|---|---|---|"]
    for field in dataclasses.fields(kind):
        default = "" if field.default is dataclasses.MISSING else f"`{field.default!r}`"
        rows.append(f"| `{field.name}` | `{str(field.type).replace('|', 'or')}` | {default} |")
    return "\n\n".join((f"### {kind.__name__}", *paragraphs, "\n".join(rows), *used)) + "\n"


def links(files: list[Path]) -> str:
    """Links from the page to the first file of each plugin."""
    shown: dict[str, str] = {}
    for path in files:
        inside = path.relative_to(ROOT)
        shown.setdefault(inside.parts[1], f"[{inside.parts[1]}](../../{inside.as_posix()})")
    return ", ".join(shown.values()) or "nobody"


def fill(text: str, indent: str = "") -> str:
    """Text in lines of at most 120 characters."""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def main(arguments: list[str]) -> int:
    """Exit code 1 when `--check` found another page than the docstrings make."""
    made = page()
    if "--check" not in arguments:
        PAGE.write_text(made, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == made:
        return 0
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} is not what the docstrings say; run `python scripts/hooks.py`\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Finds the sentences of the product in Python and in templates, as (domain, sentence, file) triples.

A sentence is the literal first argument of a message factory (`_ = TextFactory("crm_core")`), or what Chameleon
translates in a `.pt` file. Whatever cannot be read without running the code is reported, not guessed.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from lingua.extractors.xml import ChameleonExtractor

FACTORIES = ("TextFactory", "TranslationStringFactory")
PLACEHOLDER = re.compile(r"\$\{\w+\}")


class Sentence(NamedTuple):
    domain: str
    text: str
    path: str


@dataclass
class Found:
    """What was read: sentences, and problems to show (`path:line: words`)."""

    sentences: list[Sentence] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def factories(tree: ast.AST, default: str) -> dict[str, str]:
    """Names of message factories in a module and the domain of each; an imported ``_`` has the package's domain."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names.update({alias.asname or alias.name: default for alias in node.names if alias.name == "_"})
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            domain = node.value.args[0]
            if name in FACTORIES and isinstance(domain, ast.Constant):
                names.update({target.id: str(domain.value) for target in node.targets if isinstance(target, ast.Name)})
    return names


def calls(tree: ast.AST, names: dict[str, str]) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a message factory, with its domain."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield names[node.func.id], node


def read_python(tree: ast.AST, names: dict[str, str], path: str, found: Found, first_line: int = 0) -> None:
    """Add the sentences of a parsed module or expression to ``found``."""
    for domain, call in calls(tree, names):
        argument = call.args[0] if call.args else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            found.sentences.append(Sentence(domain, argument.value, path))
        else:
            found.problems.append(f"{path}:{first_line + call.lineno}: the sentence is not a literal")


class Template(ChameleonExtractor):
    """Lingua's walk through a template, with Python expressions read by `read_python`."""

    def __init__(self, domain: str, path: str, found: Found) -> None:
        super().__init__()
        self.domain, self.path, self.found = domain, path, found

    def parse_python(self, source: str) -> None:
        tree = ast.parse(source.strip(), mode="eval")
        read_python(tree, {"_": self.domain}, self.path, self.found, self.linenumber)

    def visit_text(self, data: str) -> None:
        if self.translatestack[-1] and "${" in data:  # Chameleon fills it in before it asks for the translation
            self.found.problems.append(f"{self.path}:{self.linenumber}: an expression inside a translated sentence; "
                                       "put it into an element with i18n:name")
        super().visit_text(data)


def read_template(path: Path, shown: str, found: Found) -> None:
    """Add the sentences of a template; all of them belong to the domain its root element names."""
    source = path.read_text("utf-8")
    domains = set(re.findall(r'i18n:domain="(\w+)"', source))
    if len(domains) > 1:
        found.problems.append(f"{shown}:1: more than one i18n:domain ({', '.join(sorted(domains))})")
        return
    domain = next(iter(domains), "")
    options: Any = SimpleNamespace(domain=None, keywords=[], comment_tag=None)
    try:
        messages = Template(domain, shown, found)(str(path), options, io.BytesIO(source.encode()))
    except (SystemExit, SyntaxError, ValueError) as error:  # lingua ends the process on a template it cannot read
        found.problems.append(f"{shown}:1: cannot be read ({error})")
        return
    if any("<dynamic element>" in message.msgid for message in messages):
        found.problems.append(f"{shown}:1: an element without i18n:name inside a translated sentence")
    words = [message.msgid for message in messages if PLACEHOLDER.sub("", message.msgid).strip()]
    if not domain and re.search(r"i18n:(translate|attributes)=", source):
        found.problems.append(f"{shown}:1: translated words, but no i18n:domain on the root element")
    found.sentences += [Sentence(domain, word, shown) for word in words if domain]


def read_package(package: str, folder: Path, root: Path) -> Found:
    """Everything below ``folder``, the folder of the import package ``package``."""
    found = Found()
    for path in sorted(folder.rglob("*.py")):
        shown = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text("utf-8"), shown)
        read_python(tree, factories(tree, package), shown, found)
    for path in sorted(folder.rglob("*.pt")):
        read_template(path, path.relative_to(root).as_posix(), found)
    return found

"""Gettext catalogs read and written without a library, and the sentences that a package asks them for.

The running product reads compiled catalogs only (`crm_core.i18n`); this is for those who write plugins: the scaffold
compiles what it writes, and ``crm plugin check`` compares sources, texts and compiled texts.
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CALLED = re.compile(r"""\b_\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""")
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_EXPRESSION = re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}")
FACTORIES = ("TextFactory", "TranslationStringFactory")
PLACEHOLDER = re.compile(r"\$\{\w+\}")


def read_po(text: str) -> dict[str, str]:
    """Sentence → translation of a ``.po`` file; fuzzy ones have none. The header stands under ``""``."""
    found: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        values: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            word, _blank, rest = line.partition(" ")
            if word in ("msgid", "msgstr"):
                name, quoted = word, rest
            elif line.startswith('"'):
                quoted = line
            else:
                continue
            match = _QUOTED.search(quoted)
            values[name] = values.get(name, "") + (_unescaped(match[1]) if match else "")
        if "msgid" in values:
            fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in block.splitlines())
            found[values["msgid"]] = "" if fuzzy and values["msgid"] else values.get("msgstr", "")
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t", "r": "\r"}.get(match[1], match[1]), text)


def mo_bytes(texts: Mapping[str, str]) -> bytes:
    """A compiled catalog (GNU gettext's ``.mo``, little endian) of the texts that are translated."""
    pairs = sorted((key.encode(), value.encode()) for key, value in texts.items() if value)
    start = 7 * 4 + 16 * len(pairs)
    lengths: list[list[tuple[int, int]]] = []
    data = b""
    for column in (0, 1):
        lengths.append([])
        for pair in pairs:
            lengths[-1].append((len(pair[column]), start + len(data)))
            data += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return header + b"".join(struct.pack("<2I", *one) for table in lengths for one in table) + data


def sentences(folder: Path, domain: str = "") -> set[str]:
    """What the Python and the page templates below ``folder`` ask the catalog of ``domain`` for ("": of any)."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        found.update(_of_python(ast.parse(path.read_text("utf-8"), str(path)), domain))
    for path in sorted(folder.rglob("*.pt")):
        source = path.read_text("utf-8")
        if not domain or domain in domains(source):
            reader = _Template()
            reader.feed(source)
            found |= reader.found
            found.update(_unescaped(one or other) for one, other in _CALLED.findall(source))
    return found


def domains(source: str) -> set[str]:
    """The catalogs that a page template names."""
    return set(re.findall(r'i18n:domain="(\w+)"', source))


def untranslated(folder: Path) -> Iterator[tuple[Path, str]]:
    """Words that the page templates below ``folder`` show to every reader in one language, each with its file."""
    for path in sorted(folder.rglob("*.pt")):
        reader = _Template()
        reader.feed(path.read_text("utf-8"))
        yield from ((path, words) for words in reader.plain)


def _of_python(tree: ast.AST, domain: str) -> Iterator[str]:
    """The literal sentences that a module gives to message factories of the domain; an imported ``_`` is one too."""
    names = {alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             for alias in node.names if alias.name == "_"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
            called, word = node.value.func, node.value.args[0]
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in FACTORIES and isinstance(word, ast.Constant) and domain in ("", word.value):
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            word = node.args[0]
            if isinstance(word, ast.Constant) and isinstance(word.value, str):
                yield word.value


class _Template(HTMLParser):
    """Collects what ``i18n:translate`` and ``i18n:attributes`` of a page template translate."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[str] = set()
        self.plain: list[str] = []
        self._open: list[tuple[str, str | None, str | None, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, {name: value or "" for name, value in attrs})
        if tag in _VOID:
            self._end()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, {name: value or "" for name, value in attrs})
        self._end()

    def handle_endtag(self, tag: str) -> None:
        while any(one[0] == tag for one in self._open):
            if self._end() == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1][3].append(data)
        is_shown = not any(tag in ("script", "style") or said is not None for tag, said, _name, _parts in self._open)
        words = " ".join(_EXPRESSION.sub(" ", data).split())
        if is_shown and re.search("[A-Za-z]{3}", words):
            self.plain.append(words)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        for part in attributes.get("i18n:attributes", "").split(";"):
            name, _blank, own = part.strip().partition(" ")
            if name:
                self._add(own.strip() or attributes.get(name, ""))
        named = attributes.get("i18n:name", attributes.get("name") if tag == "i18n" else None)
        self._open.append((tag, attributes.get("i18n:translate"), named, []))

    def _end(self) -> str:
        tag, translated, named, parts = self._open.pop()
        text = " ".join("".join(parts).split())
        if translated is not None:
            self._add(translated or text)
        if self._open:
            inside = f"${{{named}}}" if named else "" if translated is not None else "".join(parts)
            self._open[-1][3].append(inside)
        return tag

    def _add(self, sentence: str) -> None:
        sentence = " ".join(sentence.split())
        if PLACEHOLDER.sub("", sentence).strip():
            self.found.add(sentence)

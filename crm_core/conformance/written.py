"""What can be seen without any data: metadata, imports, signatures, ids, declarations, duties, texts."""

from __future__ import annotations

import ast
import difflib
import gettext
import inspect
import re
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from crm_core import api, offers, shapes
from crm_core import contributions as c
from crm_core.catalogs import PLACEHOLDER, domains, read_po, sentences, untranslated
from crm_core.conformance.findings import Fault, raised
from crm_core.conformance.subject import Metadata, Subject
from crm_core.duties import Refused, demand_duties
from crm_core.errors import contained
from crm_core.hookspecs import PROJECT, Hooks
from crm_core.i18n import LANGUAGES, Text, Translator
from crm_core.registry import publish, publish_fields, publish_setting
from crm_core.version import API_VERSION, OLDEST_SUPPORTED

ALLOWED = ("crm_core.api", "crm_views.api")
_ARABIC = re.compile("[\u064a\u0643\u0649]")


def metadata(said: Metadata) -> Iterator[Fault]:
    """Name, version, Python, licence, and which cores the distribution says it works with."""
    for value, words in ((said.name, "no name"), (said.version, "no version"), (said.python, "no python_requires"),
                         (said.licence, "no licence is stated")):
        if not value:
            yield Fault("metadata", words)
    if not said.summary:
        yield Fault("metadata", "no description", warn=True)
    if said.licence and not said.licence_files:
        yield Fault("metadata", "no file LICENSE is part of it", warn=True)
    core = [one for one in said.requires if re.match(r"crm[-_.]core\b(?!.*extra\s*==)", one, re.IGNORECASE)]
    if not core:
        yield Fault("metadata", "it does not depend on crm-core (install_requires: crm-core>=0.1,<0.2)")
    for one in core:
        if not (re.search(r"~=|==", one) or ("<" in one and ">" in one)):
            yield Fault("metadata", f"{one!r} gives no range: the next core may change what the plugin needs")


def api_version(module: ModuleType) -> Iterator[Fault]:
    wanted = getattr(module, "CRM_API_VERSION", None)
    if type(wanted) is not int:
        yield Fault("api", "the module does not say for which API it is written (CRM_API_VERSION = 1)")
    elif not OLDEST_SUPPORTED <= wanted <= API_VERSION:
        yield Fault("api", f"it is written for API {wanted}; this core has {OLDEST_SUPPORTED} to {API_VERSION}")


def imports(folder: Path, own: str) -> Iterator[Fault]:
    """Modules of ours that are not the API, and names that are not in its ``__all__``."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
            for name in _imported(node):
                of_ours = name.partition(".")[0].startswith("crm_") and name.partition(".")[0] != own
                if of_ours and name not in ALLOWED:
                    yield Fault("imports", f"{path.name} imports {name}")
            if isinstance(node, ast.ImportFrom) and node.module == "crm_core.api":
                yield from (Fault("imports", f"{path.name} imports {alias.name}, which crm_core.api does not offer")
                            for alias in node.names if alias.name not in (*api.__all__, "*"))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        # `from crm_core import api` names the api just as `from crm_core.api import …` does
        yield from (f"{node.module}.{alias.name}" if node.module in ("crm_core", "crm_views") else node.module
                    for alias in node.names)


def hooks(module: ModuleType) -> Iterator[Fault]:
    """Names and arguments of what is marked with ``@hookimpl``, and hooks that lack the mark."""
    known = {name: set(inspect.signature(hook).parameters) - {"self"}
             for name, hook in vars(Hooks).items() if not name.startswith("_") and callable(hook)}
    for name, function in sorted(vars(module).items()):
        if not inspect.isfunction(function):
            continue
        options = getattr(function, f"{PROJECT}_impl", None)
        if options is None:
            if name in known and function.__module__ == module.__name__:
                yield Fault("hooks", f"{name}() is not marked with @hookimpl, so nobody calls it", warn=True)
            continue
        hook = options.get("specname") or name
        if hook not in known:
            near = difflib.get_close_matches(hook, known, 1)
            yield Fault("hooks", f"there is no hook {hook!r}" + (f"; {near[0]!r} is meant?" if near else ""))
        elif more := [one.name for one in inspect.signature(function).parameters.values()
                      if one.name not in known[hook] and one.default is inspect.Parameter.empty]:
            takes = ", ".join(sorted(known[hook])) or "nothing"
            yield Fault("hooks", f"{hook}() asks for {', '.join(more)}; the hook gives {takes}")


def contributions(id_: str, module: ModuleType, translator: Translator) -> Iterator[Fault]:
    """Ids, declarations and duties of everything it contributes: all that is wrong, not the first of it."""
    contribute: Callable[[], Iterable[Any]] | None = getattr(module, "contribute", None)
    try:
        with contained():
            found = list(contribute()) if contribute is not None else []
    except Exception as error:  # noqa: BLE001  # whatever a plugin raises is what was asked for
        yield Fault("starts", f"contribute: {raised(error, module.__name__.partition('.')[0])}")
        return
    yield from _forgotten(module.__name__.partition(".")[0], found)
    settled: list[c.Contribution] = []
    for one in found:
        kind = offers.kind_of(one)
        if kind is None:
            yield Fault("declarations", f"contribute() gave {shapes.shown(one)}, which is no contribution of "
                                        "crm_core.api")
            continue
        try:
            settled.append(shapes.settled(kind, one, translator))
        except shapes.Misshapen as error:
            yield Fault("declarations", f"the {offers.KIND[kind]} {shapes.shown(getattr(one, 'id', None))} {error}")
    permissions = {one.id for one in settled if isinstance(one, c.Permission)}
    seen: set[tuple[type, str]] = set()
    for one in settled:
        what = f"the {offers.KIND[type(one)]} {one.id!r}"
        if not one.id.startswith(f"{id_}."):
            yield Fault("ids", f"{what} does not start with {id_ + '.'!r}")
        if (type(one), one.id) in seen:
            yield Fault("ids", f"{what} is contributed twice")
        seen.add((type(one), one.id))
        yield from (Fault("permissions" if "permission" in wrong else "ids" if "an id" in wrong else "declarations",
                          f"{what} {wrong}") for wrong in offers.wrong(one, permissions))
        if isinstance(one, c.MenuItem) and not one.path.startswith(f"/plugins/{id_}/"):
            yield Fault("ids", f"{what} leads outside /plugins/{id_}/")
        yield from _frozen(id_, one, translator)
        yield from _words(one, what, translator)


def _forgotten(package: str, found: list[Any]) -> Iterator[Fault]:
    """What modules of the plugin hold ready and nobody gets, since contribute() does not give it."""
    given = {id(one) for one in found} | {(type(one), getattr(one, "id", "")) for one in found}
    modules = sorted(name for name in sys.modules if name == package or name.startswith(f"{package}."))
    held = {id(value): (name, value) for name in modules for value in vars(sys.modules[name]).values()
            if isinstance(value, c.Contribution)}
    for name, one in held.values():
        kind = offers.kind_of(one)
        if kind is not None and id(one) not in given and (type(one), one.id) not in given:
            yield Fault("declarations", f"the {offers.KIND[kind]} {one.id!r} is written in {name}, and "
                                        "contribute() does not give it", warn=True)


def _frozen(id_: str, one: c.Contribution, translator: Translator) -> Iterator[Fault]:
    try:
        if isinstance(one, c.Collection):
            demand_duties(one)
        elif isinstance(one, c.RequestType):
            publish(id_, one, translator)
        elif isinstance(one, c.ContactFields):
            publish_fields(id_, one, translator)
        elif isinstance(one, c.Setting):
            publish_setting(id_, one, translator)
    except Refused as error:
        tells = isinstance(one, c.Collection) or "tells of a person" in str(error)
        yield Fault("duties" if tells else "declarations", str(error))


def _words(one: c.Contribution, what: str, translator: Translator) -> Iterator[Fault]:
    """Texts of a contribution that no catalog is asked for; at the plugin's own domain `translations` looks."""
    texts: list[Text] = [one.title, getattr(one, "description", "")]
    if isinstance(one, c.RequestType):
        texts += [status.title for status in one.statuses]
    if isinstance(one, c.RequestType | c.ContactFields):
        for node in one.form():
            texts += [node.title, node.description]
            choices = getattr(node, "choices", ())
            texts += [label for _value, label in choices] if isinstance(choices, tuple) else []
    if isinstance(one, c.Report):
        texts += [column.title for column in one.columns if isinstance(column, c.Column)]
    if isinstance(one, c.Collection):
        texts += [title for _name, title in one.fields]
    for text in texts:
        if not isinstance(text, str):
            continue  # that is said already
        is_asked = getattr(text, "domain", None) in translator.packages
        if not is_asked and len(set(translator.labels(text).values())) == 1 and re.search("[A-Za-z]", str(text)):
            yield Fault("translations", f"{what} says {str(text)!r} in every language")


def translations(subject: Subject) -> Iterator[Fault]:
    """Catalogs beside the sources: complete, with the same placeholders, compiled."""
    folder = subject.folder
    if folder is None:
        return
    wanted = sentences(folder, subject.package)
    yield from (Fault("translations", f"{path.relative_to(folder).as_posix()} says {text!r} without i18n:translate",
                      warn=True) for path, text in untranslated(folder))
    for path in sorted(folder.rglob("*.pt")):
        for domain in sorted(domains(path.read_text("utf-8")) - {subject.package}):
            yield Fault("translations", f"{path.relative_to(folder).as_posix()} says i18n:domain={domain!r}, which is "
                                        "not the catalog of its package")
    for language in LANGUAGES:
        if language == "en":  # the sentences are their own English
            continue
        place = folder / "locale" / language / "LC_MESSAGES"
        po, mo = place / f"{subject.package}.po", place / f"{subject.package}.mo"
        compiled = _compiled(mo)
        if po.is_file():
            yield from _catalog(po, read_po(po.read_text("utf-8")), wanted, compiled)
        elif wanted and compiled is None:
            yield Fault("translations", f"there is no catalog {po.relative_to(folder).as_posix()}")
        for text in sorted(wanted - set(compiled or ())) if not po.is_file() and compiled is not None else ():
            yield Fault("translations", f"{mo.name} lacks {text!r}")


def _catalog(po: Path, texts: dict[str, str], wanted: set[str], compiled: dict[str, str] | None) -> Iterator[Fault]:
    texts.pop("", None)
    for text in sorted(wanted - {text for text, said in texts.items() if said}):
        yield Fault("translations", f"{po.name} lacks {text!r}")
    for text in sorted(set(texts) - wanted):
        yield Fault("translations", f"{po.name} has {text!r}, which nothing says any more", warn=True)
    for text, said in sorted(texts.items()):
        if said and set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(said)):
            yield Fault("translations", f"{po.name} has other placeholders than {text!r}")
        if _ARABIC.search(said):
            yield Fault("translations", f"{po.name} has Arabic letters in the words for {text!r}")
    complete = {text: words for text, words in texts.items() if words}
    if compiled is None:
        yield Fault("translations", f"{po.name} is not compiled: there is no {po.stem}.mo that can be read")
    elif complete != {text: words for text, words in compiled.items() if text}:
        yield Fault("translations", f"{po.stem}.mo says something else than {po.name}: compile it")


def _compiled(mo: Path) -> dict[str, str] | None:
    try:
        with mo.open("rb") as file:
            catalog = gettext.GNUTranslations(file)
    except (OSError, ValueError, struct.error):
        return None
    return {key: value for key, value in vars(catalog)["_catalog"].items() if isinstance(key, str) and key}

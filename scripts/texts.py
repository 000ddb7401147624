"""Keeps the Persian catalogs in step with the code: `scripts/texts.py` merges and compiles, `--check` only looks.

English needs no catalog, the sentence is its own key. The check fails on an untranslated, fuzzy or stale sentence, on
changed placeholders, on Arabic letters in Persian words and on a compiled catalog that is not up to date.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections import defaultdict
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from catalogs import PLACEHOLDER, Sentence, read_package

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "fa"
PACKAGES = {
    "crm_core": ROOT / "crm_core",
    "crm_search": ROOT / "search/crm_search",
    "crm_views": ROOT / "views/crm_views",
    "crm_complaints": ROOT / "plugins/complaints/crm_complaints",
    "crm_surveys": ROOT / "plugins/surveys/crm_surveys",
    "crm_appointments": ROOT / "plugins/appointments/crm_appointments",
    "crm_parking_permits": ROOT / "examples/crm-parking-permits/crm_parking_permits",
    "crm_water_meter": ROOT / "examples/crm-water-meter/crm_water_meter",
}
ARABIC = re.compile("[\u064a\u0643\u0649]")
"""Arabic yeh, kaf and alef maksura, which look Persian and are not found by a Persian search."""


def po_path(domain: str) -> Path:
    """Where the catalog of a domain lies: in the package of the same name."""
    return PACKAGES[domain] / "locale" / LANGUAGE / "LC_MESSAGES" / f"{domain}.po"


def load(path: Path) -> Catalog:
    """A catalog from disk, or a new one."""
    if path.exists():
        with path.open("rb") as file:
            return read_po(file, locale=LANGUAGE, domain=path.stem, ignore_obsolete=True, abort_invalid=True)
    return Catalog(locale=LANGUAGE, domain=path.stem)


def merge(path: Path, sentences: list[Sentence]) -> Catalog:
    """The catalog with exactly ``sentences``, keeping the translations there are; no guessing of similar ones."""
    old = load(path)
    places: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        places[sentence.text].add(sentence.path)
    new = Catalog(locale=LANGUAGE, domain=path.stem, fuzzy=False, creation_date=old.creation_date)
    for text in sorted(places):
        known = old.get(text)
        # Written without line numbers, so that a moved line is no change.
        new.add(text, known.string if known else "", locations=[(where, 1) for where in sorted(places[text])],
                flags=known.flags if known else (), user_comments=known.user_comments if known else ())
    return new


def po_bytes(catalog: Catalog) -> bytes:
    """The text of a catalog, which changes only when a sentence does: its date is the day it was begun."""
    catalog.mime_headers = [
        ("Language", LANGUAGE),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    ]
    catalog.header_comment = f"# Persian texts of {catalog.domain}."
    catalog.fuzzy = False
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=120, include_lineno=False, ignore_obsolete=True)
    return buffer.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The compiled catalog."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def faults(message: Message) -> list[str]:
    """What is wrong with one translation."""
    text, translated = str(message.id), str(message.string)
    if not translated.strip():
        return ["untranslated"]
    wrong = []
    if message.fuzzy:
        wrong.append("fuzzy")
    if sorted(set(PLACEHOLDER.findall(text))) != sorted(set(PLACEHOLDER.findall(translated))):
        wrong.append("other placeholders than the sentence")
    if ARABIC.search(translated):
        wrong.append("Arabic yeh or kaf in it")
    return wrong


def collect() -> tuple[dict[str, list[Sentence]], list[str]]:
    """All sentences of the code by domain, and the problems of reading them."""
    by_domain: dict[str, list[Sentence]] = {}
    problems = []
    for package, folder in PACKAGES.items():
        found = read_package(package, folder, ROOT)
        problems += found.problems
        for sentence in found.sentences:
            if sentence.domain in PACKAGES:
                by_domain.setdefault(sentence.domain, []).append(sentence)
            else:
                problems.append(f"{sentence.path}: no catalog for the domain “{sentence.domain}”")
    return by_domain, sorted(set(problems))


def foreign_catalogs() -> list[Path]:
    """Catalogs of libraries' domains that we translate (say, colander): written by hand, checked and compiled here."""
    own = {po_path(domain) for domain in PACKAGES}
    return [path for folder in PACKAGES.values() for path in sorted(folder.glob("locale/*/LC_MESSAGES/*.po"))
            if path not in own]


def check(only: list[str]) -> list[str]:
    """Every fault of the catalogs as a line to show."""
    by_domain, problems = collect()
    for domain, path in [(domain, po_path(domain)) for domain in PACKAGES] + [(None, p) for p in foreign_catalogs()]:
        if only and path.stem not in only:
            continue
        here = load(path)
        shown = path.relative_to(ROOT).as_posix()
        if domain is not None:
            texts = {sentence.text for sentence in by_domain.get(domain, [])}
            known = {str(message.id) for message in here if message.id}
            problems += [f"{shown}: not in the catalog, run `make texts`: {text}" for text in sorted(texts - known)]
            problems += [f"{shown}: stale, run `make texts`: {text}" for text in sorted(known - texts)]
        for message in here:
            if message.id:
                problems += [f"{shown}: {fault}: {message.id}" for fault in faults(message)]
        compiled = path.with_suffix(".mo")
        if path.exists() and (not compiled.exists() or compiled.read_bytes() != mo_bytes(load(path))):
            problems.append(f"{shown}: {compiled.name} is not up to date, run `make texts`")
    return problems


def update(only: list[str]) -> list[str]:
    """Merge and compile every catalog; returns the problems of reading the code."""
    by_domain, problems = collect()
    for domain in PACKAGES:
        path = po_path(domain)
        if (only and domain not in only) or not (by_domain.get(domain) or path.exists()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(merge(path, by_domain.get(domain, []))))
        path.with_suffix(".mo").write_bytes(mo_bytes(load(path)))
    for path in foreign_catalogs():
        path.with_suffix(".mo").write_bytes(mo_bytes(load(path)))
    return problems


def main() -> int:
    """Exit code 1 when `--check` found a fault, or a sentence could not be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail on faults")
    parser.add_argument("domains", nargs="*", help="only these domains, e.g. crm_views (default: all)")
    arguments = parser.parse_args()
    problems = (check if arguments.check else update)(arguments.domains)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())

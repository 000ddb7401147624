"""Texts in several languages: message factories for code, a translator for those who show them.

A message id is the English sentence itself, so English needs no catalog; other languages are gettext catalogs
``<package>/locale/<language>/LC_MESSAGES/<domain>.mo``.
"""

from __future__ import annotations

import gettext
import importlib.util
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from translationstring import TranslationString, TranslationStringFactory

log = logging.getLogger(__name__)

LANGUAGES = ("fa", "en")
"""The languages every text of the product is complete in; the first is the default."""

TextFactory = TranslationStringFactory

Text: TypeAlias = TranslationString | str
"""A sentence for a person: translatable, or already in its final words."""

Labels = dict[str, str]
"""One text in every language, as stored with frozen definitions: ``{"fa": "…", "en": "…"}``."""


def locale_folder(package: str) -> Path:
    """The folder ``locale`` of a top-level package (it may not exist), found without importing the package.

    A plugin whose import fails must not take the others' texts with it.
    """
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0] if places else package) / "locale"


def _catalog(package: str, language: str) -> gettext.NullTranslations:
    """The package's texts in a language; a catalog that cannot be read leaves its package in English."""
    try:
        return gettext.translation(package, locale_folder(package), languages=[language], fallback=True)
    except Exception:  # a header alone can raise nearly anything: an unknown charset, half of a plural rule
        log.exception("the %s catalog of %s cannot be read", language, package)
        return gettext.NullTranslations()


class Translator:
    """Translates message ids with the catalogs of several packages; one per application.

    ``packages`` are importable names such as ``"crm_core"``; domain and package have the same name.
    """

    def __init__(self, packages: Iterable[str]) -> None:
        self.packages = tuple(dict.fromkeys(packages))
        self._catalogs: dict[tuple[str, str], gettext.NullTranslations] = {}
        for package in self.packages:
            for language in LANGUAGES:
                self._catalogs[package, language] = _catalog(package, language)

    def translate(self, text: Text, language: str) -> str:
        """``text`` in ``language``, with its values filled in; plain strings come back as they are."""
        if not isinstance(text, TranslationString) or not text:  # gettext answers nothing with its header
            return str(text)
        catalog = self._catalogs.get((text.domain or "", language))
        words = catalog.gettext(str(text)) if catalog is not None else str(text)
        if words == str(text) and text.default is not None:
            words = text.default
        mapping = text.mapping
        if mapping:
            mapping = {
                name: self._value(value, language) for name, value in mapping.items()
            }
        return TranslationString(words, mapping=mapping).interpolate() if mapping else words

    def _value(self, value: object, language: str) -> object:
        """A value inside a sentence: a text, words in every language (a date, a code), or anything else as it is."""
        if isinstance(value, TranslationString):
            return self.translate(value, language)
        return choose(value, language) if isinstance(value, Mapping) else value

    def labels(self, text: Text) -> Labels:
        """``text`` in every language of the product."""
        return {language: self.translate(text, language) for language in LANGUAGES}


def choose(labels: Mapping[str, str] | str, language: str) -> str:
    """The words of stored ``labels`` in ``language``, else in any language there is."""
    if isinstance(labels, str):
        return labels
    return labels.get(language) or next((label for label in labels.values() if label), "")

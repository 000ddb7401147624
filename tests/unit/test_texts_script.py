"""The scripts behind `make texts` read from code and templates exactly what is asked for when a page is shown."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from chameleon import PageTemplate
from translationstring import TranslationStringFactory

TEMPLATE = """\
<html xmlns:i18n="http://xml.zope.org/namespaces/i18n" i18n:domain="crm_views">
<p i18n:translate="">Save &amp; close
    this   form</p>
<p i18n:translate="" title="Search &amp; find" i18n:attributes="title">Due <b i18n:name="when">${when}</b></p>
<p tal:content="_('From Python')">x</p>
<p>${_('Inline', mapping={'a': 1})} and ${_("Two")}</p>
<a href="${when}" title="${_('In an attribute')}"><span i18n:translate="">Unidentified – “caller”</span></a>
</html>
"""


@pytest.fixture
def scripts(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of the folder scripts/, which is not a package."""
    monkeypatch.syspath_prepend(str(checkout / "scripts"))
    for name in ("catalogs", "texts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    for library in ("babel", "lingua"):
        pytest.importorskip(library, reason="the scripts need the extra `testing`")
    import catalogs
    import texts

    return catalogs, texts


def read(scripts: Any, folder: Path, template: str) -> Any:
    catalogs, _texts = scripts
    (folder / "page.pt").write_text(template, "utf-8")
    found = catalogs.Found()
    catalogs.read_template(folder / "page.pt", "page.pt", found)
    return found


def test_a_templates_sentences_are_those_chameleon_asks_for(scripts: Any, tmp_path: Path) -> None:
    asked = set()

    def translate(msgid: str, default: str | None = None, **_rest: Any) -> str:
        asked.add(str(msgid))
        return default if default is not None else str(msgid)

    PageTemplate(TEMPLATE, translate=translate)(when="now", _=TranslationStringFactory("crm_views"))
    found = read(scripts, tmp_path, TEMPLATE)
    assert found.problems == []
    assert {sentence.text for sentence in found.sentences} == asked
    assert {sentence.domain for sentence in found.sentences} == {"crm_views"}


@pytest.mark.parametrize(
    "template, words",
    [
        ('<p i18n:domain="crm_views" i18n:translate="">Due ${when}</p>', "i18n:name"),
        ('<p i18n:domain="crm_views" i18n:translate="">Due <b>now</b></p>', "without i18n:name"),
        ('<p i18n:translate="">No domain</p>', "no i18n:domain"),
        ('<p i18n:domain="crm_views">${_(title)}</p>', "not a literal"),
    ],
)
def test_what_cannot_be_translated_is_reported(scripts: Any, tmp_path: Path, template: str, words: str) -> None:
    assert any(words in problem for problem in read(scripts, tmp_path, template).problems)


def test_python_sentences_have_the_domain_of_their_factory(scripts: Any) -> None:
    catalogs, _texts = scripts
    source = 'T = TextFactory("crm_core")\nfrom .i18n import _\na = T("One")\nb = _("Two")\nc = T(name)\n'
    found, tree = catalogs.Found(), ast.parse(source)
    catalogs.read_python(tree, catalogs.factories(tree, "crm_views"), "x.py", found)
    assert [(s.domain, s.text) for s in found.sentences] == [("crm_core", "One"), ("crm_views", "Two")]
    assert found.problems == ["x.py:5: the sentence is not a literal"]


def test_merge_keeps_translations_and_drops_what_is_gone(scripts: Any, tmp_path: Path) -> None:
    catalogs, texts = scripts
    path = tmp_path / "crm_core.po"
    first = texts.merge(path, [catalogs.Sentence("crm_core", word, "a.py") for word in ("Save", "Go")])
    first.get("Save").string = "ثبت"
    path.write_bytes(texts.po_bytes(first))
    second = texts.merge(path, [catalogs.Sentence("crm_core", word, "b.py") for word in ("Save", "New")])
    assert {message.id: message.string for message in second if message.id} == {"Save": "ثبت", "New": ""}
    path.write_bytes(texts.po_bytes(second))
    assert texts.po_bytes(texts.load(path)) == path.read_bytes(), "a catalog read and written again is the same"


@pytest.mark.parametrize(
    "translation, fault",
    [
        ("", "untranslated"),
        ("تا روز", "placeholders"),
        ("تا ${days} روز ديگر", "Arabic"),
    ],
)
def test_faults_of_a_translation(scripts: Any, translation: str, fault: str) -> None:
    from babel.messages import Message

    _catalogs, texts = scripts
    assert any(fault in words for words in texts.faults(Message("Due in ${days} days", translation)))
    assert texts.faults(Message("Due in ${days} days", "تا ${days} روز دیگر")) == []

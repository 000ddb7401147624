"""``crm plugin new``: which names it takes, what it writes, and that the written texts are complete."""

from __future__ import annotations

import ast
import gettext
import io
import os
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from crm_core import scaffold
from crm_core.catalogs import mo_bytes, read_po, sentences
from crm_core.cli import main
from crm_core.errors import CrmError, Invalid
from crm_core.i18n import Translator
from crm_core.testing.factories import make_app


@pytest.mark.parametrize(("name", "id_"), [("parking", "parking"), ("Waste-Bins", "waste_bins"), ("a_b", "a_b"),
                                           ("crm-trees", "trees"), ("crm_trees", "trees"), ("t2", "t2")])
def test_a_name_becomes_id_distribution_and_package(name: str, id_: str) -> None:
    names = scaffold.names(name)
    assert (names.id, names.package) == (id_, f"crm_{id_}")
    assert names.distribution == f"crm-{id_.replace('_', '-')}"


@pytest.mark.parametrize(("name", "words"), [
    ("پارکینگ", "written in Latin letters"), ("é", "written in Latin letters"), ("", "begins with a letter"),
    ("9x", "begins with a letter"), ("-x", "begins with a letter"), ("a--b", "begins with a letter"),
    ("../x", "begins with a letter"), ("a b", "begins with a letter"), ("x" * 31, "30 at most"),
    ("core", "the core’s own"), ("crm-views", "the core’s own"), ("request", "the core’s own"),
    ("trees", "installed already"), ("x\n", ""),
])
def test_a_name_that_cannot_be_one_is_refused_in_words(name: str, words: str) -> None:
    if not words:
        assert scaffold.names(name).id == "x"  # blanks around it are nobody's wish
        return
    with pytest.raises(Invalid) as refused:
        scaffold.names(name, taken={"trees"})
    assert words in Translator([]).translate(refused.value.message, "en")


@pytest.mark.parametrize(("name", "title", "near"), [
    ("dog licences", "", "dog-licences"), ("Dog's licence!", "", "dog-s-licence"), ("9x", "", "x"), ("a--b", "", "a-b"),
    ("café", "", "cafe"), ("پارکینگ", "Parking permits", "parking-permits"), ("پارکینگ", "", ""), ("", "", ""),
    ("request", "", "our-request"), ("trees", "", "our-trees"), ("crm dog", "", "dog"), ("y" * 31, "", "y" * 30),
])
def test_a_refusal_proposes_a_name_that_would_do(name: str, title: str, near: str) -> None:
    with pytest.raises(Invalid) as refused:
        scaffold.names(name, title, taken={"trees"})
    said = Translator([]).translate(refused.value.message, "en")
    assert said.partition(" This one would do: ")[2] == near
    if near:
        assert scaffold.names(near, taken={"trees"}).distribution == f"crm-{near}"


def test_the_command_says_which_id_a_name_with_hyphens_gets(tmp_path: Path) -> None:
    def new(*words: str) -> Result:
        return CliRunner().invoke(main, ["plugin", "new", *words, "--to", str(tmp_path)], env={"CRM_LANGUAGE": "en"})

    assert "is “dog_licences”" in new("dog-licences").output
    assert (tmp_path / "crm-dog-licences" / "crm_dog_licences").is_dir()
    assert "The id" not in new("dogs").output
    refused = new("dog licences")
    assert refused.exit_code == 1 and "This one would do: dog-licences" in refused.output


def test_an_id_with_a_hyphen_is_refused_at_the_start_with_the_one_that_works(tmp_path: Path) -> None:
    module = ModuleType("crm_dog_licences")
    app = make_app(tmp_path, {"dog-licences": module})
    assert app.host.plugins["dog-licences"].reason.endswith("letters, digits and _, such as 'dog_licences'")
    app.close()


@pytest.mark.parametrize("title", ['a "b"', "a${b}", "[[id]]", "<b>", "x" * 41, "a\nb", "a\\b", "{x}", "a & b"])
def test_a_title_that_would_break_the_files_is_refused(title: str) -> None:
    for given in ({"title": title}, {"title_fa": title}):
        with pytest.raises(Invalid):
            scaffold.names("x", **given)


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "crm-x").mkdir()
    with pytest.raises(CrmError, match="already"):
        scaffold.write(scaffold.names("x"), tmp_path)
    assert list(tmp_path.rglob("*")) == [tmp_path / "crm-x"]


@pytest.mark.parametrize("name", ["parking", "x" * 30])
def test_the_files_are_whole_and_their_texts_complete(name: str, tmp_path: Path) -> None:
    names = scaffold.names(name, "Permits of the quarter", "مجوزهای محله")
    mask = os.umask(0o077)
    try:
        made = scaffold.write(names, tmp_path / "new")
    finally:
        os.umask(mask)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [names.distribution]
    files = {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}
    package = names.package
    assert set(files) == {
        "setup.cfg", "pyproject.toml", "README.md", "LICENSE", f"tests/test_{name}.py", f"{package}/py.typed",
        *(f"{package}/{module}.py" for module in ("__init__", "forms", "panels", "reports", "jobs")),
        f"{package}/templates/panel.pt", f"{package}/locale/fa/LC_MESSAGES/{package}.po",
        f"{package}/locale/fa/LC_MESSAGES/{package}.mo",
    }
    for path in files.values():
        assert path.stat().st_mode & 0o444 == 0o444
        if path.suffix == ".mo":
            continue
        text = path.read_text("utf-8")
        assert "[[" not in text.replace("[[tool", ""), path
        assert all(len(line) <= 120 for line in text.splitlines() if path.suffix == ".py"), path
        if path.suffix == ".py":
            ast.parse(text)
    texts = read_po(files[f"{package}/locale/fa/LC_MESSAGES/{package}.po"].read_text("utf-8"))
    texts.pop("")
    assert sentences(made / package, package) == set(texts)
    assert all(texts.values())
    catalog = gettext.GNUTranslations(io.BytesIO(files[f"{package}/locale/fa/LC_MESSAGES/{package}.mo"].read_bytes()))
    assert {key: catalog.gettext(key) for key in texts} == texts


def test_its_rules_of_style_are_those_of_the_core(checkout: Path, tmp_path: Path) -> None:
    made = scaffold.write(scaffold.names("x"), tmp_path)
    own = tomllib.loads((made / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    ours = tomllib.loads((checkout / "ruff.toml").read_text("utf-8"))["lint"]
    assert (own["select"], own["ignore"]) == (ours["select"], ours["ignore"])


def test_catalogs_are_read_and_compiled_as_gettext_does() -> None:
    texts = read_po('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n#: x.py\nmsgid "one \\"word\\""\n'
                    'msgstr ""\n"یک «واژه»\\n"\n"و دیگر"\n\n#, fuzzy\nmsgid "guessed"\nmsgstr "حدس"\n\n'
                    'msgid "left"\nmsgstr ""\n')
    assert texts[""].startswith("Content-Type")
    assert {key: value for key, value in texts.items() if key} == {
        'one "word"': "یک «واژه»\nو دیگر", "guessed": "", "left": ""}
    catalog = gettext.GNUTranslations(io.BytesIO(mo_bytes(texts)))
    assert catalog.gettext('one "word"') == "یک «واژه»\nو دیگر"
    assert catalog.gettext("guessed") == "guessed"


def test_the_sentences_of_the_bundled_plugins_are_those_of_their_catalogs(checkout: Path) -> None:
    """The reader of sources finds what `make texts` finds with a library."""
    for name in ("complaints", "surveys", "appointments"):
        package = checkout / "plugins" / name / f"crm_{name}"
        catalog = package / "locale" / "fa" / "LC_MESSAGES" / f"crm_{name}.po"
        assert sentences(package, package.name) >= set(read_po(catalog.read_text("utf-8"))) - {""}

"""``crm plugin check``: what is whole passes; each crooked plugin fails in its row, with the right words."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from crm_core import conformance, scaffold
from crm_core.catalogs import mo_bytes, read_po
from crm_core.cli import main
from crm_core.conformance import Finding, Level
from crm_core.conformance.findings import CHECKS
from crm_core.errors import CrmError, NotFound

Written = Callable[..., Path]
OTHERS = ("complaints", "surveys", "appointments")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Each test imports its own plugin of one name."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("crm_thing"):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """``written(("forms.py", "old", "new"), …)``: a new plugin "thing" with changes in its files; its folder."""

    def write(*changes: tuple[str, str, str]) -> Path:
        made = scaffold.write(scaffold.names("thing", "A thing", "چیز"), tmp_path)
        for file, old, new in changes:
            (path,) = made.rglob(file)
            text = path.read_text("utf-8")
            assert old in text, (file, old)
            path.write_text(text.replace(old, new), "utf-8")
            if path.suffix == ".po":
                path.with_suffix(".mo").write_bytes(mo_bytes(read_po(text.replace(old, new))))
        return made

    return write


def looked(folder: Path | str) -> list[Finding]:
    return conformance.check(conformance.find(str(folder)))


def failed(findings: list[Finding], level: Level = Level.FAIL) -> dict[str, str]:
    """Check → reasons of those with the level."""
    found: dict[str, str] = {}
    for one in findings:
        if one.level is level:
            found[one.check.id] = "\n".join(filter(None, (found.get(one.check.id), one.reason)))
    return found


@pytest.mark.plugins
@pytest.mark.parametrize("name", OTHERS)
def test_bundled_plugins_pass_every_check(name: str) -> None:
    findings = looked(name)
    assert {one.check.id: (one.level, one.reason) for one in findings if one.level is not Level.OK} == {}
    assert len({one.check.id for one in findings}) == len(findings) == len(CHECKS)


def test_a_new_plugin_passes_every_check(written: Written) -> None:
    findings = looked(written())
    assert {one.check.id: (one.level, one.reason) for one in findings if one.level is not Level.OK} == {}


LEAK = '''
def check_new(services: Services, draft: Draft) -> None:
    if draft.contact is not None:
        services.collections["thing.seen"].add({"whom": str(draft.contact.id), "at": services.now})
'''
PAGE = '''
@hookimpl
def configure(config):
    config.add_route("thing", "/plugins/thing/page")
    config.add_view(page, route_name="thing"{more})


def page(request):
    from pyramid.response import Response
    return Response({body!r}, content_type="text/html", charset="utf-8")
'''
OWN = ', permission="thing.decide"'
TELLING = (
    ("__init__.py", "    yield jobs.TIDY\n", "    yield jobs.TIDY\n    yield jobs.TELL\n"),
    ("jobs.py", "import Job, Services, TextFactory", "import Effect, Job, Services, TextFactory, Timer"),
)
TELL = """import socket


def act(data, key):
    return {act}


TELL = Effect("thing.tell", _("Decisions"), frozenset({{"request.created"}}), lambda services, entry: 1, act)
TIDY = """
OUTSIDE = ("test_thing.py", "    def examples(", """    def outside(self):
        import contextlib

        return contextlib.nullcontext()

    def examples(""")

CROOKED: dict[str, tuple[list[tuple[str, str, str]], str, str]] = {
    "no licence": ([("setup.cfg", "license = MIT\n", "")], "metadata", "no licence is stated"),
    "no Python": ([("setup.cfg", "python_requires = >=3.11\n", "")], "metadata", "no python_requires"),
    "any core": ([("setup.cfg", "    crm-core>=0.1,<0.2\n", "    crm-core\n")], "metadata",
                 "'crm-core' gives no range"),
    "no core": ([("setup.cfg", "    crm-core>=0.1,<0.2\n", "    colander\n")], "metadata",
                "does not depend on crm-core"),
    "future API": ([("__init__.py", "CRM_API_VERSION = 1", "CRM_API_VERSION = 9")], "api", "written for API 9"),
    "no API": ([("__init__.py", "CRM_API_VERSION = 1", "")], "api", "CRM_API_VERSION = 1"),
    "imports the core's inside": ([("jobs.py", "from crm_core.api import", "from crm_core.contributions import Job as _"
                                    "\nfrom crm_core.api import")], "imports",
                                  "jobs.py imports crm_core.contributions"),
    "imports what is not offered": ([("jobs.py", "import Job,", "import CommonOperations, Job,")], "imports",
                                    "imports CommonOperations, which crm_core.api does not offer"),
    "wrong hook arguments": ([("__init__.py", "services: Services, draft: Draft)", "services, draft: Draft, page)")],
                             "hooks", "before_submit() asks for page; the hook gives draft, services"),
    "misspelt hook": ([("__init__.py", "def before_submit(", "def before_submitt(")], "hooks",
                      "no hook 'before_submitt'; 'before_submit' is meant?"),
    "somebody else's id": ([("panels.py", '"thing.dossier"', '"other.dossier"')], "ids",
                           "the panel 'other.dossier' does not start with 'thing.'"),
    "one id twice": ([("__init__.py", "    yield forms.DECIDE\n", "    yield forms.DECIDE\n    yield forms.DECIDE\n")],
                     "ids", "contributed twice"),
    "no status": ([("forms.py", "Category.NEW", "Category.CANCELLED")], "declarations", "first status"),
    "undeclared duties": ([("forms.py", 'ranges=("at",))', 'ranges=("at",), person="whom")')], "duties",
                          "does not say what erasure does"),
    "kept by erasure": ([("forms.py", 'place(_("Where"), personal=True)', 'place(_("Where"), personal=True, '
                          'on_erase="keep")')], "duties", "would be kept by erasure"),
    "undeclared personal collection": (
        [("forms.py", "\ndef check_new(", 'SEEN = Collection("thing.seen", _("Decisions"))\n' + LEAK
          + "\n\ndef _check_new("),
         ("__init__.py", "    yield forms.KIND\n", "    yield forms.SEEN\n    yield forms.KIND\n")],
        "duties", "the collection 'thing.seen' holds in 'whom' who a citizen is"),
    "crashing": ([("__init__.py", "    yield forms.DECIDE\n", '    raise LookupError("no such thing")\n    yield\n')],
                 "starts", "contribute: LookupError: no such thing (__init__.py, line "),
    "cannot be imported": ([("__init__.py", "CRM_API_VERSION = 1", "1 / 0")], "starts",
                           "“thing = crm_thing” cannot be loaded: ZeroDivisionError: division by zero (__init__.py, "),
    "no such module": ([("setup.cfg", "thing = crm_thing", "thing = crm_thing.plugin")], "starts",
                       "“thing = crm_thing.plugin” cannot be loaded: ModuleNotFoundError: No module named "
                       "'crm_thing.plugin'; write in setup.cfg the module that has contribute()"),
    "no such attribute": ([("setup.cfg", "thing = crm_thing", "thing = crm_thing:plugin")], "starts",
                          "“thing = crm_thing:plugin” cannot be loaded: AttributeError: module 'crm_thing' has no "
                          "attribute 'plugin'; write in setup.cfg the module that has contribute()"),
    "title of no field": ([("forms.py", 'title_from=("', 'title_from=("nowhere", "')], "declarations",
                          "the title of 'thing.request' is made from 'nowhere', and its form has no such field (it"),
    "a table as title": ([("jobs.py", '_("Forget old decisions")', '{"fa": "x"}')], "declarations",
                         "the job 'thing.tidy' has {'fa': 'x'} as its title, which is no text"),
    "a table as status": ([("forms.py", '_("Being examined")', '{"fa": "x"}')], "declarations",
                          "has {'fa': 'x'} as its title, which is no text"),
    "view without permission": ([("__init__.py", "CRM_API_VERSION = 1\n", "CRM_API_VERSION = 1\n"
                                  + PAGE.format(more="", body="x"))], "permissions", "names no permission"),
    "permission of nobody": ([("panels.py", 'icon="folder2"', 'icon="folder2", permission="thing.see"')], "permissions",
                             "asks for the permission 'thing.see'"),
    "missing Persian": ([("crm_thing.po", 'msgid "Another place"', 'msgid "One more place"')], "translations",
                        "crm_thing.po lacks 'Another place'"),
    "other placeholders": ([("crm_thing.po", "در ${place}", "در ${plaec}")], "translations", "other placeholders"),
    "Arabic letters": ([("crm_thing.po", "یک‌ساله", "يک‌ساله")], "translations", "Arabic letters"),
    "words of one language": ([("forms.py", '_("For a year")', '"For a year"')], "translations",
                              "says 'For a year' in every language"),
    "own class stored": ([("forms.py", '"outcome": change.new})', '"outcome": change})')], "payload",
                         "NotPlain: thing.decisions"),
    "failing box": ([("panels.py", "    return {\"open_count\"", "    [][0]\n    return {\"open_count\"")], "panels",
                    "thing.dossier: IndexError: list index out of range (panels.py, line "),
    "saving fails": ([("__init__.py", "draft: Draft) -> None:\n", "draft: Draft) -> None:\n    [][0]\n")], "saving",
                     "before_submit: IndexError: list index out of range (__init__.py, line "),
    "a status fails that no example has": (
        [("forms.py", "    if change.new not in (GRANTED, REFUSED)", '    if change.new == "papers":\n        [][0]\n'
          "    if change.new not in (GRANTED, REFUSED)")], "saving",
        "before_status: IndexError: list index out of range (forms.py, line "),
    "merge fails": ([("__init__.py", "@hookimpl\ndef before_status", "@hookimpl\ndef contacts_merging(kept):\n"
                      "    raise KeyError(kept.id)\n\n\n@hookimpl\ndef before_status")], "merge",
                    "(__init__.py, line "),
    "export fails": ([("__init__.py", "@hookimpl\ndef before_status", "@hookimpl\ndef export(services, contact):\n"
                       "    return {'seen': {1, 2}}\n\n\n@hookimpl\ndef before_status")], "export", "the hook fails"),
    "erase fails": ([("__init__.py", "@hookimpl\ndef before_status", "@hookimpl\ndef erase(services, contact):\n"
                      "    raise KeyError(1)\n\n\n@hookimpl\ndef before_status")], "erase",
                    "the hook fails: KeyError: 1 (__init__.py, line "),
    "left after erasure": ([("forms.py", '"outcome": change.new})', '"outcome": change.new, "where": '
                             'str(request.submission.answers["place"]["value"]) + "."})')], "erase", "is still stored"),
    "foreign catalog": ([("panel.pt", 'i18n:domain="crm_thing"', 'i18n:domain="crm_other"')], "translations",
                        "panel.pt says i18n:domain='crm_other'"),
    "panel of English": ([("panel.pt", 'i18n:domain="crm_thing"', 'i18n:domain="crm_other"')], "rendering",
                         "'Open: ${count}' is shown in English"),
    "crashing panel": ([("panel.pt", "show.number(open_count)", "show.number(nothing)")], "rendering",
                       "panel thing.dossier: TypeError"),
    "page that fails": ([("__init__.py", "CRM_API_VERSION = 1\n", "CRM_API_VERSION = 1\n"
                          + PAGE.format(more=OWN, body="x").replace("return Response", "[][0]\n    return Response"))],
                        "rendering", "/plugins/thing/page: thing: IndexError: list index out of range (__init__.py, "),
    "untied label": ([("panel.pt", "</ul>", '</ul><p><label>۱</label> <input name="x" /></p>')], "labels",
                     "the field 'x' has no label"),
    "field without a title": ([("forms.py", 'code(_("Number', 'code("") if 1 else fields.code(_("Number')],
                              "labels", "has no label"),
    "failing job": ([("jobs.py", "    decisions = services", "    [][0]\n    decisions = services")], "background",
                    "the job 'thing.tidy' fails: IndexError: list index out of range (jobs.py, line "),
    "failing report": ([("reports.py", "for sort, label in SORTS:", "for sort, label in SORTS[9]:")], "reports",
                       "'thing.decided' fails: IndexError: tuple index out of range (reports.py, line "),
    "column that nobody fills": ([("reports.py", '"refused": counts', '"refusde": counts')], "reports",
                                 "no row of 'thing.decided' fills the column 'refused'"),
    "failing reader": (
        [("__init__.py", "    yield jobs.TIDY\n", "    yield jobs.TIDY\n    yield jobs.FOLLOW\n"),
         ("jobs.py", "import Job, Services, TextFactory", "import Job, Reader, Services, TextFactory"),
         ("jobs.py", "TIDY = ", "def follow(services, entry):\n    raise KeyError(entry.kind)\n\n\nFOLLOW = Reader("
          '"thing.follow", _("Decisions"), frozenset({"request.created"}), follow)\nTIDY = ')],
        "background", "the reader 'thing.follow' at request.created fails: KeyError: 'request.created'"),
    "effect that stores while it prepares": (
        [("__init__.py", "    yield jobs.TIDY\n", "    yield jobs.TIDY\n    yield jobs.TELL\n"),
         ("jobs.py", "import Job, Services, TextFactory", "import Effect, Job, Services, TextFactory"),
         ("jobs.py", "TIDY = ", "def prepare(services, entry):\n    services.requests.get(entry.subject[1]).due = 1\n"
          '\n\nTELL = Effect("thing.tell", _("Decisions"), frozenset({"request.created"}), prepare, print)\nTIDY = ')],
        "background", "the effect 'thing.tell' at request.created fails: TypeError: prepare(services, entry) stores"),
    "effect that reaches out of the house": (
        [*TELLING, ("jobs.py", "TIDY = ", TELL.format(act="socket.create_connection(('192.0.2.7', 25), 1)")), OUTSIDE],
        "background", "the effect 'thing.tell' at request.created fails: ReachesOutside: it wants to reach '192.0"),
    "effect whose answer is not plain": (
        [*TELLING, ("jobs.py", "TIDY = ", TELL.format(act="object()")), OUTSIDE],
        "background", "the effect 'thing.tell' at request.created fails: NotPlain: what act(data, key) gives"),
    "failing timer": (
        [*TELLING, ("jobs.py", "TIDY = ", "def fire(services, id_):\n    services.requests.get(id_)\n\n\n"
                    'TELL = Timer("thing.tell", _("Decisions"), fire)\nTIDY = ')],
        "background", "the timer 'thing.tell' for an object that is gone fails: NotFound"),
    "contact field that no example fills": (
        [("__init__.py", "    yield jobs.TIDY\n", "    yield jobs.TIDY\n    yield forms.CARD\n"),
         ("forms.py", "    Collection,\n", "    Collection,\n    ContactFields,\n"),
         ("forms.py", "\ndef check_new(", 'class CardForm(Form):\n    number = fields.code(_("Where"))\n\n\n'
          'CARD = ContactFields("thing.card", _("Decisions"), CardForm)\n\n\ndef check_new(')],
        "examples", "no example answers the contact field 'number' of 'thing.card'"),
    "kind that no example is of": ([("test_thing.py", "yield submit(", "submit("),
                                    ("test_thing.py", "        granted = ", "        return\n        granted = ")],
                                   "examples", "no example is a 'thing.request'"),
    "examples that give nothing": ([("test_thing.py", "yield submit(", "submit("),
                                    ("test_thing.py", "        yield granted", "")],
                                   "examples", "examples() gives nothing; let it yield each request"),
    "page from left to right": ([("__init__.py", "CRM_API_VERSION = 1\n", "CRM_API_VERSION = 1\n"
                                  + PAGE.format(more=OWN, body="<html lang='en'>x</html>"))], "rendering",
                                "/plugins/thing/page: the page is lang='en' dir=''"),
}


@pytest.mark.parametrize("name", CROOKED)
def test_a_crooked_plugin_fails_in_its_row_with_the_right_words(name: str, written: Written) -> None:
    changes, check, words = CROOKED[name]
    findings = looked(written(*changes))
    found = failed(findings)
    assert words in found.get(check, ""), findings
    assert not conformance.passed(findings)


def test_all_views_that_cannot_be_taken_are_named_at_once(written: Written) -> None:
    more = """
@hookimpl
def configure(config):
    for number, words in enumerate(({}, {"permission": "thing.nothing"}, {"permission": "thing.decide"})):
        config.add_route(f"thing{number}", f"/plugins/thing/{number}" if number < 2 else "/contacts/thing")
        config.add_view(lambda request: None, route_name=f"thing{number}", **words)
"""
    reasons = failed(looked(written(("__init__.py", "CRM_API_VERSION = 1\n", f"CRM_API_VERSION = 1\n{more}"))))
    lines = sorted(reasons["permissions"].splitlines())
    assert len(lines) == 3, lines
    assert "names no permission" in reasons["permissions"]
    assert "the permission 'thing.nothing', which nobody contributes" in reasons["permissions"]
    assert "the route '/contacts/thing' leads outside /plugins/thing/" in lines


def test_a_reader_that_no_example_reaches_is_a_warning(written: Written) -> None:
    change, *_rest = CROOKED["failing reader"]
    findings = looked(written(*((file, old, new.replace("request.created", "contact.linked"))
                                for file, old, new in change)))
    assert "no example writes what the reader 'thing.follow' reads (contact.linked)" in failed(
        findings, Level.WARN)["background"]
    assert conformance.passed(findings)


def test_what_is_written_and_not_contributed_is_a_warning(written: Written) -> None:
    findings = looked(written(("__init__.py", "    yield jobs.TIDY\n", "")))
    assert "the job 'thing.tidy' is written in crm_thing.jobs, and contribute() does not give it" in failed(
        findings, Level.WARN)["declarations"]
    assert conformance.passed(findings)


@pytest.mark.parametrize("status", ["asked", "granted", "papers", "withdrawn"])
def test_boxes_of_requests_are_drawn_in_each_status(status: str, written: Written) -> None:
    """The examples have the first two."""
    box = f"""def box(services, request):
    if request.status == "{status}":
        [][0]


BOX = RequestPanel("thing.box", _("Granted"), "crm_thing:templates/panel.pt", box)
PANEL = """
    findings = looked(written(
        ("__init__.py", "    yield jobs.TIDY\n", "    yield jobs.TIDY\n    yield panels.BOX\n"),
        ("panels.py", "PANEL = ", box), ("panels.py", "Request, Services", "Request, RequestPanel, Services"),
    ))
    assert "IndexError: list index out of range (panels.py, line " in failed(findings).get("rendering", ""), findings


def test_a_box_for_somebody_of_whom_there_is_nothing_is_a_warning(written: Written) -> None:
    findings = looked(written(("panels.py", "    if not requests:\n        return None\n", "")))
    assert "shows a box for somebody of whom it has nothing" in failed(findings, Level.WARN)["panels"]
    assert conformance.passed(findings)


def test_a_hook_that_fails_with_made_up_answers_is_told_with_its_line(written: Written) -> None:
    made = written(("__init__.py", "draft: Draft) -> None:\n", "draft: Draft) -> None:\n    [][0]\n"))
    for path in (made / "tests").iterdir():
        path.unlink()
    findings = looked(made)
    assert "before_submit: IndexError: list index out of range (__init__.py, line " in failed(findings)["saving"]
    assert failed(findings, Level.SKIPPED)["erase"] == "the made-up answers fail"


def test_a_module_that_the_plugin_lacks_inside_is_no_misnamed_entry_point(written: Written) -> None:
    reason = failed(looked(written(("__init__.py", "CRM_API_VERSION = 1", "import crm_thing.nothing"))))["starts"]
    assert "No module named 'crm_thing.nothing' (__init__.py, line " in reason and "setup.cfg" not in reason


def test_without_its_tests_answers_are_made_up(written: Written) -> None:
    made = written()
    for path in (made / "tests").iterdir():
        path.unlink()
    assert failed(looked(made)) == {}


def test_where_no_answers_can_be_made_up_that_is_said(written: Written) -> None:
    made = written(("forms.py", 'if draft.values["since"] < services.clock.today():', "if draft:"))
    for path in (made / "tests").iterdir():
        path.unlink()
    findings = looked(made)
    skipped = failed(findings, Level.SKIPPED)
    assert set(skipped) == {"examples", *conformance.OF_EXAMPLES}
    assert "(thing.request: That day has gone already.); give the folder of its source" in skipped["erase"]
    assert conformance.passed(findings)


def test_examples_that_do_not_fit_the_form_any_more_are_named_as_that(written: Written) -> None:
    """A field more, a rule more: the first thing an author meets."""
    findings = looked(written(("forms.py", 'if draft.values["since"] < services.clock.today():', "if draft:")))
    (reason,) = failed(findings).items()
    assert reason[0] == "examples" and reason[1].startswith("Veto: That day has gone already. (test_thing.py, line ")
    assert set(failed(findings, Level.SKIPPED)) == set(conformance.OF_EXAMPLES)


def test_what_only_costs_or_ages_is_a_warning(written: Written) -> None:
    made = written(("panels.py", "    if event.kind", "    import time\n    time.sleep(0.2)\n    if event.kind"),
                   ("setup.cfg", "description = A thing, as a plugin of crm-core\n", ""))
    findings = looked(made)
    warned = failed(findings, Level.WARN)
    assert set(warned) == {"metadata", "cost"}
    assert "timeline_entry takes 2" in warned["cost"]
    assert conformance.passed(findings)


def test_the_command_prints_a_table_with_reasons_and_the_next_step(written: Written) -> None:
    made = written(("setup.cfg", "license = MIT\n", ""))
    done = CliRunner().invoke(main, ["plugin", "check", str(made)], env={"CRM_LANGUAGE": "en"})
    assert done.exit_code == 1
    assert "✗ Metadata\n      no licence is stated\n      → Complete setup.cfg" in done.output
    assert "✓ Erasure" in done.output
    done = CliRunner().invoke(main, ["plugin", "check", str(made), "--json"], env={"CRM_LANGUAGE": "fa"})
    found = json.loads(done.stdout)
    assert (done.exit_code, found["passed"], found["plugin"]) == (1, False, "thing")
    (row,) = [one for one in found["findings"] if one["level"] == "fail"]
    assert (row["check"], row["reason"]) == ("metadata", "no licence is stated")
    assert "setup.cfg" in row["next"]


@pytest.mark.parametrize("name", ["nothing-like-this", "/", "../x"])
def test_what_is_no_plugin_is_said(name: str) -> None:
    with pytest.raises(NotFound, match="There is no plugin"):
        conformance.find(name)


def test_one_that_is_not_installed_is_found_where_it_was_written(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written().parent)
    for name in ("thing", "crm-thing", "Thing", "./crm-thing", "crm-thing/"):
        assert conformance.find(name).metadata.name == "crm-thing"


def test_a_distribution_without_the_entry_point_is_no_plugin(written: Written) -> None:
    with pytest.raises(CrmError, match="no entry point"):
        conformance.find(str(written(("setup.cfg", "crm.plugins =", "other.plugins ="))))


def test_the_contract_is_offered_by_the_test_kit() -> None:
    from crm_core import testing
    from crm_core.testing.contract import PluginContract

    assert testing.PluginContract is PluginContract

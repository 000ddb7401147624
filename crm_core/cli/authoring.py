"""``crm plugin new`` and ``crm plugin check``: for who writes a plugin, from the first file to before users meet it."""

from __future__ import annotations

from pathlib import Path

import click

from crm_core import conformance, scaffold
from crm_core.cli.common import REFUSED, json_option, print_json, say
from crm_core.conformance import Finding, Level
from crm_core.host import installed
from crm_core.i18n import TextFactory

_ = TextFactory("crm_core")
MARKS = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red"), Level.SKIPPED: ("–", None)}
GRAVE = (Level.OK, Level.SKIPPED, Level.WARN, Level.FAIL)


@click.command()
@click.argument("name")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Where the new folder crm-NAME is put.")
@click.option("--title", default="", help="What people read in English; else the name.")
@click.option("--title-fa", default="", help="What people read in Persian.")
@json_option
def new(name: str, folder: Path, title: str, title_fa: str, as_json: bool) -> None:
    """Write a whole plugin called NAME (such as waste-bins), to be changed into one's own."""
    given = scaffold.names(name, title, title_fa, {one.id for one in installed()})
    made = scaffold.write(given, folder)
    if as_json:
        print_json({"id": given.id, "distribution": given.distribution, "package": given.package,
                    "folder": str(made.absolute()),
                    "files": sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())})
        return
    if given.id != name.strip():
        click.echo(say(_("The id of the plugin is “${id}”; whatever it contributes begins with it.",
                         mapping={"id": given.id})))
    click.echo(say(_("A plugin “${name}” lies in ${folder}. Next:",
                     mapping={"name": given.id, "folder": str(made)})))
    for line in (f"python -m pip install {made}", f"python -m pytest {made}", f"crm plugin check {made}"):
        click.echo(f"  {line}")
    click.echo(say(_("Then start the server again: the kind stands among those of a new request.")))


@click.command()
@click.argument("name")
@json_option
@click.pass_context
def check(ctx: click.Context, name: str, as_json: bool) -> None:
    """Look at the plugin NAME (its id, or the folder of its source) from all sides. Exit code 1 when something fails.

    Works in a folder of its own; no data folder is needed.
    """
    subject = conformance.find(name)
    findings = conformance.check(subject)
    passed = conformance.passed(findings)
    if as_json:
        print_json({
            "plugin": subject.candidate.id, "distribution": subject.metadata.name, "version": subject.metadata.version,
            "passed": passed,
            "findings": [{"check": one.check.id, "title": say(one.check.title), "level": one.level.value,
                          "reason": one.reason, "next": _next(one)} for one in findings],
        })
    else:
        click.echo(f"{subject.candidate.id} {subject.metadata.version}")
        _print(findings)
        click.echo(say(_("All that must be kept is kept.") if passed else _("Not all that must be kept is kept.")))
    ctx.exit(0 if passed else REFUSED)


def _next(finding: Finding) -> str:
    return say(finding.check.then) if finding.level in (Level.WARN, Level.FAIL) else ""


def _print(findings: list[Finding]) -> None:
    """A row for each check; reasons below it, and under the last of them the next step."""
    for number, finding in enumerate(findings):
        if number == 0 or findings[number - 1].check is not finding.check:
            mark, colour = MARKS[max((one.level for one in findings if one.check is finding.check), key=GRAVE.index)]
            click.echo(f"  {click.style(mark, colour)} {say(finding.check.title)}")
        if finding.reason:
            click.echo(f"      {finding.reason}")
        is_last = number + 1 == len(findings) or findings[number + 1].check is not finding.check
        if is_last and _next(finding):
            click.echo(f"      → {_next(finding)}")

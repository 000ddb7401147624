"""What pytest prints of a plugin that breaks its contract: a sentence and the next step, no inside of the test kit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from crm_core import scaffold

NEEDED = """    number = fields.text(_("Where"))
    paper ="""
WITHOUT = """
import crm_thing
from crm_core.testing import PluginContract


class TestEmpty(PluginContract):
    id = "thing"
    module = crm_thing

    def examples(self, services, contact):
        return
        yield
"""


def test_what_is_wrong_with_examples_is_told_in_a_sentence(tmp_path: Path) -> None:
    """One run for both: examples that do not fit the form any more, and examples that leave a kind out."""
    made = scaffold.write(scaffold.names("thing"), tmp_path)
    form = made / "crm_thing" / "forms.py"
    form.write_text(form.read_text("utf-8").replace("    paper =", NEEDED), "utf-8")
    (made / "tests" / "test_without.py").write_text(WITHOUT, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore",
         "-k", "works_alone or (test_thing and copy_holds) or (test_without and fill_everything)", "tests"],
        cwd=made, env={**os.environ, "PYTHONPATH": str(made)}, capture_output=True, text=True, encoding="utf-8",
        timeout=110,
    )
    # pytest's closing summary repeats each message whole where `CI` is set, and else cuts it to the terminal.
    said, _, _ = done.stdout.partition("short test summary info")
    assert done.returncode == 1, done.stdout + done.stderr
    assert said.count("examples() fails: Invalid: number: ") == 2, said
    assert said.count("no example is a 'thing.request'; yield one from examples()") == 2, said
    assert "(test_thing.py, line 2" in said and "→ Change examples() of the PluginContract" in said
    assert "Trial(" not in said and "exception" not in said and len(said.splitlines()) < 30, said

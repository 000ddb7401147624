"""What docs/operator/backup.md tells operators to type is typed here, in its order, on a folder of their own."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

from crm_core.testing.factories import make_app, make_contact, submit

Crm = Callable[..., subprocess.CompletedProcess[str]]
TEXT = (Path(__file__).resolve().parents[3] / "docs" / "operator" / "backup.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
            for line in block.splitlines() if line.startswith("crm ")]
COMMANDS += re.findall(r"`crm (job\s+run\s+[^`]+)`", TEXT)


def test_the_commands_of_the_page_do_what_it_says(crm: Crm, tmp_path: Path) -> None:
    data, folder, new = tmp_path / "srv" / "crm", tmp_path / "backups", tmp_path / "srv" / "new"
    app = make_app(data)
    try:
        app.run(lambda services: submit(services, make_contact(services, "مریم صادقی"), "core.general",
                                        {"category": "service"}, text="چراغ کوچه خاموش است").id)
    finally:
        app.close()
    (data / "crm.ini").write_text(f"[crm]\ncrm.backup_folder = {folder}\n", "utf-8")
    crm("reindex", data=data)
    assert [line.split()[1] for line in COMMANDS] == ["backup", "backup", "restore", "check", "run", "run"]

    for line in COMMANDS:
        words = line.replace("/var/backups/crm", str(folder)).replace("/srv", str(tmp_path / "srv"))
        done = crm(*shlex.split(words.removeprefix("crm ")))
        assert done.returncode == 0, (line, done.stdout, done.stderr)

    there, here = (crm("find", "چراغ", "--json", data=place) for place in (data, new))
    assert json.loads(there.stdout) == json.loads(here.stdout) != []
    sets = json.loads(crm("backup", str(folder), "--verify", "--json").stdout)["sets"]
    assert [one["kind"] for one in sets] == ["full", "increment"]
    assert "# not taken over" in (new / "crm.ini").read_text("utf-8")

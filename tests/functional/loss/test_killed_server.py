"""``crm serve`` is killed at random moments while clerks write: what was acknowledged is there, nothing half is.

20 times; ``make soak N=200`` more often. CRM_SOAK_SEED repeats a run's moments.
"""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from crm_core.app import App
from crm_core.model.contact import Confidentiality

ROUNDS = int(os.environ.get("CRM_SOAK_ROUNDS", "20"))
CLERKS = 3
LONGEST = 0.6
"""Seconds after the first write of a round until which the server may live."""
DEMO_PASSWORD = "demo-password"  # of accounts that live as long as the test


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A small demo city."""
    words = [sys.executable, "-c", "from crm_core.cli import main; main(prog_name='crm')", "demo", "--contacts", "30",
             "--years", "1", "--data", str(tmp_path / "city")]
    subprocess.run(words, check=True, capture_output=True, timeout=300,
                   env={**os.environ, "LC_ALL": "C.UTF-8", "CRM_DEMO_PASSWORD": DEMO_PASSWORD})
    return tmp_path / "city"


@pytest.mark.file_storage
@pytest.mark.slow
@pytest.mark.timeout(600 + 30 * ROUNDS)
def test_nothing_is_lost_when_the_server_is_killed(
    city: Path, processes: Callable[..., Any], outside: Any, open_again: Callable[..., App], loss: Any
) -> None:
    seed = os.environ.get("CRM_SOAK_SEED") or secrets.token_hex(4)
    print(f"\nCRM_SOAK_SEED={seed}")
    rng = random.Random(seed)
    began = time.monotonic()
    app = open_again(city, CRM_TEST_POST=outside.address)
    with app.reading() as services:
        known = (one for one in services.root.contacts.values() if one.confidentiality == Confidentiality.NORMAL)
        contacts = [one.id for one in islice(known, 4)]  # the city has a shielded citizen too, of whom no clerk knows
    app.close()
    server = processes(city, "serve", CRM_TEST_POST=outside.address)
    server.start()
    clerks = [loss.Clerk(server, login, DEMO_PASSWORD) for login in ("clerk", "supervisor", "sara")][:CLERKS]
    for clerk in clerks:
        clerk.sign_in()
    cold = 0
    with loss.Office(clerks, contacts) as office:
        for _round in range(ROUNDS):
            office.wait_for_more(1)
            time.sleep(rng.uniform(0, LONGEST))
            server.kill()
            if rng.random() < 0.2:  # again while it starts
                server.begin()
                time.sleep(rng.uniform(0, 1.5))
                server.kill()
                cold += 1
            server.start()
        office.close()
        office.demand_well()
    server.kill()

    app = open_again(city)
    proof = loss.Proof(app)
    proof.catch_up()
    proof.whole()
    proof.every_one_once(office)
    proof.found_by_search(rng.sample([*office.written[0].calls, *office.written[-1].requests],
                                     min(40, len(office.written[0].calls))))
    rows = proof.reports_as_rebuilt()
    letters = proof.every_letter(outside.posts)
    assert office.count > ROUNDS
    print(f"{ROUNDS} kills at work, {cold} at the start, {office.count} writes acknowledged, "
          f"{sum(clerk.silent for clerk in clerks)} tries without an answer, {rows} rows of reports, "
          f"letters {letters}, {time.monotonic() - began:.0f} s")

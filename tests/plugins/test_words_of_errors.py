"""What errors of plugins say may tell of a citizen: it goes when one is erased (architecture §5.13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crm_core import builtin
from crm_core.contributions import Job, Reader
from crm_core.host import Candidate
from crm_core.model.journal import JournalEntry
from crm_core.readers import ReaderRunner
from crm_core.schedule import JobRunner
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit


def call(services: Services) -> None:
    (contact,) = services.root.contacts.values()
    raise ValueError(f"no phone for {contact.name}")


def hear(services: Services, entry: JournalEntry) -> None:
    raise ValueError(f"cannot send: {services.contacts.get(entry.contact or 0).name}")


def test_errors_say_nothing_of_who_is_erased(made: Callable[..., Candidate], open_with: Any) -> None:
    app = open_with([made("ear", Job("ear.call", "Call", 60, call),
                          Reader("ear.hear", "Hear", frozenset({"request.created"}), hear))])
    runner = ReaderRunner(app)
    runner.begin()

    def work(services: Services) -> int:
        contact = make_contact(services, "Sarina Testova")
        submit(services, contact, builtin.GENERAL, {"category": "service"})
        return contact.id

    contact = app.run(work)
    assert "Sarina" in JobRunner(app).run("ear.call").error
    runner.step()

    def kept() -> tuple[str, str, str]:
        with app.reading() as services:
            reader = services.root.readers["ear.hear"]
            letters = [letter.error for letter in reader.letters] if reader.letters is not None else []
            known = app.host.plugins["ear"]
            return services.root.jobs["ear.call"].error, f"{reader.error} {letters}", known.reason + known.trace

    assert all("Sarina" in one for one in kept())
    app.run(lambda services: services.erasure.erase(services.contacts.get(contact), "asked for it"))
    job, reader, known = kept()
    assert job == "ValueError"
    assert not any("Sarina" in one for one in (reader, known))
    assert known.endswith("ValueError")

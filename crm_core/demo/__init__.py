"""A Persian demo city: invented people with years of history, made through the services like everything else.

The same seed, size and last day give the same people, words, times and tracking codes; ids are the database's own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

from crm_core.app import App
from crm_core.db import root_of
from crm_core.demo.history import first_day, make_plan
from crm_core.demo.places import City
from crm_core.demo.staff import Staff, hire
from crm_core.demo.write import write_plan
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.model.ids import now_ms
from crm_core.security.identity import SYSTEM
from crm_core.services import Services
from crm_core.services.clock import Clock

_ = TextFactory("crm_core")

EARLIEST = 1990
"""The first year of a history: the oldest people in it are born a century before."""

CLEAR = "abcdefghkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody takes for each other when a password is read from a screen."""


def fill(
    app: App, arguments: dict[str, Any], progress: Callable[[int, int], None], hash_cost: int | None = None
) -> dict[str, Any]:
    """Fill the database of ``app`` with the demo; a plain report, whose ``password`` is None where no account is new.

    ``arguments``: ``contacts``, ``years``, ``seed`` (numbers), ``until`` (the ISO day that counts as today; empty: it
    is today), ``more`` (also where there are contacts), ``password`` (empty: a random one). Raises CrmError, with
    nothing stored, where there are contacts already and for a last day in the future. ``hash_cost``: see `Users.add`.
    """
    timezone = app.settings.timezone
    today = Clock(now_ms(), timezone).today()
    until = date.fromisoformat(arguments["until"]) if arguments.get("until") else today
    if until > today:
        raise CrmError(_("A history cannot end in the future."))
    contacts, years = int(arguments["contacts"]), int(arguments["years"])
    if until.year - years <= EARLIEST:
        raise CrmError(_("A history cannot begin before ${year}.", mapping={"year": EARLIEST}))
    with app.reading() as services:
        known = len(services.root.contacts)
    if known and not arguments.get("more"):
        raise CrmError(_("There are contacts here already; nothing was added. The demo is for a new data folder; with"
                         " --more, invented people come beside those who are there."))
    seed = f"{arguments['seed']}/{known}" if known else str(arguments["seed"])  # others than last time
    plan = make_plan(seed, contacts, years, until, timezone, app.registry.types)
    password = arguments.get("password") or new_password()
    founded = Clock(0, timezone).moment(first_day(until, years))
    city = City()

    def found(connection: Any) -> Staff:
        def at(moment: int) -> Services:
            return app.services(root_of(connection), SYSTEM, at=moment, bulk=True)

        return hire(at, founded, city, password, hash_cost)

    staff = app.db.run(found, "demo")
    if not known:
        _name_the_desk(app, city)
    written = write_plan(app, plan, staff, progress)
    return {
        "contacts": written.contacts, "requests": written.requests, "interactions": written.interactions,
        "units": len(staff.units), "users": len(staff.identities), "from": first_day(until, years).isoformat(),
        "until": until.isoformat(), "skipped": written.skipped, "logins": staff.open,
        "password": password if staff.has_password else None,
    }


def _name_the_desk(app: App, city: City) -> None:
    """Write the city's name into the settings, so that pages show it; only where there are no settings yet."""
    path = app.settings.data / "crm.ini"
    if not app.settings.organisation and not path.exists():
        path.write_text(f"[crm]\ncrm.organisation = {city.organisation}\n", "utf-8")


def new_password() -> str:
    """A password that is easy to type: three groups of four, about 58 bits."""
    return "-".join("".join(secrets.choice(CLEAR) for _place in range(4)) for _group in range(3))

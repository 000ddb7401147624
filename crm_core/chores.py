"""What the product does by itself once a night: packing, backing up, sweeping. Jobs, but outside of any transaction.

They take long and look at the whole storage; what a chore gives back is kept beside its job, for the page of health.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.contributions import Job
from crm_core.i18n import TextFactory
from crm_core.settings import Settings

_ = TextFactory("crm_core")

PACK, BACKUP, SWEEP = "core.pack", "core.backup", "core.sweep"
SWEPT_AT = "01:15"
"""Before the backup, which then holds less."""
DAILY = 24 * 60
"""Minutes between two runs."""


@dataclass(frozen=True)
class Chore(Job):
    """``act`` names what does it, ``package.module:function``: that is called with the application and gives a plain
    result. (It stands above the services, which know this.) ``at(settings)`` is the time of day ``"HH:MM"``, "" for
    never. Of those that are ``alone`` one is at work at a time, whoever does it and wherever."""

    act: str
    at: Callable[[Settings], str]
    alone: bool = True

    def next(self, settings: Settings, now: int) -> int:
        """The next moment (ms UTC) behind ``now`` at which it is due, by the clock of the desk."""
        zone = ZoneInfo(settings.timezone)
        here = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
        hour, minute = map(int, self.at(settings).split(":"))
        for days in (0, 1):
            day = here.date() + timedelta(days)
            due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            if due > here:
                break
        return int(due.timestamp() * 1000)


def _nothing(_services: object) -> None:
    """A chore does nothing in a transaction."""


def _when_backed_up(settings: Settings) -> str:
    return settings.backup_at if settings.backup_folder else ""


CHORES = (
    Chore(BACKUP, _("Back up what is new"), DAILY, _nothing, "crm_core.nightly:back_up",
          _when_backed_up),
    Chore(PACK, _("Give back the space of old revisions"), DAILY, _nothing, "crm_core.nightly:pack",
          lambda settings: settings.pack_at),
    Chore(SWEEP, _("Forget logins that have run out and forms that were sent long ago"), DAILY, _nothing,
          "crm_core.nightly:sweep", lambda settings: SWEPT_AT, alone=False),
)

"""Settings: typed, read once from ``crm.ini`` in the data folder and from the environment.

An unknown ``crm.*`` key is an error: a misspelt setting that silently does nothing has cost somebody a night.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_core.errors import CrmError
from crm_core.i18n import LANGUAGES, TextFactory

_ = TextFactory("crm_core")

BACKGROUNDS = ("here", "worker", "none")
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
SETUP_CODE = "setup-code"
"""The file in the data folder with which the first account can be made on a page; gone as soon as there is one."""


def forget_setup_code(data: Path) -> None:
    """Somebody can sign in now: nobody may make the first account of this data folder any more."""
    (data / SETUP_CODE).unlink(missing_ok=True)


@dataclass(frozen=True)
class Settings:
    """One installation. Keys in ``crm.ini`` are ``crm.<name>``, in the environment ``CRM_<NAME>``."""

    data: Path
    """The data folder: database, blobs, index, socket."""
    zodburi: str = field(default="", repr=False)  # it may hold a password
    """Storage by URI (``zeo://…``, ``postgres://…``); empty: FileStorage in the data folder."""
    search: str = "whoosh"
    """The full text backend: a name of the entry point group ``crm.search``, or ``none``."""
    search_dsn: str = field(default="", repr=False)
    """Where PostgreSQL keeps full text (libpq's words or URI), if not in the database of ``zodburi``."""
    reports: str = ""
    """Where the report tables lie, as a URL of SQLAlchemy; empty: in a file of the data folder, or in the PostgreSQL of
    ``zodburi``; ``none``: nowhere."""
    plugins_disabled: tuple[str, ...] = ()
    """Plugins that are installed but not to be loaded."""
    plugins_required: tuple[str, ...] = ()
    """Plugins without which the application must not start."""
    organisation: str = ""
    """The name shown on every page."""
    language: str = "fa"
    timezone: str = "Asia/Tehran"
    upload_megabytes: int = 20
    """The largest file taken, in MB."""
    session_hours: int = 10
    """How long a login lasts."""
    https: bool = False
    """The site is served by https: cookies are marked Secure."""
    backup_folder: str = ""
    """Where backups are put; the health page looks how old the newest one is."""
    backup_days: int = 90
    """How long backups are kept: receipts of erasures say until when a copy may hold the person."""
    backup_at: str = "02:00"
    """When the night's backup into ``backup_folder`` is made; empty: somebody else makes it."""
    backup_late_hours: int = 48
    """How old the newest backup may get before administrators are warned."""
    pack_at: str = "03:30"
    """When the space of old revisions is given back; empty: somebody else runs ``crm pack``."""
    pack_days: int = 1
    """The history that a pack keeps, in days."""
    background: str = "here"
    """Where the work is done that a web process does beside answering: ``here``, in a ``worker`` (a process of ``crm
    worker``; only where the storage is a server's), or ``none``, for a process that only answers."""
    trace_hooks: bool = False
    """Each call of a plugin's hook is told in the log: the plugin, the hook, how long it took, its answer in short."""

    @property
    def is_file_storage(self) -> bool:
        """Whether the data lies in a FileStorage of the data folder, which locks other writing processes out."""
        return not self.zodburi


def read_settings(data: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings for the data folder ``data``. Raises CrmError naming the key that is unknown or not readable."""
    settings = Settings(data=data)
    for key, value in _from_file(data / "crm.ini").items():
        settings = _with(settings, key.removeprefix("crm.").replace(".", "_"), value, key)
    for one in fields(Settings):
        variable = f"CRM_{one.name.upper()}"
        setting = (os.environ if environ is None else environ).get(variable)
        if setting is not None and one.name != "data":
            settings = _with(settings, one.name, setting, variable)
    return settings


def demand_worker_possible(settings: Settings) -> None:
    """Raise CrmError where the settings leave the background work to a worker that could not open the storage."""
    if settings.background == "worker" and settings.is_file_storage:
        raise CrmError(_("The setting “crm.background” says “worker”, but the data lies in a file that one process "
                         "holds. Say “here”, or move the data to a server (crm.zodburi)."))


def sources(data: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where each setting comes from, by its name: ``CRM_…`` in the environment, ``crm.…`` in crm.ini, or ``""``."""
    found = {key.removeprefix("crm.").replace(".", "_"): key for key in _from_file(data / "crm.ini")}
    for one in fields(Settings):
        variable = f"CRM_{one.name.upper()}"
        if variable in (os.environ if environ is None else environ) and one.name != "data":
            found[one.name] = variable
    return {one.name: found.get(one.name, "") for one in fields(Settings)}


def _from_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))  # editors add a mark of order
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        values = {"file": path.name, "reason": str(error)}
        raise CrmError(_("${file} cannot be read: ${reason}", mapping=values)) from error
    sections = (parser.items(section) for section in parser.sections())
    items = chain(parser.defaults().items(), *sections)
    return {key: value for key, value in items if key.startswith("crm.")}


def _with(settings: Settings, name: str, value: str, key: str) -> Settings:
    known = {one.name for one in fields(Settings)} - {"data"}
    if name not in known:
        raise CrmError(_("There is no setting “${key}”.", mapping={"key": key}))
    current = getattr(settings, name)
    parsed: object = value.strip()
    if isinstance(current, tuple):
        parsed = tuple(value.replace(",", " ").split())
    elif isinstance(current, bool):
        parsed = _boolean(value, key)
    elif isinstance(current, int):
        if not value.strip().isdecimal() or len(value.strip()) > 9 or int(value) <= 0:
            raise CrmError(_("The setting “${key}” must be a whole number above zero.", mapping={"key": key}))
        parsed = int(value)
    if name in ("backup_at", "pack_at") and parsed and TIME_OF_DAY.fullmatch(str(parsed)) is None:
        raise CrmError(_("The setting “${key}” must be a time of day such as 02:00.", mapping={"key": key}))
    if name == "language" and parsed not in LANGUAGES:
        raise CrmError(_("The setting “${key}” must be one of ${values}.",
                         mapping={"key": key, "values": ", ".join(LANGUAGES)}))
    if name == "background" and parsed not in BACKGROUNDS:
        raise CrmError(_("The setting “${key}” must be one of ${values}.",
                         mapping={"key": key, "values": ", ".join(BACKGROUNDS)}))
    if name == "timezone" and not _is_timezone(value.strip()):
        raise CrmError(_("The setting “${key}” must be a time zone such as Asia/Tehran.", mapping={"key": key}))
    return replace(settings, **{name: parsed})  # type: ignore[arg-type]  # checked by type above


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones raises OSError
        return False
    return True


def _boolean(value: str, key: str) -> bool:
    word = value.strip().lower()
    if word in ("yes", "true", "on", "1"):
        return True
    if word in ("no", "false", "off", "0", ""):
        return False
    raise CrmError(_("The setting “${key}” must be yes or no.", mapping={"key": key}))

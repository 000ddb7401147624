"""Settings: typed, read once from ``crm.ini`` in the data folder and from the environment.

An unknown ``crm.*`` key is an error: a misspelt setting that silently does nothing has cost somebody a night.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_core.errors import CrmError
from crm_core.i18n import LANGUAGES, TextFactory

_ = TextFactory("crm_core")


@dataclass(frozen=True)
class Settings:
    """One installation. Keys in ``crm.ini`` are ``crm.<name>``, in the environment ``CRM_<NAME>``."""

    data: Path
    """The data folder: database, blobs, index, socket."""
    zodburi: str = ""
    """Storage by URI (``zeo://…``, ``postgres://…``); empty: FileStorage in the data folder."""
    search: str = "whoosh"
    """The full text backend: a name of the entry point group ``crm.search``, or ``none``."""
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

    @property
    def is_file_storage(self) -> bool:
        """Whether the data lies in a FileStorage of the data folder, which locks other writing processes out."""
        return not self.zodburi


def read_settings(data: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings for the data folder ``data``. Raises CrmError naming the key that is unknown or not readable."""
    settings = Settings(data=data)
    for key, value in _from_file(data / "crm.ini").items():
        settings = _with(settings, key.removeprefix("crm.").replace(".", "_"), value, key)
    for field in fields(Settings):
        variable = f"CRM_{field.name.upper()}"
        setting = (os.environ if environ is None else environ).get(variable)
        if setting is not None and field.name != "data":
            settings = _with(settings, field.name, setting, variable)
    return settings


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
    known = {field.name for field in fields(Settings)} - {"data"}
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
    if name == "language" and parsed not in LANGUAGES:
        raise CrmError(_("The setting “${key}” must be one of ${values}.",
                         mapping={"key": key, "values": ", ".join(LANGUAGES)}))
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

"""Where the report tables of an installation lie, and the entry point by which they are fed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.projections import local_place
from crm_core.reporting.tables import ReportTables
from crm_core.settings import Settings
from crm_core.storage import ELSEWHERE, LIBPQ, POSTGRESQL, split

if TYPE_CHECKING:
    from crm_core.app import App

_ = TextFactory("crm_core")
FILE = "reports.sqlite"
NONE = "none"
DRIVER = "postgresql+psycopg2"


def url_of(settings: Settings) -> str:
    """The SQLAlchemy URL of the tables: that of the setting, the database of the storage, or a file; "" for none.

    Raises CrmError for a setting that is no URL, or names a database that is not offered.
    """
    if settings.reports == NONE:
        return ""
    if settings.reports:
        return _checked(settings.reports)
    if settings.zodburi.partition(":")[0] in POSTGRESQL:
        return _of_storage(settings.zodburi)
    return f"sqlite:///{settings.data.absolute() / FILE}"


def projection(app: App) -> ReportTables | None:
    """The report tables of an installation; what the entry point group ``crm.projections`` takes from here."""
    url = url_of(app.settings)
    if not url:
        return None
    if url.startswith("sqlite"):
        return ReportTables(app.db, url, local_place(app.settings.data / FILE))
    try:
        importlib.import_module("psycopg2")  # the tables are opened later; that they cannot be is said now
    except ImportError as error:
        raise CrmError(_("Report tables in PostgreSQL need psycopg2: pip install 'crm-core[postgres]'.")) from error
    return ReportTables(app.db, url, "postgresql")


def _checked(text: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in ("sqlite", "postgresql", DRIVER):
        # The text may hold a password: it is not repeated.
        raise CrmError(_("The setting crm.reports must be “none”, or a URL that begins with sqlite:/// or "
                         "postgresql://."))
    drivername = url.drivername if url.drivername == "sqlite" else DRIVER
    return url.set(drivername=drivername).render_as_string(hide_password=False)


def _of_storage(uri: str) -> str:
    """The storage's own database, with what its URI says of how to get there."""
    parts = split(uri)
    names = LIBPQ if parts.hostname else {**LIBPQ, **{name: name for name in ELSEWHERE}}
    words = [(names[name], value) for name, value in parse_qsl(parts.query) if name in names]
    return f"{DRIVER}://{parts.netloc}{parts.path}{f'?{urlencode(words)}' if words else ''}"

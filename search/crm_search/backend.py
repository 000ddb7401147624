"""Which full text an installation has: the setting ``crm.search`` is a name of the entry point group ``crm.search``.

Each entry is a function ``(settings, read_only) -> TextSearch``; those here import their libraries when they are asked,
since only Whoosh comes with every installation. A new backend begins empty: ``crm reindex``, or the server, fills it.
"""

from __future__ import annotations

import importlib

import crm_core.app
from crm_core.errors import CrmError
from crm_core.i18n import TextFactory
from crm_core.services.textsearch import TextSearch
from crm_core.settings import Settings
from crm_core.storage import POSTGRESQL, libpq, split

_ = TextFactory("crm_search")

FOLDER = "index"
"""In the data folder; one backend at a time has its files there, and removes those of another one."""


def open_search(settings: Settings, read_only: bool = False) -> TextSearch:
    """The full text that the settings name. Raises CrmError when there is no such one, or its library is missing."""
    return crm_core.app.open_search(settings, read_only)


def whoosh(settings: Settings, read_only: bool) -> TextSearch:
    """Whoosh, in the data folder: the default."""
    from crm_search import whoosh_index

    return whoosh_index.open_search(settings.data / FOLDER, read_only=read_only)


def tantivy(settings: Settings, read_only: bool) -> TextSearch:
    """tantivy, in the data folder of one machine."""
    _demand("tantivy", "tantivy", "tantivy")
    from crm_search import tantivy_index

    return tantivy_index.open_search(settings.data / FOLDER, read_only=read_only)


def postgres(settings: Settings, read_only: bool) -> TextSearch:
    """PostgreSQL: the database of ``crm.search_dsn``, else that of the storage."""
    _demand("psycopg2", "postgres", "postgres")
    from crm_search import postgres_index

    return postgres_index.open_search(dsn(settings), read_only, instead_of=settings.data / FOLDER)


def dsn(settings: Settings) -> str:
    """Where PostgreSQL keeps full text, in libpq's words. Raises CrmError when neither setting says it, or the one that
    does cannot be read; libpq's own message would repeat it with the password."""
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import make_dsn, parse_dsn

    if settings.search_dsn:
        try:
            words = parse_dsn(settings.search_dsn)
        except ProgrammingError:
            words = None
        if words is None or not all(port.isdecimal() for port in words.get("port", "0").split(",") if port):
            raise CrmError(_("The setting crm.search_dsn cannot be read. It looks like host=HOST port=5432 dbname=NAME "
                             "user=USER password=PASSWORD.")) from None
        return settings.search_dsn
    if settings.zodburi.partition("://")[0] not in POSTGRESQL:
        raise CrmError(_("Full text in PostgreSQL needs a database: set crm.search_dsn, or keep the data in PostgreSQL "
                         "(crm.zodburi)."))
    return str(make_dsn(**libpq(split(settings.zodburi))))


def _demand(module: str, backend: str, extra: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        values = {"backend": backend, "module": module, "command": f"pip install 'crm-core[{extra}]'"}
        raise CrmError(_("Full text by “${backend}” needs the library ${module}, which is not installed: ${command}",
                         mapping=values)) from error

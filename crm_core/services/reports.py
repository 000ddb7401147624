"""Reports of plugins: who may read which, and the rows of one for a period, looked over before anybody sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from transaction.interfaces import TransientError

from crm_core.contributions import Column, Report
from crm_core.errors import CrmError, NotFound, contained
from crm_core.i18n import TextFactory
from crm_core.model.jar import has_changes
from crm_core.services.clock import Clock
from crm_core.services.context import Context

_ = TextFactory("crm_core")
MOST = 10_000
"""Rows of one report; what is behind them is not asked for."""
LARGEST = 10**18
"""Numbers are smaller: spreadsheets and people read no more digits."""


class ReportFailed(CrmError):
    """A plugin's report could not be made."""

    def __init__(self, plugin: str) -> None:
        super().__init__(_("The plugin “${plugin}” could not make this report.", mapping={"plugin": plugin}))
        self.plugin = plugin


@dataclass(frozen=True)
class Table:
    """The rows of a report, each with the values of its columns in their order (None: empty); ``cut``: there are
    more."""

    report: Report
    rows: list[tuple[Any, ...]]
    cut: bool


class Reports:
    def __init__(self, context: Context) -> None:
        self.context = context

    def offered(self) -> list[Report]:
        """The reports that the one who acts may read, in order of their ids."""
        return [report for _id, (_plugin, report) in sorted(self.context.registry.reports.items())
                if self.context.identity.has(report.permission)]

    def get(self, id_: str) -> Report:
        """A report by its id. Raises NotFound, Forbidden."""
        return self._found(id_)[1]

    def table(self, id_: str, since: int, until: int, most: int = MOST) -> Table:
        """The rows of the period from ``since`` up to but not including ``until`` (milliseconds UTC).

        Raises NotFound, Forbidden, and ReportFailed when the plugin raises, writes, or gives what is no row of its
        columns; that is noted.
        """
        plugin, report = self._found(id_)
        clock = self.context.services.clock
        try:
            # What a report does not read while its rows are taken, it can still raise: all of it happens in here.
            with contained():
                found = list(islice(report.rows(self.context.services, since, until), most + 1))
                rows = [_checked(report.columns, row, clock) for row in found[:most]]
                self._demand_unchanged(report)
        except TransientError:
            raise
        except Exception as error:
            self.context.host.note(plugin, f"report {id_}", error)
            raise ReportFailed(plugin) from error
        return Table(report, rows, len(found) > most)

    def _found(self, id_: str) -> tuple[str, Report]:
        found = self.context.registry.reports.get(id_)
        if found is None:
            raise NotFound
        self.context.identity.demand(found[1].permission)
        return found

    def _demand_unchanged(self, report: Report) -> None:
        if has_changes(self.context.root._p_jar):
            raise TypeError(f"the report {report.id} changed something; it may only read")


def _checked(columns: Iterable[Column], row: Mapping[str, Any], clock: Clock) -> tuple[Any, ...]:
    return tuple(_value(column, row.get(column.name), clock) for column in columns)


def _value(column: Column, value: Any, clock: Clock) -> Any:
    """A value that fits its column and that every page can show, days as dates. Raises TypeError, ValueError and
    OverflowError for others."""
    if value is None:
        return None
    if column.kind == "date":
        value = _day(value, clock)
        fits = value is not None
    elif column.kind == "text":
        words = (value,) if isinstance(value, str) else tuple(value.values()) if isinstance(value, Mapping) else ()
        fits = bool(words) and all(isinstance(one, str) and one.encode() is not None for one in words)
    else:
        fits = (type(value) is int or (type(value) is float and column.kind != "money")) and abs(value) < LARGEST
    if not fits:
        raise TypeError(f"the column {column.name!r} is of the kind {column.kind!r} and cannot hold {value!r}")
    return value


def _day(value: Any, clock: Clock) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return date.fromisoformat(value)
    return clock.day(value) if type(value) is int else None

"""Every hook of the product, by phase of life. What is not here or in ``crm_core.api`` is not the API.

A plugin is one module that implements some of these with ``@hookimpl``. Each plugin is called alone, in order of
its id, so that one that fails never discards what the others said. The docstring of a hook has fixed parts, each on a
line of its own that begins with its name: the hook reference is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from crm_core.contributions import Contribution, DayTime, Draft, StatusChange
from crm_core.i18n import Text
from crm_core.model.plain import Plain

if TYPE_CHECKING:
    from crm_core.model.contact import Contact
    from crm_core.model.request import Request
    from crm_core.model.timeline import Event
    from crm_core.services import Services

PROJECT = "crm"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hook specifications."""

    # ── start ────────────────────────────────────────────────────────────────────────────────────────────

    @hookspec
    def contribute(self) -> Iterable[Contribution]:  # type: ignore[empty-body]  # a specification has no body
        """Say what the plugin adds: request types, permissions, collections, panels, menu items and so on.

        When: once, at the start of the application, before the database is looked at.
        Arguments: none.
        Returns: frozen dataclasses of ``crm_core.api``; their ids start with the plugin's id and a dot.
        May raise: anything that keeps the plugin from working, such as a missing library.
        When it fails: the plugin is left out of this start, with all it adds; administrators see it named, with the
            reason. An id that somebody else has, or a duty that is not declared, counts as a failure.
        Since: API 1.
        """

    @hookspec
    def configure(self, config: Any) -> None:
        """Add pages: the one imperative hatch, with a Pyramid ``Configurator``.

        When: at the start of the web application, first on a throw-away configurator, so it runs more than once.
        Arguments: ``config``, a Configurator that may add routes, views and static views; routes lie below
            ``/plugins/<id>/`` and every view names a permission.
        Returns: nothing.
        May raise: anything that keeps the pages from working.
        When it fails: the plugin is refused and named, like one that fails in ``contribute``; so is one whose pages
            clash with others.
        Since: API 1.
        """

    # ── decisions ────────────────────────────────────────────────────────────────────────────────────────

    @hookspec
    def assign(self, services: Services, draft: Draft) -> int | None:
        """Decide which unit a new request goes to.

        When: while a request of a type of this plugin is registered and nobody has named a unit; before
            ``before_submit``. It runs again when the transaction is tried again: it must not write.
        Arguments: ``services`` of this transaction; ``draft``, the request about to be stored.
        Returns: the id of a unit, or None to let the core decide (the unit that administrators have set for the type,
            else that of the one who registers).
        May raise: nothing that is expected.
        When it fails: the core decides, and the failure is noted; so too for a unit that does not exist or is closed.
        Since: API 1.
        """

    @hookspec
    def due_date(self, services: Services, draft: Draft) -> int | None:
        """Decide until when a new request must be answered.

        When: while a request of a type of this plugin is registered and nobody has named a deadline; before
            ``before_submit``. It runs again when the transaction is tried again: it must not write.
        Arguments: ``services`` of this transaction (``services.clock`` knows days); ``draft``, the request about to be
            stored.
        Returns: a moment in milliseconds UTC, or None to let the core decide (the days of the type).
        May raise: nothing that is expected.
        When it fails: the core decides, and the failure is noted; so it is with what is no moment.
        Since: API 1.
        """

    # ── inside the transaction ───────────────────────────────────────────────────────────────────────────

    @hookspec
    def before_submit(self, services: Services, draft: Draft) -> None:
        """Look at a request before it is stored; claim what it needs, or refuse it.

        When: in the transaction of the registration, for request types of this plugin only, and again when a conflict
            makes the transaction run again: touch nothing but ``services``.
        Arguments: ``services`` of this transaction; ``draft``, the request about to be stored.
        Returns: nothing.
        May raise: ``Veto("a sentence for the clerk", "field")`` to refuse politely.
        When it fails: the registration is aborted, the plugin is named, and what was typed is kept.
        Since: API 1.
        """

    @hookspec
    def before_change(self, services: Services, request: Request, changes: Mapping[str, Any]) -> None:
        """Look at an edit of a request before it is stored; refuse it, or keep what belongs to it in step.

        When: in the transaction of the edit, for request types of this plugin only, when something really differs; and
            again when a conflict makes the transaction run again. Status and referral are no edits.
        Arguments: ``services`` of this transaction; ``request`` as it still is; ``changes``, the new values by name:
            ``title``, ``text``, ``priority``, ``due`` (milliseconds UTC or None), ``confidentiality``, or ``answers``
            (a mapping of the form's checked values).
        Returns: nothing.
        May raise: ``Veto("a sentence for the clerk", "field")`` to refuse politely.
        When it fails: the edit is aborted, the plugin is named, and what was typed is kept. Without the plugin, edits
            go on without it.
        Since: API 1.
        """

    @hookspec
    def before_status(self, services: Services, request: Request, change: StatusChange) -> None:
        """Look at a change of status before it is stored; refuse it, or do what belongs to it.

        When: in the transaction of the change, for request types of this plugin only, and again when a conflict makes
            the transaction run again.
        Arguments: ``services`` of this transaction; ``request`` as it still is; ``change``, from where to where.
        Returns: nothing.
        May raise: ``Veto("a sentence for the clerk", "field")`` to refuse politely.
        When it fails: the change is aborted, the plugin is named, and what was typed is kept. Without the plugin,
            statuses change without it.
        Since: API 1.
        """

    @hookspec
    def contacts_merging(self, services: Services, kept: Contact, other: Contact) -> None:
        """Prepare for two records becoming one citizen; refuse where that cannot be.

        When: in the transaction of the merge, before the two are linked, for every plugin. What fields and collections
            declare (``on_merge``) the core does itself. A merge can be taken back, so do nothing that cannot.
        Arguments: ``services`` of this transaction; ``kept``, the record that goes on; ``other``, which joins it.
        Returns: nothing.
        May raise: ``Veto("a sentence for the clerk")`` to refuse politely.
        When it fails: the merge is aborted, the plugin is named, and what was typed is kept.
        Since: API 1.
        """

    @hookspec
    def export(self, services: Services, contact: Contact) -> Mapping[str, Plain] | None:
        """Add to the export of one person what the core cannot know of.

        When: while everything of a person is exported, for every plugin. Requests, contact fields and collections the
            core exports itself, as they declare (``on_export``); this is for what lies elsewhere. It must not write.
        Arguments: ``services`` that may read everything; ``contact``, the person's record (each linked one alone).
        Returns: plain data by name (see ``Plain``), or None for nothing to add.
        May raise: nothing that is expected.
        When it fails: the export goes on with the core's part and that of the others, says which plugin failed, and
            ends with exit code 1.
        Since: API 1.
        """

    @hookspec
    def erase(self, services: Services, contact: Contact) -> None:
        """Erase of a person what the core cannot know of.

        When: in the transaction of the erasure, before the core's own part, for every plugin. Requests, contact fields
            and collections the core erases itself, as they declare (``on_erase``); this is for what lies elsewhere.
        Arguments: ``services`` of this transaction; ``contact``, the record that goes.
        Returns: nothing.
        May raise: nothing that is expected; an erasure cannot be refused.
        When it fails: what the hook wrote is undone, the erasure goes on with the core's part and that of the others,
            and its receipt says which plugin failed (exit code 1).
        Since: API 1.
        """

    # ── pages ────────────────────────────────────────────────────────────────────────────────────────────

    @hookspec
    def timeline_entry(self, services: Services, request: Request, event: Event) -> Text | None:
        """Add one more line to a timeline entry of this plugin's requests.

        When: for each shown entry of a request type of this plugin; it must be quick and must not write.
        Arguments: ``services`` of the reader; ``request``; ``event``, what happened to it.
        Returns: a text, or None for nothing to add. It adds to what the core shows, it never replaces it.
        May raise: nothing that is expected.
        When it fails: the line is left out, and the failure is noted.
        Since: API 1.
        """

    @hookspec
    def day_times(self, services: Services, user_id: int, since: int, until: int) -> Sequence[DayTime] | None:
        """Say at which times somebody is expected in this plugin's matters, such as a meeting that was booked.

        When: for each sight of the work page, for every plugin; it must be quick and must not write.
        Arguments: ``services`` of the reader; ``user_id``, whose work it is; ``since`` and ``until``, the begin of the
            day and of the next one, milliseconds UTC.
        Returns: a list of ``DayTime``, or None. Each belongs to a request; those whose request the reader may not read
            in full, and those outside of the day, are not shown.
        May raise: nothing that is expected.
        When it fails: the page goes without the plugin's times, and the failure is noted; so it is with what is no
            list of ``DayTime``.
        Since: API 1.
        """

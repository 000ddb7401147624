"""The verbs of the core: one module a noun, each with explicit collaborators; `Services` holds one transaction's set.

Nothing here knows of HTML, HTTP or a request object of a web framework.
"""

from __future__ import annotations

from crm_core.i18n import Labels, Text
from crm_core.model.root import Root
from crm_core.security.identity import Identity
from crm_core.services.attachments import Attachments
from crm_core.services.clock import Clock
from crm_core.services.collections import Collections
from crm_core.services.contacts import Contacts
from crm_core.services.context import Context
from crm_core.services.duplicates import Duplicates
from crm_core.services.finder import Finder
from crm_core.services.forms import Forms
from crm_core.services.interactions import Interactions
from crm_core.services.once import Once
from crm_core.services.privacy import Privacy
from crm_core.services.requests import Requests
from crm_core.services.timeline import Timeline
from crm_core.services.units import Units
from crm_core.services.users import Users
from crm_core.services.visibility import Eyes


class Services:
    """All services of one transaction, for one identity. Made by `App`; plugins get it in hooks and views."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.clock = Clock(context.now, context.settings.timezone)
        self.units = Units(context)
        self.users = Users(context)
        self.contacts = Contacts(context)
        self.timeline = Timeline(context)
        self.interactions = Interactions(context, self.timeline)
        self.forms = Forms(context)
        self.requests = Requests(context, self.forms, self.timeline, context.host)
        self.attachments = Attachments(context)
        self.collections = Collections(context)
        self.duplicates = Duplicates(context)
        self.finder = Finder(context)
        self.once = Once(context)
        self.privacy = Privacy(context)
        self.eyes = Eyes(context.root, context.identity)

    @property
    def root(self) -> Root:
        return self.context.root

    @property
    def identity(self) -> Identity:
        return self.context.identity

    @property
    def now(self) -> int:
        """The moment of this transaction, milliseconds UTC."""
        return self.context.now

    def labels(self, text: Text) -> Labels:
        """A text in every language, as plain data to store."""
        return self.context.translator.labels(text)


__all__ = ["Services"]

"""The verbs of the core: one module a noun, each with explicit collaborators; `Services` holds one transaction's set.

Nothing here knows of HTML, HTTP or a request object of a web framework.
"""

from __future__ import annotations

from crm_core.i18n import Labels, Text, choose
from crm_core.model.root import Root
from crm_core.security.identity import Identity
from crm_core.services.approvals import Approvals
from crm_core.services.attachments import Attachments
from crm_core.services.audit_trail import AuditTrail
from crm_core.services.calendars import Calendars
from crm_core.services.channels import Channels
from crm_core.services.clock import Clock
from crm_core.services.collections import Collections
from crm_core.services.contactfields import FieldGroups
from crm_core.services.contacts import Contacts
from crm_core.services.context import Context
from crm_core.services.deadletters import DeadLetters
from crm_core.services.deadlines import Deadlines
from crm_core.services.duplicates import Duplicates
from crm_core.services.erasure import Erasure
from crm_core.services.escalation import Escalation
from crm_core.services.expiry import Expiry
from crm_core.services.export import Export
from crm_core.services.finder import Finder
from crm_core.services.forms import Forms
from crm_core.services.handover import Handover
from crm_core.services.interactions import Interactions
from crm_core.services.linking import Linking
from crm_core.services.messages import Messages
from crm_core.services.notices import Notices
from crm_core.services.once import Once
from crm_core.services.plugins import Plugins
from crm_core.services.privacy import Privacy
from crm_core.services.promises import Promises
from crm_core.services.receivers import Receivers
from crm_core.services.reports import Reports
from crm_core.services.requests import Requests
from crm_core.services.settings import SettingValues
from crm_core.services.targets import Targets
from crm_core.services.timeline import Timeline
from crm_core.services.timers import Timers
from crm_core.services.types import Types
from crm_core.services.units import Units
from crm_core.services.users import Users
from crm_core.services.visibility import Eyes
from crm_core.services.workbulk import Bulk
from crm_core.services.workflowediting import WorkflowEditing
from crm_core.services.workflows import Workflows
from crm_core.services.worklists import WorkLists
from crm_core.services.workviews import WorkViews


class Services:
    """All services of one transaction, for one identity. Made by `App`; plugins get it in hooks and views."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.clock = Clock(context.now, context.settings.timezone)
        self.channels = Channels(context)
        self.units = Units(context)
        self.users = Users(context)
        self.contacts = Contacts(context)
        self.contact_fields = FieldGroups(context)
        self.timeline = Timeline(context)
        self.interactions = Interactions(context, self.timeline)
        self.forms = Forms(context)
        self.receivers = Receivers(context)
        self.requests = Requests(context, self.forms, self.timeline, context.host)
        self.messages = Messages(context, self.interactions, self.requests)
        self.types = Types(context)
        self.calendars = Calendars(context)
        self.targets = Targets(context)
        self.deadlines = Deadlines(context, self.forms, self.timeline, context.host)
        self.escalation = Escalation(context, self.forms, self.timeline, context.host)
        self.workflow_editing = WorkflowEditing(context)
        self.approvals = Approvals(context, self.forms, self.timeline, context.host)
        self.workflows = Workflows(context, self.forms, self.timeline, context.host)
        self.handover = Handover(context, self.requests)
        self.audit_trail = AuditTrail(context)
        self.attachments = Attachments(context)
        self.collections = Collections(context)
        self.duplicates = Duplicates(context)
        self.linking = Linking(context)
        self.dead_letters = DeadLetters(context)
        self.timers = Timers(context)
        self.finder = Finder(context)
        self.notices = Notices(context)
        self.promises = Promises(context, self.timeline)
        self.once = Once(context)
        self.plugins = Plugins(context)
        self.settings = SettingValues(context)
        self.privacy = Privacy(context)
        self.export = Export(context)
        self.erasure = Erasure(context)
        self.expiry = Expiry(context)
        self.reports = Reports(context)
        self.eyes = Eyes(context.root, context.identity)
        self.work = WorkLists(context, self.clock, self.eyes)
        self.bulk = Bulk(self)
        self.work_views = WorkViews(context)
        context.services = self

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

    def words(self, text: Text) -> str:
        """A text in the language of the organisation: to be stored where one language is all there is room for."""
        return choose(self.labels(text), self.context.settings.language)


__all__ = ["Services"]

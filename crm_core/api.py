"""All that a plugin imports from the core. What is not in ``__all__`` here is not the API.

Pages of a plugin also import ``crm_views.api``; nothing else of ours.
"""

from crm_core import fields
from crm_core.contributions import (
    ApprovalBy,
    Channel,
    Collection,
    Column,
    ContactFields,
    Contribution,
    DayTime,
    Draft,
    Effect,
    Job,
    MenuItem,
    NotDone,
    Panel,
    Permission,
    Reader,
    Report,
    RequestPanel,
    RequestType,
    Setting,
    Status,
    StatusChange,
    Timer,
    Transition,
)
from crm_core.errors import CrmError, Forbidden, Invalid, NotFound, Taken, Veto
from crm_core.fields import Form
from crm_core.hookspecs import hookimpl
from crm_core.i18n import Labels, Text, TextFactory
from crm_core.model.attachment import Attachment
from crm_core.model.collection import Item
from crm_core.model.contact import Contact
from crm_core.model.ids import parse_id
from crm_core.model.interaction import Channel as CoreChannel
from crm_core.model.interaction import Direction, Interaction
from crm_core.model.journal import KINDS as JOURNAL_KINDS
from crm_core.model.journal import JournalEntry
from crm_core.model.plain import Plain
from crm_core.model.request import Category, Request
from crm_core.model.timeline import EntryKind, Event
from crm_core.security import Identity, Role
from crm_core.security import Permission as CorePermission
from crm_core.services import Services
from crm_core.services.visibility import Visibility
from crm_core.text.folding import fold
from crm_core.text.tracking import code_in_words
from crm_core.version import API_VERSION
from crm_core.workflow import REQUIREMENTS

__all__ = [
    "API_VERSION",
    "ApprovalBy",
    "Attachment",
    "Category",
    "Channel",
    "Collection",
    "Column",
    "Contact",
    "ContactFields",
    "Contribution",
    "CoreChannel",
    "CorePermission",
    "CrmError",
    "DayTime",
    "Direction",
    "Draft",
    "Effect",
    "EntryKind",
    "Event",
    "Forbidden",
    "Form",
    "Identity",
    "Interaction",
    "Invalid",
    "Item",
    "JOURNAL_KINDS",
    "Job",
    "JournalEntry",
    "Labels",
    "MenuItem",
    "NotDone",
    "NotFound",
    "Panel",
    "Permission",
    "Plain",
    "REQUIREMENTS",
    "Reader",
    "Report",
    "Request",
    "RequestPanel",
    "RequestType",
    "Role",
    "Services",
    "Setting",
    "Status",
    "StatusChange",
    "Taken",
    "Text",
    "TextFactory",
    "Timer",
    "Transition",
    "Veto",
    "Visibility",
    "code_in_words",
    "fields",
    "fold",
    "hookimpl",
    "parse_id",
]

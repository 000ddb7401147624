"""The words of the policy: the core's permissions and roles. Plugins add permissions of their own."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    CONTACT_FIND = "contact.find"
    CONTACT_VIEW = "contact.view"
    CONTACT_EDIT = "contact.edit"
    CONTACT_VIEW_CONFIDENTIAL = "contact.view_confidential"
    CONTACT_VIEW_SHIELDED = "contact.view_shielded"
    INTERACTION_LOG = "interaction.log"
    REQUEST_CREATE = "request.create"
    REQUEST_VIEW = "request.view"
    REQUEST_VIEW_ALL_UNITS = "request.view_all_units"
    REQUEST_VIEW_CONFIDENTIAL = "request.view_confidential"
    REQUEST_CHANGE_STATUS = "request.change_status"
    REQUEST_ASSIGN = "request.assign"
    DATA_IMPORT = "data.import"
    AUDIT_VIEW = "audit.view"
    ADMIN = "admin"


class Role(StrEnum):
    CLERK = "clerk"
    EXPERT = "expert"
    SUPERVISOR = "supervisor"
    EXECUTIVE = "executive"
    ADMINISTRATOR = "administrator"

"""A plugin written for an API that is no more."""

CRM_API_VERSION = 0

"""A plugin written for an API that is not there yet."""

CRM_API_VERSION = 999

"""The version of the plugin API: raised when something documented in ``crm_core.api`` or a hook changes."""

API_VERSION = 1
OLDEST_SUPPORTED = 1
"""A plugin written for an API version in ``OLDEST_SUPPORTED … API_VERSION`` runs."""

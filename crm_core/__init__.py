"""The headless core of the service desk: contacts, their history, requests, plugins, command line.

Nothing in here knows HTML or HTTP; ``crm_views`` and ``crm_search`` stand on top of it.
"""

__version__ = "0.1.0"

"""Complaints about a service, a place or an official, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

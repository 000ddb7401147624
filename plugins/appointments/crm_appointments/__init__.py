"""Meetings with the mayor: wanted days, slots, outcome, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

"""Surveys and satisfaction after closing, as a plugin of crm-core.

This module is the table of contents: it holds the hook implementations and nothing else.
"""

"""The verbs of the core: one module a noun, each with explicit collaborators.

Nothing here knows of HTML, HTTP or a request object of a web framework.
"""

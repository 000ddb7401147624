"""The staff desk: one module a noun, each with its views; `things` finds what an address names, `rows` draws it.

A view parses, calls one service and hands values to a template. What may be seen is asked of `Services.eyes` alone.
"""

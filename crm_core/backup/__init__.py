"""Backups: a folder of numbered sets, each with what was new since the one before and its hashes.

The same for every storage: what `storage.iterator` gives is written down, and `storage.restore` takes it back.
"""

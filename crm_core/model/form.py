"""Forms frozen at publication: what was asked, in every language, and what to do with each answer later."""

from __future__ import annotations

from typing import Any

from persistent import Persistent


class FormVersion(Persistent):
    """A published form, content-addressed: ``id`` is the digest of ``definition``.

    ``definition``: ``{"form": name, "fields": [{"name", "type", "labels", "choices"?, "personal", "required",
    "on_merge", "on_export", "on_erase", "expires_days"?, "shields"?, "depends_on"?, "groups"?, "currency"?}, …]}``, all
    plain; a group of contact fields has its ``title``, ``icon``, ``permission`` and ``unique`` beside the fields.
    ``groups`` are the [value of the other field, [values that belong to it]] of a dependent choice.
    """

    def __init__(self, id_: str, definition: dict[str, Any]) -> None:
        self.id = id_
        self.definition = definition

    @property
    def fields(self) -> list[dict[str, Any]]:
        return list(self.definition["fields"])

    def field(self, name: str) -> dict[str, Any] | None:
        return next((field for field in self.fields if field["name"] == name), None)

"""A person's own copy as a folder: ``contact.json`` for machines, ``index.md`` to be read, the files below ``files/``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_core import copies
from crm_core.i18n import Text, TextFactory
from crm_core.services.export import Person
from crm_core.services.exportwords import FIELDS, Words
from crm_core.services.plugins import with_id

_ = TextFactory("crm_core")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&])")


def write(person: Person, folder: Path, words: Words) -> int:
    """Write the copy into a folder that is new or empty; how many files of the citizen it holds. Raises CrmError."""
    copies.begin(folder)
    for number, (place, attachment, row) in enumerate(person.files, 1):
        row["path"] = copies.keep_file(folder, place, number, attachment)
    for name, text in (("contact.json", json.dumps(person.data, ensure_ascii=False, indent=2)),
                       ("index.md", "\n".join(page(person.data, words)))):
        with copies.create(folder / name) as target:
            target.write(text + "\n")
    return len(person.files)


# ── to be read ───────────────────────────────────────────────────────────────────────────────────────────────


def page(data: dict[str, Any], words: Words) -> list[str]:
    """The lines of ``index.md``."""
    return _Page(data, words).made()


class _Page:
    def __init__(self, data: dict[str, Any], words: Words) -> None:
        self.data = data
        self.words = words
        self.lines: list[str] = []

    def made(self) -> list[str]:
        who = self.data["records"][0]["name"] if self.data["records"] else ""
        self._head(1, self.words.text(_("What is stored of ${name}", mapping={"name": who})))
        self.lines += [_line(self.data["organisation"]), "", self._when(self.data["exported"]), ""]
        for record in self.data["records"]:
            self._record(record)
        self._list(_("Relations"), [f"{row['relation']}: {row['name'] or '…'}" for row in self.data["relations"]])
        for group in self.data["contact_fields"]:
            self._head(2, group["title"])
            self._fields(group["fields"])
        for request in self.data["requests"]:
            self._request(request)
        if self.data["interactions"]:
            self._head(2, self.words.text(_("Conversations")))
        for touch in self.data["interactions"]:
            self._interaction(touch)
        self._list(_("Promises"), [self._promise(one) for one in self.data["promises"]])
        for item in self.data["collections"]:
            self._head(2, item["title"])
            self._fields(item["fields"])
        for plugin, added in self.data["plugins"].items():
            self._head(2, self._plugin(plugin))
            self.lines += ["```json", *_code(json.dumps(added, ensure_ascii=False, indent=2)), "```", ""]
        self._end()
        return self.lines

    def _record(self, record: dict[str, Any]) -> None:
        self._head(2, f"{record['kind_words']}: {record['name']}")
        asked: tuple[tuple[Text, str], ...] = (
            (_("Name in Latin letters"), f"{record['latin_given']} {record['latin_family']}".strip()),
            (_("Gender"), record["gender_words"]),
            (_("Date of birth"), self.words.day(record["birth_date"]) if record["birth_date"] else ""),
            (_("In the records since"), self._when(record["created"])),
        )
        self._pairs([(self.words.text(label), said) for label, said in asked])
        self._pairs([(one["scheme_words"], self._identifier(one)) for one in record["identifiers"]])
        self._pairs([(self.words.text(_("Address")), self.words.text(_(", ")).join(map(str, one.values())))
                     for one in record["addresses"]])
        self._pairs([(self.words.text(_("Notes for the desk")), record.get("notes", ""))])
        changes = [f"{self._when(one['at'])}{self.words.text(_(', '))}{self.words.coded(FIELDS, one['field'])}: "
                   f"{self.words.parts(one['before'])} → {self.words.parts(one['after'])}"
                   for one in record["changes"]]
        self._list(_("Changes"), changes, 3)

    def _identifier(self, one: dict[str, Any]) -> str:
        gone = self.words.text(_("retired")) if one["retired"] else ""
        return self.words.text(_(", ")).join(part for part in (one["value"], one["label"], one["proof"], gone) if part)

    def _request(self, request: dict[str, Any]) -> None:
        self._head(2, f"{request['type_words']}: {request['title']}")
        asked: tuple[tuple[Text, str], ...] = (
            (_("Tracking code"), request["code"]), (_("Status"), request["status"]), (_("Unit"), request["unit"]),
            (_("Channel"), request["channel"]), (_("Registered"), self._when(request["registered"])),
            (_("Deadline"), self._when(request["due"])), (_("Closed"), self._when(request["closed"])),
        )
        self._pairs([(self.words.text(label), said) for label, said in asked])
        self._words(request["text"])
        self._fields(request["answers"])
        comma = self.words.text(_(", "))
        self._list(_("What happened"), [
            comma.join(filter(None, (self._when(one["at"]), one["what"], one.get("status"), one.get("unit"),
                                     one.get("reason"), one.get("note")))) for one in request["course"]], 3)
        self._files(request["files"])

    def _interaction(self, touch: dict[str, Any]) -> None:
        self._head(3, self.words.text(_(", ")).join(
            part for part in (self._when(touch["at"]), touch["channel"], touch["direction"], touch["subject"]) if part))
        self._words(touch["text"])
        self._files(touch["files"])

    def _promise(self, one: dict[str, Any]) -> str:
        parts = (one["what"], self._when(one["due"]), one["state_words"], self._when(one["ended"]), one.get("note", ""))
        return self.words.text(_(", ")).join(part for part in parts if part)

    def _end(self) -> None:
        names = {"answers": _("Answers"), "notes": _("Notes among colleagues"),
                 "internal": _("Conversations among colleagues")}
        rows = [f"{self.words.text(names.get(name, name))}: {self.words.number(count)}"
                for name, count in self.data["left_out"].items()]
        self._list(_("Left out"), rows)
        self._list(_("These plugins could not add their part"), [self._plugin(id_) for id_ in self.data["failed"]])

    def _plugin(self, id_: str) -> str:
        return with_id(self.data["plugin_titles"][id_], id_)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────

    def _when(self, at: str | None) -> str:
        if at is None:
            return ""
        return self.words.moment(int(datetime.fromisoformat(at).timestamp() * 1000))

    def _head(self, level: int, text: str) -> None:
        self.lines += [f"{'#' * level} {_line(text)}", ""]

    def _pairs(self, pairs: list[tuple[str, str]]) -> None:
        rows = [f"- {_line(label)}: {_line(said)}" for label, said in pairs if said]
        self.lines += [*rows, ""] if rows else []

    def _fields(self, fields: list[dict[str, Any]]) -> None:
        self._pairs([(one["label"], one["words"]) for one in fields])

    def _list(self, title: Text, rows: list[str], level: int = 2) -> None:
        if rows:
            self._head(level, self.words.text(title))
            self.lines += [*(f"- {_line(row)}" for row in rows), ""]

    def _words(self, text: str) -> None:
        if text:
            self.lines += [*(f"> {_line(line)}" for line in text.splitlines()), ""]

    def _files(self, files: list[dict[str, Any]]) -> None:
        self._pairs([(self.words.text(_("File")), f"{one['name']} ({one['path']})") for one in files])


def _line(text: str) -> str:
    """Words on one line that mean nothing to a reader of Markdown, nor turn the line around."""
    flat = " ".join(str(text).split())
    flat = "".join(char for char in flat if unicodedata.category(char) not in ("Cc", "Cs")
                   and char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return _MARKDOWN.sub(r"\\\1", flat)


def _code(text: str) -> list[str]:
    return [line.replace("```", "'''") for line in text.splitlines()]

"""Backups and packs on the page of health: when, which, looked through or not, and what went wrong, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_core.i18n import Text, TextFactory

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")
Facts = list[tuple[str, str, bool]]
KINDS: dict[str, Text] = {"full": _("a full copy"), "increment": _("what was new")}


def backup(request: Request, facts: dict[str, Any], tone: str) -> Text:
    """One sentence on the newest backup."""
    if not facts["folder"]:
        return _("No backup has been seen yet. One should be made every night.")
    if facts["failures"]:
        return _("The night's backup failed. What it says stands below; until it is mended there is no newer copy.")
    if facts["newest"] is None:
        return _("There is no backup in the folder for backups.")
    when = {"when": request.ui.show.datetime(facts["newest"])}
    verified = facts["verified"]
    if verified is not None and verified["problems"]:
        return _("The backup of ${when} is damaged: run “crm backup --verify”, then “crm backup --full”.", mapping=when)
    if tone == "good":
        return _("The newest backup is of ${when}.", mapping=when)
    if facts["damaged"]:
        return _("The newest backup is of ${when}. Older ones are damaged: look at the disk on which they lie.",
                 mapping=when)
    return _("The newest backup is of ${when}: that is too long ago.", mapping=when)


def backup_facts(request: Request, facts: dict[str, Any]) -> Facts:
    show = request.ui.show
    if not facts["folder"]:
        return [(show.text(_("Setting")), "crm.backup_folder", True),
                (show.text(_("How it is done")), "docs/operator/backup.md", True)]
    rows = [(show.text(_("Folder")), facts["folder"], True)]
    if facts["set"]:
        rows += [(show.text(_("Set")), facts["set"], True),
                 (show.text(_("It holds")), show.text(KINDS.get(facts["kind"], facts["kind"])), False)]
        verified = facts["verified"]
        words = show.text(_("not yet")) if verified is None else show.datetime(verified["at"])
        rows.append((show.text(_("Looked through")), words, False))
    if facts["damaged"]:
        rows.append((show.text(_("Damaged")), ", ".join(facts["damaged"]), True))
    if facts["error"]:
        rows.append((show.text(_("What it says")), facts["error"], True))
    rows.append((show.text(_("Made every night at")),
                 show.digits(facts["at"]) if facts["at"] else show.text(_("never by itself")), False))
    return rows


def pack(request: Request, facts: dict[str, Any], tone: str) -> Text:
    """One sentence on the last pack that was made at its hour."""
    show = request.ui.show
    if facts["failures"]:
        return _("Old revisions could not be given back last night. What it says stands below.")
    if not facts["at"]:
        return _("Old revisions are not given back by themselves; run “crm pack” every night.")
    result = facts["result"]
    if facts["done"] is None or result is None:
        return _("Old revisions are given back at night, at ${time}.", mapping={"time": show.digits(facts["at"])})
    gained = max(0, result["before"] - result["after"])
    return _("Last done ${when}: ${size} were given back.",
             mapping={"when": show.datetime(facts["done"]), "size": show.size(gained)})


def pack_facts(request: Request, facts: dict[str, Any]) -> Facts:
    show = request.ui.show
    rows = [(show.text(_("Days of history kept")), show.number(facts["days"]), False)]
    return [*rows, (show.text(_("What it says")), facts["error"], True)] if facts["error"] else rows

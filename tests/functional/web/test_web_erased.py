"""Who is erased leaves no draft and no kept form, however the address of its page was written."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from webtest import TestApp

from crm_core.text.digits import localise
from crm_core.text.tracking import group_code
from crm_views.installation import private_folder
from crm_views.keeping import Draft, Keeper


def test_erasing_somebody_drops_all_that_was_typed_about_him(web: TestApp, desk: Any) -> None:
    citizen, other = desk.contact(), desk.contact()
    code, user = desk.case(citizen), desk.who["clerk"].user_id
    keeper = Keeper(private_folder(desk.app.settings.data, "kept-forms"))
    places = [
        f"/contacts/{citizen}/edit", f"/requests/{code}/status", f"/requests/{group_code(code)}/assign",
        f"/requests/{quote(localise(group_code(code), 'fa'))}/assign", f"/x?next={quote(f'/requests/{code}', safe='')}",
    ]
    for place in (*places, f"/contacts/{other}/edit"):
        keeper.save(user, Draft(place, "form", [("note", "SecretText")], key="k", writer="w", page=place), 0)
    keeper.keep(user, places[3], [("note", "SecretText")])

    desk.run(lambda services: services.privacy.erase(services.contacts.get(citizen)))

    assert [draft.place for draft in keeper.drafts(user)] == [f"/contacts/{other}/edit"]
    assert len([file for file in keeper.folder.iterdir() if "SecretText" in file.read_text()]) == 1

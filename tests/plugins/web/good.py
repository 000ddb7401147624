"""A plugin that behaves: a form with every kind of field, a panel, a line in the timeline, pages of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crm_core import api
from crm_views import api as views

CRM_API_VERSION = 1
SEE = "good.see"
_NEW, _DONE = api.Status("new", api.Category.NEW, "Wished"), api.Status("granted", api.Category.DONE, "Granted")


class WishForm(api.Form):
    """One field of each kind, and one whose name a common field has too."""

    wish = api.fields.text("Wish", personal=True)
    story = api.fields.long_text("Story", required=False, personal=True)
    where = api.fields.place("Where", required=False, personal=True)
    count = api.fields.integer("How many", required=False, least=1, most=10)
    until = api.fields.date("Until", required=False)
    loud = api.fields.boolean("Aloud")
    size = api.fields.choice("Size", (("small", "Small"), ("large", "Large")), required=False)
    days = api.fields.choices("Days", (("sat", "Saturday"), ("sun", "Sunday")), required=False)
    about = api.fields.staff("About whom", required=False, shields=True)
    priority = api.fields.text("Rank", required=False)


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.RequestType("good.wish", "Wish", WishForm, (_NEW, _DONE), title_from=("wish",), due_days=3)
    yield api.Permission(SEE, "See wishes", frozenset({api.Role.CLERK, api.Role.SUPERVISOR}))
    yield api.Collection("good.stars", "Stars")
    yield api.Panel("good.panel", "Wishes", str(Path(__file__).with_name("good_panel.pt")), _panel)
    yield api.MenuItem("good.menu", "All wishes", "/plugins/good/list", SEE)


def _panel(services: api.Services, contact: api.Contact) -> Mapping[str, Any] | None:
    wishes = services.requests.readable_of(contact, "good.wish")
    return {"count": len(wishes)} if wishes else None


@api.hookimpl
def before_submit(services: api.Services, draft: api.Draft) -> None:
    if draft.values["wish"] == "the moon":
        raise api.Veto("The moon is not ours to give.", "wish")


@api.hookimpl
def timeline_entry(services: api.Services, request: api.Request, event: api.Event) -> api.Text | None:
    return "A star fell." if event.kind == api.EntryKind.REGISTERED else None


@api.hookimpl
def configure(config: Any) -> None:
    config.add_route("good.list", "/plugins/good/list")
    config.add_view(_list, route_name="good.list", permission=SEE)
    config.add_route("good.write", "/plugins/good/write")
    config.add_view(_write, route_name="good.write", permission=SEE)


def _list(request: views.Request) -> views.Response:
    number = len(views.services_of(request).collections["good.stars"])
    return views.Response(f"{number} stars")


def _write(request: views.Request) -> views.Response:
    views.services_of(request).collections["good.stars"].add({"bright": True})
    return views.redirect("/plugins/good/list")

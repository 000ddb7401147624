"""A plugin that does everything right: what the others break must not touch it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm_core import api

CRM_API_VERSION = 1


class Form(api.Form):
    """A request for a tree in front of the door."""

    kind = api.fields.choice("Kind", (("plane", "Plane tree"), ("elm", "Elm")))
    place = api.fields.place("Place", personal=True)
    wish = api.fields.choice("Day", lambda services, contact: (("today", f"Today, {services.identity.login}"),),
                             required=False)


class GardenForm(api.Form):
    """What a gardener says of himself."""

    number = api.fields.code("Number of the garden", personal=True)


@api.hookimpl
def contribute() -> Iterable[api.Contribution]:
    yield api.RequestType(
        "good.tree", "A tree", Form,
        (api.Status("asked", api.Category.NEW, "Asked for"), api.Status("planted", api.Category.DONE, "Planted")),
        title_from=("kind", "place"), due_days=30,
    )
    yield api.Permission("good.plant", "Plant trees", frozenset({api.Role.EXPERT}))
    yield api.Collection("good.spots", "Spots", exact=("street",), ranges=("free_from",), unique=("number",))
    yield api.ContactFields("good.garden", "Garden", GardenForm, unique=("number",))
    yield api.MenuItem("good.menu", "Trees", "/plugins/good/trees", "good.plant")


@api.hookimpl
def before_submit(services: api.Services, draft: api.Draft) -> None:
    if draft.values.get("place") == "the middle of the road":
        raise api.Veto("A tree needs earth around it.", field="place")


@api.hookimpl
def before_status(services: api.Services, request: api.Request, change: api.StatusChange) -> None:
    if change.note == "in winter":
        raise api.Veto("Trees are planted in autumn.")


@api.hookimpl
def timeline_entry(services: api.Services, request: api.Request, event: api.Event) -> api.Text | None:
    answers: Any = request.submission.answers if request.submission is not None else {}
    return f"{answers['kind']['value']}!" if event.kind == api.EntryKind.REGISTERED else None

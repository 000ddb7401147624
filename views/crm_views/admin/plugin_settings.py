"""The settings of one plugin, on its page: decided in a form while it takes part, readable while it is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import colander
from pyramid.response import Response

from crm_core.errors import NotFound
from crm_core.i18n import TextFactory
from crm_core.registry import PublishedSetting
from crm_core.services.forms import plain_value
from crm_core.services.settings import decision
from crm_views.desk.answers import words
from crm_views.desk.contactfields import for_form
from crm_views.desk.things import saved, sent_before
from crm_views.forms import Look, Submission, handle
from crm_views.forms.revisions import Fields

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")


def decide(request: Request, plugin: str) -> dict[str, Any] | Response:
    """``form``, in which the settings are decided, or None; else ``decided``: what they are called and say.

    Raises NotFound for what is sent to a plugin that has no settings, or is away.
    """
    services = request.services
    published = services.settings.of(plugin)
    if not published:
        if request.method == "POST":
            raise NotFound
        decided = [{"title": request.ui.show.text(field["labels"]), "words": words(request, field, answer)}
                   for field, answer in services.settings.decided(plugin)]
        return {"form": None, "decided": decided}
    first = sent_before(request)
    if first is not None:
        return first
    fields, stored = Fields(*(one.name for one in published)), services.settings.values(plugin)

    def on_valid(submission: Submission) -> Response:
        typed = {name: decision(value) for name, value in submission.values.items()}
        changed = fields.change(
            submission.revision, stored, typed, lambda seen: services.settings.edit(plugin, typed, seen),
        )
        return saved(request, changed, submission.submission_key, f"/admin/plugins/{plugin}")

    schema = _schema(request, plugin, published)
    page = handle(
        request, schema, submit_label=_("Save"), on_valid=on_valid, name="settings",
        appstruct={name: for_form(schema[name], value) for name, value in stored.items()},
        hidden={"revision": fields.revision(stored)}, look=Look(layout="plain"),
    )
    return page if isinstance(page, Response) else page | {"decided": []}


def _schema(request: Request, plugin: str, published: list[PublishedSetting]) -> colander.SchemaNode:
    """The fields, each with what the plugin came with where it says nothing else; a box to tick needs no such word."""
    schema = request.services.settings.schema(plugin, request.services)
    for one in published:
        default = one.setting.default
        if schema[one.name].description or isinstance(default, bool) or default in ("", ()):
            continue
        labels = dict(one.field.get("choices", ()))
        answer = {"value": plain_value(default)}
        if labels:
            answer["text"] = [labels[name] for name in (default if isinstance(default, tuple) else (default,))
                              if name in labels]
        came = words(request, one.field, answer)
        schema[one.name].description = _("It came as: ${value}", mapping={"value": came})
    return schema

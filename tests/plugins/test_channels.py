"""Channels of plugins: logged on like the core's own, and still called by their word when the plugin has gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core.contributions import Channel
from crm_core.errors import Invalid
from crm_core.host import Candidate
from crm_core.i18n import TextFactory
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit

Made = Callable[..., Candidate]
OpenWith = Any
_ = TextFactory("crm_core")


def test_a_channel_keeps_its_word_when_its_plugin_goes(made: Made, open_with: OpenWith) -> None:
    plugin = made("city", Channel("city.app", _("Registered"), "phone"))
    app = open_with([plugin])

    def log(services: Services) -> int:
        return services.interactions.log(make_contact(services), channel="city.app", body="سلام").id

    app.run(lambda services: submit(services, make_contact(services), "core.general", {"category": "service"},
                                    channel="city.app"))
    id_ = app.run(log)
    with app.reading() as services:
        assert [(one.id, one.present) for one in services.channels.added()] == [("city.app", True)]
        assert services.root.channels["city.app"] == ({"fa": "ثبت شد", "en": "Registered"}, "phone")
    open_with.close(app)

    app = open_with([])
    with app.reading() as services:
        assert services.interactions.get(id_).channel == "city.app"
        (kept,) = services.channels.added()
        assert (kept.title, kept.icon, kept.present) == ({"fa": "ثبت شد", "en": "Registered"}, "phone", False)
    with pytest.raises(Invalid, match="channel does not exist"):
        app.run(log)
    open_with.close(app)

    app = open_with([plugin])
    app.run(log)


def test_nothing_is_stored_for_channels_on_which_nothing_came(made: Made, open_with: OpenWith) -> None:
    app = open_with([made("city", Channel("city.app", "The app"))])
    app.run(lambda services: services.interactions.log(make_contact(services), channel="phone", body="سلام"))
    with app.reading() as services:
        assert services.root.channels is None

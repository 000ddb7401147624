"""What a request is called when nobody gave it a title, and on which way the citizen is answered first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core import builtin
from crm_core.model.interaction import Direction
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit

GENERAL = {"category": "service"}
LONG = "سطل زبالهٔ سر کوچهٔ لاله دو هفته است که خالی نشده و بوی بدی در همهٔ کوچه پیچیده است و کسی نمی‌آید"


@pytest.mark.parametrize(("text", "title"), [
    ("  سطل زباله   خالی نشده\nدو هفته است", "سطل زباله خالی نشده"),
    ("x" * 100, "x" * 79 + "…"),
])
def test_a_title_is_the_first_line_of_the_words(app: Any, text: str, title: str) -> None:
    assert app.run(lambda services: submit(services, None, builtin.GENERAL, GENERAL, text=text).title) == title


def test_a_long_line_is_shortened_at_a_word(app: Any) -> None:
    title = app.run(lambda services: submit(services, None, builtin.GENERAL, GENERAL, text=LONG).title)
    assert len(title) <= 80 and title.endswith("…")
    assert LONG.startswith(title[:-1] + " ")


def test_a_given_title_stays_and_without_words_the_answers_make_it(app: Any) -> None:
    def titles(services: Services) -> tuple[str, str, str]:
        given = submit(services, None, builtin.GENERAL, GENERAL, title="آسفالت", text="متن").title
        return given, *(submit(services, None, builtin.GENERAL, GENERAL, text=text).title for text in ("", " \n "))

    given, *without = app.run(titles)
    assert given == "آسفالت"
    assert without[0] == without[1] != ""


def test_the_preferred_channel_comes_before_that_of_the_last_words(app: Any) -> None:
    def reply(preferred: str) -> Callable[[Services], tuple[str, str]]:
        def work(services: Services) -> tuple[str, str]:
            contact = make_contact(services, "زهرا", phone="09120000147")
            services.contacts.edit(contact, {"preferred_channel": preferred})
            request = submit(services, contact, builtin.GENERAL, GENERAL)
            services.interactions.log(contact, channel="email", direction=Direction.IN, body="پس چه شد؟",
                                      address="zahra@example.org", requests=[request])
            found = services.messages.reply_to(request)
            return found.channel.value, found.address
        return work

    assert app.run(reply("sms")) == ("sms", "+989120000147")
    assert app.run(reply("email")) == ("email", "zahra@example.org")
    assert app.run(reply("")) == ("email", "zahra@example.org")

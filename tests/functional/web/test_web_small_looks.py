"""Small things of pages that only markup says: verdicts of numbers, links into fields, numbers that stand as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from crm_core.services import Services

Browse = Callable[..., TestApp]


def test_each_pair_of_numbers_has_a_verdict_and_the_buttons_go_to_the_fields(browse: Browse, desk: Any) -> None:
    first, second = (desk.contact("زهرا رضایی", phone="09120000147") for _time in range(2))

    def more(services: Services) -> None:
        for id_, number in ((first, "09120000148"), (second, "09120000149")):
            services.contacts.add_identifier(services.contacts.get(id_), "phone", number)

    desk.run(more)
    page = browse("clerk").get(f"/contacts/{first}/compare/{second}")

    verdicts = [row.select_one(".mark-word").get_text().strip() for row in page.html.select("tr")
                if row.th and row.th.get_text().strip().startswith("Phone")]
    assert verdicts == ["Same", "Different"]
    links = page.html.select("a[data-goes]")
    assert len(links) == 2
    assert all(page.html.select_one(link["href"]).name == "textarea" for link in links)


def test_a_postal_code_stands_as_one_piece_in_an_address(browse: Browse, desk: Any) -> None:
    contact = desk.contact("زهرا")

    def lives(services: Services) -> None:
        address = {"city": "تهران", "line": "کوچهٔ لاله", "postal_code": "1234567890"}
        services.contacts.edit(services.contacts.get(contact), {"addresses": (address,)})

    desk.run(lives)
    assert "\u20681234567890\u2069" in browse("clerk").get(f"/contacts/{contact}").text

"""While a name is typed only those among the first are loaded, and nobody hidden is shown or counted for it."""

from __future__ import annotations

from crm_core.app import App
from crm_core.db import root_of
from crm_core.model.contact import Confidentiality, Contact
from crm_core.services import Services
from crm_core.testing.factories import make_clerk, make_contact

MANY = 120
HIDDEN = 3


def test_few_citizens_are_loaded_for_few_hits_and_none_of_the_hidden_is_among_them(app: App) -> None:
    def fill(services: Services) -> list[int]:
        made = [services.contacts.create(given=f"زهرا{number}", family="محمدی", at=services.now - MANY + number)
                for number in range(MANY)]
        for contact in made[-HIDDEN:]:  # the newest, who would come first
            services.contacts.edit(contact, {"confidentiality": Confidentiality.SHIELDED})
        return [contact.id for contact in made]

    ids = app.run(fill, bulk=True)
    clerk = make_clerk(app)
    with app.db.reading() as connection:
        root = root_of(connection)
        connection.cacheMinimize()
        found = app.services(root, clerk).finder.find("محمد", limit=11, enough=3)
        assert len(found.hits) == 11
        assert not {hit.id for hit in found.hits} & set(ids[-HIDDEN:])
        loaded = [one for _oid, one in connection._cache.items()
                  if isinstance(one, Contact) and one._p_changed is not None]
        assert len(loaded) <= 11 + HIDDEN
        assert len(app.services(root, clerk).finder.find("محمد", limit=MANY).hits) == MANY - HIDDEN


def test_no_other_order_of_the_words_is_looked_for_where_enough_have_them(app: App) -> None:
    def fill(services: Services) -> None:
        for number in range(3):
            make_contact(services, f"زهرا ذاکری {number}")
        services.contacts.create(given="زهرا سادات", family="ذاکری")

    app.run(fill)
    with app.reading(make_clerk(app)) as services:
        found = services.finder.find("زهرا ذاکری", limit=11, enough=3)
        assert found.unasked
        assert "زهرا سادات ذاکری" not in [hit.title for hit in found.hits]
        assert "زهرا سادات ذاکری" in [hit.title for hit in services.finder.find("زهرا ذاکری", limit=11).hits]

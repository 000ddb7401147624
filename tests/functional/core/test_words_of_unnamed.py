"""What an unidentified caller said about a request goes with the citizen whose request it is."""

from __future__ import annotations

from crm_core import builtin
from crm_core.app import App
from crm_core.services import Services
from crm_core.testing.factories import make_contact, submit


def test_words_of_an_unnamed_caller_go_with_whose_request_they_are_about(app: App) -> None:
    def work(services: Services) -> tuple[int, int]:
        contact = make_contact(services, "سارا")
        case = submit(services, contact, builtin.GENERAL, {"category": "service"})
        services.interactions.log(None, channel="phone", body="of this case", requests=(case,))
        return contact.id, services.interactions.log(None, channel="phone", body="of no case").id

    contact, other = app.run(work)
    app.run(lambda services: services.privacy.erase(services.contacts.get(contact)))
    with app.reading() as services:
        assert list(services.root.unidentified) == [other]
        assert list(services.root.interactions) == [other]

"""Fields that plugins add to contacts: shown, changed, found, compared, and read when the plugin is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from webtest import TestApp

from crm_core.app import App
from crm_core.errors import Invalid
from crm_core.services import Services
from crm_core.testing.crowd import together
from crm_views.app import make_app
from crm_views.testing import form_of, sign_in


class Metered:
    """A desk with the plugin of meters, and two citizens."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.web = make_app(desk.app)
        self.one = desk.contact("Zahra Karimi", phone="+989120000001")
        self.two = desk.contact("Zahra Karimy", phone="+989120000002")

    def browse(self, login: str = "clerk") -> TestApp:
        return sign_in(self.web, login)

    def edit(self, contact: int, login: str = "clerk") -> Any:
        return form_of(self.browse(login).get(f"/contacts/{contact}/edit"))

    def say(self, contact: int, **values: Any) -> None:
        given = {"meters.meter": values}
        self.desk.run(lambda services: services.contact_fields.edit(services.contacts.get(contact), given), "clerk")

    def parked(self) -> App:
        return App.open(self.desk.app.settings, [], database=self.desk.app.db)


@pytest.fixture
def metered(open_desk: Callable[..., Any], load_plugin: Callable[[str], Any]) -> Metered:
    return Metered(open_desk({"meters": load_plugin("meters")}))


def test_a_clerk_fills_in_a_group_and_reads_it_on_the_dossier(metered: Metered) -> None:
    form = metered.edit(metered.one)
    form["number"], form["sort"], form["people"] = "WM-۱۲۳۴", "home", "4"
    page = form.submit("submit").follow()
    assert "Water meter" in page
    assert "Home" in page
    assert "WM-1234" in page
    assert "Inner note" not in page  # nothing was said there
    again = metered.edit(metered.one)
    assert (again["number"].value, again["people"].value) == ("WM-1234", "4")
    with metered.desk.app.reading() as services:
        contact = services.contacts.get(metered.one)
        assert contact.extra["meters.meter"].answers["sort"]["text"] == {"fa": "Home", "en": "Home"}
        (row,) = [row for row in contact.audit.values() if "meters.meter.number" in row["changes"]]
        assert row["changes"]["meters.meter.number"] == [None, "WM-1234"]
    page = metered.browse("supervisor").get("/admin/audit")
    assert "Water meter: Meter number" in page
    assert "WM-1234" in page


def test_what_must_be_said_is_asked_only_once_something_is_said(metered: Metered) -> None:
    form = metered.edit(metered.one)
    form["people"] = "4"
    page = form.submit("submit", status=422)
    assert "as soon as something is said here" in page
    form = form_of(page)
    form["people"] = ""
    assert form.submit("submit", status=303)


def test_a_number_is_one_contacts_alone_and_finds_him(metered: Metered) -> None:
    metered.say(metered.one, number="WM-1234")
    form = metered.edit(metered.two)
    form["number"] = "wm-۱۲۳۴"
    page = form.submit("submit", status=422)
    assert "recorded for somebody else" in page
    browser = metered.browse()
    for query in ("WM-1234", "wm-۱۲۳۴"):
        found = browser.get("/find", {"q": query})
        while found.status_int == 303:
            found = found.follow()
        assert "Zahra Karimi" in found
    with metered.desk.app.reading() as services:
        (hit,) = services.finder.find("WM-1234").hits
        assert (hit.id, hit.exact) == (metered.one, True)
        assert services.context.translator.translate(hit.why, "en") == "Water meter: Meter number"
    metered.say(metered.one, number="")  # given back
    form = metered.edit(metered.two)
    form["number"] = "WM-1234"
    form.submit("submit", status=303)


def test_a_number_of_a_hidden_citizen_is_refused_like_one_that_cannot_be(metered: Metered) -> None:
    metered.say(metered.one, number="WM-1234")
    metered.desk.shield(metered.one)
    form = metered.edit(metered.two)
    form["number"] = "WM-1234"
    page = form.submit("submit", status=422)
    page.mustcontain("This is not a usable identifier.", no=["somebody else", "already", "Karimi"])
    with metered.desk.app.reading() as services:  # a claim stays a claim
        assert services.contact_fields.holders("meters.meter", "number", "WM-1234") == (metered.one,)


def test_two_clerks_change_one_field_and_both_versions_are_shown(metered: Metered) -> None:
    metered.say(metered.one, number="1", people=2)
    mine, theirs = metered.edit(metered.one), metered.edit(metered.one, "second")
    theirs["people"] = "3"
    theirs.submit("submit", status=303)
    mine["people"], mine["notes"] = "4", "a note"
    page = mine.submit("submit", status=422)
    assert "Now it says: 3" in page
    decided = form_of(page)
    decided["notes"] = "a note"
    decided.submit("submit", status=303)
    with metered.desk.app.reading() as services:
        contact = services.contacts.get(metered.one)
        assert services.contact_fields.values(contact, "meters.meter") == {"number": "1", "people": 4}
        assert contact.notes == "a note"


def test_what_only_one_of_two_clerks_changed_is_kept(metered: Metered) -> None:
    metered.say(metered.one, number="1", people=2)
    mine, theirs = metered.edit(metered.one), metered.edit(metered.one, "second")
    theirs["people"] = "3"
    theirs.submit("submit", status=303)
    mine["sort"] = "shop"
    mine.submit("submit", status=303)
    with metered.desk.app.reading() as services:
        values = services.contact_fields.values(services.contacts.get(metered.one), "meters.meter")
        assert values == {"number": "1", "people": 3, "sort": "shop"}


def test_a_group_of_a_permission_is_not_there_for_others(metered: Metered) -> None:
    given = {"meters.secret": {"score": 77}}
    metered.desk.run(
        lambda services: services.contact_fields.edit(services.contacts.get(metered.one), given), "supervisor")
    assert "Score" not in metered.browse().get(f"/contacts/{metered.one}")
    assert "score" not in metered.edit(metered.one).fields
    assert "Score" in metered.browse("supervisor").get(f"/contacts/{metered.one}")


def test_a_parked_group_is_read_and_not_changed(metered: Metered) -> None:
    metered.say(metered.one, number="WM-1234", sort="shop")
    web = make_app(metered.parked())
    browser = sign_in(web, "clerk")
    page = browser.get(f"/contacts/{metered.one}")
    assert "Water meter" in page
    assert "Shop" in page
    assert "can be read, not changed" in page
    form = form_of(browser.get(f"/contacts/{metered.one}/edit"))
    assert "number" not in form.fields
    form["notes"] = "still editable"
    form.submit("submit", status=303)
    assert "Zahra Karimi" in browser.get("/find", {"q": "wm-1234"}).maybe_follow()
    with metered.parked().reading() as services:
        values = services.contact_fields.values(services.contacts.get(metered.one), "meters.meter")
        assert values == {"number": "WM-1234", "sort": "shop"}


def test_a_comparison_shows_fields_and_asks_where_they_declare_it(metered: Metered) -> None:
    metered.say(metered.one, number="1", sort="home")
    metered.say(metered.two, number="2", sort="shop")
    browser = metered.browse()
    page = browser.get(f"/contacts/{metered.one}/compare/{metered.two}")
    assert "Meter number" in page
    assert "They say different things: Kind of meter" in page
    form = form_of(page, "same")
    form["reason"] = "showed the card"
    page = form.submit("submit", status=422)
    form = form_of(page, "same")
    form.set("checkbox", True, index=0)
    page = form.submit("submit").follow()
    assert "Home" in page  # both records' values stand together, each with its name
    assert "Shop" in page
    assert page.text.count("Zahra Karimy") >= 1


def test_hostile_words_stay_words(metered: Metered) -> None:
    evil = "<script>alert(1)</script>\u202e\"'"
    metered.say(metered.one, number=evil)
    page = metered.browse().get(f"/contacts/{metered.one}")
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def records(services: Services, contact: int) -> list[Any]:
    return [item.data for item in services.root.collections["meters.readings"].of_person(contact)]


def test_records_move_with_a_merge_and_back(metered: Metered) -> None:
    def work(services: Services) -> None:
        readings, bills = services.collections["meters.readings"], services.collections["meters.bills"]
        readings.add({"who": str(metered.two), "day": "2026-01-01", "value": 5})
        bills.add({"payer": metered.two, "amount": 7})
        one, two = services.contacts.get(metered.one), services.contacts.get(metered.two)
        services.linking.link(two, one, "same card")
        assert [data["who"] for data in records(services, metered.one)] == [str(metered.one)]
        assert services.root.collections["meters.bills"].of_person(metered.two)
        services.linking.unlink(one.group.links[0])
        assert [data["who"] for data in records(services, metered.two)] == [str(metered.two)]
        assert records(services, metered.one) == []

    metered.desk.run(work)


def test_of_two_clerks_who_give_one_number_at_once_one_is_refused(metered: Metered) -> None:
    def give(contact: int) -> str:
        try:
            metered.say(contact, number="WM-7")
        except Invalid as error:
            return next(iter(error.errors))
        return "given"

    assert sorted(together(lambda place: give((metered.one, metered.two)[place]), 2)) == [
        "given", "meters.meter.number"]
    with metered.desk.app.reading() as services:
        assert len(services.contact_fields.holders("meters.meter", "number", "WM-7")) == 1


def test_who_saves_what_he_did_not_touch_changes_nothing(metered: Metered) -> None:
    """Codes are shown in the reader's digits, and kept as they were."""
    def fill(services: Services) -> None:
        contact = services.contacts.get(metered.one)
        services.contacts.edit(contact, {"addresses": [{"city": "Tehran", "postal_code": "1234567890"}]})
        user = services.users.by_login("second")
        services.users.set_preferences(user, language="fa")

    metered.desk.run(fill)
    metered.say(metered.one, number="WM-1234", sort="home", since=date(2026, 1, 2), people=3)
    with metered.desk.app.reading() as services:
        before = services.contacts.get(metered.one).revision
    form = metered.edit(metered.one, "second")
    assert (form["postal_code"].value, form["number"].value) == ("۱۲۳۴۵۶۷۸۹۰", "WM-۱۲۳۴")
    form.submit("submit", status=303)
    with metered.desk.app.reading() as services:
        assert services.contacts.get(metered.one).revision == before

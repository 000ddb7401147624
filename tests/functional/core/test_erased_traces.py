"""Erasure reaches what is kept elsewhere: others' audits, colleagues' lists and orders, files beside the storage."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from crm_core.cli.worker import _follow_decisions
from crm_core.guard import records
from crm_core.services import Services
from crm_core.services.workbulk import Order
from crm_core.testing.factories import make_contact
from crm_views.app import make_app as make_pages
from crm_views.swap import Swappable


def erase(desk: Any, contact: int) -> None:
    desk.run(lambda services: services.privacy.erase(services.contacts.get(contact)))


def test_a_relation_that_was_taken_back_goes_from_the_others_audit(desk: Any) -> None:
    one, two, three = (desk.contact(name) for name in ("الف", "ب", "پ"))

    def relate(services: Services) -> None:
        first, second, third = map(services.contacts.get, (one, two, three))
        services.contacts.relate(first, second, "spouse", "SecretNote")
        services.contacts.relate(second, third, "sibling", "kept note")
        services.contacts.unrelate(first, second, "spouse")

    desk.run(relate)
    erase(desk, one)
    desk.app.db.db.pack()

    left = b"".join(record for _oid, record in records(desk.app.db.db.storage))
    assert b"SecretNote" not in left
    assert b"kept note" in left


def test_lists_found_by_the_name_and_orders_about_the_requests_are_dropped(desk: Any) -> None:
    citizen = desk.contact("زهرا رضایی‌پور", phone="+989120000147")
    code, other = desk.case(citizen), desk.case(desk.contact("علی کاظمی"))
    kept = {"streets": "words=خیابان", "all": "view=mine", "kazemi": "words=کاظمی", "short": "words=را"}
    gone = {"one": "view=unit&words=رضایی", "two": "words=زهرا+رضايي", "three": f"words={code}",
            "four": "words=خیابان+زهرا+رضایی‌پور", "کار زهرا رضایی‌پور": "view=mine"}

    def work(services: Services) -> None:
        for name, query in (kept | gone).items():
            services.work_views.keep(name, query)
        services.bulk.apply(services.bulk.requests([code, other]), Order("priority", priority="high"), {})
        services.bulk.apply(services.bulk.requests([code]), Order("take"), {})

    desk.run(work, "clerk")
    erase(desk, citizen)

    def left(services: Services) -> tuple[list[str], list[list[str]]]:
        user = services.users.get(desk.who["clerk"].user_id or 0)
        kept = user.kept()
        return [view["name"] for view in kept.views], [[row[0] for row in one["rows"]] for one in kept.undo]

    assert desk.run(left) == (list(kept), [[other]])


def test_who_keeps_something_elsewhere_hears_of_it_once_it_is_committed(desk: Any) -> None:
    heard: list[frozenset[str]] = []
    desk.app.on_erased.append(heard.append)
    citizen = desk.contact()
    code = desk.case(citizen)
    request = desk.run(lambda services: services.requests.by_code(code).id)

    def fail(services: Services) -> None:
        services.privacy.erase(services.contacts.get(citizen))
        raise KeyError("changed my mind")

    with pytest.raises(KeyError):
        desk.run(fail)
    assert heard == []
    erase(desk, citizen)
    assert heard == [frozenset({str(citizen), str(request), code})]


@pytest.mark.zeo
def test_what_failures_said_is_short_and_goes_in_every_process(zeo_uri: str, open_app: Any) -> None:
    plugin = ModuleType("saying")
    plugin.CRM_API_VERSION = 1  # type: ignore[attr-defined]
    here, server, worker = (open_app({"saying": plugin}, zodburi=zeo_uri) for _process in range(3))
    citizen = here.run(lambda services: make_contact(services, "SecretName").id)
    web = Swappable(server, make_pages)
    said = [app.host.plugins["saying"] for app in (here, server, worker)]
    for app in (here, server, worker):
        try:
            raise ValueError("SecretName " * 100_000)
        except ValueError as error:
            app.host.note("saying", "panel", error)
    assert all(len(one.reason) < 3_000 and len(one.trace) < 30_000 for one in said)
    assert all("ValueError: SecretName" in one.reason and 'raise ValueError("SecretName' in one.trace for one in said)

    here.run(lambda services: services.erasure.erase(services.contacts.get(citizen), "wished so"))
    web.follow()
    _follow_decisions(worker)

    assert [(one.reason, one.trace, one.failures) for one in said] == [("panel: ValueError", "", 1)] * 3

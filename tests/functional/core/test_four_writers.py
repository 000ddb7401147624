"""Four clerks who think before they save do not stand in each other's way (architecture §5.4)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from transaction.interfaces import TransientError

from crm_core import builtin
from crm_core.app import App
from crm_core.db import back_off
from crm_core.services import Services
from crm_core.testing.crowd import together
from crm_core.testing.factories import submit

WRITERS = 4
EACH = 30
THINK = 0.01
"""Seconds before and after the work of a transaction, at most."""
FAMILIES = ("محمدی", "حسینی", "احمدی", "رضایی", "کریمی", "محمودی", "ذاکری", "نوروزی", "پورعلی", "قاسمی", "یزدانی")
GIVEN = ("محمد", "علی", "حسین", "زهرا", "مریم", "فاطمه", "سعید", "لیلا", "بهرام", "نرگس")


def test_four_writers_lose_nothing_and_hardly_ever_try_twice(app_on_each: App, unit: int) -> None:
    """§5.4, on each storage: contact, names, phone, request, work list of one unit, history and journal in one save.

    Everything must be there; the failed tries are a figure for people, judged in ``make bench``.
    """
    failed = [0] * WRITERS

    def clerk(number: int) -> list[tuple[str, str]]:
        rng = random.Random(number)
        done = []
        for round_ in range(EACH):
            phone = f"+98912{number}{round_:06d}"

            def work(services: Services, phone: str = phone) -> str:
                time.sleep(rng.uniform(0, THINK))
                contact = services.contacts.create(
                    given=rng.choice(GIVEN), family=rng.choice(FAMILIES), identifiers=[("phone", phone)])
                services.interactions.log(contact, channel="phone", body="تماس", unit=unit)
                request = submit(services, contact, builtin.GENERAL, {"category": "service"}, unit=unit)
                time.sleep(rng.uniform(0, THINK))
                return request.code

            attempt = 1
            while True:
                try:
                    with app_on_each.transaction() as services:
                        code = work(services)
                    break
                except TransientError:
                    failed[number] += 1
                    attempt += 1
                    back_off(min(attempt, 6))
            done.append((phone, code))
        return done

    saved = [row for rows in together(clerk, WRITERS) for row in rows]
    with app_on_each.reading() as services:
        root = services.root
        assert len(root.contacts) == len(root.requests) - 1 == len(root.interactions) == WRITERS * EACH
        work = services.requests.work(unit)
        assert work is not None
        assert len(work) == WRITERS * EACH + 1
        for phone, code in saved:
            (contact,) = services.contacts.by_identifier("phone", phone)
            assert services.requests.by_code(code).contact == contact.id
            assert len(contact.timeline) == 2
            assert contact.id in {hit.id for hit in services.finder.find(contact.name, 200).hits}
    share = 100 * sum(failed) / (WRITERS * EACH)
    print(f"\nfour writers, empty database: {share:.1f} failed tries per 100 commits")
    assert share < 100, "as many failed tries as saves: something is written by everybody"


@pytest.fixture
def unit(app_on_each: App) -> int:
    def work(services: Services) -> int:
        unit = services.units.add("پذیرش").id
        submit(services, None, builtin.GENERAL, {"category": "service"}, unit=unit)  # publishes its type
        return unit

    return app_on_each.run(work)


def test_closing_work_of_one_unit_at_once_closes_all_of_it(open_app: Callable[..., App]) -> None:
    """§5.8: into one month's tree, by four at a time."""
    app = open_app()
    codes = app.run(lambda services: [submit(services, None, builtin.GENERAL, {"category": "service"}).code
                                      for _ in range(80)])

    def close(number: int) -> None:
        for code in codes[number::WRITERS]:
            app.run(lambda services, code=code: services.requests.change_status(
                services, services.requests.by_code(code), "answered"))

    together(close, WRITERS)
    with app.reading() as services:
        work = services.requests.work()
        assert work is not None
        assert len(work) == 0
        assert sum(len(tree) for tree in services.root.closed.values()) == 80

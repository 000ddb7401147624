"""What is wrong with a workflow: dead ends, statuses nothing leads to, words that do not exist."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm_core.model.request import StoredStatus
from crm_core.model.workflow import StoredTransition
from crm_core.workflow import faults, plain, statuses_of, transitions_of

NEW, WORK, WAIT, DONE = (StoredStatus(name, category, {"en": name.title()}) for name, category in (
    ("new", "new"), ("work", "open"), ("wait", "waiting"), ("done", "done")))
ALL = (NEW, WORK, WAIT, DONE)


def way(source: str, target: str, **more: object) -> StoredTransition:
    return StoredTransition(source, target, {}, **more)  # type: ignore[arg-type]


def said(*ways: StoredTransition, statuses: tuple[StoredStatus, ...] = ALL, **more: object) -> list[tuple[str, str]]:
    return [(str(one.text).partition("“")[0].strip(), one.status)
            for one in faults(statuses, ways, **more)]  # type: ignore[arg-type]


def test_a_line_to_an_end_is_right_and_so_is_no_way_at_all() -> None:
    line = (way("new", "work"), way("work", "wait"), way("wait", "work"), way("work", "done"))
    assert said(*line) == []
    assert said() == []


def test_a_status_that_leads_to_no_end_is_named() -> None:
    assert said(way("new", "work"), way("work", "done"), way("work", "wait")) == [("From", "wait")]


def test_a_status_nothing_leads_to_is_named_unless_its_plugin_sets_it_itself() -> None:
    ways = (way("new", "work"), way("work", "done"), way("wait", "work"))
    assert said(*ways) == [("No way leads to", "wait")]
    assert said(*ways, kept=("wait",)) == []


def test_two_statuses_that_lead_to_each_other_only_are_a_dead_end() -> None:
    assert said(way("new", "work"), way("work", "wait"), way("wait", "work"), way("new", "done")) == [
        ("From", "work"), ("From", "wait")]


def test_what_does_not_exist_is_named_before_anything_else() -> None:
    found = said(way("new", "nowhere"), way("new", "new"), way("new", "done"), way("new", "done"),
                 way("work", "done", requires=("field:colour", "money")))
    assert [text for text, _status in found] == [
        "A way leads from or to the status", "A way leads from", "There are two ways from", "The way to",
        "The way to"]
    assert said(way("new", "work"), way("work", "wait"), way("wait", "done", requires=("field:colour", "assignee")),
                fields=("colour",)) == []


def test_a_workflow_that_closes_nothing_or_begins_cancelled_is_refused() -> None:
    gone = StoredStatus("gone", "cancelled", {"en": "Gone"})
    assert said(way("new", "work"), statuses=(NEW, WORK)) == [
        ("No status closes a request: it would stay open forever.", "")]
    assert said(statuses=(gone, NEW)) == [("The first status would make every request a cancelled one.", "gone")]
    assert said(statuses=(NEW, NEW, DONE)) == [("Two statuses have the name", "new")]
    assert said(statuses=()) == [("There is no status.", "")]


@given(st.sets(st.tuples(st.sampled_from([one.name for one in ALL]), st.sampled_from([one.name for one in ALL]))
               .filter(lambda pair: pair[0] != pair[1]), min_size=1))
def test_no_fault_means_that_every_request_can_get_everywhere_and_to_an_end(pairs: set[tuple[str, str]]) -> None:
    """Against a walk that knows nothing of how faults are found."""
    def reach(start: str) -> set[str]:
        seen, edge = {start}, [start]
        while edge:
            edge = [target for source, target in pairs if source in edge and target not in seen]
            seen |= set(edge)
        return seen

    right = reach("new") == {one.name for one in ALL} and all(
        "done" in reach(name) for name in ("new", "work", "wait"))
    assert (faults(ALL, [way(*pair) for pair in sorted(pairs)]) == []) is right


def test_a_workflow_as_plain_data_comes_back_the_same() -> None:
    statuses = (StoredStatus("new", "new", {"fa": "تازه"}, {"fa": "رسید"}), DONE)
    ways = (way("new", "done", permission="x.y", requires=("told",), checklist=({"fa": "دیدم", "en": "Seen"},)),)
    definition = plain(statuses, ways)
    assert (statuses_of(definition), transitions_of(definition)) == (statuses, ways)

"""Ids (architecture §5.5) and sharded trees (§5.4), without a database."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crm_core
from crm_core.model.ids import MAX_ID, first_id, id_time, new_id, now_ms, parse_id
from crm_core.model.sharded import SHARDS, KeyIndex, PrefixIndex, Sharded, SuffixShardedIndex, shard_of

MOMENTS = st.integers(min_value=0, max_value=(1 << 43) - 1)


@given(MOMENTS)
def test_ids_are_positive_63_bit_and_ordered_by_time(at: int) -> None:
    """§5.5"""
    id_ = new_id(at)
    assert 0 < id_ <= MAX_ID
    assert id_time(id_) == at
    assert first_id(at) <= id_ < first_id(at + 1)


def test_the_low_bits_of_ids_are_random_so_that_they_spread_over_the_shards() -> None:
    """§5.5, §5.4"""
    at = now_ms()
    ids = [new_id(at) for _ in range(4000)]
    assert len(set(ids)) > 3950
    spread = Counter(shard_of(id_) for id_ in ids)
    assert len(spread) == SHARDS
    assert max(spread.values()) < 60


def test_an_id_of_before_1970_is_an_id_all_the_same() -> None:
    assert new_id(-5_000_000_000) > 0
    assert all(new_id(0) > 0 for _ in range(1000))


@pytest.mark.parametrize("text", ["0", "-1", "+1", " 1", "1 ", "1_0", "", "1.0", "0x1", "۱۲", "9" * 19, "9" * 40, "²",
                                  str(MAX_ID + 1)])
def test_what_is_no_id_in_an_address_is_none(text: str) -> None:
    assert parse_id(text) is None


@given(st.integers(min_value=1, max_value=MAX_ID))
def test_ids_are_read_back_from_decimal_text(id_: int) -> None:
    assert parse_id(str(id_)) == id_


ANY_TEXT = st.text(st.characters())
KEYS = ["", "a", "محمدی", "phone:+989121234567", "\ud800", "e" * 50, "\0"]


def test_shards_are_the_same_in_every_process() -> None:
    """§5.4: never ``hash()``, which differs between processes."""
    code = ("import sys; from crm_core.model.sharded import shard_of\n"
            f"print([shard_of(key) for key in {KEYS!r}], shard_of(123456789012345678))")
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(crm_core.__file__).parent.parent)},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1
    assert seen == {f"{[shard_of(key) for key in KEYS]} {shard_of(123456789012345678)}\n"}


def test_the_core_never_calls_hash() -> None:
    """§5.4"""
    called = []
    for path in Path(crm_core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
                called.append(f"{path}:{node.lineno}")
    assert called == []


@given(st.dictionaries(ANY_TEXT, st.integers(), max_size=60))
def test_a_sharded_tree_is_a_mapping(content: dict[str, int]) -> None:
    """§5.4: any text is a key, also what cannot be encoded."""
    tree: Sharded[str] = Sharded(str)
    for key, value in content.items():
        assert tree.insert(key, value)
        assert not tree.insert(key, value + 1)
    assert len(tree) == len(content)
    assert dict(tree.items()) == content
    assert set(tree) == set(tree.keys()) == set(content)
    assert sorted(tree.values()) == sorted(content.values())
    for key, value in content.items():
        assert key in tree
        assert tree[key] == tree.get(key) == value
        del tree[key]
        assert key not in tree
        assert tree.get(key, "gone") == "gone"
    assert len(tree) == 0


def test_a_sharded_tree_of_ids() -> None:
    tree: Sharded[int] = Sharded(int)
    ids = {new_id(now_ms()) for _ in range(2000)}
    for id_ in ids:
        tree[id_] = str(id_)
    assert set(tree) == ids
    with pytest.raises(KeyError):
        tree[1]


LETTERS = st.characters() | st.sampled_from("ab\0")
IDS = st.integers(min_value=1, max_value=MAX_ID)
ROWS = st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=6), IDS), max_size=40)


@given(ROWS, st.text(LETTERS, min_size=2, max_size=3))
def test_a_prefix_index_answers_in_order_and_completely(rows: list[tuple[str, int]], prefix: str) -> None:
    """§5.4: ordered indexes shard by a natural prefix."""
    index = PrefixIndex()
    for key, id_ in rows:
        index.add(key, id_)
        index.add(key, id_)
    stored = {(key.replace("\0", " "), id_) for key, id_ in rows}
    wanted = prefix.replace("\0", " ")
    assert list(index.starting_with(prefix)) == sorted(
        (row for row in stored if row[0].startswith(wanted)), key=lambda row: f"{row[0]}\0{row[1]:016x}")
    for key, _id in rows:
        same = sorted(id_ for other, id_ in stored if other == key.replace("\0", " "))
        assert sorted(index.exactly(key)) == same
    for key, id_ in rows:
        index.discard(key, id_)
        index.discard(key, id_)
    assert list(index.starting_with(prefix)) == []


def test_a_prefix_of_one_character_is_refused() -> None:
    with pytest.raises(ValueError):
        PrefixIndex().starting_with("م")


@given(ROWS)
def test_a_key_index_answers_whole_keys_completely(rows: list[tuple[str, int]]) -> None:
    """§5.3, §5.4: many records of one value do not lie in one tree."""
    index = KeyIndex()
    for key, id_ in rows * 2:
        index.add(key, id_)
    stored = {(key.replace("\0", " "), id_) for key, id_ in rows}
    for key, _id in rows:
        assert list(index.exactly(key)) == sorted(id_ for other, id_ in stored if other == key.replace("\0", " "))
        assert list(index.exactly(key + "x")) == sorted(
            id_ for other, id_ in stored if other == key.replace("\0", " ") + "x")
    for key, id_ in rows * 2:
        index.discard(key, id_)
    assert all(not part for part in index._parts)
    for number in range(100):
        index.add("one value", number + 1)
    assert sum(1 for part in index._parts if part) == KeyIndex.SPREAD


def test_phones_are_found_by_number_and_by_their_beginning() -> None:
    """§5.4: phones shard by their last digit, so that neighbours in a range of numbers do not meet."""
    index = SuffixShardedIndex()
    numbers = [f"+98912{n:07d}" for n in range(0, 3000, 7)]
    for n, number in enumerate(numbers, 1):
        index.add(number, n)
    index.add(numbers[5], 9999)
    assert sorted(index.exactly(numbers[5])) == [6, 9999]
    assert [number for number, _ in index.starting_with("+9891200001")] == sorted(
        number for number in numbers if number.startswith("+9891200001"))
    index.discard(numbers[5], 6)
    assert list(index.exactly(numbers[5])) == [9999]
    assert list(index.exactly("+98912")) == []
    assert len({id(index._shard(f"x{digit}")) for digit in "0123456789"}) >= 8

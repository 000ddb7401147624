"""The part of the conformance suite about commits: cursors, swaps, readers beside writers, kills, damage."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_core.services.textsearch import KINDS, Document, SearchUnavailable, TextSearch
from crm_search.testing_kit import Backend, contact, keys, text


class CommitsContract(Backend):
    """Part of `crm_search.testing.TextSearchContract`."""

    def test_the_cursor_lives_with_the_documents(self, search: TextSearch, folder: Path,
                                                 opened: Callable[..., TextSearch]) -> None:
        search.apply([text(1, "نخست")], [], '{"0": [1, 2]}')
        assert search.cursor() == '{"0": [1, 2]}'
        search.apply([], [], '{"0": [1, 3]}')
        search.close()
        again = opened(folder)
        assert again.cursor() == '{"0": [1, 3]}'
        assert keys(again.search("نخست")) == [("interaction", 1)]

    def test_replace_swaps_everything_at_once(self, search: TextSearch) -> None:
        search.apply([text(1, "کهنه"), contact(1, "کهنه")], [], "a")
        seen: list[int] = []

        def documents() -> Iterator[Document]:
            for number in range(1, 451):
                if number == 300:
                    assert len(search.search("کهنه")) == 2, "the old content answers until the swap"
                yield text(number, "نو", when=number)

        assert search.replace(documents(), "b", seen.append) == 450
        assert search.search("کهنه") == []
        assert search.search("نو", limit=1)[0].id == 450
        assert search.cursor() == "b"
        assert search.count() == {"contact": 0, "interaction": 450, "request": 0}
        assert seen == sorted(seen)
        assert seen[-1] == 450
        search.apply([text(451, "نو")], [("interaction", 450)], "c")
        assert search.count()["interaction"] == 450

    def test_a_failed_replace_keeps_what_was(self, search: TextSearch) -> None:
        search.apply([text(1, "ماندنی")], [], "a")

        def documents() -> Iterator[Document]:
            yield text(2, "نیمه")
            raise ZeroDivisionError

        def give_up(_done: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(ZeroDivisionError):
            search.replace(documents(), "b")
        with pytest.raises(KeyboardInterrupt):
            search.replace([text(2, "نیمه")], "b", give_up)
        assert search.cursor() == "a"
        assert keys(search.search("ماندنی")) == [("interaction", 1)]
        search.apply([text(3, "باز")], [], "c")
        assert search.search("نیمه") == []
        assert search.count()["interaction"] == 2

    def test_reset_forgets_everything(self, search: TextSearch) -> None:
        search.apply([text(1, "رفته")], [], "a")
        search.reset()
        assert search.cursor() is None
        assert search.count() == dict.fromkeys(KINDS, 0)
        search.apply([text(2, "آمده")], [], "b")
        assert search.search("رفته") == []
        assert keys(search.search("آمده")) == [("interaction", 2)]

    def test_closing_twice_does_no_harm(self, search: TextSearch) -> None:
        search.apply([text(1, "بسته")], [], "a")
        search.search("بسته")
        search.close()
        search.close()
        with pytest.raises(SearchUnavailable):
            search.search("بسته")

    def test_readers_see_new_commits_and_never_write(self, search: TextSearch, folder: Path,
                                                     opened: Callable[..., TextSearch]) -> None:
        reader = opened(folder, read_only=True)
        with pytest.raises(SearchUnavailable):
            reader.search("یک")
        search.apply([text(1, "سنگ")], [], "a")
        assert keys(reader.search("سنگ")) == [("interaction", 1)]
        search.apply([text(2, "سنگ")], [("interaction", 1)], "b")
        assert keys(reader.search("سنگ")) == [("interaction", 2)]
        assert reader.cursor() == "b"
        for write in (lambda: reader.apply([], [], "c"), lambda: reader.replace([], "c"), reader.reset):
            with pytest.raises(SearchUnavailable):
                write()
        assert search.cursor() == "b"
        search.replace([text(3, "سنگ")], "z")
        assert (keys(reader.search("سنگ")), reader.cursor()) == ([("interaction", 3)], "z"), "a swap is seen as well"

    def test_reading_beside_a_writing_process(self, folder: Path, opened: Callable[..., TextSearch]) -> None:
        reader = opened(folder, read_only=True)
        with self.writing(folder, 25) as (_process, committed):
            for number in committed:
                assert int(reader.cursor() or 0) >= number
                found = keys(reader.search(f"موضوع{number}"))
                assert found in ([("request", number)], []), "taken out again when the writer is ahead"
                assert keys(reader.search(f"نام{number}", kind="contact"))[0] == ("contact", number)
        assert reader.count() == {"contact": 25, "interaction": 0, "request": 3}

    def test_a_killed_writer_leaves_all_of_a_batch_or_nothing(self, folder: Path,
                                                              opened: Callable[..., TextSearch]) -> None:
        for lines in (1, 4, 9, 13):
            with self.writing(folder, 10_000) as (process, committed):
                acknowledged = [next(committed) for _ in range(lines)][-1]
                process.kill()
            search = opened(folder)
            done = int(search.cursor() or 0)
            assert done >= acknowledged
            assert search.count() == {"contact": done, "interaction": 0, "request": min(done, 3)}
            assert len(search.search("متن", limit=100)) == min(done, 3)
            assert keys(search.search(f"نام{done}", kind="contact"))[0] == ("contact", done)
            assert ("contact", done + 1) not in keys(search.search(f"نام{done + 1}", kind="contact"))
            search.close()

    def test_a_killed_rebuild_leaves_the_old(self, search: TextSearch, folder: Path,
                                             opened: Callable[..., TextSearch]) -> None:
        """Killed in the middle, and near the end; what was there answers meanwhile and afterwards."""
        search.apply([text(1, "کهنه")], [], "old")
        for lines in (1, 6):
            with self.writing(folder, 100_000, "keep_rebuilding") as (process, told):
                for _ in range(lines):
                    next(told)
                assert keys(search.search("کهنه")) == [("interaction", 1)]
                process.kill()
            again = opened(folder)
            assert again.cursor() == "old"
            assert keys(again.search("کهنه")) == [("interaction", 1)]
            assert again.search("نو") == []
            again.close()
        search.apply([text(2, "کهنه")], [], "older")
        assert len(search.search("کهنه")) == 2
        search.replace([text(3, "نو")], "new")
        assert (search.search("کهنه"), keys(search.search("نو"))) == ([], [("interaction", 3)])

    def test_one_process_at_a_time_writes(self, search: TextSearch, folder: Path,
                                          opened: Callable[..., TextSearch]) -> None:
        """The second waits for the first, and goes on from what that one left."""
        other = opened(folder)
        search.apply([text(1, "نخست")], [], "1")

        def write(numbers: range, to: TextSearch) -> None:
            for number in numbers:
                to.apply([text(number, "نوبت")], [], str(number))

        threads = [threading.Thread(target=write, args=(range(start, start + 8), one))
                   for start, one in ((10, search), (30, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(search.search("نوبت", limit=50)) == len(other.search("نوبت", limit=50)) == 16
        assert search.count() == other.count() == {"contact": 0, "interaction": 17, "request": 0}

    def test_threads_share_one_search(self, search: TextSearch) -> None:
        names = ["رود", "کوه", "دشت", "دریا"]
        search.apply([text(10 * place + number, name, f"{name} {number}") for place, name in enumerate(names)
                      for number in range(10)], [], "0")
        wrong: list[object] = []

        def ask(place: int) -> None:
            expected = {10 * place + number for number in range(10)}
            for _ in range(25):
                try:
                    found = {hit.id for hit in search.search(names[place])}
                except Exception as error:  # noqa: BLE001 (a thread must not die silently)
                    wrong.append(error)
                else:
                    if found != expected:
                        wrong.append(found)

        threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
        for thread in threads:
            thread.start()
        for number in range(1, 16):
            search.apply([text(1000 + number, "ابر")], [], str(number))
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_a_damaged_index_is_thrown_away(self, search: TextSearch, folder: Path,
                                            opened: Callable[..., TextSearch]) -> None:
        search.apply([contact(1, "سارا"), text(2, "گل")], [], "a")
        search.close()
        self.damage(folder)
        reader = opened(folder, read_only=True)
        with pytest.raises(SearchUnavailable):
            reader.search("گل")
        again = opened(folder)
        assert again.cursor() is None
        again.replace([text(2, "گل")], "b")
        assert keys(again.search("گل")) == [("interaction", 2)]
        assert keys(reader.search("گل")) == [("interaction", 2)], "a reader gets over it too"

    def test_damage_found_while_running(self, search: TextSearch, folder: Path) -> None:
        search.apply([contact(1, "سارا"), text(2, "گل")], [], "a")
        self.damage(folder)
        with pytest.raises(SearchUnavailable):
            search.search("گل")
        with pytest.raises(SearchUnavailable):
            search.apply([text(3, "گل")], [], "b")
        assert search.cursor() is None, "so the indexer builds it anew"
        search.replace([text(2, "گل")], "c")
        assert keys(search.search("گل")) == [("interaction", 2)]

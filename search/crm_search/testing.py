"""The conformance suite of full text: what every backend must do, as a test class to inherit.

A backend's tests subclass `TextSearchContract`, say how to open it, and get all of this; nothing here knows of Whoosh.
"""

from __future__ import annotations

import pytest

from crm_core.services.textsearch import KINDS, SearchUnavailable, TextSearch
from crm_search.testing_commits import CommitsContract
from crm_search.testing_kit import contact, keys, text

HALF_SPACE = "\u200c"


class TextSearchContract(CommitsContract):
    """Inherit, set ``opener``, and override `damage` where the backend lies in files."""

    # -- what is put in is found -------------------------------------------------------------------------------------

    def test_it_keeps_the_protocol(self, search: TextSearch) -> None:
        assert isinstance(search, TextSearch)

    def test_new_index_is_empty_and_says_so(self, search: TextSearch) -> None:
        assert search.cursor() is None
        assert search.count() == dict.fromkeys(KINDS, 0)
        with pytest.raises(SearchUnavailable):
            search.search("چراغ")

    def test_documents_are_put_in_replaced_and_taken_out(self, search: TextSearch) -> None:
        search.apply([contact(1, "سارا کریمی"), text(2, "چراغ", "خیابان"), text(3, "آسفالت", kind="request")], [], "a")
        assert keys(search.search("چراغ")) == [("interaction", 2)]
        assert keys(search.search("خیابان")) == [("interaction", 2)]
        assert keys(search.search("کریمی")) == [("contact", 1)]
        assert search.count() == {"contact": 1, "interaction": 1, "request": 1}

        search.apply([text(2, "چراغ", "میدان"), contact(1, "سارا احمدی")], [("request", 3)], "b")
        assert keys(search.search("میدان")) == [("interaction", 2)]
        assert search.search("خیابان") == []
        assert search.search("کریمی") == []
        assert search.search("آسفالت") == []
        assert search.count() == {"contact": 1, "interaction": 1, "request": 0}

    def test_hits_carry_their_contact(self, search: TextSearch) -> None:
        search.apply([contact(7, "باران"), text(8, "باران", of=7), text(9, "باران", of=None)], [], "a")
        assert {(hit.kind, hit.id, hit.contact) for hit in search.search("باران")} == {
            ("contact", 7, 7), ("interaction", 8, 7), ("interaction", 9, None)}
        assert all(hit.score > 0 for hit in search.search("باران"))

    def test_ids_of_63_bits_of_different_kinds_do_not_mix(self, search: TextSearch) -> None:
        big = 2**63 - 1
        search.apply([contact(big, "دریا"), text(big, "دریا", of=big), text(big, "دریا", kind="request")], [], "a")
        search.apply([], [("interaction", big)], "b")
        assert set(keys(search.search("دریا"))) == {("contact", big), ("request", big)}

    def test_the_last_of_one_batch_wins_and_unknown_deletes_are_ignored(self, search: TextSearch) -> None:
        search.apply([text(1, "اول"), text(1, "دوم")], [("request", 99), ("interaction", 98)], "a")
        assert search.search("اول") == []
        assert keys(search.search("دوم")) == [("interaction", 1)]
        assert search.count()["interaction"] == 1

    def test_what_is_put_in_and_taken_out_at_once_stays(self, search: TextSearch) -> None:
        search.apply([text(1, "باغ")], [("interaction", 1)], "a")
        assert keys(search.search("باغ")) == [("interaction", 1)]

    def test_many_small_commits_lose_nothing(self, search: TextSearch) -> None:
        for number in range(1, 41):
            search.apply([text(number, f"شماره{number}", "درخت"), contact(number, f"نام{number}")],
                         [("contact", number - 10)], str(number))
        assert search.count() == {"contact": 10, "interaction": 40, "request": 0}
        assert len(search.search("درخت", limit=100)) == 40
        assert [keys(search.search(f"شماره{number}")) for number in range(1, 41)] == [
            [("interaction", number)] for number in range(1, 41)]
        assert search.search("نام30", kind="contact") == []

    # -- words and what they mean ------------------------------------------------------------------------------------

    def test_every_word_must_occur(self, search: TextSearch) -> None:
        search.apply([text(1, "چراغ خیابان"), text(2, "چراغ"), text(3, "خیابان")], [], "a")
        assert keys(search.search("خیابان چراغ")) == [("interaction", 1)]

    def test_a_phrase_keeps_its_order(self, search: TextSearch) -> None:
        search.apply([text(1, "", "لوله آب شکست"), text(2, "", "آب در لوله نیست"), text(3, "لوله", "آب")], [], "a")
        assert keys(search.search('"لوله آب"')) == [("interaction", 1)]
        assert keys(search.search("«لوله آب»")) == [("interaction", 1)]
        assert len(search.search("لوله آب")) == 3

    def test_a_phrase_skips_what_is_no_word_to_search(self, search: TextSearch) -> None:
        search.apply([text(1, "", "ثبت در سامانه"), text(2, "", "سامانه ثبت")], [], "a")
        assert keys(search.search('"ثبت در سامانه"')) == [("interaction", 1)]

    def test_words_that_begin_so(self, search: TextSearch) -> None:
        search.apply([text(1, "شهرداری"), text(2, "شهروند"), text(3, "شب")], [], "a")
        assert set(keys(search.search("شهر*"))) == {("interaction", 1), ("interaction", 2)}
        assert search.search("شه*") == [], "two letters are too few: looked for as a word"
        assert search.search("*هر") == []

    @pytest.mark.parametrize("spellings", [
        ("می‌شود", "می شود", "میشود"),
        ("کتاب‌های", "كتاب‌هاي", "کتابهای", "کتاب های", "كتابهاي"),
        ("خانه‌ام", "خانه ام", "خانهام"),
        ("نمی‌دانم", "نمی دانم", "نميدانم"),
        ("آب", "اب"),
        ("مسئله", "مسيله"),
        ("رشتهٔ", "رشتۀ", "رشته"),
        ("۱۴۰۵", "١٤٠٥", "1405"),
        ("Café", "CAFE", "cafe"),
    ])
    def test_spellings_of_a_word_meet(self, search: TextSearch, spellings: tuple[str, ...]) -> None:
        search.apply([text(place, "گزارش", f"نخست {word} سپس") for place, word in enumerate(spellings, 1)], [], "a")
        for word in spellings:
            assert len(search.search(word)) == len(spellings), word
            assert len(search.search(f"«نخست {word}»")) == len(spellings), f"phrase with {word}"

    def test_a_compound_written_apart_joined_or_half_joined(self, search: TextSearch) -> None:
        search.apply([text(1, "پیش فرض"), text(2, f"پیش{HALF_SPACE}فرض"), text(3, "پیشفرض")], [], "a")
        assert len(search.search(f"پیش{HALF_SPACE}فرض")) == 3
        assert len(search.search("پیش فرض")) == 3
        assert {key[1] for key in keys(search.search("پیشفرض"))} >= {2, 3}

    def test_endings_are_found_below_the_word_itself(self, search: TextSearch) -> None:
        search.apply([text(1, "", "شکایت‌های"), text(2, "", "شکایت"), text(3, "", "شکایتها")], [], "a")
        assert keys(search.search("شکایت"))[0] == ("interaction", 2)
        assert len(search.search("شکایت")) == 3
        assert len(search.search("شکایت‌ها")) == 3
        assert keys(search.search("شکایتها"))[0] == ("interaction", 3)

    def test_codes_are_found_whole_however_they_are_grouped(self, search: TextSearch) -> None:
        search.apply([text(1, "درخواست", kind="request", codes=("4827193650", "۱۲/۳۴/ب"))], [], "a")
        for code in ("4827193650", "4827-1936-50", "۴۸۲۷ ۱۹۳۶ ۵۰", "12/34/ب", "۱۲۳۴ب"):
            assert keys(search.search(code)) == [("request", 1)], code
        assert search.search("482719365*") == [], "codes have no beginnings"
        assert search.search("4827193651") == []

    def test_any_input_is_answered(self, search: TextSearch) -> None:
        search.apply([contact(1, "سارا"), text(2, "چراغ خیابان")], [], "a")
        for words in ("", " ", "*", "***", '"', '""', '"*', "«", "NOT", "a OR", "[a TO b]", "text:چراغ", "چراغ^9", "((",
                      "/.*/", "\x00", "\ud800", "چ" * 5000, "سه " * 3000, "?" * 50, "a" * 2000 + "*", "\u200c", "~1"):
            assert isinstance(search.search(words), list)
            assert isinstance(search.fuzzy_names(words), list)
        assert search.search("چراغ", kind="no such kind") == []

    def test_any_text_is_indexed(self, search: TextSearch) -> None:
        strange = ["", "\x00\ud800\udfff", "\u200c\u200c", "٪" * 500, "ا" * 100_000, "a,b;" * 20_000, "👩‍👩‍👧 \u202e"]
        search.apply([made for place, words in enumerate(strange, 1)
                      for made in (text(place, words, words, codes=(words,)), contact(place, words, words))], [], "a")
        assert search.count() == {"contact": len(strange), "interaction": len(strange), "request": 0}

    # -- names -------------------------------------------------------------------------------------------------------

    def test_beginnings_of_names(self, search: TextSearch) -> None:
        search.apply([contact(1, "مریم رضایی"), contact(2, "مینا رضوی"), text(3, "مریم")], [], "a")
        assert keys(search.search("مر رض", kind="contact")) == [("contact", 1)]
        assert len(search.search("رض", kind="contact")) == 2

    def test_names_joined_and_split(self, search: TextSearch) -> None:
        search.apply([contact(1, "محمد رضا نوری"), contact(2, "محمدرضا صفوی"), contact(3, "علی‌رضا کاظمی")], [], "a")
        for words in ("محمدرضا", "محمد رضا", f"محمد{HALF_SPACE}رضا"):
            assert {key[1] for key in keys(search.search(words, kind="contact"))} == {1, 2}, words
        assert keys(search.search("علیرضا")) == [("contact", 3)]

    def test_names_with_one_letter_wrong(self, search: TextSearch) -> None:
        search.apply([contact(1, "فاطمه محمدی"), contact(2, "فاطمه صادقی"), text(3, "محمدی")], [], "a")
        for words in ("محمدی", "مجمدی", "محمدىى", "محدی", "محمید", "طحمدی", "فاطه مجمدی"):
            assert keys(search.fuzzy_names(words)) == [("contact", 1)], words
        assert keys(search.fuzzy_names("فاطمه"))[0][0] == "contact"
        assert len(search.fuzzy_names("فاتمه")) == 2
        assert search.fuzzy_names("زهرا") == []
        assert len(search.fuzzy_names("فاطمه", limit=1)) == 1

    def test_the_right_spelling_comes_first(self, search: TextSearch) -> None:
        search.apply([contact(1, "کرمی"), contact(2, "کریمی"), contact(3, "رحیمی")], [], "a")
        assert keys(search.fuzzy_names("کریمی"))[0] == ("contact", 2)
        assert keys(search.fuzzy_names("کرمی"))[0] == ("contact", 1)

    # -- order and limits --------------------------------------------------------------------------------------------

    def test_best_first_then_newest_first(self, search: TextSearch) -> None:
        same = [text(number, "پل", "هوایی", when=1_000 * number) for number in range(1, 8)]
        search.apply([*same, text(50, "پل پل", "پل پل هوایی پل", when=1)], [], "a")
        assert [key[1] for key in keys(search.search("پل"))] == [50, 7, 6, 5, 4, 3, 2, 1]

    def test_a_short_text_and_a_title_count_more(self, search: TextSearch) -> None:
        long = " ".join(f"واژه{number}" for number in range(200))
        search.apply([text(1, "", f"پل {long}"), text(2, "", "پل هوایی"), text(3, "پل", long)], [], "a")
        assert [key[1] for key in keys(search.search("پل"))] == [2, 3, 1]

    def test_a_very_common_word_still_finds_its_forms_inside_a_contact(self, search: TextSearch) -> None:
        documents = [text(number, "شکایت", of=1) for number in range(1, 1_101)]
        search.replace([*documents, text(2_000, "شکایتها", of=2)], "a")
        assert keys(search.search("شکایت", contact=2)) == [("interaction", 2_000)]
        assert len(search.search("شکایت", limit=400)) == 400

    def test_limits(self, search: TextSearch) -> None:
        search.apply([text(number, "کوچه", when=number) for number in range(1, 31)], [], "a")
        assert len(search.search("کوچه")) == 20
        assert len(search.search("کوچه", limit=3)) == 3
        assert len(search.search("کوچه", limit=10**9)) == 30
        assert search.search("کوچه", limit=0) == []
        assert search.search("کوچه", limit=-5) == []
        assert search.fuzzy_names("کوچه", limit=0) == []

    def test_inside_one_contact_and_one_kind(self, search: TextSearch) -> None:
        search.apply([contact(1, "پارک ملت"), contact(2, "پارک لاله"), text(3, "پارک", of=1), text(4, "پارک", of=2),
                      text(5, "پارک", of=1, kind="request"), text(6, "پارک", of=None)], [], "a")
        assert set(keys(search.search("پارک", contact=1))) == {("contact", 1), ("interaction", 3), ("request", 5)}
        assert keys(search.search("پارک", contact=1, kind="request")) == [("request", 5)]
        assert keys(search.search("پارک", contact=2, kind="interaction")) == [("interaction", 4)]
        assert set(keys(search.search("پارک", kind="interaction"))) == {
            ("interaction", 3), ("interaction", 4), ("interaction", 6)}
        assert search.search("پارک", contact=99) == []

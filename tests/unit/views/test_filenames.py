"""Names of files from anywhere, safe everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.text.filenames import MAX_BYTES, safe_name


@pytest.mark.parametrize(
    "name, safe",
    [
        ("قبض خرداد.pdf", "قبض خرداد.pdf"),
        ("نامه‌ها.pdf", "نامه‌ها.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("..", "file"),
        ("", "file"),
        ("   ", "file"),
        (".pdf", "pdf"),
        ("CON", "_CON"),
        ("com1.txt", "_com1.txt"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("a\x00b\n.txt", "ab.txt"),
        ("gpj.\u202eexe", "gpj.exe"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("name. . .", "name"),
        ("a;b&c`d$e%f.txt", "a_b&c_d_e_f.txt"),
        ("\udcff.txt", "_.txt"),
    ],
)
def test_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_ending_follows_the_content() -> None:
    assert safe_name("page.html", ("pdf",)) == "page.html.pdf"
    assert safe_name("عکس.JPEG", ("jpg", "jpeg")) == "عکس.JPEG"
    assert safe_name("noending", ("txt", "csv")) == "noending.txt"
    assert safe_name(".htaccess", ("txt",)) == "htaccess.txt"


def test_long_names_keep_their_ending() -> None:
    shortened = safe_name("آ" * 500 + ".pdf")
    assert len(shortened.encode()) <= MAX_BYTES
    assert shortened.endswith("آ.pdf")
    assert len(safe_name("x." + "y" * 500).encode()) <= MAX_BYTES


@given(st.text(st.characters(), max_size=300))
def test_whatever_the_name(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe == safe.strip(" ")
    assert not safe.endswith(".")
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\:*?"<>|\x00\n\u202e')
    assert len(safe.encode()) <= MAX_BYTES
    assert safe_name(safe) == safe

"""What pages carry sealed: given back whole, never readable, never the same twice, never anybody else's making."""

from __future__ import annotations

import pytest

from crm_views.sealing import seal, unseal


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 3, b"a" * 32])
def test_what_was_sealed_comes_back(content: bytes) -> None:
    sealed = [seal("key", content) for _time in range(2)]
    assert [unseal("key", one) for one in sealed] == [content, content]
    assert sealed[0] != sealed[1]
    assert unseal("other key", sealed[0]) is None


def test_what_was_changed_or_made_up_is_nothing() -> None:
    sealed = seal("key", b"0123456789")
    for place, char in enumerate(sealed[:-1]):
        assert unseal("key", sealed[:place] + ("A" if char != "A" else "B") + sealed[place + 1:]) is None
    for text in ("", "x", "0.0", "a" * 3000, "\u06f0.\u06f0", "=", sealed[:-4], sealed + "AAAA"):
        assert unseal("key", text) is None

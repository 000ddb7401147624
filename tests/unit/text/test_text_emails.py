"""E-mail addresses against flanker's lists of valid and invalid ones."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.text.emails import email
from crm_core.text.errors import InvalidIdentifier

# Valid by the RFCs and refused here, by the reason in the module's docstring.
NOT_BARE = re.compile(r"[<>]\s*$|^\(|\(this is a comment\)$")  # a display name or a comment beside the address
WITHOUT_DOT = {
    "postbox@com", "admin@mailserver1", "bob@mi-nus", "bob@under_scope", "first.last@com", "test@example", "a@b",
    "a@bar",
}  # fmt: skip
NUMBER_AS_DOMAIN = {"first.last@example.123", "test@123.123.123.123", "foobar@192.168.0.1"}


def lines(path: Path) -> list[str]:
    """The addresses of a list: one a line, `#` begins a comment line, remarks stand far to the right."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        address = re.split(r"\s{6,}#", line)[0]
        if address.strip() and not address.lstrip().startswith("#"):
            found.append(address)
    return found


def accepted(address: str) -> bool:
    try:
        email(address)
    except InvalidIdentifier:
        return False
    return True


def test_valid_addresses_are_taken(shared_data: Path) -> None:
    valid = lines(shared_data / "2_email" / "addresses" / "mailbox_valid.txt")
    assert len(valid) > 100
    bare = {address for address in valid if not NOT_BARE.search(address)}
    assert {address for address in bare if not accepted(address)} == WITHOUT_DOT | NUMBER_AS_DOMAIN
    assert not any(accepted(address) for address in set(valid) - bare)


def test_invalid_addresses_are_refused(shared_data: Path) -> None:
    invalid = lines(shared_data / "2_email" / "addresses" / "mailbox_invalid.txt")
    assert len(invalid) > 70
    assert [address for address in invalid if accepted(address)] == []


def test_only_the_domain_is_lower_case() -> None:
    assert email(" Ali.Rezaei@Example.COM ") == "Ali.Rezaei@example.com"
    assert email("mailto:a@b.ir") == "a@b.ir"
    assert email("a@مثال.ایران") == "a@مثال.ایران"
    assert email("\u200ea@b.ir\u200f") == "a@b.ir"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "empty"), ("ali", "characters"), ("@b.ir", "local_part"), ("a b@c.ir", "local_part"), ("a@b", "domain"),
        ("a@b..ir", "domain"), ("a@-b.ir", "domain"), ("a@b.ir\x00x", "characters"), ("a\u200fb@c.ir", "characters"),
        ("a" * 65 + "@b.ir", "length"), ("a@" + "b" * 64 + ".ir", "domain"), ("a@" + "b.c" * 100 + ".ir", "length"),
        ("علی" * 11 + "@b.ir", "length"),
    ],
)  # fmt: skip
def test_refused_with_a_stable_word(text: str, reason: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        email(text)
    assert caught.value.code == reason


@settings(deadline=None)
@given(st.emails())
def test_generated_addresses_are_taken_and_stable(address: str) -> None:
    assert email(email(address)) == email(address)
    assert email(address).lower() == address.lower()

"""E-mail addresses: one bare address, checked by the limits of RFC 5321 and the grammar of RFC 5322.

Not taken though the RFCs allow them: display names and comments (more than an address), domain literals, and domains
without a dot, which at a service desk are a slip of the pen (`ali@gmail`) and never reach anybody.
"""

import re
import unicodedata

from crm_core.text.digits import to_ascii
from crm_core.text.errors import InvalidIdentifier

ADDRESS_MAX = 254  # octets, RFC 5321 4.5.3.1.3 less the two angle brackets (erratum 1690 to RFC 3696)
LOCAL_MAX = 64  # octets, RFC 5321 4.5.3.1.1
DOMAIN_MAX = 253  # octets in ASCII form
LABEL_MAX = 63  # octets in ASCII form, RFC 1035

# RFC 5322 atext, and by RFC 6531 any character beyond ASCII.
_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"(?:[^\x00-\x1f\x7f"\\]|\\[\x20-\x7e])+"')
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_EDGE = "\u00ad\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"


def email(text: str) -> str:
    """Return one e-mail address with its domain in lower case; only its host may judge the case of the local part.

    International addresses are allowed and stay readable (not punycode). Raises InvalidIdentifier with the code
    "empty", "characters" (control or invisible characters, not an address), "local_part", "domain" or "length".
    """
    plain = unicodedata.normalize("NFC", text.strip().strip(_EDGE).strip())
    plain = re.sub("^mailto:", "", plain, flags=re.IGNORECASE)
    if not plain:
        raise InvalidIdentifier("empty")
    if len(plain) > ADDRESS_MAX:
        raise InvalidIdentifier("length")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"} for char in plain):
        raise InvalidIdentifier("characters")
    local, at, domain = plain.rpartition("@")
    if not at:
        raise InvalidIdentifier("characters")
    if not (_DOT_ATOM.fullmatch(local) and not re.search(r"\s", local)) and not _QUOTED.fullmatch(local):
        raise InvalidIdentifier("local_part")
    domain = _domain(domain)
    address = f"{local}@{domain}"
    if len(local.encode()) > LOCAL_MAX or len(address.encode()) > ADDRESS_MAX:
        raise InvalidIdentifier("length")
    return address


def _domain(typed: str) -> str:
    """Return a domain name in lower case, its labels checked in their ASCII form (IDNA)."""
    domain = unicodedata.normalize("NFC", to_ascii(unicodedata.normalize("NFKC", typed)).lower())
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdecimal():  # the last is never a number: that would be an address of a machine
        raise InvalidIdentifier("domain")
    ascii_length = len(labels) - 1
    for label in labels:
        try:
            encoded = label.encode("idna").decode("ascii") if not label.isascii() else label
            if encoded.startswith("xn--"):
                encoded.encode("ascii").decode("idna")
        except UnicodeError as error:
            raise InvalidIdentifier("domain") from error
        if not _LABEL.fullmatch(encoded) or len(encoded) > LABEL_MAX:
            raise InvalidIdentifier("domain")
        ascii_length += len(encoded)
    if ascii_length > DOMAIN_MAX:
        raise InvalidIdentifier("length")
    return domain

"""Names of people as they are typed: which part is given and which is the family's."""

from __future__ import annotations

from crm_core.text.folding import fold

NO_GIVEN_NAMES = ("آقا", "آقای", "خانم", "سید", "سیده", "حاج", "دکتر", "مهندس", "شرکت", "مؤسسه", "سازمان", "اداره",
                  "انجمن", "بانک", "مدرسه", "بیمارستان", "مسجد", "Mr", "Mrs", "Ms", "Dr")
"""First words of two after which no family name is certain: titles, and what organisations are."""
_FOLDED = frozenset(fold(word) for word in NO_GIVEN_NAMES)


def in_parts(name: str) -> dict[str, str]:
    """A typed name as a citizen's form has it: ``given`` and ``family`` where two words are plainly those, else the
    whole ``name``; {} for none."""
    first, *rest = name.split() or [""]
    if len(rest) == 1 and fold(first) not in _FOLDED:
        return {"given": first, "family": rest[0]}
    return {"name": name} if name else {}

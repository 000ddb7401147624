"""vCard 2.1, 3.0 and 4.0 as address books really write them: files to cards, cards to properties.

Tolerant by design (RFC 2426, RFC 6350, versit's vCard 2.1): folded and unfolded base64, soft line breaks of
quoted-printable, parameters without names, missing ends. What a property means is `vcard_rows`' business.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.importing import reasons
from crm_core.importing.rows import MAX_COLUMNS, Refusal, Rejected
from crm_core.importing.source import Source, physical_lines

MAX_CARD = 10_000_000
"""Characters of one card, pictures included."""

_BEGIN = re.compile(r"\s*BEGIN\s*:\s*VCARD\s*", re.IGNORECASE)
_END = re.compile(r"\s*END\s*:\s*VCARD\s*", re.IGNORECASE)
_VERSION = re.compile(r"\s*VERSION\s*:\s*([\d.]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\s*(?:([\w-]+)\.)?([\w-]+)((?:;(?:[^\":;]|\"[^\"]*\")*)*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";((?:[^\";]|\"[^\"]*\")*)")
_QUOTED_PRINTABLE = re.compile(r";(?:ENCODING=)?QUOTED-PRINTABLE(?=[;:])", re.IGNORECASE)
_BASE64 = re.compile(r"^[^:]*;(?:ENCODING=)?(?:BASE64|B)(?=[;:])", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CHARSETS = re.compile(r"utf-(?:8|16|16-le|16-be)|ascii|big5|shift_jis|(?:cp|iso8859-|gb|euc_|koi8-|mac-).+")
_TYPES_2_1 = frozenset(("QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"))


@dataclass(frozen=True)
class Property:
    """One property of a card: ``name`` in capitals, parameter values by name in capitals, the value still escaped."""

    name: str
    group: str
    parameters: dict[str, tuple[str, ...]]
    value: str
    version: str

    def types(self) -> frozenset[str]:
        """TYPE parameters in capitals, whether written ``TYPE=work,voice`` or just ``;WORK;VOICE``."""
        return frozenset(value.upper() for value in self.parameters.get("TYPE", ()))

    @property
    def is_binary(self) -> bool:
        encoding = self.parameters.get("ENCODING", ("",))[0].upper()
        return encoding in ("BASE64", "B") or self.value[:5].lower() == "data:"

    def text(self) -> str:
        """The value as text, decoded and unescaped."""
        return self._clean(self.value)

    def components(self, separator: str = ";") -> list[str]:
        """The parts of a structured value (N, ADR, ORG), each decoded and unescaped."""
        parts = re.findall(rf"((?:\\.|[^\\{separator}])*\\?)(?:[{separator}]|$)", self.value, re.DOTALL)
        return [self._clean(part) for part in (parts[:-1] if len(parts) > 1 and not parts[-1] else parts)]

    def _clean(self, value: str) -> str:
        if "QUOTED-PRINTABLE" in (item.upper() for item in self.parameters.get("ENCODING", ())):
            value = _quoted_printable(value, self.parameters.get("CHARSET", ("utf-8",))[0])
        old = self.version.startswith("2")
        return _ESCAPE.sub(lambda match: _unescaped(match[1], old), value)


@dataclass(frozen=True)
class Card:
    """One card: the line it begins in, its version and its properties."""

    line: int
    version: str
    properties: tuple[Property, ...]


def _unescaped(char: str, old: bool) -> str:
    if char in "nN" and not old:
        return "\n"
    # 2.1 knows \; alone, and a backslash in a path (C:\new) is just one.
    return char if char in ";,:\"\\" and not (old and char in "\"\\") else f"\\{char}"


def _quoted_printable(value: str, charset: str) -> str:
    """The text of a quoted-printable value. Bytes that are no text become U+FFFD; the reader counts them."""
    data = binascii.a2b_qp(value.encode("utf-8", "surrogatepass"))
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        name = "utf-8"
    # Python also knows "charsets" that are programs (unicode_escape, idna, base64); a card may not name those.
    return data.decode(name if _CHARSETS.fullmatch(name) else "utf-8", "replace")


def cards(source: Source, encoding: str) -> Iterator[Card | Rejected]:
    """The cards of a file in their order; a card that cannot be understood is refused by itself."""
    start, lines, size = 0, list[str](), 0
    too_long = inside_agent = False
    for number, line in physical_lines(source, encoding):
        if line is not None and _BEGIN.fullmatch(line):
            if start and _announces_agent(lines):
                inside_agent = True
                continue
            if start:
                yield _refused(start, reasons.card_unfinished())
            start, lines, size, too_long = number, [], 0, False
            inside_agent = False
        elif not start:
            continue
        elif inside_agent:
            # The secretary of somebody (2.1) is a card inside the card: a person of its own, whom nobody looks up.
            inside_agent = line is None or not _END.fullmatch(line)
        elif line is not None and _END.fullmatch(line):
            try:
                if too_long:
                    raise reasons.too_long_record()
                yield _card(start, lines)
            except Refusal as refusal:
                yield _refused(start, refusal)
            start, lines = 0, []
        elif line is None or size > MAX_CARD:
            too_long = True
        else:
            size += len(line)
            lines.append(line)
    if start:
        yield _refused(start, reasons.card_unfinished())


def _announces_agent(lines: list[str]) -> bool:
    """Say whether a BEGIN:VCARD after ``lines`` opens a card inside this one."""
    return bool(lines) and re.fullmatch(r"\s*AGENT[^:]*:\s*", lines[-1], re.IGNORECASE) is not None


def _refused(line: int, refusal: Refusal) -> Rejected:
    return Rejected(line, refusal.reason, refusal.code)


def _card(start: int, lines: list[str]) -> Card:
    version = next((match[1] for line in lines if (match := _VERSION.match(line))), "3.0")
    properties: list[Property] = []
    for text in _unfold(lines, version.startswith("2")):
        if not text.strip():
            continue
        match = _PROPERTY.fullmatch(text)
        if match is None:
            raise reasons.card_line(text)
        name = match[2].upper()
        if name != "VERSION":
            properties.append(Property(name, match[1] or "", _parameters(match[3]), match[4], version))
    if len(properties) > MAX_COLUMNS:
        raise reasons.too_many(MAX_COLUMNS)
    return Card(start, version, tuple(properties))


def _unfold(lines: list[str], old: bool) -> Iterator[str]:
    """Logical lines: folded ones joined (2.1 keeps the blank it was folded at), soft breaks and bare base64 too."""
    parts: list[str] = []
    soft = base64 = False
    for line in lines:
        text = line.rstrip("\r\n")
        if soft:
            soft = text.endswith("=")
            parts.append(text[:-1] if soft else text)
            continue
        if text[:1] in (" ", "\t") and parts and not (base64 and not text.strip()):
            parts.append(text if old and not base64 else text[1:])
        elif base64 and text and ":" not in text and ";" not in text:
            parts.append(text)
        else:
            if parts:
                yield "".join(parts)
            parts = [text]
            base64 = _BASE64.match(text) is not None
        soft = text.endswith("=") and not base64 and _is_quoted_printable(parts[0])
        if soft:
            parts[-1] = parts[-1][:-1]
    if parts:
        yield "".join(parts)


def _is_quoted_printable(start: str) -> bool:
    head = start.partition(":")[0]
    return _QUOTED_PRINTABLE.search(f"{head}:") is not None


def _parameters(text: str) -> dict[str, tuple[str, ...]]:
    parameters: dict[str, tuple[str, ...]] = {}
    for match in _PARAMETER.finditer(text):
        name, equals, value = match[1].partition("=")
        if not equals:
            name, value = ("ENCODING" if name.strip().upper() in _TYPES_2_1 else "TYPE"), name
        name = name.strip().upper()
        values = tuple(item for item in re.split(r",", value.strip().replace('"', "")) if item)
        parameters[name] = parameters.get(name, ()) + values
    return {name: values for name, values in parameters.items() if values}

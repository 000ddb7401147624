"""How values look to a reader: digits, dates, times, numbers, phones and texts in the language of the page.

Everything here gives plain text that templates escape; only `Display.sentence` and `Display.time` give markup.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Literal, TypeAlias

from chameleon.utils import Markup
from translationstring import TranslationString

from crm_core.i18n import LANGUAGES, Text, TextFactory, choose
from crm_core.text import identifiers, jalali, tracking
from crm_core.text.digits import is_persian, localise

if TYPE_CHECKING:
    from pyramid.request import Request

_ = TextFactory("crm_views")

Moment: TypeAlias = int
"""Milliseconds since 1970 in UTC, as stored."""

TextLike: TypeAlias = Text | Mapping[str, str] | None
"""A translatable sentence, words in their final form, or stored labels in every language."""

_UNITS: tuple[tuple[int, Text], ...] = (
    (1 << 30, _("${number} GB")),
    (1 << 20, _("${number} MB")),
    (1 << 10, _("${number} kB")),
)
_CURRENCIES: Mapping[str, tuple[int, Text]] = {
    "IRR": (0, _("${amount} rials")),
    "EUR": (2, _("${amount} euros")),
    "USD": (2, _("${amount} dollars")),
}
_MARK = "\ue000"
"""A private character that stands for a value while the sentence around it is escaped."""
_GROUPS = r"[+(]?\d[\d\s().:/-]*"
_NUMBER = re.compile(rf"(?=.*[\s()+-]){_GROUPS}")
"""Digits in groups, as phones and codes are: after Persian words their groups would stand in the opposite order, since
UAX 9 (W2, W4) joins digits over a space or a hyphen there no more."""
_TURNS = re.compile(f"(\u2066{_GROUPS}\u2069)|[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates (UAX 9): inside a sentence they would turn our own words and digits around. Only
those around a number turn nothing else."""
_TOKEN = re.compile(f"{_MARK}([0-9]+){_MARK}")
_NAME = r"[a-zA-Z][-a-zA-Z0-9_]*"
_PLACE = re.compile(rf"(?<!\$)\$(?:({_NAME})|\{{({_NAME})\}})")
"""Where a value stands in a message, as translationstring reads it."""
_REMEMBERED = 4096


Said: TypeAlias = Callable[[str, str | None, str | None, str | None], str]
"""Words for a message id, its domain, context and default, with the places of its values open."""


def remembering(translate: Callable[[Text], str]) -> Said:
    """The words ``translate`` gives, asked for once: pages say the same few hundred messages again and again."""

    @lru_cache(maxsize=_REMEMBERED)
    def said(message: str, domain: str | None, context: str | None, default: str | None) -> str:
        return str(translate(TranslationString(message, domain, default, None, context)))

    return said


def unturned(text: str) -> str:
    """``text`` without the marks that change the direction of what follows; isolates around all of it stay."""
    plain = _TURNS.sub(lambda found: found[1] or "", text)
    return f"\u2068{plain}\u2069" if text.startswith("\u2068") and text.endswith("\u2069") else plain


def upright(text: str) -> str:
    """``text``, and where all of it is a number in groups, isolated left to right (U+2066 … U+2069)."""
    return f"\u2066{text}\u2069" if _NUMBER.fullmatch(text) else text


@dataclass(frozen=True)
class Display:
    """Display for one reader: ``locale`` fa or en, ``said`` by `remembering`, ``timezone`` by name, ``now`` in ms."""

    locale: str
    said: Said
    timezone: str
    now: Moment

    @classmethod
    def for_request(cls, request: Request) -> Display:
        """The display of a request: its locale, and the time zone of the setting ``crm.timezone``."""
        language = request.locale_name.replace("-", "_").split("_")[0].lower()
        return cls(
            locale=language if language in LANGUAGES else LANGUAGES[0],
            # Beside what it remembers the words of: one localizer serves a language for as long as the application.
            said=vars(request.localizer).setdefault("crm_said", remembering(request.localizer.translate)),
            timezone=request.registry.settings.get("crm.timezone", jalali.TEHRAN),
            now=int(dt.datetime.now(dt.UTC).timestamp() * 1000),
        )

    # Texts

    def text(self, value: TextLike) -> str:
        """Words in the reader's language: of a message, of stored labels, or as they are. None gives ""."""
        if value is None:
            return ""
        if isinstance(value, TranslationString):
            return self._said(value, {name: upright(self._value(one)) for name, one in (value.mapping or {}).items()})
        if isinstance(value, str):
            return str(value)
        return choose(value, self.locale)

    def _said(self, message: TranslationString, values: Mapping[str, str]) -> str:
        """A message in the reader's language with ``values`` at their places; a place without one stays as it is."""
        words = self.said(str(message), message.domain, message.context, message.default)
        return _PLACE.sub(lambda found: values.get(found[1] or found[2], found[0]), words) if values else words

    def sentence(self, message: TranslationString) -> Markup:
        """A sentence whose values are names: each is isolated by ``<bdi>``, so that it cannot turn the line around."""
        values = [self._value(value) for value in (message.mapping or {}).values()]
        tokens = {name: f"{_MARK}{place}{_MARK}" for place, name in enumerate(message.mapping or {})}
        words = escape(self._said(message, tokens))
        return Markup(_TOKEN.sub(lambda found: f"<bdi>{escape(values[int(found[1])])}</bdi>", words))

    def _value(self, value: object) -> str:
        """A value inside a sentence: numbers in the reader's digits, messages and labels in their words."""
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return self.number(value)
        return self.text(value) if isinstance(value, TranslationString | Mapping) else unturned(str(value))

    def title(self, value: TextLike) -> str:
        """Words for a place that holds no elements and more words beside them, such as the title of a page."""
        return unturned(self.text(value))

    # Numbers and codes

    def digits(self, value: object) -> str:
        """``value`` as text, with the digits of the reader's language."""
        return localise(str(value), self.locale)

    def number(self, value: int | float | Decimal, decimals: int | None = None) -> str:
        """A number with its thousands apart: ۱٬۲۵۰٫۵ / 1,250.5; ``decimals`` fixes the places behind the point."""
        words = f"{value:,}" if decimals is None else f"{value:,.{decimals}f}"
        if is_persian(self.locale):
            words = words.replace(",", "٬").replace(".", "٫")
        return self.digits(words)

    def money(self, minor: int, currency: str = "IRR") -> str:
        """An amount in minor units with its currency in words: ۱٬۲۵۰٬۰۰۰ ریال."""
        places, words = _CURRENCIES.get(currency, (0, _("${amount} ${currency}")))
        amount = self.number(Decimal(minor).scaleb(-places), places)
        return self.text(TranslationString(words, mapping={"amount": amount, "currency": currency}))

    def size(self, count: int) -> str:
        """A number of bytes as people say it: ۲۱۰ کیلوبایت."""
        for unit, words in _UNITS:
            if count >= unit:
                whole = count / unit
                number = self.number(whole, 0 if whole >= 10 or count % unit == 0 else 1)
                return self.text(TranslationString(words, mapping={"number": number}))
        return self.text(_("${number} bytes", mapping={"number": count}))

    def identifier(self, scheme: str, value: str) -> str:
        """A stored identifier as people read it; put it in an element of class ``code``."""
        if scheme in ("email", "telegram", "bale", "eitaa"):  # names: a digit of another script makes another name
            return str(identifiers.display(scheme, value))
        return self.digits(identifiers.display(scheme, value))

    def phone(self, value: str) -> str:
        """A stored phone number (E.164) as people read it: ۰۹۱۲ ۰۰۰ ۰۱ ۴۷; put it in an element of class ``code``."""
        return self.identifier("phone", value)

    def code(self, value: str) -> str:
        """A tracking code in groups: ۴۸۲۷-۱۹۳۶-۵۰; put it in an element of class ``code``."""
        return self.digits(tracking.group_code(value))

    # Dates and times

    def day(self, value: Moment | dt.date | str) -> dt.date:
        """The calendar day of a moment (in the desk's time zone), of an ISO text, or the date itself."""
        if isinstance(value, int):
            return jalali.day_of(value, self.timezone)
        return dt.date.fromisoformat(value) if isinstance(value, str) else value

    def date(self, value: Moment | dt.date | str, style: jalali.Style = "long") -> str:
        """A date in words; styles as in `jalali.format_date`. Raises ValueError for a text that is no ISO date."""
        return jalali.format_date(self.day(value), self.locale, style)

    def other_date(self, value: Moment | dt.date | str) -> str:
        """The date in the other calendar, for a ``title``: 17 November 2026 / ۲۶ آبان ۱۴۰۵."""
        return jalali.format_date(self.day(value), "en" if is_persian(self.locale) else "fa", "date")

    def datetime(self, value: Moment, style: jalali.Style = "long") -> str:
        """Date and time of a moment."""
        return jalali.format_datetime(value, self.locale, self.timezone, style)

    def clock(self, value: Moment) -> str:
        """The time of day of a moment: ۱۰:۴۱."""
        return jalali.format_time(value, self.locale, self.timezone)

    def iso(self, value: Moment) -> str:
        """A moment for a ``datetime`` attribute."""
        return dt.datetime.fromtimestamp(value // 1000, dt.UTC).isoformat().replace("+00:00", "Z")

    def relative_day(self, value: Moment) -> str:
        """امروز, دیروز, a weekday, or the date."""
        return jalali.relative_day(value, self.now, self.locale, self.timezone)

    def time_of_entry(self, value: Moment) -> str:
        """The short time beside an entry: the hour today and yesterday, weekday and day this year, else the month.

        It stands below a heading that names the day, week or month.
        """
        day, today = self.day(value), self.day(self.now)
        if 0 <= (today - day).days <= 1:
            return self.clock(value)
        if self._year(day) == self._year(today):
            return f"{self._short_weekday(day)} {self._number_of_day(day)}"
        if self._is_jalali(day):
            return jalali.month_name(jalali.to_jalali(day)[1], "fa")
        name = jalali.month_name(day.month, self.locale, "gregorian")
        return name if is_persian(self.locale) else name[:3]

    def time(self, value: Moment, style: Literal["entry", "day", "clock", "long"] = "long") -> Markup:
        """A ``<time>`` element of a moment, with the other calendar a hover away."""
        in_words = {"entry": self.time_of_entry, "day": self.relative_day, "clock": self.clock, "long": self.datetime}
        title = f"{self.datetime(value)} · {self.other_date(value)}" if style != "long" else self.other_date(value)
        words = in_words[style](value)
        return Markup(f'<time datetime="{self.iso(value)}" title="{escape(title)}">{escape(words)}</time>')

    def _year(self, day: dt.date) -> int:
        return jalali.to_jalali(day)[0] if self._is_jalali(day) else day.year

    def _number_of_day(self, day: dt.date) -> str:
        return self.digits(jalali.to_jalali(day)[2] if self._is_jalali(day) else day.day)

    def _is_jalali(self, day: dt.date) -> bool:
        return is_persian(self.locale) and jalali.has_jalali(day)

    def _short_weekday(self, day: dt.date) -> str:
        """چهارشنبه, Wed: short enough for the column of times; half a Persian name would read as a number."""
        name = jalali.weekday_name(day.weekday(), self.locale)
        return name if is_persian(self.locale) else name[:3]

"""The errors of this package: an identifier that cannot be one, a date not in the calendar, a time no clock shows.

They carry a stable word (`code`) and values, never a sentence: the caller knows the field, the form and the language.
"""


class InvalidIdentifier(ValueError):
    """A text that is not a well-formed identifier of its scheme.

    `code` is one of "empty", "characters", "length", "checksum", "repeated", "prefix", "local_part", "domain",
    "scheme".
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class InvalidDate(ValueError):
    """A text that names no day. `code` says why, `values` holds what a sentence about it needs.

    Codes: "empty"; "format" (not understood); "range" (year out of what is handled: `year`); "month" (no such month:
    `month`); "day_of_month" (the month is shorter: `day`, `month` 1-12, `length`, `year`, `calendar` "jalali" or
    "gregorian"); "weekday" (the date given is another weekday: `weekday`, 0 = Monday).
    """

    def __init__(self, code: str, **values: int | str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class InvalidTime(ValueError):
    """A text that names no time of day. Codes: "empty"; "format" (not understood); "hour" (`hour`); "minute"
    (`minute`)."""

    def __init__(self, code: str, **values: int) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

"""What colander and deform say, in our own words: both speak no Persian, and neither knows whom it is talking to.

Their message ids are looked up here and replaced by sentences of our catalog; values they carry are filled in.
"""

from __future__ import annotations

from collections.abc import Mapping

from translationstring import TranslationString

from crm_core.i18n import Text, TextFactory

_ = TextFactory("crm_views")

REQUIRED = _("Fill this in.")
CHOOSE = _("Choose one.")
CHOOSE_SOME = _("Choose at least one.")
MALFORMED = _("This did not arrive as the page sends it; please fill it in again.")
NOT_A_CHOICE = _("This is not one of the choices any more; choose again.")
NOT_A_NUMBER = _("“${val}” is not a number.")
NOT_A_DATE = _("This is not a date. Write it like 1405/8/26 or “yesterday”.")

FOREIGN: Mapping[str, TranslationString] = {
    "Required": REQUIRED,
    "Invalid value": _("This does not fit here."),
    "String does not match expected pattern": _("This is not written in the expected form."),
    "Invalid email address": _("This is not an e-mail address."),
    "Not a data URL": _("This is not a data address."),
    "Invalid MIME type": _("This kind of file is not known."),
    "Invalid Base64 encoded data": _("This data is damaged."),
    "${val} is less than minimum value ${min}": _("Give ${min} or more."),
    "${val} is greater than maximum value ${max}": _("Give ${max} or less."),
    "Shorter than minimum length ${min}": _("This is too short; ${min} characters at least."),
    "Longer than maximum length ${max}": _("This is too long; ${max} characters at most."),
    '"${val}" is not one of ${choices}': NOT_A_CHOICE,
    '"${val}" must not be one of ${choices}': _("“${val}” cannot be used here."),
    "One or more of the choices you made was not acceptable": NOT_A_CHOICE,
    '"${val}" is not a valid credit card number': _("This is not a card number."),
    "Must be a URL": _("This is not a web address."),
    "Must be a file:// URI scheme": _("This is not the address of a file."),
    "Invalid UUID string": _("This is not an identifier of that kind."),
    '"${val}" is not a mapping type: ${err}': MALFORMED,
    'Unrecognized keys in mapping: "${val}"': MALFORMED,
    '"${val}" is not iterable': MALFORMED,
    "${cstruct} is not iterable": MALFORMED,
    '"${val}" has an incorrect number of elements (expected ${exp}, was ${was})': MALFORMED,
    "${val} cannot be serialized: ${err}": MALFORMED,
    "${val} is not a string: ${err}": MALFORMED,
    "${val} is not a string": MALFORMED,
    '"${val}" is not a string': MALFORMED,
    '"${val}" is not a number': NOT_A_NUMBER,
    '"${val}" is neither in (${false_choices}) nor in (${true_choices})': MALFORMED,
    'relative name "${val}" irresolveable without package': MALFORMED,
    '"${val}" has no __name__': MALFORMED,
    'The dotted name "${name}" cannot be imported': MALFORMED,
    "Invalid date": NOT_A_DATE,
    "Invalid time": _("This is not a time of day."),
    '"${val}" is not a datetime object': NOT_A_DATE,
    '"${val}" is not a date object': NOT_A_DATE,
    '"${val}" is not a time object': _("This is not a time of day."),
    '"${val}" is not a valid "${cls}"': NOT_A_CHOICE,
    "${value} is not a dictionary": MALFORMED,
    "${value} has no ${key} key": MALFORMED,
    "Incomplete date": NOT_A_DATE,
    "Incomplete time": _("This is not a time of day."),
    "Fields did not match": _("The two entries differ."),
    "Password did not match confirm": _("The two passwords differ."),
    "There was a problem with your submission": _("Something in it is not right."),
}
"""Message id of colander or deform → our sentence."""

_FOREIGN_DOMAINS = frozenset({"colander", "deform"})


def own_words(message: Text) -> Text:
    """``message`` itself, or our sentence where it is one of colander's or deform's."""
    if isinstance(message, TranslationString):
        if message.domain not in _FOREIGN_DOMAINS:
            return message
        ours = FOREIGN.get(str(message), FOREIGN["Invalid value"])
        return ours % message.mapping if message.mapping else ours
    # deform says what a tampered post lacks without translating it.
    if message.startswith(("Invalid pstruct", "Pstruct is not", "Invalid peppercorn")):
        return MALFORMED
    return FOREIGN.get(message, message)


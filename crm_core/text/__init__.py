"""Persian and Latin text: folding, names as heard, digits, identifiers, tracking codes, Jalali dates, sorting.

Pure functions over strings that know nothing of contacts or storage; import the module you need, not this package.
"""

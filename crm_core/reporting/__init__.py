"""Report tables: what figures are counted from, as plain SQL beside the database.

schema: the tables · facts: rows of our objects · store: these in a database, fed from the journal ·
tables: the same, opened by the first who needs it.
"""

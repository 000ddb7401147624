"""The report tables, in SQLAlchemy's words: facts of requests, their stages, what was said, and what was answered.

Ids, words of lists, numbers and moments only: no names and nothing that anybody wrote freely. Moments are milliseconds
UTC. Whoever counts leaves out what the one who asks may not know of: `request.confidential` and `shield` tell it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table

LAYOUT = 1
"""Raised with every change of these tables: what was built for another layout is built anew."""

METADATA = MetaData()

STATE = Table(
    "state", METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("layout", Integer, nullable=False),
    Column("cursor", String, nullable=False),
)
"""One row: up to where the journal was read. It changes in the transaction of the facts."""

REQUEST = Table(
    "request", METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact", BigInteger),
    Column("type", String, nullable=False),
    Column("category", String, nullable=False),
    Column("status", String, nullable=False),
    Column("priority", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("unit", BigInteger),
    Column("assignee", BigInteger),
    Column("created", BigInteger, nullable=False),
    Column("created_by", BigInteger),
    Column("due", BigInteger),
    Column("closed", BigInteger),
    Column("first_answer", BigInteger),  # when the desk first said something to the citizen about it
    Column("reopened", Integer, nullable=False),  # how often it was open again after it had been closed
    Column("handed", Integer, nullable=False),  # how often it went to another unit
    Column("confidential", Boolean, nullable=False),
    Index("request_created", "created"),
    Index("request_closed", "closed"),
    Index("request_unit", "unit", "created"),
    Index("request_type", "type", "created"),
    Index("request_contact", "contact"),
)

SHIELD = Table(
    "shield", METADATA,
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Column("user", BigInteger, primary_key=True, autoincrement=False),
)
"""For whom a request does not exist."""

STAGE = Table(
    "stage", METADATA,
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("status", String, nullable=False),
    Column("category", String, nullable=False),
    Column("unit", BigInteger),
    Column("assignee", BigInteger),
    Column("began", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Index("stage_began", "began"),
    Index("stage_unit", "unit", "began"),
)
"""For how long a request had one status in one place with one person; the last one has no end."""

INTERACTION = Table(
    "interaction", METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact", BigInteger),
    Column("channel", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("unit", BigInteger),
    Column("by", BigInteger),
    Column("started", BigInteger, nullable=False),
    Column("duration", Integer, nullable=False),  # seconds
    Index("interaction_started", "started"),
    Index("interaction_unit", "unit", "started"),
    Index("interaction_contact", "contact"),
)

ABOUT = Table(
    "about", METADATA,
    Column("interaction", BigInteger, primary_key=True, autoincrement=False),
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Index("about_request", "request"),
)
"""Which requests something was said about."""

ANSWER = Table(
    "answer", METADATA,
    Column("request", BigInteger, primary_key=True, autoincrement=False),
    Column("field", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # several where several were chosen
    Column("kind", String, nullable=False),
    Column("word", String),  # the value of a choice, a day or an hour as ISO text
    Column("amount", Float),  # a number, whole minor units of money, 1 or 0 for yes or no
    Index("answer_field", "field", "word"),
)
"""Answers that can be counted: choices, numbers, money, days, yes or no. Personal fields and free words are left
out."""

OF_REQUEST = ((REQUEST, REQUEST.c.id), (SHIELD, SHIELD.c.request), (STAGE, STAGE.c.request), (ANSWER, ANSWER.c.request))
OF_INTERACTION = ((INTERACTION, INTERACTION.c.id), (ABOUT, ABOUT.c.interaction))
"""Tables that hold rows of one thing, and the column with its id."""

"""What the parts of a page are given: small frozen records, made by views, drawn by templates.

Texts are in their final words (translate and localise with ``show`` first); `Markup` passes through unescaped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chameleon.utils import Markup

from crm_core.i18n import Text, TextFactory

_ = TextFactory("crm_views")

Speaker = Literal["in", "out", "inner", "late"]
"""Who speaks in an entry: the citizen, we, nobody outside; ``late`` is a complaint still open and late."""

Proof = Literal["paper", "sent", "said"]
"""How an identifier was proven: seen on paper, by a code or link that was sent, only by their word."""


@dataclass(frozen=True)
class Link:
    """A link of the frame. ``minor`` ones go away first on narrow screens."""

    href: str
    text: Text
    icon: str = ""
    current: bool = False
    count: int | None = None
    minor: bool = False


@dataclass(frozen=True)
class Bell:
    """The way to the notices: its name says how many are unseen, and ``pip`` is that number, "" for none."""

    href: str
    text: Text
    pip: str = ""
    current: bool = False


@dataclass(frozen=True)
class Frame:
    """What stands around a page. Without ``find`` there is no omnibox, without ``person`` nobody is signed in.

    ``keys`` is the page that lists them; ``theme`` is auto (as the device), light or dark; ``preferences`` takes a POST
    with ``language`` or ``theme`` and ``next``, ``sign_out`` an empty POST.
    """

    product: Text = _("Service desk")
    organisation: str = ""
    home: str = "/"
    find: str = ""
    query: str = ""
    person: str = ""
    role: Text = ""
    sections: tuple[Link, ...] = ()
    menu: tuple[Link, ...] = ()
    bell: Bell | None = None
    keys: str = ""
    single_keys: bool = True
    preferences: str = ""
    sign_out: str = ""
    theme: str = "auto"
    alarm: tuple[Text, Link] | None = None
    """What whoever keeps the desk running must know on every page, and the way to the reason."""


@dataclass(frozen=True)
class ChipView:
    """One identifier with its proof: ``value`` as people read it, ``proof_text`` what was done and when.

    ``origin``: the name of the other record of this citizen that it stands on.
    """

    value: str
    proof: Proof
    proof_text: str
    icon: str = "telephone"
    live: bool = False
    live_text: str = ""
    origin: str = ""


@dataclass(frozen=True)
class FileLink:
    """A file below an entry; ``note`` is its size."""

    href: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class EntryView:
    """One entry of the timeline. ``speaker_word`` says the node's meaning to who cannot see it; ``row`` names the entry
    for scripts: the same entry has the same one on every page."""

    time: str
    subject: str | Markup
    speaker: Speaker
    speaker_word: str
    icon: str
    row: str = ""
    iso: str = ""
    hover: str = ""
    meta: str = ""
    delivery: str = ""
    delivery_tone: Literal["", "good", "warn"] = ""
    delivery_icon: str = "check2"
    href: str = ""
    link: str | Markup = ""
    words: str = ""
    quoted: bool = False
    files: tuple[FileLink, ...] = ()
    more: Markup | None = None
    current: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class OweView:
    """One thing we owe: ``edge`` late or soon, ``stages`` of d (done), c (now) and "", ``note`` what is missing."""

    subject: str
    status: Markup
    href: str = ""
    edge: Literal["", "late", "soon"] = ""
    stages: tuple[Literal["", "d", "c"], ...] = field(default=())
    kind: str = ""
    code: str = ""
    where: str = ""
    note: str = ""

"""Where a form that fills its page begins: the field into which the first word is typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import colander
from deform import Field

NOTHING: tuple[Any, ...] = (colander.null, None, "", (), [])


def first_field(fields: Iterable[Field]) -> str:
    """The ``oid`` of the field to begin with: the first to write in, whether it must be filled in or not, or to choose.

    Who begins further down does not see what stands above. A choice that is made already, or that may stay open, is
    left alone; "" where there is nothing to fill in.
    """
    simple = [field for field in fields if not field.children
              and getattr(field.widget, "kind", "single") in ("single", "group", "bare")]
    written = [field for field in simple
               if not hasattr(field.widget, "choices") or (field.required and field.cstruct in NOTHING)]
    chosen = [*written, *simple]
    return str(chosen[0].oid) if chosen else ""

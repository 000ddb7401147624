"""The design system: what every page is put together from, as macros (with slots) and as callables (with arguments).

In a template ``ui`` is one `Components` per request. Macros: ``metal:use-macro="ui.layout"`` (slots head, body,
content), ``ui.page_head`` (title, note, actions), ``ui.notice`` (text, actions), ``ui.empty`` (title, text, actions).
Callables give markup that is already escaped: ``${ui.icon('search')}``, ``${ui.status('done', label)}``.
"""

from crm_views.components.parts import ChipView, EntryView, FileLink, Frame, Link, OweView
from crm_views.components.ui import Components, includeme

__all__ = ["ChipView", "Components", "EntryView", "FileLink", "Frame", "Link", "OweView", "includeme"]

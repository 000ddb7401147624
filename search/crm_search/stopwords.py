"""Words that say nothing about a text: particles, pronouns, the commonest forms of "to be".

Kept short on purpose. Every query word must occur, so a word left out here costs time, but a word wrongly listed (a
number, a name, a verb of a service desk) makes texts impossible to find.
"""

from __future__ import annotations

from crm_core.text.folding import squash

_PERSIAN = """
و یا اما ولی لیکن بلکه اگر چون زیرا پس که تا هم نیز همچنین مگر هرچند گرچه چنانچه
از به با بر در برای بی درباره جهت طی توسط بین روی زیر نزد سوی
را ای این آن اینها آنها همین همان چنین چنان اینکه آنکه آنچه اینجا آنجا
من تو او ما شما ایشان آنان وی خود خویش یکدیگر
است هست بود باشد نیست نبود بوده شده
هر همه هیچ چند چه چرا چگونه کدام کجا کی آیا
"""

_ENGLISH = """
a an and are as at be been but by do does for from had has have he her his i if in is it its me my not of on or our
she so that the their them then there these they this those to us was we were what which who will with you your
"""

STOP_WORDS: frozenset[str] = frozenset(squash(word) for word in (_PERSIAN + _ENGLISH).split())
"""Folded and without half-spaces, as `crm_search.analysis` joins words."""

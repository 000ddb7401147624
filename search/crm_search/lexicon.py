"""Word lists of the analysis: words that say nothing about a text, and plurals that no rule makes.

Both are short on purpose and written for a service desk. Every query word must occur, so a word wrongly listed as a
stop word (a number, a name, a verb) makes texts impossible to find, while one left out only costs time.
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

_BROKEN_PLURALS = """
آثار:اثر آراء:رای آرا:رای ابنیه:بنا ابعاد:بعد اتباع:تبعه اثرات:اثر اجزا:جزء احکام:حکم اخبار:خبر ادارات:اداره
ادیان:دین اراضی:ارض ارقام:رقم ارکان:رکن اسامی:اسم اسناد:سند اشخاص:شخص اشیا:شیء اصول:اصل اضلاع:ضلع اطراف:طرف
اعداد:عدد اعضا:عضو اعمال:عمل افراد:فرد افکار:فکر اقدامات:اقدام اقلام:قلم اماکن:مکان املاک:ملک اموال:مال امور:امر
اموات:میت انواع:نوع اهداف:هدف اوراق:ورق اوصاف:وصف اوقات:وقت ایام:یوم بنادر:بندر جداول:جدول جرایم:جریمه جرائم:جریمه
جوانب:جانب حقوق:حق حوادث:حادثه خطوط:خط دفاتر:دفتر دلایل:دلیل دلائل:دلیل دوران:دوره ذخایر:ذخیره روابط:رابطه
سوابق:سابقه سواحل:ساحل شرایط:شرط شرائط:شرط شروط:شرط شهدا:شهید ضمایم:ضمیمه ضوابط:ضابطه طرق:طریق عقاید:عقیده علائم:علامت
علایم:علامت علل:علت علما:عالم علوم:علم عناصر:عنصر عناوین:عنوان عوارض:عارضه عوامل:عامل فرامین:فرمان فصول:فصل فقرا:فقیر
فنون:فن قواعد:قاعده قوانین:قانون لوازم:لازمه مبالغ:مبلغ متون:متن مجالس:مجلس مجامع:مجمع محافل:محفل مدارس:مدرسه مدارک:مدرک
مراجع:مرجع مراحل:مرحله مراتب:مرتبه مراکز:مرکز مزارع:مزرعه مزایا:مزیت مساجد:مسجد مسائل:مسئله مسایل:مسئله مساکن:مسکن
مشاغل:شغل مشاهیر:مشهور مصادیق:مصداق مصالح:مصلحت مطالب:مطلب مظاهر:مظهر معابر:معبر معادن:معدن معایب:عیب مفاهیم:مفهوم
مقادیر:مقدار مقاطع:مقطع مقررات:مقرره منابع:منبع منازل:منزل مناطق:منطقه منافع:منفعت مواد:ماده موارد:مورد مواضع:موضع
مواقع:موقع موانع:مانع مواهب:موهبت نتایج:نتیجه نتائج:نتیجه نظرات:نظر نقاط:نقطه نکات:نکته نواحی:ناحیه
وجوه:وجه وزرا:وزیر وسایل:وسیله وسائل:وسیله وظایف:وظیفه وظائف:وظیفه وقایع:واقعه
"""

STOP_WORDS: frozenset[str] = frozenset(squash(word) for word in (_PERSIAN + _ENGLISH).split())
"""Folded and without half-spaces, as `crm_search.analysis` joins words."""

SINGULARS: dict[str, str] = {
    squash(plural): squash(singular)
    for plural, _colon, singular in (pair.partition(":") for pair in _BROKEN_PLURALS.split())
}
"""Broken (Arabic) plural → singular, folded."""

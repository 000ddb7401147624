"""A small application around the forms and components: every field type, rows, a login, and a page with all parts.

Used by the functional tests and, served on loopback, by those in a browser; it stands in for no part of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import colander
from chameleon.utils import Markup
from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.session import JSONSerializer, SignedCookieSessionFactory

from crm_core import fields
from crm_core.i18n import locale_folder
from crm_views import forms
from crm_views.components import ChipView, EntryView, FileLink, Frame, Link, OweView
from crm_views.forms.dates import read_back
from crm_views.forms.files import UploadType, take_file
from crm_views.forms.widgets import PasswordWidget

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

CHOICES = (
    ("contractor", {"fa": "پیمانکار", "en": "A contractor"}),
    ("staff", {"fa": "کارمند", "en": "Staff"}),
    ("neighbour", {"fa": "همسایه یا شخص دیگر", "en": "A neighbour"}),
    ("unknown", {"fa": "نمی‌داند", "en": "Unknown"}),
)
KINDS = tuple((f"kind{place}", {"fa": f"دستهٔ {place}", "en": f"Kind {place}"}) for place in range(1, 9))


PROVINCES = (
    ("tehran", {"fa": "تهران", "en": "Tehran"}),
    ("fars", {"fa": "فارس", "en": "Fars"}),
    ("sea", {"fa": "آب‌های آزاد", "en": "The open sea"}),
)
CITIES: dict[str, fields.Choices] = {
    "tehran": (("rey", {"fa": "ری", "en": "Rey"}), ("other", {"fa": "جای دیگر", "en": "Elsewhere"})),
    "fars": (("shiraz", {"fa": "شیراز", "en": "Shiraz"}), ("other", {"fa": "جای دیگر", "en": "Elsewhere"})),
}


def plain(field_type: str, kind: Any, fa: str, en: str, **more: Any) -> colander.SchemaNode:
    return colander.SchemaNode(kind, title={"fa": fa, "en": en}, field_type=field_type, **more)


def bilingual(fa: str, en: str) -> Any:
    return {"fa": fa, "en": en}


class Everything(fields.Form):
    """Each field type once, most of them optional."""

    title = fields.text(bilingual("موضوع", "Subject"), wide=True)
    happened = fields.date(bilingual("تاریخ رخداد", "Day it happened"), prefer="last")
    place = fields.place(bilingual("جای رخداد", "Place"), required=False)
    about = fields.choice(bilingual("شکایت دربارهٔ", "About"), CHOICES)
    kind = fields.choice(bilingual("دسته", "Kind"), KINDS)
    wish = fields.text(bilingual("خواسته", "Wish"), required=False)
    body = fields.long_text(bilingual("شرح", "What happened"), required=False)
    floors = fields.integer(bilingual("طبقه‌ها", "Floors"), required=False, least=1, most=50)
    amount = fields.money(bilingual("مبلغ", "Amount"), required=False)
    hour = fields.time(bilingual("ساعت", "Hour"), required=False)
    province = fields.choice(bilingual("استان", "Province"), PROVINCES, required=False)
    city = fields.dependent_choice(bilingual("شهر", "City"), "province", CITIES, required=False)
    number = fields.code(bilingual("شمارهٔ پرونده", "File number"), required=False)
    tags = fields.choices(bilingual("برچسب‌ها", "Tags"), CHOICES, required=False)
    urgent = fields.boolean(bilingual("فوری است", "It is urgent"))
    phone = plain("phone", colander.String(), "تلفن", "Phone", missing="")
    email = plain("email", colander.String(), "ایمیل", "E-mail", missing="")
    national_id = plain("national_id", colander.String(), "کد ملی", "National id", missing="")
    staff = plain("staff", colander.String(), "کارشناس", "Expert", missing="", choices=(("7", "کریم نوروزی"),))
    unit = plain("unit", colander.String(), "واحد", "Unit", missing="", choices=(("1", "پذیرش"), ("2", "آب")))
    contact = plain("contact", colander.String(), "شهروند", "Citizen", missing="", choices=(("9", "زهرا رضایی‌پور"),))
    document = plain("file", UploadType(), "مدرک", "Document", missing=(), max_files=3)


class Trip(fields.Form):
    area = fields.choice(bilingual("استان", "Province"), PROVINCES)
    town = fields.dependent_choice(bilingual("شهر", "City"), "area", CITIES, required=False)
    day = fields.date(bilingual("روز", "Day"), required=False)


class Trips(colander.SequenceSchema):
    trip = Trip(title=bilingual("سفر", "trip"))


class Witness(colander.MappingSchema):
    name = fields.text(bilingual("نام", "Name"))
    phone = plain("phone", colander.String(), "تلفن", "Phone", validator=colander.Length(min=11))
    relation = plain("choice", colander.String(), "نسبت", "Relation", missing="",
                     choices=tuple((str(n), bilingual(f"نسبت {n}", f"Relation {n}")) for n in range(1, 8)))


class Witnesses(colander.SequenceSchema):
    witness = Witness(title=bilingual("شاهد", "witness"))


class Address(colander.MappingSchema):
    city = fields.text(bilingual("شهر", "City"))
    street = fields.text(bilingual("خیابان", "Street"), required=False)


class Numbers(colander.SequenceSchema):
    number = plain("phone", colander.String(), "شماره", "number")


class Visit(colander.MappingSchema):
    day = fields.date(bilingual("روز", "Day"))
    report = fields.long_text(bilingual("گزارش", "Report"))
    about = fields.choice(bilingual("دربارهٔ", "About"), CHOICES, required=False)


class Visits(colander.SequenceSchema):
    visit = Visit(title=bilingual("بازدید", "visit"))


class Rows(colander.MappingSchema):
    title = fields.text(bilingual("موضوع", "Subject"))
    address = Address(title=bilingual("نشانی", "Address"))
    witnesses = Witnesses(title=bilingual("شاهدان", "Witnesses"), missing=())
    numbers = Numbers(title=bilingual("شماره‌ها", "Numbers"), missing=(), max_len=3)
    visits = Visits(title=bilingual("بازدیدها", "Visits"), missing=())
    trips = Trips(title=bilingual("سفرها", "Trips"), missing=())


class Login(colander.MappingSchema):
    username = plain("text", colander.String(), "نام کاربری", "User name")
    password = colander.SchemaNode(colander.String(), title=bilingual("گذرواژه", "Password"), widget=PasswordWidget())


@dataclass
class Kept:
    """What the application was told, for tests to look at; ``refuse`` may raise what a service would raise."""

    submissions: list[forms.Submission] = field(default_factory=list)
    refuse: Callable[[forms.Submission], None] | None = None
    hidden: dict[str, str] = field(default_factory=dict)

    def clear(self) -> None:
        self.submissions, self.refuse, self.hidden = [], None, {}

    def accept(self, submission: forms.Submission) -> HTTPSeeOther:
        if self.refuse is not None:
            self.refuse(submission)
        self.submissions.append(submission)
        return HTTPSeeOther("/saved")


class InMemory(Request):
    """A request that WebOb never copies to a temporary file, which nobody would close."""

    request_body_tempfile_limit = 1 << 26


def frame(request: Request) -> Frame:
    return Frame(
        organisation="شهرداری شهر نمونه", find="/find", query=request.params.get("q", ""), person="مریم صادقی",
        role="باجهٔ ۳، کارشناس پذیرش", preferences="/preferences", sign_out="/logout",
        theme="dark" if request.params.get("theme") == "dark" else "light",
        sections=(Link("/form", "کارتابل", count=17, current=True), Link("/rows", "واحد من"),
                  Link("/gallery", "گزارش‌ها", minor=True)),
        keys="/gallery",
    )


def make_app(
    folder: Path, kept: Kept, *, kept_form: list[tuple[str, str]] | None = None,
    include: Callable[[Configurator], None] = lambda config: None,
) -> Any:
    """The WSGI application; uploads go below ``folder``. ``?lang=en``, ``?theme=dark`` choose how a page is shown."""
    config = Configurator(settings={})
    config.set_request_factory(InMemory)
    config.set_session_factory(SignedCookieSessionFactory("not a secret", serializer=JSONSerializer(), httponly=True))
    config.set_default_csrf_options(require_csrf=True, token="csrf_token", header="X-CSRF-Token")
    config.include("pyramid_chameleon")
    config.include("crm_views.components")
    config.include("crm_views.forms")
    config.set_frame_factory(frame)
    config.set_upload_store(forms.UploadStore(folder, max_bytes=1 << 20, max_files=6))
    config.add_translation_dirs(*(str(locale_folder(package)) for package in ("crm_views", "crm_core")))
    config.set_locale_negotiator(lambda request: request.params.get("lang", "fa"))
    config.include("crm_views.static_files")
    config.add_subscriber(_policy, NewResponse)
    if kept_form is not None:
        config.add_request_method(lambda request: kept_form, "kept_form", property=True)
    config.include(include)

    def form_view(schema: type[colander.MappingSchema], heading: Any, **more: Any) -> Callable[[Request], Any]:
        def view(request: Request) -> Any:
            look = forms.Look(heading=heading, note=bilingual("برای زهرا رضایی‌پور.", "For Zahra."), **more)
            return forms.handle(
                request, schema(), submit_label=bilingual("ثبت شکایت", "Save the complaint"), on_valid=kept.accept,
                hidden=kept.hidden, look=look, action=request.path_qs,
            )

        return view

    def saved(request: Request) -> dict[str, Any]:
        if not kept.submissions:
            return {"values": ""}
        values = kept.submissions[-1].values
        schema = next(one for one in (Everything, Rows, Login) if set(values) <= {node.name for node in one().children})
        return {"values": forms.read_only(request, schema(), values)}

    def add(name: str, view: Callable[[Request], Any], template: str) -> None:
        config.add_route(name, f"/{name}")
        config.add_view(view, route_name=name, renderer=str(Path(__file__).parent / "templates" / template))

    folded = forms.Folded(bilingual("چگونه رسید", "How it came"), ("staff", "unit", "contact"))
    add("folded", form_view(Everything, bilingual("شکایت تازه", "New complaint"), folded=folded), "page.pt")
    back = forms.Button("draft", bilingual("نگه‌داشتن برای بعد", "Keep for later"))
    config.add_route("form_date", "/forms/date")
    config.add_view(lambda request: read_back(request.GET.get("text", ""), request.GET.get("prefer", ""),
                                              request.ui.show), route_name="form_date", renderer="json")
    config.add_route("form_files", "/forms/files")
    config.add_view(take_file, route_name="form_files", renderer="json", request_method="POST")
    add("form", form_view(Everything, bilingual("شکایت تازه", "New complaint"), buttons=(back,)), "page.pt")
    add("rows", form_view(Rows, bilingual("شکایت با شاهدان", "Complaint with witnesses"), cancel="/saved"), "page.pt")
    add("login", form_view(Login, bilingual("ورود", "Sign in"), layout="plain"), "page.pt")
    add("saved", saved, "saved.pt")
    add("gallery", gallery, "gallery.pt")
    return config.make_wsgi_app()


def _policy(event: NewResponse) -> None:
    event.response.headers["Content-Security-Policy"] = POLICY


def gallery(request: Request) -> dict[str, Any]:
    """Every component once."""
    ui = request.ui
    now = ui.show.now
    speakers = (("out", "ما", "chat-left-text"), ("inner", "درونی", "arrow-left-right"), ("in", "شهروند", "envelope"),
                ("late", "شکایت دیرشده", "megaphone"))
    entries = [
        EntryView(
            time=ui.show.time_of_entry(now - place * 86_400_000), subject=f"عنوان رویداد شمارهٔ {place + 1}",
            speaker=speaker, speaker_word=word, icon=icon, meta="ایمیل از شهروند", iso=ui.show.iso(now),  # type: ignore[arg-type]
            words="سلام، همان‌طور که تلفنی گفتم از شنبه مخزن سر کوچه خالی نشده. دو عکس پیوست است." if place else "",
            quoted=place == 2, href="/form", link=Markup('شکایت <span class="code">۴۸۲۷</span>'),
            delivery="رسید" if speaker == "out" else "", delivery_tone="good",
            files=(FileLink("/form", "photo-1.jpg", ui.show.size(1_900_000)),) if speaker == "in" else (),
            current=place == 1, fresh=False,
        )
        for place, (speaker, word, icon) in enumerate(speakers)
    ]
    chips = [
        ChipView(ui.show.identifier("national_id", "0012345679"), "paper", "روی مدرک دیده شد، ۱۴ مهر", "person-vcard"),
        ChipView(ui.show.phone("+989120000147"), "sent", "کد پیامکی، ۳ آبان", "phone", True, "روی خط"),
        ChipView("z.rezaei@example.org", "sent", "پیوند ایمیل، ۲۲ شهریور", "envelope"),
        ChipView(ui.show.phone("+982155000018"), "said", "گفتهٔ خودش، اثبات نشده"),
    ]
    owes = [
        OweView("تأخیر در جمع‌آوری پسماند", ui.status("late", "دیر شده"), "/form", "late", ("d", "d", "c", "", ""),
                "شکایت", ui.show.code("4827193650"), "نزد خدمات شهری ناحیهٔ ۲", "۲ روز گذشته از موعد"),
        OweView("گواهی پرداخت عوارض نوسازی", ui.status("waiting", "منتظر شهروند"), "/form", "soon", ("d", "c", "", ""),
                "درخواست خدمت", ui.show.code("7703251820"), "", "کم دارد: تصویر سند"),
    ]
    words = {"new": "تازه", "open": "در دست اقدام", "waiting": "منتظر شهروند", "late": "دیر شده", "done": "انجام شد",
             "cancelled": "لغو شد", "meeting": "وقت داده شد", "internal": "درونی", "plain": "نامعلوم"}
    states = [ui.status(name, word) for name, word in words.items()]
    return {"entries": entries, "chips": chips, "owes": owes, "states": states}

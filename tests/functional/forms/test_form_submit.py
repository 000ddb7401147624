"""The submit routine as a person meets it: shown, refused with everything kept, accepted once."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import colander
import pytest
from pyramid.httpexceptions import HTTPSeeOther

from crm_core.errors import CrmError, Forbidden, Invalid, PluginFailed, StaleChange, Veto
from crm_core.i18n import TextFactory

_ = TextFactory("crm_views")

VALID = {"title": "ریختن نخاله", "happened": "دیروز", "about": "staff", "kind": "kind3"}


def fill(form: Any, **values: str) -> Any:
    for name, value in values.items():
        form[name] = value
    return form


def summary(page: Any) -> list[str]:
    return [" ".join(item.get_text().split()) for item in page.html.select(".errsum > p.danger, .errsum li")]


def test_a_valid_form_is_accepted_and_leads_on(client: Any, kept: Any) -> None:
    page = client.get("/form")
    assert page.html.select_one(".errsum") is None
    answer = fill(page.forms["form"], **VALID).submit()
    assert answer.status_int == 303
    values = kept.submissions[0].values
    assert (values["title"], values["about"], values["kind"]) == ("ریختن نخاله", "staff", "kind3")
    shown = answer.follow().html.select_one("#saved").get_text()
    assert "ریختن نخاله" in shown
    assert "کارمند" in shown


def test_a_refused_form_says_what_and_keeps_everything(client: Any, kept: Any) -> None:
    page = fill(client.get("/form").forms["form"], title="نخاله", happened="۳۱ آبان ۱۴۰۵", wish="تا پایان هفته")
    answer = page.submit(status=422)
    assert summary(answer) == [
        "تاریخ رخداد: ۳۱ آبان در تقویم نیست؛ آبان ۳۰ روز دارد.",
        "شکایت دربارهٔ: یکی را انتخاب کنید.",
        "دسته: یکی را انتخاب کنید.",
    ]
    assert answer.html.select_one(".errsum h2").get_text() == "ثبت نشد؛ ۳ بخش را ببینید"
    assert "هر چه نوشتید سر جایش است" in answer.html.select_one(".errsum .kept").get_text()
    assert "۳ مورد نیاز به اصلاح" in answer.html.title.get_text()
    again = answer.forms["form"]
    assert (again["title"].value, again["happened"].value, again["wish"].value) == (
        "نخاله", "۳۱ آبان ۱۴۰۵", "تا پایان هفته")
    assert not kept.submissions
    assert fill(again, **VALID).submit().status_int == 303


def test_in_english(client: Any) -> None:
    answer = fill(client.get("/form?lang=en").forms["form"], happened="31 Aban 1405", floors="abc").submit(status=422)
    assert summary(answer) == [
        "Subject: Fill this in.", "Day it happened: 31 Aban is not in the calendar; Aban has 30 days.",
        "About: Choose one.", "Kind: Choose one.", "Floors: “abc” is not a number.",
    ]
    assert (answer.html.html["lang"], answer.html.html["dir"]) == ("en", "ltr")


def test_without_its_token_nothing_is_taken(client: Any, kept: Any) -> None:
    form = fill(client.get("/form").forms["form"], **VALID)
    form["csrf_token"] = "wrong"
    assert form.submit(status=400).status_int == 400
    assert not kept.submissions


def test_a_submission_keeps_its_key_and_its_revision(client: Any, kept: Any) -> None:
    kept.hidden = {"revision": "7"}
    page = client.get("/form").forms["form"]
    key = page["submission_key"].value
    assert len(key) >= 20
    kept.hidden = {"revision": "8"}
    refused = page.submit(status=422).forms["form"]
    assert (refused["submission_key"].value, refused["revision"].value) == (key, "7")
    fill(refused, **VALID).submit()
    assert (kept.submissions[0].submission_key, kept.submissions[0].revision) == (key, "7")
    assert client.get("/form").forms["form"]["submission_key"].value != key


def test_a_made_up_key_is_not_taken_over(client: Any, kept: Any) -> None:
    form = fill(client.get("/form").forms["form"], **VALID)
    form["submission_key"] = "<script>"
    form.submit()
    assert kept.submissions[0].submission_key != "<script>"


def test_the_button_pressed_is_told(client: Any, kept: Any) -> None:
    fill(client.get("/form").forms["form"], **VALID).submit("submit", value="draft")
    assert kept.submissions[0].button == "draft"


@pytest.mark.parametrize(
    "error, lines",
    [
        (Invalid({"title": "این عنوان تکراری است."}), ["موضوع: این عنوان تکراری است."]),
        (Invalid({"title": "الف", "nowhere": "ب", "": "پ"}), ["ب", "پ", "موضوع: الف"]),
        (Veto("به این نشانی نمی‌توان."), ["به این نشانی نمی‌توان."]),
        (Veto("این دسته بسته است.", field="kind"), ["دسته: این دسته بسته است."]),
        (Veto(_("Choose one."), field="about"), ["شکایت دربارهٔ: یکی را انتخاب کنید."]),
        (PluginFailed("complaints", "before_submit"), None),
        (CrmError("خطا <b>"), ["خطا <b>"]),
    ],
)
def test_what_a_service_refuses_comes_into_the_form(client: Any, kept: Any, error: CrmError, lines: Any) -> None:
    def refuse(_submission: Any) -> None:
        raise error

    kept.refuse = refuse
    answer = fill(client.get("/form").forms["form"], **VALID).submit(status=422)
    if lines is not None:
        assert sorted(summary(answer)) == sorted(lines)
    assert len(summary(answer)) >= 1
    again = answer.forms["form"]
    assert (again["title"].value, again["kind"].value) == (VALID["title"], "kind3")
    kept.refuse = None
    assert again.submit().status_int == 303


def test_a_stale_change_shows_both_versions_and_then_lets_decide(client: Any, kept: Any) -> None:
    kept.hidden = {"revision": "1"}
    form = fill(client.get("/form").forms["form"], **VALID)

    def refuse(submission: Any) -> None:
        if submission.revision != "2":
            raise StaleChange({"title": "عنوان دیگری", "happened": "2026-11-17", "urgent": True, "kind": "kind5"})

    kept.refuse = refuse
    kept.hidden = {"revision": "2"}
    answer = form.submit(status=422)
    lines = summary(answer)
    assert "موضوع: اکنون چنین است: عنوان دیگری" in lines
    assert "تاریخ رخداد: اکنون چنین است: سه‌شنبه ۲۶ آبان ۱۴۰۵" in lines
    assert "فوری است: اکنون چنین است: بله" in lines
    assert "دسته: اکنون چنین است: دستهٔ ۵" in lines
    assert answer.forms["form"]["title"].value == VALID["title"]
    answer.forms["form"].submit()
    assert kept.submissions[0].revision == "2"


def test_a_missing_permission_is_no_form_error(client: Any, kept: Any) -> None:
    def refuse(_submission: Any) -> None:
        raise Forbidden("request.edit")

    kept.refuse = refuse
    form = fill(client.get("/form").forms["form"], **VALID)
    with pytest.raises(Forbidden):
        form.submit()


def test_an_expired_choice_is_refused_in_words(client: Any) -> None:
    form = fill(client.get("/form").forms["form"], **VALID)
    form["kind"].force_value("kind99")
    form["staff"].force_value("<script>")
    answer = form.submit(status=422)
    assert summary(answer) == [
        "دسته: این گزینه دیگر نیست؛ دوباره انتخاب کنید.", "کارشناس: این گزینه دیگر نیست؛ دوباره انتخاب کنید.",
    ]


def test_another_form_of_the_page_is_not_this_one(client: Any, kept: Any) -> None:
    form = fill(client.get("/form").forms["form"], **VALID)
    form["__formid__"] = "other"
    answer = form.submit()
    assert (answer.status_int, kept.submissions) == (200, [])


def test_a_password_never_comes_back(client: Any) -> None:
    form = client.get("/login").forms["form"]
    form["password"] = "گل سرخ"
    answer = form.submit(status=422)
    assert "گل سرخ" not in answer.text
    assert answer.forms["form"]["password"].value == ""
    assert answer.html.select_one(".errsum .kept").get_text().strip() == "هر چه نوشتید سر جایش است، جز گذرواژه."


class _Work:
    """Says what became of the transaction of a request."""

    doomed = False

    def doom(self) -> None:
        self.doomed = True


def test_what_was_written_before_a_refusal_is_not_committed(form_app: ModuleType, tmp_path: Any) -> None:
    from pyramid import testing

    from crm_views import forms

    with testing.testConfig(settings={}) as config:
        config.include("pyramid_chameleon")
        config.include("crm_views.components")
        config.include("crm_views.forms")
        config.add_static_view("static", "crm_views:static")
        request = testing.DummyRequest(post={"title": "نخاله"})
        config.begin(request)
        request.tm = _Work()
        request.response = HTTPSeeOther("/")
        request.ui = _ui(request)
        schema = colander.SchemaNode(colander.Mapping(), colander.SchemaNode(colander.String(), name="title"))

        def refuse(_submission: Any) -> Any:
            raise Veto("نه")

        page = forms.handle(request, schema, submit_label="ثبت", on_valid=refuse)
        assert request.tm.doomed
        assert request.response.status_int == 422
        assert isinstance(page, dict)
        assert page["error_count"] == 1


def _ui(request: Any) -> Any:
    from crm_views.components import Components

    return Components(request)


def test_what_was_typed_before_a_login_is_filled_in_again(form_app: ModuleType, kept: Any, tmp_path: Any) -> None:
    from webtest import TestApp

    typed = [("__formid__", "form"), ("submission_key", "k" * 22), ("title", "نیمه‌کاره"), ("happened", "نمی‌دانم"),
             ("__start__", "tags:sequence"), ("checkbox", "staff"), ("__end__", "tags:sequence")]
    client = TestApp(form_app.make_app(tmp_path, kept, kept_form=typed))
    page = client.get("/form")
    form = page.forms["form"]
    assert (form["title"].value, form["happened"].value) == ("نیمه‌کاره", "نمی‌دانم")
    assert form["submission_key"].value == "k" * 22
    assert [box["value"] for box in page.html.select("#f-tags input[checked]")] == ["staff"]
    assert page.html.select_one(".errsum") is None

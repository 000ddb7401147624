"""What a screen reader is told: labels, groups, help and errors tied to their fields, one level-one heading."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup


def faults(html: BeautifulSoup) -> list[str]:
    """Controls without a name, ids used twice, references that lead nowhere, groups without a legend."""
    for template in html.select("template"):
        template.extract()
    ids = [element["id"] for element in html.select("[id]")]
    wrong = [f"id twice: {one}" for one in ids if ids.count(one) > 1]
    for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
        wrong += [f"{name} leads nowhere: {part}" for element in html.select(f"[{name}]")
                  for part in str(element[name]).split() if part not in ids]
    for control in html.select("input:not([type=hidden]), select, textarea"):
        labels = html.select(f'label[for="{control.get("id")}"]')
        if not (labels or control.get("aria-label") or control.get("aria-labelledby")):
            wrong.append(f"no label: {control}")
        if control.get("type") == "radio" and not control.find_parent("fieldset"):
            wrong.append(f"no group: {control}")
    wrong += [f"no legend: {group.get('id')}" for group in html.select("fieldset") if group.find("legend") is None]
    wrong += [f"no name: {button}" for button in html.select("button, a")
              if not (button.get_text(strip=True) or button.get("aria-label"))]
    wrong += [f"inline: {element.name}" for element in html.select("[style], [onclick], style, script:not([src])")]
    return wrong


@pytest.mark.parametrize("path", ["/form", "/rows", "/login", "/gallery", "/form?lang=en", "/rows?lang=en"])
def test_pages_as_they_start(client: Any, path: str) -> None:
    assert faults(client.get(path).html) == []


@pytest.mark.parametrize("path", ["/form", "/rows", "/login"])
def test_refused_pages(client: Any, path: str) -> None:
    page = client.get(path).forms["form"].submit(status=422)
    assert faults(page.html) == []
    summary = page.html.select_one(".errsum")
    assert (summary["role"], summary["tabindex"]) == ("alert", "-1")
    assert summary.has_attr("autofocus")
    for link in summary.select("a"):
        target = page.html.select_one(link["href"])
        assert target is not None
        sentence = link.get_text().split(": ", 1)[1]
        described = " ".join(page.html.select_one(f"#{one}").get_text(" ", strip=True)
                             for one in target["aria-describedby"].split())
        assert sentence in described


def test_help_and_error_are_both_read(client: Any) -> None:
    form = client.get("/form").forms["form"]
    form["happened"] = "۳۱ آبان"
    page = form.submit(status=422)
    assert page.html.select_one("#f-happened")["aria-describedby"] == "f-happened-h f-happened-e f-happened-r"
    assert page.html.select_one("#f-wish").get("aria-describedby") is None
    assert page.html.select_one("#f-wish").get("aria-invalid") is None


def test_required_and_optional_are_said(client: Any) -> None:
    page = client.get("/form").html
    assert page.select_one("#f-title")["aria-required"] == "true"
    assert page.select_one("label[for=f-wish] .optional") is None
    assert page.select_one("label[for=f-title] .optional").get_text() == "لازم"
    about = page.select_one("#f-about")
    assert (about.name, about["role"], about["aria-required"]) == ("fieldset", "radiogroup", "true")


def test_enter_sends_the_form_and_not_its_first_small_button(client: Any) -> None:
    buttons = client.get("/rows").html.select("form[data-form] [type=submit]")
    assert buttons[0]["name"] == "submit"


def test_a_summary_without_a_field_has_no_dead_link(client: Any, kept: Any) -> None:
    from crm_core.errors import Veto

    def refuse(_submission: Any) -> None:
        raise Veto("نشد.")

    kept.refuse = refuse
    form = client.get("/login").forms["form"]
    form["username"], form["password"] = "a", "b"
    page = form.submit(status=422)
    assert page.html.select_one(".errsum h2").get_text() == "ثبت نشد"
    assert page.html.select(".errsum a") == []

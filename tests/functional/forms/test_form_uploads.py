"""Files through the form: kept while it is refused, told by their content, found by nobody else."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

VALID = {"title": "ریختن نخاله", "happened": "دیروز", "about": "staff", "kind": "kind3"}
PDF = b"%PDF-1.7 " + b"x" * 3000
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 2000


def send(client: Any, *files: tuple[str, bytes], status: Any = "*", **values: str) -> Any:
    from webtest import Upload

    form = client.get("/form").forms["form"]
    fields = {"csrf_token": form["csrf_token"].value, "__formid__": "form", **VALID, **values}
    uploads = [("upload", Upload(name, data)) for name, data in files]
    marks = ("__start__", "document:sequence"), ("__end__", "document:sequence")
    return client.post("/form", [*fields.items(), marks[0], *uploads, marks[1]], status=status)


def error(page: Any) -> str:
    return plain(page.html.select_one("#f-document-e").get_text(" ", strip=True))


def plain(text: str) -> str:
    """``text`` without the isolates around names."""
    return text.replace("\u2068", "").replace("\u2069", "")


def test_a_file_arrives_with_its_name_type_and_bytes(client: Any, kept: Any) -> None:
    seen: list[bytes] = []
    kept.refuse = lambda submission: seen.append(submission.values["document"][0].path.read_bytes())
    send(client, ("قبض خرداد.pdf", PDF), status=303)
    document = kept.submissions[0].values["document"][0]
    assert (document.name, document.media_type, document.size) == ("قبض خرداد.pdf", "application/pdf", len(PDF))
    assert seen == [PDF]
    assert not document.path.exists()  # it was stored, the kept copy is dropped


def test_a_file_survives_a_refused_form(client: Any, kept: Any) -> None:
    page = send(client, ("قبض.pdf", PDF), title="", status=422)
    assert "هر چه نوشتید و «قبض.pdf» سر جایش است." in plain(page.html.select_one(".kept").get_text())
    row = page.html.select_one(".file-row")
    assert "قبض.pdf" in row.get_text()
    assert "۲٫۹ کیلوبایت" in row.get_text()
    form = page.forms["form"]
    form["title"] = "نخاله"
    assert form.submit().status_int == 303
    assert [one.name for one in kept.submissions[0].values["document"]] == ["قبض.pdf"]


def test_a_kept_file_may_be_removed_without_a_script(client: Any, kept: Any) -> None:
    page = send(client, ("قبض.pdf", PDF), ("عکس.png", PNG), title="", status=422)
    button = page.html.select(".file-row button")[0]
    form = page.forms["form"]
    names = [place for place, one in enumerate(form.fields["__do__"]) if one._value == button["value"]]
    page = form.submit("__do__", index=names[0])
    assert page.html.select_one(".errsum") is None
    assert [row.select_one("bdi").get_text() for row in page.html.select(".file-row")] == ["عکس.png"]
    form = page.forms["form"]
    form["title"] = "نخاله"
    form.submit()
    assert [one.name for one in kept.submissions[0].values["document"]] == ["عکس.png"]


def test_a_refused_file_is_named_and_the_good_one_kept(client: Any, kept: Any) -> None:
    page = send(client, ("قبض.pdf", PDF), ("نامه.exe", b"MZ\x90\x00" + b"\x00" * 400), status=422)
    assert error(page) == (
        "«نامه.exe» پذیرفته نیست؛ عکس، PDF، Word، Excel، متن، صدا، فیلم یا ZIP تا ۱ مگابایت بدهید.")
    assert [row.select_one("bdi").get_text() for row in page.html.select(".file-row")] == ["قبض.pdf", "نامه.exe"]
    assert page.html.select_one(".file-row.bad bdi").get_text() == "نامه.exe"
    page.forms["form"].submit(status=303)
    assert [one.name for one in kept.submissions[0].values["document"]] == ["قبض.pdf"]


def test_limits_in_words(client: Any, form_app: ModuleType) -> None:
    large = send(client, ("بزرگ.pdf", b"%PDF-" + b"x" * (1 << 20)), status=422)
    assert error(large) == "«بزرگ.pdf» بزرگ‌تر از ۱ مگابایت است."
    assert error(send(client, ("خالی.pdf", b""), status=422)) == "«خالی.pdf» خالی است."
    four = [(f"{place}.pdf", PDF + bytes([place])) for place in range(4)]
    assert error(send(client, *four, status=422)) == "فایل‌ها زیادند؛ تا ۳ فایل."
    label = client.get("/form").html.select_one("#f-document-l").get_text()
    assert "تا ۳ فایل، هر کدام تا ۱ مگابایت" in label


def test_nobody_elses_file_is_found(client: Any, kept: Any, form_app: ModuleType) -> None:
    from webtest import TestApp

    page = send(client, ("محرمانه.pdf", PDF), title="", status=422)
    uid = page.html.select_one(".file-row input")["value"]
    other = TestApp(client.app)
    form = other.get("/form").forms["form"]
    fields = [("csrf_token", form["csrf_token"].value), *VALID.items(), ("__start__", "document:sequence"),
              ("upload", uid), ("__end__", "document:sequence")]
    answer = other.post("/form", fields, status=422)
    assert "محرمانه" not in answer.text
    assert error(answer) == "فایلی که پیش‌تر فرستادید دیگر نگه داشته نمی‌شود؛ دوباره انتخابش کنید."


@pytest.mark.parametrize("uid", ["../../etc/passwd", "x" * 22, "", "\x00" * 22, "/" * 22, "a" * 10_000])
def test_made_up_ids_lead_nowhere(client: Any, kept: Any, uid: str) -> None:
    form = client.get("/form").forms["form"]
    fields = [("csrf_token", form["csrf_token"].value), *VALID.items(), ("__start__", "document:sequence"),
              ("upload", uid), ("__end__", "document:sequence")]
    answer = client.post("/form", fields, status="*")
    assert answer.status_int == (303 if not uid else 422)


def test_the_hostile_files_of_the_data_set(client: Any, kept: Any, shared_data: Path) -> None:
    for path in sorted((shared_data / "7_hostile_input" / "uploads").iterdir()):
        for name in (path.name, f"{path.stem}.pdf"):
            kept.submissions.clear()
            answer = send(client, (name, path.read_bytes()))
            if path.suffix in (".svg", ".demo", ".xml", ".dtd", ".xsd"):
                assert answer.status_int == 422, path.name
                continue
            assert answer.status_int == 303, path.name
            document = kept.submissions[0].values["document"][0]
            assert document.media_type in ("text/plain", "application/zip")
            assert document.name.endswith((".txt", ".zip"))


@pytest.mark.parametrize("listing", ["invalid-filenames-linux.txt", "invalid-filenames-microsoft.txt",
                                     "file-ul-filter-bypass-x-platform-generic.txt"])
def test_hostile_file_names(client: Any, kept: Any, shared_data: Path, listing: str) -> None:
    names = (shared_data / "7_hostile_input" / "uploads" / listing).read_text("utf-8", "replace").splitlines()
    for name in [name for name in names if name.isascii() and name.isprintable() and '"' not in name]:
        kept.submissions.clear()
        send(client, (name or "x", PDF), status=303)
        stored = kept.submissions[0].values["document"][0].name
        assert stored.endswith(".pdf")
        assert not set(stored) & set('/\\:*?"<>|\0')
        assert stored.strip(" .") == stored


def test_an_office_document_is_told_from_an_archive(client: Any, kept: Any) -> None:
    def archive(*members: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            for member in members:
                file.writestr(member, "x")
        return buffer.getvalue()

    for members, name, media in ((("[Content_Types].xml", "word/document.xml"), "نامه.docx", "wordprocessingml"),
                                 (("xl/workbook.xml",), "برگه.xlsx", "spreadsheetml"), (("a.txt",), "بسته.zip", "zip")):
        kept.submissions.clear()
        send(client, (name, archive(*members)), status=303)
        document = kept.submissions[0].values["document"][0]
        assert media in document.media_type
        assert document.name == name
    macro = send(client, ("نامه.docm", archive("word/document.xml", "word/vbaProject.bin")), status=422)
    assert "پذیرفته نیست" in error(macro)


def test_bytes_survive_a_conflict(form_app: ModuleType, kept: Any, tmp_path: Path) -> None:
    import transaction
    from pyramid_tm import explicit_manager
    from transaction.interfaces import TransientError
    from webtest import TestApp, Upload
    from webtest.forms import File

    def with_transactions(config: Any) -> None:
        config.add_settings({"tm.manager_hook": explicit_manager, "retry.attempts": 3})
        config.include("pyramid_retry")
        config.include("pyramid_tm")

    client = TestApp(form_app.make_app(tmp_path, kept, include=with_transactions))
    seen: list[tuple[str, bytes]] = []

    def refuse(submission: Any) -> None:
        seen.extend((one.name, one.path.read_bytes()) for one in submission.values["document"])
        if len(seen) < 4:
            raise TransientError

    kept.refuse = refuse
    first = send(client, ("قبض.pdf", PDF), title="", status=422).forms["form"]  # one file kept from before …
    fields = [(name, Upload("عکس.png", PNG) if isinstance(value, File) else value)  # … and one sent with the form
              for name, value in first.submit_fields() if name != "title"]          # that meets the conflict
    assert client.post("/form", [*fields, ("title", "نخاله")]).status_int == 303
    assert sorted(seen) == sorted([("قبض.pdf", PDF), ("عکس.png", PNG)] * 2)
    assert not [path for path in tmp_path.rglob("*.bin") if path.read_bytes() == PDF]
    assert transaction.manager is not None

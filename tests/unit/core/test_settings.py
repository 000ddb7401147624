"""Settings: typed, from file and environment, and nothing misspelt goes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import CrmError
from crm_core.i18n import Translator
from crm_core.settings import Settings, read_settings


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "crm.ini").write_bytes(text.encode(encoding))
    return folder


def refused(folder: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(CrmError) as error:
        read_settings(folder, environ or {})
    return Translator([]).translate(error.value.message, "en")


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path, {}) == Settings(data=tmp_path)
    assert read_settings(tmp_path / "nowhere", {}).is_file_storage


def test_everything_can_be_said_in_the_file_and_the_environment_wins(tmp_path: Path) -> None:
    write(tmp_path, """[desk]
crm.zodburi = postgres://u@h/db?driver=psycopg2
crm.search = none
crm.plugins.disabled = one, two three
crm.plugins.required =
    four
    five
crm.organisation = شهرداری 100% نمونه
crm.language = en
crm.timezone = Europe/Berlin
crm.upload_megabytes = ۵
crm.session.hours = 8
crm.https = yes
other.key = is not ours
""")
    settings = read_settings(tmp_path, {"CRM_LANGUAGE": "fa", "CRM_PLUGINS_DISABLED": "", "CRM_DATA": "/elsewhere",
                                        "CRM_UNKNOWN": "of another program", "CRM_HTTPS": "0"})
    assert settings == Settings(
        data=tmp_path, zodburi="postgres://u@h/db?driver=psycopg2", search="none", plugins_disabled=(),
        plugins_required=("four", "five"), organisation="شهرداری 100% نمونه", language="fa", timezone="Europe/Berlin",
        upload_megabytes=5, session_hours=8, https=False,
    )
    assert not settings.is_file_storage


def test_the_mark_some_editors_write_first_does_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "[desk]\ncrm.language = en\n", "utf-8-sig")
    assert read_settings(tmp_path, {}).language == "en"


@pytest.mark.parametrize(("text", "words"), [
    ("[d]\ncrm.lang = fa", "There is no setting “crm.lang”."),
    ("[DEFAULT]\ncrm.serch = none", "There is no setting “crm.serch”."),
    ("[d]\ncrm.data = /x", "There is no setting “crm.data”."),
    ("[d]\ncrm.is_file_storage = 1", "There is no setting “crm.is_file_storage”."),
    ("[d]\ncrm.language = de", "“crm.language” must be one of fa, en"),
    ("[d]\ncrm.https = maybe", "“crm.https” must be yes or no"),
    ("[d]\ncrm.session_hours = 0", "“crm.session_hours” must be a whole number above zero"),
    ("[d]\ncrm.session_hours = 1.5", "“crm.session_hours” must be a whole number above zero"),
    ("[d]\ncrm.session_hours = -1", "whole number"), ("[d]\ncrm.session_hours = " + "9" * 5000, "whole number"),
    ("[d]\ncrm.timezone = Tehran", "“crm.timezone” must be a time zone"),
    ("[d]\ncrm.timezone = ../../etc/passwd", "time zone"), ("[d]\ncrm.timezone = Asia", "time zone"),
    ("crm.language = fa", "crm.ini cannot be read"), ("[d]\n[d]\n", "crm.ini cannot be read"),
    ("[d]\ncrm.https = 1\ncrm.https = 1", "crm.ini cannot be read"),
], ids=lambda value: repr(value)[:40])
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    """An unknown crm.* key is an error: a misspelt setting that silently does nothing has cost somebody a night."""
    assert words in refused(write(tmp_path, text))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "crm.ini").write_bytes(b"\xff\xfe\x00")
    assert "crm.ini cannot be read" in refused(tmp_path)
    (tmp_path / "crm.ini").unlink()
    (tmp_path / "crm.ini").mkdir()
    assert "crm.ini cannot be read" in refused(tmp_path)


def test_the_environment_is_checked_alike(tmp_path: Path) -> None:
    assert "“CRM_HTTPS” must be yes or no" in refused(tmp_path, {"CRM_HTTPS": "perhaps"})

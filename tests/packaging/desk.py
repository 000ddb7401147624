"""Proves that a plugin is on the desk: run with the Python of an environment in which it is installed.

`python desk.py TYPE WORDS…` makes an empty installation with one clerk and one citizen, serves it, signs in, expects
the words in the list of kinds of a new request, and the form of the kind TYPE behind it.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from proof import crm, expect, served

PASSWORD = "a good long password"


def sign_in(address: str) -> urllib.request.OpenerDirector:
    """Somebody in a browser who has signed in as the clerk."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = browser.open(f"{address}/login", timeout=60).read().decode()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf_token"', page)
    expect(token, "the login form has no csrf_token")
    assert token is not None
    sent = {**hidden, "csrf_token": token[1] or token[2], "username": "clerk", "password": PASSWORD, "submit": "submit"}
    answer = browser.open(f"{address}/login", urllib.parse.urlencode(sent).encode(), timeout=60)
    expect(not answer.url.endswith("/login"), "nobody could sign in")
    return browser


def main(arguments: list[str]) -> int:
    """The whole proof; exit code 1 with a message at the first thing that is not as promised."""
    type_, words = arguments[0], arguments[1:]
    os.environ["CRM_PASSWORD"] = PASSWORD
    with tempfile.TemporaryDirectory(prefix="crm-desk-") as name:
        folder = Path(name)
        data = folder / "office"
        table = folder / "people.csv"
        table.write_text("name,phone\nمریم محمدی,09121234567\n", "utf-8")
        crm("import", "contacts", str(table), data=data)
        crm("user", "add", "clerk", "--name", "Clerk", "--role", "clerk", data=data)
        (hit,) = crm("find", "09121234567", data=data)
        with served(folder, data) as address:
            browser = sign_in(address)
            kinds = f"{address}/contacts/{hit['id']}/requests/new"
            page = browser.open(kinds, timeout=120).read().decode()
            for word in words:
                expect(word in page, f"the desk does not offer “{word}”")
            form = browser.open(f"{kinds}/{type_}", timeout=120).read().decode()
            expect(re.search(r"<html[^>]*\bdir=\"rtl\"", form), "its form is not right to left")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

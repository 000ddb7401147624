"""Proves an installation by using it: run with the Python of an environment that has only our wheels.

`python proof.py CHECKOUT [PLUGIN …]` makes a small city, imports, finds, checks and serves pages; it knows of plugins
only the ids it is told to expect. It ends with a message and exit code 1 at the first thing that is not as promised.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CRM = str(Path(sys.executable).parent / "crm")
ROWS = "name,phone,email\nمریم محمدی,09121234567,m@example.org\nرضا کاظمی,۰۹۳۵۱۲۳۴۵۶۷,\n"


def crm(*words: str, data: Path | None = None) -> Any:
    """Run a `crm` command with `--json` and return what it printed; ends the proof when it fails."""
    command = [CRM, *words, *(["--data", str(data)] if data else []), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-999:]}\n{done.stderr[-4000:]}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise SystemExit(f"{' '.join(words)}: stdout is not JSON ({error}): {done.stdout[:500]!r}") from error


def expect(good: object, words: str) -> None:
    """Go on when ``good`` is true, else end the proof with ``words``."""
    if not good:
        raise SystemExit(words)


def installed_here(checkout: Path) -> None:
    """The packages come from this environment, not from the checkout's folders."""
    import crm_core
    import crm_search
    import crm_views

    for package in (crm_core, crm_search, crm_views):
        place = Path(str(package.__file__)).resolve()
        expect(not place.is_relative_to(checkout.resolve()), f"{package.__name__} was imported from {place}")


def city(folder: Path) -> Path:
    """A demo city in ``folder``/city that `crm check` finds sound."""
    data = folder / "city"
    made = subprocess.run(
        [CRM, "demo", "--data", str(data), "--contacts", "40", "--years", "1", "--seed", "7"],
        capture_output=True, text=True, encoding="utf-8",
    )
    expect(made.returncode == 0, f"crm demo: exit code {made.returncode}\n{made.stdout[-2000:]}\n{made.stderr[-4000:]}")
    crm("check", data=data)
    return data


def rows_in_and_found(folder: Path, data: Path) -> None:
    """A table of contacts goes in once, and a contact is found by phone and by name."""
    table = folder / "contacts.csv"
    table.write_text(ROWS, "utf-8")
    first = crm("import", "contacts", str(table), data=data)
    expect((first["created"], first["rejected"]) == (2, []), f"the import said {first}")
    second = crm("import", "contacts", str(table), data=data)
    expect((second["created"], second["unchanged"]) == (0, 2), f"the same file again said {second}")
    for words in ("09351234567", "رضا کاظمی"):
        hits = crm("find", words, data=data)
        expect(any("رضا" in hit["title"] for hit in hits), f"“{words}” found {hits[:3]}")
        expect({"kind", "id", "title", "subtitle", "why"} <= set(hits[0]), f"a hit holds {sorted(hits[0])}")


@contextlib.contextmanager
def served(folder: Path, data: Path) -> Iterator[str]:
    """`crm serve` on a spare port; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "serve.log"
    with log.open("wb") as output:
        command = [CRM, "serve", "--data", str(data), "--port", str(port)]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        until = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            expect(server.poll() is None and time.monotonic() < until, f"crm serve: {log.read_text('utf-8')[-4000:]}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def get(url: str) -> str:
    """The body of a page; ends the proof when the answer is not 200."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            body: bytes = answer.read()
            return body.decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{url}: {error.code}") from error


def pages(address: str) -> None:
    """The login page is there in Persian, with every style sheet, script, picture and font it names."""
    page = get(f"{address}/login")
    expect(re.search(r"<html[^>]*\bdir=\"rtl\"", page), "the login page is not right to left")
    expect("ورود" in page, "the login page is not in Persian: catalogs are missing from the wheel")
    for field in ("username", "password"):
        expect(f'name="{field}"' in page, f"the login form has no field {field}")
    linked = set(re.findall(r"<(?:link|script|img)\b[^>]*?\b(?:href|src)=\"([^\"#]+)\"", page))
    expect(any(".css" in url for url in linked), "the login page names no style sheet")
    for url in sorted(urllib.parse.urljoin(f"{address}/login", link) for link in linked):
        expect(url.startswith(address), f"the login page wants {url}")
        text = get(url)
        if ".css" in url:
            for inner in re.findall(r"url\([\"']?([^\"')#]+)", text):
                if not inner.startswith("data:"):
                    get(urllib.parse.urljoin(url, inner))


def main(arguments: list[str]) -> int:
    """The whole proof, in the order a new user would go."""
    checkout, plugins = Path(arguments[0]), arguments[1:]
    installed_here(checkout)
    listed = {plugin["id"]: plugin["reason"] for plugin in crm("plugins")}
    expect(listed == dict.fromkeys(plugins, ""), f"expected the plugins {plugins}, `crm plugins` lists {listed}")
    with tempfile.TemporaryDirectory(prefix="crm-proof-") as name:
        folder = Path(name)
        data = city(folder)
        rows_in_and_found(folder, data)
        with served(folder, data) as address:
            pages(address)
            expect(crm("find", "09351234567", data=data), "`crm find` finds nothing beside the running server")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

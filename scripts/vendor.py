"""Fetches the front-end files we ship from their npm packages, and proves that what is shipped is what they publish.

The manifest names packages, versions, files, the icons of our sprite and a SHA-256 for every file written; nothing
here runs at build or run time.

    python scripts/vendor.py            fetch by name and version, compare with the manifest, write the files
    python scripts/vendor.py --check    compare the files in the checkout with the manifest (no network)
    python scripts/vendor.py --update   fetch and write new hashes: after a change of a version or of the icons
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "views" / "crm_views" / "static" / "vendor"
MANIFEST = VENDOR / "MANIFEST.json"


class VendorError(Exception):
    """Something fetched or shipped is not what the manifest says."""


def load_manifest(path: Path = MANIFEST) -> dict[str, Any]:
    """``{"packages": {name: {"version", "licence", "files": {member: target}}}, "sprite": {"package", "folder",
    "target", "icons": [name, …]}, "sha256": {target: digest}}``; targets are relative to the vendor folder."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def fetch(manifest: dict[str, Any]) -> dict[str, bytes]:
    """Every file of the manifest, built from freshly packed npm packages: ``{target: bytes}``."""
    built: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, package in manifest["packages"].items():
            members = _unpack(name, package["version"], Path(folder))
            for member, target in package["files"].items():
                if member not in members:
                    raise VendorError(f"{name} {package['version']} has no file {member}")
                built[target] = members[member]
            sprite = manifest["sprite"]
            if sprite["package"] == name:
                built[sprite["target"]] = make_sprite(sprite["icons"], members, sprite["folder"])
    return built


def _unpack(name: str, version: str, folder: Path) -> dict[str, bytes]:
    packed = subprocess.run(
        ["npm", "pack", f"{name}@{version}", "--pack-destination", str(folder), "--silent"],
        capture_output=True, text=True, check=False, cwd=folder,
    )
    if packed.returncode:
        raise VendorError(f"npm pack {name}@{version} failed: {packed.stderr.strip()[-400:]}")
    archive = folder / packed.stdout.strip().splitlines()[-1]
    members: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is not None:
                members[member.name.removeprefix("package/")] = stream.read()
    return members


def make_sprite(icons: list[str], members: dict[str, bytes], folder: str) -> bytes:
    """One SVG with a ``<symbol>`` per icon, in alphabetical order: pages refer to ``icons.svg#name``."""
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for icon in sorted(set(icons)):
        try:
            source = members[f"{folder}/{icon}.svg"].decode("utf-8")
        except KeyError:
            raise VendorError(f"there is no icon {icon}") from None
        drawn = re.fullmatch(r"\s*<svg\b([^>]*)>(.*)</svg>\s*", source, re.DOTALL)
        box = re.search(r'viewBox="([^"]+)"', drawn[1]) if drawn else None
        if drawn is None or box is None:
            raise VendorError(f"the icon {icon} is not drawn as expected")
        body = re.sub(r"\s+", " ", drawn[2]).replace("> <", "><").strip()
        lines.append(f'<symbol id="{icon}" viewBox="{box[1]}">{body}</symbol>')
    lines.append("</svg>\n")
    return "\n".join(lines).encode("utf-8")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def compare(files: dict[str, bytes], expected: dict[str, str]) -> list[str]:
    """What differs between ``files`` and the digests ``expected``, one sentence each; empty when all is well."""
    wrong = [f"{target}: missing" for target in sorted(expected.keys() - files.keys())]
    wrong += [f"{target}: not in the manifest" for target in sorted(files.keys() - expected.keys())]
    wrong += [
        f"{target}: the content is not what the manifest says"
        for target in sorted(files.keys() & expected.keys())
        if digest(files[target]) != expected[target]
    ]
    return wrong


def shipped(folder: Path = VENDOR) -> dict[str, bytes]:
    """What lies in the vendor folder, the manifest itself aside."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST.name
    }


def _write(files: dict[str, bytes]) -> None:
    for target, content in files.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for target in shipped().keys() - files.keys():
        (VENDOR / target).unlink()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="compare the checkout with the manifest, no network")
    how.add_argument("--update", action="store_true", help="fetch, write, and store the new hashes")
    options = parser.parse_args(arguments)
    manifest = load_manifest()
    try:
        files = shipped() if options.check else fetch(manifest)
        if options.update:
            manifest["sprite"]["icons"] = sorted(set(manifest["sprite"]["icons"]))
            manifest["sha256"] = {target: digest(content) for target, content in sorted(files.items())}
            MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        wrong = compare(files, manifest["sha256"])
        if wrong:
            raise VendorError("\n".join(wrong))
        if not options.check:
            _write(files)
    except VendorError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(files)} vendored files are what the manifest says.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

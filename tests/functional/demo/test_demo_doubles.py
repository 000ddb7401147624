"""Doubles, a merged pair and papers in the demo, the same whenever it is made."""

from __future__ import annotations

import zlib

from crm_core.app import App
from crm_core.demo.draw import Dice
from crm_core.demo.papers import pdf, png
from crm_core.model.interaction import Interaction


def test_somebody_written_twice_has_been_linked(city: App) -> None:
    with city.reading() as services:
        contacts = list(services.root.contacts.values())
        links = {link for contact in contacts if contact.group is not None for link in contact.group.links}
        waiting = [contact for contact in contacts if services.duplicates.of(contact)]
        assert links
        assert all(link.reason and link.by is not None for link in links)
        assert len(waiting) >= 2
        for link in links:
            one, other = services.contacts.get(link.first), services.contacts.get(link.second)
            assert not [conflict for conflict in services.linking.conflicts(one, other) if conflict.strong]
            assert one.relations or other.relations or one.timeline or other.timeline


def test_papers_came_with_letters_and_mails(city: App) -> None:
    with city.reading() as services:
        touches = [one for one in services.root.interactions.values() if isinstance(one, Interaction)]
        files = [file for touch in touches for file in touch.attachments]
        assert {file.media_type for file in files} == {"application/pdf", "image/png"}
        assert {touch.channel for touch in touches if touch.attachments} <= {"email", "letter"}
        assert len({file.sha256 for file in files}) == len(files)


def test_a_paper_is_a_real_file_and_always_the_same() -> None:
    scan, photo = pdf("Scan (a) \\ ۱"), png(Dice("photo", 1))
    assert scan == pdf("Scan (a) \\ ۱")
    assert photo == png(Dice("photo", 1)) != png(Dice("photo", 2))
    start = int(scan.rsplit(b"startxref\n", 1)[1].split()[0])
    assert scan[start : start + 4] == b"xref"
    length = int.from_bytes(photo[33:37], "big")
    assert (photo[37:41], len(zlib.decompress(photo[41 : 41 + length]))) == (b"IDAT", 64 * (1 + 96 * 3))

"""Nothing goes out of the house while a plugin's effects act in a trial: this machine alone can be reached."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class ReachesOutside(OSError):
    """An act wanted to speak with another machine; the message says with which, in English."""


@contextmanager
def only_this_machine() -> Iterator[None]:
    """Refuse every connection, letter and look-up of a name that is none of this machine, in the whole process.

    That is for what is written in Python; programs that a plugin starts go their own way.
    """
    refused: list[ReachesOutside] = []

    def guarded(call: Callable[..., Any], where: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*arguments: Any, **more: Any) -> Any:
            place = where(*arguments, **more)
            if not _is_here(place):
                refused.append(ReachesOutside(f"it wants to reach {place!r}; in a trial the other side is on this "
                                              "machine, as outside() gives it"))
                raise refused[-1]
            return call(*arguments, **more)

        return guard

    def of_address(_socket: socket.socket, address: Any, *_more: Any) -> Any:
        return address[0] if isinstance(address, tuple) else ""  # the path of a socket of this machine

    def of_letter(_socket: socket.socket, _data: Any, *more: Any) -> Any:
        return more[-1][0] if isinstance(more[-1], tuple) else ""

    def of_name(host: Any, *_more: Any, **_named: Any) -> Any:
        return host

    changes: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (socket.socket, "connect", of_address), (socket.socket, "connect_ex", of_address),
        (socket.socket, "sendto", of_letter), (socket, "getaddrinfo", of_name), (socket, "gethostbyname", of_name),
    )
    before = [(owner, name, vars(owner).get(name)) for owner, name, _where in changes]
    for owner, name, where in changes:
        setattr(owner, name, guarded(getattr(owner, name), where))
    try:
        yield
    finally:
        for owner, name, own in before:
            if own is None:  # it has it from its base
                delattr(owner, name)
            else:
                setattr(owner, name, own)
        if refused:  # also where the act has swallowed it, or called it something else
            raise refused[0]


def _is_here(host: Any) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False

"""A name server that changes its mind: it answers each lookup as its script says, for no time."""

import socket
import socketserver
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

A, CNAME, AAAA = 1, 5, 28
KINDS: Final = {A: "A", AAAA: "AAAA"}
# A name instead of an address is an alias, and what that leads to is told along with it.
ALIASES: Final = {"localhost.": ("127.0.0.1", "::1")}
# RFC 1035, 4.1.1: an answer, by who is in charge, recursion asked for and had.
ANSWERS: Final = 0x8580
NO_SUCH_NAME: Final = 3
_HEAD: Final = struct.Struct(">HHHHHH")
_ABOUT_WHAT_WAS_ASKED: Final = b"\xc0\x0c"  # a pointer to the question's name
_SECONDS: Final = 0

Script = Mapping[str, Sequence[Sequence[str]]]


class NameServer(socketserver.UDPServer):
    """Answers over UDP.

    Args:
        script: Of each name, what it leads to: at the first lookup, the second, and so on; the
            last goes on. Of other names it says that there are none.

    Attributes:
        asked: How often for which name, by kind: a lookup asks for both.
    """

    def __init__(self, address: tuple[str, int], script: Script) -> None:
        self._script = script
        self.asked: Counter[tuple[str, str]] = Counter()
        super().__init__(address, _Asked)

    def answer(self, question: bytes) -> bytes:
        """Of one message with one question."""
        name, end = _name(question, _HEAD.size)
        kind = int.from_bytes(question[end : end + 2], "big")
        as_asked = (name, KINDS.get(kind, str(kind)))
        before = self.asked[as_asked]
        self.asked[as_asked] += 1
        leads = self._script.get(name)
        records = [] if leads is None else [*_records(leads[min(before, len(leads) - 1)], kind)]
        flags = ANSWERS | (NO_SUCH_NAME if leads is None else 0)
        head = _HEAD.pack(int.from_bytes(question[:2], "big"), flags, 1, len(records), 0, 0)
        return head + question[_HEAD.size : end + 4] + b"".join(records)


class _Asked(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        question, ours = self.request
        ours.sendto(cast("NameServer", self.server).answer(question), self.client_address)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The name there, and where it ends; in a question it is written out."""
    labels = []
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1


def _records(leads: Sequence[str], kind: int) -> Iterator[bytes]:
    for each in leads:
        if each in ALIASES:
            yield _record(_ABOUT_WHAT_WAS_ASKED, CNAME, _written(each))
            yield from _addresses(_written(each), ALIASES[each], kind)
    yield from _addresses(_ABOUT_WHAT_WAS_ASKED, [e for e in leads if e not in ALIASES], kind)


def _addresses(owner: bytes, addresses: Sequence[str], kind: int) -> Iterator[bytes]:
    for each in addresses:
        if kind == (AAAA if ":" in each else A):
            family = socket.AF_INET6 if ":" in each else socket.AF_INET
            yield _record(owner, kind, socket.inet_pton(family, each))


def _record(owner: bytes, kind: int, data: bytes) -> bytes:
    return owner + struct.pack(">HHIH", kind, 1, _SECONDS, len(data)) + data


def _written(name: str) -> bytes:
    labels = name.removesuffix(".").split(".")
    return b"".join(bytes([len(each)]) + each.encode() for each in labels) + b"\0"

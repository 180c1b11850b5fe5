"""A small DNS server on loopback that knows TXT records, and only those that a test gives it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT, BROKEN, EMPTY = "silent", "broken", "empty"


class Names:
    """What the server answers, by name; a name that is not there does not exist.

    ``records`` has the texts of a name's TXT records, or ``SILENT`` (no answer), ``BROKEN`` (an
    error of the server), ``EMPTY`` (the name is there, with no TXT record). Of addresses it
    knows none. ``asked`` has every name that was asked for.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str] | str] = {}
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = ("127.0.0.1", self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def prove(self, host: str, token: str) -> None:
        """Set the record that proves a claim."""
        self.records[f"_klink.{host}"] = [f"klink-verify={token}"]

    def close(self) -> None:
        """Stop answering."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.address)
        self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        while True:
            wire, peer = self._socket.recvfrom(4096)
            if not wire:
                return
            answer = self._answer(dns.message.from_wire(wire))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), peer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        found = self.records.get(name) if question.rdtype == dns.rdatatype.TXT else None
        if found == SILENT:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        if found is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif found == BROKEN:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif found != EMPTY:
            texts = [_quoted(text) for text in found]
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
        return response


@contextmanager
def name_server() -> Iterator[Names]:
    """A server for the block."""
    made = Names()
    try:
        yield made
    finally:
        made.close()


def _quoted(text: str) -> str:
    """A TXT record's text in strings of at most 255 characters, as zone files have it."""
    pieces = [text[i : i + 255] for i in range(0, len(text), 255)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)

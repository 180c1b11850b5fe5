"""Connections to addresses that were looked at, each read and write within the deadline."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from klink.fetching.addresses import Address
from klink.fetching.deadline import Deadline
from klink.fetching.errors import Unreachable

__all__ = ["PinnedBackend"]


class PinnedBackend(httpcore.NetworkBackend):
    """Opens connections to given addresses, whatever name it is asked for.

    So what was looked at is what is connected to, while ``Host``, SNI and the certificate's
    check go by the name.

    :param network: what really connects, to an address.
    :param max_bytes: how much one connection may read in all, around a page too: headers,
        answers before the answer, chunks of nothing.
    """

    def __init__(
        self,
        network: httpcore.NetworkBackend,
        addresses: Sequence[Address],
        deadline: Deadline,
        max_bytes: int,
    ) -> None:
        self._network = network
        self._addresses = addresses
        self._deadline = deadline
        self._max_bytes = max_bytes

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the name, which must not be looked up again
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline bounds all
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        :raises Unreachable: ``connect`` or ``timeout``.
        """
        for i, address in enumerate(self._addresses):
            share_s = self._deadline.left_s() / (len(self._addresses) - i)
            try:
                stream = self._network.connect_tcp(
                    str(address), port, share_s, local_address, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException):
                continue
            return _BoundedStream(stream, self._deadline, self._max_bytes)
        self._deadline.left_s()
        raise Unreachable("connect")


class _BoundedStream(httpcore.NetworkStream):
    """A connection that ends at the deadline, or when it has brought too much."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, max_bytes: int) -> None:
        self._stream = stream
        self._deadline = deadline
        self._left = max_bytes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """What has come.

        :raises Unreachable: ``timeout`` or ``too_large``.
        """
        if self._left <= 0:
            raise Unreachable("too_large")
        data = self._stream.read(max_bytes, self._deadline.left_s())
        self._left -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send all of it.

        :raises Unreachable: ``timeout``.
        """
        self._stream.write(buffer, self._deadline.left_s())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Go on encrypted, with whom the certificate says it is.

        :raises Unreachable: ``tls`` or ``timeout``.
        """
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s())
        except httpcore.NetworkError:
            raise Unreachable("tls") from None
        return _BoundedStream(stream, self._deadline, self._left)

    def get_extra_info(self, info: str) -> Any:  # Any: httpcore's own type
        """What httpcore asks its streams."""
        return self._stream.get_extra_info(info)

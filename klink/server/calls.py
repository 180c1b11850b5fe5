"""recv and send that keep the interpreter's lock.

Python lets go of its lock in every system call, and a thread that computes takes it and keeps
it for a switch interval, for each of the two calls of each redirect. On a socket that does not
block, these calls take a microsecond or three and never wait, so nothing is won by letting go.
Called this way each costs half a microsecond more; so the loop does it only while others
compute.
"""

from __future__ import annotations

import ctypes
import os

__all__ = ["recv", "send"]

_LIBRARY = ctypes.PyDLL(None, use_errno=True)  # PyDLL, unlike CDLL, keeps the lock

_recv = _LIBRARY.recv
_recv.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_recv.restype = ctypes.c_ssize_t

_send = _LIBRARY.send
_send.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
_send.restype = ctypes.c_ssize_t

_MOST = 8192
_BUFFER = bytearray(_MOST)
_VIEW = memoryview(_BUFFER)
_ADDRESS = ctypes.addressof((ctypes.c_char * _MOST).from_buffer(_BUFFER))
# MSG_NOSIGNAL, as Python has by ignoring SIGPIPE; MSG_DONTWAIT, as the sockets are set.
_FLAGS = 0x4000 | 0x40


def recv(descriptor: int) -> bytes:
    """Up to 8 KiB of what has come in, b"" at the end; one thread may use it.

    :raises OSError: BlockingIOError when nothing is there.
    """
    count = _recv(descriptor, _ADDRESS, _MOST, _FLAGS)
    if count < 0:
        raise _error()
    return bytes(_VIEW[:count])


def send(descriptor: int, data: bytes) -> int:
    """Send as much as is taken now; return how many bytes.

    :raises OSError: BlockingIOError when nothing is taken.
    """
    count = int(_send(descriptor, data, len(data), _FLAGS))
    if count < 0:
        raise _error()
    return count


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))

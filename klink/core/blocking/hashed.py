"""Millions of texts in eight bytes each: which of them there are, and nothing else."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

__all__ = ["HashedSet"]

_BUCKETS = 256


class HashedSet:
    """A set of texts that remembers their hashes, 64 bits with a key of this process.

    That another text has the hash of one of a million happens once in 10^13 questions. The
    hashes lie in sorted arrays, so nothing here is an object that the collector looks at.
    """

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, text: str) -> None:
        """Put a text in, before :meth:`sort`."""
        number = hash(text)
        self._buckets[number & 255].append(number)

    def sort(self) -> Iterator[None]:
        """Make it ready to be asked, in small steps."""
        for i, bucket in enumerate(self._buckets):
            self._buckets[i] = array("q", sorted(set(bucket)))
            yield

    def __contains__(self, text: str) -> bool:
        number = hash(text)
        bucket = self._buckets[number & 255]
        at = bisect_left(bucket, number)
        return at < len(bucket) and bucket[at] == number

    def __len__(self) -> int:
        return sum(map(len, self._buckets))

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return sum(bucket.itemsize * len(bucket) for bucket in self._buckets)

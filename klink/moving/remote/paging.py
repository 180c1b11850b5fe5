"""A source that an API gives page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from klink.moving.native import Options, Values, row_of
from klink.moving.remote.asking import Api, Json
from klink.moving.rows import Progress, Row, WrongSource, bad

__all__ = ["IsThere", "Page", "PagedSource", "Product"]

PER_PAGE = 100
"""The most that each of the three gives."""

_WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError)
"""What reading JSON of another shape ends in."""

IsThere = Callable[[str], bool]
"""Whether a slug is a link's here already."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some links as the product has them, and how many there are in all, if it says."""

    items: list[object]
    total: int | None
    has_more: bool


class Product(Protocol):
    """How a product lists its links."""

    name: str

    def header(self, key: str) -> dict[str, str]:
        """What its requests carry."""
        ...

    def page(self, api: Api, number: int) -> Page:
        """A page, from 1 on; an error of those that tell of another shape."""
        ...

    def identity(self, item: Json) -> object:
        """What no other link has."""
        ...

    def values(self, api: Api, item: Json, options: Options, is_there: IsThere) -> Values:
        """A link in klink's words; raises as :meth:`page`."""
        ...


class PagedSource:
    """All links of an account, the newest first.

    :param is_there: whether a link is here already, so that nothing more is asked about it.
    """

    def __init__(self, api: Api, product: Product, options: Options, is_there: IsThere) -> None:
        self.notices: list[str] = []
        self._api = api
        self._product = product
        self._options = options
        self._is_there = is_there
        self._done = 0
        self._whole: int | None = None

    def progress(self) -> Progress:
        """Links read, of how many the product says there are."""
        return Progress(self._done, self._whole)

    def rows(self) -> Iterator[Row]:
        """The row of every link, once, however the pages shift meanwhile.

        :raises WrongSource: the API gives no more, or the same again and again.
        """
        seen: set[object] = set()
        number = 1
        while True:
            page = self._page(number)
            self._whole = page.total
            fresh = 0
            for item in page.items:
                if not isinstance(item, dict):
                    raise self._strange(number)
                mark = self._mark(item, number)
                if mark in seen:
                    continue
                seen.add(mark)
                fresh += 1
                self._done += 1
                yield self._row(item)
            if not page.has_more:
                return
            if not fresh:
                raise WrongSource(
                    f"{self._api.host} gives the same links again on page {number:,} and says that "
                    "there are more; what came before is taken in"
                )
            number += 1

    def _page(self, number: int) -> Page:
        try:
            return self._product.page(self._api, number)
        except _WRONG_SHAPE as error:
            raise self._strange(number) from error

    def _mark(self, item: Json, number: int) -> object:
        try:
            mark = self._product.identity(item)
            hash(mark)
        except (KeyError, TypeError) as error:
            raise self._strange(number) from error
        return mark

    def _strange(self, number: int) -> WrongSource:
        return WrongSource(
            f"page {number:,} of {self._api.host} is not what {self._product.name}'s API gives; is "
            "the address right?"
        )

    def _row(self, item: Json) -> Row:
        try:
            values = self._product.values(self._api, item, self._options, self._is_there)
            has_slug = isinstance(values["slug"], str) and bool(values["slug"])
        except _WRONG_SHAPE:
            has_slug = False
        if not has_slug:
            return bad(self._done, f"this link is not of the shape that {self._product.name} has")
        row = row_of(self._done, values, self._options)
        if row.arrival is None:
            return row
        # What it has counted there is none of what is counted here.
        return replace(row, arrival=replace(row.arrival, is_ours=False))

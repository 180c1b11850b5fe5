"""The Markdown pages of the project, as a renderer reads them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["ROOT", "Block", "Page", "pages"]

ROOT = Path(__file__).resolve().parents[2]

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_COMMENT = re.compile(r"<!--\s*(.*?)\s*-->\s*", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its text, the heading above it and its first line.

    ``mark`` is the comment that stands right before it, which readers do not see.
    """

    language: str
    text: str
    heading: str
    mark: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page; ``name`` is its path from the project's folder."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tokens(self) -> list[Token]:
        return _MARKDOWN.parse(self.text)

    @cached_property
    def blocks(self) -> list[Block]:
        """Its blocks of code, in order."""
        found, heading, mark = [], "", ""
        for at, token in enumerate(self.tokens):
            if token.type == "heading_open":
                heading = self.tokens[at + 1].content
            comment = _COMMENT.fullmatch(token.content) if token.type == "html_block" else None
            if token.type == "fence":
                assert token.map is not None
                language = token.info.split(" ")[0]
                found.append(Block(language, token.content, heading, mark, token.map[0] + 1))
            mark = comment[1] if comment else ""
        return found

    @cached_property
    def spans(self) -> list[str]:
        """What stands between backticks."""
        return [each.content for each in self._inline() if each.type == "code_inline"]

    @cached_property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        targets = [each.attrGet("href") or each.attrGet("src") for each in self._inline()]
        return [str(target) for target in targets if target is not None]

    @cached_property
    def anchors(self) -> set[str]:
        """The names of its headings, as GitHub makes them."""
        names: set[str] = set()
        for at, token in enumerate(self.tokens):
            if token.type == "heading_open":
                name = anchor(self.tokens[at + 1])
                turn = 0
                while (unique := f"{name}-{turn}" if turn else name) in names:
                    turn += 1
                names.add(unique)
        return names

    def _inline(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or ()


def anchor(heading: Token) -> str:
    """The name that GitHub gives a heading."""
    text = "".join(child.content for child in heading.children or ())
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def pages() -> list[Page]:
    """Every page that is part of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Page(ROOT / name) for name in sorted(filter(None, listed.stdout.split("\0")))]

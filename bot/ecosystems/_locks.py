"""Lock files of ``[[package]]`` blocks that machines write, read line by line for speed.

A whole TOML parse of a large lock file takes seconds; what is needed stands at the top of each
block in the plain form that the tools write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.model import ParseError

_BLOCK = re.compile(r"^\[\[(?:package|distribution)\]\][ \t]*\r?$", re.MULTILINE)
_SUBTABLE = re.compile(r"^\[(?:package|distribution)\.", re.MULTILINE)
_FIELD = re.compile(r'^([a-z_-]{1,40}) = (?:"([^"\\\r\n]*)"|(\{[^\r\n]*\}|true|false))', re.MULTILINE)
_OTHER = re.compile(r"^\[(?!\[?(?:package|distribution)\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One package: its plain fields, and the text of its sub-tables."""

    fields: dict[str, str]
    below: str

    @property
    def name(self) -> str:
        """The package's name."""
        return self.fields["name"]

    @property
    def version(self) -> str | None:
        """The version, None for a package that has none (a member of a workspace)."""
        return self.fields.get("version")


def head(text: str) -> str:
    """What stands before the first package."""
    first = _BLOCK.search(text)
    return text[: first.start()] if first else text


def blocks(text: str) -> Iterator[Block]:
    """The packages in order; raises ``ParseError`` for a block without a name or a version."""
    starts = [found.span() for found in _BLOCK.finditer(text)]
    ends = [start for start, _ in starts[1:]]
    for (start, top), end in zip(starts, [*ends, len(text)], strict=False):
        yield _block(text, start, top, end)


def _block(text: str, start: int, top: int, end: int) -> Block:
    below = _SUBTABLE.search(text, top, end)
    other = _OTHER.search(text, top, end)
    end = other.start() if other else end
    middle = min(below.start() if below else end, end)
    fields = {m[1]: m[2] if m[2] is not None else m[3] for m in _FIELD.finditer(text, top, middle)}
    if not fields.get("name"):
        raise ParseError("a package without a plain name", text.count("\n", 0, start) + 1)
    return Block(fields, text[middle:end])

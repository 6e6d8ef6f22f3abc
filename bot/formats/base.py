"""The tree that every format parses into: scalars with spans, tables and arrays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.model import ParseError, Span

MAX_DEPTH = 100
"""Deeper nesting than this is refused by every format: no real manifest has it."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value and where it stands.

    ``value`` is the decoded text (numbers, booleans and null as they are written); ``span``
    covers what stands between the quotes (or the whole plain scalar); ``string`` is false for
    numbers, booleans, null and dates. ``breaks`` is empty when decoding changed nothing, else
    it maps: pairs (offset in value, offset in text) at each point where they drift apart.
    """

    value: str
    span: Span
    line: int
    string: bool = True
    breaks: tuple[tuple[int, int], ...] = ()

    def locate(self, start: int, end: int) -> Span | None:
        """The span in the text of ``value[start:end]``, None where an escape stands inside it."""
        first, last = self._offset(start), self._offset(end)
        if last - first != end - start:
            return None
        return Span(first, last)

    def _offset(self, at: int) -> int:
        if not self.breaks:
            return self.span.start + at
        index = bisect_right(self.breaks, (at, 1 << 60)) - 1
        if index < 0:
            return self.span.start + at
        value_at, text_at = self.breaks[index]
        return text_at + at - value_at


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping in source order; a key that stands twice is kept twice, ``get`` gives the last."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int = 1
    index: dict[str, Node] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.index.update((key.value, node) for key, node in self.entries)

    def get(self, *path: str) -> Node | None:
        """The node at this path of keys, None where there is none."""
        node: Node | None = self
        for key in path:
            node = node.index.get(key) if isinstance(node, Table) else None
        return node

    def table(self, *path: str) -> Table:
        """The table at this path, an empty one where there is none or something else."""
        node = self.get(*path)
        return node if isinstance(node, Table) else EMPTY

    def array(self, *path: str) -> tuple[Node, ...]:
        """The items of the array at this path, none where there is none or something else."""
        node = self.get(*path)
        return node.items if isinstance(node, Array) else ()

    def text(self, *path: str) -> str | None:
        """The string at this path, None where there is none or something else."""
        node = self.get(*path)
        return node.value if isinstance(node, Scalar) and node.string else None

    def scalars(self) -> Iterator[tuple[Scalar, Scalar]]:
        """The entries whose values are scalars."""
        return ((key, node) for key, node in self.entries if isinstance(node, Scalar))

    def tables(self) -> Iterator[tuple[Scalar, Table]]:
        """The entries whose values are tables."""
        return ((key, node) for key, node in self.entries if isinstance(node, Table))


@dataclass(frozen=True, slots=True)
class Array:
    """A sequence in source order."""

    items: tuple[Node, ...]
    line: int = 1


Node = Scalar | Table | Array
EMPTY = Table(())

__all__ = ["EMPTY", "MAX_DEPTH", "Array", "Node", "ParseError", "Scalar", "Span", "Table"]

"""YAML 1.1 (https://yaml.org/spec/1.1/) as PyYAML reads it, with the span of every value.

The tree is built from parser events, on a stack: nothing recurses, and an alias is the node it
names, never a copy.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, Protocol

import yaml

from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Span, Table
from bot.formats.lines import BOM, NOWHERE, Breaks, decode, starts

MAX_ALIASED: Final = 100_000
"""More nodes than this through aliases are refused: whoever walks the tree meets each of them."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_STRINGS: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "null", "timestamp"))
_NOT_TEXT: Final = {
    first: re.compile("|".join(pattern.pattern for tag, pattern in resolvers if tag in _NOT_STRINGS) or "(?!)", re.X)
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
"""What plain scalars that are no strings look like, by their first character."""

_PROPERTIES = re.compile(r"(?:[&!]\S*+\s*+(?:#[^\r\n]*+\s*+)*+)*+")
_ESCAPE = re.compile(r"\\(?:x(?P<two>..)|u(?P<four>.{4})|U(?P<eight>.{8})|(?P<short>.))")
_QUOTE = re.compile("''")
_SHORT: Final = dict(zip("0abtnvfreN_LP", "\0\a\b\t\n\v\f\r\x1b\x85\xa0\u2028\u2029", strict=True))
_UNREADABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_BREAKS: Final = 10_000


def parse(text: str) -> tuple[Node, ...]:
    """Read a YAML stream, with or without a byte order mark: one node a document.

    A plain scalar is a string unless YAML 1.1 resolves it to a number, boolean, null or time
    stamp. Tags that mean nothing here (``!Ref``) are passed over, ``<<`` is a key like others, a
    key that stands twice is kept twice, a key that is no scalar stands as its source text. An
    alias gives the very node it names. Values that are folded over lines can't be located.
    Raises ``ParseError`` with the line for what is not YAML, for an alias inside its own anchor,
    for aliases that stand for more than ``MAX_ALIASED`` nodes, and for nesting (aliases
    followed) deeper than ``MAX_DEPTH``.
    """
    return _Reader(text, _LOADER).read()


@dataclass(slots=True)
class _Measured:
    """A node, how many levels of containers it has, and how many nodes it stands for."""

    node: Node
    height: int
    weight: int


@dataclass(slots=True)
class _Open:
    """A mapping, sequence or document that has not ended yet; ``key`` waits for its value."""

    mapping: bool
    start: int
    line: int
    anchor: str | None
    key: Scalar | None = None
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    height: int = 0
    weight: int = 1

    def add(self, node: Node) -> None:
        self.weight += 1
        if self.key is None:
            self.items.append(node)
        else:
            self.entries.append((self.key, node))
            self.key = None

    def node(self) -> Node:
        return Table(tuple(self.entries), self.line) if self.mapping else Array(tuple(self.items), self.line)


class _Placed(Protocol):
    """A mark of either PyYAML implementation."""

    index: int


class _Reader:
    """Reads one stream with the given PyYAML loader."""

    def __init__(self, text: str, loader: type[yaml.SafeLoader]) -> None:
        self._text = text
        self._starts = starts(text)
        self._base = int(text.startswith(BOM))
        self._loader = loader
        self._stack = [_Open(mapping=False, start=0, line=1, anchor=None)]
        self._anchors: dict[str, _Measured | None] = {}
        self._aliased = 0

    def read(self) -> tuple[Node, ...]:
        takes: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for event in yaml.parse(self._text[self._base :], self._loader):
                take = takes.get(type(event))
                if take is not None:
                    take(event)
        except yaml.MarkedYAMLError as error:
            self._fail(f"not YAML: {error.problem}", self._at(error.problem_mark))
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self._fail_unreadable(error)
        return tuple(self._stack[0].items)

    def _document(self, _event: yaml.DocumentStartEvent) -> None:
        self._anchors.clear()

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        start = self._at(event.start_mark)
        if event.anchor is not None or event.tag is not None:
            start = self._past_properties(start, len(self._text))
        if len(self._stack) > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels", start)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Open(mapping, start, bisect_right(self._starts, start), event.anchor))

    def _close(self, event: yaml.CollectionEndEvent) -> None:
        done = self._stack.pop()
        measured = _Measured(done.node(), done.height + 1, done.weight)
        if done.anchor is not None:
            self._anchors[done.anchor] = measured
        self._put(measured, done.start, self._at(event.end_mark))

    def _alias(self, event: yaml.AliasEvent) -> None:
        start, end = self._at(event.start_mark), self._at(event.end_mark)
        measured = self._anchors.get(event.anchor or "")
        if measured is None:
            self._fail(f"alias {self._text[start:end]!r} names nothing, or what it stands in", start)
        self._aliased += measured.weight
        if self._aliased > MAX_ALIASED:
            self._fail(f"aliases stand for more than {MAX_ALIASED} nodes", start)
        if len(self._stack) - 1 + measured.height > MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels", start)
        self._put(measured, start, end)

    def _scalar(self, event: Any) -> None:
        # Any, because the stubs allow for events without marks, which no parser gives.
        start, end, value = self._base + event.start_mark.index, self._base + event.end_mark.index, event.value
        if event.anchor is not None or event.tag is not None:
            start = self._past_properties(start, end)
        line = bisect_right(self._starts, start)
        if self._text[start:end] == value:
            scalar = Scalar(value, Span(start, end), line, _is_string(event))
        else:
            span, breaks = self._place(value, start, end)
            scalar = Scalar(value, span, line, _is_string(event), breaks)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Measured(scalar, 0, 1)
        top = self._stack[-1]
        if top.mapping and top.key is None:
            top.key = scalar
        else:
            top.add(scalar)

    def _put(self, measured: _Measured, start: int, end: int) -> None:
        """Put a node into the innermost container; ``start`` and ``end`` are where it stands there."""
        top, node = self._stack[-1], measured.node
        top.height = max(top.height, measured.height)
        top.weight += measured.weight - 1
        if not top.mapping or top.key is not None:
            top.add(node)
        elif isinstance(node, Scalar):
            top.key = node
        else:
            top.key = Scalar(self._text[start:end], Span(start, end), bisect_right(self._starts, start), string=False)

    def _past_properties(self, start: int, end: int) -> int:
        """Where a node itself begins, past its anchor and tag."""
        found = _PROPERTIES.match(self._text, start, end)
        return found.end() if found else start

    def _place(self, value: str, start: int, end: int) -> tuple[Span, Breaks]:
        """Where a value stands that is written between these offsets, otherwise than it reads."""
        raw = self._text[start:end]
        if not value:
            return Span(end, end), ()
        if not raw:  # an anchor such as &1:1, where PyYAML and we see its end at different places
            return Span(end, end), NOWHERE
        opening = raw[0]
        if opening in "|>":
            return self._block(value, start, end) if opening == "|" else (Span(start, end), NOWHERE)
        if opening not in "\"'":
            return Span(start, end), NOWHERE
        span, raw = Span(start + 1, end - 1), raw[1:-1]
        if raw == value:
            return span, ()
        escape = _ESCAPE if opening == '"' else _QUOTE
        decoded, breaks = decode(raw, start + 1, escape, _character)
        # What is folded over lines decodes otherwise.
        return span, breaks if decoded == value else NOWHERE

    def _block(self, value: str, start: int, end: int) -> tuple[Span, Breaks]:
        """Where the lines of a literal block scalar stand: each without its indentation."""
        first = bisect_right(self._starts, start)
        lines = self._starts[first : first + value.count("\n") + 2]
        if not lines:  # no block at all: an anchor such as &1:1, whose end is in doubt, before a "|"
            return Span(start, end), NOWHERE
        breaks: list[tuple[int, int]] = []
        size = 0
        for piece, begin, after in zip(value.split("\n"), lines, [*lines[1:], len(self._text)], strict=False):
            raw = self._text[begin:after].rstrip("\r\n")
            if not raw.endswith(piece) or len(breaks) > _MAX_BREAKS:
                return Span(start, end), NOWHERE
            breaks.append((size, begin + len(raw) - len(piece)))
            size += len(piece) + 1
        return Span(breaks[0][1], end), tuple(breaks)

    def _at(self, mark: _Placed | None) -> int:
        return self._base + (mark.index if mark else 0)

    def _fail(self, message: str, at: int) -> NoReturn:
        raise ParseError(message, bisect_right(self._starts, at))

    def _fail_unreadable(self, error: Exception) -> NoReturn:
        """Name the character that the reader, which keeps no marks, stumbled over."""
        if isinstance(error, ParseError):
            raise error
        found = _UNREADABLE.search(self._text)
        if found is None:
            raise ParseError(f"not YAML: {error}") from error
        self._fail(f"not YAML: character {found[0]!r} may not stand in it", found.start())


def _is_string(event: yaml.ScalarEvent) -> bool:
    """Whether YAML takes the scalar for text, by its tag or by what a plain one looks like."""
    if event.tag is not None:
        return event.tag not in _NOT_STRINGS
    pattern = _NOT_TEXT.get(event.value[:1]) if event.implicit[0] else None
    return pattern is None or not pattern.match(event.value)


def _character(found: re.Match[str]) -> str:
    """What an escape stands for."""
    if found[0] == "''":
        return "'"
    if found["short"]:
        return _SHORT.get(found["short"], found["short"])
    code = int(found["two"] or found["four"] or found["eight"], 16)
    return chr(code)

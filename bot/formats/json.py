"""JSON (RFC 8259) with the span of every value, and the dialect with comments that tools read.

One compiled pattern takes a whole entry (key, colon, plain value, comma) at once: that, and
looking for escapes only where a backslash stands, is what makes it fast.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NoReturn

from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Span, Table
from bot.formats.lines import BOM, decode, starts

_STRING = r'"([^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+)"'
_LITERAL = r"(true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)"
_ESCAPE = re.compile(r"\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)|\\u(....)|\\(.)")
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_EXCERPT: Final = 30


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The patterns of one dialect; each begins by passing over what may stand between tokens."""

    blank: re.Pattern[str]
    value: re.Pattern[str]
    pair: re.Pattern[str]
    item: re.Pattern[str]
    after: re.Pattern[str]
    trailing: bool


def _grammar(blank: str, *, trailing: bool) -> _Grammar:
    plain = f"(?:{_STRING}|{_LITERAL})"
    return _Grammar(
        blank=re.compile(blank),
        value=re.compile(rf"{blank}(?:{plain}|([{{\[]))"),
        pair=re.compile(rf"{blank}{_STRING}{blank}:{blank}(?:{plain}{blank}([,}}])|([{{\[]))"),
        item=re.compile(rf"{blank}(?:{plain}{blank}([,\]])|([{{\[]))"),
        after=re.compile(rf"{blank}([,}}\]])"),
        trailing=trailing,
    )


_STRICT = _grammar(r"[ \t\n\r]*+", trailing=False)
_LENIENT = _grammar(r"(?:[ \t\n\r]++|//[^\n\r]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+", trailing=True)


def parse(text: str, *, lenient: bool = False) -> Node:
    r"""Read a JSON document (RFC 8259), with or without a byte order mark.

    ``lenient`` also allows comments (``//`` and ``/* */``) and trailing commas. A key that
    stands twice is kept twice. Half a surrogate pair (``"\ud800"``) becomes U+FFFD, because no
    encoder downstream could write it. Raises ``ParseError`` with the line for anything else,
    and for nesting deeper than ``MAX_DEPTH``.
    """
    return _Reader(text, _LENIENT if lenient else _STRICT).read()


@dataclass(slots=True)
class _Open:
    """An object or array that is not closed yet; ``key`` waits for the value that is being read."""

    closer: str
    line: int
    key: Scalar | None = None
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> None:
        if self.key is None:
            self.items.append(node)
        else:
            self.pairs.append((self.key, node))

    def node(self) -> Node:
        return Table(tuple(self.pairs), self.line) if self.closer == "}" else Array(tuple(self.items), self.line)


class _Reader:
    """Reads one text; containers that are open wait on a stack, so depth costs no recursion."""

    def __init__(self, text: str, grammar: _Grammar) -> None:
        self._text = text
        self._grammar = grammar
        self._starts = starts(text)
        self._stack: list[_Open] = []

    def read(self) -> Node:
        at = int(self._text.startswith(BOM))
        found = self._grammar.value.match(self._text, at)
        if found is None:
            self._fail(at, "expected a value")
        if found[3]:
            node, at = self._container(found)
        else:
            node, at = self._plain(found, 1), found.end()
        if not self._grammar.blank.fullmatch(self._text, at):
            self._fail(at, "expected the end of the text")
        return node

    def _container(self, opener: re.Match[str]) -> tuple[Node, int]:
        root = self._open(opener)
        at = opener.end()
        while self._stack:
            top = self._stack[-1]
            at = self._pairs(top, at) if top.closer == "}" else self._items(top, at)
        return root.node(), at

    def _pairs(self, top: _Open, at: int) -> int:
        """Read entries up to the next container that opens or the end of this one."""
        text, match, pairs = self._text, self._grammar.pair.match, top.pairs
        while found := match(text, at):
            at = found.end()
            key = self._string(found, 1)
            if found[5]:
                top.key = key
                self._open(found)
                return at
            pairs.append((key, self._plain(found, 2)))
            if found[4] == "}":
                return self._close(at)
        return self._end(top, at, empty=not pairs, wanted='"key": value')

    def _items(self, top: _Open, at: int) -> int:
        """Read items up to the next container that opens or the end of this one."""
        text, match, items = self._text, self._grammar.item.match, top.items
        while found := match(text, at):
            at = found.end()
            if found[4]:
                self._open(found)
                return at
            items.append(self._plain(found, 1))
            if found[3] == "]":
                return self._close(at)
        return self._end(top, at, empty=not items, wanted="a value")

    def _open(self, found: re.Match[str]) -> _Open:
        """Begin the container whose bracket is the last thing found."""
        at = found.end() - 1
        line = bisect_right(self._starts, at)
        if len(self._stack) >= MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", line)
        opened = _Open("}" if self._text[at] == "{" else "]", line)
        self._stack.append(opened)
        return opened

    def _end(self, top: _Open, at: int, *, empty: bool, wanted: str) -> int:
        """Close a container that is empty or, where that is allowed, ends with a comma."""
        found = self._grammar.after.match(self._text, at)
        if found is None or found[1] != top.closer or not (empty or self._grammar.trailing):
            self._fail(at, f"expected {wanted} and then a comma or {top.closer!r}")
        return self._close(found.end())

    def _close(self, at: int) -> int:
        """Close the innermost container and those that end right after it; answer where to go on."""
        while True:
            done = self._stack.pop()
            if not self._stack:
                return at
            parent = self._stack[-1]
            parent.add(done.node())
            found = self._grammar.after.match(self._text, at)
            if found is None or found[1] not in (",", parent.closer):
                self._fail(at, f"expected a comma or {parent.closer!r}")
            at = found.end()
            if found[1] == ",":
                return at

    def _plain(self, found: re.Match[str], group: int) -> Scalar:
        """The string in this group, or the literal in the one after it."""
        if found[group] is not None:
            return self._string(found, group)
        start, end = found.span(group + 1)
        return Scalar(found[group + 1], Span(start, end), bisect_right(self._starts, start), string=False)

    def _string(self, found: re.Match[str], group: int) -> Scalar:
        value = found[group]
        start, end = found.span(group)
        line = bisect_right(self._starts, start)
        if "\\" not in value:
            return Scalar(value, Span(start, end), line)
        value, breaks = decode(value, start, _ESCAPE, _character)
        return Scalar(value, Span(start, end), line, breaks=breaks)

    def _fail(self, at: int, message: str) -> NoReturn:
        blank = self._grammar.blank.match(self._text, at)
        at = blank.end() if blank else at
        seen = repr(self._text[at : at + _EXCERPT]) if at < len(self._text) else "the end of the text"
        raise ParseError(f"{message}, found {seen}", bisect_right(self._starts, at))


def _character(found: re.Match[str]) -> str:
    high, low, single, short = found.groups()
    if high:
        return chr(0x10000 + (int(high, 16) - 0xD800) * 0x400 + int(low, 16) - 0xDC00)
    if short:
        return _SHORT.get(short, short)
    code = int(single, 16)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)

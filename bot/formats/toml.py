"""TOML 1.0 (https://toml.io/en/v1.0.0) as one nested tree with the span of every value.

tree-sitter gives the syntax tree; this module gives it TOML's meaning: headers, dotted keys,
inline tables and arrays of tables are merged into the tree they describe.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NoReturn

import tree_sitter
import tree_sitter_toml

from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Span, Table
from bot.formats.lines import BOM, decode, starts

_LANGUAGE: Final = tree_sitter.Language(tree_sitter_toml.language())
_CRLF = re.compile(r"\r\n")
_ESCAPE = re.compile(r"\\u(?P<four>.{4})|\\U(?P<eight>.{8})|\\[ \t]*+\r?\n[ \t\r\n]*+|\\(?P<short>.)|\r\n")
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_EXCERPT: Final = 30


def parse(text: str) -> Table:
    """Read a TOML 1.0 document, with or without a byte order mark.

    Order is that of the source, each table standing where it is first named; numbers, booleans
    and dates are scalars as they are written. Raises ``ParseError`` with the line for what is not TOML, for a key
    or table that is defined twice, and for nesting deeper than ``MAX_DEPTH``. What ``tomllib``
    accepts is accepted with the same values.
    """
    return _Reader(text).read()


@dataclass(slots=True)
class _Draft:
    """A table that is still being put together; ``closed`` once nothing may define it again."""

    line: int
    closed: bool = False
    entries: dict[str, tuple[Scalar, _Draft | _Drafts | Node]] = field(default_factory=dict)

    def finish(self) -> Table:
        return Table(tuple((key, _finished(node)) for key, node in self.entries.values()), self.line)


@dataclass(slots=True)
class _Drafts:
    """An array of tables that is still being put together."""

    line: int
    items: list[_Draft] = field(default_factory=list)


def _finished(node: _Draft | _Drafts | Node) -> Node:
    if isinstance(node, _Draft):
        return node.finish()
    if isinstance(node, _Drafts):
        return Array(tuple(item.finish() for item in node.items), node.line)
    return node


class _Reader:
    """Reads one text. Depth is counted along headers, dotted keys and brackets together."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = starts(text)
        self._root = _Draft(1)
        self._dotted: list[_Draft] = []

    def read(self) -> Table:
        blanked = self._text.replace(BOM, " ", 1) if self._text.startswith(BOM) else self._text
        # One byte a code point, so that offsets agree: outside ASCII no character has a meaning in TOML.
        tree = tree_sitter.Parser(_LANGUAGE).parse(blanked.encode("ascii", "replace"))
        if tree.root_node.has_error:
            self._fail_at_error(tree.root_node)
        # A cursor, because a node keeps its children: the whole tree would stay in memory.
        cursor = tree.walk()
        going = cursor.goto_first_child()
        while going:
            if cursor.node is not None:
                self._statement(cursor.node)
            going = cursor.goto_next_sibling()
        return self._root.finish()

    def _statement(self, node: tree_sitter.Node) -> None:
        kind = node.type
        if kind == "pair":
            self._pair(self._root, node, depth=1, dotted=self._dotted)
        elif kind != "comment":
            self._section(node, array=kind == "table_array_element")

    def _section(self, node: tree_sitter.Node, *, array: bool) -> None:
        """A ``[header]`` or ``[[header]]`` and what stands below it."""
        for draft in self._dotted:
            draft.closed = True
        self._dotted.clear()
        header, *below = node.named_children
        *parents, last = self._keys(header, 0)
        draft = self._root
        for key in parents:
            draft = self._super(draft, key)
        draft = self._item(draft, last) if array else self._table(draft, last)
        depth = len(parents) + 2 + array
        for pair in below:
            if pair.type == "pair":
                self._pair(draft, pair, depth=depth, dotted=self._dotted)

    def _super(self, draft: _Draft, key: Scalar) -> _Draft:
        """The table that a header passes through, made when it is not there yet."""
        _, node = draft.entries.setdefault(key.value, (key, _Draft(key.line)))
        if isinstance(node, _Drafts):
            return node.items[-1]
        if not isinstance(node, _Draft):
            self._fail_twice(key)
        return node

    def _table(self, draft: _Draft, key: Scalar) -> _Draft:
        """The table that a ``[header]`` opens."""
        _, node = draft.entries.setdefault(key.value, (key, _Draft(key.line)))
        if not isinstance(node, _Draft) or node.closed:
            self._fail_twice(key)
        node.closed = True
        node.line = key.line
        return node

    def _item(self, draft: _Draft, key: Scalar) -> _Draft:
        """The table that a ``[[header]]`` appends."""
        _, node = draft.entries.setdefault(key.value, (key, _Drafts(key.line)))
        if not isinstance(node, _Drafts):
            self._fail_twice(key)
        item = _Draft(key.line, closed=True)
        node.items.append(item)
        return item

    def _pair(self, draft: _Draft, pair: tree_sitter.Node, *, depth: int, dotted: list[_Draft]) -> None:
        """One ``key = value``; ``dotted`` collects the tables that its dotted key passes through."""
        name, value, *_ = pair.named_children
        if name.type == "dotted_key":
            *parents, key = self._keys(name, depth)
            depth += len(parents)
            for parent in parents:
                draft = self._nested(draft, parent)
                dotted.append(draft)
        else:
            key = self._key(name)
        if key.value in draft.entries:
            self._fail_twice(key)
        draft.entries[key.value] = (key, self._value(value, depth))

    def _nested(self, draft: _Draft, key: Scalar) -> _Draft:
        """The table that a dotted key passes through, made when it is not there yet."""
        _, node = draft.entries.setdefault(key.value, (key, _Draft(key.line)))
        if not isinstance(node, _Draft) or node.closed:
            self._fail_twice(key)
        return node

    def _keys(self, node: tree_sitter.Node, depth: int) -> list[Scalar]:
        """The parts of a key; the tree nests them to the left."""
        keys: list[Scalar] = []
        while node.type == "dotted_key":
            if depth + len(keys) >= MAX_DEPTH:
                self._fail_deep(node)
            node, part = node.named_children
            keys.append(self._key(part))
        keys.append(self._key(node))
        keys.reverse()
        return keys

    def _key(self, node: tree_sitter.Node) -> Scalar:
        if node.type == "quoted_key":
            return self._string(node)
        start, end = node.start_byte, node.end_byte
        return Scalar(self._text[start:end], Span(start, end), bisect_right(self._starts, start))

    def _value(self, node: tree_sitter.Node, depth: int) -> Node:
        kind = node.type
        if kind == "string":
            return self._string(node)
        start, end = node.start_byte, node.end_byte
        line = bisect_right(self._starts, start)
        if kind not in ("array", "inline_table"):
            return Scalar(self._text[start:end], Span(start, end), line, string=False)
        if depth >= MAX_DEPTH:
            self._fail_deep(node)
        inner = [child for child in node.named_children if child.type != "comment"]
        if kind == "array":
            return Array(tuple(self._value(child, depth + 1) for child in inner), line)
        draft = _Draft(line)
        for pair in inner:
            self._pair(draft, pair, depth=depth + 1, dotted=[])
        return draft.finish()

    def _string(self, node: tree_sitter.Node) -> Scalar:
        start, end = node.start_byte, node.end_byte
        line = bisect_right(self._starts, start)
        quote = self._text[start]
        multiline = self._text.startswith(quote * 3, start, end)
        size = 3 if multiline else 1
        start, end = start + size, end - size
        if multiline:
            # The line ending right after the opening quotes is no part of the value.
            start += 2 if self._text.startswith("\r\n", start) else self._text.startswith("\n", start)
        raw = self._text[start:end]
        if "\r" not in raw and (quote == "'" or "\\" not in raw):
            return Scalar(raw, Span(start, end), line)
        value, breaks = decode(raw, start, _ESCAPE if quote == '"' else _CRLF, self._character)
        return Scalar(value, Span(start, end), line, breaks=breaks)

    def _character(self, found: re.Match[str]) -> str:
        """What an escape stands for; "" for a line ending that is escaped."""
        if found[0] == "\r\n":
            return "\n"
        short = found["short"]
        if short:
            return _SHORT.get(short, short)
        digits = found["four"] or found["eight"]
        if not digits:
            return ""
        code = int(digits, 16)
        if code > sys.maxunicode or 0xD800 <= code < 0xE000:
            raise ParseError(f"escape {found[0]!r} is not a Unicode character")
        return chr(code)

    def _fail_twice(self, key: Scalar) -> NoReturn:
        raise ParseError(f"key {key.value[:_EXCERPT]!r} is defined twice", key.line)

    def _fail_deep(self, node: tree_sitter.Node) -> NoReturn:
        raise ParseError(f"nested deeper than {MAX_DEPTH} levels", bisect_right(self._starts, node.start_byte))

    def _fail_at_error(self, node: tree_sitter.Node) -> NoReturn:
        """Name the first place, innermost, where the syntax tree has an error."""
        while not node.is_error and not node.is_missing:
            node = next(child for child in node.children if child.has_error)
        at = node.start_byte
        seen = repr(self._text[at : at + _EXCERPT])
        raise ParseError(f"not TOML at {seen}", bisect_right(self._starts, at))

"""TOML (https://toml.io/en/v1.0.0, and what 1.1 adds) as one nested tree with the span of every value.

Headers, dotted keys, inline tables and arrays of tables are merged into the tree they describe.
One compiled pattern takes a whole ``key = value`` line, array item or inline pair at once; what
is rarer goes the longer way. (A tree-sitter grammar was measured at half the speed.)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn

from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Span, Table
from bot.formats.lines import BOM, decode, starts

# Repetitions are possessive throughout, so that a pattern never reads its text twice.
_WS = r"[ \t]*+"
_COMMENT = r"#[^\x00-\x08\x0a-\x1f\x7f]*+"
_GAP = rf"(?:[ \t\n]++|\r\n|{_COMMENT})*+"
_END = rf"{_WS}(?:{_COMMENT})?(?:\r?\n|\Z)"
_BARE = r"([A-Za-z0-9_-]++)"
_FOUR = r"(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
_ESCAPED = rf'\\(?:["\\befnrt]|x[0-9a-fA-F]{{2}}|u{_FOUR}|U(?:0000{_FOUR}|00(?:0[1-9a-fA-F]|10)[0-9a-fA-F]{{4}}))'
_BASIC = rf'"([^"\\\x00-\x08\x0a-\x1f\x7f]*+(?:{_ESCAPED}[^"\\\x00-\x08\x0a-\x1f\x7f]*+)*+)"'
_LITERAL = r"'([^'\x00-\x08\x0a-\x1f\x7f]*+)'"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]++)?)?"
_ZONE = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_DATE = rf"[0-9]{{4}}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:[Tt ]{_TIME}{_ZONE}?)?"
_RADIX = r"0x[0-9a-fA-F]++(?:_[0-9a-fA-F]++)*+|0o[0-7]++(?:_[0-7]++)*+|0b[01]++(?:_[01]++)*+"
_DIGITS = r"[0-9]++(?:_[0-9]++)*+"
_NUMBER = rf"[+-]?(?:(?:0|(?!0){_DIGITS})(?:\.{_DIGITS})?(?:[eE][+-]?{_DIGITS})?|inf|nan)"
_OTHER = rf"(true|false|{_DATE}|{_TIME}|{_RADIX}|{_NUMBER})"
_PLAIN = rf"(?:(?!\"\"\"){_BASIC}|(?!'''){_LITERAL}|{_OTHER})"

_BLANK = re.compile(_GAP)
_LINE_END = re.compile(_END)
_LINE = re.compile(rf"{_GAP}{_BARE}{_WS}={_WS}(?:{_PLAIN}{_END}|(?=[\[{{]))")
_PAIR = re.compile(rf"{_GAP}{_BARE}{_WS}={_WS}{_PLAIN}{_GAP}(?P<end>[,}}])")
_ITEM = re.compile(rf"{_GAP}(?:{_PLAIN}{_GAP}(?P<end>[,\]])|(?=[\[{{]))")
_VALUE = re.compile(_PLAIN)
_KEY = re.compile(rf"{_WS}(?:{_BARE}|{_BASIC}|{_LITERAL}){_WS}(\.)?")
_EQUALS = re.compile(rf"={_WS}")
_ITEM_END = re.compile(rf"{_GAP}(?P<end>[,\]])")
_PAIR_END = re.compile(rf"{_GAP}(?P<end>[,}}])")
# Up to two quotes may stand right before the closing ones, and belong to the value.
_MULTI = re.compile(
    r'"""(?:\r?\n)?((?:[^"\\\x00-\x08\x0b-\x1f\x7f]++|\r\n|'
    rf'{_ESCAPED}|\\[ \t]*+\r?\n|"{{1,2}}+(?!"))*+"{{0,2}})"""'
    r"|'''(?:\r?\n)?((?:[^'\x00-\x08\x0b-\x1f\x7f]++|\r\n|'{1,2}+(?!'))*+'{0,2})'''"
)
_CRLF = re.compile(r"\r\n")
_ESCAPE = re.compile(
    r"\\x(?P<two>..)|\\u(?P<four>.{4})|\\U(?P<eight>.{8})|\\[ \t]*+\r?\n[ \t\r\n]*+|\\(?P<short>.)|\r\n"
)
_SHORT: Final = {"b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_EXCERPT: Final = 30


def parse(text: str) -> Table:
    r"""Read a TOML document, with or without a byte order mark.

    Order is that of the source, each table standing where it is first named; numbers, booleans
    and dates are scalars as they are written. Raises ``ParseError`` with the line for what is
    not TOML, for a key or table that is defined twice, and for nesting deeper than
    ``MAX_DEPTH``. What ``tomllib`` accepts is accepted with the same values, and so is what
    TOML 1.1 adds (line endings in inline tables, ``\e``, ``\x41``, times without seconds).
    Dates are not looked up in the calendar: 30 February is one.
    """
    return _Reader(text).read()


@dataclass(slots=True)
class _Draft:
    """A table that is still being put together; ``closed`` once nothing may define it again."""

    line: int
    closed: bool = False
    entries: dict[str, tuple[Scalar, _Draft | _Drafts | Node]] = field(default_factory=dict)

    def passed(self, key: Scalar) -> _Draft:
        """The table that a header passes through, made when it is not there yet."""
        _, node = self.entries.setdefault(key.value, (key, _Draft(key.line)))
        if isinstance(node, _Drafts):
            return node.items[-1]
        return node if isinstance(node, _Draft) else _fail_twice(key)

    def opened(self, key: Scalar) -> _Draft:
        """The table that a ``[header]`` opens."""
        node = self.dotted(key)
        node.closed = True
        node.line = key.line
        return node

    def appended(self, key: Scalar) -> _Draft:
        """The table that a ``[[header]]`` appends."""
        _, node = self.entries.setdefault(key.value, (key, _Drafts(key.line)))
        if not isinstance(node, _Drafts):
            _fail_twice(key)
        item = _Draft(key.line)
        node.items.append(item)
        return item

    def dotted(self, key: Scalar) -> _Draft:
        """The table that a dotted key passes through, made when it is not there yet."""
        _, node = self.entries.setdefault(key.value, (key, _Draft(key.line)))
        if not isinstance(node, _Draft) or node.closed:
            _fail_twice(key)
        return node

    def put(self, key: Scalar, node: Node) -> None:
        if self.entries.setdefault(key.value, (key, node))[0] is not key:
            _fail_twice(key)

    def finish(self) -> Table:
        return Table(tuple([(key, _finished(node)) for key, node in self.entries.values()]), self.line)


@dataclass(slots=True)
class _Drafts:
    """An array of tables that is still being put together."""

    line: int
    items: list[_Draft] = field(default_factory=list)


def _finished(node: _Draft | _Drafts | Node) -> Node:
    if isinstance(node, _Draft):
        return node.finish()
    if isinstance(node, _Drafts):
        return Array(tuple([item.finish() for item in node.items]), node.line)
    return node


def _fail_twice(key: Scalar) -> NoReturn:
    raise ParseError(f"key {key.value[:_EXCERPT]!r} is defined twice", key.line)


class _Reader:
    """Reads one text. Depth is counted along headers, dotted keys and brackets together."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = starts(text)

    def read(self) -> Table:
        root = draft = _Draft(1)
        depth, passed = 1, list[_Draft]()
        at = int(self._text.startswith(BOM))
        while True:
            at = self._lines(draft, at, depth)
            if at == len(self._text):
                return root.finish()
            if self._text[at] == "[":
                # What dotted keys made is closed for all later sections.
                for made in passed:
                    made.closed = True
                passed.clear()
                draft, depth, at = self._header(root, at)
            else:
                at = self._statement(draft, at, depth, passed)
            at = self._expect(_LINE_END, at, "the end of the line").end()

    def _lines(self, draft: _Draft, at: int, depth: int) -> int:
        """Read pairs whose keys are bare, up to anything else."""
        text, match = self._text, _LINE.match
        while found := match(text, at):
            key, at = self._bare(found), found.end()
            if found.lastindex == 1:
                node, at = self._value(at, depth)
                at = self._expect(_LINE_END, at, "the end of the line").end()
                draft.put(key, node)
            else:
                draft.put(key, self._plain(found, 2))
        return self._skip(at)

    def _header(self, root: _Draft, at: int) -> tuple[_Draft, int, int]:
        """Read ``[header]`` or ``[[header]]``: its table, that table's depth, where it ends."""
        brackets = 2 if self._text.startswith("[[", at) else 1
        keys, at = self._keys(at + brackets, 0)
        *parents, last = keys
        draft = root
        for key in parents:
            draft = draft.passed(key)
        draft = draft.opened(last) if brackets == 1 else draft.appended(last)
        if not self._text.startswith("]" * brackets, at):
            self._fail(at, f"expected {']' * brackets!r}")
        return draft, len(keys) + brackets, at + brackets

    def _statement(self, draft: _Draft, at: int, depth: int, passed: list[_Draft]) -> int:
        """Read ``key = value`` of any form; ``passed`` collects the tables that its key passes through."""
        (*parents, key), at = self._keys(at, depth)
        for parent in parents:
            draft = draft.dotted(parent)
            passed.append(draft)
        at = self._expect(_EQUALS, at, "'='").end()
        node, at = self._value(at, depth + len(parents))
        draft.put(key, node)
        return at

    def _keys(self, at: int, depth: int) -> tuple[list[Scalar], int]:
        """Read the parts of a key, and where it ends."""
        keys: list[Scalar] = []
        while True:
            found = self._expect(_KEY, at, "a key")
            keys.append(self._bare(found) if found[1] is not None else self._string(found, 2))
            at = found.end()
            if not found[4]:
                return keys, at
            if depth + len(keys) >= MAX_DEPTH:
                self._fail_deep(at)

    def _value(self, at: int, depth: int) -> tuple[Node, int]:
        """Read a value of any form; ``depth`` is that of the table that it stands in."""
        first = self._text[at : at + 1]
        if first in ("[", "{"):
            if depth >= MAX_DEPTH:
                self._fail_deep(at)
            return self._array(at, depth + 1) if first == "[" else self._inline(at, depth + 1)
        found = _VALUE.match(self._text, at)
        if found:
            return self._plain(found, 1), found.end()
        found = self._expect(_MULTI, at, "a value")
        # Its line is that of the quotes, though the value may begin on the next.
        return replace(self._string(found, 1), line=bisect_right(self._starts, at)), found.end()

    def _array(self, at: int, depth: int) -> tuple[Node, int]:
        line, items = bisect_right(self._starts, at), list[Node]()
        at += 1
        while True:
            found = _ITEM.match(self._text, at)
            if found and found.lastindex:
                items.append(self._plain(found, 1))
            else:
                at = found.end() if found else self._skip(at)
                if self._text.startswith("]", at):
                    return Array(tuple(items), line), at + 1
                node, at = self._value(at, depth)
                items.append(node)
                found = self._expect(_ITEM_END, at, "a comma or ']'")
            at = found.end()
            if found["end"] == "]":
                return Array(tuple(items), line), at

    def _inline(self, at: int, depth: int) -> tuple[Node, int]:
        draft, passed = _Draft(bisect_right(self._starts, at)), list[_Draft]()
        at += 1
        while True:
            found = _PAIR.match(self._text, at)
            if found:
                draft.put(self._bare(found), self._plain(found, 2))
            else:
                at = self._skip(at)
                if self._text.startswith("}", at):
                    return draft.finish(), at + 1
                at = self._statement(draft, at, depth, passed)
                found = self._expect(_PAIR_END, at, "a comma or '}'")
            at = found.end()
            if found["end"] == "}":
                return draft.finish(), at

    def _plain(self, found: re.Match[str], group: int) -> Scalar:
        """The string in this group or the next, or what is no string in the one after."""
        if found[group + 2] is None:
            return self._string(found, group)
        start, end = found.span(group + 2)
        return Scalar(found[group + 2], Span(start, end), bisect_right(self._starts, start), string=False)

    def _string(self, found: re.Match[str], group: int) -> Scalar:
        """The basic string in this group or the literal string in the next."""
        escape = _ESCAPE
        if found[group] is None:
            group, escape = group + 1, _CRLF
        value = found[group]
        start, end = found.span(group)
        line = bisect_right(self._starts, start)
        if "\\" not in value and "\r" not in value:
            return Scalar(value, Span(start, end), line)
        value, breaks = decode(value, start, escape, _character)
        return Scalar(value, Span(start, end), line, breaks=breaks)

    def _bare(self, found: re.Match[str]) -> Scalar:
        start, end = found.span(1)
        return Scalar(found[1], Span(start, end), bisect_right(self._starts, start))

    def _skip(self, at: int) -> int:
        """The next place that is no blank, line ending or comment."""
        found = _BLANK.match(self._text, at)
        return found.end() if found else at

    def _expect(self, pattern: re.Pattern[str], at: int, wanted: str) -> re.Match[str]:
        return pattern.match(self._text, at) or self._fail(at, f"expected {wanted}")

    def _fail(self, at: int, message: str) -> NoReturn:
        seen = repr(self._text[at : at + _EXCERPT]) if at < len(self._text) else "the end of the text"
        raise ParseError(f"{message}, found {seen}", bisect_right(self._starts, at))

    def _fail_deep(self, at: int) -> NoReturn:
        raise ParseError(f"nested deeper than {MAX_DEPTH} levels", bisect_right(self._starts, at))


def _character(found: re.Match[str]) -> str:
    """What an escape stands for: nothing, for a line ending with a backslash before it."""
    if found[0] == "\r\n":
        return "\n"
    short = found["short"]
    if short:
        return _SHORT.get(short, short)
    digits = found["two"] or found["four"] or found["eight"]
    return chr(int(digits, 16)) if digits else ""

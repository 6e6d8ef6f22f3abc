"""HCL 2 native syntax (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md) with the span of every literal.

The whole grammar is checked, but what has to be evaluated is kept as its source, with the
literals that stand in it. One compiled pattern takes a whole ``name = value`` line, object pair
or tuple item at once; what is rarer goes the longer way.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn

from bot.formats import lines
from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Span, Table
from bot.formats.lines import BOM, decode, starts

# Repetitions are possessive throughout, so that a pattern never reads its text twice.
_INLINE = r"/\*(?:[^*]++|\*(?!/))*+\*/"
_SPACE = rf"[ \t]*+(?:{_INLINE}[ \t]*+)*+"
_GAP = rf"(?:[ \t\n]++|\r\n|(?:#|//)[^\n]*+|{_INLINE})*+"
_END = rf"{_SPACE}(?:(?:#|//)[^\n]*+)?(?:\r?\n|\Z)"
_WORD = r"(?![\w-])"
_NAME = r"[^\W\d][\w-]*+"
_NUMBER = r"[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_STEP = rf'(?:\.(?:{_NAME}|[0-9]++|\*)|\[(?:[0-9]++|\*|"[^"\\$%\n\r]*+")\])'
_PATH = rf"{_NAME}{_STEP}*+"
_DOLLARS = r"\$\$\{|\$(?!\{)|%%\{|%(?!\{)"
_FOUR = r"(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
_CODE = rf"u{_FOUR}|U(?:0000{_FOUR}|00(?:0[1-9a-fA-F]|10)[0-9a-fA-F]{{4}})"
_ESCAPED = rf'\\(?:[nrt"\\]|{_CODE})|{_DOLLARS}'
_TEXT = rf'[^"\\$%\n\r]*+(?:(?:{_ESCAPED})[^"\\$%\n\r]*+)*+'
_STRING = rf'"({_TEXT})"'
_JOINED = rf'"{_TEXT}(?:\$\{{[ \t]*+{_PATH}[ \t]*+\}}{_TEXT})++"'
_SIMPLE = rf"(?:{_STRING}|(-?{_NUMBER}|(?:true|false|null){_WORD})|({_PATH}|{_JOINED}))"
_EQUALS = r"=(?![=>])"
_PAIR_ENDS = rf"{_SPACE}(?:,|(?=\}})|(?:(?:#|//)[^\n]*+)?\r?\n)"
_ITEM_ENDS = rf"{_GAP}(?P<end>[,\]])"

_BLANK = re.compile(_GAP)
_LINE_END = re.compile(_END)
_STATEMENT = re.compile(
    rf'{_GAP}({_NAME})(?:{_SPACE}{_EQUALS}(?:{_SPACE}{_SIMPLE}{_END})?|((?:{_SPACE}(?:"{_TEXT}"|{_NAME}))*+){_SPACE}\{{)'
)
_LABEL = re.compile(rf"{_SPACE}(?:{_STRING}|({_NAME}))")
_ONLY = re.compile(rf"{_SPACE}({_NAME}){_SPACE}{_EQUALS}")
_CLOSED = re.compile(rf"{_SPACE}\}}")
_PAIR = re.compile(rf"{_GAP}(?:({_NAME})|{_STRING}){_SPACE}(?:{_EQUALS}|:(?!:))(?:{_SPACE}{_SIMPLE}{_PAIR_ENDS})?")
_PAIR_END = re.compile(_PAIR_ENDS)
_KEY_END = re.compile(rf"{_SPACE}(?:{_EQUALS}|:(?!:))")
_ITEM = re.compile(rf"{_GAP}{_SIMPLE}{_ITEM_ENDS}")
_ITEM_END = re.compile(_ITEM_ENDS)
_ARGUMENT = re.compile(rf"{_GAP}{_SIMPLE}{_GAP}(?:(?P<more>,)|\))")
_ARGUMENT_END = re.compile(rf"{_GAP}(?:(?P<more>,)|(?:\.\.\.{_GAP})?\))")
_FOR = re.compile(rf"{_GAP}for{_WORD}")
_FOR_NAMES = re.compile(rf"{_GAP}{_NAME}{_GAP}(?:,{_GAP}{_NAME}{_GAP})?in{_WORD}")
_COLON = re.compile(rf"{_GAP}:")
_ARROW = re.compile(rf"{_GAP}=>")
_GROUPED = re.compile(rf"{_GAP}\.\.\.")
_IF = re.compile(rf"{_GAP}if{_WORD}")
_CLOSE: Final = {closer: re.compile(rf"{_GAP}\{closer}") for closer in ")]}"}
_SPLAT = re.compile(rf"{_SPACE}\*{_SPACE}\]")
_PIECE = re.compile(_TEXT)
_HEREDOC_PIECE = re.compile(rf"[^$%\n]*+(?:(?:{_DOLLARS})[^$%\n]*+)*+(\n)?")
_SEQUENCE = re.compile(r"([$%])\{~?")
_SEQUENCE_END = re.compile(rf"{_GAP}~?\}}")
_DIRECTIVE = re.compile(rf"{_GAP}(if|else|endif|for|endfor){_WORD}")
_DOUBLED = re.compile(r"\$\$(?=\{)|%%(?=\{)")
_ESCAPE = re.compile(rf"\\u.{{4}}|\\U.{{8}}|\\.|{_DOUBLED.pattern}")
_REFERENCE = re.compile(rf'(?:"\$\{{[ \t]*+)?({_PATH})(?:[ \t]*+\}}")?')
_STEPS = re.compile(rf'({_NAME}|[0-9]++|\*)|"([^"]*+)"')

_SHORT: Final = {"n": "\n", "r": "\r", "t": "\t"}
_ENDS: Final = {"else": ("if",), "endif": ("if", "else"), "endfor": ("for",)}
_KEYWORDS: Final = frozenset(("true", "false", "null"))
_SPACES: Final = " \t\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_EXCERPT: Final = 30


@dataclass(frozen=True, slots=True)
class _Mode:
    """The patterns of an expression; between brackets line endings are blanks, elsewhere they end it."""

    blank: re.Pattern[str]
    operand: re.Pattern[str]
    step: re.Pattern[str]
    operator: re.Pattern[str]


def _mode(blank: str) -> _Mode:
    return _Mode(
        blank=re.compile(blank),
        operand=re.compile(
            rf'{blank}(?P<unary>(?:[!-]{blank})*+)(?:"(?P<string>{_TEXT})"|(?P<number>{_NUMBER})'
            rf"|(?P<call>{_NAME}(?:::{_NAME})*+){blank}\(|(?P<path>{_PATH})"
            rf'|<<(?P<flush>-?)(?P<heredoc>{_NAME})\r?\n|(?P<bracket>["(\[{{]))'
        ),
        step=re.compile(rf"{blank}(?:\.{blank}(?:{_NAME}|[0-9]++|\*)|(?P<index>\[))"),
        operator=re.compile(rf"{blank}([?:](?!:)|&&|\|\||[=!<>]=|[<>+*%-]|/(?![/*]))"),
    )


_LINE = _mode(_SPACE)
_FREE = _mode(_GAP)


@dataclass(frozen=True, slots=True)
class Expression(Scalar):
    """A value that has to be evaluated; ``value`` and ``span`` are its whole source, quotes included.

    ``parts`` are the literal strings, objects and tuples that stand in it, in source order (one
    inside another is found there; the keys of a plain reference are none); ``function`` is what
    it calls where all of it is one call.
    """

    parts: tuple[Node, ...] = ()
    function: str = ""

    @property
    def reference(self) -> tuple[str, ...]:
        """The steps of a plain reference, none where it is anything else.

        ``local.x["eu-west-1"]`` gives ``("local", "x", "eu-west-1")``, and so does
        ``"${local.x["eu-west-1"]}"``.
        """
        found = _REFERENCE.fullmatch(self.value)
        if found is None or (self.value[0] == '"') != (self.value[-1] == '"'):
            return ()
        return tuple(name or quoted for name, quoted in _STEPS.findall(found[1]))


@dataclass(frozen=True, slots=True)
class Block:
    """A block and what stands in it, in source order; ``span`` reaches from its type to its brace.

    The document itself is a block whose type is "". ``dynamic`` blocks are blocks like others.
    """

    type: str
    labels: tuple[Scalar, ...]
    attributes: Table
    blocks: tuple[Block, ...]
    span: Span
    line: int

    def named(self, *types: str) -> Iterator[Block]:
        """The blocks of these types that stand directly in this one."""
        return (block for block in self.blocks if block.type in types)

    def walk(self) -> Iterator[tuple[Block, ...]]:
        """Each block below this one in source order, as the path that leads to it: its parents, itself."""
        waiting: list[tuple[Block, ...]] = [(block,) for block in reversed(self.blocks)]
        while waiting:
            path = waiting.pop()
            yield path
            waiting.extend((*path, block) for block in reversed(path[-1].blocks))


def parse(text: str) -> Block:
    r"""Read an HCL document, with or without a byte order mark.

    Attributes of a body or object are a ``Table``, tuples an ``Array``. A literal string (a
    heredoc too, its span from its first line to the line that closes it) is a ``Scalar``, and so
    are, as written, numbers, booleans and null; everything else is an ``Expression``, also as
    the key of an object. Raises ``ParseError`` with the line for what is not HCL, for an
    attribute that is defined twice, and for nesting deeper than ``MAX_DEPTH``. Precedence and
    types are not looked at, strings not normalised. HashiCorp's own reader refuses chained legacy
    indexes and splats (``a.0.1``, ``a.*.*``) and names such as ``a²``, which are let pass here;
    it reads ``a.1e5`` and names with combining marks, which are refused here.
    """
    return _Reader(text).read()


def notes(text: str) -> dict[int, str]:
    """What comments of all three kinds say to Freshline, by line: see ``lines.annotations``."""
    return {number: said for token in ("/*", "//", "#") for number, said in lines.annotations(text, token).items()}


@dataclass(frozen=True, slots=True)
class _Call:
    """An operand that is the call of a function."""

    function: str


@dataclass(slots=True)
class _Draft:
    """A body that is still being read."""

    entries: list[tuple[Scalar, Node]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


_Parts = list[Node]
_Operand = Node | _Call | None


class _Reader:
    """Reads one text. Depth is counted along blocks, brackets, calls and templates together."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = starts(text)
        self._depth = 0

    def read(self) -> Block:
        draft, size = _Draft(), len(self._text)
        at = self._past(_BLANK, self._statements(draft, int(self._text.startswith(BOM))))
        if at < size:
            self._fail(at, "expected a block or an attribute")
        return Block("", (), _unique(draft.entries, 1), tuple(draft.blocks), Span(0, size), 1)

    def _statements(self, draft: _Draft, at: int) -> int:
        """Read attributes and blocks up to anything else; answer where that is."""
        text, match, entries = self._text, _STATEMENT.match, draft.entries
        while found := match(text, at):
            at, last = found.end(), found.lastindex
            if last == 5:
                block, at = self._block(found)
                draft.blocks.append(block)
            elif last == 1:
                node, at = self._value(at, _LINE)
                entries.append((self._word(found, 1), node))
            else:
                entries.append((self._word(found, 1), self._simple(found, 2)))
                continue
            at = self._expect(_LINE_END, at, "the end of the line").end()
        return at

    def _block(self, found: re.Match[str]) -> tuple[Block, int]:
        """Read the block whose type, labels and brace were found."""
        at, start, line = found.end(), found.start(1), self._line(found.start(1))
        self._enter(at)
        labels = tuple([self._label(label) for label in _LABEL.finditer(self._text, *found.span(5))])
        draft, opened = _Draft(), _LINE_END.match(self._text, at)
        if opened:
            at = self._expect(_CLOSE["}"], self._statements(draft, opened.end()), "'}'").end()
        else:
            at = self._only(draft, at)
        self._depth -= 1
        body, blocks = _unique(draft.entries, line), tuple(draft.blocks)
        return Block(found[1], labels, body, blocks, Span(start, at), line), at

    def _only(self, draft: _Draft, at: int) -> int:
        """Read a body on one line: an attribute at most."""
        found = _ONLY.match(self._text, at)
        if found:
            node, at = self._value(found.end(), _LINE)
            draft.entries.append((self._word(found, 1), node))
        return self._expect(_CLOSED, at, "'}'").end()

    def _label(self, found: re.Match[str]) -> Scalar:
        return self._word(found, 2) if found[1] is None else self._string(found, 1)

    def _value(self, at: int, mode: _Mode) -> tuple[Node, int]:
        """Read a value of any form."""
        at = self._past(mode.blank, at)
        parts: _Parts = []
        whole, end = self._expression(at, mode, parts)
        if isinstance(whole, Scalar | Table | Array):
            return whole, end
        function = whole.function if whole else ""
        return self._source(at, end, tuple(parts), function), end

    def _expression(self, at: int, mode: _Mode, parts: _Parts) -> tuple[_Operand, int]:
        """Read operands and operators; what it is if it is only one operand, and where it ends."""
        whole, at = self._operand(at, mode, parts)
        choices = 0
        while found := mode.operator.match(self._text, at):
            if found[1] == ":" and not choices:
                break
            choices += (found[1] == "?") - (found[1] == ":")
            _, at = self._operand(found.end(), mode, parts)
            whole = None
        if choices:
            self._fail(at, "expected ':'")
        return whole, at

    def _operand(self, at: int, mode: _Mode, parts: _Parts) -> tuple[_Operand, int]:
        """Read an operand with the signs before it and the steps after it."""
        found = self._expect(mode.operand, at, "a value")
        node, at = self._bare(found, parts)
        if node is not None and not isinstance(node, _Call) and (not isinstance(node, Scalar) or node.string):
            parts.append(node)
        if found["unary"] and (found["unary"] != "-" or found["number"] is None):
            node = None
        while step := mode.step.match(self._text, at):
            node, at = None, step.end()
            if step["index"]:
                at = self._index(at, parts)
        return node, at

    def _bare(self, found: re.Match[str], parts: _Parts) -> tuple[_Operand, int]:
        """The operand itself, and where it ends."""
        kind, at = found.lastgroup, found.end()
        if kind == "string":
            return self._string(found, "string"), at
        if kind == "number":
            return self._number(found), at
        if kind == "path":
            return (self._word(found, "path", string=False) if found["path"] in _KEYWORDS else None), at
        if kind == "heredoc":
            return self._heredoc(found, parts)
        self._enter(at)
        node, at = self._bracketed(found, parts)
        self._depth -= 1
        return node, at

    def _number(self, found: re.Match[str]) -> Scalar:
        """A number, with its sign where that stands right before it."""
        signed = found["unary"] == "-"
        start, end = found.start("number") - signed, found.end()
        return Scalar(self._text[start:end], Span(start, end), self._line(start), string=False)

    def _bracketed(self, found: re.Match[str], parts: _Parts) -> tuple[_Operand, int]:
        """Read what begins with a bracket, the quote of a template, or a function's name."""
        at, bracket = found.end(), found["bracket"]
        if bracket is None:
            return _Call(found["call"]), self._arguments(at, parts)
        if bracket == "(":
            return None, self._closed(self._expression(at, _FREE, parts)[1], ")")
        if bracket == '"':
            return None, self._template(at, parts)
        intro = _FOR.match(self._text, at)
        if intro:
            return None, self._for(intro.end(), bracket, parts)
        return self._object(at) if bracket == "{" else self._tuple(at)

    def _arguments(self, at: int, parts: _Parts) -> int:
        """Read arguments up to and with the closing parenthesis."""
        while not (found := _CLOSE[")"].match(self._text, at)):
            found = _ARGUMENT.match(self._text, at)
            if not found:
                _, at = self._expression(at, _FREE, parts)
                found = self._expect(_ARGUMENT_END, at, "a comma or ')'")
            elif found[1] is not None:
                parts.append(self._string(found, 1))
            at = found.end()
            if not found["more"]:
                return at
        return found.end()

    def _index(self, at: int, parts: _Parts) -> int:
        """Read an index or ``*`` up to and with the closing bracket."""
        splat = _SPLAT.match(self._text, at)
        if splat:
            return splat.end()
        self._enter(at)
        _, at = self._expression(at, _FREE, parts)
        self._depth -= 1
        return self._closed(at, "]")

    def _for(self, at: int, bracket: str, parts: _Parts) -> int:
        """Read a ``for`` expression, whose first word is read, up to and with its closing bracket."""
        at = self._expect(_FOR_NAMES, at, "names and 'in'").end()
        _, at = self._expression(at, _FREE, parts)
        _, at = self._expression(self._expect(_COLON, at, "':'").end(), _FREE, parts)
        if bracket == "{":
            _, at = self._expression(self._expect(_ARROW, at, "'=>'").end(), _FREE, parts)
            at = self._past(_GROUPED, at)
        condition = _IF.match(self._text, at)
        if condition:
            _, at = self._expression(condition.end(), _FREE, parts)
        return self._closed(at, "}" if bracket == "{" else "]")

    def _tuple(self, at: int) -> tuple[Array, int]:
        line, items = self._line(at - 1), list[Node]()
        while not (closed := _CLOSE["]"].match(self._text, at)):
            found = _ITEM.match(self._text, at)
            if found:
                items.append(self._simple(found, 1))
            else:
                node, at = self._value(at, _FREE)
                items.append(node)
                found = self._expect(_ITEM_END, at, "a comma or ']'")
            at = found.end()
            if found["end"] == "]":
                return Array(tuple(items), line), at
        return Array(tuple(items), line), closed.end()

    def _object(self, at: int) -> tuple[Table, int]:
        line, entries = self._line(at - 1), list[tuple[Scalar, Node]]()
        while not (closed := _CLOSE["}"].match(self._text, at)):
            found = _PAIR.match(self._text, at)
            if found and found.lastindex not in (1, 2):
                entries.append((self._key(found), self._simple(found, 3)))
                at = found.end()
                continue
            key, at = (self._key(found), found.end()) if found else self._computed(at)
            node, at = self._value(at, _LINE)
            entries.append((key, node))
            at = self._expect(_PAIR_END, at, "a comma, '}' or the end of the line").end()
        return Table(tuple(entries), line), closed.end()

    def _key(self, found: re.Match[str]) -> Scalar:
        return self._string(found, 2) if found[1] is None else self._word(found, 1)

    def _computed(self, at: int) -> tuple[Scalar, int]:
        """Read a key of any form, and what stands between it and its value."""
        at = self._past(_BLANK, at)
        key, end = self._value(at, _LINE)
        if not isinstance(key, Scalar):
            key = self._source(at, end, (key,))
        return key, self._expect(_KEY_END, end, "'='").end()

    def _template(self, at: int, parts: _Parts) -> int:
        """Read a template up to and with its closing quote."""
        directives: list[str] = []
        while True:
            at = self._past(_PIECE, at)
            if self._text.startswith('"', at):
                self._check(directives, at)
                return at + 1
            at = self._sequence(at, directives, parts)

    def _sequence(self, at: int, directives: list[str], parts: _Parts) -> int:
        """Read an interpolation or a directive, which ``directives`` remembers while it is open."""
        found = self._expect(_SEQUENCE, at, "the end of the string")
        self._enter(at)
        at = found.end()
        if found[1] == "%":
            at = self._directive(at, directives, parts)
        else:
            _, at = self._expression(at, _FREE, parts)
        self._depth -= 1
        return self._expect(_SEQUENCE_END, at, "'}'").end()

    def _directive(self, at: int, directives: list[str], parts: _Parts) -> int:
        found = self._expect(_DIRECTIVE, at, "if, else, endif, for or endfor")
        at, word = found.end(), found[1]
        if word not in ("if", "for"):
            if not directives or directives.pop() not in _ENDS[word]:
                self._fail(found.start(1), f"{word!r} without its beginning")
            if word == "else":
                directives.append(word)
            return at
        if len(directives) >= MAX_DEPTH:
            self._fail_deep(at)
        directives.append(word)
        if word == "for":
            at = self._expect(_FOR_NAMES, at, "names and 'in'").end()
        return self._expression(at, _FREE, parts)[1]

    def _check(self, directives: list[str], at: int) -> None:
        if directives:
            self._fail(at, f"{directives[-1]!r} without its end")

    def _heredoc(self, found: re.Match[str], parts: _Parts) -> tuple[Scalar | None, int]:
        """Read the lines of a heredoc up to and with the word that closes it."""
        start = at = found.end()
        directives, plain = list[str](), True
        while (end := self._closing(at, found["heredoc"])) is None:
            at, literal = self._heredoc_line(at, directives, parts)
            plain = plain and literal
        self._check(directives, at)
        return (self._lines(start, at, flush=bool(found["flush"])) if plain else None), end

    def _closing(self, at: int, word: str) -> int | None:
        """Where the line ends that begins here, if it holds nothing but the word that closes a heredoc."""
        end = self._text.find("\n", at)
        if end < 0:
            self._fail(at, f"expected a line {word[:_EXCERPT]!r} that closes the heredoc")
        if self._text[at:end].strip(_SPACES) != word:
            return None
        return end - (self._text[end - 1] == "\r")

    def _heredoc_line(self, at: int, directives: list[str], parts: _Parts) -> tuple[int, bool]:
        """Read the rest of a line; where the next begins, and whether nothing in it is to be evaluated."""
        literal = True
        while True:
            found = self._expect(_HEREDOC_PIECE, at, "a line")
            at = found.end()
            if found[1]:
                return at, literal
            at, literal = self._sequence(at, directives, parts), False

    def _lines(self, start: int, end: int, *, flush: bool) -> Scalar:
        """The literal lines of a heredoc, without their common indentation if they are to be flush."""
        raw, line = self._text[start:end], self._line(start)
        escape = _indented(raw) if flush else _DOUBLED
        if escape is _DOUBLED and "${" not in raw and "%{" not in raw:
            return Scalar(raw, Span(start, end), line)
        value, breaks = decode(raw, start, escape, _character)
        return Scalar(value, Span(start, end), line, breaks=breaks)

    def _simple(self, found: re.Match[str], group: int) -> Scalar:
        """The string in this group, the number or keyword in the next, or the expression in the one after."""
        if found[group] is not None:
            return self._string(found, group)
        if found[group + 1] is not None:
            return self._word(found, group + 1, string=False)
        return self._source(*found.span(group + 2))

    def _string(self, found: re.Match[str], group: int | str) -> Scalar:
        value = found[group]
        start, end = found.span(group)
        line = bisect_right(self._starts, start)
        if "\\" not in value and "{" not in value:
            return Scalar(value, Span(start, end), line)
        value, breaks = decode(value, start, _ESCAPE, _character)
        return Scalar(value, Span(start, end), line, breaks=breaks)

    def _word(self, found: re.Match[str], group: int | str, *, string: bool = True) -> Scalar:
        start, end = found.span(group)
        return Scalar(found[group], Span(start, end), bisect_right(self._starts, start), string)

    def _source(self, start: int, end: int, parts: tuple[Node, ...] = (), function: str = "") -> Expression:
        span, line = Span(start, end), bisect_right(self._starts, start)
        return Expression(self._text[start:end], span, line, string=False, parts=parts, function=function)

    def _closed(self, at: int, closer: str) -> int:
        return self._expect(_CLOSE[closer], at, repr(closer)).end()

    def _past(self, pattern: re.Pattern[str], at: int) -> int:
        """Where this pattern, if it matches here, ends."""
        found = pattern.match(self._text, at)
        return found.end() if found else at

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, at)

    def _enter(self, at: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail_deep(at)

    def _expect(self, pattern: re.Pattern[str], at: int, wanted: str) -> re.Match[str]:
        return pattern.match(self._text, at) or self._fail(self._past(_LINE.blank, at), f"expected {wanted}")

    def _fail(self, at: int, message: str) -> NoReturn:
        seen = repr(self._text[at : at + _EXCERPT]) if at < len(self._text) else "the end of the text"
        raise ParseError(f"{message}, found {seen}", self._line(at))

    def _fail_deep(self, at: int) -> NoReturn:
        raise ParseError(f"nested deeper than {MAX_DEPTH} levels", self._line(at))


def _unique(entries: list[tuple[Scalar, Node]], line: int) -> Table:
    """The table of a body, where unlike in an object no name may stand twice."""
    table = Table(tuple(entries), line)
    if len(table.index) < len(entries):
        first: dict[str, Scalar] = {}
        twice = next(key for key, _ in entries if first.setdefault(key.value, key) is not key)
        raise ParseError(f"attribute {twice.value[:_EXCERPT]!r} is defined twice", twice.line)
    return table


def _indented(raw: str) -> re.Pattern[str]:
    """What decoding takes away from these lines: the indentation that all but the blank ones have."""
    indents = [len(line) - len(line.lstrip(_SPACES)) for line in raw.split("\n") if line.strip(_SPACES)]
    width = min(indents, default=0)
    if not width:
        return _DOUBLED
    return re.compile(rf"(?m:^)[{_SPACES}]{{{width}}}(?![{_SPACES}]*+\n)|{_DOUBLED.pattern}")


def _character(found: re.Match[str]) -> str:
    """What an escape stands for: nothing, for indentation."""
    escape = found[0]
    if escape[0] in "$%":
        return escape[0]
    if escape[0] != "\\":
        return ""
    if escape[1] in "uU":
        return chr(int(escape[2:], 16))
    return _SHORT.get(escape[1], escape[1])

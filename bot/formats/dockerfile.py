"""Dockerfiles (https://docs.docker.com/reference/dockerfile/), as BuildKit reads them.

Only what can name an image or hold a version is taken apart: ``FROM``, ``ARG``, ``ENV``, ``--from``,
``--mount=…,from=`` and the ``syntax`` directive. Everything else is passed over by its own rules
(continuation lines, here-documents), so that nothing inside it looks like an instruction.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Final, NoReturn

from bot.core.model import ParseError, Span
from bot.formats import json
from bot.formats.base import Array, Scalar
from bot.formats.lines import BOM, starts

MAX_STAGES: Final = 1000
MAX_ARGUMENTS: Final = 1000
"""More ``FROM``s, or more ``ARG``s before the first, are refused: each may repeat all that the others say."""

MAX_STATED: Final = 10_000
"""More values, more names of images, or more pieces of one value, are refused."""

MAX_EXPANDED: Final = 4096
"""A word that becomes longer is not expanded: no image reference comes near."""

_MAX_NESTED: Final = 20

# What a file says


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself; it is exactly what stands in ``span`` unless that is longer."""

    text: str
    span: Span

    @property
    def verbatim(self) -> bool:
        """Whether nothing was escaped or continued on another line."""
        return len(self.text) == self.span.end - self.span.start


@dataclass(frozen=True, slots=True)
class Variable:
    """``$NAME`` or ``${NAME…}``.

    ``operator`` is "", ``:-``, ``-``, ``:+``, ``+``, ``:?``, ``?``, ``#``, ``%`` or ``/``, and
    ``word`` what follows it.
    """

    name: str
    operator: str
    word: tuple[Piece, ...]
    span: Span


Piece = Literal | Variable


@dataclass(frozen=True, slots=True)
class Word:
    """A value, quotes taken off; ``span`` covers it as it stands in the file, quotes included."""

    pieces: tuple[Piece, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Directive:
    """A parser directive (``# syntax=docker/dockerfile:1``); ``span`` covers its value."""

    name: str
    value: str
    span: Span
    line: int


class Keyword(StrEnum):
    """The instructions that can define a value or name an image; SYNTAX is the directive."""

    ARG = "ARG"
    ENV = "ENV"
    FROM = "FROM"
    COPY = "COPY"
    RUN = "RUN"
    SYNTAX = "syntax"


@dataclass(frozen=True, slots=True)
class Definition:
    """``ARG NAME[=value]`` or ``ENV NAME=value``.

    ``stage`` is the number of the stage it stands in (from 0), None before the first ``FROM``:
    only those ``ARG``s count in ``FROM``s. ``value`` is None for an ``ARG`` without a default.
    """

    keyword: Keyword
    name: str
    value: Word | None
    stage: int | None
    line: int


@dataclass(frozen=True, slots=True)
class Stage:
    """``FROM [--platform=…] base [AS name]``; ``name`` is in lower case, "" where there is none."""

    base: Word
    platform: Word | None
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """What ``COPY --from=`` or ``RUN --mount=…,from=`` names: a stage (by name or number) or an image."""

    keyword: Keyword
    word: Word
    stage: int | None
    line: int


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What a Dockerfile says of images and values, in the order of the file."""

    directives: tuple[Directive, ...]
    definitions: tuple[Definition, ...]
    stages: tuple[Stage, ...]
    sources: tuple[Source, ...]

    def arguments(self) -> dict[str, Expansion]:
        """The defaults of the ``ARG``s that count in ``FROM``s, by name; none for one without a default."""
        scope: dict[str, Expansion] = {}
        for one in self.definitions:
            if one.keyword is Keyword.ARG and one.stage is None and one.value is not None:
                scope[one.name] = expand(one.value.pieces, scope)
        return scope

    def images(self) -> tuple[Image, ...]:
        """Every place that names an image: no other stage of the file, and not ``scratch``."""
        return (*self._frontends(), *self._bases(), *self._copied())

    def _frontends(self) -> Iterator[Image]:
        for one in self.directives:
            if one.name == Keyword.SYNTAX:
                name = one.value.split()[0]
                span = Span(one.span.start, one.span.start + len(name))
                yield Image(Keyword.SYNTAX, expand((Literal(name, span),), {}), None, None, one.line)

    def _bases(self) -> Iterator[Image]:
        scope, names = self.arguments(), set[str]()
        for number, stage in enumerate(self.stages):
            base = expand(stage.base.pieces, scope)
            if base.missing or not (base.text == "scratch" or base.text.lower() in names):
                platform = expand(stage.platform.pieces, scope) if stage.platform else None
                yield Image(Keyword.FROM, base, platform, number, stage.line)
            names.add(stage.name)

    def _copied(self) -> Iterator[Image]:
        names = {stage.name for stage in self.stages if stage.name}
        for one in self.sources:
            found = expand(one.word.pieces, {})
            if found.missing or not (found.text.isdecimal() or found.text.lower() in {*names, "", "scratch"}):
                yield Image(one.keyword, found, None, one.stage, one.line)


# What it means


@dataclass(frozen=True, slots=True)
class Origin:
    """``text[start:end]`` of an expansion is what stands at ``span`` in the file."""

    start: int
    end: int
    span: Span


@dataclass(frozen=True, slots=True)
class Expansion:
    """A word with its variables put in, and where each part of it stands.

    ``missing`` names the variables whose values the file does not tell (or that make the text
    too long); they are left out of ``text``.
    """

    text: str
    origins: tuple[Origin, ...] = ()
    missing: tuple[str, ...] = ()

    def locate(self, start: int, end: int) -> Span | None:
        """The span in the file of ``text[start:end]``, None where it stands in no single place as it is."""
        at = bisect_right(self.origins, start, key=lambda origin: origin.start) - 1
        if at < 0 or start >= end or end > self.origins[at].end:
            return None
        origin = self.origins[at]
        first = origin.span.start + start - origin.start
        return Span(first, first + end - start)


@dataclass(frozen=True, slots=True)
class Image:
    """A place that names an image; ``text`` is its reference. ``stage`` is as in ``Definition``."""

    keyword: Keyword
    text: Expansion
    platform: Expansion | None
    stage: int | None
    line: int


def expand(pieces: tuple[Piece, ...], scope: Mapping[str, Expansion]) -> Expansion:
    """The pieces with the values of ``scope`` put in (https://docs.docker.com/reference/dockerfile/#environment-replacement)."""
    made = _Made()
    for piece in pieces:
        if isinstance(piece, Literal):
            made.add_literal(piece)
        else:
            made.add(_value(piece, scope))
    return made.done()


class _Made:
    """An expansion in the making."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self.origins: list[Origin] = []
        self.missing: dict[str, None] = {}

    def add_literal(self, piece: Literal) -> None:
        if piece.verbatim:
            self.origins.append(Origin(self.size, self.size + len(piece.text), piece.span))
        self._text(piece.text)

    def add(self, other: Expansion) -> None:
        for origin in other.origins:
            self.origins.append(Origin(origin.start + self.size, origin.end + self.size, origin.span))
        self.missing |= dict.fromkeys(other.missing)
        self._text(other.text)

    def done(self) -> Expansion:
        if self.size > MAX_EXPANDED:
            return Expansion("", (), (*self.missing, "(too long)"))
        return Expansion("".join(self.parts), tuple(self.origins), tuple(self.missing))

    def _text(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)


def _value(variable: Variable, scope: Mapping[str, Expansion]) -> Expansion:
    value, operator = scope.get(variable.name), variable.operator
    if operator in {"#", "%", "/"}:
        return Expansion("", (), (variable.name,))
    known = value is not None and bool(value.text or value.missing or not operator.startswith(":"))
    if operator.endswith("-") and not known:
        return expand(variable.word, scope)
    if operator.endswith("+"):
        return expand(variable.word, scope) if known else Expansion("")
    return value if value is not None else Expansion("", (), (variable.name,))


# Reading


_KEYWORDS: Final = frozenset(
    {
        "add",
        "arg",
        "cmd",
        "copy",
        "entrypoint",
        "env",
        "expose",
        "from",
        "healthcheck",
        "label",
        "maintainer",
        "onbuild",
        "run",
        "shell",
        "stopsignal",
        "user",
        "volume",
        "workdir",
    }
)
_BLANK = "\t\v\f\r "
_DIRECTIVE = re.compile(r"#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(\S(?:.*\S)?)\s*")
_DIRECTIVES = frozenset({"escape", "syntax", "check"})
_KEYWORD = re.compile(r"([^\t\v\f\r ]++)[\t\v\f\r ]*+")
_FLAG = re.compile(
    r"""--((?:[^\t\v\f\r "'\\]++|\\.|"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')*+)"""
    r"[\t\v\f\r ]*+",
    re.DOTALL,
)
_FROM = re.compile(r"""(?:\A|,)\s*+["']?from=([^,"']*+)""", re.IGNORECASE)
_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*+")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*+|[0-9]++|[@*#?$!-]"
_VARIABLE = re.compile(rf"\$(?:({_NAME})|\{{({_NAME})(\}}|:?[-+?]|[#%/])?|(\{{))?")
_HEREDOC = re.compile(r"[0-9]*+<<(-?)([ \t]*)([^<]+)")
_HEREDOC_WORD = re.compile(
    r"""(?:[^\t\v\f\r "'\\<]++|\\.|\\\Z|"(?:[^"\\]++|\\.)*+"|'[^']*+'|<<[ \t]*+|<)++|[\t\v\f\r ]++""", re.DOTALL
)
_QUOTING = re.compile(r"""\\(.)|["']""", re.DOTALL)


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile.

    Lines end with a line feed, alone or behind a carriage return; a byte order mark is passed
    over. Raises ``ParseError`` with the line for what BuildKit refuses too: an unknown instruction,
    a here-document or a quote without an end, a ``FROM`` with a wrong number of words.
    """
    return _Reader(text).read()


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the file without its ending, and where it starts."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class _Logical:
    """An instruction with its continuation lines; ``breaks``: (offset in ``text``, offset in the file)."""

    text: str
    breaks: tuple[tuple[int, int], ...]
    line: int

    def span(self, start: int, end: int) -> Span:
        """Where ``text[start:end]`` stands in the file."""
        if start == end:
            return Span(self._offset(start), self._offset(start))
        return Span(self._offset(start), self._offset(end - 1) + 1)

    def _offset(self, at: int) -> int:
        begins, stands = self.breaks[bisect_right(self.breaks, (at, 1 << 60)) - 1]
        return stands + at - begins


@dataclass(frozen=True, slots=True)
class _Command:
    """An instruction taken apart: its flags (name, start and end of the value) and where the rest begins."""

    keyword: str
    logical: _Logical
    flags: tuple[tuple[str, int, int], ...]
    rest: int


class _Reader:
    """Reads one text."""

    def __init__(self, text: str) -> None:
        self._starts = starts(text)
        self._rows = _rows(text)
        self._at = 0
        self._escape = "\\"
        self._ends: dict[bool, dict[str, list[int]]] = {}
        self._directives: list[Directive] = []
        self._definitions: list[Definition] = []
        self._stages: list[Stage] = []
        self._sources: list[Source] = []

    def read(self) -> Dockerfile:
        self._read_directives()
        while (logical := self._logical()) is not None:
            self._instruction(logical)
        return Dockerfile(tuple(self._directives), tuple(self._definitions), tuple(self._stages), tuple(self._sources))

    # lines

    def _read_directives(self) -> None:
        for row in self._rows:
            found = _DIRECTIVE.fullmatch(row.text)
            name = found[1].lower() if found else ""
            if found is None or name not in _DIRECTIVES:
                return
            line = bisect_right(self._starts, row.start)
            if any(one.name == name for one in self._directives):
                raise ParseError(f"the directive {name} stands twice", line)
            span = Span(row.start + found.start(2), row.start + found.end(2))
            self._directives.append(Directive(name, found[2], span, line))
            if name == "escape":
                self._escape = found[2]
            if self._escape not in {"\\", "`"}:
                raise ParseError(f"{found[2]!r} can't be the escape character", line)

    def _logical(self) -> _Logical | None:
        """The next instruction, without the comments and empty lines before it and within it."""
        parts: list[str] = []
        breaks: list[tuple[int, int]] = []
        size, more = 0, True
        while more and self._at < len(self._rows):
            row = self._rows[self._at]
            self._at += 1
            bare = row.text.lstrip(_BLANK)
            if not bare or bare.startswith("#"):
                continue
            text, start = (row.text, row.start) if parts else (bare, row.start + len(row.text) - len(bare))
            text, more = self._continued(text)
            parts.append(text)
            breaks.append((size, start))
            size += len(text)
        if not parts:
            return None
        return _Logical("".join(parts).rstrip(_BLANK), tuple(breaks), bisect_right(self._starts, breaks[0][1]))

    def _continued(self, text: str) -> tuple[str, bool]:
        """The line without an escape character at its end (a doubled one is none), and whether there was one."""
        cut = text.rstrip(" \t")
        if cut.endswith(self._escape) and not cut.endswith(self._escape * 2):
            return cut[:-1], True
        return text, False

    def _fail(self, logical: _Logical, message: str) -> NoReturn:
        raise ParseError(message, logical.line)

    # instructions

    def _instruction(self, logical: _Logical) -> None:
        if not logical.text.strip(_BLANK):
            return
        command = self._command(logical, 0)
        triggered = command.keyword == "onbuild" and command.rest < len(logical.text)
        if triggered:
            command = self._command(logical, command.rest)
        if triggered and command.keyword in {"from", "onbuild", "maintainer"}:
            self._fail(logical, f"{command.keyword.upper()} can't follow ONBUILD")
        if command.keyword == "from":
            self._from(command)
        elif command.keyword in {"arg", "env"}:
            self._definitions.extend(islice(self._defined(command), MAX_STATED + 1))
            self._bounded(logical)
        elif command.keyword in {"add", "copy", "run"}:
            self._sources.extend(islice(self._named(command), MAX_STATED + 1))
            self._bounded(logical)
            self._pass_heredocs(command)

    def _command(self, logical: _Logical, at: int) -> _Command:
        found = _KEYWORD.match(logical.text, at)
        keyword = found[1].lower() if found else ""
        if found is None or keyword not in _KEYWORDS:
            self._fail(logical, f"unknown instruction {logical.text[at : at + 30]!r}")
        flags: list[tuple[str, int, int]] = []
        rest = found.end()
        while flag := _FLAG.match(logical.text, rest):
            rest = flag.end()
            name, equals, _ = flag[1].partition("=")
            if not name:
                break
            if equals:
                flags.append((name, flag.start(1) + len(name) + 1, flag.end(1)))
        return _Command(keyword, logical, tuple(flags), rest)

    def _stage(self) -> int | None:
        return len(self._stages) - 1 if self._stages else None

    def _bounded(self, logical: _Logical) -> None:
        if len(self._stages) > MAX_STAGES:
            self._fail(logical, f"more than {MAX_STAGES} stages")
        if not self._stages and len(self._definitions) > MAX_ARGUMENTS:
            self._fail(logical, f"more than {MAX_ARGUMENTS} values before the first FROM")
        if max(len(self._definitions), len(self._sources)) > MAX_STATED:
            self._fail(logical, f"more than {MAX_STATED} values or names of images")

    def _from(self, command: _Command) -> None:
        logical = command.logical
        words = list(re.finditer(r"[^\t\v\f\r ]++", logical.text[command.rest :]))
        if len(words) not in {1, 3} or (len(words) == 3 and words[1][0].lower() != "as"):
            self._fail(logical, "FROM takes an image, or an image AS a name")
        name = words[2][0].lower() if len(words) == 3 else ""
        if name and not _STAGE_NAME.fullmatch(name):
            self._fail(logical, f"{name[:30]!r} can't be the name of a stage")
        base = self._word(logical, command.rest + words[0].start(), command.rest + words[0].end())
        platforms = [self._word(logical, start, end) for flag, start, end in command.flags if flag == "platform"]
        self._stages.append(Stage(base, platforms[-1] if platforms else None, name, logical.line))
        self._bounded(logical)

    def _defined(self, command: _Command) -> Iterator[Definition]:
        logical, keyword = command.logical, Keyword(command.keyword.upper())
        words = list(_words(self._escape).finditer(logical.text, command.rest))
        if keyword is Keyword.ENV and words and "=" not in words[0][0]:
            yield self._old_definition(command)
            return
        for word in words:
            name, equals, _ = word[0].partition("=")
            if not equals and keyword is Keyword.ENV:
                self._fail(logical, f"ENV has {word[0][:30]!r} without a value")
            start = word.start() + len(name) + 1
            value = self._word(logical, start, word.end()) if equals else None
            yield Definition(keyword, name, value, self._stage(), logical.line)

    def _old_definition(self, command: _Command) -> Definition:
        """``ENV NAME value with spaces``."""
        logical = command.logical
        found = _KEYWORD.match(logical.text, command.rest)
        if found is None or found.end() == len(logical.text):
            self._fail(logical, "ENV takes a name and a value")
        value = self._word(logical, found.end(), len(logical.text))
        return Definition(Keyword.ENV, found[1], value, self._stage(), logical.line)

    def _named(self, command: _Command) -> Iterator[Source]:
        """What the flags of ``COPY`` and ``RUN`` name."""
        logical = command.logical
        for flag, start, end in command.flags:
            if (command.keyword, flag) == ("copy", "from"):
                yield Source(Keyword.COPY, self._word(logical, start, end), self._stage(), logical.line)
            elif (command.keyword, flag) == ("run", "mount"):
                for found in _FROM.finditer(logical.text[start:end]):
                    word = self._word(logical, start + found.start(1), start + found.end(1))
                    yield Source(Keyword.RUN, word, self._stage(), logical.line)

    def _word(self, logical: _Logical, start: int, end: int) -> Word:
        pieces, _ = _Lexer(logical, self._escape, end).pieces(start, closed=False, depth=0)
        return Word(pieces, logical.span(start, end))

    # here-documents

    def _pass_heredocs(self, command: _Command) -> None:
        text = command.logical.text[command.rest :]
        if "<<" not in text or _is_json(text):
            return
        for name, tabs, spaced in _heredocs(text):
            at = self._terminator(name, tabs=tabs)
            if at is not None:
                self._at = at + 1
            elif not spaced:
                # With a space before the name (`$((1 << 3))`) older builders see no here-document.
                self._fail(command.logical, f"the here-document {name[:30]!r} has no end")

    def _terminator(self, name: str, *, tabs: bool) -> int | None:
        """The next line that is ``name`` (behind tabs, where they may be)."""
        if tabs not in self._ends:
            index = self._ends[tabs] = defaultdict(list)
            for number, row in enumerate(self._rows):
                index[row.text.lstrip("\t") if tabs else row.text].append(number)
        numbers = self._ends[tabs].get(name, [])
        at = bisect_left(numbers, self._at)
        return numbers[at] if at < len(numbers) else None


def _rows(text: str) -> tuple[_Row, ...]:
    rows: list[_Row] = []
    start = int(text.startswith(BOM))
    for line in text[start:].split("\n"):
        rows.append(_Row(line.rstrip("\r"), start))
        start += len(line) + 1
    return tuple(rows)


@cache
def _words(escape: str) -> re.Pattern[str]:
    """Words with quotes and escaped characters in them; a quote without an end takes all that follows."""
    mark = re.escape(escape)
    quoted = rf""""(?:[^"{mark}]++|{mark}.)*+(?:"|{mark}?\Z)|'[^']*+(?:'|\Z)"""
    return re.compile(rf"""(?:[^\t\v\f\r "'{mark}]++|{mark}.|{mark}\Z|{quoted})++""", re.DOTALL)


@cache
def _run(escape: str) -> re.Pattern[str]:
    """Text in which nothing is special."""
    return re.compile(rf"""[^'"$}}{re.escape(escape)}]++""")


def _is_json(text: str) -> bool:
    """Whether the command is in the form ``["…", "…"]``, which has no here-documents."""
    if not text.startswith("["):
        return False
    try:
        node = json.parse(text)
    except ParseError:
        return False
    return isinstance(node, Array) and all(isinstance(item, Scalar) and item.string for item in node.items)


def _heredocs(text: str) -> Iterator[tuple[str, bool, bool]]:
    """(name, whether tabs may stand before the end, whether space stands before the name) of each."""
    words: list[str] = []
    at = 0
    while at < len(text):
        found = _HEREDOC_WORD.match(text, at)
        if found is None:
            return  # A quote without an end: BuildKit looks for no here-documents then.
        words.append(found[0])
        at = found.end()
    for word in words:
        if found := _HEREDOC.fullmatch(word):
            yield _QUOTING.sub(lambda quoting: quoting[1] or "", found[3]), bool(found[1]), bool(found[2])


class _Lexer:
    """Takes one word of an instruction apart."""

    def __init__(self, logical: _Logical, escape: str, stop: int) -> None:
        self._logical = logical
        self._text = logical.text
        self._escape = escape
        self._stop = stop
        self._run = _run(escape)

    def pieces(self, at: int, *, closed: bool, depth: int) -> tuple[tuple[Piece, ...], int]:
        """The pieces up to the end, or up to the closing brace where ``closed``; and where that is."""
        found: list[Piece] = []
        quoted = False
        while at < self._stop:
            character = self._text[at]
            if character == "}" and closed and not quoted:
                return tuple(found), at + 1
            if character == '"':
                quoted, at = not quoted, at + 1
            elif character == "$":
                piece, at = self._dollar(at, depth)
                _append(found, piece)
            else:
                piece, at = self._literal(at, quoted=quoted)
                _append(found, piece)
            if len(found) > MAX_STATED:
                raise ParseError(f"a value with more than {MAX_STATED} pieces", self._logical.line)
        if quoted or closed:
            self._fail("a quote" if quoted else "${")
        return tuple(found), at

    def _literal(self, at: int, *, quoted: bool) -> tuple[Literal, int]:
        if run := self._run.match(self._text, at, self._stop):
            return self._piece(run[0], at, run.end()), run.end()
        character, following = self._text[at], self._text[at + 1 : min(at + 2, self._stop)]
        if character == self._escape and not quoted:
            return self._piece(following, at, at + 1 + len(following)), at + 1 + len(following)
        if character == self._escape and following in {'"', "$", self._escape}:
            return self._piece(following, at, at + 2), at + 2
        if character == "'" and not quoted:
            end = self._text.find("'", at + 1, self._stop)
            if end < 0:
                self._fail("a quote")
            return self._piece(self._text[at + 1 : end], at + 1, end), end + 1
        return self._piece(character, at, at + 1), at + 1

    def _dollar(self, at: int, depth: int) -> tuple[Piece, int]:
        found = _VARIABLE.match(self._text, at, self._stop)
        if depth > _MAX_NESTED:
            raise ParseError(f"variables nested deeper than {_MAX_NESTED} levels", self._logical.line)
        if found is None or found.end() == at + 1:
            return self._piece("$", at, at + 1), at + 1
        if found[1]:
            return Variable(found[1], "", (), self._logical.span(at, found.end())), found.end()
        if not found[3]:
            self._fail("${")
        if found[3] == "}":
            return Variable(found[2], "", (), self._logical.span(at, found.end())), found.end()
        word, end = self.pieces(found.end(), closed=True, depth=depth + 1)
        return Variable(found[2], found[3], word, self._logical.span(at, end)), end

    def _piece(self, text: str, start: int, end: int) -> Literal:
        return Literal(text, self._logical.span(start, end))

    def _fail(self, what: str) -> NoReturn:
        raise ParseError(f"{what} has no end, or what stands in it is not understood", self._logical.line)


def _append(found: list[Piece], piece: Piece) -> None:
    """Add a piece; text that stands side by side in the file is one piece."""
    last = found[-1] if found else None
    adjoins = isinstance(last, Literal) and isinstance(piece, Literal) and last.span.end == piece.span.start
    if isinstance(last, Literal) and isinstance(piece, Literal) and adjoins and last.verbatim and piece.verbatim:
        found[-1] = Literal(last.text + piece.text, Span(last.span.start, piece.span.end))
    elif not isinstance(piece, Literal) or piece.text:
        found.append(piece)

"""Program sources in JavaScript, TypeScript and Python, as far as their literals and names go.

No parser: a scanner that knows what is a comment, a string, a regular expression, a name and a
bracket, and which bracket each of them stands in. Nothing is executed or evaluated. Sources:
https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar,
https://docs.python.org/3/reference/lexical_analysis.html.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from bot.formats.base import ParseError, Scalar, Span
from bot.formats.lines import BOM, starts

MAX_SIZE: Final = 1_000_000
"""Longer sources, in code points, are refused: they are bundles that nobody writes by hand."""

MAX_OPEN: Final = 200
"""How many brackets may be open at once; Python itself allows as many."""


class Kind(StrEnum):
    """What a token is.

    STRING is a plain literal, NAME a name or keyword, MEMBER a name after a dot, SIGN a bracket or an operator,
    OTHER any other literal (a number, bytes, a regular expression, a text with expressions in it).
    """

    STRING = "string"
    NAME = "name"
    MEMBER = "member"
    SIGN = "sign"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and where it stands.

    ``text`` and ``span`` are, for a string, what stands between its quotes, as it is written
    (escapes are not decoded); for OTHER only where it begins; for the rest the whole. ``inside``
    is the number of the token that opens the innermost bracket around it, -1 for none. A bracket
    stands in what is around it, also the one that closes. The expressions in a template or an
    f-string are between ``${`` and ``}``.
    """

    kind: Kind
    text: str
    span: Span
    line: int
    inside: int

    @property
    def scalar(self) -> Scalar:
        """A string, as other formats give one."""
        return Scalar(self.text, self.span, self.line)

    def is_sign(self, *texts: str) -> bool:
        """Whether it is one of these brackets or operators."""
        return self.kind is Kind.SIGN and self.text in texts

    @property
    def named(self) -> bool:
        """Whether it is a name, after a dot or not."""
        return self.kind in {Kind.NAME, Kind.MEMBER}


def javascript(text: str) -> tuple[Token, ...]:
    """The tokens of a JavaScript or TypeScript source (no JSX).

    Raises ``ParseError`` where it can't be followed: a string or comment that does not end,
    brackets that don't match, ``MAX_SIZE`` or ``MAX_OPEN`` exceeded.
    """
    return _JavaScript(text).scan()


def python(text: str) -> tuple[Token, ...]:
    """The tokens of a Python source, without line ends and indentation.

    Raises ``ParseError`` where ``javascript`` does.
    """
    return _Python(text).scan()


_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "${": "}"}


@dataclass(frozen=True, slots=True)
class _Text:
    """A literal that may hold expressions: where its token and its text begin, and what closes it.

    ``spec`` tells that it is a format specification, which ends with the expression that it belongs to.
    """

    at: int
    start: int
    quote: str
    spec: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    """A bracket that is open: its token, whether what it closes is a value, and the literal that goes on after it."""

    token: int
    closer: str
    value: bool
    text: _Text | None = None


class _Scanner(ABC):
    """What the languages share: ``_at`` is how far it has read, ``_value`` whether a value ends there."""

    pattern: re.Pattern[str]
    expression: str
    """What begins an expression in a literal."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_SIZE:
            raise ParseError(f"longer than {MAX_SIZE} characters: a bundle, no source")
        self._text = text
        self._starts = starts(text)
        self._tokens: list[Token] = []
        self._open: list[_Open] = []
        self._at = int(text.startswith(BOM))
        self._value = False

    def scan(self) -> tuple[Token, ...]:
        steps: dict[str | None, Callable[[re.Match[str]], None]] = {
            "name": self._name,
            "string": self._string,
            "sign": self._sign,
            "other": self._other,
        }
        match, size = self.pattern.match, len(self._text)
        while self._at < size and (found := match(self._text, self._at)):
            self._at = found.end()
            if found.lastgroup in steps:
                steps[found.lastgroup](found)
        if self._open:
            self._fail(self._tokens[self._open[-1].token].span.start, "a bracket that is not closed")
        return tuple(self._tokens)

    def _add(self, kind: Kind, text: str, start: int) -> None:
        line, inside = bisect_right(self._starts, start), self._open[-1].token if self._open else -1
        self._tokens.append(Token(kind, text, Span(start, start + len(text)), line, inside))

    def _fail(self, at: int, message: str) -> NoReturn:
        raise ParseError(f"{message}: the source can't be followed", bisect_right(self._starts, at))

    def _name(self, found: re.Match[str]) -> None:
        """A name; the dot before it makes it a member and is no token of its own."""
        member = bool(self._tokens) and self._tokens[-1].is_sign(".", "?.")
        if member:
            self._tokens.pop()
        self._add(Kind.MEMBER if member else Kind.NAME, found[0], found.start())

    def _other(self, found: re.Match[str]) -> None:
        self._add(Kind.OTHER, "", found.start())
        self._value = True

    @abstractmethod
    def _string(self, found: re.Match[str]) -> None:
        """A string, or the beginning of a literal that may hold expressions."""

    @abstractmethod
    def _body(self, text: _Text) -> re.Pattern[str]:
        """What matches the text of such a literal up to its end or its next expression."""

    def _sign(self, found: re.Match[str]) -> None:
        sign = found[0]
        if sign in _CLOSERS:
            self._opened(sign, found.start())
        elif sign in ")]}":
            self._closed(sign, found.start())
        else:
            self._add(Kind.SIGN, sign, found.start())

    def _makes_a_value(self, sign: str) -> bool:
        """Whether what this bracket opens is a value when it is closed."""
        return sign in _CLOSERS

    def _opened(self, sign: str, at: int, text: _Text | None = None) -> None:
        if len(self._open) >= MAX_OPEN:
            self._fail(at, f"more than {MAX_OPEN} open brackets")
        value = self._makes_a_value(sign)
        self._add(Kind.SIGN, sign, at)
        self._open.append(_Open(len(self._tokens) - 1, _CLOSERS[sign], value, text))
        self._value = False

    def _closed(self, sign: str, at: int) -> None:
        if not self._open or self._open[-1].closer != sign:
            self._fail(at, f"{sign!r} closes no bracket")
        last = self._open.pop()
        self._add(Kind.SIGN, sign, at)
        self._value = last.value
        if last.text is not None:
            self._literal(last.text)

    def _past(self, body: re.Pattern[str]) -> int:
        """Where what a pattern takes (perhaps nothing) ends."""
        found = body.match(self._text, self._at)
        return found.end() if found else self._at

    def _begun(self, start: int, quote: str) -> None:
        """Read a literal that may hold expressions, from behind its opening quote."""
        self._add(Kind.OTHER, "", start)
        self._literal(_Text(len(self._tokens) - 1, self._at, quote))

    def _literal(self, text: _Text) -> None:
        """Go on with the text of a literal, up to its end or its next expression."""
        start = self._at = self._past(self._body(text))
        if self._text.startswith(self.expression, start):
            self._at += len(self.expression)
            self._opened("${", start, text)
        elif text.spec and self._text.startswith("}", start):
            return  # it closes the expression
        elif not text.spec and self._text.startswith(text.quote, start):
            self._ended(text)
        else:
            self._fail(start, "a string that does not end")

    def _ended(self, text: _Text) -> None:
        """The end of a literal: a string where no expression stood in it."""
        begun, raw = self._tokens[text.at], self._text[text.start : self._at]
        if text.at == len(self._tokens) - 1 and "{{" not in raw and "}}" not in raw:
            self._tokens[text.at] = Token(Kind.STRING, raw, Span(text.start, self._at), begun.line, begun.inside)
        self._at += len(text.quote)
        self._value = True


# JavaScript

_BEFORE_A_VALUE: Final = frozenset(
    {
        *("await", "case", "default", "delete", "do", "else", "extends", "in", "instanceof"),
        *("new", "of", "return", "throw", "typeof", "void", "yield"),
    }
)
"""Keywords after which a slash begins a regular expression."""

_BEFORE_A_BLOCK: Final = frozenset({"do", "else", "try", "finally"})
_HEADS: Final = frozenset({"if", "while", "for", "with"})
_REGEX: Final = re.compile(r"/(?:[^/\\\[\r\n]|\\[^\r\n]|\[(?:[^\]\\\r\n]|\\[^\r\n])*+\])++/\w*+")
_TEMPLATE: Final = re.compile(r"(?:[^`\\$]|\\[\s\S]|\$(?!\{))*+")


class _JavaScript(_Scanner):
    """What tells a division from a regular expression is whether a value ends before the slash."""

    pattern = re.compile(
        r"""(?P<blank>\s++|//[^\r\n\u2028\u2029]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/|\#![^\r\n]*+)
        |(?P<name>(?:\$|[^\W\d])[$\w]*+)
        |(?P<string>'(?:[^'\\\r\n]|\\(?:\r\n|[\s\S]))*+'|"(?:[^"\\\r\n]|\\(?:\r\n|[\s\S]))*+"|`)
        |(?P<other>\.?[0-9]\w*+(?:\.(?![A-Za-z_$])\w*+)?+)
        |(?P<sign>\.\.\.|\?\.(?![0-9])|=>|\+\+|--|[=!]==?|[\s\S])""",
        re.VERBOSE,
    )
    expression = "${"

    def _body(self, text: _Text) -> re.Pattern[str]:
        del text  # there is one kind only
        return _TEMPLATE

    def _name(self, found: re.Match[str]) -> None:
        super()._name(found)
        last = self._tokens[-1]
        self._value = last.kind is Kind.MEMBER or last.text not in _BEFORE_A_VALUE

    def _string(self, found: re.Match[str]) -> None:
        if found[0] == "`":
            self._begun(found.start(), "`")
            return
        self._add(Kind.STRING, found[0][1:-1], found.start() + 1)
        self._value = True

    def _sign(self, found: re.Match[str]) -> None:
        sign, at = found[0], found.start()
        if sign == "/":
            self._slash(at)
        elif sign in {'"', "'"}:
            self._fail(at, "a string that does not end")
        else:
            super()._sign(found)
            if sign not in {")", "]", "}", "++", "--", "!"}:
                self._value = False

    def _slash(self, at: int) -> None:
        if self._text.startswith("/*", at):
            self._fail(at, "a comment that does not end")
        if self._value:
            self._add(Kind.SIGN, "/", at)
            self._value = False
            return
        found = _REGEX.match(self._text, at)
        if found is None:
            self._fail(at, "a regular expression that does not end")
        self._at = found.end()
        self._other(found)

    def _makes_a_value(self, sign: str) -> bool:
        """Whether it is no head of a statement and no block: after those a slash begins a regular expression."""
        last = self._tokens[-1] if self._tokens else None
        name = last.text if last is not None and last.kind is Kind.NAME else ""
        if sign != "{":
            return name not in _HEADS
        if last is None or last.is_sign(")", ";", "{", "}", "=>"):
            return False
        return not (last.named and self._value) and name not in _BEFORE_A_BLOCK


# Python

_BODIES: Final = {
    quote: re.compile(
        rf"(?:[^{quote[0]}\\]|\\[\s\S]|{quote[0]}(?!{quote[1:]}))*+"
        if len(quote) > 1
        else rf"(?:[^{quote}\\\r\n]|\\(?:\r\n|[\s\S]))*+"
    )
    for quote in ('"', "'", '"""', "'''")
}
_FORMATTED: Final = {
    quote: re.compile(
        r"(?:\{\{|\}\}|\\N\{[^{}\r\n]*+\}|\\(?=[{}])|\\(?:\r\n|[^{}])|"
        + (rf"[^{quote[0]}\\{{}}]|{quote[0]}(?!{quote[1:]})" if len(quote) > 1 else rf"[^{quote}\\{{}}\r\n]")
        + ")*+"
    )
    for quote in _BODIES
}
_SPECS: Final = {
    quote: re.compile(rf"[^{quote[0]}{{}}]*+" if len(quote) > 1 else rf"[^{quote}{{}}\r\n]*+") for quote in _BODIES
}


class _Python(_Scanner):
    """Strings begin with letters that tell what they are; f-strings hold expressions, and those f-strings again."""

    pattern = re.compile(
        r"""(?P<blank>\s++|\#[^\r\n]*+|\\(?=[\r\n]))
        |(?P<string>(?:[rR]?[bBfFtT]|[bBfFtT][rR]|[rRuU])?(?:\"{3}|'{3}|["']))
        |(?P<name>[^\W\d]\w*+)
        |(?P<other>\.?[0-9][\w.]*+)
        |(?P<sign>\.\.\.|->|[=!]=|[\s\S])""",
        re.VERBOSE,
    )
    expression = "{"

    def _body(self, text: _Text) -> re.Pattern[str]:
        return (_SPECS if text.spec else _FORMATTED)[text.quote]

    def _string(self, found: re.Match[str]) -> None:
        quote = found[0].lstrip("rRbBfFtTuU")
        prefix = found[0][: -len(quote)].lower()
        if "f" in prefix or "t" in prefix:
            self._begun(found.start(), quote)
            return
        start = self._at
        end = self._past(_BODIES[quote])
        if not self._text.startswith(quote, end):
            self._fail(start, "a string that does not end")
        self._at = end + len(quote)
        if "b" in prefix:
            self._add(Kind.OTHER, "", start)
        else:
            self._add(Kind.STRING, self._text[start:end], start)

    def _sign(self, found: re.Match[str]) -> None:
        around = self._open[-1].text if self._open else None
        if found[0] == ":" and around is not None:
            self._literal(_Text(around.at, self._at, around.quote, spec=True))
        else:
            super()._sign(found)

"""Plain lines: where each stands, and the comments in them that speak to Freshline."""

# No "from __future__ import annotations": it would take the name of the function below.
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from bot.core.model import Span

BOM: Final = "\ufeff"

_ENDING = re.compile(r"\r\n?|\n")
_MARK = "freshline:"
_CLOSERS = {"<!--": "-->", "/*": "*/"}
_MAX_ESCAPES: Final = 10_000

Breaks = tuple[tuple[int, int], ...]


class _Nowhere(int):
    """An offset that stays what it is whatever is added to it, and is no distance from itself."""

    def __add__(self, _other: int) -> Self:
        return self

    def __sub__(self, _other: int) -> Self:
        return self


NOWHERE: Final[Breaks] = ((0, _Nowhere(-1)),)
"""Breaks of a scalar whose value can't be mapped onto its text: ``Scalar.locate`` answers None."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its ending; ``number`` counts from 1, ``text`` is what stands in ``span``."""

    number: int
    text: str
    span: Span


def starts(text: str) -> list[int]:
    r"""The offset at which each line begins, in code points; lines end with \n, \r\n or \r only.

    ``bisect_right(starts, offset)`` is the 1-based number of the line that holds ``offset``.
    """
    return [0, *(found.end() for found in _ENDING.finditer(text))]


def split(text: str) -> tuple[Line, ...]:
    r"""The lines of a text, without a byte order mark and without the empty one after a final ending.

    Lines end with \n, \r\n or \r, nothing else (not U+2028, not a form feed): what pip, editors
    and forges number.
    """
    return tuple(_lines(text))


def annotations(text: str, comment: str = "#") -> dict[int, str]:
    """What comments ``# freshline: …`` say, by the 1-based number of the line they apply to.

    The answer holds everything after ``freshline:``, stripped (and without the closing token of
    a ``<!--`` or ``/*`` comment). A comment that has its line to itself applies to the following
    line; one that follows something applies to its own, and wins where both meet.
    """
    if _MARK not in text:
        return {}
    own: dict[int, str] = {}
    above: dict[int, str] = {}
    offsets = starts(text)
    pattern = re.compile(rf"(?<![^ \t\r\n{BOM}]){re.escape(comment)}[ \t]*+{_MARK}([^\r\n]*+)")
    for found in pattern.finditer(text):
        said = found[1].strip().removesuffix(_CLOSERS.get(comment, "")).strip()
        number = bisect_right(offsets, found.start())
        alone = not text[offsets[number - 1] : found.start()].strip(f" \t{BOM}")
        if said:
            (above if alone else own)[number + alone] = said
    return above | own


def decode(
    raw: str, start: int, escape: re.Pattern[str], character: Callable[[re.Match[str]], str]
) -> tuple[str, Breaks]:
    """The value of a string that stands at ``start`` as ``raw``, and where the two drift apart.

    ``escape`` finds what is not to be taken as it stands, ``character`` gives what it stands for.
    A string with more than 10,000 escapes is text nobody will edit: it can't be located, so
    that memory stays bounded.
    """
    parts: list[str] = []
    breaks: list[tuple[int, int]] = []
    size = last = 0
    for found in escape.finditer(raw):
        parts += raw[last : found.start()], character(found)
        size += len(parts[-2]) + len(parts[-1])
        last = found.end()
        if len(breaks) <= _MAX_ESCAPES:
            breaks.append((size, start + last))
    value = "".join(parts) + raw[last:]
    return value, NOWHERE if len(breaks) > _MAX_ESCAPES else tuple(breaks)


def _lines(text: str) -> Iterator[Line]:
    begin, number = int(text.startswith(BOM)), 1
    for ending in _ENDING.finditer(text):
        yield Line(number, text[begin : ending.start()], Span(begin, ending.start()))
        begin, number = ending.end(), number + 1
    if begin < len(text):
        yield Line(number, text[begin:], Span(begin, len(text)))

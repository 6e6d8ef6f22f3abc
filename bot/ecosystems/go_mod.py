"""go.mod: the Go that a module needs (``go``) and the one that builds it (``toolchain``).

Source: https://go.dev/ref/mod#go-mod-file-go, https://go.dev/doc/toolchain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Kind, Pin, Span, Statement
from bot.core.runtimes import RUNTIMES
from bot.ecosystems._runtimes import LONGEST_WORD, word
from bot.formats import lines

_DIRECTIVE = re.compile(rf"[ \t]*+(go|toolchain)[ \t]++([^\s()\"`,/]{{1,{LONGEST_WORD}}})[ \t]*+(?://.*)?")
_OPENS = re.compile(r"[^()]*+\([ \t]*+(?://.*)?")
_CLOSES = re.compile(r"[ \t]*+\)")
_AT_LEAST = (">=", "")


def extract(path: str, text: str) -> FileFacts:
    """The ``go`` and ``toolchain`` lines; what stands in blocks (``require ( … )``) are modules."""
    return FileFacts(path, "go_mod", annotate(_statements(path, text), lines.annotations(text, "//")))


def _statements(path: str, text: str) -> Iterator[Statement]:
    for line in _outside_blocks(text):
        found = _DIRECTIVE.fullmatch(line.text)
        if found is None:
            continue
        start = line.span.start + found.start(2)
        if found[1] == "toolchain":
            yield word("go", path, found[2], start, line.number)
        else:
            yield _floor(Pin(path, Span(start, start + len(found[2])), found[2]), line.number)


def _outside_blocks(text: str) -> Iterator[lines.Line]:
    block = False
    for line in lines.split(text):
        if block:
            block = _CLOSES.match(line.text) is None
        elif _OPENS.fullmatch(line.text):
            block = True
        else:
            yield line


def _floor(pin: Pin, line: int) -> Statement:
    """The oldest Go that builds the module: a floor, although the line does not say so."""
    runtime = RUNTIMES["go"]
    return Statement(
        package=runtime.package,
        kind=Kind.RUNTIME,
        scheme="pep440",
        constraint=f"{_AT_LEAST[0]}{pin.text}",
        pins=(pin,),
        line=line,
        frame=_AT_LEAST,
        lockable=False,
        subject=runtime.subject,
    )


ecosystem = Ecosystem(
    name="go_mod",
    patterns=("go.mod",),
    version=1,
    extract=extract,
    comment="//",
)

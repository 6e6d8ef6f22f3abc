"""What the ecosystems that state language runtimes share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.model import Kind, Obstacle, Package, Pin, SkipReason, Span, Statement
from bot.core.runtimes import LAMBDA, RUNTIMES
from bot.formats.base import Node, Scalar

SCHEME = "runtime"
LONGEST_WORD = 100
LONGEST_RANGE = 500

_NUMBERS = r"[0-9]{1,4}(?:\.[0-9]{1,6}){0,2}"
_TARGET = r"(?:-[a-z][a-z0-9_]{0,30}(?:-[a-z0-9_]{1,30}){0,3})?"
_WORDS = {
    "python": re.compile(rf"((?:c?python[-@]?)?{_NUMBERS})"),
    "node": re.compile(rf"((?:node[-@/]?)?v?{_NUMBERS}(?:\.[xX*]){{0,2}})"),
    "ruby": re.compile(rf"((?:ruby-)?{_NUMBERS})(?:@[A-Za-z0-9_.-]{{1,60}})?"),
    "go": re.compile(rf"((?:go)?{_NUMBERS})"),
    # Vendors of Java count their builds apart, so what is more than the line can't be written anew.
    "java": re.compile(r"((?:[a-z][a-z0-9]{0,20}(?:-[a-z]{1,20}){0,2}-)?(?!1(?![0-9]))[0-9]{1,3}(?:\.[0-9]{1,3})?)"),
    "php": re.compile(rf"({_NUMBERS})"),
    "rust": re.compile(rf"({_NUMBERS}){_TARGET}"),
    "terraform": re.compile(rf"(v?{_NUMBERS})"),
    "opentofu": re.compile(rf"(v?{_NUMBERS})"),
    "kubernetes": re.compile(rf"(v?{_NUMBERS})"),
}
"""What states a version of each runtime; the group is what moves. None for dotnet: SDKs are numbered apart."""

_CHANNEL = re.compile(rf"(?:stable|beta|nightly){_TARGET}|lts/(?:\*|-[0-9]{{1,2}})|lts[-/]latest")
_CODENAME = re.compile(r"lts[-/][a-z]{1,30}")


def stated(name: str, path: str, text: str, span: Span, line: int) -> Statement:
    """The statement of a runtime (a key of ``RUNTIMES``) whose version is what stands in the span."""
    runtime = RUNTIMES[name]
    return Statement(
        package=runtime.package,
        kind=Kind.RUNTIME,
        scheme=SCHEME,
        constraint=text,
        pins=(Pin(path, span, text),),
        line=line,
        lockable=False,
        subject=runtime.subject,
    )


def word(name: str, path: str, text: str, start: int | None, line: int) -> Statement:
    """The statement of what files and actions say as one word: a version, an alias, something else.

    ``start`` is where the word stands, None where it can't be edited. Aliases (``lts/*``,
    ``stable``, ``system``) float; a codename, another implementation (``pypy3.10``), a date or a
    pre-release holds a version that can't be moved.
    """
    found = _WORDS[name].fullmatch(text) if name in _WORDS and len(text) <= LONGEST_WORD else None
    if found is not None and start is not None:
        return stated(name, path, found[1], Span(start, start + found.end(1)), line)
    seen = stated(name, path, text[:LONGEST_WORD], Span(0, 0), line)
    return unmoved(seen, _obstacle(name, text[:LONGEST_WORD]))


def _obstacle(name: str, text: str) -> Obstacle:
    if _CHANNEL.fullmatch(text) or not (_CODENAME.fullmatch(text) or any(sign.isdigit() for sign in text)):
        return Obstacle(SkipReason.FLOATING, f"{text} names no version: it is whatever is the newest, or installed")
    if name == "dotnet":
        detail = f"{text} is an SDK's version: its feature band is not told by the runtime's lines"
        return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail)
    return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, f"{text!r} can't be written anew for another version")


@dataclass(frozen=True, slots=True)
class Range:
    """A range of versions as a file states it; ``span`` is where it stands, None where it can't be edited."""

    text: str
    span: Span | None
    line: int


def ranged(node: Node | None) -> Range | None:
    """The range that a string of a TOML or JSON file is, without the spaces around it; None for anything else."""
    if not isinstance(node, Scalar) or not node.string or not (text := node.value.strip()):
        return None
    start = node.value.index(text)
    return Range(text, node.locate(start, start + len(text)), node.line)


def floor(name: str, scheme: str, path: str, found: Range) -> Statement:
    """The statement of a range of versions that a manifest runs on (``requires-python``, ``engines``).

    A lock file that covers the manifest covers this too: many record it. A range that can't be
    edited has no pins: it holds the others back only from what it leaves out.
    """
    runtime, text = RUNTIMES[name], found.text[:LONGEST_RANGE]
    seen = Statement(
        package=runtime.package,
        kind=Kind.RUNTIME,
        scheme=scheme,
        constraint=text,
        pins=(Pin(path, found.span, text),) if found.span else (),
        line=found.line,
        subject=runtime.subject,
    )
    if len(found.text) > LONGEST_RANGE:
        return unmoved(seen, Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "it is too long to be read"))
    if not any(sign.isdigit() for sign in text):
        return unmoved(seen, Obstacle(SkipReason.FLOATING, f"{text} names no version: it holds nothing back"))
    return seen


def unmoved(statement: Statement, obstacle: Obstacle) -> Statement:
    """The same where it is seen and not moved."""
    return Statement(
        package=statement.package,
        kind=statement.kind,
        scheme=statement.scheme,
        constraint=statement.constraint,
        pins=(),
        line=statement.line,
        obstacle=obstacle,
        lockable=False,
        subject=statement.subject,
    )


def function(name: str, pin: Pin, line: int) -> Statement:
    """The statement of an AWS Lambda runtime (``python3.11``)."""
    return Statement(
        package=Package(LAMBDA.registry, LAMBDA.name),
        kind=Kind.RUNTIME,
        scheme="function",
        constraint=pin.text,
        pins=(pin,),
        line=line,
        lockable=False,
        subject=RUNTIMES[name].subject,
    )

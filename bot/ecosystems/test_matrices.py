"""The Pythons that a project is tested on: lists of tox and of nox, told of and never edited.

Sources: https://tox.wiki/en/stable/config.html (``env_list``; also in ``setup.cfg`` and ``tox.toml``),
https://nox.thea.codes/en/stable/config.html (``python=`` of sessions).
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Obstacle, SkipReason, Span, Statement
from bot.ecosystems._program import parsed
from bot.ecosystems._runtimes import stated, unmoved
from bot.formats import lines, toml
from bot.formats.base import Array, Scalar

MOST_IN_BRACES = 200
MOST_BRACES = 3
"""So many alternatives of one factor are read, of so many pairs of braces, and lists of so many characters."""
LONGEST_LIST = 20_000
MOST_FACTORS = 5_000

TOLD = Obstacle(SkipReason.IGNORED, "it lists what is tested: told of, not edited")

_SECTION = re.compile(r"\[([^\]\s]{1,100})\]")
_LIST = re.compile(r"env_?list[ \t]*+=[ \t]*+(.*)", re.DOTALL)
_SEPARATOR = re.compile(r"[,\s-]")
_BRACES = re.compile(r"([^{}]{0,20})\{([^{}]*+)\}(.{0,2000})", re.DOTALL)
_RANGE = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")
_FACTOR = re.compile(r"(?:py|python|cpython)?-?([23])\.?([0-9]{1,3})t?")
_VERSION = re.compile(r"(?:c?python)?([23])\.([0-9]{1,3})t?")


@dataclass(frozen=True, slots=True)
class _Tested:
    """A version that is tested, and the line that says so."""

    version: tuple[int, int]
    line: int


def extract(path: str, text: str) -> FileFacts:
    """One statement with the newest Python that is tested; raises ``ParseError`` for invalid TOML and Python."""
    name = posixpath.basename(path)
    if name == "noxfile.py":
        found = list(_sessions(text))
    elif name == "tox.toml":
        found = list(_toml(text))
    else:
        found = list(_environments(text, "tox" if name == "tox.ini" else "tox:tox"))
    statements = [_statement(path, max(found, key=lambda one: one.version))] if found else []
    return FileFacts(path, "test_matrices", annotate(statements, lines.annotations(text)))


def _statement(path: str, newest: _Tested) -> Statement:
    version = f"{newest.version[0]}.{newest.version[1]}"
    return unmoved(stated("python", path, version, Span(0, 0), newest.line), TOLD)


# tox


def _environments(text: str, wanted: str) -> Iterator[_Tested]:
    """The Pythons of ``envlist`` in a section of an INI file, which goes on over the lines that are indented."""
    section, within, length = "", False, 0
    for line in lines.split(text):
        body = line.text.partition("#")[0].rstrip()
        if not body.strip():
            continue
        if not body[0].isspace():
            header, option = _SECTION.match(body), _LIST.fullmatch(body)
            section = header[1] if header else section
            within, body = option is not None and section == wanted, option[1] if option else ""
        length += len(body) if within else 0
        if within and length <= LONGEST_LIST:
            yield from (_Tested(version, line.number) for version in _listed(body))


def _toml(text: str) -> Iterator[_Tested]:
    node = toml.parse(text).get("env_list")
    for item in node.items if isinstance(node, Array) else ():
        if isinstance(item, Scalar) and len(item.value) <= LONGEST_LIST:
            yield from (_Tested(version, item.line) for version in _listed(item.value))


def _listed(body: str) -> Iterator[tuple[int, int]]:
    """The Pythons of ``py{38,39}-django{32,42}, py3.12, lint``: factors that begin with ``py``."""
    for factor in islice(_factors(body), MOST_FACTORS):
        found = _FACTOR.fullmatch(factor)
        if found and ("." in factor or factor.startswith(("py", "cpython"))):
            yield int(found[1]), int(found[2])


def _factors(body: str) -> Iterator[str]:
    """What stands between commas, spaces and dashes outside of braces, with each alternative of its braces."""
    depth, start = 0, 0
    for at, sign in enumerate(f"{body},"):
        depth += (sign == "{") - (sign == "}" and depth > 0)
        if depth == 0 and _SEPARATOR.match(sign):
            yield from _alternatives(body[start:at])
            start = at + 1


def _alternatives(factor: str) -> Iterator[str]:
    """What the braces of a factor stand for, from the left: ``{,ci-}py{39,310}`` has four."""
    front = [factor]
    for _ in range(MOST_BRACES):
        front = list(islice((text for one in front for text in _opened(one)), MOST_IN_BRACES))
    yield from (part for text in front for part in text.split("-"))


def _opened(text: str) -> Iterator[str]:
    """The text for each alternative of its first braces."""
    found = _BRACES.fullmatch(text)
    if found is None:
        yield text
        return
    for one in found[2].split(",")[:MOST_IN_BRACES]:
        yield from (f"{found[1]}{number}{found[3]}" for number in _counted(one.strip()))


def _counted(text: str) -> Iterable[str]:
    """``10-13`` as its numbers, anything else as it is."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return (text,)
    first, last = int(found[1]), int(found[2])
    return map(str, range(first, min(last + 1, first + MOST_IN_BRACES)))


# nox


def _sessions(text: str) -> Iterator[_Tested]:
    """The Pythons of ``@nox.session(python=[…])``; a name stands for what it is given once at the top."""
    tree = parsed(text)
    names = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node.func) == "session")
    for keyword in (keyword for call in calls for keyword in call.keywords if keyword.arg == "python"):
        value = keyword.value
        yield from _pythons(names.get(value.id, value) if isinstance(value, ast.Name) else value)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _pythons(value: ast.expr) -> Iterator[_Tested]:
    for item in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            found = _VERSION.fullmatch(item.value)
            if found:
                yield _Tested((int(found[1]), int(found[2])), item.lineno)


ecosystem = Ecosystem(
    name="test_matrices",
    patterns=("tox.ini", "tox.toml", "setup.cfg", "noxfile.py"),
    version=1,
    extract=extract,
    hints=("envlist", "env_list", "session"),
)

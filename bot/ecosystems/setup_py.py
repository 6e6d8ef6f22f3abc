"""setup.py: the literals that stand in ``setup(...)``, read with ``ast`` and never executed.

Source: https://setuptools.pypa.io/en/latest/references/keywords.html.
"""

from __future__ import annotations

import ast
import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import (
    Declaration,
    DeclaredRole,
    DeclaredRuntime,
    FileFacts,
    Obstacle,
    Role,
    SkipReason,
    Span,
    Statement,
)
from bot.ecosystems._program import parsed
from bot.ecosystems._python import NAME, Locate, Place, requirement
from bot.ecosystems._runtimes import Range, floor
from bot.formats import lines

_MAX_DEPTH = 20
_MAX_PARTS = 5
_MAX_STRING = 200
"""Strings of more pieces, nested deeper or longer than this are not put together."""

_GROUPS = {"install_requires": "dependencies", "setup_requires": "build-system", "tests_require": "tests"}
_PUBLIC = frozenset({"classifiers", "url", "project_urls", "license", "long_description"})
_LITERAL = re.compile(r"[rRuU]?(\"\"\"|'''|\"|')(.*)\1", re.DOTALL)
COMPUTED = Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "it is put together when setup.py runs; write it plainly")


@dataclass(slots=True)
class _Source:
    """A parsed setup.py: its text, where its lines begin, and what its module-level names stand for."""

    path: str
    text: str
    starts: list[int]
    names: Mapping[str, ast.expr]
    seen: set[tuple[int, int, int, int]] = field(default_factory=set)
    columns: dict[int, Sequence[int]] = field(default_factory=dict)

    def first(self, node: ast.expr) -> bool:
        """Whether this is the first time that an expression is met: each place is read once."""
        where = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
        known = where in self.seen
        self.seen.add(where)
        return not known

    def offset(self, line: int, column: int) -> int:
        """The offset in code points of a position that ``ast`` gives (columns are UTF-8 bytes)."""
        if line not in self.columns:
            following = self.starts[line] if line < len(self.starts) else len(self.text)
            self.columns[line] = _columns(self.text[self.starts[line - 1] : following])
        table = self.columns[line]
        return self.starts[line - 1] + (bisect_left(table, column) if table else column)

    def segment(self, node: ast.expr) -> tuple[int, str]:
        """Where the source of an expression begins, and that source."""
        start = self.offset(node.lineno, node.col_offset)
        return start, self.text[start : self.offset(node.end_lineno or 0, node.end_col_offset or 0)]


def _columns(line: str) -> Sequence[int]:
    """The offset in UTF-8 of each character of a line, nothing where that is its own offset."""
    return () if line.isascii() else [0, *accumulate(len(character.encode()) for character in line)]


def extract(path: str, text: str) -> FileFacts:
    """The facts of one setup.py; raises ``ParseError`` for what is no Python."""
    tree = parsed(text)
    mark = int(text.startswith("\ufeff"))
    starts = lines.starts(text)
    starts[0] = mark
    source = _Source(path, text, starts, _constants(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_setup(node.func)]
    keywords = [found for call in calls for found in _keywords(call, source)]
    statements = [s for key, value in keywords for s in _keyword(key, value, source)]
    return FileFacts(
        path,
        "setup_py",
        annotate(sorted(statements, key=lambda s: s.line), lines.annotations(text)),
        tuple(_declarations(keywords, source)) if calls else (),
    )


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """The module-level names that are assigned exactly once in the whole file."""
    stored: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stored[node.id] = stored.get(node.id, 0) + 1
    values: dict[str, ast.expr] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            values |= {t.id: statement.value for t in statement.targets if isinstance(t, ast.Name)}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            values[statement.target.id] = statement.value
    return {name: value for name, value in values.items() if stored[name] == 1}


def _is_setup(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr == "setup" and isinstance(function.value, ast.Name)
    return isinstance(function, ast.Name) and function.id == "setup"


def _keywords(call: ast.Call, source: _Source) -> Iterator[tuple[str, ast.expr]]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
        else:
            yield from _items(keyword.value, source)


def _items(node: ast.expr, source: _Source) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dictionary: a display, ``dict(...)``, or a name for one of them."""
    value = _resolved(node, source)
    if not source.first(value):
        return
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, item
    elif isinstance(value, ast.Call) and _is_dictionary(value):
        yield from ((keyword.arg, keyword.value) for keyword in value.keywords if keyword.arg)


def _is_dictionary(value: ast.expr) -> bool:
    called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict"
    return called or isinstance(value, ast.Dict)


def _resolved(node: ast.expr, source: _Source) -> ast.expr:
    for _ in range(_MAX_DEPTH):
        if not isinstance(node, ast.Name) or node.id not in source.names:
            break
        node = source.names[node.id]
    return node


def _keyword(key: str, value: ast.expr, source: _Source) -> Iterator[Statement]:
    if key == "extras_require":
        if not _is_dictionary(_resolved(value, source)):
            yield _computed(value, "optional", source)
        for name, item in _items(value, source):
            yield from _elements(item, f"optional:{name}", source)
    elif key in _GROUPS:
        yield from _elements(value, _GROUPS[key], source)
    elif key == "python_requires" and source.first(_resolved(value, source)) and (python := _python(value, source)):
        yield floor("python", "pep440", source.path, python)


def _elements(node: ast.expr, group: str, source: _Source, depth: int = 0) -> Iterator[Statement]:
    """The statements of a list of requirements, or of lists that are added up."""
    value = _resolved(node, source)
    if isinstance(value, ast.Constant):
        yield from _text(value, group, source)
        return
    if depth > _MAX_DEPTH or not source.first(value):
        return
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        for item in value.elts:
            yield from _element(item, group, source, depth)
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        yield from _elements(value.left, group, source, depth + 1)
        yield from _elements(value.right, group, source, depth + 1)
    else:
        yield _computed(value, group, source)


def _element(item: ast.expr, group: str, source: _Source, depth: int) -> Iterator[Statement]:
    if isinstance(item, ast.Starred):
        yield from _elements(item.value, group, source, depth + 1)
        return
    value = _resolved(item, source)
    if isinstance(value, ast.Constant):
        yield from _text(value, group, source)
    else:
        yield _computed(value, group, source)


def _text(node: ast.Constant, group: str, source: _Source) -> Iterator[Statement]:
    """The statements of a string: one requirement a line, as setuptools reads it."""
    if not isinstance(node.value, str) or not source.first(node):
        return
    text = node.value
    locate = _locate(node, text, source)
    at = 0
    for row, line in enumerate(text.split("\n")):
        body = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if body:
            start = at + line.index(body)
            place = _place(source.path, node.lineno + (row if locate(0, 0) else 0), group, _shifted(locate, start))
            yield requirement(body, place)
        at += len(line) + 1


def _locate(node: ast.Constant, text: str, source: _Source) -> Locate:
    start, segment = source.segment(node)
    literal = _LITERAL.fullmatch(segment)
    if literal is None or literal[2] != text:
        return lambda _first, _last: None
    begin = start + literal.start(2)
    return lambda first, last: Span(begin + first, begin + last)


def _shifted(locate: Locate, by: int) -> Locate:
    return lambda first, last: locate(first + by, last + by)


def _place(path: str, line: int, group: str, locate: Locate) -> Place:
    return Place(path, line, locate, group, lockable=group != "build-system")


def _computed(node: ast.expr, group: str, source: _Source) -> Statement:
    _, segment = source.segment(node)
    name = re.match(rf"[fFrRuU]*[\"']\s*({NAME})", segment)
    place = _place(source.path, node.lineno, group, lambda _first, _last: None)
    return place.blocked(name[1] if name else f"({segment})", COMPUTED)


def _declarations(keywords: list[tuple[str, ast.expr]], source: _Source) -> Iterator[Declaration]:
    values = dict(keywords)
    if "python_requires" in values and (python := _python(values["python_requires"], source)):
        yield DeclaredRuntime("python", "pep440", python.text)
    if "name" not in values:
        return
    classifiers = values.get("classifiers")
    private = classifiers is not None and "Private :: Do Not Upload" in source.segment(classifiers)[1]
    public = not private and not _PUBLIC.isdisjoint(values)
    yield DeclaredRole(Role.LIBRARY if public else Role.APPLICATION)


def _python(node: ast.expr, source: _Source) -> Range | None:
    """The Pythons that the project runs on; they can be edited where they stand in one plain string."""
    value, text = _resolved(node, source), (_joined(node, source) or "").strip()
    if not text:
        return None
    span = None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        start = value.value.index(text)
        span = _locate(value, value.value, source)(start, start + len(text))
    return Range(text, span, value.lineno)


def _joined(node: ast.expr, source: _Source, depth: int = 0) -> str | None:
    """The text of a string, also of one put together from constants (``f">={OLDEST}"``), None for others."""
    value = _resolved(node, source)
    if isinstance(value, ast.FormattedValue) and value.conversion == -1 and value.format_spec is None:
        value = _resolved(value.value, source)
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) and len(value.value) <= _MAX_STRING else None
    parts = [value.left, value.right] if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) else []
    parts = value.values if isinstance(value, ast.JoinedStr) else parts
    if not 0 < len(parts) <= _MAX_PARTS or depth == _MAX_PARTS:
        return None
    texts = [_joined(part, source, depth + 1) for part in parts]
    known = [text for text in texts if text is not None]
    return "".join(known)[:_MAX_STRING] if len(known) == len(texts) else None


def complete(own: Sequence[FileFacts], every: Sequence[FileFacts]) -> tuple[FileFacts, ...]:
    """The facts, where a setup.py that does not name its project is what the files beside it say of it."""
    public = {
        posixpath.dirname(facts.path)
        for facts in every
        if facts.ecosystem in {"pyproject", "setup_cfg"} and DeclaredRole(Role.LIBRARY) in facts.declarations
    }
    return tuple(
        replace(facts, declarations=(*facts.declarations, DeclaredRole(Role.LIBRARY)))
        if posixpath.dirname(facts.path) in public and not any(isinstance(d, DeclaredRole) for d in facts.declarations)
        else facts
        for facts in own
    )


ecosystem = Ecosystem(
    name="setup_py",
    patterns=("setup.py",),
    version=2,
    extract=extract,
    complete=complete,
    hints=("setup",),
)

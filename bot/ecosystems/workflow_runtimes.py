"""GitHub Actions: the language runtimes that workflows and composite actions set up.

Sources: https://docs.github.com/actions/reference/workflow-syntax-for-github-actions,
https://docs.github.com/actions/sharing-automations/creating-actions/metadata-syntax-for-github-actions,
and the ``action.yml`` of each action for its inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Obstacle, SkipReason, Span, Statement
from bot.core.versions import scheme
from bot.ecosystems._runtimes import LONGEST_WORD, stated, unmoved, word
from bot.formats import lines, yaml
from bot.formats.base import EMPTY, Array, Node, Scalar, Table

_INPUTS = {
    "actions/setup-python": ("python", "python-version"),
    "astral-sh/setup-uv": ("python", "python-version"),
    "actions/setup-node": ("node", "node-version"),
    "actions/setup-go": ("go", "go-version"),
    "actions/setup-java": ("java", "java-version"),
    "actions/setup-dotnet": ("dotnet", "dotnet-version"),
    "ruby/setup-ruby": ("ruby", "ruby-version"),
    "shivammathur/setup-php": ("php", "php-version"),
    "hashicorp/setup-terraform": ("terraform", "terraform_version"),
    "opentofu/setup-opentofu": ("opentofu", "tofu_version"),
}
"""The runtime that each action sets up, and the input that names its version."""

_NUMBERS = {"node": (1, 3), "java": (1, 1), "dotnet": (1, 2)}
_USUAL = (2, 3)
"""How many numbers name a line of a runtime, and with how many a version can still be told from its lines."""

_VERSION = re.compile(r"(?:ruby-)?v?([0-9]{1,4}(?:\.[0-9]{1,6}){0,2})(?:\.[xX*]){0,2}")
_RANGE = re.compile(r"[<>=~^|*!,]|\S\s+\S")
_REFERENCE = re.compile(r"\$\{\{\s{0,20}(matrix|env)\.([A-Za-z_][A-Za-z0-9_-]{0,100})\s{0,20}\}\}")
_FLOW_OPENS = re.compile(r"\[\s*+\Z")
_ROW_OPENS = re.compile(r"(?:\r\n?+|\n)[ \t]*+-[ \t]++\Z")
_FLOW_CLOSES = re.compile(r"\s*+,?\s*+\]")
_BEFORE = 200
"""How far before the first element of a list its bracket or dash is looked for."""

_MOST = 256
"""How many jobs a matrix can make at most."""

_SCHEME = "yaml_values"
_HELD = "a matrix that is written like this is not edited"


@dataclass(frozen=True, slots=True)
class _Around:
    """What a step's expressions can name: ``env`` from the innermost outwards, and the job's matrix with its keys."""

    env: tuple[Table, ...]
    matrix: Table = EMPTY
    keys: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _File:
    """The file that statements are made for; ``seen`` are the lists stated already, which many steps may share."""

    path: str
    text: str
    seen: set[tuple[str, int, str]] = field(default_factory=set)


def extract(path: str, text: str) -> FileFacts:
    """The versions that steps set up, each place once; raises ``ParseError`` for what is no YAML."""
    file = _File(path, text)
    roots = [root for root in yaml.parse(text) if isinstance(root, Table)]
    found = (statement for root in roots for around, step in _steps(root) for statement in _said(file, around, step))
    once = {(one.subject, one.line, one.pins): one for one in found}
    return FileFacts(path, "workflow_runtimes", annotate(once.values(), lines.annotations(text)))


def _steps(root: Table) -> Iterator[tuple[_Around, Table]]:
    """The steps of a workflow's jobs or of a composite action."""
    for _, job in root.table("jobs").tables():
        matrix = job.table("strategy", "matrix")
        keys = {key.value: key for key, _ in matrix.entries}
        around = _Around((job.table("env"), root.table("env")), matrix, keys)
        yield from ((around, step) for step in job.array("steps") if isinstance(step, Table))
    yield from ((_Around(()), step) for step in root.array("runs", "steps") if isinstance(step, Table))


def _said(file: _File, around: _Around, step: Table) -> Iterator[Statement]:
    action = (step.text("uses") or "").partition("@")[0].strip().lower()
    if action not in _INPUTS:
        return
    name, wanted = _INPUTS[action]
    given = next(((key, node) for key, node in step.table("with").entries if key.value.lower() == wanted), None)
    if given is None or not isinstance(given[1], Scalar):
        return
    reference = _REFERENCE.fullmatch(given[1].value.strip())
    if reference is None:
        yield from _value(file, name, given[1])
    elif reference[1] == "env":
        tables = (step.table("env"), *around.env)
        node = next((node for table in tables if (node := table.get(reference[2])) is not None), None)
        yield from _value(file, name, node)
    else:
        yield from _matrix(file, name, around, reference[2])


def _value(file: _File, name: str, node: Node | None) -> Iterator[Statement]:
    """The statement of one value; none for an expression, and for nothing."""
    if not isinstance(node, Scalar):
        return
    value = node.value.strip()
    if not value or "${{" in value or (not node.string and not value[0].isdigit()):
        return
    span = _whole(file.text, node)
    if span is None or not _moves(name, value):
        yield _stays(file, name, value, node.line)
        return
    written = file.text[span.start : span.end]
    yield replace(stated(name, file.path, written, span, node.line), scheme=_SCHEME)


def _moves(name: str, value: str) -> bool:
    """Whether a version is one that can be written anew from the runtime's lines."""
    found = _VERSION.fullmatch(value)
    if found is None or (value.startswith("ruby-") and name != "ruby"):
        return False
    few, many = _NUMBERS.get(name, _USUAL)
    count = found[1].count(".") + 1
    return few <= count <= many and not (name == "java" and found[1] == "1")


def _stays(file: _File, name: str, value: str, line: int) -> Statement:
    """The statement of what names no version that moves: a range, an alias, another implementation."""
    seen = stated(name, file.path, value[:LONGEST_WORD], Span(0, 0), line)
    found = _VERSION.fullmatch(value)
    wide = found is not None and found[1].count(".") + 1 < _NUMBERS.get(name, _USUAL)[0]
    if "\n" in value or not (wide or _RANGE.search(value)):
        return word(name, file.path, value, None, line)
    detail = f"{value[:LONGEST_WORD]} is a range: it takes the newest that it admits by itself"
    return unmoved(seen, Obstacle(SkipReason.FLOATING, detail))


def _whole(text: str, scalar: Scalar) -> Span | None:
    """Where a scalar stands with its quotes, None where it is not written as it reads."""
    span = scalar.locate(0, len(scalar.value))
    if span is None or scalar.breaks or scalar.value != scalar.value.strip():
        return None
    quote = text[span.start - 1 : span.start]
    if quote in {'"', "'"} and text[span.end : span.end + 1] == quote:
        return Span(span.start - 1, span.end + 1)
    return span


# Matrices


def _matrix(file: _File, name: str, around: _Around, key: str) -> Iterator[Statement]:
    """The statement of the list that a job runs over; of what only ``include`` gives, that it is not edited."""
    node, asked = around.matrix.get(key), (name, id(around.matrix), key)
    if asked in file.seen or isinstance(node, Scalar):  # one value is an expression that gives the list, mostly
        return
    file.seen.add(asked)
    if node is None:
        yield from _included(file, name, around.matrix, key)
    else:
        yield from _listed(file, name, node, around.keys[key].line)


def _listed(file: _File, name: str, node: Node, line: int) -> Iterator[Statement]:
    items = node.items if isinstance(node, Array) else ()
    values = [item.value.strip() for item in items if isinstance(item, Scalar)]
    if len(values) == len(items) and not any(_moves(name, value) for value in values):
        yield from _floating(file, name, values, line)
        return
    span = _list(file.text, items) if len(items) <= _MOST else None
    text = file.text[span.start : span.end] if span else ""
    if span is None or not scheme(_SCHEME).valid(text) or any(_too_exact(name, value) for value in values):
        yield _held(file, name, line)
        return
    yield replace(stated(name, file.path, text, span, line), scheme=_SCHEME)


def _too_exact(name: str, value: str) -> bool:
    """Whether it has more numbers than the runtime's lines tell: an SDK's, a vendor's build."""
    found = _VERSION.fullmatch(value)
    return found is not None and found[1].count(".") >= _NUMBERS.get(name, _USUAL)[1]


def _floating(file: _File, name: str, values: Sequence[str], line: int) -> Iterator[Statement]:
    """The statement of a list that names no version that can move."""
    told = [value for value in values if value and "${{" not in value]
    if told:
        yield _stays(file, name, told[0], line)


def _included(file: _File, name: str, matrix: Table, key: str) -> Iterator[Statement]:
    for item in islice(matrix.array("include"), _MOST):
        found = item.get(key) if isinstance(item, Table) else None
        if isinstance(found, Scalar) and _moves(name, found.value.strip()):
            yield _held(file, name, found.line)
            return


def _held(file: _File, name: str, line: int) -> Statement:
    return unmoved(stated(name, file.path, "", Span(0, 0), line), Obstacle(SkipReason.HELD, _HELD))


def _list(text: str, items: Sequence[Node]) -> Span | None:
    """Where a list of scalars stands: with its brackets, or from the line break before its first dash."""
    spans = [_whole(text, item) if isinstance(item, Scalar) else None for item in items]
    if not spans or spans[0] is None or spans[-1] is None:
        return None
    start, end = spans[0].start, spans[-1].end
    base = max(0, start - _BEFORE)
    near = text[base:start]
    if opens := _FLOW_OPENS.search(near):
        closes = _FLOW_CLOSES.match(text, end)
        return Span(base + opens.start(), closes.end()) if closes else None
    row = _ROW_OPENS.search(near)
    return Span(base + row.start(), end) if row else None


ecosystem = Ecosystem(
    name="workflow_runtimes",
    patterns=(".github/workflows/*.yml", ".github/workflows/*.yaml", "action.yml", "action.yaml"),
    version=1,
    extract=extract,
    hints=("setup-", "Setup-", "SETUP-"),
)

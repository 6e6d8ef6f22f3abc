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
    "conda-incubator/setup-miniconda": ("python", "python-version"),
    "deadsnakes/action": ("python", "python-version"),
    "pdm-project/setup-pdm": ("python", "python-version"),
    "actions/setup-node": ("node", "node-version"),
    "volta-cli/action": ("node", "node-version"),
    "actions/setup-go": ("go", "go-version"),
    "actions/setup-java": ("java", "java-version"),
    "actions/setup-dotnet": ("dotnet", "dotnet-version"),
    "ruby/setup-ruby": ("ruby", "ruby-version"),
    "shivammathur/setup-php": ("php", "php-version"),
    "hashicorp/setup-terraform": ("terraform", "terraform_version"),
    "opentofu/setup-opentofu": ("opentofu", "tofu_version"),
    "dtolnay/rust-toolchain": ("rust", "toolchain"),
    "actions-rs/toolchain": ("rust", "toolchain"),
    "actions-rust-lang/setup-rust-toolchain": ("rust", "toolchain"),
    "moonrepo/setup-rust": ("rust", "channel"),
}
"""The runtime that each action sets up, and the input that names its version.

Not ``azure/setup-kubectl``: kubectl has to stay within one line of its cluster, which no workflow tells.
"""

_NUMBERS = {"node": (1, 3), "java": (1, 1), "dotnet": (1, 2)}
_USUAL = (2, 3)
"""How many numbers name a line of a runtime, and with how many a version can still be told from its lines."""

_VERSION = re.compile(r"(?:ruby-)?v?([0-9]{1,4}(?:\.[0-9]{1,6}){0,2})(?:\.[xX*]){0,2}")
_RANGE = re.compile(r"[<>=~^|*!,]|\S\s+\S")
_NAME = r"[A-Za-z_][A-Za-z0-9_-]{0,100}"
_REFERENCE = re.compile(
    rf"\$\{{\{{\s{{0,20}}(?:matrix\.(?P<matrix>{_NAME})(?:\.(?P<below>{_NAME}))?|env\.(?P<env>{_NAME})"
    rf"|(?:github\.event\.)?inputs\.(?P<input>{_NAME}))\s{{0,20}}\}}\}}"
)
_FAR = 3
"""So many expressions are followed from one to the next."""
_FLOW_OPENS = re.compile(r"\[\s*+\Z")
_ROW_OPENS = re.compile(r"(?:\r\n?+|\n)[ \t]*+-[ \t]++\Z")
_FLOW_CLOSES = re.compile(r"\s*+,?\s*+\]")
_BEFORE = 200
"""How far before the first element of a list its bracket or dash is looked for."""

_MOST = 256
"""How many jobs a matrix can make at most."""

_SCHEME = "yaml_values"
_BY_HAND = Obstacle(
    SkipReason.IGNORED,
    "it lists what is tested in a way that can't be edited safely: add the new version by hand",
)
_OTHERS = Obstacle(SkipReason.IGNORED, "it lists what is tested, and names no version that could be written anew")


@dataclass(frozen=True, slots=True)
class _Around:
    """What a step's expressions can name: ``env`` from the innermost outwards, and the job's matrix with its keys.

    ``inputs`` are those that the file declares, for each of the ways in which it can be started.
    """

    env: tuple[Table, ...] = ()
    inputs: tuple[Table, ...] = ()
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
    inputs = tuple(root.table("on", way, "inputs") for way in ("workflow_call", "workflow_dispatch"))
    for _, job in root.table("jobs").tables():
        matrix = job.table("strategy", "matrix")
        keys = {key.value: key for key, _ in matrix.entries}
        around = _Around((job.table("env"), root.table("env")), inputs, matrix, keys)
        yield from ((around, step) for step in job.array("steps") if isinstance(step, Table))
    action = _Around(inputs=(root.table("inputs"),))
    yield from ((action, step) for step in root.array("runs", "steps") if isinstance(step, Table))


def _said(file: _File, around: _Around, step: Table) -> Iterator[Statement]:
    action = (step.text("uses") or "").partition("@")[0].strip().lower()
    if action not in _INPUTS:
        return
    name, wanted = _INPUTS[action]
    given = next((node for key, node in step.table("with").entries if key.value.lower() == wanted), None)
    yield from _followed(file, name, given, replace(around, env=(step.table("env"), *around.env)))


def _followed(file: _File, name: str, node: Node | None, around: _Around, left: int = _FAR) -> Iterator[Statement]:
    """The statements of a value, or of the places that the expression names which it is."""
    if not isinstance(node, Scalar) or not left:
        return
    reference = _REFERENCE.fullmatch(node.value.strip())
    if reference is None:
        yield from _value(file, name, node)
    elif reference["matrix"]:
        yield from _matrix(file, name, around, (reference["matrix"], reference["below"] or ""))
    elif reference["env"]:
        found = next((value for table in around.env if (value := table.get(reference["env"])) is not None), None)
        yield from _followed(file, name, found, around, left - 1)
    else:
        for inputs in around.inputs:
            yield from _default(file, name, inputs.table(reference["input"]))


def _default(file: _File, name: str, declared: Table) -> Iterator[Statement]:
    """The statement of an input's default; of a choice, that its options are not edited."""
    options = _values(declared.array("options"))
    if any(_moves(name, value) for value, _ in options):
        yield from _told(file, name, options)
    else:
        yield from _value(file, name, declared.get("default"))


def _value(file: _File, name: str, node: Node | None) -> Iterator[Statement]:
    """The statement of one value; none for an expression, and for nothing."""
    if not isinstance(node, Scalar):
        return
    value = node.value.strip()
    if not value or "${{" in value or (not node.string and not value[0].isdigit()):
        return
    if "\n" in value:  # setup-python and setup-dotnet install each of them
        yield from _told(file, name, [(one.strip(), node.line) for one in value.split("\n", _MOST)])
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


# Lists: of matrices, of choices, of one value with many lines


def _matrix(file: _File, name: str, around: _Around, key: tuple[str, str]) -> Iterator[Statement]:
    """The statement of the list that a job runs over; ``key`` is its key, and one below that or ""."""
    node, asked = around.matrix.get(key[0]), (name, id(around.matrix), ".".join(key))
    if asked in file.seen or isinstance(node, Scalar):  # one value is an expression that gives the list, mostly
        return
    file.seen.add(asked)
    if isinstance(node, Array) and not key[1]:
        yield from _listed(file, name, node.items, around.keys[key[0]].line)
    else:
        yield from _told(file, name, _apart(around.matrix, key))


def _apart(matrix: Table, key: tuple[str, str]) -> list[tuple[str, int]]:
    """The values that stand in tables: a list's own, or those that ``include`` lists."""
    own = matrix.array(key[0])
    path = [name for name in (key[1:] if own else key) if name]
    tables = islice(own or matrix.array("include"), _MOST)
    return _values([node for one in tables if isinstance(one, Table) and (node := one.get(*path)) is not None])


def _listed(file: _File, name: str, items: Sequence[Node], line: int) -> Iterator[Statement]:
    values = _values(items)
    span = _list(file.text, items) if len(items) <= _MOST and _gains(name, values) else None
    text = file.text[span.start : span.end] if span else ""
    if span is None or not scheme(_SCHEME).valid(text):
        yield from _told(file, name, values)
        return
    yield replace(stated(name, file.path, text, span, line), scheme=_SCHEME)


def _values(items: Sequence[Node]) -> list[tuple[str, int]]:
    """What stands in a list, each with its line."""
    return [(item.value.strip(), item.line) for item in items[:_MOST] if isinstance(item, Scalar)]


def _gains(name: str, values: Sequence[tuple[str, int]]) -> bool:
    """Whether a list holds a version that another one can be modelled on, and none with more numbers than lines tell.

    Those are an SDK's, or a vendor's build.
    """
    most = _NUMBERS.get(name, _USUAL)[1]
    found = (_VERSION.fullmatch(value) for value, _ in values)
    return any(_moves(name, value) for value, _ in values) and all(
        one is None or one[1].count(".") < most for one in found
    )


def _told(file: _File, name: str, values: Sequence[tuple[str, int]]) -> Iterator[Statement]:
    """The statement of a list that is not edited: with its newest version, or else the first thing that it says.

    It lists what is tested, so that it keeps nothing from moving, as lists of tox don't.
    """
    versions = [one for one in values if _moves(name, one[0])]
    others = [one for one in values if one[0] and "${{" not in one[0]]
    if versions:
        value, line = max(versions, key=lambda one: scheme("runtime").key(one[0]))
        yield unmoved(stated(name, file.path, value, Span(0, 0), line), _BY_HAND)
    elif others:
        found = _stays(file, name, *others[0])
        floats = found.obstacle is not None and found.obstacle.reason is SkipReason.FLOATING
        yield found if floats else replace(found, obstacle=_OTHERS)


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
    version=2,
    extract=extract,
    hints=("setup-", "Setup-", "SETUP-", "toolchain", "volta-cli/", "deadsnakes/"),
)

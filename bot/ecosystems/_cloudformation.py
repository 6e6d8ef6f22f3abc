"""CloudFormation and SAM templates as trees: which files are some, and where their values are written.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html,
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.model import Caution, Obstacle, SkipReason, Span, Statement
from bot.formats import json, lines, yaml
from bot.formats.base import Array, Node, Scalar, Table

_TAG = re.compile(r"!([A-Za-z:]{1,40})[ \t]+[\"']?\Z")
_IF = re.compile(r"!If[ \t]*(?:#[^\n]*)?\s*(?:\[\s*|-[ \t]+)[\"']?\Z")
_BEFORE = 60
_VALUES, _PATTERN = "AllowedValues", "AllowedPattern"
_LIMITED = "the parameter admits only what its {} says, which would have to change too"
_SHADOWED = "a deployed stack keeps the value that its parameter {} was given, whatever the template's default says"
_LONGEST_NAME = 255
_MOST = 20
_MORE = Caution("there is more than is named here that merging it changes in the same way", by_hand=True)

Found = tuple[Span, Statement]
"""A statement and the span of the value that it was read from: one place is stated once."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template and the file that it stands in; ``resources`` are (logical id, resource) pairs."""

    path: str
    text: str
    root: Table
    resources: tuple[tuple[str, Table], ...]


@dataclass(frozen=True, slots=True)
class Written:
    """Where a property's value is written, what keeps it as it is ("" for nothing), and what to know of a change."""

    scalar: Scalar
    limit: str = ""
    cautions: tuple[Caution, ...] = ()

    def kept(self, one: Statement) -> Statement:
        """The statement of it, held where something keeps it as it is."""
        told = replace(one, cautions=(*one.cautions, *self.cautions))
        if not self.limit or one.obstacle is not None:
            return told
        return replace(told, pins=(), obstacle=Obstacle(SkipReason.HELD, self.limit))


def templates(path: str, text: str) -> Iterator[Template]:
    """The templates in a file: itself, or what the Serverless Framework deploys beside its functions.

    A table is one where some of its ``Resources`` has a type with ``::``. Raises ``ParseError``
    for a file that can't be read.
    """
    begins = text.lstrip(f"{lines.BOM} \t\r\n")[:1]
    as_json = path.endswith(".json") or (path.endswith(".template") and begins == "{")
    for root in (json.parse(text),) if as_json else yaml.parse(text):
        beside = root.get("resources") if isinstance(root, Table) else None
        for one in (root, beside, *(beside.items if isinstance(beside, Array) else ())):
            resources = tuple(_resources(one)) if isinstance(one, Table) else ()
            if isinstance(one, Table) and any("::" in (own.text("Type") or "") for _, own in resources):
                yield Template(path, text, one, resources)


def _resources(root: Table) -> Iterator[tuple[str, Table]]:
    """The resources, and those that an ``Fn::ForEach`` makes of one, also of one in another."""
    waiting = list(reversed(root.table("Resources").entries))
    while waiting:
        key, one = waiting.pop()
        if isinstance(one, Table):
            yield key.value, one
        elif isinstance(one, Array):
            waiting += (entry for part in one.items[-1:] if isinstance(part, Table) for entry in reversed(part.entries))


def written(template: Template, node: Node | None) -> Iterator[Written]:
    """Where a property's value is written: here, in both branches of an ``If``, or as a parameter's default."""
    if isinstance(node, Scalar):
        tag = tag_of(template.text, node)
        if tag == "Ref":
            yield from _default(template, node.value)
        elif tag in {"", "Sub", "str"}:
            yield Written(node)
        return
    if isinstance(node, Table):
        yield from _default(template, node.text("Ref") or "")
    for branch in _branches(template.text, node):
        yield Written(branch)


def _branches(text: str, node: Node | None) -> Iterator[Scalar]:
    items = node.items if isinstance(node, Array) else node.array("Fn::If") if isinstance(node, Table) else ()
    if len(items) == 3 and (isinstance(node, Table) or _is_if(text, items[0])):
        yield from (item for item in items[1:] if isinstance(item, Scalar) and not tag_of(text, item))


def _is_if(text: str, condition: Node) -> bool:
    """Whether a list that begins with this is tagged as an ``If``, and not as a look-up or a choice."""
    before = (
        text[max(0, condition.span.start - _BEFORE) : condition.span.start] if isinstance(condition, Scalar) else ""
    )
    return _IF.search(before) is not None


def tag_of(text: str, scalar: Scalar) -> str:
    """The tag of a scalar without its "!", "" for none; the reader passes over tags."""
    found = _TAG.search(text[max(0, scalar.span.start - _BEFORE) : scalar.span.start])
    return found[1] if found else ""


def _default(template: Template, name: str) -> Iterator[Written]:
    parameter = template.root.table("Parameters", name)
    default = parameter.get("Default")
    if isinstance(default, Scalar):
        yield Written(default, limit_of(parameter), (shadowed(name),))


def limit_of(parameter: Table, harmless: re.Pattern[str] | None = None) -> str:
    """What keeps a parameter's default as it is, "" for nothing; ``harmless`` are patterns that admit every other."""
    if parameter.get(_VALUES) is not None:
        return _LIMITED.format(_VALUES)
    pattern = parameter.get(_PATTERN)
    free = pattern is None or (
        harmless is not None and isinstance(pattern, Scalar) and harmless.fullmatch(pattern.value)
    )
    return "" if free else _LIMITED.format(_PATTERN)


def shadowed(name: str) -> Caution:
    """The caution for the default of a parameter."""
    return Caution(_SHADOWED.format(name[:_LONGEST_NAME]), by_hand=False)


def united(*cautions: tuple[Caution, ...]) -> tuple[Caution, ...]:
    """Cautions, each once; more than 20 are cut, which one says."""
    every = tuple(dict.fromkeys(one for some in cautions for one in some))
    return every if len(every) <= _MOST else (*every[: _MOST - 1], _MORE)

"""CloudFormation and SAM templates: the runtimes of Lambda functions.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html,
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Obstacle, SkipReason, Span, Statement
from bot.ecosystems._functions import LAYERS, statement
from bot.ecosystems._runtimes import unmoved
from bot.formats import json, lines, yaml
from bot.formats.base import Array, Node, Scalar, Table

_FUNCTIONS = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
_RUNTIME = re.compile(r"\bRuntime\b")
_RESOURCES = re.compile(r"\bResources\b")
_TAG = re.compile(r"!([A-Za-z:]{1,40})[ \t]+[\"']?\Z")
_BEFORE = 60
_LIMITS = ("AllowedValues", "AllowedPattern")
_LIMITED = "the parameter admits only what its {} says, which would have to change too"


@dataclass(frozen=True, slots=True)
class _Template:
    """A template and the file that it stands in."""

    path: str
    text: str
    root: Table


_Said = tuple[Scalar, bool, str]
"""Where a runtime is written, whether functions of it have layers, and what keeps it as it is ("" for nothing)."""


def extract(path: str, text: str) -> FileFacts:
    """The runtimes that the functions of a template name, each place once.

    A file without resources and runtimes is not parsed. Raises ``ParseError`` for other files
    that can't be read.
    """
    if not _RUNTIME.search(text) or not _RESOURCES.search(text):
        return FileFacts(path, "cloudformation", ())
    found: dict[Span, Statement] = {}
    for root in _roots(path, text):
        for scalar, layers, limit in _said(_Template(path, text, root)):
            one = statement(path, scalar, layers=layers)
            if one is not None:
                found[scalar.span] = _joined(found.get(scalar.span), _kept(one, limit))
    return FileFacts(path, "cloudformation", annotate(found.values(), lines.annotations(text)))


def _roots(path: str, text: str) -> Iterator[Table]:
    """The templates in a file: itself, or what the Serverless Framework deploys beside its functions."""
    begins = text.lstrip(f"{lines.BOM} \t\r\n")[:1]
    as_json = path.endswith(".json") or (path.endswith(".template") and begins == "{")
    for root in (json.parse(text),) if as_json else yaml.parse(text):
        if isinstance(root, Table):
            yield root
            yield root.table("resources")


def _said(template: _Template) -> Iterator[_Said]:
    functions = [own for one in _resources(template.root) if (own := _properties(one)) is not None]
    for own in functions:
        yield from _written(template, own.get("Runtime"), layers=own.get("Layers") is not None)
    shared = template.root.table("Globals", "Function")
    inherits = any(own.get("Runtime") is None and own.get("Layers") is not None for own in functions)
    yield from _written(template, shared.get("Runtime"), layers=inherits or shared.get("Layers") is not None)


def _resources(root: Table) -> Iterator[Table]:
    """The resources, and those that an ``Fn::ForEach`` makes of one."""
    for _, one in root.table("Resources").entries:
        if isinstance(one, Table):
            yield one
        elif isinstance(one, Array):
            yield from (own for part in one.items[-1:] if isinstance(part, Table) for _, own in part.tables())


def _properties(resource: Table) -> Table | None:
    return resource.table("Properties") if resource.text("Type") in _FUNCTIONS else None


def _written(template: _Template, node: Node | None, *, layers: bool) -> Iterator[_Said]:
    """Where a runtime is written: here, in both branches of an ``If``, or as a parameter's default."""
    if isinstance(node, Scalar):
        tag = _tag(template.text, node)
        if tag == "Ref":
            yield from _default(template, node.value, layers=layers)
        elif tag in {"", "Sub", "str"}:
            yield node, layers, ""
        return
    if isinstance(node, Table):
        yield from _default(template, node.text("Ref") or "", layers=layers)
    for branch in _branches(template.text, node):
        yield branch, layers, ""


def _branches(text: str, node: Node | None) -> Iterator[Scalar]:
    items = node.items if isinstance(node, Array) else node.array("Fn::If") if isinstance(node, Table) else ()
    if len(items) == 3:
        yield from (item for item in items[1:] if isinstance(item, Scalar) and not _tag(text, item))


def _tag(text: str, scalar: Scalar) -> str:
    """The tag of a scalar without its "!", "" for none; the reader passes over tags."""
    found = _TAG.search(text[max(0, scalar.span.start - _BEFORE) : scalar.span.start])
    return found[1] if found else ""


def _default(template: _Template, name: str, *, layers: bool) -> Iterator[_Said]:
    parameter = template.root.table("Parameters", name)
    default = parameter.get("Default")
    if isinstance(default, Scalar):
        limit = next((_LIMITED.format(key) for key in _LIMITS if parameter.get(key) is not None), "")
        yield default, layers, limit


def _kept(one: Statement, limit: str) -> Statement:
    if not limit or one.obstacle is not None:
        return one
    return replace(unmoved(one, Obstacle(SkipReason.HELD, limit)), context=one.context)


def _joined(known: Statement | None, one: Statement) -> Statement:
    """What several functions share: it has layers when one of them has."""
    return one if known is None or known.context != LAYERS else known


ecosystem = Ecosystem(
    name="cloudformation",
    patterns=("*.yml", "*.yaml", "*.json", "*.template"),
    version=1,
    extract=extract,
    hints=("AWS::Lambda", "AWS::Serverless"),
)

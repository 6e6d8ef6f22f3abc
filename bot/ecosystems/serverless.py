"""The Serverless Framework: the runtimes of the AWS Lambda functions of a service.

Source: https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.model import FileFacts, Span, Statement
from bot.ecosystems._functions import LAYERS, statement
from bot.formats import lines, yaml
from bot.formats.base import Node, Scalar, Table

_OWN = re.compile(r"\$\{self:([A-Za-z0-9_-]{1,60}(?:\.[A-Za-z0-9_-]{1,60}){0,9})\}")

_Said = tuple[Node | None, bool]
"""What is given as a runtime, and whether functions of it have layers."""


def extract(path: str, text: str) -> FileFacts:
    """The runtimes of the provider and of functions, each place once; raises ``ParseError`` for what is no YAML.

    Services of other providers than AWS have none: their identifiers are others.
    """
    found: dict[Span, Statement] = {}
    for root in yaml.parse(text):
        for node, layers in _said(root) if isinstance(root, Table) else ():
            scalar = _written(root, node)
            one = statement(path, scalar, layers=layers) if scalar else None
            known = found.get(scalar.span) if scalar else None
            if scalar and one and (known is None or known.context != LAYERS):
                found[scalar.span] = one
    return FileFacts(path, "serverless", annotate(found.values(), lines.annotations(text)))


def _said(root: Table) -> Iterator[_Said]:
    provider, functions = root.table("provider"), list(_functions(root))
    # `provider: aws` is short for one with nothing but a name.
    if "aws" not in {provider.text("name"), root.text("provider")}:
        return
    for own in functions:
        yield own.get("runtime"), own.get("layers") is not None
    inherits = any(own.get("runtime") is None and own.get("layers") is not None for own in functions)
    yield provider.get("runtime"), inherits or provider.get("layers") is not None


def _functions(root: Table) -> Iterator[Table]:
    """The functions of a service: a mapping, or a list of mappings."""
    for part in (root.table("functions"), *root.array("functions")):
        if isinstance(part, Table):
            yield from (own for _, own in part.tables())


def _written(root: Node, node: Node | None) -> Scalar | None:
    """Where a runtime is written: here, or where ``${self:…}`` points."""
    if not isinstance(node, Scalar):
        return None
    own = _OWN.fullmatch(node.value)
    if own is None or not isinstance(root, Table):
        return node
    found = root.get(*own[1].split("."))
    return found if isinstance(found, Scalar) else None


ecosystem = Ecosystem(
    name="serverless",
    patterns=("serverless.yml", "serverless.yaml"),
    version=2,
    extract=extract,
    hints=("runtime",),
)

"""Karpenter: the images of the nodes that it makes (``EC2NodeClass``, and ``AWSNodeTemplate`` before it).

Sources: https://karpenter.sh/docs/concepts/nodeclasses/#specamiselectorterms,
https://karpenter.sh/v0.31/concepts/node-templates/#specamiselector
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import ID
from bot.core.model import FileFacts, Obstacle, SkipReason, Span, Statement
from bot.ecosystems._eks import documents, kind_of, labelled
from bot.ecosystems._embedded_images import embedded
from bot.ecosystems._machine_images import Where, region_of
from bot.formats import lines, yaml
from bot.formats.base import Scalar, Table

_READ = re.compile(r"\b(?:EC2NodeClass|AWSNodeTemplate)\b")
_STATES = re.compile(rf"(?:{ID.pattern})|@(?:latest\b|v?[0-9])")
_ALIAS = re.compile(r"(al2|al2023|bottlerocket|windows20[0-9]{2})@([0-9A-Za-z.-]{1,60})")
_DAYS = re.compile(r"v20[0-9]{6}")
_NUMBERS = re.compile(r"v?[0-9]{1,3}(?:\.[0-9]{1,3}){2}")
_LATEST = "latest"
_OLD_KEYS = ("aws::ids", "aws-ids")

_Place = tuple[Span, Statement]


def extract(path: str, text: str) -> FileFacts:
    """The aliases and ids of images that node classes name; raises ``ParseError`` for such a file that is no YAML.

    A file without any is not parsed.
    """
    if not _READ.search(text) or not _STATES.search(text):
        return FileFacts(path, "karpenter", ())
    found: dict[Span, Statement] = {}
    where = Where(path, region_of(path))
    for root in yaml.parse(text):
        for document in documents(root):
            for span, one in _stated(where, document):
                found.setdefault(span, one)
    return FileFacts(path, "karpenter", annotate(found.values(), lines.annotations(text)))


def _stated(where: Where, document: Table) -> Iterator[_Place]:
    kind, spec = kind_of(document), document.table("spec")
    if kind == "EC2NodeClass":
        for term in spec.array("amiSelectorTerms"):
            yield from _of_term(where, term) if isinstance(term, Table) else ()
    elif kind == "AWSNodeTemplate":
        selector = spec.table("amiSelector")
        for key in _OLD_KEYS:
            yield from _ids(where, selector.get(key))


def _of_term(where: Where, term: Table) -> Iterator[_Place]:
    yield from _ids(where, term.get("id"))
    alias = term.get("alias")
    found = _ALIAS.fullmatch(alias.value) if isinstance(alias, Scalar) else None
    if found is not None and isinstance(alias, Scalar):
        yield alias.span, _alias(where.path, alias, found)


def _ids(where: Where, node: object) -> Iterator[_Place]:
    if isinstance(node, Scalar):
        yield from ((piece.span, one) for piece, one in embedded(node, where))


def _alias(path: str, scalar: Scalar, found: re.Match[str]) -> Statement:
    """The statement of ``al2023@v20240807``: the version is what moves."""
    family, version = found.groups()
    named = f"karpenter/{family}"
    if version == _LATEST:
        seen = labelled(path, scalar, named, (0, 0))
        obstacle = Obstacle(SkipReason.FLOATING, f"{scalar.value} is whatever is the newest when a node is made")
        return replace(seen, constraint="", obstacle=obstacle)
    known = _NUMBERS if family == "bottlerocket" else _DAYS
    return labelled(path, scalar, named, found.span(2) if known.fullmatch(version) else (0, 0))


ecosystem = Ecosystem(
    name="karpenter",
    patterns=("*.yml", "*.yaml"),
    version=1,
    extract=extract,
    hints=("karpenter.k8s.aws",),
)

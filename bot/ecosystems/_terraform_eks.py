"""Releases of node groups and versions of add-ons of EKS clusters in Terraform configurations.

An add-on's cluster is one of the same folder: until ``Clusters.placed`` has looked for it, the
add-on's ``context.within`` is its address (``aws_eks_cluster.main``, ``module.eks``).
Sources: https://registry.terraform.io/providers/hashicorp/aws/latest/docs (``aws_eks_node_group``, ``aws_eks_addon``,
``aws_eks_cluster``), https://registry.terraform.io/modules/terraform-aws-modules/eks/aws/latest (``addons``).
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.core.model import FileFacts, Kind, Package, Statement
from bot.ecosystems import _eks as eks
from bot.ecosystems._terraform import Item, written
from bot.formats.base import Node, Scalar, Table
from bot.formats.hcl import Expression

_CLUSTER = re.compile(
    r"\b((?:aws_eks_cluster|module)\.[A-Za-z_][A-Za-z0-9_-]{0,100})(?:\[0\])?\.(?:cluster_)?(?:name|id)\b"
)
_OF_MODULES = ("cluster_addons", "addons", "eks_addons")
"""What modules call the arguments that give add-ons, by name."""


def resource(path: str, item: Item) -> Iterator[Statement]:
    """What a resource says of nodes or an add-on; of a cluster, for ``Clusters`` only, what it runs."""
    if item.kind == "aws_eks_node_group":
        version = literal(item.body.get("release_version"))
        if version is not None:
            stated = item.body.get("ami_type")
            of_type = "" if stated is None else written(item.body, "ami_type") or eks.ELSEWHERE
            yield eks.release(path, version, of_type)
    elif item.kind == "aws_eks_addon":
        yield from _addon(path, item.body)
    elif item.kind == "aws_eks_cluster":
        version = literal(item.body.get("version"))
        yield _runs(item, version.value if version is not None else "")


def module(path: str, item: Item) -> Iterator[Statement]:
    """The add-ons that a module for clusters is given, with the Kubernetes version that it is given, too."""
    if "eks" not in written(item.body, "source"):
        return
    kubernetes = written(item.body, "kubernetes_version") or written(item.body, "cluster_version")
    if kubernetes:
        yield _runs(item, kubernetes)
    for argument in _OF_MODULES:
        for key, own in item.body.table(argument).tables():
            name = written(own, "name") or key.value
            version = literal(own.get("addon_version"))
            if version is not None and eks.ADDON.fullmatch(name):
                yield eks.addon(path, name, version, kubernetes)


def _runs(item: Item, kubernetes: str) -> Statement:
    """Says what a cluster runs; for ``Clusters``, as ``complete`` drops it again."""
    name = Package(eks.ADDONS, "")
    return Statement(name, Kind.TOOL, "eks_addon", kubernetes, (), item.line, follows=item.address)


def literal(node: Node | None) -> Scalar | None:
    """A value that is no expression and not empty."""
    if not isinstance(node, Scalar) or isinstance(node, Expression) or not node.string:
        return None
    return node if node.value and "${" not in node.value else None


def _addon(path: str, body: Table) -> Iterator[Statement]:
    name, version = written(body, "addon_name"), literal(body.get("addon_version"))
    if version is None or not eks.ADDON.fullmatch(name):
        return
    one = eks.addon(path, name, version)
    cluster = body.get("cluster_name")
    found = _CLUSTER.search(cluster.value) if isinstance(cluster, Scalar) else None
    within = found[1] if found else ""
    yield replace(one, context=replace(one.context, within=within))


class Clusters:
    """What the clusters of each folder run, by address."""

    def __init__(self, files: Iterable[FileFacts]) -> None:
        self._runs: dict[tuple[str, str], set[str]] = defaultdict(set)
        for facts in files:
            for one in facts.statements:
                if one.package.registry == eks.ADDONS and one.follows is not None:
                    self._runs[posixpath.dirname(facts.path), one.follows].add(one.constraint)

    def placed(self, path: str, statement: Statement) -> Statement:
        """An add-on's statement with the Kubernetes version of its cluster; any other as it is."""
        address = statement.context.within
        if statement.package.registry != eks.ADDONS or not address:
            return statement
        found = self._runs.get((posixpath.dirname(path), address), set())
        package = eks.addon_package(statement.package.name, next(iter(found))) if len(found) == 1 else statement.package
        return replace(statement, package=package, context=replace(statement.context, within=""))

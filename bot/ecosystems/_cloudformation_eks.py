"""Releases of node groups and versions of add-ons of EKS clusters in CloudFormation templates.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-eks-nodegroup.html
and, under the same address, aws-resource-eks-addon and aws-resource-eks-cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.core.model import Obstacle, SkipReason, Span, Statement
from bot.ecosystems import _eks as eks
from bot.ecosystems._cloudformation import Found, Template, tag_of, written
from bot.formats.base import Node, Scalar, Table

_SEVERAL = Obstacle(SkipReason.HELD, "several add-ons take it: no version is for all of them")


def clusters(template: Template) -> Iterator[Found]:
    """What a template says of its clusters' nodes and add-ons."""
    for _, resource in template.resources:
        if resource.text("Type") == "AWS::EKS::Nodegroup":
            yield from _nodes(template, resource.table("Properties"))
    found: dict[Span, Statement] = {}
    for _, resource in template.resources:
        if resource.text("Type") == "AWS::EKS::Addon":
            for span, one in _addon(template, resource.table("Properties")):
                found[span] = _shared(found.get(span, one), one)
    yield from found.items()


def _nodes(template: Template, own: Table) -> Iterator[Found]:
    stated = own.get("AmiType")
    of_type = "" if stated is None else _only(template, stated) or eks.ELSEWHERE
    for place in written(template, own.get("ReleaseVersion")):
        yield place.scalar.span, place.kept(eks.release(template.path, place.scalar, of_type))


def _addon(template: Template, own: Table) -> Iterator[Found]:
    name, kubernetes = _only(template, own.get("AddonName")), _kubernetes(template, own.get("ClusterName"))
    for place in written(template, own.get("AddonVersion")) if eks.ADDON.fullmatch(name) else ():
        yield place.scalar.span, place.kept(eks.addon(template.path, name, place.scalar, kubernetes))


def _shared(known: Statement, one: Statement) -> Statement:
    """What several add-ons take: for one on several clusters, no Kubernetes version is known."""
    if known.package == one.package:
        return known
    name, other = (each.package.name.partition("/")[0] for each in (known, one))
    alone = replace(known, package=eks.addon_package(name, ""))
    return alone if name == other else replace(alone, pins=(), obstacle=_SEVERAL)


def _kubernetes(template: Template, cluster: Node | None) -> str:
    """The Kubernetes version of a cluster of this template, "" where nothing tells it for certain.

    The default of a parameter does not: what is deployed may have been given another.
    """
    name = (cluster.text("Ref") or "") if isinstance(cluster, Table) else ""
    if isinstance(cluster, Scalar) and tag_of(template.text, cluster) == "Ref":
        name = cluster.value
    found = [own for key, own in template.resources if key == name and own.text("Type") == "AWS::EKS::Cluster"]
    version = found[0].get("Properties", "Version") if len(found) == 1 else None
    return version.value if isinstance(version, Scalar) and not tag_of(template.text, version) else ""


def _only(template: Template, node: Node | None) -> str:
    """The one value that a property has here, "" where there is none, or several."""
    values = {place.scalar.value for place in written(template, node)}
    return values.pop() if len(values) == 1 else ""

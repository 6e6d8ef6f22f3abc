"""What the ecosystems that state the images of Kubernetes nodes on AWS, and the add-ons of clusters, share.

Sources: https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html (``amiType``,
``releaseVersion``), https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html,
https://docs.aws.amazon.com/eks/latest/userguide/al2023.html (which type is the default),
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html (``addonName``, ``addonVersion``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.core.model import Context, Kind, Obstacle, Package, Pin, SkipReason, Statement
from bot.core.versions import scheme
from bot.ecosystems._machine_images import SCHEME
from bot.formats.base import Node, Scalar, Table

REGISTRY = "aws_images"
"""The registry that lists what AWS releases of a family of images."""

ADDONS = "aws_eks_addons"
"""The registry that lists the versions of add-ons."""

ELSEWHERE = "told-elsewhere"
"""Stands for a type of image that something else tells."""

ADDON = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What an add-on's name looks like."""

_SEGMENTS = {
    "AL2_x86_64": "amazon-linux-2",
    "AL2_x86_64_GPU": "amazon-linux-2-gpu",
    "AL2_ARM_64": "amazon-linux-2-arm64",
    "AL2023_x86_64_STANDARD": "amazon-linux-2023/x86_64/standard",
    "AL2023_ARM_64_STANDARD": "amazon-linux-2023/arm64/standard",
    "AL2023_x86_64_NEURON": "amazon-linux-2023/x86_64/neuron",
    "AL2023_x86_64_NVIDIA": "amazon-linux-2023/x86_64/nvidia",
    "AL2023_ARM_64_NVIDIA": "amazon-linux-2023/arm64/nvidia",
}
"""Where the public parameters of each type of image stand, below those of its Kubernetes version."""

_RELEASE = re.compile(r"(1\.([0-9]{1,2}))\.[0-9]{1,3}-20[0-9]{6}")
_FIRST_WITH_2023 = 30
_LONGEST = 100
_KUBERNETES = re.compile(r"1\.[0-9]{1,2}")
_ADDONS = scheme("eks_addon")
_GROUPS = {
    "karpenter.k8s.aws": frozenset({"EC2NodeClass", "AWSNodeTemplate"}),
    "eksctl.io": frozenset({"ClusterConfig"}),
}


def documents(root: Node) -> Iterator[Table]:
    """The objects of a Kubernetes document: itself, or the items of a ``List``."""
    if not isinstance(root, Table):
        return
    yield root
    if root.text("kind") == "List":
        yield from (item for item in root.array("items") if isinstance(item, Table))


def kind_of(document: Table) -> str:
    """What an object is, if it is one that states images of nodes; "" for any other."""
    group, kind = (document.text("apiVersion") or "").partition("/")[0], document.text("kind") or ""
    return kind if kind in _GROUPS.get(group, ()) else ""


def default_type(release: str) -> str:
    """The type of image that a node group has which names none, by its release."""
    found = _RELEASE.fullmatch(release)
    modern = found is not None and int(found[2]) >= _FIRST_WITH_2023
    return "AL2023_x86_64_STANDARD" if modern else "AL2_x86_64"


def release(path: str, scalar: Scalar, ami_type: str = "") -> Statement:
    """The statement of a node group's release (``1.29.0-20240110``), of a type as the API names it ("" for none).

    It moves within its own Kubernetes version: that is the cluster's to choose.
    """
    value = scalar.value
    found = _RELEASE.fullmatch(value)
    segment = _SEGMENTS.get(ami_type or default_type(value))
    if segment is None:
        return labelled(path, scalar, f"eks/{ami_type[:_LONGEST]}", (0, 0))
    if found is None:
        return labelled(path, scalar, f"eks/{segment}", (0, 0))
    return labelled(path, scalar, f"eks/{found[1]}/{segment}", (0, len(value)))


def labelled(path: str, scalar: Scalar, name: str, at: tuple[int, int]) -> Statement:
    """The statement of a release of the family ``name`` that stands at these offsets of a scalar's value.

    Nowhere (``(0, 0)``) for one that can be read and not be compared with others.
    """
    start, end = at
    text = scalar.value[start:end]
    span = scalar.locate(start, end) if text else None
    detail = "it is written with escapes" if text else f"{scalar.value[:_LONGEST]!r} can't be compared with others"
    return Statement(
        package=Package(REGISTRY, name),
        kind=Kind.MACHINE_IMAGE,
        scheme=SCHEME,
        constraint=text or scalar.value[:_LONGEST],
        pins=() if span is None else (Pin(path, span, text),),
        line=scalar.line,
        obstacle=Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, detail) if span is None else None,
        lockable=False,
    )


def addon(path: str, name: str, scalar: Scalar, kubernetes: str = "") -> Statement:
    """The statement of an add-on's version; ``kubernetes`` is what its cluster runs, "" where nothing tells it.

    Which versions there are for an add-on depends on it.
    """
    value = scalar.value[:_LONGEST]
    span = scalar.locate(0, len(scalar.value)) if _ADDONS.valid(scalar.value) else None
    return Statement(
        package=addon_package(name, kubernetes),
        kind=Kind.TOOL,
        scheme=_ADDONS.name,
        constraint=value,
        pins=() if span is None else (Pin(path, span, value),),
        line=scalar.line,
        context=Context(group="add-on"),
        obstacle=None if span else _unmovable(value),
        lockable=False,
    )


def addon_package(name: str, kubernetes: str) -> Package:
    """What is looked up of an add-on; ``kubernetes`` counts if it is a version (``1.29``)."""
    return Package(ADDONS, f"{name}/{kubernetes}" if _KUBERNETES.fullmatch(kubernetes) else name)


def _unmovable(value: str) -> Obstacle:
    """Why the version of an add-on can't be moved."""
    if value == "latest":
        return Obstacle(SkipReason.FLOATING, "it is the newest whenever it is installed")
    if _ADDONS.valid(value):
        return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, "it is written with escapes")
    return Obstacle(SkipReason.UNSUPPORTED_CONSTRAINT, f"{value!r} can't be compared with others")

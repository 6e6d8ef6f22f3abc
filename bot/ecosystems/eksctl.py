"""eksctl: the images of the node groups that a ``ClusterConfig`` describes, and its add-ons.

Source: https://schema.eksctl.io/ (``managedNodeGroups``, ``nodeGroups``, ``addons``)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.annotations import annotate
from bot.core.ecosystem import Ecosystem
from bot.core.machine_images.asked import REGION
from bot.core.model import Caution, FileFacts, Span, Statement
from bot.ecosystems._eks import ADDON, ADDONS, addon, default_type, documents, kind_of, release
from bot.ecosystems._machine_images import Where, region_of, statement
from bot.formats import lines, yaml
from bot.formats.base import Scalar, Table

_READ = re.compile(r"\bClusterConfig\b")
_STATES = re.compile(r"\baddons\b|\breleaseVersion\b|\bami-[0-9a-f]{8}")
_GRAVITON = re.compile(r"(?:a1|[a-z]{1,3}[0-9]g[a-z]*)(?:-[a-z0-9]+)?\.")
_NVIDIA = re.compile(r"(?:p[2-9]|g[3-9])[a-z]*(?:-[a-z0-9]+)?\.")
_NEURON = re.compile(r"(?:inf|trn)[0-9]")
_STAYS = Caution(
    "eksctl leaves node groups that exist as they are: `eksctl upgrade nodegroup` moves them", by_hand=False
)
_ADDON_STAYS = Caution("eksctl leaves add-ons that exist as they are: `eksctl update addon` moves them", by_hand=False)


def extract(path: str, text: str) -> FileFacts:
    """The releases and ids of images that node groups name, and the versions of add-ons.

    A file without any is not parsed. Raises ``ParseError`` for such a file that is no YAML.
    """
    if not _READ.search(text) or not _STATES.search(text):
        return FileFacts(path, "eksctl", ())
    found: dict[Span, Statement] = {}
    for root in yaml.parse(text):
        for document in documents(root):
            for scalar, one in _stated(path, document):
                stays = _ADDON_STAYS if one.package.registry == ADDONS else _STAYS
                found.setdefault(scalar.span, replace(one, cautions=(stays,)))
    return FileFacts(path, "eksctl", annotate(found.values(), lines.annotations(text)))


def _stated(path: str, document: Table) -> Iterator[tuple[Scalar, Statement]]:
    if kind_of(document) != "ClusterConfig":
        return
    told = document.text("metadata", "region") or ""
    where = Where(path, told if REGION.fullmatch(told) else region_of(path))
    for key in ("managedNodeGroups", "nodeGroups"):
        for group in document.array(key):
            yield from _of_group(where, group) if isinstance(group, Table) else ()
    yield from _addons(path, document)


def _addons(path: str, document: Table) -> Iterator[tuple[Scalar, Statement]]:
    node = document.get("metadata", "version")
    kubernetes = node.value if isinstance(node, Scalar) else ""
    for one in document.array("addons"):
        name = (one.text("name") or "") if isinstance(one, Table) else ""
        version = one.get("version") if isinstance(one, Table) else None
        if isinstance(version, Scalar) and version.value and ADDON.fullmatch(name):
            yield version, addon(path, name, version, kubernetes)


def _of_group(where: Where, group: Table) -> Iterator[tuple[Scalar, Statement]]:
    image, version = group.get("ami"), group.get("releaseVersion")
    own = statement(image, where) if isinstance(image, Scalar) else None
    if own is not None and isinstance(image, Scalar):
        yield image, own
    if isinstance(version, Scalar) and version.value:
        yield version, release(where.path, version, _type(group, version.value))


def _type(group: Table, version: str) -> str:
    """The type of a node group's image as the API names it; eksctl tells it by the family and the instances."""
    family, instance = group.text("amiFamily"), _instance(group)
    arm, nvidia = bool(_GRAVITON.match(instance)), bool(_NVIDIA.match(instance))
    if family is None:
        family = "AmazonLinux2023" if default_type(version).startswith("AL2023") else "AmazonLinux2"
    if family == "AmazonLinux2":
        return "AL2_ARM_64" if arm else "AL2_x86_64_GPU" if nvidia or _NEURON.match(instance) else "AL2_x86_64"
    if family != "AmazonLinux2023":
        return family
    variant = "NVIDIA" if nvidia else "NEURON" if _NEURON.match(instance) else "STANDARD"
    return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{variant}"


def _instance(group: Table) -> str:
    """The type of the instances, the first of several."""
    listed = group.array("instanceTypes")
    first = listed[0].value if listed and isinstance(listed[0], Scalar) else ""
    return group.text("instanceType") or first


ecosystem = Ecosystem(
    name="eksctl",
    patterns=("*.yml", "*.yaml"),
    version=2,
    extract=extract,
    hints=("eksctl.io",),
)

"""Versions of the add-ons of EKS clusters.

A package is an add-on (``vpc-cni``) or an add-on for a Kubernetes version (``vpc-cni/1.29``). Which
cluster the first is for is not known: its versions are those that every Kubernetes version takes
which has any. AWS says of no version since when it is there.
Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from bot.core.model import Answer, Package, SkipReason, Unavailable
from bot.core.versions import scheme
from bot.registries._amazon import Account, Amazon
from bot.registries._amazon_lists import Listed, ListedTogether, listings

__all__ = ["Amazon", "look_up", "registry"]

REGISTRY = "aws_eks_addons"
SCHEME = "eks_addon"

MOST_PAGES = 20
"""An add-on has one page; more than this many is no answer to what was asked."""

_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,99})(?:/(1\.[0-9]{1,2}))?")
_RULES = scheme(SCHEME)
_NO_COMMON = (
    "{}: no version of it is for every Kubernetes version; state the version of the cluster beside it, as a literal"
)


def look_up(packages: Collection[Package], amazon: Amazon) -> dict[Package, Answer]:
    """The versions of each add-on, newest first, or why they are not known; nothing is raised."""
    return listings(packages, amazon, _ask, SCHEME)


def _ask(package: Package, account: Account, region: str) -> Listed | Unavailable:
    found = _NAME.fullmatch(package.name)
    if found is None:
        return Unavailable(SkipReason.INVALID_NAME, f"{package.name[:80]!r} is no add-on of EKS")
    name, kubernetes = found[1], found[2] or ""
    about = {"addonName": name} | ({"kubernetesVersion": kubernetes} if kubernetes else {})
    with account.asking("eks:DescribeAddonVersions", region):
        client = account.client("eks", region)
        pages = islice(client.get_paginator("describe_addon_versions").paginate(**about), MOST_PAGES)
        try:
            told = [one for page in pages for one in page["addons"] if one["addonName"] == name]
        except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidParameterException):
            told = []
        common = versions(told, kubernetes)
    if told and not common and not kubernetes:
        return Unavailable(SkipReason.NOT_FOUND, _NO_COMMON.format(name))
    return common


def versions(told: Iterable[Mapping[str, Any]], kubernetes: str) -> Listed:
    """The versions for a Kubernetes version ("" for all of those that any is for), of what EKS says of an add-on.

    Raises ``KeyError`` for what is no ``AddonInfo`` (EKS API reference). None has a date.
    """
    takes = {
        str(one["addonVersion"]): {str(each["clusterVersion"]) for each in one["compatibilities"]}
        for addon in told
        for one in addon["addonVersions"]
    }
    needed = {kubernetes} if kubernetes else set().union(*takes.values())
    return {one: None for one, own in takes.items() if own >= needed and _RULES.key(one) is not None}


registry = ListedTogether(REGISTRY, SCHEME)

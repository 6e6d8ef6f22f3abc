"""Versions of the images that EC2 Image Builder has from Amazon, which recipes name as their parents.

A package is an image's name as ARNs write it (``amazon-linux-2023-x86``), its releases the newest of
its versions. A recipe that names a version gets the newest build of it, so that is as old as that build.
Sources: https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_ListImages.html,
https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_ListImageBuildVersions.html
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from bot.core.model import Answer, Package, SkipReason, Unavailable
from bot.core.versions import scheme
from bot.registries._amazon import Account, Amazon
from bot.registries._amazon_lists import Listed, ListedTogether, last, listings
from bot.registries._kept import moment

__all__ = ["Amazon", "look_up", "registry"]

REGISTRY = "aws_image_builder"
SCHEME = "image_date"

PAGE = 100
MOST_PAGES = 60
NEWEST = 8
"""So many of an image's newest versions are looked at: each costs a call."""

_NAME = re.compile(r"[a-z0-9_-]{1,128}")
_ARN = re.compile(
    r"arn:aws[a-z-]{0,20}:imagebuilder:[a-z0-9-]{1,40}:aws:image/([a-z0-9_-]{1,128})/([0-9]+(?:\.[0-9]+){2})"
)
_RULES = scheme(SCHEME)

_Versions = dict[str, dict[str, str]]
"""The ARNs of versions, by image and version."""


def look_up(packages: Collection[Package], amazon: Amazon) -> dict[Package, Answer]:
    """The newest versions of each image, newest first, or why they are not known; nothing is raised."""
    return listings(packages, amazon, _Shelf().ask, SCHEME)


class _Shelf:
    """What one look-up was told: a region lists all images at once. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._told: dict[tuple[str, str], _Versions] = {}

    def ask(self, package: Package, account: Account, region: str) -> Listed | Unavailable:
        """What a region lists of an image; raises ``AmazonError``."""
        if not _NAME.fullmatch(package.name):
            return Unavailable(SkipReason.INVALID_NAME, f"{package.name[:80]!r} is no image of Image Builder's")
        listed = self._images(account, region).get(package.name, {})
        newest = sorted(listed, key=_RULES.key, reverse=True)[:NEWEST]
        dates = {version: _built(account, region, listed[version]) for version in newest}
        return {version: last(each) for version, each in dates.items() if each}

    def _images(self, account: Account, region: str) -> _Versions:
        key = account.title, region
        with self._lock:
            waiting = self._waiting[key]
        with waiting:
            if key not in self._told:
                self._told[key] = _listed(account, region)
            return self._told[key]


def _listed(account: Account, region: str) -> _Versions:
    with account.asking("imagebuilder:ListImages", region):
        asked = {"owner": "Amazon", "PaginationConfig": {"PageSize": PAGE}}
        pages = islice(
            account.client("imagebuilder", region).get_paginator("list_images").paginate(**asked), MOST_PAGES
        )
        return versions(one for page in pages for one in page["imageVersionList"])


def _built(account: Account, region: str, arn: str) -> list[datetime | None]:
    with account.asking("imagebuilder:ListImageBuildVersions", region):
        client = account.client("imagebuilder", region)
        told = client.list_image_build_versions(imageVersionArn=arn, maxResults=PAGE)
        return builds(told["imageSummaryList"])


def versions(told: Iterable[Mapping[str, Any]]) -> _Versions:
    """The ARNs of the versions of Amazon's images, of what Image Builder says of them (type ``ImageVersion``)."""
    found: _Versions = defaultdict(dict)
    for one in told:
        of = _ARN.fullmatch(str(one.get("arn", "")))
        if of is not None and _RULES.key(of[2]) is not None:
            found[of[1]][of[2]] = of[0]
    return found


def builds(told: Iterable[Mapping[str, Any]]) -> list[datetime | None]:
    """When each build of a version that can be used was made, of what Image Builder says (type ``ImageSummary``)."""
    return [
        moment(one.get("dateCreated")) for one in told if one.get("state", {}).get("status", "AVAILABLE") == "AVAILABLE"
    ]


registry = ListedTogether(REGISTRY, SCHEME)

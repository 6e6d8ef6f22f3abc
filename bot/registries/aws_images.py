"""Releases of the images that AWS makes for Kubernetes nodes: those of node groups, and Karpenter's aliases.

They are listed by Systems Manager's public parameters: a folder for each release, whose parameters
are as old as the release. Sources: Systems Manager API reference, ``GetParametersByPath`` and
``GetParameters``; https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html,
https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id-bottlerocket.html,
https://karpenter.sh/docs/concepts/nodeclasses/#specamiselectorterms (how an alias is resolved).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from bot.core.model import Answer, Package, SkipReason, Unavailable
from bot.core.versions import scheme
from bot.registries._amazon import Account, Amazon
from bot.registries._amazon_lists import Listed, ListedTogether, listings

__all__ = ["Amazon", "look_up", "registry"]

REGISTRY = "aws_images"
SCHEME = "image_date"

MOST_PARAMETERS = 3000
PARAMETERS_A_CALL = 10
LABELS = 6
"""So many of the newest labels of an alias are looked for in every Kubernetes version."""

_EKS = "/aws/service/eks/optimized-ami"
_BOTTLEROCKET = "/aws/service/bottlerocket"
_NODES = re.compile(r"eks/(1\.[0-9]{1,2}/amazon-linux-[a-z0-9_/-]{1,60})")
_ALIAS = re.compile(r"karpenter/([a-z0-9]{1,20})")
_RELEASE = re.compile(r"1\.[0-9]{1,2}\.[0-9]{1,3}-20[0-9]{6}")
_DAY = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})\Z")
_NUMBERS = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")
_LABEL = rf"v20[0-9]{{6}}|{_NUMBERS.pattern}"
_VERSIONS = tuple(f"1.{minor}" for minor in range(24, 54))
"""The Kubernetes versions that are looked for; there is no list of those that AWS has images for."""

_LIVE = timedelta(days=60)
_LIVE_MINORS = 2
_RULES = scheme(SCHEME)


@dataclass(frozen=True, slots=True)
class _Line:
    """Where the releases of an alias stand for one architecture; ``{0}`` is a Kubernetes version, ``{1}`` a label."""

    folder: str
    release: str
    newest: str


def _linux(folder: str, name: str) -> _Line:
    return _Line(f"{_EKS}/{{0}}/{folder}/", f"{name}-{{0}}-{{1}}", "recommended/release_version")


def _bottlerocket(architecture: str) -> _Line:
    return _Line(f"{_BOTTLEROCKET}/aws-k8s-{{0}}/{architecture}/", "{1}", "latest/image_version")


_ALIASES = {
    "al2": (
        _linux("amazon-linux-2", "amazon-eks-node"),
        _linux("amazon-linux-2-arm64", "amazon-eks-arm64-node"),
    ),
    "al2023": tuple(
        _linux(f"amazon-linux-2023/{architecture}/standard", f"amazon-eks-node-al2023-{architecture}-standard")
        for architecture in ("x86_64", "arm64")
    ),
    "bottlerocket": tuple(_bottlerocket(architecture) for architecture in ("x86_64", "arm64")),
}

Parameters = Mapping[str, tuple[str, datetime | None]]
"""Values and times of the last change, by name."""


def look_up(packages: Collection[Package], amazon: Amazon) -> dict[Package, Answer]:
    """The releases of each family, newest first, or why they are not known; nothing is raised.

    Where the operator names several regions, a release counts once all of them have it. One that
    does not answer is named in the listing's notice.
    """
    return listings(packages, amazon, _answer, SCHEME)


# Asking


@dataclass(frozen=True, slots=True)
class _Ask:
    """One account's public parameters in one region."""

    account: Account
    region: str

    def below(self, folder: str) -> Parameters:
        """Everything below a folder; raises ``AmazonError``."""
        with self.account.asking("ssm:GetParametersByPath", self.region):
            pages = self.account.client("ssm", self.region).get_paginator("get_parameters_by_path")
            every = pages.paginate(Path=folder, Recursive=True, PaginationConfig={"PageSize": PARAMETERS_A_CALL})
            return parameters(islice((one for page in every for one in page["Parameters"]), MOST_PARAMETERS))

    def named(self, names: Iterable[str]) -> Parameters:
        """Those of the parameters that are there; raises ``AmazonError``."""
        wanted = list(names)
        found: dict[str, tuple[str, datetime | None]] = {}
        for start in range(0, len(wanted), PARAMETERS_A_CALL):
            with self.account.asking("ssm:GetParameters", self.region):
                client = self.account.client("ssm", self.region)
                answer = client.get_parameters(Names=wanted[start : start + PARAMETERS_A_CALL])
            found |= parameters(answer["Parameters"])
        return found


def parameters(told: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, datetime | None]]:
    """What Systems Manager says of parameters (type ``Parameter``): value and time of the last change, by name."""
    found: dict[str, tuple[str, datetime | None]] = {}
    for one in told:
        changed = one.get("LastModifiedDate")
        at = changed.astimezone(UTC) if isinstance(changed, datetime) else None
        found[str(one.get("Name", ""))] = str(one.get("Value", "")), at
    return found


def _answer(package: Package, account: Account, region: str) -> Listed | Unavailable:
    """What an account is told in a region; raises ``AmazonError``."""
    nodes, alias = _NODES.fullmatch(package.name), _ALIAS.fullmatch(package.name)
    lines = _ALIASES.get(alias[1], ()) if alias else ()
    if nodes is None and not lines:
        return Unavailable(SkipReason.NOT_FOUND, f"{package.name[:80]}: AWS lists no releases of it")
    ask = _Ask(account, region)
    return releases(ask.below(f"{_EKS}/{nodes[1]}/")) if nodes else _of_alias(ask, lines)


# Node groups


def releases(told: Parameters) -> Listed:
    """The releases below a folder of one Kubernetes version and type of image; ``recommended`` is none of its own."""
    return {
        value: at
        for name, (value, at) in told.items()
        if name.endswith("/release_version") and "/recommended/" not in name and _RELEASE.fullmatch(value)
    }


# Aliases


def _of_alias(ask: _Ask, lines: tuple[_Line, ...]) -> Listed:
    """The labels that every Kubernetes version has which still gets new ones: which is the cluster's is not known."""
    first = lines[0]
    names = {version: first.folder.format(version) + first.newest for version in _VERSIONS}
    told = ask.named(names.values())
    live = alive({version: told[name][0] for version, name in names.items() if name in told})
    if not live:
        return {}
    found = labels(ask.below(first.folder.format(live[-1])), first, live[-1])
    newest = sorted(found, key=_RULES.key, reverse=True)[:LABELS]
    places = {label: tuple(_places(lines, live, label)) for label in newest}
    there = ask.named([name for label in newest for name in places[label]]).keys()
    return {f"v{label.removeprefix('v')}": found[label] for label in newest if there >= set(places[label])}


def _places(lines: tuple[_Line, ...], versions: Iterable[str], label: str) -> Iterator[str]:
    for version in versions:
        yield from (f"{(line.folder + line.release).format(version, label)}/image_id" for line in lines)


def alive(newest: Mapping[str, str]) -> list[str]:
    """The Kubernetes versions that still get releases, oldest first, by what the newest of each is.

    A version that is not supported any more keeps its old ones.
    """
    days = {version: day for version, text in newest.items() if (day := _day(text))}
    if days:
        return [version for version, day in days.items() if day >= max(days.values()) - _LIVE]
    numbers = {
        version: tuple(map(int, found[0].split(".")))
        for version, text in newest.items()
        if (found := _NUMBERS.match(text))
    }
    last = max(numbers.values(), default=(0, 0, 0))
    return [version for version, one in numbers.items() if one[0] == last[0] and one[1] >= last[1] - _LIVE_MINORS]


def _day(text: str) -> datetime | None:
    found = _DAY.search(text)
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC) if found else None
    except ValueError:
        return None


def labels(told: Parameters, line: _Line, version: str) -> Listed:
    """The labels of the releases below a folder, as aliases name them."""
    before = re.escape((line.folder + line.release).format(version, ""))
    own = re.compile(rf"{before}({_LABEL})/image_id")
    return {found[1]: at for name, (_, at) in told.items() if (found := own.fullmatch(name))}


registry = ListedTogether(REGISTRY, SCHEME)

"""Versions of add-ons, as EKS tells them (type ``AddonInfo``, EKS API reference); moto has no such call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.core.model import Answer, Listing, Package, SkipReason, Unavailable
from bot.http import Http, MemoryCache
from bot.registries._amazon import Amazon
from bot.registries.aws_eks_addons import look_up, registry, versions
from bot.registries.base import LookUpError
from tests.fakes.amazon import OWN, FakeAmazon

IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
CNI = {
    "v1.19.5-eksbuild.3": ["1.29", "1.30", "1.31"],
    "v1.19.5-eksbuild.1": ["1.29", "1.30", "1.31"],
    "v1.20.0-eksbuild.1": ["1.30", "1.31"],
    "v1.18.1-eksbuild.3": ["1.28", "1.29", "1.30", "1.31"],
    "v1.9.0-eksbuild.1": ["1.28"],
    "v2.0.0-rc.1": ["1.28", "1.29", "1.30", "1.31"],
}


def amazon(fake: FakeAmazon, *regions: str, **more: Any) -> Amazon:
    return Amazon(regions or (IRELAND,), endpoint=fake.endpoint, attempts=1, **more)


def info(name: str, takes: Mapping[str, list[str]], kubernetes: str = "") -> dict[str, Any]:
    """An add-on as EKS describes it, for one Kubernetes version or all."""
    return {
        "addonName": name,
        "type": "networking",
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "compatibilities": [
                    {"clusterVersion": each, "platformVersions": ["*"], "defaultVersion": False}
                    for each in clusters
                    if kubernetes in {"", each}
                ],
                "requiresConfiguration": False,
            }
            for version, clusters in takes.items()
            if not kubernetes or kubernetes in clusters
        ],
        "publisher": "eks",
        "owner": "aws",
    }


def publish(fake: FakeAmazon, per_region: Mapping[str, Mapping[str, list[str]]]) -> list[Mapping[str, Any]]:
    """Serve ``vpc-cni`` in two pages, the second of another add-on's; what was asked is collected."""
    asked: list[Mapping[str, Any]] = []

    def answer(region: str, about: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(about)
        if "nextToken" in about:
            return {"addons": [info("coredns", {"v1.11.1-eksbuild.9": ["1.29"]})]}
        return {"addons": [info("vpc-cni", per_region[region], about.get("kubernetesVersion", ""))], "nextToken": "2"}

    fake.script("DescribeAddonVersions", answer)
    return asked


def one(name: str, amazon: Amazon) -> Answer:
    (answer,) = look_up([Package("aws_eks_addons", name)], amazon).values()
    return answer


def listed(name: str, amazon: Amazon) -> list[str]:
    answer = one(name, amazon)
    assert isinstance(answer, Listing), answer
    assert answer.partial
    assert all(release.published is None for release in answer.releases)
    return list(answer.versions)


def refused(name: str, amazon: Amazon) -> tuple[SkipReason, str]:
    answer = one(name, amazon)
    assert isinstance(answer, Unavailable), answer
    return answer.reason, answer.detail


def test_versions_for_a_kubernetes_version_newest_first(fake: FakeAmazon) -> None:
    asked = publish(fake, {IRELAND: CNI})
    assert listed("vpc-cni/1.30", amazon(fake)) == [
        "v1.20.0-eksbuild.1",
        "v1.19.5-eksbuild.3",
        "v1.19.5-eksbuild.1",
        "v1.18.1-eksbuild.3",
    ]
    assert asked[0] == {"addonName": "vpc-cni", "kubernetesVersion": "1.30"}
    assert len(asked) == 2


def test_without_one_only_those_that_every_kubernetes_version_takes(fake: FakeAmazon) -> None:
    publish(fake, {IRELAND: CNI})
    assert listed("vpc-cni", amazon(fake)) == ["v1.18.1-eksbuild.3"]


def test_where_none_is_for_all_a_person_is_told_what_to_state(fake: FakeAmazon) -> None:
    publish(fake, {IRELAND: {"v1.29.0-eksbuild.1": ["1.29"], "v1.30.0-eksbuild.1": ["1.30"]}})
    reason, detail = refused("vpc-cni", amazon(fake))
    assert (reason, "state the version of the cluster" in detail) == (SkipReason.NOT_FOUND, True)


def test_a_version_counts_once_all_regions_have_it(fake: FakeAmazon) -> None:
    older = {version: takes for version, takes in CNI.items() if not version.startswith("v1.20")}
    publish(fake, {IRELAND: CNI, VIRGINIA: older})
    assert listed("vpc-cni/1.30", amazon(fake, IRELAND, VIRGINIA))[0] == "v1.19.5-eksbuild.3"


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "InvalidParameterException"])
def test_an_add_on_that_there_is_not(fake: FakeAmazon, code: str) -> None:
    fake.fail(code, lambda call: call.action == "DescribeAddonVersions")
    assert refused("none/1.29", amazon(fake)) == (
        SkipReason.NOT_FOUND,
        "none/1.29: no release of it is listed in eu-west-1",
    )


def test_another_add_ons_versions_do_not_count(fake: FakeAmazon) -> None:
    publish(fake, {IRELAND: CNI})
    assert refused("kube-proxy/1.29", amazon(fake))[0] is SkipReason.NOT_FOUND


@pytest.mark.parametrize("name", ["", "../x", "vpc-cni/1.x", "vpc-cni/2.1", "a b"])
def test_what_is_no_add_on_is_not_asked_for(fake: FakeAmazon, name: str) -> None:
    assert refused(name, amazon(fake))[0] is SkipReason.INVALID_NAME
    assert fake.calls == []


def test_failures_are_reasons(fake: FakeAmazon) -> None:
    fake.fail("AccessDeniedException", lambda call: call.action == "DescribeAddonVersions", times=1, status=403)
    reason, detail = refused("vpc-cni", amazon(fake))
    assert (reason, "eks:DescribeAddonVersions" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)
    fake.script("DescribeAddonVersions", lambda *_: {"page": "to sign in"})
    reason, detail = refused("vpc-cni", amazon(fake))
    assert (reason, "not AWS" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)


def test_another_account_is_asked_where_the_first_may_not(fake: FakeAmazon) -> None:
    publish(fake, {IRELAND: CNI})
    fake.fail("AccessDeniedException", lambda call: call.action == "DescribeAddonVersions", times=1)
    role = f"arn:aws:iam::{OWN}:role/reader"
    assert listed("vpc-cni", amazon(fake, roles=(role,))) == ["v1.18.1-eksbuild.3"]


def test_what_is_parsed() -> None:
    told = [info("x", {"v1.0.0-eksbuild.1": ["1.29", "1.30"], "v1.1.0-eksbuild.1": ["1.30"], "odd": ["1.29", "1.30"]})]
    assert versions(told, "") == {"v1.0.0-eksbuild.1": None}
    assert versions(told, "1.30") == {"v1.0.0-eksbuild.1": None, "v1.1.0-eksbuild.1": None}
    assert versions([], "") == {}


def test_alone_it_lists_nothing() -> None:
    assert (registry.name, registry.scheme) == ("aws_eks_addons", "eks_addon")
    with Http(MemoryCache()) as http, pytest.raises(LookUpError, match="not configured for AWS"):
        registry.fetch(Package("aws_eks_addons", "vpc-cni"), "", http)

"""Releases of images of Kubernetes nodes, as Systems Manager's public parameters list them.

The names of parameters are those of the pages "Retrieve recommended Amazon Linux AMI IDs" and
"Retrieve recommended Bottlerocket AMI IDs" of the EKS user guide; a parameter is of type
``Parameter`` (Systems Manager API reference). moto has none of these, so they are put there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.backends import get_backend
from moto.ssm.models import Parameter

from bot.core.model import Answer, Listing, Package, SkipReason, Unavailable
from bot.http import Http, MemoryCache
from bot.registries._amazon import Amazon
from bot.registries.aws_images import alive, look_up, parameters, registry, releases
from bot.registries.base import LookUpError
from tests.fakes.amazon import OWN, FakeAmazon

IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
EKS = "/aws/service/eks/optimized-ami"
BOTTLEROCKET = "/aws/service/bottlerocket"
NODES = Package("aws_images", "eks/1.29/amazon-linux-2")
ALIAS = Package("aws_images", "karpenter/al2023")
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def amazon(fake: FakeAmazon, *regions: str, **more: Any) -> Amazon:
    return Amazon(regions or (IRELAND,), endpoint=fake.endpoint, attempts=1, **more)


def put(name: str, value: str, region: str = IRELAND, at: datetime = NOW) -> None:
    """Set a public parameter, which no client may."""
    made = Parameter(OWN, name, value, "String", None, None, None, at, 1, "text")  # type: ignore[abstract] # moto makes them so itself
    made.last_modified_date = at.timestamp()  # type: ignore[assignment] # moto serves what it holds, AWS seconds
    get_backend("ssm")[OWN][region]._parameters[name].append(made)


def day(label: str) -> datetime:
    return datetime.strptime(label, "v%Y%m%d").replace(tzinfo=UTC)


def put_release(folder: str, node: str, value: str, region: str = IRELAND, *, late: int = 1) -> None:
    """A release's folder as AWS has it: an image's id and name, and the release."""
    at = day(f"v{value[-8:]}") + timedelta(days=late)
    for key, said in (("image_id", "ami-0123456789abcdef0"), ("image_name", node), ("release_version", value)):
        put(f"{folder}/{node}/{key}", said, region, at)


def put_nodes(*days: str, region: str = IRELAND, late: int = 1) -> None:
    for one in days:
        put_release(f"{EKS}/1.29/amazon-linux-2", f"amazon-eks-node-1.29-v{one}", f"1.29.0-{one}", region, late=late)


def put_line(kubernetes: str, *labels: str, architectures: tuple[str, ...] = ("x86_64", "arm64")) -> None:
    """The releases of Amazon Linux 2023 for a Kubernetes version, newest last."""
    for architecture in architectures:
        folder = f"{EKS}/{kubernetes}/amazon-linux-2023/{architecture}/standard"
        for label in labels:
            node = f"amazon-eks-node-al2023-{architecture}-standard-{kubernetes}-{label}"
            put_release(folder, node, f"{kubernetes}.0-{label[1:]}")
        put(f"{folder}/recommended/release_version", f"{kubernetes}.0-{labels[-1][1:]}")


def put_bottlerocket(kubernetes: str, *versions: str) -> None:
    for architecture in ("x86_64", "arm64"):
        folder = f"{BOTTLEROCKET}/aws-k8s-{kubernetes}/{architecture}"
        for version in versions:
            for name in (version, f"{version}-7c3e9198"):
                put(f"{folder}/{name}/image_id", "ami-0123456789abcdef0")
                put(f"{folder}/{name}/image_version", f"{version}-7c3e9198")
        put(f"{folder}/latest/image_version", f"{versions[-1]}-7c3e9198")


def one(package: Package, amazon: Amazon) -> Answer:
    (answer,) = look_up([package, package], amazon).values()
    return answer


def listed(package: Package, amazon: Amazon) -> list[str]:
    answer = one(package, amazon)
    assert isinstance(answer, Listing), answer
    assert answer.notice == ""
    return list(answer.versions)


def refused(package: Package, amazon: Amazon) -> tuple[SkipReason, str]:
    answer = one(package, amazon)
    assert isinstance(answer, Unavailable), answer
    return answer.reason, answer.detail


# Node groups


def test_releases_of_node_groups_newest_first_and_as_old_as_aws_says(fake: FakeAmazon) -> None:
    put_nodes("20240110", "20240202", "20240117")
    put(f"{EKS}/1.29/amazon-linux-2/recommended/release_version", "1.29.9-20249999")
    put(f"{EKS}/1.29/amazon-linux-2/amazon-eks-node-1.29-vx/release_version", "odd")
    put(f"{EKS}/1.29/amazon-linux-2-gpu/amazon-eks-gpu-node-1.29-v20240301/release_version", "1.29.0-20240301")
    answer = one(NODES, amazon(fake))
    assert isinstance(answer, Listing)
    assert [(one.version, one.published) for one in answer.releases] == [
        ("1.29.0-20240202", datetime(2024, 2, 3, tzinfo=UTC)),
        ("1.29.0-20240117", datetime(2024, 1, 18, tzinfo=UTC)),
        ("1.29.0-20240110", datetime(2024, 1, 11, tzinfo=UTC)),
    ]


def test_a_release_counts_once_all_regions_have_it(fake: FakeAmazon) -> None:
    put_nodes("20240110", "20240117", "20240202")
    put_nodes("20240110", "20240117", region=VIRGINIA, late=3)
    answer = one(NODES, amazon(fake, IRELAND, VIRGINIA))
    assert isinstance(answer, Listing)
    assert next((one.version, one.published) for one in answer.releases) == (
        "1.29.0-20240117",
        datetime(2024, 1, 20, tzinfo=UTC),
    )


def test_a_region_that_does_not_answer_holds_them_all(fake: FakeAmazon) -> None:
    put_nodes("20240110")
    fake.fail("ThrottlingException", lambda call: call.region == VIRGINIA)
    reason, detail = refused(NODES, amazon(fake, VIRGINIA, IRELAND))
    assert (reason, VIRGINIA in detail, "throttles" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True, True)


def test_a_region_that_has_none_is_named_and_the_others_count(fake: FakeAmazon) -> None:
    put_nodes("20240110")
    answer = one(NODES, amazon(fake, VIRGINIA, IRELAND))
    assert isinstance(answer, Listing)
    assert (list(answer.versions), VIRGINIA in answer.notice) == (["1.29.0-20240110"], True)


def test_what_is_not_listed_is_not_found(fake: FakeAmazon) -> None:
    reason, detail = refused(NODES, amazon(fake))
    assert (reason, detail) == (
        SkipReason.NOT_FOUND,
        "eks/1.29/amazon-linux-2: no release of it is listed in eu-west-1",
    )


@pytest.mark.parametrize("name", ["eks/Bottlerocket", "karpenter/windows2022", "karpenter/../x", "eks/1.29/../x", "x"])
def test_a_family_that_aws_lists_nowhere_is_not_asked_for(fake: FakeAmazon, name: str) -> None:
    assert refused(Package("aws_images", name), amazon(fake))[0] is SkipReason.NOT_FOUND
    assert fake.calls == []


def test_a_refusal_names_the_permission(fake: FakeAmazon) -> None:
    fake.fail("AccessDeniedException", lambda call: call.action == "GetParametersByPath")
    reason, detail = refused(NODES, amazon(fake))
    assert (reason, "ssm:GetParametersByPath" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)
    fake.fail("AccessDeniedException", lambda call: call.action == "GetParameters")
    reason, detail = refused(ALIAS, amazon(fake))
    assert (reason, "ssm:GetParameters " in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)


def test_another_account_is_asked_where_the_first_may_not(fake: FakeAmazon) -> None:
    put_nodes("20240110")
    fake.fail("AccessDeniedException", lambda call: call.action == "GetParametersByPath", times=1)
    role = f"arn:aws:iam::{OWN}:role/reader"
    assert listed(NODES, amazon(fake, roles=(role,))) == ["1.29.0-20240110"]


def test_no_region_and_no_credentials_are_reasons(fake: FakeAmazon, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Amazon((), endpoint=fake.endpoint, attempts=1)
    assert refused(NODES, nowhere) == (
        SkipReason.REGISTRY_UNAVAILABLE,
        "no region of AWS is known: name some in [aws] regions",
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    reason, detail = refused(NODES, amazon(fake))
    assert (reason, "no AWS credentials" in detail) == (SkipReason.REGISTRY_UNAVAILABLE, True)
    assert look_up([], amazon(fake)) == {}


# Aliases


def test_labels_of_an_alias_are_those_that_every_kubernetes_version_has(fake: FakeAmazon) -> None:
    put_line("1.28", "v20240101", "v20240201")
    put_line("1.31", "v20250401", "v20250415", "v20250501")
    put_line("1.32", "v20250401", "v20250415", "v20250501", "v20250515")
    put_line("1.33", "v20250415", "v20250501", "v20250515")
    answer = one(ALIAS, amazon(fake))
    assert isinstance(answer, Listing)
    assert [(one.version, one.published) for one in answer.releases] == [
        ("v20250501", datetime(2025, 5, 2, tzinfo=UTC)),
        ("v20250415", datetime(2025, 4, 16, tzinfo=UTC)),
    ]


def test_a_label_without_an_architecture_does_not_count(fake: FakeAmazon) -> None:
    put_line("1.33", "v20250415", "v20250501")
    put_line("1.33", "v20250415", "v20250501", "v20250515", architectures=("x86_64",))
    assert listed(ALIAS, amazon(fake)) == ["v20250501", "v20250415"]


def test_bottlerocket_goes_by_its_numbers(fake: FakeAmazon) -> None:
    put_bottlerocket("1.27", "1.30.0")
    put_bottlerocket("1.32", "1.39.1", "1.40.0")
    put_bottlerocket("1.33", "1.39.1", "1.40.0", "1.41.0")
    assert listed(Package("aws_images", "karpenter/bottlerocket"), amazon(fake)) == ["v1.40.0", "v1.39.1"]


def test_an_alias_that_nothing_has(fake: FakeAmazon) -> None:
    assert refused(ALIAS, amazon(fake))[0] is SkipReason.NOT_FOUND


def test_calls_are_few(fake: FakeAmazon) -> None:
    for minor in range(28, 34):
        put_line(f"1.{minor}", *(f"v202504{n:02}" for n in range(1, 21)))
    assert len(listed(ALIAS, amazon(fake))) == 6
    assert fake.counted() == {("GetParameters", IRELAND): 3 + 8, ("GetParametersByPath", IRELAND): 7}


# What is parsed


def test_a_recorded_answer() -> None:
    at = datetime(2024, 1, 17, 20, 2, 11, tzinfo=UTC)
    name = f"{EKS}/1.29/amazon-linux-2/amazon-eks-node-1.29-v20240117/release_version"
    shape = {
        "Name": name,
        "Type": "String",
        "Value": "1.29.0-20240117",
        "Version": 1,
        "LastModifiedDate": at,
        "ARN": f"arn:aws:ssm:eu-west-1::parameter{name}",
        "DataType": "text",
    }
    undated = {"Name": name.replace("0117", "0118"), "Value": "1.29.0-20240118"}
    assert releases(parameters([shape, undated, {}])) == {"1.29.0-20240117": at, "1.29.0-20240118": None}


@pytest.mark.parametrize(
    ("newest", "live"),
    [
        ({}, []),
        ({"1.29": "odd", "1.30": "odd-20259999"}, []),
        ({"1.29": "1.29.0-20250102", "1.30": "1.30.1-20250401", "1.31": "1.31.1-20250501"}, ["1.30", "1.31"]),
        ({"1.29": "1.37.9-ab", "1.30": "1.38.0-cd", "1.31": "1.40.0-ef", "1.32": "0.40.0"}, ["1.30", "1.31"]),
    ],
)
def test_versions_that_get_no_releases_any_more_do_not_count(newest: dict[str, str], live: list[str]) -> None:
    assert alive(newest) == live


def test_alone_it_lists_nothing() -> None:
    assert (registry.name, registry.scheme, registry.default_url({}, None)) == ("aws_images", "image_date", "")  # type: ignore[arg-type] # no path is looked at
    with pytest.raises(LookUpError, match="not configured for AWS"):
        registry.fetch(NODES, "", Http(MemoryCache()))

"""Images of Kubernetes nodes on AWS: Karpenter's node classes and eksctl's node groups."""

from __future__ import annotations

import pytest

from bot.core.model import FileFacts, ParseError, Part, SkipReason, Statement
from bot.ecosystems import eksctl, karpenter
from bot.ecosystems._eks import default_type, release
from bot.formats import json
from bot.formats.base import Scalar

A, B = "ami-0123456789abcdef0", "ami-7654321a"


def node_class(terms: str) -> str:
    return f"apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nspec:\n  amiSelectorTerms: {terms}\n"


def cluster(groups: str, metadata: str = "{}") -> str:
    return f"apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {metadata}\n{groups}\n"


def in_classes(text: str, path: str = "n.yaml") -> list[Statement]:
    found = list(karpenter.extract(path, text).statements)
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return found


def in_clusters(text: str, path: str = "c.yaml") -> list[Statement]:
    found = list(eksctl.extract(path, text).statements)
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return found


# Karpenter


@pytest.mark.parametrize(
    ("alias", "name", "version"),
    [
        ("al2023@v20240807", "karpenter/al2023", "v20240807"),
        ("al2@v20240807", "karpenter/al2", "v20240807"),
        ("bottlerocket@v1.21.1", "karpenter/bottlerocket", "v1.21.1"),
        ("bottlerocket@1.21.1", "karpenter/bottlerocket", "1.21.1"),
    ],
)
def test_the_version_of_an_alias_moves(alias: str, name: str, version: str) -> None:
    (found,) = in_classes(node_class(f"[{{alias: '{alias}'}}]"))
    assert (str(found.package), found.constraint, found.scheme) == (f"aws_images/{name}", version, "image_date")
    assert [(pin.text, pin.part) for pin in found.pins] == [(version, Part.VERSION)]
    assert (found.obstacle, found.frame) == (None, ("", ""))


@pytest.mark.parametrize(
    ("alias", "reason"),
    [
        ("al2023@latest", SkipReason.FLOATING),
        ("windows2022@latest", SkipReason.FLOATING),
        ("bottlerocket@v1.21.1-82691b51", SkipReason.UNSUPPORTED_CONSTRAINT),
        ("al2023@v1.2.3", SkipReason.UNSUPPORTED_CONSTRAINT),
        (r"al2023@v2024080\u0037", SkipReason.UNSUPPORTED_CONSTRAINT),
    ],
)
def test_aliases_that_do_not_move(alias: str, reason: SkipReason) -> None:
    (found,) = in_classes(node_class(f'[{{alias: "{alias}"}}]'))
    assert found.obstacle is not None
    assert (found.obstacle.reason, found.pins) == (reason, ())


def test_ids_are_machine_images() -> None:
    found = in_classes(node_class(f"[{{id: {A}}}, {{id: x-{A}}}, {{tags: {{a: b}}}}, x]"), "eu-west-1/n.yml")
    assert [(str(one.package), one.context.region) for one in found] == [(f"aws_ami/{A}", "eu-west-1")]
    selector = f"{{amiSelector: {{'aws::ids': '{A}, {B}'}}}}"
    old = f"apiVersion: karpenter.k8s.aws/v1alpha1\nkind: AWSNodeTemplate\nspec: {selector}\n"
    assert [one.constraint for one in in_classes(old)] == [A, B]
    escaped = node_class(f'[{{id: "{A.replace("0123", chr(92) + "u0030123")}"}}]  # {A}')
    (held,) = in_classes(escaped)
    assert held.obstacle is not None


def test_a_list_and_an_anchor() -> None:
    terms = f"[{{id: &a {A}}}, {{id: *a}}]"
    one = f"apiVersion: karpenter.k8s.aws/v1\n  kind: EC2NodeClass\n  spec: {{amiSelectorTerms: {terms}}}"
    assert [found.line for found in in_classes(f"kind: List\nitems:\n- {one}\n- 1\n")] == [5]


@pytest.mark.parametrize(
    "text",
    [
        node_class("[{alias: '{{ .Values.alias }}'}]"),
        node_class("[{alias: other@v20240807}]"),
        node_class("[{alias: al2023@}, {alias: [al2023@v20240807]}]"),
        node_class("al2023@v20240807"),
        f"kind: EC2NodeClass\nspec: {{amiSelectorTerms: [{{id: {A}}}]}}\n",
        f"apiVersion: karpenter.k8s.aws/v1\nkind: NodePool\nspec: {{kind: EC2NodeClass, id: {A}}}\n",
        f"apiVersion: karpenter.k8s.aws/v1alpha1\nkind: AWSNodeTemplate\nspec: {{amiSelector: {{Name: {A}}}}}\n",
        f"- EC2NodeClass {A}\n",
        "{{ EC2NodeClass\n",
        f"{{{{ EC2NodeClasses {A}\n",
    ],
)
def test_what_states_nothing(text: str) -> None:
    assert in_classes(text) == []


def test_a_node_class_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(ParseError):
        karpenter.extract("n.yaml", "{{- if x }}\nkind: EC2NodeClass\nalias: al2023@v20240807\n")
    with pytest.raises(ParseError):
        eksctl.extract("c.yaml", "{{- if x }}\nkind: ClusterConfig\nreleaseVersion: 1\n")


def test_comments_ask_them_to_stay() -> None:
    assert in_classes(node_class(f"[{{id: {A}}}] # freshline: ignore"))[0].ignored
    assert in_clusters(cluster(f"nodeGroups: [{{ami: {A}}}] # freshline: ignore"))[0].ignored


# eksctl


@pytest.mark.parametrize(
    ("group", "segment"),
    [
        ("amiFamily: AmazonLinux2", "1.29/amazon-linux-2"),
        ("amiFamily: AmazonLinux2, instanceType: m6g.large", "1.29/amazon-linux-2-arm64"),
        ("amiFamily: AmazonLinux2, instanceType: a1.large", "1.29/amazon-linux-2-arm64"),
        ("amiFamily: AmazonLinux2, instanceType: g4dn.xlarge", "1.29/amazon-linux-2-gpu"),
        ("amiFamily: AmazonLinux2, instanceType: inf2.xlarge", "1.29/amazon-linux-2-gpu"),
        ("amiFamily: AmazonLinux2023", "1.29/amazon-linux-2023/x86_64/standard"),
        ("amiFamily: AmazonLinux2023, instanceTypes: [c7gn.large, m5.large]", "1.29/amazon-linux-2023/arm64/standard"),
        ("amiFamily: AmazonLinux2023, instanceType: p5.48xlarge", "1.29/amazon-linux-2023/x86_64/nvidia"),
        ("amiFamily: AmazonLinux2023, instanceType: g5g.xlarge", "1.29/amazon-linux-2023/arm64/nvidia"),
        ("amiFamily: AmazonLinux2023, instanceType: trn1.2xlarge", "1.29/amazon-linux-2023/x86_64/neuron"),
        ("instanceTypes: [[x]]", "1.29/amazon-linux-2"),
    ],
)
def test_the_type_of_a_group_tells_where_its_releases_are(group: str, segment: str) -> None:
    (found,) = in_clusters(cluster(f"managedNodeGroups: [{{{group}, releaseVersion: 1.29.0-20240110}}]"))
    assert (str(found.package), found.constraint) == (f"aws_images/eks/{segment}", "1.29.0-20240110")
    assert ([pin.part for pin in found.pins], found.obstacle) == ([Part.VERSION], None)
    assert [caution.by_hand for caution in found.cautions] == [False]


def test_newer_groups_are_amazon_linux_2023() -> None:
    (found,) = in_clusters(cluster("managedNodeGroups: [{releaseVersion: 1.31.0-20241109, instanceType: m7g.large}]"))
    assert found.package.name == "eks/1.31/amazon-linux-2023/arm64/standard"
    assert (default_type("1.30.0-20240807"), default_type("1.29.0-20240110"), default_type("x")) == (
        "AL2023_x86_64_STANDARD",
        "AL2_x86_64",
        "AL2_x86_64",
    )


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("amiFamily: Bottlerocket, releaseVersion: 1.20.0-7c3e9198", "eks/Bottlerocket"),
        ("releaseVersion: 1.29-2024.01.10", "eks/amazon-linux-2"),
        ("releaseVersion: latest", "eks/amazon-linux-2"),
        (r'releaseVersion: "1.29.0-2024011\u0030"', "eks/1.29/amazon-linux-2"),
    ],
)
def test_releases_that_can_not_be_compared(group: str, name: str) -> None:
    (found,) = in_clusters(cluster(f"managedNodeGroups: [{{{group}}}]"))
    assert found.obstacle is not None
    assert (found.package.name, found.obstacle.reason, found.pins) == (name, SkipReason.UNSUPPORTED_CONSTRAINT, ())


def test_ids_have_the_region_of_the_cluster() -> None:
    own = f"nodeGroups: [{{ami: {A}}}, {{ami: auto}}, {{ami: [x]}}, x]"
    groups = f"{own}\nmanagedNodeGroups: [{{ami: {B}, releaseVersion: }}]"
    found = in_clusters(cluster(groups, "{region: eu-west-1}"))
    assert [(one.constraint, one.context.region) for one in found] == [(B, "eu-west-1"), (A, "eu-west-1")]
    assert in_clusters(cluster(groups, "{region: $X}"), "us-east-1.yaml")[0].context.region == "us-east-1"


@pytest.mark.parametrize(
    "text", [f"kind: ClusterConfig\nnodeGroups: [{{ami: {A}}}]\n", "ClusterConfig: {{", f"{{{{ {A}"]
)
def test_what_is_no_cluster_states_nothing(text: str) -> None:
    assert eksctl.extract("c.yaml", text) == FileFacts("c.yaml", "eksctl", ())


def test_a_release_of_a_type_as_the_api_names_it() -> None:
    scalar = json.parse('"1.31.0-20241109"')
    assert isinstance(scalar, Scalar)
    assert release("main.tf", scalar, "AL2023_ARM_64_NVIDIA").package.name == "eks/1.31/amazon-linux-2023/arm64/nvidia"
    assert release("main.tf", scalar).package.name == "eks/1.31/amazon-linux-2023/x86_64/standard"
    assert release("main.tf", scalar, "WINDOWS_CORE_2022_x86_64").obstacle is not None

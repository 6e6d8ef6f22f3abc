"""EKS clusters' nodes and add-ons, and parents of Image Builder recipes, in Terraform, CloudFormation and eksctl."""

from __future__ import annotations

import pytest

from bot.core.model import FileFacts, Kind, SkipReason, Statement
from bot.ecosystems import cloudformation, eksctl, terraform
from bot.ecosystems._eks import addon
from bot.ecosystems._image_builder import parent
from bot.formats import json
from bot.formats.base import Scalar

ARN = "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86/2024.1.18"


def in_folder(files: dict[str, str]) -> list[Statement]:
    found = [terraform.extract(path, text) for path, text in files.items()]
    told: list[FileFacts] = list(terraform.complete(found, found))
    stated = [one for facts in told for one in facts.statements]
    assert all(files[pin.path][pin.span.start : pin.span.end] == pin.text for one in stated for pin in one.pins)
    return stated


def in_template(text: str, path: str = "t.yaml") -> list[Statement]:
    found = list(cloudformation.extract(path, text).statements)
    assert all(text[pin.span.start : pin.span.end] == pin.text for one in found for pin in one.pins)
    return found


def cluster(name: str, version: str) -> str:
    return f'resource "aws_eks_cluster" "{name}" {{\n  version = {version}\n}}\n'


def add_on(cluster_name: str, version: str = '"v1.18.1-eksbuild.3"', name: str = '"vpc-cni"') -> str:
    return (
        f'resource "aws_eks_addon" "a" {{\n  cluster_name = {cluster_name}\n  addon_name = {name}\n'
        f"  addon_version = {version}\n}}\n"
    )


def scalar(text: str) -> Scalar:
    found = json.parse(text)
    assert isinstance(found, Scalar)
    return found


# Terraform: which cluster


OWN = "aws_eks_cluster.main.name"
MODULE = 'module "eks" {{\n  source = "terraform-aws-modules/eks/aws"\n  kubernetes_version = {}\n}}\n'


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"a.tf": add_on(OWN), "b.tf": cluster("main", '"1.29"')}, "vpc-cni/1.29"),
        ({"a.tf": add_on(f'"${{{OWN}}}"') + cluster("main", '"1.29"')}, "vpc-cni/1.29"),
        ({"a.tf": add_on("aws_eks_cluster.main[0].id") + cluster("main", '"1.29"')}, "vpc-cni/1.29"),
        ({"a.tf": add_on(OWN) + cluster("main", '"1.29"') + cluster("other", '"1.30"')}, "vpc-cni/1.29"),
        ({"a.tf": add_on("module.eks.cluster_name") + MODULE.format('"1.29"')}, "vpc-cni/1.29"),
        ({"a.tf": add_on("module.eks[0].cluster_id") + MODULE.format('"1.29"')}, "vpc-cni/1.29"),
        ({"a.tf": add_on("module.eks.cluster_name") + MODULE.format("var.version")}, "vpc-cni"),
        ({"a.tf": add_on("module.eks.cluster_name") + MODULE.format('"1.29"').replace("eks/aws", "k8s")}, "vpc-cni"),
        ({"a.tf": add_on(OWN) + cluster("other", '"1.30"')}, "vpc-cni"),
        ({"a.tf": add_on(OWN) + cluster("main", "var.version")}, "vpc-cni"),
        ({"a.tf": add_on(OWN) + cluster("main", '"latest"')}, "vpc-cni"),
        ({"a.tf": add_on(OWN), "b.tf": cluster("main", '"1.29"'), "c.tf": cluster("main", '"1.30"')}, "vpc-cni"),
        ({"x/a.tf": add_on(OWN), "y/a.tf": cluster("main", '"1.29"')}, "vpc-cni"),
        ({"a.tf": add_on("aws_eks_cluster.main.arn") + cluster("main", '"1.29"')}, "vpc-cni"),
        ({"a.tf": add_on("aws_eks_cluster.main[each.key].name") + cluster("main", '"1.29"')}, "vpc-cni"),
        ({"a.tf": add_on('"main"') + cluster("main", '"1.29"')}, "vpc-cni"),
        ({"a.tf": add_on("[1]") + cluster("main", '"1.29"')}, "vpc-cni"),
    ],
)
def test_the_cluster_of_an_add_on(files: dict[str, str], name: str) -> None:
    (found,) = in_folder(files)
    assert (str(found.package), found.kind, found.scheme) == (f"aws_eks_addons/{name}", Kind.TOOL, "eks_addon")
    assert (found.context.group, found.context.within, len(found.pins), found.lockable) == ("add-on", "", 1, False)


@pytest.mark.parametrize(
    "text",
    [
        add_on(OWN, version="null"),
        add_on(OWN, version='""'),
        add_on(OWN, version="var.version"),
        add_on(OWN, version='"v${var.version}"'),
        add_on(OWN, name="each.key"),
        add_on(OWN, name='"a b"'),
        cluster("main", '"1.29"'),
        'resource "aws_eks_addon" "a" {\n  addon_name = "vpc-cni"\n}\n',
        'resource "aws_eks_node_group" "n" {\n  version = "1.29"\n}\n',
        'resource "aws_eks_node_group" "n" {\n  release_version = [1]\n}\n',
        'module "eks" {\n  source = "a/eks/aws"\n  addons = { "a b" = { addon_version = "v1.1.1" } }\n}\n',
        'module "eks" {\n  source = "a/eks/aws"\n  addons = { vpc-cni = { most_recent = true } }\n}\n',
        'module "other" {\n  source = "a/b/aws"\n  addons = { vpc-cni = { addon_version = "v1.1.1" } }\n}\n',
        'resource "aws_imagebuilder_image_recipe" "r" {\n  parent_image = "ubuntu"\n}\n',
        'resource "aws_imagebuilder_image_recipe" "r" {\n  name = "r"\n}\n',
    ],
)
def test_what_states_no_version(text: str) -> None:
    assert in_folder({"main.tf": text}) == []


def test_terraform_as_json() -> None:
    text = (
        '{"resource": {"aws_eks_cluster": {"main": {"version": "1.29"}}, "aws_eks_addon": {"cni": {"cluster_name": '
        '"${aws_eks_cluster.main.name}", "addon_name": "vpc-cni", "addon_version": "v1.18.1-eksbuild.3"}}, '
        '"aws_imagebuilder_image_recipe": {"r": {"parent_image": '
        '"arn:aws:imagebuilder:${data.aws_region.a.name}:aws:image/amazon-linux-2023-x86/2024.1.18"}}}}'
    )
    found = in_folder({"main.tf.json": text})
    assert [(one.package.name, one.constraint, len(one.pins)) for one in found] == [
        ("vpc-cni/1.29", "v1.18.1-eksbuild.3", 1),
        ("amazon-linux-2023-x86", "2024.1.18", 1),
    ]


def test_a_recipe_is_left_to_a_person() -> None:
    (found,) = in_folder(
        {"main.tf": f'resource "aws_imagebuilder_image_recipe" "r" {{\n  parent_image = "{ARN}"\n}}\n'}
    )
    assert [(one.by_hand, "aws_imagebuilder_image_recipe.r" in one.text) for one in found.cautions] == [(True, True)]
    assert found.kind is Kind.MACHINE_IMAGE


# CloudFormation


def resources(**several: str) -> str:
    return "Resources:\n" + "".join(f"  {name}: {text}\n" for name, text in several.items())


def of_cluster(cluster_name: str, version: str = "v1.18.1-eksbuild.3", name: str = "vpc-cni") -> str:
    return (
        f"{{Type: AWS::EKS::Addon, Properties: {{ClusterName: {cluster_name}, AddonName: {name}, "
        f"AddonVersion: {version}}}}}"
    )


RUNS = "{Type: AWS::EKS::Cluster, Properties: {Version: '1.29'}}"


@pytest.mark.parametrize(
    ("cluster_name", "its", "name"),
    [
        ("!Ref C", RUNS, "vpc-cni/1.29"),
        ("{Ref: C}", RUNS, "vpc-cni/1.29"),
        ("!Ref D", RUNS, "vpc-cni"),
        ("C", RUNS, "vpc-cni"),
        ("!GetAtt C.Arn", RUNS, "vpc-cni"),
        ("{'Fn::ImportValue': C}", RUNS, "vpc-cni"),
        ("!Ref C", "{Type: AWS::EKS::Cluster, Properties: {Version: !Ref V}}", "vpc-cni"),
        ("!Ref C", "{Type: AWS::EKS::Cluster, Properties: {Version: latest}}", "vpc-cni"),
        ("!Ref C", "{Type: AWS::EKS::Cluster}", "vpc-cni"),
        ("!Ref C", "{Type: AWS::S3::Bucket, Properties: {Version: '1.29'}}", "vpc-cni"),
    ],
)
def test_the_cluster_of_an_add_on_in_a_template(cluster_name: str, its: str, name: str) -> None:
    text = "Parameters: {V: {Type: String, Default: '1.29'}}\n" + resources(C=its, A=of_cluster(cluster_name))
    (found,) = in_template(text)
    assert (str(found.package), found.context.group) == (f"aws_eks_addons/{name}", "add-on")


def test_a_version_that_several_add_ons_take() -> None:
    given = "Parameters: {V: {Type: String, Default: v1.18.1-eksbuild.3}}\n"
    other = "{Type: AWS::EKS::Cluster, Properties: {Version: '1.30'}}"
    one = of_cluster("!Ref C", "!Ref V")
    (same,) = in_template(given + resources(C=RUNS, A=one, B=one))
    assert (same.package.name, len(same.pins)) == ("vpc-cni/1.29", 1)
    (two,) = in_template(given + resources(C=RUNS, D=other, A=one, B=of_cluster("!Ref D", "!Ref V"), E=one))
    assert (two.package.name, len(two.pins), two.obstacle) == ("vpc-cni", 1, None)
    (mixed,) = in_template(given + resources(C=RUNS, A=one, B=of_cluster("!Ref C", "!Ref V", "coredns"), E=one))
    assert mixed.obstacle is not None
    assert (mixed.obstacle.reason, mixed.pins) == (SkipReason.HELD, ())


@pytest.mark.parametrize("name", ["!ImportValue x", "'a b'", "!If [C, vpc-cni, coredns]"])
def test_an_add_on_whose_name_is_not_known(name: str) -> None:
    assert in_template(resources(A=of_cluster("x", name=name))) == []


@pytest.mark.parametrize(
    ("of_type", "package"),
    [
        ("", "eks/1.29/amazon-linux-2"),
        ("AmiType: AL2_x86_64_GPU, ", "eks/1.29/amazon-linux-2-gpu"),
        ("AmiType: !If [C, AL2_x86_64, AL2_ARM_64], ", "eks/told-elsewhere"),
    ],
)
def test_releases_of_node_groups(of_type: str, package: str) -> None:
    text = resources(N=f"{{Type: AWS::EKS::Nodegroup, Properties: {{{of_type}ReleaseVersion: 1.29.0-20240110}}}}")
    (found,) = in_template(text)
    assert (found.package.name, bool(found.pins)) == (package, package != "eks/told-elsewhere")


@pytest.mark.parametrize(
    ("image", "pins"),
    [
        (ARN, 1),
        (f"!Sub '{ARN}'", 1),
        (f"!If [C, '{ARN}', x]", 1),
        ("!Sub 'arn:${AWS::Partition}:imagebuilder:${AWS::Region}:aws:image/amazon-linux-2023-x86/2024.1.18'", 1),
        ("!Sub ['arn:aws:imagebuilder:${R}:aws:image/amazon-linux-2023-x86/2024.1.18', {R: x}]", 1),
        ("{'Fn::Sub': ['arn:aws:imagebuilder:${R}:aws:image/amazon-linux-2023-x86/2024.1.18', {R: x}]}", 1),
        ("!Ref P", 1),
        ("{Ref: P}", 1),
    ],
)
def test_parents_of_recipes(image: str, pins: int) -> None:
    text = f"Parameters: {{P: {{Type: String, Default: '{ARN}'}}}}\n" + resources(
        R=f"{{Type: AWS::ImageBuilder::ImageRecipe, Properties: {{ParentImage: {image}}}}}"
    )
    (found,) = in_template(text)
    assert (str(found.package), found.constraint, len(found.pins)) == (
        "aws_image_builder/amazon-linux-2023-x86",
        "2024.1.18",
        pins,
    )
    assert any(one.by_hand for one in found.cautions)


@pytest.mark.parametrize("image", ["!ImportValue x", "ubuntu", "{'Fn::Sub': [a, b]}", "[a, b]", "{}", "!Sub '${P}'"])
def test_parents_that_are_given_elsewhere(image: str) -> None:
    text = resources(R=f"{{Type: AWS::ImageBuilder::ImageRecipe, Properties: {{ParentImage: {image}}}}}")
    assert in_template(text) == []


# What they share


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (ARN.replace("2024.1.18", "x.x.x"), SkipReason.FLOATING),
        (ARN.replace("2024.1.18", "2024.x.x"), SkipReason.FLOATING),
        (f"{ARN}/1", SkipReason.UNSUPPORTED_CONSTRAINT),
        (ARN.replace(":aws:image/", ":123456789012:image/"), SkipReason.LOCAL),
        (ARN.replace(":aws:", ":${AWS::AccountId}:"), SkipReason.LOCAL),
    ],
)
def test_parents_that_stay(arn: str, reason: SkipReason) -> None:
    found = parent("t.json", scalar(f'"{arn}"'), "R")
    assert found is not None
    assert found.obstacle is not None
    assert (found.obstacle.reason, found.pins) == (reason, ())


@pytest.mark.parametrize("arn", [f"{ARN}.1", f"{ARN} ", "arn:" * 1000, ARN.replace("image/", "component/"), ""])
def test_what_is_no_parent_by_version(arn: str) -> None:
    assert parent("t.json", scalar(f'"{arn}"'), "R") is None


def test_escapes_can_not_be_written_anew() -> None:
    found = parent("t.json", scalar(f'"{ARN.replace("2024", chr(92) + "u0032024")}"'), "R")
    other = addon("t.json", "vpc-cni", scalar(r'"v1.18.1-eksbuild\u002e3"'))
    for one in (found, other):
        assert one is not None
        assert one.obstacle is not None
        assert (one.obstacle.reason, one.pins) == (SkipReason.UNSUPPORTED_CONSTRAINT, ())
        assert "escapes" in one.obstacle.detail


def test_add_ons_of_eksctl_say_what_moves_them() -> None:
    text = (
        "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {version: [1]}\n"
        "addons: [{name: vpc-cni, version: v1.18.1-eksbuild.3}, {name: coredns, version: ''}, {version: v1.1.1}]\n"
    )
    (found,) = eksctl.extract("c.yaml", text).statements
    assert (found.package.name, [one.by_hand for one in found.cautions]) == ("vpc-cni", [False])
    assert "eksctl update addon" in found.cautions[0].text

"""A repository that names add-ons of a cluster and a parent of a recipe; what AWS says of them is scripted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.stories.test_machine_images import Cloud, cloud  # noqa: F401 - cloud is a fixture

IMAGE = "arn:aws:imagebuilder:eu-west-1:aws:image/amazon-linux-2023-x86"
MAIN = (
    'resource "aws_eks_cluster" "main" {{\n  version = "1.29"\n}}\n\n'
    'resource "aws_eks_addon" "cni" {{\n  cluster_name  = aws_eks_cluster.main.name\n'
    '  addon_name    = "vpc-cni"\n  addon_version = "v1.18.1-eksbuild.3"\n}}\n\n'
    'resource "aws_imagebuilder_image_recipe" "base" {{\n  parent_image = "{image}"\n}}\n'
)


def add_ons(_region: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    takes = [{"clusterVersion": asked["kubernetesVersion"]}]
    versions = ("v1.19.5-eksbuild.3", "v1.18.1-eksbuild.3")
    return {
        "addons": [
            {
                "addonName": asked["addonName"],
                "addonVersions": [{"addonVersion": one, "compatibilities": takes} for one in versions],
            }
        ]
    }


def test_a_parent_moves_and_an_add_on_is_as_old_as_its_first_sighting(cloud: Cloud) -> None:  # noqa: F811 - the fixture's name
    cloud.amazon.script("DescribeAddonVersions", add_ons)
    arns = [{"arn": f"{IMAGE}/{version}"} for version in ("2024.1.18", "2025.1.7")]
    cloud.amazon.script("ListImages", lambda *_: {"imageVersionList": arns})
    build = {"state": {"status": "AVAILABLE"}, "dateCreated": "2025-01-08T00:00:00.000Z"}
    cloud.amazon.script("ListImageBuildVersions", lambda *_: {"imageSummaryList": [build]})
    cloud.desk.write({"main.tf": MAIN.format(image=f"{IMAGE}/2024.1.18")})
    skip = cloud.skips()["v1.18.1-eksbuild.3"]
    assert (skip["reason"], skip["candidate"]) == ("too_young", "v1.19.5-eksbuild.3")
    cloud.run()
    assert cloud.moved("main.tf") == MAIN.format(image=f"{IMAGE}/2025.1.7")

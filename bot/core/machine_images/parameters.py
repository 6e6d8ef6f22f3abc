"""The publisher's public SSM parameter for a family: its word on which image is recommended.

Sources: the pages on SSM public parameters of EC2 (Amazon Linux, Windows), ECS, EKS, Bottlerocket and Canonical.
"""

from __future__ import annotations

import re

from bot.core.machine_images.model import Family


def _table(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.ASCII), parameter) for pattern, parameter in rows)


_LINUX = "/aws/service/ami-amazon-linux-latest"
_ECS = "/aws/service/ecs/optimized-ami"
_EKS = "/aws/service/eks/optimized-ami"
_UBUNTU = "/aws/service/canonical/ubuntu"
_WINDOWS = _table((r"((?:\w+-)?Windows_Server-[\w.-]+)-\*", r"/aws/service/ami-windows-latest/\1"))
_KUBERNETES_WINDOWS = _table(
    (r"(Windows_Server-[\w.-]+_Optimized(?:-\d+\.\d+)?)-\*", r"/aws/service/ami-windows-latest/\1/image_id")
)

_PARAMETERS: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "amazon-linux": _table(
        (r"(al20\d\d(?:-preview)?-ami(?:-minimal)?)-20\d\d\*\.\*(-kernel-[\d.]+-\w+)", rf"{_LINUX}/\1\2"),
        (r"(amzn2-ami(?:-[a-z0-9.]+)*)-2\.0\.\*(-\w+-\w+)", rf"{_LINUX}/\1\2"),
        (r"(amzn-ami(?:-minimal)?-(?:hvm|pv))-\*\.\*(-\w+-\w+)", rf"{_LINUX}/\1\2"),
    ),
    "amazon-ecs": _table(
        (r"amzn-ami-\*\.\*-amazon-ecs-optimized", rf"{_ECS}/amazon-linux/recommended/image_id"),
        (r"amzn2-ami-ecs-hvm-2\.0\.\*-x86_64-ebs", rf"{_ECS}/amazon-linux-2/recommended/image_id"),
        (r"amzn2-ami-ecs-hvm-2\.0\.\*-arm64-ebs", rf"{_ECS}/amazon-linux-2/arm64/recommended/image_id"),
        (r"amzn2-ami-ecs-(gpu|inf)-hvm-2\.0\.\*-x86_64-ebs", rf"{_ECS}/amazon-linux-2/\1/recommended/image_id"),
        (
            r"amzn2-ami-ecs-(kernel-[\d.]+)-hvm-2\.0\.\*-x86_64-ebs",
            rf"{_ECS}/amazon-linux-2/\1/recommended/image_id",
        ),
        (
            r"amzn2-ami-ecs-(kernel-[\d.]+)-hvm-2\.0\.\*-arm64-ebs",
            rf"{_ECS}/amazon-linux-2/\1/arm64/recommended/image_id",
        ),
        (
            r"amzn2-ami-ecs-(kernel-[\d.]+)-(gpu|inf)-hvm-2\.0\.\*-x86_64-ebs",
            rf"{_ECS}/amazon-linux-2/\1/\2/recommended/image_id",
        ),
        (r"al2023-ami-ecs-hvm-2023\*\.\*-kernel-[\d.]+-x86_64", rf"{_ECS}/amazon-linux-2023/recommended/image_id"),
        (r"al2023-ami-ecs-hvm-2023\*\.\*-kernel-[\d.]+-arm64", rf"{_ECS}/amazon-linux-2023/arm64/recommended/image_id"),
        (
            r"al2023-ami-ecs-gpu-hvm-2023\*\.\*-kernel-[\d.]+-x86_64-ebs",
            rf"{_ECS}/amazon-linux-2023/gpu/recommended/image_id",
        ),
        (
            r"al2023-ami-ecs-neuron-hvm-2023\*\.\*-kernel-[\d.]+-x86_64",
            rf"{_ECS}/amazon-linux-2023/neuron/recommended/image_id",
        ),
        (r"(Windows_Server-[\w-]+-ECS_Optimized)-\*", r"/aws/service/ami-windows-latest/\1/image_id"),
    ),
    "amazon-eks": _table(
        (
            r"amazon-eks-node-al2023-(x86_64|arm64)-([a-z]+)-(\d+\.\d+)-v\*",
            rf"{_EKS}/\3/amazon-linux-2023/\1/\2/recommended/image_id",
        ),
        (r"amazon-eks-node-(\d+\.\d+)-v\*", rf"{_EKS}/\1/amazon-linux-2/recommended/image_id"),
        (r"amazon-eks-(arm64|gpu)-node-(\d+\.\d+)-v\*", rf"{_EKS}/\2/amazon-linux-2-\1/recommended/image_id"),
    ),
    "bottlerocket": _table(
        (
            r"bottlerocket-(aws-[\w.-]+)-(x86_64|aarch64)-v\*-\*",
            r"/aws/service/bottlerocket/\1/{\2}/latest/image_id",
        ),
    ),
    "windows": (*_KUBERNETES_WINDOWS, *_WINDOWS),
    "windows-eks": _KUBERNETES_WINDOWS,
    "ubuntu": _table(
        (
            r"ubuntu/images/hvm-ssd/ubuntu-[a-z]+-(\d+\.\d+)-(amd64|arm64)-server-\*",
            rf"{_UBUNTU}/server/\1/stable/current/\2/hvm/ebs-gp2/ami-id",
        ),
        (
            r"ubuntu/images/hvm-ssd-gp3/ubuntu-[a-z]+-(\d+\.\d+)-(amd64|arm64)-server-\*",
            rf"{_UBUNTU}/server/\1/stable/current/\2/hvm/ebs-gp3/ami-id",
        ),
        (
            r"ubuntu-pro-server/images/hvm-ssd/ubuntu-[a-z]+-(\d+\.\d+)-(amd64|arm64)-pro-server-\*",
            rf"{_UBUNTU}/pro-server/\1/stable/current/\2/hvm/ebs-gp2/ami-id",
        ),
        (
            r"ubuntu-pro-server/images/hvm-ssd-gp3/ubuntu-[a-z]+-(\d+\.\d+)-(amd64|arm64)-pro-server-\*",
            rf"{_UBUNTU}/pro-server/\1/stable/current/\2/hvm/ebs-gp3/ami-id",
        ),
        (
            r"ubuntu-(eks(?:-pro)?)/k8s_(\d+\.\d+)/images/hvm-ssd/ubuntu-[a-z]+-(\d+\.\d+)-(amd64|arm64)-server-\*",
            rf"{_UBUNTU}/\1/\3/\2/stable/current/\4/hvm/ebs-gp2/ami-id",
        ),
        (
            r"ubuntu-(eks(?:-pro)?)/k8s_(\d+\.\d+)/images/hvm-ssd-gp3/ubuntu-[a-z]+-(\d+\.\d+)-(amd64|arm64)-server-\*",
            rf"{_UBUNTU}/\1/\3/\2/stable/current/\4/hvm/ebs-gp3/ami-id",
        ),
    ),
}


def recommended_parameter(family: Family) -> str | None:
    """The public parameter whose value is the id of the recommended image; None where the publisher keeps none."""
    for pattern, parameter in _PARAMETERS.get(family.publisher, ()):
        found = pattern.fullmatch(family.pattern)
        if found is not None:
            named = found.expand(parameter)
            return named.replace("{x86_64}", "x86_64").replace("{aarch64}", "arm64")
    return None

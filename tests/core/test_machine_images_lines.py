"""What comes after a family, and where its publisher says which image it recommends."""

from __future__ import annotations

import pytest

from bot.core.machine_images import Family, family, major_successors, recommended_parameter, succeeds
from bot.core.machine_images.successors import _STEPS
from tests.core.machine_images import AMAZON, CANONICAL, ECS, EKS, RED_HAT, image
from tests.core.test_machine_images import (
    ALMA,
    BOTTLEROCKET,
    DEBIAN,
    EKS_WINDOWS,
    FEDORA,
    FLATCAR,
    MACOS,
    READ,
    ROCKY,
    SUSE,
    WINDOWS,
)


def known(name: str, owner: str) -> Family:
    found = family(image(name, owner))
    assert found is not None, name
    return found


FOLLOWS = [
    (AMAZON, "amzn-ami-hvm-2018.03.0.20181129-x86_64-gp2", "amzn2-ami-kernel-5.10-hvm-2.0.20230119.1-x86_64-gp2"),
    (AMAZON, "amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64"),
    (AMAZON, "amzn2-ami-kernel-5.10-hvm-2.0.20240109.0-arm64-gp2", "al2023-ami-2023.3.20240108.0-kernel-6.12-arm64"),
    (
        AMAZON,
        "amzn2-ami-minimal-hvm-2.0.20240109.0-x86_64-ebs",
        "al2023-ami-minimal-2023.3.20240108.0-kernel-6.1-x86_64",
    ),
    (
        AMAZON,
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64",
        "al2023-ami-2023.12.20260930.0-kernel-6.12-x86_64",
    ),
    (ECS, "amzn-ami-2018.03.y-amazon-ecs-optimized", "amzn2-ami-ecs-hvm-2.0.20260701-x86_64-ebs"),
    (ECS, "amzn2-ami-ecs-hvm-2.0.20260701-x86_64-ebs", "al2023-ami-ecs-hvm-2023.0.20250916-kernel-6.1-x86_64"),
    (
        ECS,
        "amzn2-ami-ecs-kernel-5.10-gpu-hvm-2.0.20241213-x86_64-ebs",
        "al2023-ami-ecs-gpu-hvm-2023.0.20251119-kernel-6.1-x86_64-ebs",
    ),
    (
        ECS,
        "amzn2-ami-ecs-inf-hvm-2.0.20251112-x86_64-ebs",
        "al2023-ami-ecs-neuron-hvm-2023.0.20250129-kernel-6.1-x86_64",
    ),
    (
        ECS,
        "al2023-ami-ecs-hvm-2023.0.20250916-kernel-6.1-x86_64",
        "al2023-ami-ecs-hvm-2023.0.20270916-kernel-6.12-x86_64",
    ),
    (
        ECS,
        "Windows_Server-2016-English-Full-ECS_Optimized-2019.03.07",
        "Windows_Server-2019-English-Full-ECS_Optimized-2019.05.10",
    ),
    (EKS, "amazon-eks-node-1.29-v20240110", "amazon-eks-node-1.30-v20240729"),
    (EKS, "amazon-eks-node-1.29-v20240110", "amazon-eks-node-al2023-x86_64-standard-1.29-v20240729"),
    (EKS, "amazon-eks-arm64-node-1.30-v20240729", "amazon-eks-node-al2023-arm64-standard-1.30-v20240729"),
    (EKS, "amazon-eks-gpu-node-1.30-v20240729", "amazon-eks-node-al2023-x86_64-nvidia-1.30-v20240729"),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.27-fips-x86_64-v1.16.1-763f6d4c",
        "bottlerocket-aws-k8s-1.28-fips-x86_64-v1.1.0-763f6d4c",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-ecs-1-x86_64-v1.32.0-cacc4ce9",
        "bottlerocket-aws-ecs-2-x86_64-v1.32.0-cacc4ce9",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20240126",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240523.1",
    ),
    (
        CANONICAL,
        "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-20240704",
        "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-minimal-20260704",
    ),
    (
        CANONICAL,
        "ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
        "ubuntu-eks/k8s_1.30/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
    ),
    (DEBIAN, "debian-12-amd64-20240717-1811", "debian-13-amd64-20250814-2204"),
    (RED_HAT, "RHEL-9.3.0_HVM-20240117-x86_64-49-Hourly2-GP3", "RHEL-10.2.0_HVM_GA-20260521-x86_64-0-Hourly2-GP3"),
    (FEDORA, "CentOS Stream 9 x86_64 20231128", "CentOS Stream 10 x86_64 20260526"),
    (
        FEDORA,
        "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0",
        "Fedora-Cloud-Base-AmazonEC2.x86_64-44-20260501.0",
    ),
    (ROCKY, "Rocky-9-EC2-LVM-9.3-20231113.0.x86_64", "Rocky-10-EC2-LVM-10.0-20250609.1.x86_64"),
    (ALMA, "AlmaLinux OS 8.10.20260518 x86_64", "AlmaLinux OS 9.8.20260526 x86_64"),
    (SUSE, "suse-sles-15-sp5-v20240129-hvm-ssd-x86_64", "suse-sles-15-sp6-v20250210-hvm-ssd-x86_64"),
    (SUSE, "suse-sles-12-sp4-v20240129-hvm-ssd-x86_64", "suse-sles-12-sp5-v20250210-hvm-ssd-x86_64"),
    (SUSE, "suse-sles-15-sp7-v20250620-hvm-ssd-x86_64", "suse-sles-16-0-v20251105-hvm-ssd-x86_64"),
    (MACOS, "amzn-ec2-macos-10.15.7-20231130-181300", "amzn-ec2-macos-11.7-20231130-181300"),
    (MACOS, "amzn-ec2-macos-15.7.4-20260217-233754-arm64", "amzn-ec2-macos-26.7-20261003-233754-arm64"),
    (
        WINDOWS,
        "Windows_Server-2012-R2_RTM-English-64Bit-Base-2017.10.13",
        "Windows_Server-2016-English-Full-Base-2017.10.13",
    ),
    (
        WINDOWS,
        "Windows_Server-2022-English-Core-Base-2024.01.10",
        "Windows_Server-2025-English-Core-Base-2025.01.15",
    ),
    (
        EKS_WINDOWS,
        "Windows_Server-2019-English-Core-EKS_Optimized-1.29-2024.01.09",
        "Windows_Server-2022-English-Core-EKS_Optimized-1.29-2024.01.09",
    ),
    (
        EKS_WINDOWS,
        "Windows_Server-2019-English-Core-EKS_Optimized-1.29-2024.01.09",
        "Windows_Server-2019-English-Core-EKS_Optimized-1.30-2024.07.09",
    ),
]


@pytest.mark.parametrize(("owner", "old", "new"), FOLLOWS)
def test_what_follows(owner: str, old: str, new: str) -> None:
    before, after = known(old, owner), known(new, owner)
    assert succeeds(after, before)
    assert not succeeds(before, after)
    assert before != after
    assert not succeeds(Family("account:1", after.pattern), before)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (AMAZON, "al2023-ami-2023.12.20260930.0-kernel-6.18-x86_64"),
        (CANONICAL, "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-server-20260704"),
        (WINDOWS, "Windows_Server-2025-English-Full-Base-2026.01.10"),
        (FLATCAR, "Flatcar-stable-2905.2.1-hvm"),
        (SUSE, "suse-sles-16-0-v20251105-hvm-ssd-x86_64"),
    ],
)
def test_the_last_of_a_line(owner: str, name: str) -> None:
    assert major_successors(known(name, owner)) == ()


def test_no_family_follows_itself_or_another_publisher_s() -> None:
    families = [known(name, owner) for owner, name, _, _ in READ]
    for old in families:
        assert not succeeds(old, old)
        assert all(new.publisher == old.publisher for new in families if succeeds(new, old))
    assert major_successors(Family("operator:1", "debian-12-amd64-*-*")) == ()


def test_another_variant_does_not_follow() -> None:
    old = known("ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126", CANONICAL)
    names = (
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20240523.1",
        "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-20240704",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-resolute-26.04-amd64-server-20260704",
    )
    assert not any(succeeds(known(name, CANONICAL), old) for name in names)


def test_every_step_is_used() -> None:
    patterns = [known(old, owner) for owner, old, _ in FOLLOWS]
    for publisher, steps in _STEPS.items():
        for step in steps:
            own = (one.pattern for one in patterns if one.publisher == publisher)
            assert any(step.follow(pattern) for pattern in own), step.old.pattern


SSM = "/aws/service"
PARAMETERS = [
    (
        AMAZON,
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64",
        "/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64",
    ),
    (
        AMAZON,
        "amzn2-ami-minimal-kernel-5.10-hvm-2.0.20260907.0-arm64-gp2",
        "/ami-amazon-linux-latest/amzn2-ami-minimal-kernel-5.10-hvm-arm64-gp2",
    ),
    (AMAZON, "amzn-ami-hvm-2017.09.1.20171103-x86_64-gp2", "/ami-amazon-linux-latest/amzn-ami-hvm-x86_64-gp2"),
    (ECS, "amzn-ami-2018.03.y-amazon-ecs-optimized", "/ecs/optimized-ami/amazon-linux/recommended/image_id"),
    (
        ECS,
        "amzn2-ami-ecs-kernel-5.10-gpu-hvm-2.0.20241213-x86_64-ebs",
        "/ecs/optimized-ami/amazon-linux-2/kernel-5.10/gpu/recommended/image_id",
    ),
    (
        ECS,
        "al2023-ami-ecs-neuron-hvm-2023.0.20250129-kernel-6.1-x86_64",
        "/ecs/optimized-ami/amazon-linux-2023/neuron/recommended/image_id",
    ),
    (
        ECS,
        "Windows_Server-2019-English-Full-ECS_Optimized-2019.05.10",
        "/ami-windows-latest/Windows_Server-2019-English-Full-ECS_Optimized/image_id",
    ),
    (EKS, "amazon-eks-node-1.29-v20240110", "/eks/optimized-ami/1.29/amazon-linux-2/recommended/image_id"),
    (
        EKS,
        "amazon-eks-gpu-node-1.29-v20240110",
        "/eks/optimized-ami/1.29/amazon-linux-2-gpu/recommended/image_id",
    ),
    (
        EKS,
        "amazon-eks-node-al2023-arm64-standard-1.30-v20240729",
        "/eks/optimized-ami/1.30/amazon-linux-2023/arm64/standard/recommended/image_id",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-ecs-2-aarch64-v1.32.0-cacc4ce9",
        "/bottlerocket/aws-ecs-2/arm64/latest/image_id",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.23-nvidia-x86_64-v1.14.0-9cd59298",
        "/bottlerocket/aws-k8s-1.23-nvidia/x86_64/latest/image_id",
    ),
    (
        WINDOWS,
        "Windows_Server-2022-English-Full-Base-2024.01.10",
        "/ami-windows-latest/Windows_Server-2022-English-Full-Base",
    ),
    (
        EKS_WINDOWS,
        "Windows_Server-2019-English-Core-EKS_Optimized-1.29-2024.01.09",
        "/ami-windows-latest/Windows_Server-2019-English-Core-EKS_Optimized-1.29/image_id",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
        "/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    ),
    (
        CANONICAL,
        "ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
        "/canonical/ubuntu/eks/22.04/1.29/stable/current/amd64/hvm/ebs-gp2/ami-id",
    ),
]


@pytest.mark.parametrize(("owner", "name", "expected"), PARAMETERS)
def test_the_parameter_of_a_family(owner: str, name: str, expected: str) -> None:
    assert recommended_parameter(known(name, owner)) == SSM + expected


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (DEBIAN, "debian-12-amd64-20240717-1811"),
        (EKS, "amazon-eks-node-al2023-x86_64-nvidia-560-1.31-v20241016"),
        (ECS, "al2022-ami-ecs-hvm-2022.0.20221230-x86_64-ebs"),
    ],
)
def test_a_family_without_a_parameter(owner: str, name: str) -> None:
    assert recommended_parameter(known(name, owner)) is None

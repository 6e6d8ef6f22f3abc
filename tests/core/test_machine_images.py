"""Which family an image belongs to, and where it stands there: real names, from public lists."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.machine_images import (
    Family,
    ImageRules,
    Kept,
    OperatorFamily,
    Order,
    Place,
    Position,
    Reason,
    TrustedOwner,
    family,
    owners,
    partition,
    place,
)
from bot.core.machine_images.grammar import _publishers
from bot.core.machine_images.publishers import GRAMMARS, MARKETPLACE, PUBLISHERS
from tests.core.machine_images import (
    AMAZON,
    CANONICAL,
    ECS,
    EKS,
    NOW,
    OURS,
    RED_HAT,
    STRANGER,
    al2023,
    image,
    pattern,
    position,
)

BOTTLEROCKET, WINDOWS, EKS_WINDOWS = "092701018921", "801119661308", "957547624766"
DEBIAN, FEDORA, ROCKY, ALMA = "136693071363", "125523088429", "792107900819", "764336703387"
SUSE, FLATCAR, MACOS, DEEP, SELLERS = "013907871322", "075585003325", "628277914472", "898082745236", "679593333241"

READ = [
    (AMAZON, "amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", "amzn2-ami-hvm-2.0.*-x86_64-gp2", "20240109"),
    (AMAZON, "amzn2-ami-hvm-2.0.20180810-x86_64-gp2", "amzn2-ami-hvm-2.0.*-x86_64-gp2", "20180810"),
    (
        AMAZON,
        "amzn2-ami-kernel-5.10-hvm-2.0.20230119.1-x86_64-gp2",
        "amzn2-ami-kernel-5.10-hvm-2.0.*-x86_64-gp2",
        "20230119-1",
    ),
    (
        AMAZON,
        "amzn2-ami-minimal-kernel-5.10-hvm-2.0.20260907.0-arm64-gp2",
        "amzn2-ami-minimal-kernel-5.10-hvm-2.0.*-arm64-gp2",
        "20260907",
    ),
    (ECS, "amzn2-ami-ecs-hvm-2.0.20260701-x86_64-ebs", "amzn2-ami-ecs-hvm-2.0.*-x86_64-ebs", "20260701"),
    (
        ECS,
        "amzn2-ami-ecs-kernel-5.10-gpu-hvm-2.0.20241213-x86_64-ebs",
        "amzn2-ami-ecs-kernel-5.10-gpu-hvm-2.0.*-x86_64-ebs",
        "20241213",
    ),
    (ECS, "amzn2-ami-ecs-inf-hvm-2.0.20251112-x86_64-ebs", "amzn2-ami-ecs-inf-hvm-2.0.*-x86_64-ebs", "20251112"),
    (
        AMAZON,
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64",
        "al2023-ami-2023*.*-kernel-6.1-x86_64",
        "3-20240108",
    ),
    (
        AMAZON,
        "al2023-ami-minimal-2023.12.20260930.0-kernel-6.12-x86_64",
        "al2023-ami-minimal-2023*.*-kernel-6.12-x86_64",
        "12-20260930",
    ),
    (
        AMAZON,
        "al2027-preview-ami-2027.0.20260930.2-kernel-7.1-arm64",
        "al2027-preview-ami-2027*.*-kernel-7.1-arm64",
        "20260930-2",
    ),
    (
        ECS,
        "al2023-ami-ecs-gpu-hvm-2023.0.20251119-kernel-6.1-x86_64-ebs",
        "al2023-ami-ecs-gpu-hvm-2023*.*-kernel-6.1-x86_64-ebs",
        "20251119",
    ),
    (
        ECS,
        "al2023-ami-ecs-neuron-hvm-2023.0.20250129-kernel-6.1-x86_64",
        "al2023-ami-ecs-neuron-hvm-2023*.*-kernel-6.1-x86_64",
        "20250129",
    ),
    (
        ECS,
        "al2022-ami-ecs-hvm-2022.0.20221230-x86_64-ebs",
        "al2022-ami-ecs-hvm-2022*.*-x86_64-ebs",
        "20221230",
    ),
    (
        AMAZON,
        "amzn-ami-vpc-nat-2018.03.0.20210721.0-x86_64-ebs",
        "amzn-ami-vpc-nat-*.*-x86_64-ebs",
        "2018.3-20210721",
    ),
    (AMAZON, "amzn-ami-hvm-2017.09.1.20171103-x86_64-gp2", "amzn-ami-hvm-*.*-x86_64-gp2", "2017.9.1-20171103"),
    (ECS, "amzn-ami-2018.03.y-amazon-ecs-optimized", "amzn-ami-*.*-amazon-ecs-optimized", "2018.3-25"),
    (ECS, "amzn-ami-2018.03.20240305-amazon-ecs-optimized", "amzn-ami-*.*-amazon-ecs-optimized", "2018.3-20240305"),
    (EKS, "amazon-eks-node-1.29-v20240110", "amazon-eks-node-1.29-v*", "20240110"),
    (EKS, "amazon-eks-gpu-node-1.29-v20240110", "amazon-eks-gpu-node-1.29-v*", "20240110"),
    (EKS, "amazon-eks-arm64-node-1.30-v20240729", "amazon-eks-arm64-node-1.30-v*", "20240729"),
    (
        EKS,
        "amazon-eks-node-al2023-x86_64-standard-1.36-v20260810",
        "amazon-eks-node-al2023-x86_64-standard-1.36-v*",
        "20260810",
    ),
    (
        EKS,
        "amazon-eks-node-al2023-x86_64-nvidia-560-1.31-v20241016",
        "amazon-eks-node-al2023-x86_64-nvidia-560-1.31-v*",
        "20241016",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.27-x86_64-v1.16.1-763f6d4c",
        "bottlerocket-aws-k8s-1.27-x86_64-v*-*",
        "1.16.1",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.35-fips-x86_64-v1.58.0-c5c37032",
        "bottlerocket-aws-k8s-1.35-fips-x86_64-v*-*",
        "1.58",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-ecs-2-x86_64-v1.32.0-cacc4ce9",
        "bottlerocket-aws-ecs-2-x86_64-v*-*",
        "1.32",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.23-nvidia-x86_64-v1.14.0-9cd59298",
        "bottlerocket-aws-k8s-1.23-nvidia-x86_64-v*-*",
        "1.14",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
        "20240126",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20240523.1",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
        "20240523-1",
    ),
    (
        CANONICAL,
        "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-20240704",
        "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-minimal-*",
        "20240704",
    ),
    (
        CANONICAL,
        "ubuntu-pro-server/images/hvm-ssd/ubuntu-focal-20.04-amd64-pro-server-20250109",
        "ubuntu-pro-server/images/hvm-ssd/ubuntu-focal-20.04-amd64-pro-server-*",
        "20250109",
    ),
    (
        CANONICAL,
        "ubuntu-eks/k8s_1.25/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20231007",
        "ubuntu-eks/k8s_1.25/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-*",
        "20231007",
    ),
    (DEBIAN, "debian-12-amd64-20240717-1811", "debian-12-amd64-*-*", "20240717-1811"),
    (DEBIAN, "debian-12-backports-amd64-20240429-1732", "debian-12-backports-amd64-*-*", "20240429-1732"),
    (DEBIAN, "debian-stretch-hvm-x86_64-gp2-2019-09-08-17994", "debian-stretch-hvm-x86_64-gp2-*-*", "2019.9.8-17994"),
    (
        RED_HAT,
        "RHEL-9.3.0_HVM-20240117-x86_64-49-Hourly2-GP3",
        "RHEL-9*_HVM*-*-x86_64-*-Hourly2-GP*",
        "3-20240117-49",
    ),
    (
        RED_HAT,
        "RHEL-7.9_HVM_GA-20200917-x86_64-0-Access2-GP2",
        "RHEL-7*_HVM*-*-x86_64-*-Access2-GP*",
        "9-20200917",
    ),
    (
        RED_HAT,
        "RHEL_HA-9.5.0_HVM_GA-20241029-x86_64-0-Hourly2-GP3",
        "RHEL_HA-9*_HVM*-*-x86_64-*-Hourly2-GP*",
        "5-20241029",
    ),
    (
        RED_HAT,
        "RHEL-SAP-8.2.0_HVM-20230117-x86_64-9-Hourly2-GP2",
        "RHEL-SAP-8.2.0_HVM*-*-x86_64-*-Hourly2-GP*",
        "20230117-9",
    ),
    (FEDORA, "CentOS Stream 9 x86_64 20231128", "CentOS Stream 9 x86_64 *", "20231128"),
    (FEDORA, "CentOS Linux 7 x86_64 - 2211", "CentOS Linux 7 x86_64 - *", "2211"),
    (FEDORA, "fedora-coreos-39.20240104.3.0-x86_64", "fedora-coreos-*.*.3.*-x86_64", "39-20240104"),
    (
        FEDORA,
        "Fedora-Cloud-Base-AmazonEC2.x86_64-43-20260305.0",
        "Fedora-Cloud-Base-AmazonEC2.x86_64-43-*",
        "20260305",
    ),
    (
        FEDORA,
        "Fedora-Cloud-Base-39-1.5.x86_64-hvm-us-east-1-gp3-0",
        "Fedora-Cloud-Base-39-*.x86_64-hvm-*-gp3-0",
        "1.5",
    ),
    (ROCKY, "Rocky-9-EC2-LVM-9.3-20231113.0.x86_64", "Rocky-9-EC2-LVM-9*-*.x86_64", "3-20231113"),
    (ALMA, "AlmaLinux OS 8.10.20260518 x86_64", "AlmaLinux OS 8*.* x86_64", "10-20260518"),
    (ALMA, "AlmaLinux OS Kitten 10.20241022.0 x86_64", "AlmaLinux OS Kitten 10.* x86_64", "20241022"),
    (SUSE, "suse-sles-15-sp5-v20240129-hvm-ssd-x86_64", "suse-sles-15-sp5-v*-hvm-ssd-x86_64", "20240129"),
    (
        SUSE,
        "suse-sles-sap-12-sp4-byos-v20220201-hvm-ssd-x86_64",
        "suse-sles-sap-12-sp4-byos-v*-hvm-ssd-x86_64",
        "20220201",
    ),
    (
        SUSE,
        "suse-sles-15-sp6-v20260919-ecs-hvm-ssd-x86_64",
        "suse-sles-15-sp6-v*-ecs-hvm-ssd-x86_64",
        "20260919",
    ),
    (FLATCAR, "Flatcar-stable-2905.2.1-hvm", "Flatcar-stable-*-hvm", "2905.2.1"),
    (FLATCAR, "Flatcar-lts-3033.3.18-hvm", "Flatcar-lts-3033*-hvm", "3.18"),
    (
        MACOS,
        "amzn-ec2-macos-15.7.4-20260217-233754-arm64",
        "amzn-ec2-macos-15*-*-*-arm64",
        "7.4-20260217-233754",
    ),
    (MACOS, "amzn-ec2-macos-10.15.7-20231130-181300", "amzn-ec2-macos-10.15*-*-*", "7-20231130-181300"),
    (
        WINDOWS,
        "Windows_Server-2022-English-Full-Base-2024.01.10",
        "Windows_Server-2022-English-Full-Base-*",
        "2024.1.10",
    ),
    (
        WINDOWS,
        "Windows_Server-2016-English-Full-SQL_2019_Standard-2024.01.16",
        "Windows_Server-2016-English-Full-SQL_2019_Standard-*",
        "2024.1.16",
    ),
    (
        EKS_WINDOWS,
        "Windows_Server-2019-English-Core-EKS_Optimized-1.29-2024.01.09",
        "Windows_Server-2019-English-Core-EKS_Optimized-1.29-*",
        "2024.1.9",
    ),
    (
        ECS,
        "Windows_Server-2019-English-Full-ECS_Optimized-2019.05.10",
        "Windows_Server-2019-English-Full-ECS_Optimized-*",
        "2019.5.10",
    ),
    (
        DEEP,
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20240520",
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) *",
        "20240520",
    ),
    (
        DEEP,
        "Deep Learning AMI (Ubuntu 18.04) Version 61.3",
        "Deep Learning AMI (Ubuntu 18.04) Version *",
        "61.3",
    ),
]


@pytest.mark.parametrize(("owner", "name", "expected", "where"), READ, ids=[name for _, name, _, _ in READ])
def test_the_family_and_position_of_a_real_name(owner: str, name: str, expected: str, where: str) -> None:
    placed = place(image(name, owner))
    assert isinstance(placed, Place), placed
    assert (placed.family.pattern, str(placed.position)) == (expected, where)
    assert str(placed.family) == expected


@pytest.mark.parametrize(("owner", "name", "expected", "where"), READ, ids=[name for _, name, _, _ in READ])
def test_the_family_of_a_stranger_s_image_is_unknown(owner: str, name: str, expected: str, where: str) -> None:
    placed = place(image(name, STRANGER))
    assert isinstance(placed, Kept)
    assert placed.reason is Reason.OWNER_UNKNOWN
    assert STRANGER in placed.detail


APART = [
    (AMAZON, "amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", "amzn2-ami-kernel-5.10-hvm-2.0.20240109.0-x86_64-gp2"),
    (AMAZON, "amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", "amzn2-ami-hvm-2.0.20240109.0-x86_64-ebs"),
    (AMAZON, "amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", "amzn2-ami-hvm-2.0.20240109.0-arm64-gp2"),
    (AMAZON, "amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2", "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64"),
    (
        AMAZON,
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64",
        "al2023-ami-2023.12.20260930.0-kernel-6.12-x86_64",
    ),
    (
        AMAZON,
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64",
        "al2023-ami-minimal-2023.3.20240108.0-kernel-6.1-x86_64",
    ),
    (ECS, "amzn2-ami-ecs-hvm-2.0.20260701-x86_64-ebs", "amzn2-ami-ecs-gpu-hvm-2.0.20260701-x86_64-ebs"),
    (EKS, "amazon-eks-node-1.29-v20240110", "amazon-eks-node-1.30-v20240729"),
    (EKS, "amazon-eks-node-1.29-v20240110", "amazon-eks-node-al2023-x86_64-standard-1.29-v20240110"),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.27-x86_64-v1.16.1-763f6d4c",
        "bottlerocket-aws-k8s-1.28-x86_64-v1.16.1-763f6d4c",
    ),
    (
        BOTTLEROCKET,
        "bottlerocket-aws-k8s-1.27-x86_64-v1.16.1-763f6d4c",
        "bottlerocket-aws-k8s-1.27-fips-x86_64-v1.16.1-763f6d4c",
    ),
    (
        CANONICAL,
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126",
        "ubuntu-pro-server/images/hvm-ssd/ubuntu-jammy-22.04-amd64-pro-server-20240126",
    ),
    (RED_HAT, "RHEL-9.3.0_HVM-20240117-x86_64-49-Hourly2-GP3", "RHEL-9.3.0_HVM-20240117-x86_64-49-Access2-GP3"),
    (RED_HAT, "RHEL-9.3.0_HVM-20240117-x86_64-49-Hourly2-GP3", "RHEL-10.2.0_HVM_GA-20260521-x86_64-0-Hourly2-GP3"),
    (RED_HAT, "RHEL-SAP-8.2.0_HVM-20230117-x86_64-9-Hourly2-GP2", "RHEL-SAP-8.4.0_HVM-20230117-x86_64-9-Hourly2-GP2"),
    (WINDOWS, "Windows_Server-2019-English-Full-Base-2024.01.10", "Windows_Server-2022-English-Full-Base-2024.01.10"),
    (WINDOWS, "Windows_Server-2022-English-Full-Base-2024.01.10", "Windows_Server-2022-English-Core-Base-2024.01.10"),
    (WINDOWS, "Windows_Server-2022-English-Full-Base-2024.01.10", "Windows_Server-2022-Japanese-Full-Base-2024.01.10"),
    (FEDORA, "fedora-coreos-39.20240104.3.0-x86_64", "fedora-coreos-39.20240104.2.0-x86_64"),
]


@pytest.mark.parametrize(("owner", "one", "other"), APART)
def test_families_that_are_apart(owner: str, one: str, other: str) -> None:
    first, second = pattern(one, owner), pattern(other, owner)
    assert first is not None
    assert second is not None
    assert first != second


def test_a_beta_is_no_release() -> None:
    assert pattern("RHEL-9.4.0_HVM_BETA-20240411-x86_64-30-Hourly2-GP3", RED_HAT) is None


@pytest.mark.parametrize(
    "name",
    [
        "amazon-eks-node-linux",
        "Deep Learning AMI Amazon Linux - 3.3_Oct2017",
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64 ",
        "al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64\n",
        "al2023-ami-2023.3.२०२४०१०८.0-kernel-6.1-x86_64",
        "al2023-ami-2023.3.20240108.0-kernel-6.1-" + "x" * 128,
        "",
    ],
)
def test_a_name_that_no_grammar_reads(name: str) -> None:
    placed = place(image(name))
    assert isinstance(placed, Kept)
    assert placed.reason is Reason.FAMILY_UNKNOWN
    assert len(placed.detail) < 300


def test_a_respin_of_an_older_release_is_older() -> None:
    respin = position("RHEL-9.2.0_HVM-20240521-x86_64-93-Hourly2-GP3", RED_HAT)
    assert respin < position("RHEL-9.4.0_HVM-20240423-x86_64-62-Hourly2-GP3", RED_HAT)
    assert respin > position("RHEL-9.2.0_HVM-20230726-x86_64-61-Hourly2-GP2", RED_HAT)
    assert respin < position("RHEL-9.10.0_HVM_GA-20240101-x86_64-0-Hourly2-GP3", RED_HAT)


def test_letters_come_before_dates() -> None:
    names = ("2018.03.a", "2018.03.y", "2018.03.20190301", "2018.03.20240305")
    order = [position(f"amzn-ami-{name}-amazon-ecs-optimized", ECS) for name in names]
    assert order == sorted(set(order))


def test_a_region_in_a_name_is_the_image_s_own() -> None:
    name = "Fedora-Cloud-Base-39-1.5.x86_64-hvm-us-east-1-gp3-0"
    assert pattern(name, FEDORA, region="eu-west-1") is None
    other = "Fedora-Cloud-Base-39-1.5.x86_64-hvm-eu-west-1-gp3-0"
    assert pattern(name, FEDORA) == pattern(other, FEDORA, region="eu-west-1")


def test_the_same_account_number_in_another_partition_is_a_stranger() -> None:
    name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126"
    assert pattern(name, CANONICAL, region="cn-north-1") is None
    assert pattern(name, CANONICAL, region="us-gov-west-1") is None
    china = family(image(name, "837727238323", region="cn-north-1"))
    government = family(image(name, "513442679011", region="us-gov-west-1"))
    assert china == government == family(image(name, CANONICAL))


def test_a_publisher_s_accounts_in_all_regions_are_one_publisher() -> None:
    home, africa = family(al2023("3.20240108.0")), family(al2023("3.20240108.0", owner="210953353124"))
    assert home == africa == Family("amazon-linux", "al2023-ami-2023*.*-kernel-6.1-x86_64")


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-west-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_the_partition_of_a_region(region: str, expected: str) -> None:
    assert partition(region) == expected


def test_whom_to_ask_in_a_region() -> None:
    assert owners("amazon-linux", "eu-west-1") == (AMAZON,)
    assert owners("amazon-linux", "af-south-1") == ("210953353124", AMAZON)
    assert owners("amazon-linux", "cn-north-1") == ("141808717104",)
    assert owners("bottlerocket", "us-west-2") == ("651937483462",)
    assert owners("debian", "cn-north-1") == ()
    assert owners("nobody", "eu-west-1") == ()


def test_the_table_is_sound() -> None:
    names = [publisher.name for publisher in PUBLISHERS]
    assert len(names) == len(set(names))
    assert {name for grammar in GRAMMARS for name in grammar.publishers} == set(names) - {MARKETPLACE}
    for publisher in PUBLISHERS:
        accounts = [account for regions in publisher.accounts.values() for each in regions.values() for account in each]
        assert accounts
        assert all(re.fullmatch(r"\d{12}", account) for account in accounts)
    # no account stands for two publishers: a grammar would be read for the wrong one
    assert all(len(known) == 1 for known in _publishers().values())


def test_every_grammar_says_an_order() -> None:
    roles = {"release", "date", "build", "free", "region", "volume"}
    for grammar in GRAMMARS:
        assert set(grammar.name.groupindex) <= roles
        assert {"release", "date"} & set(grammar.name.groupindex)
        assert any(grammar.name.fullmatch(name) for _, name, _, _ in READ), grammar.name.pattern


def test_hostile_names_take_no_time() -> None:
    names = [
        head + body * 128
        for head in ("", "RHEL-9", "ubuntu/", "al2023-ami", "amzn2-ami", "amazon-eks", "Windows_Server-", "suse")
        for body in ("-a", "-1.1", ".1", "-", "/a", "_", "20240101", "-v", " ", "((")
    ]
    started = time.perf_counter()
    for name in names:
        for grammar in GRAMMARS:
            grammar.name.fullmatch(name[:128])
    assert time.perf_counter() - started < 1


MARKET = "debian-12-amd64-20231210-1591-prod-s2fy2g55okxhk"


def test_a_marketplace_image_is_its_product_s() -> None:
    found = family(image(MARKET, SELLERS, product_codes=("b", "a")))
    assert found == Family("aws-marketplace:a,b", "debian-12-amd64-*-*-prod-s2fy2g55okxhk")
    later = family(image(MARKET.replace("20231210-1591", "20240717-1811"), SELLERS, product_codes=("a", "b")))
    assert later == found
    assert family(image(MARKET, SELLERS, product_codes=("c",))) != found


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        (MARKET, ()),
        ("debian-12-amd64-20231210-1591", ("a",)),
        ("debian-12-amd64-20231210-prod-s2fy2g55okxhk", ("a",)),
    ],
)
def test_a_marketplace_image_that_can_t_be_told(name: str, codes: tuple[str, ...]) -> None:
    assert family(image(name, SELLERS, product_codes=codes)) is None


def test_an_offer_s_id_may_be_a_uuid() -> None:
    name = "AlmaLinux OS 8.10.20240820 x86_64-c076b20a-2305-4771-823f-944909847a05"
    found = family(image(name, SELLERS, product_codes=("a",)))
    assert found is not None
    assert found.pattern == "AlmaLinux OS 8*.* x86_64-c076b20a-2305-4771-823f-944909847a05"


def test_an_account_the_operator_trusts_may_copy_known_images() -> None:
    rules = ImageRules(trusted_owners=(TrustedOwner(OURS),))
    found = family(al2023("3.20240108.0", owner=OURS), rules)
    assert found == Family(f"account:{OURS}", "al2023-ami-2023*.*-kernel-6.1-x86_64")
    assert family(al2023("3.20240108.0"), rules) != found


def test_a_publisher_s_account_that_the_table_lacks() -> None:
    rules = ImageRules(trusted_owners=(TrustedOwner(OURS, "amazon-linux"),))
    assert family(al2023("3.20240108.0", owner=OURS), rules) == family(al2023("3.20240108.0"))
    assert family(image("debian-12-amd64-20240717-1811", OURS), rules) is None


OWN = [
    (Order.NUMBER, "golden-PR-*", "golden-PR-123", "123"),
    (Order.NUMBER, "golden-PR-*", "golden-PR-123-abc9f12", "123"),
    (Order.NUMBER, "golden-*-x86_64", "golden-1706000000-x86_64", "1706000000"),
    (Order.VERSION, "app-*", "app-v1.20.3-4f5e6d7", "1.20.3"),
    (Order.VERSION, "app-*-*", "app-web-1.2.0", "1.2"),
    (Order.DATE, "base-*", "base-20240115", "20240115-0"),
    (Order.DATE, "base-*", "base-2024-01-15T10-30-05Z", "20240115-103005"),
    (Order.DATE, "base-*", "base-abc-20240115103005", "20240115-103005"),
    (Order.DATE, "base-*", "base-2024.01.15-1030", "20240115-103000"),
    (Order.CREATED, "hash-*", "hash-9f86d081", "1788220800"),
]


@pytest.mark.parametrize(("order", "glob", "name", "where"), OWN)
def test_the_order_in_an_operator_s_family(order: Order, glob: str, name: str, where: str) -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, glob, order),))
    placed = place(image(name, OURS), rules)
    assert isinstance(placed, Place), placed
    assert placed.family == Family(f"operator:{OURS}", glob)
    assert str(placed.position) == where


@pytest.mark.parametrize(
    ("order", "name"),
    [
        (Order.NUMBER, "golden-9f86d081"),
        (Order.NUMBER, "golden-"),
        (Order.VERSION, "golden-12"),
        (Order.DATE, "golden-1706000000"),
        (Order.DATE, "golden-2024011"),
        (Order.DATE, "golden-2024-0115"),
    ],
)
def test_a_packer_image_with_no_order_in_its_name(order: Order, name: str) -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, "golden-*", order),))
    placed = place(image(name, OURS), rules)
    assert isinstance(placed, Kept)
    assert placed.reason is Reason.FAMILY_UNKNOWN
    assert "golden-*" in placed.detail


@pytest.mark.parametrize(
    ("owner", "name"),
    [(STRANGER, "golden-PR-7-x"), (OURS, "golden-PR-"), (OURS, "other-PR-7-x"), (OURS, "golden-PR-7-y"), (OURS, "x")],
)
def test_an_operator_s_family_is_one_account_s(owner: str, name: str) -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, "golden-PR-*-x", Order.NUMBER),))
    placed = place(image(name, owner), rules)
    assert isinstance(placed, Kept)
    assert placed.reason is Reason.OWNER_UNKNOWN


@pytest.mark.parametrize(
    ("name", "glob", "fits"),
    [
        ("exact", "exact", True),
        ("exactly", "exact", False),
        ("a-1-b-2", "a-*-b-*", True),
        ("a-1-c-2", "a-*-b-*", False),
        ("ab", "ab*b", False),
        ("abb", "ab*b", True),
        ("x" * 129, "*", False),
    ],
)
def test_globs(name: str, glob: str, fits: bool) -> None:
    rules = ImageRules(families=(OperatorFamily(OURS, glob, Order.CREATED),))
    assert (family(image(name, OURS), rules) is not None) == fits


def test_the_first_family_that_fits_counts() -> None:
    first, second = (OperatorFamily(OURS, glob, Order.CREATED) for glob in ("web-prod-*", "web-*"))
    rules = ImageRules(families=(first, second))
    assert family(image("web-prod-1", OURS), rules) == Family(f"operator:{OURS}", "web-prod-*")
    assert family(image("web-test-1", OURS), rules) == Family(f"operator:{OURS}", "web-*")


def test_every_reason_is_a_skip() -> None:
    assert {reason.skip.value for reason in Reason} == {
        "up_to_date",
        "too_young",
        "family_unknown",
        "withdrawn",
        "above_latest",
        "held",
        "blocked_site",
    }


def test_positions_print() -> None:
    assert str(Position()) == ""
    assert str(Position((9, 3), (), (4,))) == "9.3-4"


days = st.dates(NOW.date().replace(year=2018), NOW.date().replace(year=2099)).map(lambda day: f"{day:%Y%m%d}")


@given(st.integers(0, 30), days, st.integers(0, 9), st.integers(0, 30), days, st.integers(0, 9))
def test_images_of_one_family_compare_by_release_then_date_then_build(
    release: int, day: str, build: int, other_release: int, other_day: str, other_build: int
) -> None:
    one = position(f"al2023-ami-2023.{release}.{day}.{build}-kernel-6.1-x86_64")
    other = position(f"al2023-ami-2023.{other_release}.{other_day}.{other_build}-kernel-6.1-x86_64")
    keys = (release, day, build), (other_release, other_day, other_build)
    assert ((one > other), (one == other)) == ((keys[0] > keys[1]), (keys[0] == keys[1]))


@given(st.text(max_size=140), st.sampled_from([AMAZON, ECS, EKS, CANONICAL, RED_HAT, SELLERS, STRANGER]))
def test_any_name_gives_an_answer(name: str, owner: str) -> None:
    assert isinstance(place(image(name, owner, product_codes=("a",))), Place | Kept)


@given(st.sampled_from(READ), st.sampled_from(READ))
def test_a_family_is_told_by_its_pattern(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    same = family(image(one[1], one[0])) == family(image(other[1], other[0]))
    assert same == ((one[0], one[2]) == (other[0], other[2]))

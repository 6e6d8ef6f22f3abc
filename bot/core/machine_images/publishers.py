"""Who publishes machine images, from which accounts, and how their images are named. Facts only.

An account counts in its own partition only: nothing says that a number means the same account in
another. Some publishers have one account a region. Where a region is missing here, the operator
names the account (``TrustedOwner``). Sources: the publishers' own pages (EC2, ECS, EKS, Bottlerocket,
Canonical, Red Hat, SUSE, Debian, Rocky, AlmaLinux, Fedora, Flatcar documentation), accounts checked
against public lists of images (``docs/decisions.md``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ANYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher's accounts: partition to region to account; ``*`` stands for the regions not named."""

    name: str
    accounts: Mapping[str, Mapping[str, tuple[str, ...]]]


def _everywhere(aws: str, china: str = "", government: str = "") -> dict[str, dict[str, tuple[str, ...]]]:
    """Accounts that are the same in all regions of a partition; several are parted by spaces."""
    parts = {"aws": aws, "aws-cn": china, "aws-us-gov": government}
    return {partition: {ANYWHERE: tuple(text.split())} for partition, text in parts.items() if text}


def _regional(table: str) -> dict[str, tuple[str, ...]]:
    """``region account`` pairs, one a line."""
    pairs = (line.split() for line in table.strip().splitlines())
    return {region: (account,) for region, account in pairs}


_LINUX = """
    * 137112412989
    af-south-1 210953353124
    ap-east-1 910595266909
    ap-south-2 140264529686
    ap-southeast-3 785737495101
    ap-southeast-4 212415852945
    ap-southeast-5 860882034098
    ca-west-1 499701242899
    eu-central-2 084269151793
    eu-south-1 071630900071
    eu-south-2 061882349855
    il-central-1 659248058490
    me-central-1 541802698383
    me-south-1 656109587541
"""
_ECS = """
    * 591542846629
    af-south-1 640558152053
    ap-east-1 665337139932
    ap-south-2 296569632912
    ap-southeast-3 230995884829
    ap-southeast-4 947717515648
    ap-southeast-5 972826049847
    ca-west-1 065505494507
    eu-central-2 434623702375
    eu-south-1 097296689135
    eu-south-2 878116103691
    il-central-1 496169089457
    me-central-1 661356072305
    me-south-1 050734284575
"""
_EKS = """
    * 602401143452
    af-south-1 877085696533
    ap-east-1 800184023465
    ap-east-2 533267051163
    ap-south-2 900889452093
    ap-southeast-3 296578399912
    ap-southeast-4 491585149902
    ap-southeast-5 151610086707
    ap-southeast-6 333609536671
    ap-southeast-7 121268973566
    ca-west-1 761377655185
    eu-central-2 900612956339
    eu-south-1 590381155156
    eu-south-2 455263428931
    il-central-1 066635153087
    me-central-1 759879836304
    me-south-1 558608220178
    mx-central-1 730335286997
"""
_BOTTLEROCKET = """
    af-south-1 291523557710
    ap-east-1 040063162771
    ap-east-2 992382384230
    ap-northeast-1 593245189075
    ap-northeast-2 630172235254
    ap-northeast-3 429266927828
    ap-south-1 449901457613
    ap-south-2 713232077714
    ap-southeast-1 406264879685
    ap-southeast-2 823100568288
    ap-southeast-3 888108400464
    ap-southeast-4 445448481902
    ap-southeast-5 191778180997
    ap-southeast-6 933873600184
    ap-southeast-7 058264547253
    ca-central-1 229026816814
    ca-west-1 458152013874
    eu-central-1 149721548608
    eu-central-2 799456934533
    eu-north-1 432623269467
    eu-south-1 754205708698
    eu-south-2 082494185113
    eu-west-1 503807174151
    eu-west-2 941016683700
    eu-west-3 296779064547
    il-central-1 346625278781
    me-central-1 789853572315
    me-south-1 340903185543
    mx-central-1 481050282565
    sa-east-1 044060155884
    us-east-1 092701018921
    us-east-2 419346874475
    us-west-1 724952271658
    us-west-2 651937483462
"""
_WINDOWS = """
    * 801119661308
    af-south-1 442396546477
    ap-east-1 777534740333
    ap-south-2 159365745649
    ap-southeast-3 903064639964
    ap-southeast-4 311529897437
    ap-southeast-5 002667544638
    ap-southeast-7 767398017123
    ca-west-1 194652444849
    eu-central-2 536790793924
    eu-south-1 460214486919
    eu-south-2 688423173695
    il-central-1 185158320714
    me-central-1 878052572473
    me-south-1 162367869970
    mx-central-1 574179025982
"""
_EKS_WINDOWS = """
    af-south-1 597400817333
    ap-east-1 907716943349
    ap-east-2 891376989287
    ap-northeast-1 517802777641
    ap-northeast-2 918716859121
    ap-northeast-3 834741791908
    ap-south-1 750252652416
    ap-south-2 063495277261
    ap-southeast-1 954049747103
    ap-southeast-2 687402702948
    ap-southeast-3 086269339428
    ap-southeast-4 591620260053
    ap-southeast-5 250259214768
    ap-southeast-6 550366911139
    ap-southeast-7 730335552224
    ca-central-1 151453898909
    ca-west-1 492533705213
    eu-central-1 999352223265
    eu-central-2 108439994008
    eu-north-1 142676981321
    eu-south-1 340946277815
    eu-south-2 992500858046
    eu-west-1 402743460324
    eu-west-2 111789216327
    eu-west-3 225872793654
    il-central-1 836514005396
    me-central-1 522606368197
    me-south-1 517341481761
    mx-central-1 931106322324
    sa-east-1 980913465755
    us-east-1 957547624766
    us-east-2 205223424851
    us-west-1 247341962726
    us-west-2 137057727718
"""

MARKETPLACE = "aws-marketplace"

PUBLISHERS: tuple[Publisher, ...] = (
    Publisher(
        "amazon-linux",
        {"aws": _regional(_LINUX), **_everywhere("", "141808717104", "045324592363")},
    ),
    Publisher("amazon-ecs", {"aws": _regional(_ECS)}),
    Publisher(
        "amazon-eks",
        {
            "aws": _regional(_EKS),
            "aws-cn": _regional("cn-north-1 918309763551\ncn-northwest-1 961992271922"),
            "aws-us-gov": _regional("us-gov-east-1 151742754352\nus-gov-west-1 013241004608"),
        },
    ),
    Publisher(
        "bottlerocket",
        {
            "aws": _regional(_BOTTLEROCKET),
            "aws-cn": _regional("cn-north-1 183365920950\ncn-northwest-1 183890449532"),
            "aws-us-gov": _regional("us-gov-east-1 372293620468\nus-gov-west-1 372333677703"),
        },
    ),
    Publisher("windows", {"aws": _regional(_WINDOWS), **_everywhere("", "016951021795", "077303321853")}),
    Publisher(
        "windows-eks",
        {
            "aws": _regional(_EKS_WINDOWS),
            "aws-cn": _regional("cn-north-1 436023608783\ncn-northwest-1 438848857437"),
            "aws-us-gov": _regional("us-gov-east-1 055183720277\nus-gov-west-1 055189784373"),
        },
    ),
    Publisher("macos", _everywhere("628277914472")),
    Publisher("deep-learning", _everywhere("898082745236")),
    Publisher("ubuntu", _everywhere("099720109477", "837727238323", "513442679011")),
    Publisher("debian", _everywhere("136693071363 379101102735")),
    Publisher("red-hat", _everywhere("309956199498", "841258680906", "219670896067")),
    Publisher("fedora", _everywhere("125523088429")),
    Publisher("rocky", _everywhere("792107900819")),
    Publisher("almalinux", _everywhere("764336703387")),
    Publisher("suse", _everywhere("013907871322", "841869936221")),
    Publisher("flatcar", _everywhere("075585003325")),
    # every seller's images stand under these two accounts: only equal product codes say that it is one product
    Publisher(MARKETPLACE, _everywhere("679593333241", "336777782633")),
)


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one publisher names one sort of image.

    A named group is what differs between releases: ``release``, ``date`` and ``build`` give the order,
    ``volume`` may rise but not fall, ``free`` says nothing (a hash, a first-release mark), ``region``
    must be the image's own. Everything else stays as it is and tells families apart, so that being
    generous there is safe (at worst a family has one member) and being so in a named group is not.
    A group that may be missing is written ``(…|)``: it then still has a place.
    """

    publishers: tuple[str, ...]
    name: re.Pattern[str]


_DAY = r"(?P<date>20\d{6})"
_DOTTED_DAY = r"(?P<date>20\d\d\.\d\d\.\d\d)"
_BUILD = r"(?P<build>\.\d+|)"


def _grammar(publishers: str, name: str) -> Grammar:
    return Grammar(tuple(publishers.split()), re.compile(name, re.ASCII))


GRAMMARS: tuple[Grammar, ...] = (
    # amzn2-ami-hvm-2.0.20240109.0-x86_64-gp2, amzn2-ami-ecs-kernel-5.10-gpu-hvm-2.0.20241213-x86_64-ebs
    _grammar(
        "amazon-linux amazon-ecs",
        rf"amzn2-ami(?:-[a-z][a-z0-9]*|-\d+\.\d+)*-2\.0\.{_DAY}{_BUILD}-(?:x86_64|arm64|i386)(?:-[a-z0-9]+)?",
    ),
    # al2023-ami-2023.3.20240108.0-kernel-6.1-x86_64, al2023-ami-ecs-gpu-hvm-2023.0.20251119-kernel-6.1-x86_64-ebs
    _grammar(
        "amazon-linux amazon-ecs",
        rf"al20\d\d(?:-[a-z]+)*-20\d\d(?P<release>\.\d+)\.{_DAY}{_BUILD}(?:-kernel-\d+\.\d+)?-[\w-]+",
    ),
    # amzn-ami-hvm-2018.03.0.20181129-x86_64-gp2, amzn-ami-vpc-nat-2018.03.0.20210721.0-x86_64-ebs
    _grammar(
        "amazon-linux", rf"amzn-ami(?:-[a-z]+)+-(?P<release>20\d\d\.\d\d(?:\.\d+)?)\.{_DAY}{_BUILD}-\w+-[a-z0-9]+"
    ),
    # amzn-ami-2018.03.y-amazon-ecs-optimized, later amzn-ami-2018.03.20240305-amazon-ecs-optimized
    _grammar("amazon-ecs", r"amzn-ami-(?P<release>20\d\d\.\d\d)\.(?P<date>[a-z]|20\d{6})-amazon-ecs-optimized"),
    # amazon-eks-node-1.29-v20240110, amazon-eks-node-al2023-x86_64-nvidia-560-1.31-v20241016
    _grammar("amazon-eks", rf"amazon-eks(?:-[a-z0-9_]+)*-node(?:-[a-z0-9_]+)*-\d+\.\d+-v{_DAY}{_BUILD}"),
    # bottlerocket-aws-k8s-1.29-x86_64-v1.19.0-1234abcd
    _grammar(
        "bottlerocket",
        r"bottlerocket-aws-(?:k8s-\d+\.\d+|ecs-\d+|dev)(?:-[a-z]+)*-(?:x86_64|aarch64)"
        r"-v(?P<release>\d+\.\d+\.\d+)-(?P<free>[0-9a-f]{7,40})",
    ),
    # Windows_Server-2022-English-Full-Base-2024.01.10, Windows_Server-2019-English-Core-EKS_Optimized-1.29-2024.01.10
    _grammar("windows windows-eks amazon-ecs", rf"(?:[A-Za-z0-9]+-)?Windows_Server-[\w.-]+-{_DOTTED_DAY}"),
    # amzn-ec2-macos-15.7.4-20260217-233754-arm64
    _grammar(
        "macos",
        rf"amzn-ec2-macos-(?:10\.\d+|\d+)(?P<release>(?:\.\d+)*)-{_DAY}-(?P<build>\d{{6}})(?:-[a-z0-9_]+)?",
    ),
    # Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20240520, formerly … (Ubuntu 18.04) Version 61.3
    _grammar("deep-learning", rf"Deep Learning [\w .,+-]*\([\w .]+\) {_DAY}{_BUILD}"),
    _grammar("deep-learning", r"Deep Learning [\w .,+-]*\([\w .]+\) Version (?P<release>\d+(?:\.\d+)*)"),
    # ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240126, ubuntu-eks/k8s_1.29/images/…, ubuntu-pro-server/…
    _grammar("ubuntu", rf"ubuntu[\w./-]+-{_DAY}{_BUILD}"),
    # debian-12-amd64-20240201-1644, debian-12-backports-arm64-20240201-1644
    _grammar("debian", rf"debian-[a-z0-9]+(?:-[a-z]+)*-(?:amd64|arm64)(?:-[a-z]+)*-{_DAY}-(?P<build>\d+)"),
    # debian-stretch-hvm-x86_64-gp2-2019-09-08-17994
    _grammar("debian", r"debian-[a-z]+-hvm-\w+-gp2-(?P<date>20\d\d-\d\d-\d\d)-(?P<build>\d+)"),
    # RHEL-9.3.0_HVM-20240117-x86_64-49-Hourly2-GP3, RHEL_HA-9.5.0_HVM_GA-20241029-x86_64-0-Hourly2-GP3; a beta is
    # apart, and SAP's minor stays: its updates are bought for one minor release
    _grammar(
        "red-hat",
        rf"RHEL(?:_HA)?-\d+(?P<release>(?:\.\d+)+)_HVM(?P<free>_GA|)-{_DAY}-(?:x86_64|arm64|i386)"
        r"-(?P<build>\d+)-[A-Za-z0-9]+-GP(?P<volume>\d)",
    ),
    _grammar(
        "red-hat",
        rf"RHEL-SAP(?:-[A-Z]+)*-\d+(?:\.\d+)+_HVM(?P<free>_GA|)-{_DAY}-x86_64"
        r"-(?P<build>\d+)-[A-Za-z0-9]+-GP(?P<volume>\d)",
    ),
    # CentOS Stream 9 x86_64 20231128; CentOS Linux 7 x86_64 - 2211
    _grammar("fedora", rf"CentOS Stream \d+ (?:x86_64|aarch64) {_DAY}"),
    _grammar("fedora", r"CentOS Linux \d+ (?:x86_64|aarch64) - (?P<date>\d{4})"),
    # fedora-coreos-39.20240104.3.0-x86_64: Fedora's number moves within a stream, and .3. is the stream
    _grammar("fedora", rf"fedora-coreos-(?P<release>\d+)\.{_DAY}\.\d+\.(?P<build>\d+)(?:-[\w-]+)?"),
    # Fedora-Cloud-Base-AmazonEC2.x86_64-44-20260501.0, formerly Fedora-Cloud-Base-39-1.5.x86_64-hvm-us-east-1-gp3-0
    _grammar("fedora", r"Fedora-Cloud-Base-AmazonEC2\.(?:x86_64|aarch64)-\w+-(?P<release>\d+\.\d+)"),
    _grammar(
        "fedora",
        r"Fedora-Cloud-Base-\w+-(?P<release>\d+\.\d+)\.(?:x86_64|aarch64)-hvm-(?P<region>[a-z0-9-]+)-(?:gp\d|standard)-\d",
    ),
    # Rocky-9-EC2-Base-9.3-20231113.0.x86_64, Rocky-9-EC2-LVM-9.3-20231113.0.x86_64
    _grammar(
        "rocky",
        rf"Rocky-\d+-(?:EC2|ec2)(?:-[A-Za-z]+)*-\d+(?P<release>\.\d+)-{_DAY}{_BUILD}\.(?:x86_64|aarch64)",
    ),
    # AlmaLinux OS 9.3.20231113 x86_64; AlmaLinux OS Kitten 10.20241022.0 x86_64
    _grammar("almalinux", rf"AlmaLinux OS \d+(?P<release>\.\d+)\.{_DAY}{_BUILD} (?:x86_64|aarch64)\w*"),
    _grammar("almalinux", rf"AlmaLinux OS Kitten \d+\.{_DAY}{_BUILD} (?:x86_64|aarch64)\w*"),
    # suse-sles-15-sp5-v20240129-hvm-ssd-x86_64, suse-sles-sap-12-sp4-byos-v20220201-hvm-ssd-x86_64
    _grammar("suse", rf"(?:suse|openSUSE)(?:-[A-Za-z0-9]+)+-v{_DAY}(?:-[a-z0-9]+)*-(?:x86_64|arm64)"),
    # Flatcar-stable-3815.2.0-hvm; each long-term line has a first number of its own
    _grammar("flatcar", r"Flatcar-(?:stable|beta|alpha)-(?P<release>\d+\.\d+\.\d+)(?:-[a-z0-9]+)*"),
    _grammar("flatcar", r"Flatcar-lts-\d+(?P<release>\.\d+\.\d+)(?:-[a-z0-9]+)*"),
)

"""Which family follows which: another operating system, release line, kernel line or Kubernetes version.

These are major steps. Nothing here moves anything: it answers what could be proposed to a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.machine_images.model import Family
from bot.core.machine_images.operators import wild

_UBUNTU = (
    "trusty-14.04",
    "xenial-16.04",
    "bionic-18.04",
    "focal-20.04",
    "jammy-22.04",
    "noble-24.04",
    "resolute-26.04",
)
_WINDOWS = ("2012-R2_RTM", "2016", "2019", "2022", "2025")
_MACOS = ("11", "12", "13", "14", "15", "26")
_KERNELS = ("6.1", "6.12", "6.18")
_LAST_SERVICE_PACKS = ("11-sp4", "12-sp5", "15-sp7", "16-0")


_LINE = re.compile(r"\*?|\d+(?:\.\d+)*|kernel-\d+\.\d+-|-ebs", re.ASCII)
"""What ``*`` in a successor may stand for: what varies anyway, a kernel line, the kind of volume; never a variant."""


@dataclass(frozen=True, slots=True)
class _Step:
    r"""A family whose pattern fits ``old`` is followed by those that fit ``new``.

    ``new`` takes over groups (``\1``) and may hold ``{next}``: what follows the group ``at`` in ``line``,
    or the number after it where there is no line.
    """

    old: re.Pattern[str]
    new: str
    line: tuple[str, ...] = ()

    def follow(self, pattern: str) -> str | None:
        """The pattern that follows; None where this step does not apply or its line ends."""
        found = self.old.fullmatch(pattern)
        if found is None:
            return None
        at = found.groupdict().get("at", "")
        after = self._after(at) if at else ""
        return None if after is None else found.expand(self.new).replace("{next}", after)

    def _after(self, at: str) -> str | None:
        if not self.line:
            return str(int(at) + 1)
        known = dict(zip(self.line, self.line[1:], strict=False))
        return known.get(at)


def _step(old: str, new: str, line: tuple[str, ...] = ()) -> _Step:
    return _Step(re.compile(old, re.ASCII), new, line)


_STEPS: dict[str, tuple[_Step, ...]] = {
    "amazon-linux": (
        _step(r"amzn-ami-(minimal-)?hvm-\*\.\*-x86_64-(gp2|ebs)", r"amzn2-ami-\1*hvm-2.0.*-x86_64-\2"),
        _step(
            r"amzn2-ami-(minimal-)?(?:kernel-[\d.]+-)?hvm-2\.0\.\*-(x86_64|arm64)-\w+",
            r"al2023-ami-\g<1>2023*.*-kernel-*-\2",
        ),
        _step(r"(al2023-ami-(?:minimal-)?2023\*\.\*-kernel-)(?P<at>[\d.]+)(-\w+)", r"\1{next}\3", _KERNELS),
    ),
    "amazon-ecs": (
        _step(r"amzn-ami-\*\.\*-amazon-ecs-optimized", r"amzn2-ami-ecs-*hvm-2.0.*-x86_64-ebs"),
        _step(
            r"amzn2-ami-ecs-(?:kernel-[\d.]+-)?(gpu-)?hvm-2\.0\.\*-(x86_64|arm64)-ebs",
            r"al2023-ami-ecs-\1hvm-2023*.*-kernel-*-\2*",
        ),
        _step(
            r"amzn2-ami-ecs-(?:kernel-[\d.]+-)?inf-hvm-2\.0\.\*-x86_64-ebs",
            r"al2023-ami-ecs-neuron-hvm-2023*.*-kernel-*-x86_64*",
        ),
        _step(r"(al2023-ami-ecs-[a-z-]+-2023\*\.\*-kernel-)(?P<at>[\d.]+)(-.+)", r"\1{next}\3", _KERNELS),
        _step(r"Windows_Server-(?P<at>\d{4})(-.+)", r"Windows_Server-{next}\2", _WINDOWS),
    ),
    "amazon-eks": (
        _step(r"(amazon-eks-.*-\d+\.)(?P<at>\d+)-v\*", r"\1{next}-v*"),
        _step(r"amazon-eks-node-(\d+\.\d+)-v\*", r"amazon-eks-node-al2023-x86_64-standard-\1-v*"),
        _step(r"amazon-eks-arm64-node-(\d+\.\d+)-v\*", r"amazon-eks-node-al2023-arm64-standard-\1-v*"),
        _step(r"amazon-eks-gpu-node-(\d+\.\d+)-v\*", r"amazon-eks-node-al2023-x86_64-nvidia-\1-v*"),
    ),
    "bottlerocket": (
        _step(r"(bottlerocket-aws-k8s-\d+\.)(?P<at>\d+)(-.+)", r"\1{next}\3"),
        _step(r"(bottlerocket-aws-ecs-)(?P<at>\d+)(-.+)", r"\1{next}\3"),
    ),
    "windows": (
        _step(r"((?:\w+-)?Windows_Server-)(?P<at>2012-R2_RTM)-([A-Za-z]+)-64Bit(-.+)", r"\1{next}-\3-Full\4", _WINDOWS),
        _step(r"((?:\w+-)?Windows_Server-)(?P<at>\d{4})(-.+)", r"\1{next}\3", _WINDOWS),
    ),
    "windows-eks": (
        _step(r"(Windows_Server-)(?P<at>\d{4})(-.+)", r"\1{next}\3", _WINDOWS),
        _step(r"(Windows_Server-.+_Optimized-\d+\.)(?P<at>\d+)(-.+)", r"\1{next}\3"),
    ),
    "macos": (
        _step(r"amzn-ec2-macos-10\.15(\*.*)", r"amzn-ec2-macos-11\1"),
        _step(r"amzn-ec2-macos-(?P<at>\d+)(\*.*)", r"amzn-ec2-macos-{next}\2", _MACOS),
    ),
    "ubuntu": (
        # from noble on, the images have a gp3 root volume
        _step(
            r"(ubuntu[\w-]*/(?:k8s_[\d.]+/)?images/)hvm-ssd(?:-gp3)?/ubuntu-(?P<at>jammy-22\.04|noble-24\.04)(-.+)",
            r"\1hvm-ssd-gp3/ubuntu-{next}\3",
            _UBUNTU,
        ),
        _step(
            r"(ubuntu[\w-]*/(?:k8s_[\d.]+/)?images/[\w-]+/ubuntu-)(?P<at>(?!jammy|noble)[a-z]+-[\d.]+)(-.+)",
            r"\1{next}\3",
            _UBUNTU,
        ),
        _step(r"(ubuntu-eks[\w-]*/k8s_\d+\.)(?P<at>\d+)(/.+)", r"\1{next}\3"),
    ),
    "debian": (_step(r"debian-(?P<at>\d+)(-.+)", r"debian-{next}\2"),),
    "red-hat": (_step(r"(RHEL(?:_HA)?-)(?P<at>\d+)(\*.+)", r"\1{next}\3"),),
    "fedora": (
        _step(r"CentOS Stream (?P<at>\d+)( .+)", r"CentOS Stream {next}\2"),
        _step(r"(Fedora-Cloud-Base-AmazonEC2\.\w+-)(?P<at>\d+)-\*", r"\1{next}-*"),
    ),
    "rocky": (_step(r"Rocky-(?P<at>\d+)(-EC2(?:-[A-Za-z]+)*-)\d+(\*.+)", r"Rocky-{next}\2{next}\3"),),
    "almalinux": (_step(r"AlmaLinux OS (?P<at>\d+)(\*.+)", r"AlmaLinux OS {next}\2"),),
    "suse": (
        _step(r"(suse-sles(?:-sap)?-)(?P<at>11-sp4|12-sp5|15-sp7)(-.+)", r"\1{next}\3", _LAST_SERVICE_PACKS),
        _step(r"(suse-sles(?:-sap)?-12-sp)(?P<at>[1-4])(-.+)", r"\1{next}\3"),
        _step(r"(suse-sles(?:-sap)?-15-sp)(?P<at>[1-6])(-.+)", r"\1{next}\3"),
    ),
    "flatcar": (),
}


def major_successors(family: Family) -> tuple[Family, ...]:
    """The families that come after this one, the nearest first; ``*`` in them may stand for a line of theirs.

    One step at a time: Ubuntu 20.04 is followed by 22.04, Kubernetes 1.29 by 1.30. Empty where nothing
    is known. A successor need not exist yet, or in every region.
    """
    steps = _STEPS.get(family.publisher, ())
    found = (step.follow(family.pattern) for step in steps)
    return tuple(Family(family.publisher, pattern) for pattern in found if pattern is not None)


def succeeds(new: Family, old: Family) -> bool:
    """Whether a family is one of those that come after another: of the same variant, on whatever kernel line."""
    return any(
        new.publisher == after.publisher
        and (stood_for := wild(new.pattern, after.pattern)) is not None
        and all(_LINE.fullmatch(piece) for piece in stood_for)
        for after in major_successors(old)
    )

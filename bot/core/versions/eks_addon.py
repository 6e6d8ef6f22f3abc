"""Versions of the add-ons of EKS clusters: that of the software, then AWS's build of it (``v1.18.1-eksbuild.3``).

Without a build it stands for whichever is newest, as eksctl reads it (``1.18.1``, ``1.18``).
Sources: https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonVersionInfo.html,
https://docs.aws.amazon.com/eks/latest/eksctl/addons.html
"""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions._steps import step
from bot.core.versions.base import Scheme

_VERSION = re.compile(r"(v?)([0-9]{1,9}(?:\.[0-9]{1,9}){1,3})(?:-(?:eksbuild\.)?([0-9]{1,9}))?")
_NO_BUILD = -1


class EksAddon:
    """Versions compare number by number, then by their build."""

    name = "eks_addon"

    def key(self, version: str) -> Any:
        """The numbers without trailing zeros and the build's, -1 for none; None for anything else."""
        found = _VERSION.fullmatch(version)
        if found is None:
            return None
        numbers = _numbers(found)
        while numbers and not numbers[-1]:
            numbers.pop()
        return tuple(numbers), int(found[3] or _NO_BUILD)

    def is_prerelease(self, version: str) -> bool:
        """Never: AWS offers none."""
        del version  # as it says
        return False

    def bump(self, old: str, new: str) -> Bump:
        """By the first number that differs; another build alone is a patch."""
        before, after = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
        return step(_numbers(before), _numbers(after)) if before and after else Bump.MAJOR

    def valid(self, constraint: str) -> bool:
        """Whether it is a version, with a build or without."""
        return _VERSION.fullmatch(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether it is that version; of one without a build, whether it begins with its numbers."""
        own, stated = _VERSION.fullmatch(version), _VERSION.fullmatch(constraint)
        if own is None or stated is None:
            return False
        if stated[3] is not None:
            return bool(self.key(version) == self.key(constraint))
        wanted = _numbers(stated)
        return _numbers(own)[: len(wanted)] == wanted

    def exact(self, constraint: str) -> str | None:
        """The version, None for one without a build."""
        found = _VERSION.fullmatch(constraint)
        return constraint if found and found[3] is not None else None

    def floor(self, constraint: str) -> str | None:
        """The version, with a build or without."""
        return constraint if self.valid(constraint) else None

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:  # noqa: ARG002 - of the protocol; there is one way only
        """The version in place of another; of one without a build as many numbers as are stated."""
        stated, new = _VERSION.fullmatch(constraint), _VERSION.fullmatch(version)
        if stated is None or new is None:
            return None
        if stated[3] is not None:
            return version
        wanted = len(_numbers(stated))
        numbers = new[2].split(".")
        return stated[1] + ".".join(numbers[:wanted]) if len(numbers) >= wanted else None


def _numbers(found: re.Match[str]) -> list[int]:
    return [int(number) for number in found[2].split(".")]


scheme: Scheme = EksAddon()

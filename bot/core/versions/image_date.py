"""What tells the releases of a machine image's family apart, as its publisher writes it (``2023.6.20241111.0``).

A release is numbers with dots, or several such parts with hyphens between them (release, date,
build). An image's id (``ami-…``) stands for one release, but does not say which.
"""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions.base import Scheme

_ID = re.compile(r"ami-(?:[0-9a-f]{17}|[0-9a-f]{8})")
_PART = r"v?(?:[0-9]{1,18}|[a-z](?![0-9a-z]))(?:\.(?:[0-9]{1,18}|[a-z](?![0-9a-z]))){0,9}"
_RELEASE = re.compile(rf"{_PART}(?:-{_PART}){{0,5}}")
_CLAUSE = re.compile(rf"\s*(>=|<=|==|!=|<|>|=|)\s*({_RELEASE.pattern})\s*")
_LONGEST = 200


class ImageDate:
    """Releases compare part by part, number by number."""

    name = "image_date"

    def key(self, version: str) -> Any:
        """The numbers of each part without trailing zeros; a lone letter counts by the alphabet. None for an id."""
        if len(version) > _LONGEST or not _RELEASE.fullmatch(version):
            return None
        return tuple(_numbers(part) for part in version.split("-"))

    def is_prerelease(self, version: str) -> bool:
        """Never: families of previews are apart."""
        del version  # as it says
        return False

    def bump(self, old: str, new: str) -> Bump:
        """Always an image bump: another operating system is another family."""
        del old, new  # as it says
        return Bump.IMAGE

    def valid(self, constraint: str) -> bool:
        """Whether it is an image's id, a release, or comparisons with releases (``>=2023.6,<2024``)."""
        return bool(_ID.fullmatch(constraint)) or _clauses(constraint) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether the release is admitted by every comparison."""
        own, clauses = self.key(version), _clauses(constraint)
        if own is None or clauses is None:
            return version == constraint
        return all(_holds(own, operator, self.key(stated)) for operator, stated in clauses)

    def exact(self, constraint: str) -> str | None:
        """The id or release itself, None for comparisons."""
        return constraint if _ID.fullmatch(constraint) or _RELEASE.fullmatch(constraint) else None

    def floor(self, constraint: str) -> str | None:
        """As ``exact``."""
        return self.exact(constraint)

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:  # noqa: ARG002 - of the protocol; there is one way only
        """The release in place of another one; None for an id, which only a registry can tell."""
        if _ID.fullmatch(constraint) or self.exact(constraint) is None or self.key(version) is None:
            return None
        return f"v{version.removeprefix('v')}" if constraint.startswith("v") else version.removeprefix("v")


def _numbers(part: str) -> tuple[int, ...]:
    pieces = part.removeprefix("v").split(".") if len(part) > 1 else [part]
    found = [ord(piece) - ord("a") + 1 if piece.isalpha() else int(piece) for piece in pieces]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _clauses(constraint: str) -> list[tuple[str, str]] | None:
    if len(constraint) > _LONGEST:
        return None
    found = [_CLAUSE.fullmatch(piece) for piece in constraint.split(",")]
    return [(one[1], one[2]) for one in found if one] if all(found) else None


def _holds(own: Any, operator: str, stated: Any) -> bool:
    answers = {
        ">=": own >= stated,
        "<=": own <= stated,
        ">": own > stated,
        "<": own < stated,
        "!=": own != stated,
    }
    return bool(answers.get(operator, own == stated))


scheme: Scheme = ImageDate()

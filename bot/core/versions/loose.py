"""Versions of no known scheme: runs of digits and of letters; the only constraint is an exact version."""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions._clauses import MAX_VERSION
from bot.core.versions._steps import calendar_step, step
from bot.core.versions.base import Scheme

_RUN = re.compile(r"[0-9]+|[a-z]+")
_NUMBERS = re.compile(r"[0-9]{1,18}(?:[._-][0-9]{1,18})*")
_EXACT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+:-]*")
_EARLY = frozenset(
    [
        "pre",
        "preview",
        "rc",
        "snapshot",
        "unstable",
        "a",
        "alpha",
        "b",
        "beta",
        "c",
        "canary",
        "cr",
        "dev",
        "ea",
        "eap",
        "m",
        "milestone",
        "nightly",
    ]
)

Run = tuple[int, int, str]


class Loose:
    """A fallback for anything: every text has a place in the order; constraints are exact only."""

    name = "loose"

    def key(self, version: str) -> Any:
        """The runs of the text in order, never None.

        Digits compare as numbers, letters as text without case; a leading ``v`` and whatever
        stands between runs do not count. ``1.2-rc1`` is below ``1.2``, which is below ``1.2a``
        only for letters that do not name a pre-release, and below ``1.2.0``.
        """
        runs = _RUN.findall(_bare(version).lower())
        return (*(_rank(run) for run in runs), (1, 0, ""))

    def is_prerelease(self, version: str) -> bool:
        """Whether one of its words names a pre-release (``rc``, ``beta``, ``snapshot``…)."""
        return any(run in _EARLY for run in _RUN.findall(_bare(version).lower()))

    def bump(self, old: str, new: str) -> Bump:
        """The size of the step between the numbers they begin with (``_steps``); without any, MAJOR."""
        before, after = (_NUMBERS.match(_bare(version)) for version in (old, new))
        if before is None or after is None:
            return Bump.MAJOR
        dated = calendar_step(_bare(old), _bare(new), short_years=True)
        return dated or step(_segments(before[0]), _segments(after[0]))

    def valid(self, constraint: str) -> bool:
        """Whether it is one version: letters, digits and ``. _ + : -``, at most 256 of them."""
        return len(constraint) <= MAX_VERSION and _EXACT.fullmatch(constraint.strip()) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether it is that version, with or without a leading ``v``."""
        return self.valid(constraint) and _bare(version) == _bare(constraint)

    def exact(self, constraint: str) -> str | None:
        """The version."""
        return constraint.strip() if self.valid(constraint) else None

    def floor(self, constraint: str) -> str | None:
        """The version."""
        return self.exact(constraint)

    def rewrite(self, constraint: str, version: str, _strategy: Strategy) -> str | None:
        """The new version, with a leading ``v`` and spaces around it where the author has them."""
        if not self.valid(constraint) or not self.valid(version):
            return None
        stated = constraint.strip()
        prefix, new = stated[: len(stated) - len(_bare(stated))], _bare(version)
        before, _, after = constraint.partition(stated)
        # Before a letter the "v" would be a part of the name.
        return f"{before}{prefix if new[:1].isdecimal() else ''}{new}{after}"


def _bare(version: str) -> str:
    text = version.strip()
    return text[1:] if re.match(r"[vV][0-9]", text) else text


def _rank(run: str) -> Run:
    """Below the end of a text: pre-release words; above it: other words, then numbers."""
    if not run[0].isdecimal():
        return (0 if run in _EARLY else 2), 0, run
    digits = run.lstrip("0")
    return 3, len(digits), digits


def _segments(numbers: str) -> list[int]:
    return [int(number) for number in re.split(r"[._-]", numbers)]


scheme: Scheme = Loose()

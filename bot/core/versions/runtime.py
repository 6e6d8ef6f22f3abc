"""How files state a language runtime: a version of some precision (``3.11``, ``v20.11.1``, ``temurin-21``)."""

from __future__ import annotations

import re
from typing import Any

from bot.core.model import Bump, Strategy
from bot.core.versions.base import Scheme

_STATED = re.compile(
    # A digit right before the numbers would be one of them: `v20` is no `v2` with a zero.
    r"(?P<prefix>(?:[a-z][a-z0-9]{0,20}(?:-[a-z]{1,20}){0,3}[-@/]?)?v?)(?<![0-9])"
    r"(?P<numbers>[0-9]{1,9}(?:\.[0-9]{1,9}){0,3})(?P<any>(?:\.[xX*])*)"
)
_PRERELEASE = re.compile(r"(?:[.-]?(?:a|b|rc|alpha|beta|preview|dev|pre)[.-]?[0-9]*)", re.IGNORECASE)


class Runtime:
    """Constraints are exact to the precision that is stated: ``3.11`` stands for every 3.11."""

    name = "runtime"

    def key(self, version: str) -> Any:
        """Its numbers, None for what is no plain version."""
        found = _STATED.fullmatch(version.strip())
        return None if found is None else tuple(map(int, found["numbers"].split(".")))

    def is_prerelease(self, version: str) -> bool:
        """Whether a pre-release is named; the only thing about such a text that is understood."""
        found = _STATED.match(version.strip())
        return found is not None and _PRERELEASE.match(version.strip(), found.end()) is not None

    def bump(self, old: str, new: str) -> Bump:
        """By the first number that differs: MAJOR, MINOR, and PATCH for every further one."""
        before, after = self.key(old), self.key(new)
        if before is None or after is None:
            return Bump.MAJOR
        same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 2)
        return (Bump.MAJOR, Bump.MINOR)[same] if same < 2 else Bump.PATCH

    def valid(self, constraint: str) -> bool:
        """Whether it is a version with at most a word before it."""
        return len(constraint) <= 100 and _STATED.fullmatch(constraint.strip()) is not None

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether the version is that one, or one of that line."""
        own, stated = self.key(version), self.key(constraint)
        return own is not None and stated is not None and own[: len(stated)] == stated

    def exact(self, constraint: str) -> str | None:
        """Its version without the word before it."""
        found = _STATED.fullmatch(constraint.strip()) if self.valid(constraint) else None
        return None if found is None else found["numbers"]

    def floor(self, constraint: str) -> str | None:
        """As ``exact``."""
        return self.exact(constraint)

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:  # noqa: ARG002 - of the protocol; there is one way only
        """The version in the same form and to the same precision; None where it has fewer numbers."""
        found, new = _STATED.fullmatch(constraint), _STATED.fullmatch(version.strip())
        if found is None or new is None:
            return None
        wanted, given = found["numbers"].count(".") + 1, new["numbers"].split(".")
        return f"{found['prefix']}{'.'.join(given[:wanted])}{found['any']}" if len(given) >= wanted else None


scheme: Scheme = Runtime()

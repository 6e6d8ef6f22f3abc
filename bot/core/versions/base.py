"""What every version scheme can do."""

from __future__ import annotations

from typing import Any, Protocol

from bot.core.model import Bump, Strategy


class Scheme(Protocol):
    """How the versions of a registry compare, and how a constraint over them is rewritten.

    Versions and constraints are the texts that stand in files; nothing here raises for text
    that is not valid: the methods answer None or False.
    """

    name: str

    def key(self, version: str) -> Any:
        """A sort key of the version (total order within the scheme), None if it is not one."""
        ...

    def is_prerelease(self, version: str) -> bool:
        """Whether the version is a pre-release or development release."""
        ...

    def bump(self, old: str, new: str) -> Bump:
        """The size of the step; below 1.0 a minor step is major; calendar versions are CALENDAR."""
        ...

    def valid(self, constraint: str) -> bool:
        """Whether the constraint can be understood at all."""
        ...

    def satisfies(self, version: str, constraint: str) -> bool:
        """Whether the version is admitted (pre-releases only where the constraint names one)."""
        ...

    def exact(self, constraint: str) -> str | None:
        """The one version that the constraint admits, None if it admits others."""
        ...

    def floor(self, constraint: str) -> str | None:
        """The lowest version that the constraint admits, as it is written there; None if none is."""
        ...

    def rewrite(self, constraint: str, version: str, strategy: Strategy) -> str | None:
        """The constraint changed so that it admits ``version``, in the author's own style.

        ``strategy`` is BUMP, REPLACE, WIDEN or PIN (the caller has settled AUTO and LOCK_ONLY).
        An exact pin becomes the new exact pin under each of them. Answers None where the
        constraint's form can't be rewritten safely.
        """
        ...

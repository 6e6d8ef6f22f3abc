"""How many days behind, and the share within the objective."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.core.model import Release

OBJECTIVE_DAYS = 7
"""A dependency is fresh when it is at most this many days behind."""


def days_behind(release: Release | None, minimum_age: timedelta, now: datetime) -> int:
    """Whole days since ``release`` (the newest that could be taken) came out of its age gate.

    0 where there is no such release, or its age gate has not ended.
    """
    if release is None or release.since is None:
        return 0
    return max(0, (now - release.since - minimum_age).days)


def within_objective(behind: Iterable[int]) -> float:
    """The share (0 to 1) of these dependencies, given in days behind, that are fresh; 1 for none."""
    days = list(behind)
    if not days:
        return 1.0
    return sum(d <= OBJECTIVE_DAYS for d in days) / len(days)

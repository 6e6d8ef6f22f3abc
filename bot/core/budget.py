"""How many writes GitHub takes, what they go to first when there are too many, and how many upgrades that carries.

GitHub takes 80 requests a minute and 500 an hour that make content, in one installation's name, and reserves
the right to be stricter; Freshline stays well below both.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
Times are seconds since the epoch unless their type says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol


class Work(IntEnum):
    """What a write is for; the first goes first when not all fit."""

    SECURITY = 0
    REVERT = 1
    MERGE = 2
    NEW = 3
    UPDATE = 4
    DASHBOARD = 5


MINUTE = 60.0
HOUR = 3600.0
HOURS_OF_A_WEEK = 168
SKEW = MINUTE
"""So far ahead another machine's clock may be; what is noted for later than that was noted by a wrong clock."""

SHARES: dict[Work, int] = {
    # What mends production is never turned away for the sake of anything else.
    Work.SECURITY: 100,
    Work.REVERT: 100,
    # Of 400 writes, 12 are left for reverts: each takes 5 (tree, commit, branch, pull request, merge).
    Work.MERGE: 97,
    # Of 400 writes, 28 more are left for merges (with a comment and the clean-up): what is ready is delivered
    # before something else is begun.
    Work.NEW: 90,
    # An upgrade that is behind can wait an hour; while many are moved, some new ones still get through.
    Work.UPDATE: 75,
    # A dashboard is brought up to date as a whole: one that is late costs nothing and needs no second write.
    Work.DASHBOARD: 60,
}
"""How full (in per cent) the hour may be for a write of this kind to go: the rest is kept for what matters more."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast one installation writes, in any 60 seconds and in any 3,600.

    After ``at_once`` writes within a minute the next ones keep ``gap`` seconds between them, as GitHub asks of
    those who write much (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
    """

    per_minute: int = 60
    per_hour: int = 400
    at_once: int = 10
    gap: float = 1.0

    def __post_init__(self) -> None:
        if self.per_minute < 1 or self.per_hour < 1:
            raise ValueError("nothing could ever be written at this rate")

    def share(self, work: Work) -> int:
        """How many writes of an hour there may be before one of this kind has to wait."""
        return max(1, self.per_hour * SHARES[work] // 100)


USUAL = Rates()


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a write may go: ``wait`` is 0 for now, else in so many seconds at the earliest.

    ``hour`` tells that it is the hour's share which is used up, and not merely the minute's.
    """

    wait: float
    hour: bool = False

    @property
    def go(self) -> bool:
        """Whether it may go now."""
        return self.wait <= 0


def admit(written: Sequence[float], now: float, work: Work, rates: Rates = USUAL) -> Admission:
    """Whether one more write fits, given when the others were (at least those of the last hour, in any order)."""
    # What another machine's clock put a little ahead happened now.
    times = sorted(min(at, now) for at in written if at + HOUR > now and at - SKEW <= now)
    hour = _until_room(times, rates.share(work), HOUR, now)
    lately = [at for at in times if at + MINUTE > now]
    minute = _until_room(lately, rates.per_minute, MINUTE, now)
    if len(lately) >= rates.at_once and lately:
        minute = max(minute, lately[-1] + rates.gap - now)
    return Admission(max(hour, minute), hour > minute)


def room(written: Sequence[float], now: float, work: Work, rates: Rates = USUAL) -> int:
    """How many writes of this kind the hour takes now, as things stand."""
    used = sum(at + HOUR > now and at - SKEW <= now for at in written)
    return max(0, rates.share(work) - used)


def _until_room(times: Sequence[float], most: int, window: float, now: float) -> float:
    """Seconds until fewer than ``most`` of these times (the oldest first) lie within the window."""
    if len(times) < most:
        return 0.0
    return times[len(times) - most] + window - now


def postponed(count: int, rates: Rates = USUAL) -> str:
    """What is said of changes that did not fit, "" for none."""
    if not count:
        return ""
    return f"GitHub takes {rates.per_hour:,} changes an hour; {count:,} {'wait' if count > 1 else 'waits'} for the next"


# What an upgrade costs


@dataclass(frozen=True, slots=True)
class Step:
    """A part of an upgrade's life: the writes it takes each time, and how often it comes in a hundred lives."""

    name: str
    writes: tuple[str, ...]
    in_a_hundred: int
    trouble: bool = False

    @property
    def cost(self) -> int:
        """Writes each time."""
        return len(self.writes)


LIFE: tuple[Step, ...] = (
    Step("opened", ("tree", "commit", "branch", "pull request", "labels", "reviewers"), 100),
    # By a newer release while it is open, or onto a base that moved: once in every life, on the safe side.
    Step("moved or rebuilt", ("tree", "commit", "branch", "words"), 100, trouble=True),
    Step("explained", ("comment",), 100),
    Step("merged", ("merge",), 100),
    Step("cleaned up", ("branch",), 100),
    # The dashboard shows it when it opens and when it is done.
    Step("shown", ("dashboard",), 200, trouble=True),
)
"""The writes of an upgrade from its opening to its end."""

WRITES_OF_A_LIFE = sum(step.cost for step in LIFE if not step.trouble)
"""Of an upgrade that is opened, merged and cleaned up without trouble."""
WRITES_WITH_TROUBLE = sum(step.cost * step.in_a_hundred for step in LIFE) / 100
"""Of an average one, trouble and the dashboard included: what is reckoned with."""
WRITES_TO_OPEN = LIFE[0].cost

CLOSE = 0.8
"""From this part of what can be carried on, it is time to act."""


def carries(rates: Rates = USUAL) -> int:
    """How many upgrades a week one installation can carry through their whole lives."""
    an_hour = min(rates.share(Work.NEW), rates.per_minute * 60)
    return math.floor(an_hour * HOURS_OF_A_WEEK / WRITES_WITH_TROUBLE)


def ample(needed_a_week: int, rates: Rates = USUAL) -> bool:
    """Whether so many upgrades a week fit with something to spare."""
    return needed_a_week < carries(rates) * CLOSE


def advice(needed_a_week: int, rates: Rates = USUAL) -> str:
    """What to say to an installation that needs so many upgrades a week."""
    most = carries(rates)
    need = f"{needed_a_week:,} upgrade{'' if needed_a_week == 1 else 's'} in a week"
    if ample(needed_a_week, rates):
        return f"{need}; up to {most:,} fit within GitHub's limits"
    together = max(2, math.ceil(needed_a_week / (most * CLOSE)))
    groups = (
        f"let {together} or more that belong together share a pull request: "
        'in the policy, [[rules]] with a match and group = "a name"'
    )
    if needed_a_week <= most:
        return f"{need} is close to the {most:,} that fit within GitHub's limits; {groups}"
    return f"{need} is more than the {most:,} that fit within GitHub's limits, so some have to wait; {groups}"


# Reading

KEPT_REQUESTS = 300
KEPT_REQUESTS_SHARE = 15
"""Per cent of an hour's requests."""
KEPT_POINTS_SHARE = 10
"""Per cent of an hour's GraphQL points: only branches are moved with them."""


class Left(Protocol):
    """What a rate limit leaves of one hour; ``until`` is when it is full again."""

    @property
    def left(self) -> int:
        """Requests, or points of GraphQL."""
        ...

    @property
    def limit(self) -> int:
        """Of how many."""
        ...

    @property
    def until(self) -> datetime:
        """When all of them are there again; aware."""
        ...


def may_read(core: Left | None, graphql: Left | None, now: datetime) -> bool:
    """Whether enough is left to go on reading: some is kept for writing; None for what is not known yet."""
    return not told(core, graphql, now)


def told(core: Left | None, graphql: Left | None, now: datetime) -> str:
    """Why reading stops and when it goes on, "" where it need not stop."""
    if core is not None and _short(core, _kept(core), now):
        return _stopped(core, "requests", _kept(core))
    if graphql is not None and _short(graphql, _kept_points(graphql), now):
        return _stopped(graphql, "GraphQL points", _kept_points(graphql))
    return ""


def _kept(core: Left) -> int:
    # Of a small allowance at most half, or nothing would ever be read.
    return min(max(KEPT_REQUESTS, core.limit * KEPT_REQUESTS_SHARE // 100), core.limit // 2)


def _kept_points(graphql: Left) -> int:
    return graphql.limit * KEPT_POINTS_SHARE // 100


def _short(given: Left, kept: int, now: datetime) -> bool:
    return given.left <= kept and now < given.until


def _stopped(given: Left, what: str, kept: int) -> str:
    return (
        f"Of GitHub's {given.limit:,} {what} an hour {given.left:,} are left and {kept:,} are kept for writing; "
        f"reading goes on at {given.until:%H:%M} UTC"
    )

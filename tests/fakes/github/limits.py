"""GitHub's limits (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.fakes.github.errors import ApiError
from tests.fakes.github.records import Json

SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Window:
    """What is used of one hour's allowance."""

    reset: datetime
    used: int = 0


class Limits:
    """The allowances of each caller; numbers are settable, None lifts a limit."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.core: int = 5000
        self.graphql: int = 5000
        self.anonymous: int = 60
        self.writes_a_minute: int | None = 80
        self.writes_an_hour: int | None = 500
        self.points_a_minute: int | None = None
        self.retry_after = 60
        self.secondary_status = 403
        self.refused = 0
        self._clock = clock
        self._windows: dict[tuple[str, str], Window] = {}
        self._writes: dict[str, deque[datetime]] = defaultdict(deque)
        self._points: dict[tuple[str, str], deque[tuple[datetime, int]]] = defaultdict(deque)

    def forget(self) -> None:
        """Nobody has used anything yet."""
        for used in (self._windows, self._writes, self._points):
            used.clear()

    def allowance(self, key: str, resource: str) -> int:
        if resource == "graphql":
            return self.graphql
        return self.anonymous if key == "anonymous" else self.core

    def window(self, key: str, resource: str) -> Window:
        now = self._clock()
        found = self._windows.get((key, resource))
        if found is None or found.reset <= now:
            found = Window(now + HOUR)
            self._windows[key, resource] = found
        return found

    def exhaust(self, key: str, resource: str = "core") -> None:
        """Use up what is left of an allowance."""
        self.window(key, resource).used = self.allowance(key, resource)

    def take(self, key: str, resource: str, cost: int = 1) -> None:
        """Spend; raises 403 as GitHub words it when nothing is left."""
        window = self.window(key, resource)
        if window.used >= self.allowance(key, resource):
            self.refused += 1
            whom = key.replace("installation", "installation ID").replace("user", "user ID")
            raise ApiError(
                403, f"API rate limit exceeded for {whom}.", headers=self.headers(key, resource), kind="RATE_LIMITED"
            )
        window.used += cost

    def give_back(self, key: str, resource: str) -> None:
        """A conditional request that was answered 304 costs nothing."""
        self.window(key, resource).used -= 1

    def check_secondary(self, key: str, resource: str, *, writes: bool) -> None:
        """Raises 403 (or 429) with ``retry-after`` for too much in a short time."""
        self._check_points(key, resource, 5 if writes else 1)
        if not writes:
            return
        now, seen = self._clock(), self._writes[key]
        while seen and seen[0] <= now - HOUR:
            seen.popleft()
        lately = sum(at > now - MINUTE for at in seen)
        if _reached(self.writes_a_minute, lately) or _reached(self.writes_an_hour, len(seen)):
            self.refused += 1
            raise self.secondary()
        seen.append(now)

    def _check_points(self, key: str, resource: str, cost: int) -> None:
        if self.points_a_minute is None:
            return
        now, seen = self._clock(), self._points[key, resource]
        while seen and seen[0][0] <= now - MINUTE:
            seen.popleft()
        if sum(one for _, one in seen) + cost > self.points_a_minute:
            self.refused += 1
            raise self.secondary()
        seen.append((now, cost))

    def secondary(self) -> ApiError:
        return ApiError(
            self.secondary_status, SECONDARY, headers={"retry-after": str(self.retry_after)}, kind="RATE_LIMITED"
        )

    def headers(self, key: str, resource: str) -> dict[str, str]:
        told = self.state(key, resource)
        names = ("limit", "remaining", "reset", "used")
        return {**{f"x-ratelimit-{name}": str(told[name]) for name in names}, "x-ratelimit-resource": resource}

    def state(self, key: str, resource: str) -> Json:
        """The form of one resource in ``/rate_limit``."""
        window, limit = self.window(key, resource), self.allowance(key, resource)
        reset = int(window.reset.timestamp())
        return {"limit": limit, "used": window.used, "remaining": max(0, limit - window.used), "reset": reset}


def _reached(limit: int | None, count: int) -> bool:
    return limit is not None and count >= limit

"""Time that stands still while any thread works, and moves on when all of them sleep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence


class VirtualTime:
    """``now`` and ``sleep`` for code that takes them. Without ``threads`` a sleep just moves the time.

    With threads it moves, to the first of them that is to wake, only when every thread sleeps: so
    the order of what happens does not depend on the machine.
    """

    def __init__(self, start: float, moved: Callable[[float], object] = lambda _: None) -> None:
        self.slept: list[float] = []
        self._now = start
        self._moved = moved
        self._awake = 0
        self._ends: list[float] = []
        self._condition = threading.Condition()

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._condition:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Come back when so much time has passed."""
        with self._condition:
            self.slept.append(seconds)
            until = self._now + seconds
            if until <= self._now:
                return
            if not self._awake:
                self._move(until)
                return
            self._ends.append(until)
            self._awake -= 1
            self._wake_first()
            while self._now < until:
                self._condition.wait()
            self._ends.remove(until)

    def threads(self, jobs: Sequence[Callable[[], None]]) -> list[threading.Thread]:
        """A thread for each job, to be started all together."""
        self._awake += len(jobs)
        return [threading.Thread(target=self._run, args=(job,), daemon=True) for job in jobs]

    def _run(self, job: Callable[[], None]) -> None:
        try:
            job()
        finally:
            with self._condition:
                self._awake -= 1
                self._wake_first()

    def _wake_first(self) -> None:
        """When all sleep, move to the first end and count those who wake there as awake at once."""
        if self._awake or not self._ends:
            return
        self._move(min(self._ends))
        self._awake = sum(end <= self._now for end in self._ends)
        self._condition.notify_all()

    def _move(self, until: float) -> None:
        if until > self._now:
            self._moved(until - self._now)
            self._now = until

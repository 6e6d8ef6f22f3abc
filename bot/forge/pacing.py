"""Writes to GitHub at a pace that it takes: one let go at a time in each installation, the more important first."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from bot.core.budget import HOUR, USUAL, Admission, Rates, Work, postponed, room
from bot.forge.base import ForgeError

LONGEST_WAIT = 90.0
"""Seconds: the minute's limit is waited for, the hour's is not."""
STEP = 0.1
"""Seconds: so long a waiting thread sleeps before it looks whether something more important came."""


class Book(Protocol):
    """Where the writes of one fleet are counted (``store.Writes``); times are seconds since the epoch."""

    def take(self, work: Work, now: float, rates: Rates) -> Admission:
        """Whether one more write fits; one that may go is noted in the same step."""
        ...

    def since(self, moment: float) -> list[float]:
        """When the writes after a moment were."""
        ...


class PostponedError(ForgeError):
    """A write that GitHub would not take soon: nothing was sent. ``until`` is when it may go at the earliest."""

    def __init__(self, what: str, where: str, until: datetime) -> None:
        super().__init__(what, where, f"Nothing is lost: the first run after {until:%Y-%m-%d %H:%M} UTC goes on")
        self.until = until


@dataclass(slots=True, order=True)
class _Ticket:
    """A write that waits: ``ask_at`` is when it is worth asking the book (again)."""

    work: Work
    number: int
    deadline: float = field(compare=False)
    ask_at: float = field(default=0.0, compare=False)


@dataclass(slots=True)
class _Line:
    """The writes of one installation that wait, the most important and then the oldest first."""

    book: Book
    tickets: list[_Ticket] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    held_until: float = 0.0
    postponed: int = 0


class Pacer:
    """Lets writes go one after the other; what ``GitHub(pacing=…)`` takes. Safe for threads.

    ``book_of`` gives an installation's book (None: a plain token's); it is asked once for each.
    ``sleep`` may raise to interrupt the waiting. ``longest_wait`` is in seconds.
    """

    def __init__(
        self,
        book_of: Callable[[int | None], Book],
        rates: Rates = USUAL,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._book_of = book_of
        self._rates = rates
        self._clock = clock
        self._sleep = sleep
        self._longest_wait = longest_wait
        self._lines: dict[int | None, _Line] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def __call__(self, installation: int | None, work: Work) -> None:
        """Wait until a write may go; raises ``PostponedError`` for a wait that is too long, and ``StoreError``."""
        line = self._line(installation)
        ticket = _Ticket(work, next(self._numbers), self._clock() + self._longest_wait)
        with line.lock:
            heapq.heappush(line.tickets, ticket)
        try:
            while (seconds := self._asked(line, ticket, installation)) > 0:
                self._sleep(min(seconds, STEP))
        finally:
            with line.lock:
                line.tickets.remove(ticket)
                heapq.heapify(line.tickets)

    def hold(self, installation: int | None, seconds: float) -> None:
        """Let nothing go for so long: GitHub said so (``Retry-After``, a secondary limit)."""
        line = self._line(installation)
        with line.lock:
            line.held_until = max(line.held_until, self._clock() + seconds)

    def room(self, installation: int | None, work: Work) -> int:
        """How many writes of this kind the hour takes now; raises ``StoreError``."""
        now = self._clock()
        return room(self._line(installation).book.since(now - HOUR), now, work, self._rates)

    def told(self, installation: int | None) -> str:
        """How many writes were postponed until now, in words; "" for none."""
        line = self._line(installation)
        with line.lock:
            return postponed(line.postponed, self._rates)

    def _line(self, installation: int | None) -> _Line:
        with self._lock:
            if installation not in self._lines:
                self._lines[installation] = _Line(self._book_of(installation))
            return self._lines[installation]

    def _asked(self, line: _Line, ticket: _Ticket, installation: int | None) -> float:
        """Seconds to sleep before asking again, 0 when the write may go; the lock is held only meanwhile."""
        with line.lock:
            now = self._clock()
            if line.tickets[0] is not ticket:
                if now > ticket.deadline:
                    raise self._too_long(line, installation, now + STEP, hour=False)
                return STEP
            if now < ticket.ask_at:
                return ticket.ask_at - now
            held = Admission(line.held_until - now)
            admission = line.book.take(ticket.work, now, self._rates) if held.go else held
            ticket.ask_at = now + admission.wait
            if ticket.ask_at > ticket.deadline and not admission.go:
                raise self._too_long(line, installation, ticket.ask_at, hour=admission.hour)
            return max(0.0, admission.wait)

    def _too_long(self, line: _Line, installation: int | None, until: float, *, hour: bool) -> PostponedError:
        line.postponed += 1
        what = (
            f"GitHub takes {self._rates.per_hour:,} changes an hour, and they are used up or kept for what matters more"
            if hour
            else "GitHub asks for a pause between changes, and others go first"
        )
        where = "the token's account" if installation is None else f"installation {installation}"
        return PostponedError(what, where, datetime.fromtimestamp(until, UTC))

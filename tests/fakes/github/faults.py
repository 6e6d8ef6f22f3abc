"""What goes wrong on demand, counted in requests that match."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seen:
    """A request as a fault looks at it; ``mutates``: it is carried out to change something."""

    method: str
    path: str
    operation: str | None
    mutates: bool


@dataclass
class Fault:
    """``kind``: status, secondary, drop, slow or call; it hits the nth matching request and the next ``times - 1``."""

    kind: str
    nth: int = 1
    times: int = 1
    status: int = 500
    seconds: float = 0.0
    text: str = ""
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    writes_only: bool = False
    call: Callable[[], None] | None = None
    after: bool = False
    seen: int = field(default=0, init=False)

    def hits(self, request: Seen) -> bool:
        if not self._matches(request):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times

    def _matches(self, request: Seen) -> bool:
        if self.writes_only and not request.mutates:
            return False
        if self.method and self.method != request.method:
            return False
        if self.operation and self.operation != request.operation:
            return False
        return self.path is None or re.search(self.path, request.path) is not None


class Faults:
    """The faults that wait for their request."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.hit: list[Fault] = []

    def fail(self, status: int = 500, *, nth: int = 1, times: int = 1, **match: str | bool) -> None:
        """Refuse the nth matching request, undone; ``match``: method, path (a pattern), operation, writes_only."""
        self.add(Fault("status", nth=nth, times=times, status=status), **match)

    def secondary(self, *, nth: int = 1, times: int = 1, **match: str | bool) -> None:
        """Refuse the nth matching request with the secondary rate limit."""
        self.add(Fault("secondary", nth=nth, times=times), **match)

    def drop(self, *, nth: int = 1, times: int = 1, after: bool = False, **match: str | bool) -> None:
        """Close the connection instead of answering, before (or after) carrying out the nth matching request."""
        self.add(Fault("drop", nth=nth, times=times, after=after), **match)

    def lose_answer(self, status: int = 502, *, nth: int = 1, times: int = 1, **match: str | bool) -> None:
        """Carry out the nth matching request, and answer an error all the same."""
        self.add(Fault("status", nth=nth, times=times, status=status, after=True), **match)

    def garble(self, text: str, status: int = 200, *, nth: int = 1, times: int = 1, **match: str | bool) -> None:
        """Answer the nth matching request with this text, undone."""
        self.add(Fault("garble", nth=nth, times=times, text=text, status=status), **match)

    def slow(self, seconds: float, *, nth: int = 1, times: int = 1, **match: str | bool) -> None:
        """Wait before carrying out the nth matching request (ended early when the fake stops)."""
        self.add(Fault("slow", nth=nth, times=times, seconds=seconds), **match)

    def kill_after(self, nth: int, call: Callable[[], None], **match: str | bool) -> None:
        """Call a function after the nth matching request was carried out and before it is answered."""
        self.add(Fault("call", nth=nth, call=call, after=True), **match)

    def call_before(self, nth: int, call: Callable[[], None], **match: str | bool) -> None:
        """Call a function before the nth matching request is carried out (to expire a token, to push in between)."""
        self.add(Fault("call", nth=nth, call=call), **match)

    def add(self, fault: Fault, **match: str | bool) -> None:
        for name, value in match.items():
            if name not in {"method", "path", "operation", "writes_only"}:
                raise TypeError(f"a fault can't match by {name}")
            setattr(fault, name, value)
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, request: Seen, *, after: bool) -> list[Fault]:
        """The faults that hit a request, before or after it is carried out."""
        with self._lock:
            found = [fault for fault in self._faults if fault.after == after and fault.hits(request)]
            self.hit.extend(found)
        return found

"""The fake's time: it stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves; it stands still, or runs with real time when ``running``."""

    def __init__(self, at: datetime = MONDAY, *, running: bool = False) -> None:
        self._at = at
        self._running = running
        self._offset = timedelta()

    @classmethod
    def real(cls) -> Clock:
        """Real time plus what ``advance`` added: for clients that look at their own clock, as PyGithub's Apps do."""
        return cls(running=True)

    def __call__(self) -> datetime:
        now = datetime.now(UTC) if self._running else self._at
        return now + self._offset

    def advance(self, step: timedelta | float) -> datetime:
        """Move on by so much (a number is seconds) and tell the new time."""
        self._offset += step if isinstance(step, timedelta) else timedelta(seconds=step)
        return self()


def stamp(moment: datetime) -> str:
    """The form GitHub writes times in: ``2026-03-02T09:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> datetime:
    """A time as clients write it (ISO 8601); raises ``ValueError``."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

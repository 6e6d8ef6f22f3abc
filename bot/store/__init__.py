"""What the bot remembers: cached answers, file facts, proposals, refusals, sightings.

SQLAlchemy Core on SQLite, the same queries on PostgreSQL. Every row belongs to one fleet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from bot.store.cache import Answers
from bot.store.database import Database, StoreError
from bot.store.deliveries import DELIVERIES_KEPT, Deliveries, Waiting
from bot.store.facts import FactsCache, FactsKey
from bot.store.proposals import (
    ProposalRecord,
    Proposals,
    ProposalStatus,
    ProposedUpdate,
    Refusals,
    Sightings,
    fleets_of,
)
from bot.store.repositories import Repositories, RepositoryRecord, Watch
from bot.store.writes import Writes

if TYPE_CHECKING:
    from bot.store.images import Images

KEPT = timedelta(days=30)
"""How long an answer or a file's facts are kept without being used."""
LOCAL = "local"
"""The fleet of a person's own machine."""


class Store:
    """The store. Thread-safe; ``close`` writes what is still buffered.

    ``clock`` gives seconds since the epoch. Every method raises ``StoreError``.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._answers: dict[str, Answers] = {}

    @classmethod
    def open(cls, url: str, clock: Callable[[], float] = time.time) -> Self:
        """The store at an SQLAlchemy URL, created or brought up to date when it has to be.

        Raises ``StoreError`` when it can't be reached, read or written, or a newer Freshline made it.
        """
        return cls(Database.open(url), clock)

    @classmethod
    def in_memory(cls, clock: Callable[[], float] = time.time) -> Self:
        """A store that is gone when it is closed."""
        return cls(Database.in_memory(), clock)

    def answers(self, fleet: str = LOCAL) -> Answers:
        """What registries answered: implements ``http.Cache``."""
        return self._answers.setdefault(fleet, Answers(self._database, fleet))

    def facts(self, fleet: str = LOCAL) -> FactsCache:
        """What files say, by blob."""
        return FactsCache(self._database, fleet, self._clock)

    def proposals(self, fleet: str = LOCAL) -> Proposals:
        """The bot's branches, and what became of them."""
        return Proposals(self._database, fleet)

    def fleets(self) -> tuple[str, ...]:
        """The fleets in which something was proposed."""
        return fleets_of(self._database)

    def refusals(self, fleet: str = LOCAL) -> Refusals:
        """Versions that are not to be proposed again."""
        return Refusals(self._database, fleet)

    def repositories(self, fleet: str = LOCAL) -> Repositories:
        """What is remembered of each repository of a fleet."""
        return Repositories(self._database, fleet)

    def sightings(self, fleet: str = LOCAL) -> Sightings:
        """When the bot first saw a version."""
        return Sightings(self._database, fleet)

    def images(self, fleet: str = LOCAL) -> Images:
        """What EC2 said of machine images."""
        from bot.store.images import Images  # noqa: PLC0415 - the tables of publishers take long to load

        return Images(self._database, fleet)

    def writes(self, fleet: str = LOCAL) -> Writes:
        """When the bot wrote to the forge within the last hour."""
        return Writes(self._database, fleet)

    def deliveries(self) -> Deliveries:
        """The webhooks that came in, of every fleet."""
        return Deliveries(self._database)

    def prune(self, now: datetime) -> int:
        """Forget what was not used for ``KEPT``, and webhooks after ``DELIVERIES_KEPT``; how many rows went."""
        before = now.astimezone(UTC) - KEPT
        rows = [kept.prune(self._database, before) for kept in (Answers, FactsCache, Writes)]
        return sum(rows) + Deliveries.prune(self._database, now.astimezone(UTC) - DELIVERIES_KEPT)

    def flush(self) -> None:
        """Write what is still buffered."""
        for answers in self._answers.values():
            answers.flush()

    def close(self) -> None:
        """Write what is still buffered and let go of the database."""
        try:
            self.flush()
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = [
    "DELIVERIES_KEPT",
    "KEPT",
    "LOCAL",
    "Answers",
    "Deliveries",
    "FactsCache",
    "FactsKey",
    "ProposalRecord",
    "ProposalStatus",
    "Proposals",
    "ProposedUpdate",
    "Refusals",
    "Repositories",
    "RepositoryRecord",
    "Sightings",
    "Store",
    "StoreError",
    "Waiting",
    "Watch",
    "Writes",
]

"""What files say, kept by blob: an unchanged file costs no reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, and_, delete, select, update

from bot.core.model import FileFacts
from bot.store.codec import decode, encode
from bot.store.database import Database, chunks, upsert
from bot.store.tables import file_facts

REFRESHED = timedelta(days=1)
"""How often the time of the last use is written: not at every use."""


@dataclass(frozen=True, slots=True)
class FactsKey:
    """What facts depend on: the content (git's blob id), where it stands, and the extractor's version."""

    blob: str
    path: str
    ecosystem: str
    version: int


class FactsCache:
    """The facts of one fleet's files. Thread-safe."""

    def __init__(self, database: Database, fleet: str, clock: Callable[[], float]) -> None:
        self._database = database
        self._fleet = fleet
        self._clock = clock

    def get_many(self, keys: Iterable[FactsKey]) -> dict[FactsKey, FileFacts]:
        """The facts that are kept, by key; what is damaged or of another layout is not there."""
        wanted = {key for key in keys if key.blob}
        found: dict[FactsKey, FileFacts] = {}
        now = datetime.fromtimestamp(self._clock(), UTC)
        with self._database.transaction() as connection:
            for blobs in chunks(key.blob for key in wanted):
                found |= self._some(connection, blobs, wanted, now)
        return found

    def put_many(self, facts: Mapping[FactsKey, FileFacts]) -> None:
        """Keep facts; those without a blob id, or with text that is not Unicode, are not kept."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        encoded = ((key, encode(one)) for key, one in facts.items() if key.blob)
        rows = [
            {**asdict(key), "fleet": self._fleet, "facts": data, "used_at": now}
            for key, data in encoded
            if data is not None
        ]
        if not rows:
            return
        with self._database.transaction() as connection:
            upsert(connection, file_facts, rows)

    @staticmethod
    def prune(database: Database, before: datetime) -> int:
        """Forget the facts of every fleet that were not used since; how many went."""
        with database.transaction() as connection:
            return connection.execute(delete(file_facts).where(file_facts.c.used_at < before)).rowcount

    def _some(
        self, connection: Connection, blobs: list[str], wanted: set[FactsKey], now: datetime
    ) -> dict[FactsKey, FileFacts]:
        mine = and_(file_facts.c.fleet == self._fleet, file_facts.c.blob.in_(blobs))
        rows = connection.execute(select(file_facts).where(mine)).all()
        found, stale = {}, set()
        for row in rows:
            key = FactsKey(row.blob, row.path, row.ecosystem, row.version)
            facts = decode(row.facts) if key in wanted else None
            if facts is None:
                continue
            found[key] = facts
            if now - row.used_at > REFRESHED:
                stale.add(key.blob)
        if stale:
            used = and_(file_facts.c.fleet == self._fleet, file_facts.c.blob.in_(sorted(stale)))
            connection.execute(update(file_facts).where(used).values(used_at=now))
        return found

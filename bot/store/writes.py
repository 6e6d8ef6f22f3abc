"""When one fleet wrote to its forge within the last hour: the budget outlives a restart, and processes share it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import BigInteger, Connection, and_, bindparam, delete, func, insert, select

from bot.core.budget import HOUR, USUAL, Admission, Rates, Work, admit
from bot.store.database import Database
from bot.store.tables import writes

KEPT = HOUR + 1
"""Seconds: a little more than what counts, so that rounding loses none."""


class Writes:
    """The writes of one fleet; times are seconds since the epoch. Thread-safe, and safe between processes.

    Every method raises ``StoreError``.
    """

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet

    def take(self, work: Work, now: float, rates: Rates = USUAL) -> Admission:
        """Whether one more write fits; one that may go is noted in the same step, so that no two take one place."""
        with self._database.transaction() as connection:
            _alone(connection, self._fleet)
            admission = admit(self._times(connection, now - KEPT), now, work, rates)
            if admission.go:
                self._forget(connection, now - KEPT)
                connection.execute(insert(writes).values(fleet=self._fleet, at=now))
        return admission

    def note(self, at: float) -> None:
        """Note a write that was made without asking."""
        with self._database.transaction() as connection:
            connection.execute(insert(writes).values(fleet=self._fleet, at=at))

    def since(self, moment: float) -> list[float]:
        """When the writes after a moment were, the oldest first; those of the last hour are kept."""
        with self._database.transaction() as connection:
            return self._times(connection, moment)

    @staticmethod
    def prune(database: Database, before: datetime) -> int:
        """Forget the writes of every fleet that were made before; how many went."""
        with database.transaction() as connection:
            return connection.execute(delete(writes).where(writes.c.at < before.timestamp())).rowcount

    def _times(self, connection: Connection, moment: float) -> list[float]:
        mine = and_(writes.c.fleet == self._fleet, writes.c.at > moment)
        return list(connection.execute(select(writes.c.at).where(mine).order_by(writes.c.at)).scalars())

    def _forget(self, connection: Connection, until: float) -> None:
        connection.execute(delete(writes).where(and_(writes.c.fleet == self._fleet, writes.c.at <= until)))


def _alone(connection: Connection, fleet: str) -> None:
    """Wait until nobody else counts this fleet's writes; held to the end of the transaction.

    SQLite has one writer at a time anyway; PostgreSQL has locks that a number names
    (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
    """
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    digest = hashlib.blake2b(fleet.encode("utf-8", "backslashreplace"), digest_size=8, person=b"freshline-writes")
    number = int.from_bytes(digest.digest(), signed=True)
    connection.execute(select(func.pg_advisory_xact_lock(bindparam("number", number, BigInteger))))

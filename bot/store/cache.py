"""Registries' answers: implements ``http.Cache``."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, select, update

from bot.http import Cached
from bot.store.database import Database, chunks, upsert
from bot.store.tables import answers

BATCH = 100
"""Answers are written this many at a time: each commit waits for the disk."""

# Made once: a scan asks it hundreds of times.
_ONE = select(answers).where(answers.c.fleet == bindparam("fleet"), answers.c.key == bindparam("key"))


class Answers:
    """The kept answers of one fleet. Thread-safe; an answer that isn't written yet is still found."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet
        self._lock = threading.Lock()
        self._put: dict[str, Cached] = {}
        self._touched: dict[str, float] = {}

    def get(self, key: str) -> Cached | None:
        """The kept answer, None where there is none."""
        with self._lock:
            buffered, touched = self._put.get(key), self._touched.get(key)
        if buffered is not None:
            return buffered
        with self._database.transaction() as connection:
            row = connection.execute(_ONE, {"fleet": self._fleet, "key": key}).first()
        return None if row is None else _cached(row, row.fetched_at if touched is None else touched)

    def get_many(self, keys: Iterable[str]) -> dict[str, Cached]:
        """The kept answers among these keys."""
        wanted = list(keys)
        with self._lock:
            found = {key: self._put[key] for key in wanted if key in self._put}
            touched = dict(self._touched)
        rest = [key for key in wanted if key not in found]
        for row in self._rows(rest):
            answer = _cached(row, touched.get(row.key, row.fetched_at))
            if answer is not None:
                found[row.key] = answer
        return found

    def put(self, key: str, answer: Cached) -> None:
        """Keep an answer in place of the one before; written in batches."""
        with self._lock:
            self._put[key] = answer
            self._touched.pop(key, None)
        self._flush_when_full()

    def touch(self, key: str, fetched_at: float) -> None:
        """Note that the server confirmed the kept answer at this time; written in batches."""
        with self._lock:
            kept = self._put.get(key)
            if kept is None:
                self._touched[key] = fetched_at
            else:
                self._put[key] = Cached(kept.etag, kept.last_modified, fetched_at, kept.body, kept.status)
        self._flush_when_full()

    def flush(self) -> None:
        """Write what is still buffered."""
        with self._lock:
            if self._put or self._touched:
                self._write(self._put, self._touched)
            self._put, self._touched = {}, {}

    @staticmethod
    def prune(database: Database, before: datetime) -> int:
        """Forget the answers of every fleet that no server confirmed since; how many went."""
        with database.transaction() as connection:
            return connection.execute(delete(answers).where(answers.c.fetched_at < before.timestamp())).rowcount

    def _flush_when_full(self) -> None:
        if len(self._put) + len(self._touched) >= BATCH:
            self.flush()

    def _rows(self, keys: list[str]) -> list[Row[Any]]:
        if not keys:
            return []
        with self._database.transaction() as connection:
            question = select(answers)
            return [
                row
                for some in chunks(keys)
                for row in connection.execute(
                    question.where(and_(answers.c.fleet == self._fleet, answers.c.key.in_(some)))
                )
            ]

    def _write(self, put: dict[str, Cached], touched: dict[str, float]) -> None:
        rows = [self._row(key, answer) for key, answer in put.items()]
        with self._database.transaction() as connection:
            upsert(connection, answers, rows)
            for key, fetched_at in touched.items():
                mine = and_(answers.c.fleet == self._fleet, answers.c.key == key)
                connection.execute(update(answers).where(mine).values(fetched_at=fetched_at))

    def _row(self, key: str, answer: Cached) -> dict[str, Any]:
        return {
            "fleet": self._fleet,
            "key": key,
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "fetched_at": answer.fetched_at,
            "status": answer.status,
            "body": zlib.compress(answer.body, 1),
        }


def _cached(row: Row[Any], fetched_at: float) -> Cached | None:
    try:
        body = zlib.decompress(row.body)
    except zlib.error:  # a damaged row is as good as none: the next answer replaces it
        return None
    return Cached(row.etag, row.last_modified, fetched_at, body, row.status)

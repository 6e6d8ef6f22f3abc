"""What the bot remembers of each repository of a fleet: when to look at it again, and what it said last."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from bot.store.database import Database, upsert
from bot.store.tables import answered, proposals, refusals, repositories, watched


@dataclass(frozen=True, slots=True)
class RepositoryRecord:
    """A repository as it was left.

    ``pushed_at`` is the forge's word, only compared; ``house_policy`` and ``own_policy`` are the
    texts that were read; ``readers`` tells with which extractors ``reading`` was made;
    ``settled`` is the fingerprint of what the last visit brought in line, "" where something was
    left to do.
    """

    repository: str
    node: str
    pushed_at: str
    branch: str
    head: str
    house_policy: str
    own_policy: str
    readers: str
    reading: bytes
    settled: str
    visited_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """A pull request or issue that is looked at in each pass, and when it had changed last."""

    repository: str
    updated_at: str


class Repositories:
    """The repositories of one fleet."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet

    def turn(self, repository: str) -> AbstractContextManager[None]:
        """A block that runs while no other process or thread works on this repository."""
        return self._database.turn(f"{self._fleet} {repository}")

    def all(self) -> dict[str, RepositoryRecord]:
        """Every repository that was visited, by name; ``reading`` left empty, for it is large."""
        columns = [column for column in repositories.c if column.name != "reading"]
        with self._database.transaction() as connection:
            rows = connection.execute(select(*columns).where(repositories.c.fleet == self._fleet)).all()
        return {row.repository: _record({**row._mapping, "reading": b""}) for row in rows}  # noqa: SLF001 - SQLAlchemy's public name

    def known(self, repository: str) -> RepositoryRecord | None:
        """What is remembered of a repository, ``reading`` left empty."""
        columns = [column for column in repositories.c if column.name != "reading"]
        with self._database.transaction() as connection:
            row = connection.execute(select(*columns).where(self._named(repository))).first()
        return None if row is None else _record({**row._mapping, "reading": b""})  # noqa: SLF001 - SQLAlchemy's public name

    def reading(self, repository: str) -> bytes:
        """What was read of a repository, as ``save`` was given it; nothing for one that is not known."""
        with self._database.transaction() as connection:
            found = connection.execute(select(repositories.c.reading).where(self._named(repository))).scalar()
        return bytes(found) if found is not None else b""

    def save(self, record: RepositoryRecord) -> None:
        """Keep a repository in place of what was known of it."""
        row = {name: getattr(record, name) for name in record.__slots__}
        with self._database.transaction() as connection:
            upsert(connection, repositories, [{"fleet": self._fleet, **row}])

    def pushed(self, times: Mapping[str, str]) -> None:
        """Note when these repositories were pushed to, as the forge says it."""
        with self._database.transaction() as connection:
            for repository, at in times.items():
                connection.execute(update(repositories).where(self._named(repository)).values(pushed_at=at))

    def forget(self, repository: str) -> None:
        """Forget a repository that the bot no longer reaches; its proposals and refusals stay as history."""
        with self._database.transaction() as connection:
            connection.execute(delete(repositories).where(self._named(repository)))
            for table in (watched, answered):
                own = and_(table.c.fleet == self._fleet, table.c.repository == repository)
                connection.execute(delete(table).where(own))

    def rename(self, before: str, after: str) -> None:
        """Call a repository by its new name, everywhere: its proposals and refusals go with it.

        What is known under the new name is another repository's, which has lost it: that is forgotten.
        """
        if before == after:
            return
        with self._database.transaction() as connection:
            for table in (repositories, watched, answered, proposals, refusals):
                at = {name: and_(table.c.fleet == self._fleet, table.c.repository == name) for name in (before, after)}
                connection.execute(delete(table).where(at[after]))
                connection.execute(update(table).where(at[before]).values(repository=after))

    def watched(self) -> dict[str, Watch]:
        """What is looked at in each pass, by the forge's node."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(watched).where(watched.c.fleet == self._fleet)).all()
        return {row.node: Watch(row.repository, row.updated_at) for row in rows}

    def watch(self, repository: str, nodes: Mapping[str, str]) -> None:
        """Look at these nodes of a repository, and at no others of it; the values are when they changed last."""
        own = and_(watched.c.fleet == self._fleet, watched.c.repository == repository)
        rows = [
            {"fleet": self._fleet, "repository": repository, "node": node, "updated_at": at}
            for node, at in nodes.items()
        ]
        with self._database.transaction() as connection:
            connection.execute(delete(watched).where(own))
            if rows:
                connection.execute(insert(watched), rows)

    def answered(self, repository: str) -> frozenset[int]:
        """The comments that need no answer any more."""
        own = and_(answered.c.fleet == self._fleet, answered.c.repository == repository)
        with self._database.transaction() as connection:
            return frozenset(connection.execute(select(answered.c.comment).where(own)).scalars())

    def answer(self, repository: str, comment: int, at: datetime) -> None:
        """Note that a comment was answered."""
        row: dict[str, Any] = {"fleet": self._fleet, "repository": repository, "comment": comment, "at": at}
        with self._database.transaction() as connection:
            upsert(connection, answered, [row], keep=True)

    def _named(self, repository: str) -> Any:
        return and_(repositories.c.fleet == self._fleet, repositories.c.repository == repository)


def _record(row: Mapping[str, Any]) -> RepositoryRecord:
    return RepositoryRecord(**{name: row[name] for name in RepositoryRecord.__slots__})

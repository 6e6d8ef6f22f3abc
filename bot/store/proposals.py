"""What the bot proposed, what must not be proposed again, and when versions were first seen."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from bot.core.model import Bump, History, Refusal, SkipReason
from bot.store.database import Database, chunks, upsert
from bot.store.tables import proposal_updates, proposals, refusals, sightings


class ProposalStatus(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    LANDED = "landed"
    SUPERSEDED = "superseded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ProposedUpdate:
    """One update of a proposal."""

    subject: str
    registry: str
    name: str
    from_version: str
    version: str
    bump: Bump


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """A branch of the bot's: ``head`` is the commit it put there, ``base`` the one below it.

    ``number`` and ``node`` are of its pull request, 0 and "" where there is none. ``sources`` are
    the blob ids of the edited files, before and after. ``told`` is what was said once.
    """

    repository: str
    branch: str
    pipeline: str
    title: str
    body: str
    head: str
    base: str
    updates: tuple[ProposedUpdate, ...]
    created_at: datetime
    updated_at: datetime
    status: ProposalStatus = ProposalStatus.OPEN
    number: int = 0
    node: str = ""
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    told: str = ""


class Proposals:
    """The proposals of one fleet: at most one open a branch, those that are done as history."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet

    def open(self, repository: str, branch: str) -> ProposalRecord | None:
        """The open proposal on a branch."""
        found = self._find(_at(repository, branch, ProposalStatus.OPEN))
        return found[0] if found else None

    def all(self, repository: str | None = None, status: ProposalStatus | None = None) -> tuple[ProposalRecord, ...]:
        """The proposals of a repository (None: of all) with a status (None: any), oldest first."""
        return self._find(_at(repository, None, status))

    def opened(self, repository: str, since: datetime) -> int:
        """How many proposals of a repository were new since then, whatever became of them."""
        mine = and_(proposals.c.fleet == self._fleet, *_at(repository, None, None), proposals.c.created_at > since)
        with self._database.transaction() as connection:
            return connection.execute(select(func.count()).select_from(proposals).where(mine)).scalar_one()

    def numbered(self, repository: str, number: int) -> ProposalRecord | None:
        """The newest proposal whose pull request has this number."""
        found = self._find([*_at(repository, None, None), proposals.c.number == number])
        return found[-1] if found else None

    def save(self, record: ProposalRecord) -> None:
        """Keep a proposal: the open one on its branch is replaced (its ``created_at`` stays), else it is new."""
        with self._database.transaction() as connection:
            number = self._write(connection, record)
            connection.execute(delete(proposal_updates).where(proposal_updates.c.proposal_id == number))
            rows = [self._row(number, at, one) for at, one in enumerate(record.updates)]
            if rows:
                connection.execute(insert(proposal_updates), rows)

    def close(self, repository: str, branch: str, status: ProposalStatus, at: datetime) -> bool:
        """Give the open proposal on a branch its end; false when there is none open."""
        mine = and_(proposals.c.fleet == self._fleet, *_at(repository, branch, ProposalStatus.OPEN))
        with self._database.transaction() as connection:
            done = connection.execute(update(proposals).where(mine).values(status=status, updated_at=at))
        return done.rowcount > 0

    def _find(self, conditions: Iterable[ColumnElement[bool]]) -> tuple[ProposalRecord, ...]:
        mine = and_(proposals.c.fleet == self._fleet, *conditions)
        with self._database.transaction() as connection:
            rows = connection.execute(select(proposals).where(mine).order_by(proposals.c.id)).all()
            inside = select(proposal_updates).join(proposals).where(mine)
            order = (proposal_updates.c.proposal_id, proposal_updates.c.position)
            updates = connection.execute(inside.order_by(*order)).all()
        by_proposal: dict[int, list[ProposedUpdate]] = defaultdict(list)
        for row in updates:
            by_proposal[row.proposal_id].append(_proposed(row))
        return tuple(_record(row, tuple(by_proposal[row.id])) for row in rows)

    def _write(self, connection: Connection, record: ProposalRecord) -> int:
        values = {
            "pipeline": record.pipeline,
            "title": record.title,
            "body": record.body,
            "head": record.head,
            "base": record.base,
            "status": record.status,
            "number": record.number,
            "node": record.node,
            "sources": json.dumps(record.sources, sort_keys=True) if record.sources else "",
            "told": record.told,
            "updated_at": record.updated_at,
        }
        mine = and_(proposals.c.fleet == self._fleet, *_at(record.repository, record.branch, ProposalStatus.OPEN))
        number = connection.execute(select(proposals.c.id).where(mine)).scalar()
        if number is not None:
            connection.execute(update(proposals).where(proposals.c.id == number).values(values))
            return int(number)
        place = {"fleet": self._fleet, "repository": record.repository, "branch": record.branch}
        done = connection.execute(insert(proposals).values(**place, **values, created_at=record.created_at))
        return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0

    def _row(self, number: int, position: int, one: ProposedUpdate) -> dict[str, Any]:
        return {
            "proposal_id": number,
            "position": position,
            "fleet": self._fleet,
            "subject": one.subject,
            "registry": one.registry,
            "name": one.name,
            "from_version": one.from_version,
            "version": one.version,
            "bump": one.bump,
        }


def fleets_of(database: Database) -> tuple[str, ...]:
    """The fleets that have proposals; raises ``StoreError``."""
    with database.transaction() as connection:
        return tuple(connection.execute(select(proposals.c.fleet).distinct().order_by(proposals.c.fleet)).scalars())


class Refusals:
    """The versions that one fleet is not to be offered again."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet

    def history(self, repository: str) -> History:
        """What a repository learned: its own refusals and those of the whole fleet, oldest first."""
        mine = and_(refusals.c.fleet == self._fleet, refusals.c.repository.in_(["", repository]))
        order = (refusals.c.at, refusals.c.registry, refusals.c.name, refusals.c.version)
        with self._database.transaction() as connection:
            rows = connection.execute(select(refusals).where(mine).order_by(*order)).all()
        found = (Refusal(row.registry, row.name, row.version, SkipReason(row.reason), row.detail) for row in rows)
        return History(tuple(found))

    def add(self, refusal: Refusal, at: datetime, repository: str = "") -> None:
        """Refuse a version in one repository, or ("") in the whole fleet; the first refusal stands."""
        row = {
            "fleet": self._fleet,
            "repository": repository,
            "registry": refusal.registry,
            "name": refusal.name,
            "version": refusal.version,
            "reason": refusal.reason,
            "detail": refusal.detail,
            "at": at,
        }
        with self._database.transaction() as connection:
            upsert(connection, refusals, [row], keep=True)

    def own(self, repository: str) -> tuple[Refusal, ...]:
        """The refusals of one repository alone, which its people can lift."""
        mine = and_(refusals.c.fleet == self._fleet, refusals.c.repository == repository)
        order = (refusals.c.registry, refusals.c.name, refusals.c.version)
        with self._database.transaction() as connection:
            rows = connection.execute(select(refusals).where(mine).order_by(*order)).all()
        return tuple(Refusal(row.registry, row.name, row.version, SkipReason(row.reason), row.detail) for row in rows)

    def remove(self, registry: str, name: str, version: str, repository: str = "") -> bool:
        """Lift a refusal; false when there was none."""
        mine = {"fleet": self._fleet, "repository": repository, "registry": registry, "name": name, "version": version}
        conditions = [refusals.c[column] == value for column, value in mine.items()]
        with self._database.transaction() as connection:
            return connection.execute(delete(refusals).where(and_(*conditions))).rowcount > 0


class Sightings:
    """When one fleet first saw a version: its age where the registry attests none."""

    def __init__(self, database: Database, fleet: str) -> None:
        self._database = database
        self._fleet = fleet

    def note(self, registry: str, versions: Mapping[str, Iterable[str]], at: datetime) -> None:
        """Note versions (by package name) as seen; one that was seen before keeps its time."""
        rows = [
            {"fleet": self._fleet, "registry": registry, "name": name, "version": version, "first_seen": at}
            for name, some in versions.items()
            for version in dict.fromkeys(some)
        ]
        if not rows:
            return
        with self._database.transaction() as connection:
            upsert(connection, sightings, rows, keep=True)

    def first_seen(self, registry: str, names: Iterable[str]) -> dict[tuple[str, str], datetime]:
        """When each version of these packages was first seen, by (name, version)."""
        found: dict[tuple[str, str], datetime] = {}
        mine = and_(sightings.c.fleet == self._fleet, sightings.c.registry == registry)
        with self._database.transaction() as connection:
            for some in chunks(names):
                rows = connection.execute(select(sightings).where(and_(mine, sightings.c.name.in_(some))))
                found |= {(row.name, row.version): row.first_seen for row in rows}
        return found


def _at(repository: str | None, branch: str | None, status: ProposalStatus | None) -> list[ColumnElement[bool]]:
    wanted = {"repository": repository, "branch": branch, "status": status}
    return [proposals.c[name] == value for name, value in wanted.items() if value is not None]


def _proposed(row: Row[Any]) -> ProposedUpdate:
    return ProposedUpdate(row.subject, row.registry, row.name, row.from_version, row.version, Bump(row.bump))


def _record(row: Row[Any], updates: tuple[ProposedUpdate, ...]) -> ProposalRecord:
    words = (row.repository, row.branch, row.pipeline, row.title, row.body, row.head, row.base)
    status, sources = ProposalStatus(row.status), json.loads(row.sources) if row.sources else {}
    return ProposalRecord(
        *words,
        updates,
        row.created_at,
        row.updated_at,
        status,
        row.number,
        row.node,
        {path: (before, after) for path, (before, after) in sources.items()},
        row.told,
    )

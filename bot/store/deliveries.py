"""Webhooks that came in: each remembered once, and kept until it was acted on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import groupby
from typing import Any, get_args

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.core.events import Event
from bot.store.database import Database, StoreError, chunks
from bot.store.tables import deliveries

DELIVERIES_KEPT = timedelta(days=7)
"""How long a delivery that is done is known: GitHub sends one again for three days at most."""


class _State(IntEnum):
    WAITING = 0
    DONE = 1
    UNKNOWN = 2
    DAMAGED = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that has not been acted on: GitHub's id of it, its kind, and what it told."""

    fleet: str
    id: str
    event: str
    facts: tuple[Event, ...]


class Deliveries:
    """The webhooks of every fleet. Thread-safe; every method raises ``StoreError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, fleet: str, id: str, event: str, facts: tuple[Event, ...] | None, at: datetime) -> bool:  # noqa: A002 - GitHub's own word for it
        """Keep a delivery; false, and nothing is written, when it is known already.

        ``facts`` are None for a kind that the bot does not listen to; where there are none, it is
        done at once. ``at`` is timezone-aware.
        """
        state = _State.UNKNOWN if facts is None else _State.WAITING if facts else _State.DONE
        row = {"fleet": fleet, "id": id, "event": event, "state": state, "received_at": at}
        try:
            with self._database.transaction() as connection:
                connection.execute(insert(deliveries).values(**row, facts=_encoded(facts or ())))
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):  # its key is there: everything else is given
                return False
            raise
        return True

    def waiting(self, limit: int = 1000) -> tuple[Waiting, ...]:
        """What has not been acted on, oldest first.

        What can't be read (damaged, or of another Freshline's nouns) is set aside and counted (``damaged``).
        """
        oldest = (deliveries.c.received_at, deliveries.c.fleet, deliveries.c.id)
        mine = select(deliveries).where(deliveries.c.state == _State.WAITING).order_by(*oldest).limit(limit)
        with self._database.transaction() as connection:
            rows = connection.execute(mine).all()
        found = [(row.id, _waiting(row)) for row in rows]
        self._settle((number for number, one in found if one is None), _State.DAMAGED)
        return tuple(one for _, one in found if one is not None)

    def done(self, ids: Iterable[str]) -> None:
        """These were acted on; one that is done already stays so."""
        self._settle(ids, _State.DONE)

    def known(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these deliveries that came in, whatever became of them."""
        found: set[str] = set()
        with self._database.transaction() as connection:
            for some in chunks(ids):
                found |= set(connection.scalars(select(deliveries.c.id).where(deliveries.c.id.in_(some))))
        return frozenset(found)

    def counts(self) -> dict[str, int]:
        """How many came of each kind that the bot does not listen to."""
        kinds = select(deliveries.c.event, func.count()).where(deliveries.c.state == _State.UNKNOWN)
        with self._database.transaction() as connection:
            return dict(connection.execute(kinds.group_by(deliveries.c.event)).all())

    def damaged(self) -> int:
        """How many could not be read from the store."""
        counted = select(func.count()).select_from(deliveries).where(deliveries.c.state == _State.DAMAGED)
        with self._database.transaction() as connection:
            return connection.scalars(counted).one()

    @staticmethod
    def prune(database: Database, before: datetime) -> int:
        """Forget the deliveries of every fleet that came before, but those that wait; how many went."""
        old = delete(deliveries).where(deliveries.c.received_at < before, deliveries.c.state != _State.WAITING)
        with database.transaction() as connection:
            return connection.execute(old).rowcount

    def _settle(self, ids: Iterable[str], state: _State) -> None:
        """Nothing of what a settled delivery told is kept."""
        settled = update(deliveries).where(deliveries.c.state == _State.WAITING).values(state=state, facts=b"")
        parts = list(chunks(ids))
        if not parts:
            return
        with self._database.transaction() as connection:
            for some in parts:
                connection.execute(settled.where(deliveries.c.id.in_(some)))


_CLASSES: tuple[type, ...] = get_args(Event)
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(list[tuple[str, msgspec.Raw]]).decode
_DECODE_RUN = {cls.__name__: msgspec.msgpack.Decoder(tuple[cls, ...]).decode for cls in _CLASSES}  # type: ignore[valid-type] # a class found at run time


def _encoded(facts: Sequence[Event]) -> bytes:
    """The facts as runs of one class each, with its name: msgspec can't tell dataclasses of a union apart."""
    if not facts:
        return b""
    return _ENCODE([(cls.__name__, msgspec.Raw(_ENCODE(list(run)))) for cls, run in groupby(facts, type)])


def _waiting(row: Row[Any]) -> Waiting | None:
    try:
        facts = tuple(one for name, run in _DECODE(row.facts) for one in _DECODE_RUN[name](run))
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return None
    return Waiting(row.fleet, row.id, row.event, facts)

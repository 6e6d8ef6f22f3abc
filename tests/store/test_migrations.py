"""Every step of the schema, over tables that have rows in them, up and down again; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, MetaData, create_engine, func, insert, select

from bot.core.model import Bump, Refusal, SkipReason
from bot.store import LOCAL, ProposalStatus, ProposedUpdate, Store
from bot.store.migrations import configuration

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
PLACE = {"fleet": LOCAL, "repository": "/shop", "branch": "freshline/pypi/alpha"}
WORDS = {"pipeline": "application", "title": "Bump alpha", "body": "Why\n", "head": "h", "base": "b"}
TIMES = {"created_at": AT, "updated_at": AT}
FIRST: dict[str, list[dict[str, Any]]] = {
    "answers": [
        {"fleet": LOCAL, "key": "https://index.example/alpha", "etag": '"1"', "last_modified": None}
        | {"fetched_at": 1.5, "status": "200", "body": b"\x00\xff"}
    ],
    "file_facts": [
        {"fleet": LOCAL, "blob": "b" * 40, "path": "a.txt", "ecosystem": "requirements", "version": 1}
        | {"facts": b"\x00", "used_at": AT}
    ],
    "proposals": [
        {"id": 1, **PLACE, **WORDS, "status": "superseded", **TIMES},
        {"id": 2, **PLACE, **WORDS, "status": "open", **TIMES},
    ],
    "proposal_updates": [
        {"proposal_id": number, "position": 0, "fleet": LOCAL, "subject": "pypi/alpha", "registry": "pypi"}
        | {"name": "alpha", "from_version": "1.0", "version": "1.1", "bump": "minor"}
        for number in (1, 2)
    ],
    "refusals": [
        {"fleet": LOCAL, "repository": "/shop", "registry": "pypi", "name": "alpha", "version": "2.0"}
        | {"reason": "quarantined", "detail": "it burns", "at": AT}
    ],
    "sightings": [
        {"fleet": LOCAL, "registry": "pypi", "name": "dark", "version": "1.0", "first_seen": AT},
    ],
}
"""Rows of every table of revision 0001; parents before their children."""


@pytest.fixture
def engine(lasting_url: str) -> Iterator[Engine]:
    """A database at revision 0001 with rows in every table, as an older Freshline left it."""
    Store.open(lasting_url).close()  # makes the file and its folder
    made = create_engine(lasting_url.replace("postgresql:", "postgresql+psycopg:"))
    with made.begin() as connection:
        command.downgrade(configuration(connection), "base")
        command.upgrade(configuration(connection), "0001")
        tables = reflected(connection)
        assert tables.keys() == FIRST.keys()
        for name, rows in FIRST.items():
            connection.execute(insert(tables[name]), rows)
        if connection.dialect.name == "postgresql":  # as if the rows had been numbered by it
            connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('proposals', 'id'), 2)")
    yield made
    made.dispose()


def reflected(connection: Connection) -> dict[str, Any]:
    """The tables as the database has them."""
    found = MetaData()
    found.reflect(connection)
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables of revision 0001 hold, in the columns that they had then."""
    tables = reflected(connection)
    return {
        name: sorted(
            (tuple(row) for row in connection.execute(select(*(tables[name].c[column] for column in FIRST[name][0])))),
            key=repr,
        )
        for name in FIRST
    }


def test_what_an_older_version_kept_is_there_after_it(engine: Engine, lasting_url: str) -> None:
    with engine.begin() as connection:
        before = rows(connection)
    with Store.open(lasting_url) as store:
        old, open_one = store.proposals().all("/shop")
        assert (old.status, open_one.status) == (ProposalStatus.SUPERSEDED, ProposalStatus.OPEN)
        assert open_one.updates == (ProposedUpdate("pypi/alpha", "pypi", "alpha", "1.0", "1.1", Bump.MINOR),)
        assert (open_one.number, open_one.node, open_one.sources, open_one.told) == (0, "", {}, "")
        assert open_one.created_at == AT
        refusal = Refusal("pypi", "alpha", "2.0", SkipReason.QUARANTINED, "it burns")
        assert store.refusals().history("/shop").refusals == (refusal,)
        assert store.sightings().first_seen("pypi", ["dark"]) == {("dark", "1.0"): AT}
        store.proposals().save(open_one)
        assert store.proposals().all("/shop") == (old, open_one)
    with engine.begin() as connection:
        assert rows(connection) == before


def test_and_an_older_version_finds_it_after_going_back(engine: Engine) -> None:
    with engine.begin() as connection:
        before, shape = rows(connection), shape_of(connection)
        command.upgrade(configuration(connection), "head")
        assert shape_of(connection) != shape
        command.downgrade(configuration(connection), "0001")
        assert rows(connection) == before
        assert shape_of(connection) == shape


def test_there_and_back_from_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "base")
        assert reflected(connection) == {}
        command.upgrade(configuration(connection), "head")
        assert {connection.scalar(select(func.count()).select_from(t)) for t in reflected(connection).values()} == {0}


def shape_of(connection: Connection) -> dict[str, tuple[list[str], list[str]]]:
    """The columns and indexes of each table."""
    return {
        name: ([str(column.name) for column in table.columns], sorted(str(index.name) for index in table.indexes))
        for name, table in reflected(connection).items()
    }

"""The tables. A change here goes with a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

REVISION = "0002"
"""The newest migration: a store at this revision needs no look at the migrations."""


class Words(TypeDecorator[str]):
    """Text that both databases take: lone surrogates and NUL are written out as escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Escape what neither UTF-8 nor PostgreSQL can hold."""
        if value is None:
            return None
        return str(value).encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


class Moment(TypeDecorator[datetime]):
    """A time in UTC. SQLite keeps no time zones, so aware times go in and come out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Take an aware time; raises ``ValueError`` for a naive one, and for none: no column is optional."""
        if value is None or value.tzinfo is None:
            raise ValueError("a time without a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give an aware time in UTC."""
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData()

answers = Table(
    "answers",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("etag", Words),
    Column("last_modified", Words),
    Column("fetched_at", Float(53), nullable=False, index=True),
    Column("status", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

file_facts = Table(
    "file_facts",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("blob", Words, primary_key=True),
    Column("path", Words, primary_key=True),
    Column("ecosystem", Words, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("facts", LargeBinary, nullable=False),
    Column("used_at", Moment, nullable=False, index=True),
)

_IS_OPEN = text("status = 'open'")

proposals = Table(
    "proposals",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("fleet", Words, nullable=False),
    Column("repository", Words, nullable=False),
    Column("branch", Words, nullable=False),
    Column("pipeline", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("head", Words, nullable=False),
    Column("base", Words, nullable=False),
    Column("status", Words, nullable=False),
    # The pull request: 0 and "" where the forge has none; ``node`` is what the forge calls it in bulk questions.
    Column("number", Integer, nullable=False, server_default="0"),
    Column("node", Words, nullable=False, server_default=""),
    # The edited files as they were and as they are, as JSON: {path: [blob before, blob after]}.
    Column("sources", Words, nullable=False, server_default=""),
    # What was said once and is not said again.
    Column("told", Words, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_proposals_fleet_repository_branch", "fleet", "repository", "branch"),
    # One open proposal a branch; those that are done stay as history.
    Index(
        "uq_proposals_open",
        *("fleet", "repository", "branch"),
        unique=True,
        # On PostgreSQL the migration says the same; said here, its dialect would be loaded at every start.
        sqlite_where=_IS_OPEN,
    ),
)

proposal_updates = Table(
    "proposal_updates",
    metadata,
    Column("proposal_id", ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("fleet", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("registry", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("from_version", Words, nullable=False),
    Column("version", Words, nullable=False),
    Column("bump", Words, nullable=False),
    Index("ix_proposal_updates_fleet_registry_name", "fleet", "registry", "name"),
)

refusals = Table(
    "refusals",
    metadata,
    Column("fleet", Words, primary_key=True),
    # "" stands for every repository of the fleet.
    Column("repository", Words, primary_key=True),
    Column("registry", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    Column("reason", Words, nullable=False),
    Column("detail", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

sightings = Table(
    "sightings",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("registry", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    Column("first_seen", Moment, nullable=False),
)

repositories = Table(
    "repositories",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("repository", Words, primary_key=True),
    Column("node", Words, nullable=False),
    # As the forge says it; only compared.
    Column("pushed_at", Words, nullable=False),
    Column("branch", Words, nullable=False),
    Column("head", Words, nullable=False),
    # The texts of the organisation's and the repository's own policy, as they were read.
    Column("house_policy", Words, nullable=False),
    Column("own_policy", Words, nullable=False),
    # What its files say, as the extractors of that time read them.
    Column("readers", Words, nullable=False),
    Column("reading", LargeBinary, nullable=False),
    # Fingerprint of all that the last visit brought in line; "" asks for another visit.
    Column("settled", Words, nullable=False),
    Column("visited_at", Moment, nullable=False),
)

watched = Table(
    "watched",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("node", Words, primary_key=True),
    Column("repository", Words, nullable=False),
    Column("updated_at", Words, nullable=False),
    Index("ix_watched_fleet_repository", "fleet", "repository"),
)

machine_images = Table(
    "machine_images",
    metadata,
    Column("fleet", Words, primary_key=True),
    # Before the region: an image whose region nobody says is sought by its id alone.
    Column("id", Words, primary_key=True),
    Column("region", Words, primary_key=True),
    Column("description", LargeBinary, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

answered = Table(
    "answered",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("repository", Words, primary_key=True),
    Column("comment", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("fleet", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("event", Words, nullable=False),
    # 0: waits to be acted on, 1: done, 2: of a kind that the bot does not listen to.
    Column("state", Integer, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Column("received_at", Moment, nullable=False),
    Index("ix_deliveries_state", "state"),
    Index("ix_deliveries_received_at", "received_at"),
)

writes = Table(
    "writes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("fleet", Words, nullable=False),
    Column("at", Float(53), nullable=False),
    Index("ix_writes_fleet_at", "fleet", "at"),
)

"""What the GitHub App remembers: repositories, pull requests watched, comments answered, deliveries, writes.

And the descriptions of machine images.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the columns and create the tables."""
    op.add_column("proposals", sa.Column("number", sa.Integer, nullable=False, server_default="0"))
    op.add_column("proposals", sa.Column("node", sa.Text, nullable=False, server_default=""))
    op.add_column("proposals", sa.Column("sources", sa.Text, nullable=False, server_default=""))
    op.add_column("proposals", sa.Column("told", sa.Text, nullable=False, server_default=""))
    _repositories()
    _talk()
    op.create_table("writes", *_numbered(), *_words("fleet"), sa.Column("at", sa.Float(53), nullable=False))
    op.create_index("ix_writes_fleet_at", "writes", ["fleet", "at"])
    op.create_table(
        "machine_images",
        *_key("fleet", "id", "region"),
        sa.Column("description", sa.LargeBinary, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables and the columns."""
    for table in ("machine_images", "writes", "deliveries", "answered", "watched", "repositories"):
        op.drop_table(table)
    for column in ("told", "sources", "node", "number"):
        op.drop_column("proposals", column)


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbered() -> list[sa.Column[int]]:
    return [sa.Column("id", _NUMBER, primary_key=True, autoincrement=True)]


def _repositories() -> None:
    op.create_table(
        "repositories",
        *_key("fleet", "repository"),
        *_words("node", "pushed_at", "branch", "head", "house_policy", "own_policy", "readers"),
        sa.Column("reading", sa.LargeBinary, nullable=False),
        *_words("settled"),
        sa.Column("visited_at", _TIME, nullable=False),
    )
    op.create_table("watched", *_key("fleet", "node"), *_words("repository", "updated_at"))
    op.create_index("ix_watched_fleet_repository", "watched", ["fleet", "repository"])


def _talk() -> None:
    op.create_table(
        "answered",
        *_key("fleet", "repository"),
        sa.Column("comment", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_table(
        "deliveries",
        *_key("fleet", "id"),
        *_words("event"),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at"])

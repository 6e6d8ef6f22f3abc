"""The first tables: answers, facts, proposals, refusals, sightings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    _caches()
    _proposals()
    _memory()


def downgrade() -> None:
    """Drop the tables."""
    for table in ("sightings", "refusals", "proposal_updates", "proposals", "file_facts", "answers"):
        op.drop_table(table)


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _caches() -> None:
    op.create_table(
        "answers",
        *_key("fleet", "key"),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("fetched_at", sa.Float(53), nullable=False),
        *_words("status"),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_answers_fetched_at", "answers", ["fetched_at"])
    op.create_table(
        "file_facts",
        *_key("fleet", "blob", "path", "ecosystem"),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("used_at", _TIME, nullable=False),
    )
    op.create_index("ix_file_facts_used_at", "file_facts", ["used_at"])


def _proposals() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    place = ["fleet", "repository", "branch"]
    op.create_table(
        "proposals",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        *_words(*place, "pipeline", "title", "body", "head", "base", "status"),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
    )
    op.create_index("ix_proposals_fleet_repository_branch", "proposals", place)
    is_open = sa.text("status = 'open'")
    op.create_index(
        "uq_proposals_open", "proposals", place, unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    parent = sa.ForeignKey("proposals.id", ondelete="CASCADE")
    op.create_table(
        "proposal_updates",
        sa.Column("proposal_id", number, parent, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        *_words("fleet", "subject", "registry", "name", "from_version", "version", "bump"),
    )
    op.create_index("ix_proposal_updates_fleet_registry_name", "proposal_updates", ["fleet", "registry", "name"])


def _memory() -> None:
    op.create_table(
        "refusals",
        *_key("fleet", "repository", "registry", "name", "version"),
        *_words("reason", "detail"),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_table(
        "sightings",
        *_key("fleet", "registry", "name", "version"),
        sa.Column("first_seen", _TIME, nullable=False),
    )

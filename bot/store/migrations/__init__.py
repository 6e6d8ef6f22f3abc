"""The store's migrations (Alembic). Imported only when a store is not at the newest revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection, without a file."""
    config = Config()
    # A percent sign starts an interpolation in Alembic's configuration.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision, in the transaction that is under way."""
    command.upgrade(configuration(connection), "head")

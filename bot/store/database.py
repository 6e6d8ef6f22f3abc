"""The connection to the database: SQLite by default, PostgreSQL for many machines."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, StaticPool, Table, create_engine, event, inspect
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.core.errors import ExpectedError
from bot.store.tables import REVISION, metadata
from bot.store.turns import turn

BUSY_MILLISECONDS = 30_000
"""How long to wait for another process: its first start may migrate, on a busy machine."""
CHUNK = 500
"""Values in one question: SQLite and PostgreSQL limit how many there may be."""

_PRAGMAS = (f"busy_timeout={BUSY_MILLISECONDS}", "synchronous=NORMAL", "foreign_keys=ON")
_ADVICE = (
    ("not a database", "The file is damaged: move it away, and Freshline starts a new store"),
    ("malformed", "The file is damaged: move it away, and Freshline starts a new store"),
    ("readonly", "See that this user may write the file and its folder"),
    ("unable to open", "See that this user may write the file and its folder"),
    ("locked", "Another process holds the store; wait for it and run again"),
    ("full", "Make room on the disk and run again"),
    ("password", "See that the user and password in FRESHLINE_STORE__URL are right"),
    ("connection", "See that the database server runs and FRESHLINE_STORE__URL names it"),
)


class StoreError(ExpectedError):
    """The store can't be used: what is wrong, where, and what to do next."""

    def __init__(self, what: str, where: str, what_next: str) -> None:
        super().__init__(f"{what}: {where}. {what_next}")
        self.what = what
        self.where = where
        self.what_next = what_next


class Database:
    """An engine whose errors say what to do, with transactions for threads."""

    def __init__(self, engine: Engine, where: str, lock: AbstractContextManager[Any]) -> None:
        self._engine = engine
        self._where = where
        self._lock = lock

    @classmethod
    def open(cls, url: str) -> Self:
        """The database at an SQLAlchemy URL, at the newest revision; raises ``StoreError``."""
        parsed = _parsed(url)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database in {None, "", ":memory:"}:
                return cls.in_memory()
            _make_private(Path(str(parsed.database)))
        return cls(_engine(parsed), _where(parsed), nullcontext()).ready()

    @classmethod
    def in_memory(cls) -> Self:
        """A SQLite database that is gone when it is closed: one connection, so one thread at a time."""
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        engine = create_engine("sqlite://", **options)
        event.listen(engine, "connect", _prepare)
        # Nothing is there to be brought up to date, and the migrations take 100 ms.
        metadata.create_all(engine)
        return cls(engine, "memory", threading.RLock())

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose work is written when the block ends, or not at all."""
        try:
            with self._lock, self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:  # the latter while a connection is made ready
            raise self._error(error) from error

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """The block runs while nobody else who uses this database, in any process, has the turn of that name.

        Raises ``StoreError`` when the turn can't be had.
        """
        with ExitStack() as held:
            try:
                held.enter_context(turn(self._engine.url, name))
            except (OSError, SQLAlchemyError) as error:
                raise self._error(error) from error
            yield

    def migrate(self) -> None:
        """Bring the tables to the newest revision."""
        with self.transaction() as connection:
            revision = _revision(connection)
        if revision == REVISION:
            return
        if revision is not None and revision > REVISION:
            raise StoreError(
                f"The store is at revision {revision}, which a newer Freshline made", self._where, "Upgrade Freshline"
            )
        with self.transaction() as connection:
            _take_turn(connection)
            if _revision(connection) != REVISION:  # nobody was faster
                from bot.store.migrations import upgrade  # noqa: PLC0415 - importing alembic takes longer than a scan

                upgrade(connection)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def ready(self) -> Self:
        """The database itself once it is at the newest revision; closed when that fails."""
        try:
            self.migrate()
        except BaseException:
            self.close()
            raise
        return self

    def _error(self, error: Exception) -> StoreError:
        words = str(getattr(error, "orig", None) or error).strip().splitlines()
        first = "".join(c if c.isprintable() else "?" for c in (words or ["it said nothing"])[0])[:500]
        lower = first.lower()
        tips = (tip for needle, tip in _ADVICE if needle in lower)
        return StoreError(
            f"The store can't be used ({first})", self._where, next(tips, "See whether the database is sound")
        )


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> None:
    """Insert rows; where one with the same primary key stands, replace it, or ``keep`` it as it is."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    settled = (
        statement.on_conflict_do_nothing(index_elements=keys)
        if keep
        else statement.on_conflict_do_update(index_elements=keys, set_=values)
    )
    connection.execute(settled, list(rows))


def _insert(connection: Connection, table: Table) -> Any:
    """The dialect's own insert, which can settle conflicts."""
    if connection.dialect.name != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 80 ms that only users of PostgreSQL need

    return postgresql.insert(table)


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The values, each once, in lists short enough for one question."""
    whole = list(dict.fromkeys(values))
    return (whole[at : at + CHUNK] for at in range(0, len(whole), CHUNK))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "This is no SQLAlchemy URL", "FRESHLINE_STORE__URL", "Write sqlite:////path or postgresql://…"
        ) from error
    backend = parsed.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"Freshline keeps no store in {backend}", _where(parsed), "Use SQLite or PostgreSQL")
    return parsed


def _where(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except ModuleNotFoundError as error:
        raise StoreError(
            "psycopg is not installed", _where(url), "Install it: pip install 'freshline[postgres]'"
        ) from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare)
    return engine


def _make_private(path: Path) -> None:
    """Create the file for this user's eyes only: it holds answers from private registries."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"The store can't be opened ({error.strerror})", str(path), "See that this user may write there"
        ) from error


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    _log_ahead(connection)


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging.

    SQLite does not wait for another connection that is just switching too, whatever its
    ``busy_timeout`` (https://www.sqlite.org/wal.html): so we do.
    """
    until = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def _take_turn(connection: Connection) -> None:
    """Wait until no other process changes the tables; held to the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7309453)")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

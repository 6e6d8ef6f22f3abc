"""Turns: one process or thread at a time, and nothing is left behind when it is killed."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, text

SLOTS = 256
"""Files that turns are taken by: names that share one wait for each other, which does no harm."""


def turn(url: URL, name: str) -> AbstractContextManager[None]:
    """Wait until nobody else who uses this database has the turn of that name, and have it for the block.

    Raises ``OSError`` and ``SQLAlchemyError``. Two turns at once in one thread may wait for ever.
    """
    digest = hashlib.blake2b(
        name.encode("utf-8", "backslashreplace"), digest_size=8, person=b"freshline-turns"
    ).digest()
    if url.get_backend_name() == "sqlite":
        return _by_file(Path(f"{url.database}-turns"), digest) if url.database else nullcontext()
    return _by_server(url, int.from_bytes(digest, signed=True))


@contextmanager
def _by_file(folder: Path, digest: bytes) -> Iterator[None]:
    """The kernel gives a lock back when its process dies (https://man7.org/linux/man-pages/man2/flock.2.html)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    slot = int.from_bytes(digest) % SLOTS
    handle = os.open(folder / f"{slot}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _by_server(url: URL, number: int) -> Iterator[None]:
    """The server gives a lock back when its connection ends.

    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS. A connection
    of its own: held through a whole visit, it would take one of the pool's away from the others.
    """
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
            yield
    finally:
        engine.dispose()

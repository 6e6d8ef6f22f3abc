from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bot.core.model import Refusal, SkipReason
from bot.store import Store, StoreError
from bot.store.database import Database
from bot.store.migrations import configuration
from bot.store.tables import REVISION, metadata

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)


def test_what_is_kept_is_there_when_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a/b/freshline.db"
    with Store.open(url) as store:
        store.refusals().add(Refusal("pypi", "django", "6.0", SkipReason.QUARANTINED, "rolled back"), AT)
    with Store.open(url) as store:
        assert store.refusals().history("r").refusals[0].version == "6.0"


def test_a_store_in_memory_is_gone_when_it_is_closed() -> None:
    with Store.in_memory() as store:
        store.sightings().note("npm", {"left-pad": ["1.0.0"]}, AT)
        assert len(store.sightings().first_seen("npm", ["left-pad"])) == 1
    with Store.in_memory() as store:
        assert store.sightings().first_seen("npm", ["left-pad"]) == {}


def test_the_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    database = Database.open(url)
    with database.transaction() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        newest = ScriptDirectory.from_config(configuration(connection)).get_current_head()
    database.close()
    assert differences == []
    assert newest == REVISION


def test_files_are_for_this_user_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with Store.open(f"sqlite:///{folder}/freshline.db") as store:
        store.sightings().note("npm", {"left-pad": ["1.0.0"]}, AT)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes["freshline.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_sqlite_is_set_up_for_several_processes(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/freshline.db")
    with database.transaction() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    database.close()
    assert found == ["wal", 1, 30_000, 1]


def test_alembic_is_imported_only_to_migrate(tmp_path: Path) -> None:
    program = (
        "import sys; from bot.store import Store; Store.open(sys.argv[1]).close(); print('alembic' in sys.modules)"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", program, f"sqlite:///{tmp_path}/freshline.db"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert answers == ["True", "False"]


def test_many_processes_may_open_a_new_store_at_once(lasting_url: str) -> None:
    gate = threading.Barrier(4)

    def start(_: int) -> int:
        gate.wait()
        with Store.open(lasting_url) as store:
            store.sightings().note("npm", {"left-pad": ["1.0.0"]}, AT)
            return len(store.sightings().first_seen("npm", ["left-pad"]))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [1, 1, 1, 1]


def test_a_migration_that_was_cut_off_left_nothing(tmp_path: Path) -> None:
    path = tmp_path / "freshline.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:  # as after a crash before the first commit: an empty file
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    with Store.open(f"sqlite:///{path}") as store:
        assert store.proposals().all() == ()


def test_a_store_of_a_newer_version_is_left_alone(lasting_url: str) -> None:
    database = Database.open(lasting_url)
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(StoreError, match=r"revision 9999, which a newer Freshline made: .*Upgrade Freshline"):
        Store.open(lasting_url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "This is no SQLAlchemy URL"),
        ("mysql://user:secret@db.example/x", "keeps no store in mysql"),
        ("sqlite:////proc/nowhere/freshline.db", "can't be opened"),
        ("postgresql://user:secret@127.0.0.1:1/x", "can't be used"),
    ],
)
def test_a_store_that_cannot_be_is_an_error_that_says_what_next(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        Store.open(url)
    assert caught.value.what_next
    assert "secret" not in str(caught.value)


def test_psycopg_missing_names_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ModuleNotFoundError('psycopg')\n")
    program = "from bot.store import Store; Store.open('postgresql://db.example/x')"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert "StoreError: psycopg is not installed" in done.stderr
    assert "pip install 'freshline[postgres]'" in done.stderr


def test_a_damaged_file_is_an_error_that_says_what_next(tmp_path: Path) -> None:
    path = tmp_path / "freshline.db"
    path.write_bytes(b"this was a database once" * 100)
    with pytest.raises(StoreError, match="move it away") as caught:
        Store.open(f"sqlite:///{path}")
    assert caught.value.where == str(path)


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Is a directory"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_table_that_is_gone_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "freshline.db"
    Store.open(f"sqlite:///{path}").close()
    other = sqlite3.connect(path)
    other.execute("DROP TABLE sightings")
    other.close()
    with Store.open(f"sqlite:///{path}") as store, pytest.raises(StoreError, match="no such table: sightings"):
        store.sightings().first_seen("npm", ["left-pad"])


def _delete_at_once(database: Database) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
        connection.exec_driver_sql("DELETE FROM sightings")


def test_a_store_that_is_locked_for_too_long_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "freshline.db"
    Store.open(f"sqlite:///{path}").close()
    database = Database.open(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="wait for it"):
        _delete_at_once(database)
    other.close()
    database.close()


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="a time without a zone"):
        store.sightings().note("npm", {"left-pad": ["1.0.0"]}, datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused

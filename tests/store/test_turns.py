"""Turns: one at a time for each name, over processes, and nothing is left of one that was killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.store import Store, StoreError
from bot.store.database import Database

HOLDER = """
import sys, time
from bot.store import Store
with Store.open(sys.argv[1]) as store, store.repositories("a").turn("acme/shop"):
    print("held", flush=True)
    time.sleep(600)
"""
SHORT = 0.3


@contextmanager
def waiting(url: str, fleet: str, repository: str) -> Iterator[threading.Event]:
    """A thread that wants a turn; the event tells that it had it."""
    had = threading.Event()

    def work() -> None:
        with Store.open(url) as store, store.repositories(fleet).turn(repository):
            had.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield had
    finally:
        thread.join(30)


def test_who_comes_second_waits(lasting_url: str) -> None:
    with Store.open(lasting_url) as store:
        turn = store.repositories("a").turn("acme/shop")
        turn.__enter__()
        with waiting(lasting_url, "a", "acme/shop") as had:
            assert not had.wait(SHORT)
            turn.__exit__(None, None, None)
            assert had.wait(30)


@pytest.mark.parametrize(("fleet", "repository"), [("b", "acme/shop"), ("a", "acme/lib")])
def test_another_repository_waits_for_nobody(lasting_url: str, fleet: str, repository: str) -> None:
    with (
        Store.open(lasting_url) as store,
        store.repositories("a").turn("acme/shop"),
        waiting(lasting_url, fleet, repository) as had,
    ):
        assert had.wait(30)


def test_the_turn_of_a_process_that_was_killed_is_free(lasting_url: str) -> None:
    command = [sys.executable, "-c", HOLDER, lasting_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with waiting(lasting_url, "a", "acme/shop") as had:
            assert not had.wait(SHORT)
            holder.kill()
            assert had.wait(30)


def test_what_goes_wrong_in_a_turn_is_not_the_stores(store: Store) -> None:
    with pytest.raises(OSError, match="mine"), store.repositories("a").turn("acme/shop"):
        raise OSError("mine")
    with store.repositories("a").turn("acme/shop"):
        assert store.repositories("a").all() == {}


def test_turns_that_cannot_be_had_are_the_stores_trouble(tmp_path: Path) -> None:
    (tmp_path / "freshline.db-turns").write_text("no folder")
    with (
        closing(Database.open(f"sqlite:///{tmp_path / 'freshline.db'}")) as database,
        pytest.raises(StoreError, match="can't be used"),
        database.turn("a"),
    ):
        pytest.fail("there is no turn to be had")

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.budget import HOUR, Admission, Rates, Work
from bot.store import Store
from tests.store.conftest import NOW

MANY = Rates(per_minute=10, per_hour=12, at_once=10, gap=0.0)


def test_a_write_that_may_go_is_noted_in_the_same_step(store: Store) -> None:
    writes = store.writes("github:1")
    assert writes.since(0) == []
    assert writes.take(Work.NEW, NOW).go
    assert writes.take(Work.NEW, NOW + 0.5).go
    assert writes.since(NOW - HOUR) == [NOW, NOW + 0.5]
    assert writes.since(NOW) == [NOW + 0.5]


def test_a_write_that_has_to_wait_is_not_noted(store: Store) -> None:
    writes = store.writes("github:1")
    for _ in range(10):
        writes.note(NOW)
    assert writes.take(Work.SECURITY, NOW, MANY) == Admission(60.0)
    assert len(writes.since(0)) == 10
    assert writes.take(Work.SECURITY, NOW + 60, MANY).go


def test_fleets_have_budgets_of_their_own(store: Store) -> None:
    for _ in range(12):
        store.writes("github:1").note(NOW - 100)
    assert store.writes("github:1").take(Work.REVERT, NOW, MANY).hour
    assert store.writes("github:2").take(Work.REVERT, NOW, MANY).go
    assert store.writes("github:2").since(0) == [NOW]


def test_what_is_older_than_an_hour_goes_with_the_next_write(store: Store) -> None:
    writes = store.writes("github:1")
    store.writes("github:2").note(NOW - 4000)
    for at in (NOW - 4000, NOW - 3602, NOW - 3599):
        writes.note(at)
    assert writes.take(Work.NEW, NOW).go
    assert writes.since(0) == [NOW - 3599, NOW]
    assert store.writes("github:2").since(0) == [NOW - 4000]


def test_old_writes_of_fleets_that_are_gone_are_pruned(store: Store) -> None:
    store.writes("github:1").note(NOW - timedelta(days=31).total_seconds())
    store.writes("github:2").note(NOW)
    assert store.prune(datetime.fromtimestamp(NOW, UTC)) == 1
    assert store.writes("github:1").since(0) == []
    assert store.writes("github:2").since(0) == [NOW]


@pytest.mark.parametrize("fleet", ["x" * 5000, "ünï\udc80\0", ""])
def test_any_name_of_a_fleet_does(store: Store, fleet: str) -> None:
    assert store.writes(fleet).take(Work.MERGE, NOW).go
    assert store.writes(fleet).since(0) == [NOW]


def test_the_budget_outlives_a_restart(lasting_url: str) -> None:
    with Store.open(lasting_url) as store:
        for _ in range(10):
            assert store.writes("f").take(Work.NEW, NOW, MANY).go
    with Store.open(lasting_url) as store:
        assert not store.writes("f").take(Work.NEW, NOW, MANY).go


def test_threads_share_a_budget(url: str) -> None:
    with Store.open(url) as store, ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: store.writes("f").take(Work.SECURITY, NOW, MANY).go, range(40)))
        assert sum(taken) == 10
        assert len(store.writes("f").since(0)) == 10


PROGRAM = """
import sys
from bot.core.budget import Rates, Work
from bot.store import Store

with Store.open(sys.argv[1]) as store:
    print(sum(store.writes("f").take(Work.SECURITY, float(sys.argv[2]), Rates(25, 25, 25, 0)).go for _ in range(20)))
"""


def test_processes_share_a_budget(lasting_url: str) -> None:
    Store.open(lasting_url).close()
    command = [sys.executable, "-c", PROGRAM, lasting_url, str(NOW)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    took = [int(one.communicate(timeout=120)[0]) for one in running]
    assert sum(took) == 25

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import get_args

import msgspec
import pytest
from sqlalchemy import insert, text, update

from bot.core.events import (
    Change,
    ChecksChanged,
    CommentWritten,
    DeploymentChanged,
    Event,
    InstallationChanged,
    IssueChanged,
    MergeGroupChanged,
    Place,
    PullRequestChanged,
    Pushed,
    Released,
    RepositoryChanged,
)
from bot.store import DELIVERIES_KEPT, Deliveries, Store, StoreError, Waiting
from bot.store.database import Database
from bot.store.tables import deliveries

AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ACME = "github:7"
PLACE = Place(7, "acme/shop")
SHA = "a" * 40
PUSHED = Pushed(PLACE, "main", SHA, default=True)
EVERY: tuple[Event, ...] = (
    InstallationChanged(2**62, "acme", Change.ADDED),
    RepositoryChanged(PLACE, Change.RENAMED),
    PUSHED,
    Pushed(PLACE, "gone", None, default=False),
    PullRequestChanged(PLACE, 3, "freshline/npm/vite", "closed"),
    CommentWritten(PLACE, 3, 2**62, "ann", "/freshline rebase\r\nä\0🦔"),
    IssueChanged(PLACE, 1, "edited"),
    ChecksChanged(PLACE, SHA),
    MergeGroupChanged(PLACE, SHA, requested=True),
    DeploymentChanged(PLACE, SHA, "prod", ""),
    Released(PLACE, "v1"),
    PUSHED,
)


def test_what_came_waits_until_it_is_done(store: Store) -> None:
    kept = store.deliveries()
    assert kept.waiting() == ()
    assert kept.remember(ACME, "1", "push", (PUSHED,), AT)
    assert kept.waiting() == (Waiting(ACME, "1", "push", (PUSHED,)),)
    kept.done(["1", "2"])
    kept.done(["1"])
    kept.done([])
    assert kept.waiting() == ()


def test_every_fact_comes_back_as_it_was(store: Store) -> None:
    assert {type(one) for one in EVERY} == set(get_args(Event))
    store.deliveries().remember(ACME, "1", "push", EVERY, AT)
    assert [one.facts for one in store.deliveries().waiting()] == [EVERY]


def test_the_same_delivery_is_remembered_once(store: Store) -> None:
    kept = store.deliveries()
    assert kept.remember(ACME, "1", "push", (PUSHED,), AT)
    assert not kept.remember(ACME, "1", "push", (), AT)
    assert not kept.remember(ACME, "1", "star", None, AT + MINUTE)
    assert [one.facts for one in kept.waiting()] == [(PUSHED,)]
    kept.done(["1"])
    assert not kept.remember(ACME, "1", "push", (PUSHED,), AT)
    assert kept.waiting() == ()
    assert kept.remember("github:8", "1", "push", (PUSHED,), AT)


def test_a_store_that_fails_is_not_taken_for_a_repetition(lasting_url: str) -> None:
    with Store.open(lasting_url) as store:
        database = Database.open(lasting_url)
        with database.transaction() as connection:
            connection.execute(text("DROP TABLE deliveries"))
        database.close()
        with pytest.raises(StoreError):
            store.deliveries().remember(ACME, "1", "push", (PUSHED,), AT)


def test_of_many_threads_exactly_one_is_first(url: str) -> None:
    with Store.open(url) as store, ThreadPoolExecutor(8) as pool:
        for number in range(10):
            together = Barrier(8)

            def come(id: str = str(number), together: Barrier = together) -> bool:  # noqa: A002 - GitHub's own word
                together.wait(30)
                return store.deliveries().remember(ACME, id, "push", (PUSHED,), AT)

            told = [pool.submit(come) for _ in range(8)]
            assert sorted(one.result() for one in told) == [False] * 7 + [True]
        assert len(store.deliveries().waiting()) == 10


def test_the_oldest_come_first_whoever_s_they_are(store: Store) -> None:
    kept = store.deliveries()
    for number, fleet, later in (("a", ACME, 3), ("b", "github:8", 1), ("c", ACME, 2), ("e", ACME, 0), ("d", ACME, 0)):
        kept.remember(fleet, number, "push", (PUSHED,), AT + later * MINUTE)
    assert [one.id for one in kept.waiting()] == ["d", "e", "b", "c", "a"]
    assert [one.id for one in kept.waiting(limit=2)] == ["d", "e"]


def test_what_tells_nothing_is_done_at_once(store: Store) -> None:
    kept = store.deliveries()
    assert kept.remember(ACME, "1", "issues", (), AT)
    assert kept.waiting() == ()
    assert kept.counts() == {}
    assert not kept.remember(ACME, "1", "issues", (), AT)


def test_unknown_kinds_are_counted(store: Store) -> None:
    kept = store.deliveries()
    for number, event in enumerate(("star", "star", "ping")):
        kept.remember(ACME if number else "github", str(number), event, None, AT)
    kept.done(["0"])
    assert kept.counts() == {"ping": 1, "star": 2}
    assert kept.waiting() == ()


def test_those_that_came_are_known(store: Store) -> None:
    kept = store.deliveries()
    kept.remember(ACME, "1", "push", (PUSHED,), AT)
    kept.remember("github", "2", "star", None, AT)
    kept.done(["1"])
    many = [str(number) for number in range(2000)]
    assert kept.known(many) == {"1", "2"}
    assert kept.known([]) == frozenset()


ENCODE = msgspec.msgpack.encode
DAMAGED = {
    "nothing": b"",
    "noise": b"\xff\x00noise",
    "another layout": ENCODE([("Pushed", msgspec.Raw(ENCODE([{"place": "acme/shop"}])))]),
    "a class that is gone": ENCODE([("Starred", msgspec.Raw(ENCODE([])))]),
    "no text": ENCODE([(b"\xff", msgspec.Raw(b"\x90"))]),
    "bad text": b"\x91\x92\xa1\xff\x90",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_damaged_is_set_aside_and_counted(url: str, kind: str) -> None:
    database = Database.open(url)
    kept = Deliveries(database)
    with database.transaction() as connection:
        row = {"fleet": ACME, "id": "bad", "event": "push", "state": 0, "received_at": AT}
        connection.execute(insert(deliveries).values(**row, facts=DAMAGED[kind]))
    kept.remember(ACME, "good", "push", (PUSHED,), AT + MINUTE)
    assert kept.damaged() == 0
    assert [one.id for one in kept.waiting()] == ["good"]
    assert [one.id for one in kept.waiting(limit=1)] == ["good"]
    assert kept.damaged() == 1
    assert kept.counts() == {}
    assert not kept.remember(ACME, "bad", "push", (PUSHED,), AT)
    database.close()


def test_nothing_of_what_was_said_is_kept_when_it_is_done(url: str) -> None:
    database = Database.open(url)
    kept = Deliveries(database)
    kept.remember(ACME, "1", "issue_comment", EVERY, AT)
    kept.done(["1"])
    with database.transaction() as connection:
        rows = connection.execute(deliveries.select()).all()
        assert [(row.state, bytes(row.facts)) for row in rows] == [(1, b"")]
        connection.execute(update(deliveries).values(state=0))
    assert kept.waiting() == ()
    database.close()


def test_old_ones_are_forgotten_but_not_those_that_wait(store: Store) -> None:
    kept = store.deliveries()
    for number, facts in enumerate(((), None, (PUSHED,))):
        kept.remember(ACME, f"old {number}", "push", facts, AT)
        kept.remember("github:8", f"new {number}", "push", facts, AT + 2 * MINUTE)
    assert store.prune(AT + DELIVERIES_KEPT) == 0
    assert store.prune(AT + DELIVERIES_KEPT + MINUTE) == 2
    assert kept.known(["old 0", "old 1", "old 2", "new 0"]) == {"old 2", "new 0"}
    assert kept.counts() == {"push": 1}

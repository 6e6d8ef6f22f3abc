from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.http import Cached
from bot.store import KEPT, Store, StoreError
from bot.store.cache import BATCH
from bot.store.tables import answers
from tests.store.conftest import NOW

URL = "pypi-1:https://index.example/simple/django/"
ANSWER = Cached('"abc"', "Tue, 01 Sep 2026 00:00:00 GMT", NOW, b"\x00body" * 1000, "ok")


def test_an_answer_is_found_before_and_after_it_is_written(store: Store) -> None:
    kept = store.answers()
    assert kept.get(URL) is None
    kept.put(URL, ANSWER)
    assert kept.get(URL) == ANSWER
    kept.flush()
    assert kept.get(URL) == ANSWER


def test_another_fleet_sees_nothing(store: Store) -> None:
    store.answers("one").put(URL, ANSWER)
    store.flush()
    assert store.answers("two").get(URL) is None
    assert store.answers("one").get(URL) == ANSWER


def test_an_answer_takes_the_place_of_the_one_before(store: Store) -> None:
    kept = store.answers()
    for body in (b"old", b"new"):
        kept.put(URL, Cached(None, None, NOW, body, "not_found"))
        kept.flush()
    assert kept.get(URL) == Cached(None, None, NOW, b"new", "not_found")


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("flushed", [True, False])
def test_a_touch_moves_only_the_time(store: Store, written: bool, flushed: bool) -> None:
    kept = store.answers()
    kept.put(URL, ANSWER)
    if written:
        kept.flush()
    kept.touch(URL, NOW + 60)
    if flushed:
        kept.flush()
    found = kept.get(URL)
    assert found == Cached(ANSWER.etag, ANSWER.last_modified, NOW + 60, ANSWER.body, "ok")


def test_a_new_answer_is_not_given_an_old_touch(store: Store) -> None:
    kept = store.answers()
    kept.put(URL, ANSWER)
    kept.flush()
    kept.touch(URL, NOW - 60)
    kept.put(URL, ANSWER)
    kept.flush()
    assert kept.get(URL) == ANSWER


def test_touching_what_is_not_there_makes_nothing(store: Store) -> None:
    store.answers().touch(URL, NOW)
    store.flush()
    assert store.answers().get(URL) is None


def test_many_are_found_at_once(store: Store) -> None:
    kept = store.answers()
    wanted = {f"{URL}{n}": Cached(None, None, NOW + n, str(n).encode(), "ok") for n in range(1200)}
    for key, answer in wanted.items():
        kept.put(key, answer)
    assert kept.get_many([*wanted, "another"]) == wanted
    assert kept.get_many([]) == {}


def test_a_full_buffer_is_written(lasting_url: str) -> None:
    with Store.open(lasting_url) as writer, Store.open(lasting_url) as reader:
        for n in range(BATCH - 1):
            writer.answers().put(f"{n}", ANSWER)
        assert reader.answers().get("0") is None
        writer.answers().put("last", ANSWER)
        assert reader.answers().get("0") == ANSWER


def test_close_writes_the_rest(lasting_url: str) -> None:
    with Store.open(lasting_url) as store:
        store.answers().put(URL, ANSWER)
    with Store.open(lasting_url) as store:
        assert store.answers().get(URL) == ANSWER


def test_threads_share_it(store: Store) -> None:
    kept = store.answers()

    def work(thread: int) -> list[Cached | None]:
        found = []
        for n in range(60):
            kept.put(f"{thread}/{n}", Cached(None, None, NOW, b"%d" % n, "ok"))
            kept.touch(f"{thread}/{n}", NOW + 1)
            found.append(kept.get(f"{thread}/{n}"))
        return found

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    expected = [Cached(None, None, NOW + 1, b"%d" % n, "ok") for n in range(60)]
    assert results == [expected] * 8


def test_old_answers_are_pruned(store: Store) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    store.answers("a").put("old", Cached(None, None, (now - KEPT - timedelta(hours=1)).timestamp(), b"", "ok"))
    store.answers("b").put("new", Cached(None, None, (now - KEPT + timedelta(hours=1)).timestamp(), b"", "ok"))
    store.flush()
    assert store.prune(now) == 1
    assert store.answers("a").get("old") is None
    assert store.answers("b").get("new") is not None


def test_a_body_that_does_not_unpack_is_not_there(store: Store) -> None:
    store.answers().put(URL, ANSWER)
    store.flush()
    with store._database.transaction() as connection:
        connection.execute(update(answers).values(body=b"not packed"))
    assert store.answers().get(URL) is None
    assert store.answers().get_many([URL]) == {}


def test_what_cannot_be_written_is_an_error_and_stays(store: Store) -> None:
    with store._database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE answers RENAME TO elsewhere")
    store.answers().put(URL, ANSWER)
    with pytest.raises(StoreError, match="answers"):
        store.flush()
    assert store.answers().get_many([]) == {}
    with store._database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO answers")
    store.flush()
    assert store.answers().get(URL) == ANSWER

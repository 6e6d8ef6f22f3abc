from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.events import Pushed
from bot.forge.base import ForgeError
from bot.forge.github_app import _next_cursor
from bot.forge.redelivery import KEPT, MAX_ASKED, MAX_PAGES, SETTLED, Redelivered, redeliver
from bot.store import Store
from tests.fakes.github.webhooks import Delivery
from tests.forge.door import Door, listening
from tests.forge.github_desk import NAME, Desk, desk, refused

AGO = timedelta(hours=1)


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        yield opened


def soon() -> datetime:
    """A moment at which everything that was sent by now has been answered."""
    return datetime.now(UTC) + 2 * SETTLED


def again(at: Desk, store: Store | None = None, now: datetime | None = None, limit: int = MAX_ASKED) -> Redelivered:
    moment = now or soon()
    known = None if store is None else store.deliveries().known
    done = redeliver(at.identity, known, moment, moment - AGO, limit)
    at.github.webhooks.drain()
    return done


def push(at: Desk, *branches: str) -> None:
    for branch in branches:
        at.github.push(NAME, branch, {"a": branch})
    at.github.webhooks.drain()


def branches(store: Store) -> list[str]:
    waiting = store.deliveries().waiting()
    return sorted(fact.branch for one in waiting for fact in one.facts if isinstance(fact, Pushed))


def posts(at: Desk) -> int:
    return sum(one.method == "POST" and "/attempts" in one.path for one in at.github.requests)


def tries(at: Desk) -> list[tuple[int, bool]]:
    return [(one.status_code, one.redelivery) for one in at.github.deliveries if one.event == "push"]


def failing(at: Desk, number: int, code: int = 502) -> list[Delivery]:
    """So many webhooks that failed, without the work of making them."""
    model, made = at.github.deliveries[0], []
    for count in range(number):
        one = copy(model)
        one.id, one.guid, one.status_code = 10_000 + count, f"guid-{count}", code
        one.at = model.at + timedelta(milliseconds=count)
        made.append(one)
    at.github.deliveries.extend(made)
    return made


# --- stories -----------------------------------------------------------------------------------------


def test_webhooks_that_were_lost_come_again_and_are_kept_once(at: Desk, store: Store) -> None:
    with listening(at, store) as door:
        at.github.webhooks.lose("push", times=2)
        push(at, "a", "b", "c")
        assert branches(store) == ["c"]
        done = again(at, store)
        assert (done.asked, done.still_failing, done.complete) == (2, 0, True)
        assert branches(store) == ["a", "b", "c"]
        assert tries(at) == [(502, False), (502, False), (202, False), (202, True), (202, True)]
        assert again(at, store).asked == 0
        assert again(at).asked == 0
        assert {reply.status for reply in door.replies} == {202}
    assert posts(at) == 2


def test_a_bot_that_was_away_gets_what_it_missed(at: Desk, store: Store) -> None:
    with listening(at, store) as door:
        door.closed = True
        push(at, "a", "b")  # each of which GitHub tells as "create" too
        first = again(at, store)
        assert (first.asked, branches(store)) == (4, [])
        door.closed = False
        # The newest attempts are those that count now, and the one call asks for each webhook once.
        second = again(at, store)
        assert (second.asked, second.still_failing, branches(store)) == (4, 0, ["a", "b"])
        assert again(at, store).asked == 0


def test_what_is_asked_for_twice_at_once_is_kept_once(at: Desk, store: Store) -> None:
    with listening(at, store) as door:
        at.github.webhooks.lose("push")
        push(at, "a")
        door.replies.clear()
        at.github.webhooks.hold()
        assert (again(at, store).asked, again(at, store).asked) == (1, 1)
        at.github.webhooks.release()
        at.github.webhooks.drain()
        assert branches(store) == ["a"]
        assert sorted(reply.status for reply in door.replies) == [200, 202]


def test_what_the_store_has_all_the_same_is_not_asked_for(at: Desk, store: Store) -> None:
    with listening(at, store):
        push(at, "a")
        at.github.deliveries[-1].status_code = 504  # the answer came too late
        assert again(at, store).asked == 0
        assert again(at, None).asked == 1
        assert branches(store) == ["a"]


def test_nothing_failed_so_nothing_is_written(at: Desk, store: Store) -> None:
    with listening(at, store):
        push(at, "a")
        before = datetime.now(UTC)
        done = again(at, store)
    assert (done.asked, done.still_failing, posts(at)) == (0, 0, 0)
    assert before - AGO < done.newest <= datetime.now(UTC)


# --- what is not asked for ---------------------------------------------------------------------------


def test_what_may_be_on_its_way_is_left_for_the_next_call(at: Desk, store: Store) -> None:
    at.github.webhooks.lose("push")
    push(at, "a")
    now = datetime.now(UTC) + SETTLED / 2
    early = again(at, store, now)
    assert (early.asked, early.still_failing, early.newest) == (0, 0, now - SETTLED)
    late = redeliver(at.identity, store.deliveries().known, now + AGO, early.newest)
    assert late.asked == 1


def test_a_fresh_success_is_one(at: Desk) -> None:
    with Store.in_memory() as store, listening(at, store):
        at.github.webhooks.lose("push")
        push(at, "a")
        at.github.deliveries[-1].at -= 2 * SETTLED
        now = datetime.now(UTC) + timedelta(seconds=2)
        assert again(at, None, now).asked == 1
        assert again(at, None, now).asked == 0


@pytest.mark.parametrize("code", [400, 413])
def test_what_the_bot_could_not_read_is_told_and_not_asked_for(at: Desk, store: Store, code: int) -> None:
    failing(at, 3, code)
    done = again(at, store)
    assert (done.asked, done.still_failing, posts(at)) == (0, 3, 0)


def test_what_github_has_forgotten_is_not_asked_for(at: Desk, store: Store) -> None:
    old, forgotten = failing(at, 2)
    now = datetime.now(UTC)
    old.at, forgotten.at = now - KEPT + timedelta(minutes=1), now - KEPT - timedelta(minutes=1)
    done = redeliver(at.identity, store.deliveries().known, now, now - 10 * KEPT)
    assert (done.asked, done.still_failing) == (1, 0)
    assert at.github.deliveries[-1].guid == old.guid


def test_what_is_older_than_asked_about_is_left(at: Desk, store: Store) -> None:
    failing(at, 20)[0].at -= 2 * AGO
    done = again(at, store)
    assert done.asked == 19


@pytest.mark.parametrize("status", [404, 422])
def test_what_github_will_not_send_again_is_told(at: Desk, store: Store, status: int) -> None:
    failing(at, 2)
    at.github.faults.fail(status, path="/attempts")
    done = again(at, store)
    assert (done.asked, done.still_failing) == (1, 1)


def test_too_many_are_left_for_the_next_call(at: Desk, store: Store) -> None:
    made = failing(at, 25)
    for number, one in enumerate(made):
        one.at = datetime.now(UTC) - timedelta(seconds=100 - number)
    now = datetime.now(UTC) + SETTLED
    first = again(at, store, now, limit=10)
    assert (first.asked, first.still_failing) == (10, 15)
    assert first.newest == made[10].at.replace(microsecond=0)  # GitHub tells whole seconds
    second = redeliver(at.identity, store.deliveries().known, now, first.newest, 100)
    assert second.asked == 15


# --- the list ----------------------------------------------------------------------------------------


def test_the_list_is_read_to_its_end(at: Desk, store: Store) -> None:
    made = failing(at, 250)
    for one in made[1:]:
        one.status_code = 202
    assert again(at, store).asked == 1
    assert at.github.deliveries[-1].guid == made[0].guid


def test_a_list_without_an_end_is_left_at_some_point(at: Desk, store: Store) -> None:
    failing(at, 100 * MAX_PAGES + 50, 202)
    done = again(at, store)
    assert (done.asked, done.complete) == (0, False)


def test_a_failure_of_github_s_is_an_error(at: Desk, store: Store) -> None:
    failing(at, 2)
    at.github.faults.fail(500, path="/attempts", times=9)
    with pytest.raises(ForgeError) as error:
        again(at, store)
    refused(error, "HTTP 500", "/attempts")
    at.github.faults.clear()
    at.github.faults.garble('[{"id": 1}]', path="/deliveries")
    with pytest.raises(ForgeError) as other:
        again(at, store)
    refused(other, "can't be understood", "/app/hook/deliveries")


def test_an_app_without_deliveries_has_nothing_to_ask_for(at: Desk, store: Store) -> None:
    at.github.deliveries.clear()
    moment = soon()
    assert redeliver(at.identity, store.deliveries().known, moment, moment - AGO) == Redelivered(
        0, 0, moment - AGO, complete=True
    )


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        ("", ""),
        ('<https://api.github.com/app/hook/deliveries?per_page=1&cursor=v1_8%2B>; rel="next"', "v1_8+"),
        ('<https://api.github.com/x?cursor=a>; rel="prev", <https://api.github.com/x?cursor=b>; rel="next"', "b"),
        ('<https://evil.example/x?cursor=../../y>; rel="next"', "../../y"),
        ('<https://api.github.com/x>; rel="next"', ""),
        ('<https://api.github.com/x?cursor=a>; rel="last"', ""),
        ("<<>>,;", ""),
    ],
)
def test_only_a_cursor_is_taken_from_the_link_header(link: str, cursor: str) -> None:
    assert _next_cursor(link) == cursor


def test_the_door_fails_while_it_is_closed(at: Desk, store: Store) -> None:
    with listening(at, store) as door:
        assert isinstance(door, Door)
        door.closed = True
        push(at, "a")
        assert tries(at) == [(503, False)]

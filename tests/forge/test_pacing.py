from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.core.budget import HOUR, MINUTE, Rates, Work, admit
from bot.forge.pacing import LONGEST_WAIT, STEP, Book, Pacer, PostponedError
from bot.store import Store, Writes
from tests.fakes.time import VirtualTime

START = 1_790_000_000.0
FEW = Rates(per_minute=4, per_hour=20, at_once=4, gap=0.0)


class Desk:
    """A pacer on a store in memory and on time of its own."""

    def __init__(self, rates: Rates = FEW) -> None:
        self.time = VirtualTime(START)
        self.store = Store.in_memory()
        self.rates = rates
        self.books: list[int | None] = []
        self.pacer = Pacer(self.book, rates, self.time.now, self.time.sleep)

    def book(self, installation: int | None) -> Book:
        self.books.append(installation)
        return self.written(installation)

    def written(self, installation: int | None = 1) -> Writes:
        return self.store.writes(f"github:{installation}")

    def fill(self, count: int, at: float = START) -> None:
        for _ in range(count):
            self.written().note(at)


@pytest.fixture
def at() -> Desk:
    return Desk()


def test_what_fits_goes_at_once_and_is_counted(at: Desk) -> None:
    for _ in range(4):
        at.pacer(1, Work.NEW)
    assert at.time.now() == START
    assert at.written().since(0) == [START] * 4
    assert at.books == [1]


def test_the_minute_is_waited_for_in_small_steps(at: Desk) -> None:
    at.fill(4)
    at.pacer(1, Work.UPDATE)
    assert at.time.now() == pytest.approx(START + MINUTE)
    assert max(at.time.slept) <= STEP
    assert sum(at.time.slept) == pytest.approx(MINUTE)


def test_the_hour_is_not_waited_for(at: Desk) -> None:
    at.fill(18, START - 600)
    with pytest.raises(PostponedError) as caught:
        at.pacer(1, Work.NEW)
    assert at.time.slept == []
    assert caught.value.until == datetime.fromtimestamp(START - 600 + HOUR, UTC)
    assert str(caught.value) == (
        "GitHub takes 20 changes an hour, and they are used up or kept for what matters more: installation 1. "
        "Nothing is lost: the first run after 2026-09-21 15:03 UTC goes on"
    )
    at.pacer(1, Work.MERGE)
    at.pacer(1, Work.REVERT)
    assert len(at.written().since(0)) == 20


def test_an_hour_that_is_nearly_over_is_waited_for(at: Desk) -> None:
    at.fill(18, START - HOUR + LONGEST_WAIT - 1)
    at.pacer(1, Work.NEW)
    assert at.time.now() == pytest.approx(START + LONGEST_WAIT - 1)


def test_installations_do_not_wait_for_each_other(at: Desk) -> None:
    at.fill(20, START - 10)
    at.pacer(2, Work.DASHBOARD)
    at.pacer(None, Work.DASHBOARD)
    assert at.books == [2, None]
    with pytest.raises(PostponedError, match="installation 1"):
        at.pacer(1, Work.DASHBOARD)


def test_a_plain_token_is_called_so(at: Desk) -> None:
    for _ in range(20):
        at.written(None).note(START - 10)
    with pytest.raises(PostponedError, match="the token's account"):
        at.pacer(None, Work.SECURITY)


def test_what_was_postponed_is_told(at: Desk) -> None:
    assert at.pacer.told(1) == ""
    at.fill(20, START - 10)
    for _ in range(3):
        with pytest.raises(PostponedError):
            at.pacer(1, Work.DASHBOARD)
    assert at.pacer.told(1) == "GitHub takes 20 changes an hour; 3 wait for the next"


def test_how_much_room_there_is(at: Desk) -> None:
    assert (at.pacer.room(1, Work.SECURITY), at.pacer.room(1, Work.DASHBOARD)) == (20, 12)
    at.pacer(1, Work.MERGE)
    assert (at.pacer.room(1, Work.SECURITY), at.pacer.room(1, Work.DASHBOARD)) == (19, 11)


# --- GitHub asks for a pause -----------------------------------------------------------------------


def test_a_pause_that_github_asks_for_holds_everything(at: Desk) -> None:
    at.pacer.hold(1, 30.0)
    at.pacer.hold(1, 10.0)
    at.pacer(2, Work.NEW)
    assert at.time.now() == START
    at.pacer(1, Work.SECURITY)
    assert at.time.now() == pytest.approx(START + 30.0)
    assert at.written().since(0) == [at.time.now()]


def test_a_long_pause_postpones(at: Desk) -> None:
    at.pacer.hold(1, 600.0)
    with pytest.raises(PostponedError, match="GitHub asks for a pause between changes"):
        at.pacer(1, Work.SECURITY)
    assert at.written().since(0) == []


# --- many at once ----------------------------------------------------------------------------------


def together(time: VirtualTime, jobs: list[Callable[[], None]]) -> None:
    """Run these at once, each in a thread; time moves when all of them sleep."""
    threads = time.threads(jobs)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_waiting_threads_are_served_by_importance(at: Desk) -> None:
    """Each is late by the order of its importance, so that the least important one stands in line first."""
    at.fill(4)
    order: list[Work] = []

    def write(work: Work, late: float) -> Callable[[], None]:
        def job() -> None:
            at.time.sleep(late)
            at.pacer(1, work)
            order.append(work)

        return job

    arriving = [Work.DASHBOARD, Work.UPDATE, Work.NEW, Work.SECURITY]
    together(at.time, [write(work, index * 10.0) for index, work in enumerate(arriving)])
    assert order == sorted(arriving)


def test_equals_are_served_in_the_order_they_came(at: Desk) -> None:
    at.fill(4)
    order: list[int] = []

    def write(number: int) -> Callable[[], None]:
        def job() -> None:
            at.time.sleep(number + 1.0)
            at.pacer(1, Work.NEW)
            order.append(number)

        return job

    together(at.time, [write(number) for number in (2, 0, 3, 1)])
    assert order == [0, 1, 2, 3]


def test_a_storm_keeps_to_the_rates_and_loses_nothing() -> None:
    at = Desk(Rates(per_minute=20, per_hour=100, at_once=5, gap=1.0))
    left = [list(Work) * 10 for _ in range(4)]
    done: list[tuple[float, Work]] = []
    postponed: list[Work] = []
    lock = threading.Lock()

    def write(todo: list[Work]) -> None:
        for work in todo:
            try:
                at.pacer(1, work)
            except PostponedError:
                postponed.append(work)
            else:
                with lock:
                    done.append((at.time.now(), work))

    together(at.time, [lambda todo=todo: write(todo) for todo in left])  # type: ignore[misc]  # mypy can't tell a bound default
    assert len(done) + len(postponed) == 240
    times = sorted(moment for moment, _ in done)
    for moment in times:
        assert sum(moment - MINUTE < one <= moment for one in times) <= 20
        assert sum(moment - HOUR < one <= moment for one in times) <= 100
    assert len(done) == 100
    assert Work.DASHBOARD in postponed
    assert at.pacer.told(1).endswith(f"; {len(postponed)} wait for the next")


def test_one_that_is_always_overtaken_is_postponed(at: Desk) -> None:
    at.fill(4)
    outcome: list[str] = []

    def patient() -> None:
        with pytest.raises(PostponedError, match="others go first"):
            at.pacer(1, Work.DASHBOARD)
        outcome.append("postponed")

    def urgent() -> None:
        for _ in range(8):
            at.pacer(1, Work.SECURITY)
        outcome.append("written")

    together(at.time, [patient, urgent, urgent])
    assert sorted(outcome) == ["postponed", "written", "written"]


def test_an_interrupted_wait_leaves_the_line() -> None:
    at = Desk()
    at.fill(4)

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    broken = Pacer(at.book, FEW, at.time.now, interrupted)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            broken(1, Work.SECURITY)
    at.time.sleep(MINUTE)
    broken(1, Work.DASHBOARD)
    assert admit(at.written().since(0), at.time.now(), Work.NEW, FEW).go


def test_nothing_is_locked_while_a_write_waits(at: Desk) -> None:
    """Another write goes by, and is heard, from inside the sleep of the first."""
    at.fill(3)
    seen: list[int] = []

    def sleep(seconds: float) -> None:
        if not seen:
            seen.append(pacer.room(1, Work.NEW))
            pacer.hold(1, 1.0)
            with pytest.raises(PostponedError):
                short(1, Work.SECURITY)
        at.time.sleep(seconds)

    pacer = Pacer(at.book, FEW, at.time.now, sleep)
    short = Pacer(at.book, FEW, at.time.now, at.time.sleep, longest_wait=0.0)
    pacer(1, Work.NEW)
    assert seen == []
    pacer(1, Work.NEW)
    assert seen == [14]

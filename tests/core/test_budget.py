from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.budget import (
    HOUR,
    LIFE,
    MINUTE,
    SHARES,
    WRITES_OF_A_LIFE,
    WRITES_TO_OPEN,
    WRITES_WITH_TROUBLE,
    Admission,
    Rates,
    Work,
    admit,
    advice,
    carries,
    may_read,
    postponed,
    room,
    told,
)

NOW = 1_790_000_000.0
SMALL = Rates(per_minute=6, per_hour=20, at_once=3, gap=1.0)

works = st.sampled_from(Work)
moments = st.floats(NOW - 2 * HOUR, NOW + 5, allow_nan=False)


@dataclass(frozen=True)
class Allowance:
    left: int
    limit: int
    until: datetime


AT = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
NEXT = AT + timedelta(minutes=20)


# --- admission -------------------------------------------------------------------------------------


def test_an_empty_hour_takes_anything() -> None:
    assert [admit([], NOW, work) for work in Work] == [Admission(0.0)] * len(Work)
    assert admit([], NOW, Work.DASHBOARD).go


def test_after_ten_writes_the_next_keep_a_second_between_them() -> None:
    assert admit([NOW] * 9, NOW, Work.NEW).go
    assert admit([NOW] * 10, NOW, Work.NEW) == Admission(1.0)
    assert admit([NOW - 0.25] * 10, NOW, Work.NEW) == Admission(0.75)
    assert admit([NOW - 1.0] * 10, NOW, Work.NEW).go


def test_a_full_minute_is_waited_for() -> None:
    times = [NOW - 50.0, *[NOW - 5.0] * 59]
    assert admit(times, NOW, Work.SECURITY) == Admission(10.0)
    assert admit(times, NOW + 10.0, Work.SECURITY).go
    assert admit(reversed_of(times), NOW, Work.SECURITY) == Admission(10.0)


def reversed_of(times: list[float]) -> list[float]:
    return times[::-1]


@pytest.mark.parametrize(
    ("work", "most"),
    [
        (Work.SECURITY, 400),
        (Work.REVERT, 400),
        (Work.MERGE, 388),
        (Work.NEW, 360),
        (Work.UPDATE, 300),
        (Work.DASHBOARD, 240),
    ],
)
def test_the_end_of_the_hour_is_kept_for_what_matters_more(work: Work, most: int) -> None:
    times = [NOW - 600.0 - at for at in range(most)]
    assert admit(times[1:], NOW, work).go
    assert room(times[1:], NOW, work) == 1
    assert admit(times, NOW, work) == Admission(HOUR - 600.0 - most + 1, hour=True)
    assert room(times, NOW, work) == 0
    assert room([*times, NOW], NOW, work) == 0


def test_a_full_hour_waits_until_enough_have_left_the_window() -> None:
    times = [NOW - 3000.0 + at for at in range(20)]
    # Of 20 an hour a dashboard may be the 12th: nine have to be gone.
    assert admit(times, NOW, Work.DASHBOARD, SMALL) == Admission(HOUR - 3000.0 + 8, hour=True)


def test_clocks_that_differ_a_little_count_and_one_that_is_wrong_does_not() -> None:
    ahead = [NOW + 30.0] * 60
    assert admit(ahead, NOW, Work.MERGE) == Admission(MINUTE)
    assert admit([NOW + 7200.0] * 400, NOW, Work.MERGE).go
    assert room([NOW + 7200.0] * 400, NOW, Work.MERGE) == 388


@pytest.mark.parametrize("numbers", [(0, 400), (60, 0), (-1, -1)])
def test_a_rate_of_nothing_is_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="nothing could ever be written"):
        Rates(*numbers)


def test_the_smallest_rates_let_everything_go_once() -> None:
    for work in Work:
        assert admit([], NOW, work, Rates(1, 1, 0)).go


@given(st.lists(st.tuples(works, st.floats(0, 900, allow_nan=False)), max_size=80), st.booleans())
def test_no_window_ever_holds_more_than_it_may(asked: list[tuple[Work, float]], patient: bool) -> None:
    now, written = NOW, list[float]()
    for work, pause in asked:
        now += pause
        admission = admit(written, now, work, SMALL)
        while patient and not admission.go:
            now += admission.wait
            admission = admit(written, now, work, SMALL)
        if admission.go:
            written.append(now)
    for at in written:
        assert sum(at - MINUTE < one <= at for one in written) <= SMALL.per_minute
        assert sum(at - HOUR < one <= at for one in written) <= SMALL.per_hour
        spaced = [one for one in written if at - MINUTE < one < at]
        assert len(spaced) < SMALL.at_once or at - spaced[-1] >= SMALL.gap


@given(st.lists(moments, max_size=60), works, works)
def test_what_matters_more_never_waits_longer(times: list[float], one: Work, other: Work) -> None:
    more, less = sorted((one, other))
    assert admit(times, NOW, more, SMALL).wait <= admit(times, NOW, less, SMALL).wait
    assert room(times, NOW, more, SMALL) >= room(times, NOW, less, SMALL)


@given(st.lists(moments, max_size=60), works)
def test_whatever_waits_goes_when_it_was_told_unless_others_wrote_meanwhile(times: list[float], work: Work) -> None:
    admission = admit(times, NOW, work, SMALL)
    assert 0 <= admission.wait <= HOUR
    later = NOW + admission.wait
    # Times a little ahead of the clock move with it until it has caught up.
    settled = [min(at, NOW) for at in times]
    assert admit(settled, NOW + admit(settled, NOW, work, SMALL).wait, work, SMALL).go
    assert admit(times, later + MINUTE + HOUR, work, SMALL).go


@given(st.lists(st.sampled_from(list(Work)[2:]), min_size=1, max_size=200))
def test_security_goes_within_a_minute_whatever_else_was_written(others: list[Work]) -> None:
    now, written = NOW, list[float]()
    for work in others:
        if admit(written, now, work, SMALL).go:
            written.append(now)
        else:
            now += 1.0
    assert admit(written, now, Work.SECURITY, SMALL).wait <= MINUTE


def test_the_shares_fall_with_the_importance() -> None:
    assert list(SHARES) == list(Work)
    assert sorted(SHARES.values(), reverse=True) == list(SHARES.values())


# --- what an upgrade costs -------------------------------------------------------------------------


def test_the_life_of_an_upgrade_is_within_what_was_asked_for() -> None:
    assert WRITES_TO_OPEN == 6
    assert WRITES_OF_A_LIFE == 9
    assert WRITES_WITH_TROUBLE == 15
    assert {step.name: step.cost for step in LIFE} == {
        "opened": 6,
        "moved or rebuilt": 4,
        "explained": 1,
        "merged": 1,
        "cleaned up": 1,
        "shown": 1,
    }


def test_how_many_upgrades_a_week_fit() -> None:
    assert carries() == 360 * 168 // 15
    assert carries(Rates(per_minute=1)) == 60 * 168 // 15
    assert carries(Rates(per_hour=1)) == 11


def test_the_advice_is_groups_when_the_need_is_more() -> None:
    assert advice(1) == "1 upgrade in a week; up to 4,032 fit within GitHub's limits"
    assert advice(0).startswith("0 upgrades in a week; ")
    assert advice(3_225).endswith("3,225 upgrades in a week; up to 4,032 fit within GitHub's limits")
    close = advice(3_226)
    assert close == (
        "3,226 upgrades in a week is close to the 4,032 that fit within GitHub's limits; let 2 or more that belong "
        'together share a pull request: in the policy, [[rules]] with a match and group = "a name"'
    )
    assert "close to" in advice(4_032)
    more = advice(10_000)
    assert "10,000 upgrades in a week is more than the 4,032 that fit" in more
    assert "some have to wait; let 4 or more" in more
    assert "[[rules]]" in more


def test_what_is_postponed_is_said() -> None:
    assert postponed(0) == ""
    assert postponed(1) == "GitHub takes 400 changes an hour; 1 waits for the next"
    assert postponed(1_037) == "GitHub takes 400 changes an hour; 1,037 wait for the next"


# --- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "limit", "enough"),
    [
        (751, 5000, True),
        (750, 5000, False),
        (0, 5000, False),
        (301, 1000, True),
        (300, 1000, False),
        (31, 60, True),
        (30, 60, False),
        (2251, 15000, True),
        (2250, 15000, False),
    ],
)
def test_reading_stops_while_enough_is_left_for_writing(left: int, limit: int, enough: bool) -> None:
    assert may_read(Allowance(left, limit, NEXT), None, AT) is enough
    assert may_read(Allowance(left, limit, AT), None, AT)


def test_graphql_has_points_of_its_own() -> None:
    assert may_read(None, None, AT)
    assert may_read(None, Allowance(501, 5000, NEXT), AT)
    assert not may_read(Allowance(5000, 5000, NEXT), Allowance(500, 5000, NEXT), AT)
    assert may_read(Allowance(5000, 5000, NEXT), Allowance(500, 5000, AT), AT)


def test_why_reading_stops_is_said() -> None:
    assert told(Allowance(5000, 5000, NEXT), Allowance(5000, 5000, NEXT), AT) == ""
    assert told(Allowance(720, 5000, NEXT), None, AT) == (
        "Of GitHub's 5,000 requests an hour 720 are left and 750 are kept for writing; reading goes on at 12:50 UTC"
    )
    assert "GraphQL points an hour 12 are left and 500 are kept" in told(None, Allowance(12, 5000, NEXT), AT)

"""Days behind, and the share within the objective."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.freshness import OBJECTIVE_DAYS, days_behind, within_objective
from bot.core.model import Release
from tests.fakes.values import NOW, ago, release

GATE = timedelta(days=3)


@pytest.mark.parametrize(
    ("days", "behind"), [(3, 0), (2, 0), (-5, 0), (3.9, 0), (4, 1), (10, 7), (13, 10), (13.99, 10)]
)
def test_days_are_counted_from_the_end_of_the_age_gate(days: float, behind: int) -> None:
    assert days_behind(release("2.0", days), GATE, NOW) == behind


def test_nothing_to_take_is_not_behind() -> None:
    assert days_behind(None, GATE, NOW) == 0
    assert days_behind(Release("2.0", None), GATE, NOW) == 0


def test_without_dates_the_first_time_it_was_seen_counts() -> None:
    assert days_behind(replace(release("2.0", None), first_seen=ago(10)), GATE, NOW) == 7


def test_the_share_within_the_objective() -> None:
    assert within_objective([]) == 1.0
    assert within_objective([0, OBJECTIVE_DAYS, OBJECTIVE_DAYS + 1, 400]) == 0.5
    assert within_objective(iter([100])) == 0.0

"""How large the step between two versions is; shared by the schemes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.model import Bump

_START = re.compile(r"v?([0-9]{1,4})(?![0-9])(?:\.([0-9]{1,4})(?![0-9])(?:\.([0-9]))?)?", re.IGNORECASE)

_DAY = re.compile(r"v?((?:199[0-9]|20[0-9]{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?![0-9])", re.IGNORECASE)


def step(old: Sequence[int], new: Sequence[int], *, caret: bool = False) -> Bump:
    """The size of the step between two releases, given as their numeric segments.

    The first segment that differs tells: the first is MAJOR, the second MINOR, a later one (or
    none) PATCH. Below 1.0 a second segment is MAJOR too, and with ``caret`` (npm's and Poetry's
    reading of ``^0.0.x``) a third one in 0.0.x.
    """
    width = max(len(old), len(new), 3)
    left, right = ([*segments, *[0] * (width - len(segments))] for segments in (old, new))
    first = next((index for index in range(width) if left[index] != right[index]), width)
    zeros = next((index for index in range(width) if left[index] or right[index]), width)
    if first == 0 or (first == 1 and zeros >= 1) or (caret and first == 2 and zeros >= 2):
        return Bump.MAJOR
    return Bump.MINOR if first == 1 else Bump.PATCH


def calendar_step(old: str, new: str, *, short_years: bool) -> Bump | None:
    """CALENDAR or PATCH when both versions are dates, None when either is not.

    A version is a date when its first segment is a year from 1990 to 2100 (``2024.8.30``,
    ``2026b``), a whole day (``20240306.1``) or, with ``short_years``, a year from 15 to 45 with
    a month after it (1 to 12) that is zero-padded or followed by a third segment (``24.4.0``,
    ``22.04``). A step is CALENDAR unless the month (or whole day) is the same: then only what
    stands behind it moved, and it is a PATCH. Two four-digit years with something that is no
    number behind them (``2026a`` to ``2026b``) make a CALENDAR step.
    """
    before, after = _date(old, short_years=short_years), _date(new, short_years=short_years)
    if before is None or after is None:
        return None
    return Bump.PATCH if before == after and before[1] is not None else Bump.CALENDAR


def _date(version: str, *, short_years: bool) -> tuple[int, int | None] | None:
    if day := _DAY.match(version):
        return int(day[1]), 0
    match = _START.match(version)
    if match is None:
        return None
    year, second = int(match[1]), match[2]
    month = None if second is None else int(second)
    if 1990 <= year <= 2100:
        return year, month
    if not short_years or second is None or month is None or not (15 <= year <= 45 and 1 <= month <= 12):
        return None
    return (year, month) if second.startswith("0") or match[3] is not None else None

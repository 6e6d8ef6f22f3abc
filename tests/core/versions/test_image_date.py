"""Releases of machine images as their publishers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Bump, Strategy
from bot.core.versions import scheme

RULES = scheme("image_date")
NUMBERS = st.integers(min_value=0, max_value=10**10)
PARTS = st.lists(NUMBERS, min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
RELEASES = st.lists(PARTS, min_size=1, max_size=3).map("-".join)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2023.3.20240108.0", "2023.6.20241111.0"),
        ("2023.6.20241111.0", "2023.6.20241111.1"),
        ("2023.9.20241111.0", "2023.10.20240101.0"),
        ("20240110", "20240111"),
        ("9.2.0-20240521-93", "9.4.0-20240423-61"),
        ("9.4-20240423-61", "9.4.0-20240423-62"),
        ("2018.03.y", "2018.03.z"),
        ("2018.03.y", "2018.03.20240305"),
        ("1.19.0", "1.20.0"),
        ("v20240807", "v20240917"),
        ("1.29.0-20240110", "1.29.3-20240110"),
    ],
)
def test_older_and_newer(older: str, newer: str) -> None:
    assert RULES.key(older) < RULES.key(newer)
    assert RULES.satisfies(newer, f">={older}")
    assert RULES.satisfies(newer, f">{older},!={older}")
    assert not RULES.satisfies(older, f">={newer}")
    assert RULES.satisfies(older, f"<{newer}, <= {newer}")
    assert RULES.satisfies(older, f"=={older}")
    assert RULES.satisfies(older, f"={older}")
    assert not RULES.satisfies(older, newer)


@pytest.mark.parametrize(
    "text", ["", "ami-12345678", "ami-0123456789abcdef0", "latest", "2024..1", "ab", "1.2-", "9" * 300]
)
def test_what_is_no_release(text: str) -> None:
    assert RULES.key(text) is None
    assert not RULES.is_prerelease(text)


@pytest.mark.parametrize(
    ("text", "valid", "exact"),
    [
        ("ami-12345678", True, "ami-12345678"),
        ("ami-0123456789abcdef0", True, "ami-0123456789abcdef0"),
        ("ami-0123456789", False, None),
        ("20240110", True, "20240110"),
        (">=2023.6, <2024", True, None),
        ("~>1", False, None),
        (">=1," * 100 + ">=1", False, None),
    ],
)
def test_what_can_be_read(text: str, valid: bool, exact: str | None) -> None:
    assert RULES.valid(text) is valid
    assert RULES.exact(text) == RULES.floor(text) == exact


def test_an_id_admits_itself_only() -> None:
    assert RULES.satisfies("ami-12345678", "ami-12345678")
    assert not RULES.satisfies("20240110", "ami-12345678")


@pytest.mark.parametrize(
    ("stated", "version", "text"),
    [
        ("v20240807", "20240917", "v20240917"),
        ("v20240807", "v20240917", "v20240917"),
        ("1.29.0-20240110", "1.29.3-20240917", "1.29.3-20240917"),
        ("1.21.1", "v1.22.0", "1.22.0"),
        ("ami-12345678", "20240917", None),
        (">=1", "2", None),
        ("1", "ami-12345678", None),
    ],
)
def test_a_release_in_place_of_another(stated: str, version: str, text: str | None) -> None:
    assert RULES.rewrite(stated, version, Strategy.REPLACE) == text


def test_every_step_is_an_image_bump() -> None:
    assert RULES.bump("20240110", "20250110") is Bump.IMAGE


@given(RELEASES, RELEASES)
def test_releases_are_in_a_total_order(one: str, other: str) -> None:
    first, second = RULES.key(one), RULES.key(other)
    assert (first < second) + (first == second) + (first > second) == 1
    assert RULES.satisfies(one, f">={other}") == (first >= second)
    assert RULES.satisfies(one, f"<{other}") == (first < second)

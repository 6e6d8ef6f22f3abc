"""Versions of the add-ons of EKS clusters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Bump, Strategy
from bot.core.versions import scheme

RULES = scheme("eks_addon")
NUMBERS = st.lists(st.integers(min_value=0, max_value=10**8), min_size=2, max_size=4)
VERSIONS = st.builds(
    lambda numbers, build: f"v{'.'.join(map(str, numbers))}{build}",
    NUMBERS,
    st.integers(min_value=0, max_value=99).map("-eksbuild.{}".format) | st.just(""),
)


@pytest.mark.parametrize(
    ("older", "newer", "bump"),
    [
        ("v1.18.1-eksbuild.3", "v1.18.1-eksbuild.10", Bump.PATCH),
        ("v1.18.1-eksbuild.3", "v1.18.2-eksbuild.1", Bump.PATCH),
        ("v1.9.3-eksbuild.3", "v1.10.0-eksbuild.1", Bump.MINOR),
        ("v1.18.1-eksbuild.3", "v2.0.0-eksbuild.1", Bump.MAJOR),
        ("v0.6.0-eksbuild.1", "v0.7.0-eksbuild.1", Bump.MAJOR),
        ("v1.28.6-20240110", "v1.28.6-20240202", Bump.PATCH),
        ("v1.18.1", "v1.18.1-eksbuild.1", Bump.PATCH),
        ("v1.18", "v1.18.1", Bump.PATCH),
    ],
)
def test_older_and_newer(older: str, newer: str, bump: Bump) -> None:
    assert RULES.key(older) < RULES.key(newer)
    assert RULES.bump(older, newer) is bump
    assert not RULES.is_prerelease(newer)


@pytest.mark.parametrize("text", ["", "latest", "v1", "1", "v1.2.3-rc.1", "v1.2.3-eksbuild.x", "9" * 300, "v1.2.3 "])
def test_what_is_no_version(text: str) -> None:
    assert RULES.key(text) is RULES.exact(text) is RULES.floor(text) is None
    assert not RULES.valid(text)
    assert not RULES.satisfies("v1.2.3-eksbuild.1", text)
    assert not RULES.satisfies(text, "v1.2.3-eksbuild.1")
    assert RULES.bump(text, "v1.2.3") is Bump.MAJOR
    assert RULES.rewrite(text, "v1.2.3", Strategy.REPLACE) is None
    assert RULES.rewrite("v1.2.3", text, Strategy.REPLACE) is None


@pytest.mark.parametrize(
    ("constraint", "exact", "admitted"),
    [
        ("v1.18.1-eksbuild.3", "v1.18.1-eksbuild.3", {"v1.18.1-eksbuild.3"}),
        ("v1.18.1", None, {"v1.18.1-eksbuild.3", "v1.18.1-eksbuild.4"}),
        ("1.18", None, {"v1.18.1-eksbuild.3", "v1.18.1-eksbuild.4", "v1.18.2-eksbuild.1"}),
    ],
)
def test_without_a_build_it_stands_for_the_newest(constraint: str, exact: str | None, admitted: set[str]) -> None:
    versions = ["v1.18.1-eksbuild.3", "v1.18.1-eksbuild.4", "v1.18.2-eksbuild.1", "v1.19.0-eksbuild.1"]
    assert (RULES.exact(constraint), RULES.floor(constraint)) == (exact, constraint)
    assert {version for version in versions if RULES.satisfies(version, constraint)} == admitted


@pytest.mark.parametrize(
    ("stated", "version", "text"),
    [
        ("v1.18.1-eksbuild.3", "v1.19.5-eksbuild.1", "v1.19.5-eksbuild.1"),
        ("v1.18.1", "v1.19.5-eksbuild.1", "v1.19.5"),
        ("1.18", "v1.19.5-eksbuild.1", "1.19"),
        ("1.18.0.1", "v1.19.5-eksbuild.1", None),
    ],
)
def test_as_much_is_stated_as_before(stated: str, version: str, text: str | None) -> None:
    assert RULES.rewrite(stated, version, Strategy.REPLACE) == text


@given(VERSIONS, VERSIONS)
def test_versions_are_in_a_total_order_and_what_is_written_admits_them(one: str, other: str) -> None:
    first, second = RULES.key(one), RULES.key(other)
    assert (first < second) + (first == second) + (first > second) == 1
    written = RULES.rewrite(one, other, Strategy.REPLACE)
    assert written is None or RULES.satisfies(other, written)

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Bump, Strategy
from bot.core.versions import scheme

RULES = scheme("function")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("python3.11", "3.11"),
        ("nodejs20.x", "20"),
        ("java17", "17"),
        ("java8.al2", "8"),
        ("dotnetcore3.1", "3.1"),
        ("dotnet8", "8"),
        ("go1.x", "1"),
    ],
)
def test_what_is_read(text: str, numbers: str) -> None:
    assert RULES.valid(text)
    assert RULES.exact(text) == RULES.floor(text) == numbers
    assert RULES.key(text)[0] == tuple(map(int, numbers.split(".")))
    assert not RULES.is_prerelease(text)


@pytest.mark.parametrize("text", ["", "provided", "provided.al2023", "nodejs", "nodejs4.3-edge", "3.11", "Python3.11"])
def test_what_is_not_read(text: str) -> None:
    assert not RULES.valid(text)
    assert RULES.exact(text) is RULES.floor(text) is None
    assert RULES.rewrite(text, "3.14.7", Strategy.REPLACE) is None


def test_the_version_counts_before_the_system() -> None:
    order = ["java8", "java8.al2", "java8.al2023", "java17", "java17.al2023", "java21"]
    assert all(RULES.key(a) < RULES.key(b) for a, b in pairwise(order))
    assert RULES.key("provided.al2") is None


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        ("python3.9", "python3.14", Bump.MINOR),
        ("nodejs20.x", "nodejs24.x", Bump.MAJOR),
        ("java8", "java8.al2", Bump.PATCH),
        ("provided", "java8", Bump.MAJOR),
        ("java8", "provided", Bump.MAJOR),
    ],
)
def test_bump(old: str, new: str, size: Bump) -> None:
    assert RULES.bump(old, new) is size


@pytest.mark.parametrize(
    ("version", "constraint", "wanted"),
    [
        ("3.11.4", "python3.11", True),
        ("python3.11", "python3.11", True),
        ("3.12.1", "python3.11", False),
        ("24.1.0", "nodejs24.x", True),
        ("provided", "python3.11", False),
        ("3.11", "provided", False),
    ],
)
def test_satisfies(version: str, constraint: str, wanted: bool) -> None:
    assert RULES.satisfies(version, constraint) is wanted


@pytest.mark.parametrize(
    ("stated", "version", "text"),
    [
        ("python3.9", "3.14.7", "python3.14"),
        ("nodejs20.x", "24.19.0", "nodejs24.x"),
        ("nodejs8.10", "24.19.0", "nodejs24.x"),
        ("java8.al2", "25.0.4.1", "java25"),
        ("java8.al2", "8.0.1", "java8.al2"),
        ("java17.al2023", "17.0.2", "java17.al2023"),
        ("dotnetcore3.1", "10.0.11", "dotnet10"),
        ("dotnet6", "10.0.11", "dotnet10"),
        ("ruby3.2", "4.0.6", "ruby4.0"),
        ("python3.9", "3", None),
        ("python3.9", "latest", None),
    ],
)
def test_rewrite(stated: str, version: str, text: str | None) -> None:
    assert RULES.rewrite(stated, version, Strategy.REPLACE) == text


@given(st.sampled_from(["python", "ruby"]), *[st.tuples(st.integers(1, 99), st.integers(0, 99), st.integers(0, 9))] * 2)
def test_rewriting_again_changes_nothing(language: str, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    version = ".".join(map(str, new))
    text = RULES.rewrite(f"{language}{old[0]}.{old[1]}", version, Strategy.REPLACE)
    assert text == f"{language}{new[0]}.{new[1]}"
    assert RULES.satisfies(version, text)
    assert RULES.rewrite(text, version, Strategy.REPLACE) == text


@given(st.text(max_size=40))
def test_nothing_is_raised(text: str) -> None:
    assert RULES.valid(text) == (RULES.exact(text) is not None)
    assert RULES.bump(text, text) in Bump

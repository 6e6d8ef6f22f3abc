from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Bump, Decision, History, Kind, Line, Listing, Package, Release, SkipReason, Strategy
from bot.core.rules import effective
from bot.core.runtimes import LAMBDA, Place, decide
from bot.core.versions import scheme
from bot.core.versions.function_constant import identifier
from tests.fakes.values import NOW, OLD, ago, dependency, policy

RULES = scheme("function_constant")


@pytest.mark.parametrize(
    ("constant", "named", "numbers"),
    [
        ("PYTHON_3_11", "python3.11", "3.11"),
        ("NODEJS_18_X", "nodejs18.x", "18"),
        ("NODEJS_8_10", "nodejs8.10", "8.10"),
        ("JAVA_17", "java17", "17"),
        ("JAVA_8_CORRETTO", "java8.al2", "8"),
        ("JAVA_8_AL2023", "java8.al2023", "8"),
        ("DOTNET_8", "dotnet8", "8"),
        ("DOTNET_CORE_3_1", "dotnetcore3.1", "3.1"),
        ("DOTNET_CORE_2", "dotnetcore2.0", "2.0"),
        ("RUBY_3_2", "ruby3.2", "3.2"),
        ("GO_1_X", "go1.x", "1"),
    ],
)
def test_what_is_read(constant: str, named: str, numbers: str) -> None:
    assert identifier(constant) == named
    assert RULES.valid(constant)
    assert not RULES.is_prerelease(constant)
    assert RULES.exact(constant) == RULES.floor(constant) == numbers
    assert RULES.key(constant) == RULES.key(named)
    assert RULES.satisfies(numbers, constant)
    assert RULES.rewrite(constant, f"{numbers}.1", Strategy.REPLACE) == constant


@pytest.mark.parametrize(
    "text",
    [
        *("", "PYTHON_3", "NODEJS_18", "NODEJS_LATEST", "PROVIDED_AL2023", "FROM_IMAGE", "python3.11"),
        *("lambda.Runtime.PYTHON_3_11", "Runtime.PYTHON_3_9, x", "A, B", "PYTHON_3_11\n", "PYTHON_3_11_X"),
        "Runtime.PYTHON_3_9, Runtime.RUBY_3_2",
        "Runtime.PYTHON_3_9, " * 400,
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert identifier(text) == ""
    assert not RULES.valid(text)
    assert RULES.exact(text) is RULES.floor(text) is None
    assert RULES.rewrite(text, "3.14.7", Strategy.REPLACE) is None
    assert not RULES.satisfies("3.14.7", text)


def test_the_version_counts_before_the_system() -> None:
    order = ["JAVA_8", "JAVA_8_CORRETTO", "JAVA_8_AL2023", "JAVA_17", "JAVA_17_AL2023", "JAVA_21"]
    assert all(RULES.key(a) < RULES.key(b) for a, b in pairwise(order))
    assert RULES.key("PROVIDED") is None
    assert RULES.key("3.13.1") == ((3, 13, 1), 0)


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        ("PYTHON_3_9", "PYTHON_3_14", Bump.MINOR),
        ("NODEJS_20_X", "NODEJS_24_X", Bump.MAJOR),
        ("JAVA_8", "JAVA_8_CORRETTO", Bump.PATCH),
        ("3.9", "3.14", Bump.MINOR),
        ("PROVIDED", "JAVA_8", Bump.MAJOR),
    ],
)
def test_bump(old: str, new: str, size: Bump) -> None:
    assert RULES.bump(old, new) is size


@pytest.mark.parametrize(
    ("stated", "version", "text"),
    [
        ("PYTHON_3_9", "3.14.7", "PYTHON_3_14"),
        ("NODEJS_20_X", "24.19.0", "NODEJS_24_X"),
        ("NODEJS_8_10", "24.19.0", "NODEJS_24_X"),
        ("JAVA_8_CORRETTO", "25.0.4", "JAVA_25"),
        ("JAVA_17_AL2023", "17.0.2", "JAVA_17_AL2023"),
        ("DOTNET_CORE_3_1", "10.0.11", "DOTNET_10"),
        ("DOTNET_6", "10.0.11", "DOTNET_10"),
        ("RUBY_3_2", "4.0.6", "RUBY_4_0"),
        ("PYTHON_3_9", "3", None),
        ("PYTHON_3_9", "latest", None),
    ],
)
def test_rewrite(stated: str, version: str, text: str | None) -> None:
    assert RULES.rewrite(stated, version, Strategy.REPLACE) == text


def test_a_list_gains_a_version_and_loses_none() -> None:
    text = "lambda_.Runtime.PYTHON_3_8,\n    lambda_ . Runtime.PYTHON_3_9"
    assert RULES.valid(text)
    assert (RULES.exact(text), RULES.floor(text), identifier(text)) == (None, "3.8", "python3.9")
    assert RULES.satisfies("3.8.1", text)
    assert RULES.rewrite(text, "3.9.4", Strategy.BUMP) == text
    gained = f"{text},\n    lambda_ . Runtime.PYTHON_3_14"
    assert RULES.rewrite(text, "3.14.7", Strategy.BUMP) == gained
    assert identifier(gained) == "python3.14"


@given(st.sampled_from(["PYTHON", "RUBY"]), *[st.tuples(st.integers(1, 99), st.integers(0, 99), st.integers(0, 9))] * 2)
def test_rewriting_again_changes_nothing(language: str, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    version = ".".join(map(str, new))
    text = RULES.rewrite(f"{language}_{old[0]}_{old[1]}", version, Strategy.REPLACE)
    assert text == f"{language}_{new[0]}_{new[1]}"
    assert RULES.satisfies(version, text)
    assert RULES.rewrite(text, version, Strategy.REPLACE) == text


@given(st.text(alphabet="PYTHON_3RUBYXJAV. ,\n", max_size=60))
def test_nothing_is_raised(text: str) -> None:
    assert RULES.valid(text) == (RULES.floor(text) is not None) == bool(identifier(text))
    assert RULES.bump(text, text) in Bump


# Together with what Lambda offers


def line(version: str, **facts: Any) -> Release:
    began = NOW.date() - timedelta(days=900)
    name = ".".join(version.split(".")[:2])
    return replace(Release(version, ago(OLD), line=Line(name, began, None, None)), **facts)


def place(constraint: str, *offered: str) -> Place:
    site = dependency(
        constraint,
        scheme="function_constant",
        name="aws-lambda",
        registry="endoflife",
        subject="runtime:python",
        kind=Kind.RUNTIME,
        lockable=False,
    )
    return Place(site, effective(policy(), site), Listing(LAMBDA, tuple(line(one) for one in offered)))


def chosen(*places: Place) -> Decision:
    lines = Listing(Package("endoflife", "python"), (line("3.15.1"), line("3.14.7"), line("3.9.9")))
    return decide(places, lines, History(), NOW)


def test_a_constant_is_offered_when_its_identifier_is() -> None:
    offered = ("python3.14", "python3.9")
    listed = place("Runtime.PYTHON_3_8, Runtime.PYTHON_3_9", *offered)
    (update,) = chosen(place("PYTHON_3_9", *offered), listed).updates
    assert [change.text for change in update.changes] == [
        "PYTHON_3_14",
        "Runtime.PYTHON_3_8, Runtime.PYTHON_3_9, Runtime.PYTHON_3_14",
    ]


def test_a_list_alone_follows_what_runs() -> None:
    ((_, skip),) = chosen(place("Runtime.PYTHON_3_8, Runtime.PYTHON_3_9", "python3.14")).skips
    assert skip.reason is SkipReason.IN_RANGE


def test_a_constant_whose_identifier_is_not_offered_stays() -> None:
    ((_, skip),) = chosen(place("PYTHON_3_9", "python3.9")).skips
    assert skip.reason is SkipReason.BLOCKED_SITE
    assert "there is no aws-lambda PYTHON_3_15" in skip.detail

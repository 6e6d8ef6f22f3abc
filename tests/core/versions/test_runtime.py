from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Bump, Strategy
from bot.core.versions import scheme

RULES = scheme("runtime")
STATED = {
    "3": (3,),
    "3.11": (3, 11),
    "3.11.4": (3, 11, 4),
    "25.0.4.1": (25, 0, 4, 1),
    "v20": (20,),
    "v20.11.1": (20, 11, 1),
    "go1.21.5": (1, 21, 5),
    "go21": (21,),
    "python-3.11": (3, 11),
    "cpython@3.9": (3, 9),
    "node/20": (20,),
    "temurin-21": (21,),
    "openjdk64-17.0": (17, 0),
    "graalvm-community-21": (21,),
    "python311": (311,),
    "20.x": (20,),
    "3.*": (3,),
}

numbers = st.lists(st.integers(0, 99), min_size=1, max_size=4)
texts = numbers.map(lambda parts: ".".join(map(str, parts)))
prefixes = st.sampled_from(["", "v", "go", "python-", "ruby-", "node/", "temurin-", "openjdk64-", "cpython@"])


@pytest.mark.parametrize(("text", "key"), STATED.items())
def test_what_is_read(text: str, key: tuple[int, ...]) -> None:
    assert RULES.key(text) == key
    assert RULES.valid(text)
    assert RULES.exact(text) == RULES.floor(text) == ".".join(map(str, key))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "lts/*",
        "system",
        "3.",
        ".3",
        "3..1",
        "1.2.3.4.5",
        "3.13.0rc1",
        "pypy3.9-7.3.9",
        "1" * 10,
        "\u0663",
        "-3",
    ],
)
def test_what_is_not_read(text: str) -> None:
    assert RULES.key(text) is None
    assert not RULES.valid(text)
    assert RULES.exact(text) is RULES.floor(text) is None
    assert RULES.rewrite(text, "3.14.7", Strategy.REPLACE) is None
    assert not RULES.satisfies(text, "3")
    assert not RULES.satisfies("3.14.7", text)


def test_long_text_is_not_valid() -> None:
    assert not RULES.valid("20" + ".x" * 100)
    assert not RULES.valid("a" * 100_000)


@pytest.mark.parametrize(
    ("text", "early"), [("3.13.0rc1", True), ("3.13-dev", True), ("1.5.0-beta2", True), ("3.13.0", False), ("x", False)]
)
def test_prereleases(text: str, early: bool) -> None:
    assert RULES.is_prerelease(text) is early


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        ("3.9", "3.14", Bump.MINOR),
        ("3.9.1", "3.9.2", Bump.PATCH),
        ("20", "24", Bump.MAJOR),
        ("20", "20.1", Bump.PATCH),
        ("1.2.3.4", "1.2.3.5", Bump.PATCH),
        ("system", "24", Bump.MAJOR),
        ("24", "", Bump.MAJOR),
    ],
)
def test_bump(old: str, new: str, size: Bump) -> None:
    assert RULES.bump(old, new) is size


@pytest.mark.parametrize(
    ("version", "constraint", "wanted"),
    [
        ("3.11.4", "3.11", True),
        ("3.11.4", "v3", True),
        ("3.11", "3.11.4", False),
        ("3.11.4", "3.1", False),
        ("20.1.0", "20.x", True),
    ],
)
def test_satisfies(version: str, constraint: str, wanted: bool) -> None:
    assert RULES.satisfies(version, constraint) is wanted


@pytest.mark.parametrize(
    ("stated", "version", "text"),
    [
        ("3.11", "3.14.7", "3.14"),
        ("v20", "24.19.0", "v24"),
        ("20.x", "24.19.0", "24.x"),
        ("temurin-21", "25.0.4.1", "temurin-25"),
        ("1.21.0", "1.27.0", "1.27.0"),
        ("3.11.4", "3.14", None),
        ("3.11", "no version", None),
    ],
)
def test_rewrite(stated: str, version: str, text: str | None) -> None:
    assert RULES.rewrite(stated, version, Strategy.REPLACE) == text


@given(prefixes, texts, texts)
def test_what_is_rewritten_keeps_its_precision_and_states_the_version(prefix: str, old: str, new: str) -> None:
    text = RULES.rewrite(prefix + old, new, Strategy.REPLACE)
    if new.count(".") < old.count("."):
        assert text is None
        return
    assert text is not None
    assert text.startswith(prefix)
    assert len(RULES.key(text)) == old.count(".") + 1
    assert RULES.satisfies(new, text)
    assert RULES.rewrite(text, new, Strategy.REPLACE) == text


@given(st.text(max_size=40))
def test_nothing_is_raised(text: str) -> None:
    key = RULES.key(text)
    assert (key is not None) == RULES.valid(text)
    assert RULES.bump(text, text) in Bump
    assert RULES.is_prerelease(text) in {True, False}

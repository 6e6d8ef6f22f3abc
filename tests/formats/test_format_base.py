from __future__ import annotations

import pytest

from bot.formats import json
from bot.formats.base import EMPTY, Scalar, Span, Table
from bot.formats.lines import NOWHERE

TEXT = '{"a": {"b": "x", "n": 1}, "list": ["y", 2], "s": "z", "a2": {}}'


@pytest.fixture
def root() -> Table:
    node = json.parse(TEXT)
    assert isinstance(node, Table)
    return node


def test_nodes_are_found_by_their_path(root: Table) -> None:
    assert root.get() is root
    assert root.text("a", "b") == "x"
    assert root.table("a").text("b") == "x"
    assert [node.value for node in root.array("list") if isinstance(node, Scalar)] == ["y", "2"]
    assert [key.value for key, _ in root.scalars()] == ["s"]
    assert [key.value for key, _ in root.tables()] == ["a", "a2"]


def test_what_is_not_there_or_something_else_is_nothing(root: Table) -> None:
    assert root.get("a", "c") is None
    assert root.get("s", "b") is None
    assert root.text("a") is None
    assert root.text("a", "n") is None
    assert root.table("s") is EMPTY
    assert root.table("missing") is EMPTY
    assert root.array("a") == ()


def test_a_scalar_without_breaks_is_located_anywhere() -> None:
    assert Scalar("abc", Span(10, 13), 1).locate(1, 3) == Span(11, 13)


def test_a_scalar_with_breaks_is_located_between_them() -> None:
    scalar = Scalar("a\nbc", Span(10, 15), 1, breaks=((2, 13),))
    assert scalar.locate(0, 1) == Span(10, 11)
    assert scalar.locate(2, 4) == Span(13, 15)
    assert scalar.locate(0, 2) is None
    assert scalar.locate(1, 3) is None


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (1, 3), (3, 3)])
def test_a_scalar_that_is_nowhere_is_never_located(start: int, end: int) -> None:
    assert Scalar("abc", Span(10, 14), 1, breaks=NOWHERE).locate(start, end) is None

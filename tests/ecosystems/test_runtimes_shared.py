from __future__ import annotations

import pytest

from bot.core.model import Kind, Pin, SkipReason, Span
from bot.core.runtimes import LAMBDA, RUNTIMES
from bot.ecosystems._runtimes import Range, floor, function, ranged, word
from bot.formats.base import Node, Scalar, Table


def test_a_floor_is_a_statement_of_its_runtime() -> None:
    pin = Pin("package.json", Span(3, 7), ">=20")
    found = floor("node", "npm", "package.json", Range(">=20", pin.span, 2))
    assert (found.package, found.subject) == (RUNTIMES["node"].package, "runtime:node")
    assert (found.kind, found.scheme, found.constraint, found.pins) == (Kind.RUNTIME, "npm", ">=20", (pin,))
    assert (found.line, found.lockable, found.obstacle) == (2, True, None)


def test_a_floor_that_can_not_be_edited_is_still_one() -> None:
    found = floor("python", "pep440", "setup.py", Range(">=3.9", None, 2))
    assert (found.constraint, found.pins, found.obstacle) == (">=3.9", (), None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, SkipReason.FLOATING) for text in ("*", "x", "lts/*", "latest")),
        (">=3.9," * 100, SkipReason.UNSUPPORTED_CONSTRAINT),
    ],
)
def test_a_floor_that_holds_nothing_or_can_not_be_read(text: str, reason: SkipReason) -> None:
    found = floor("python", "pep440", "f", Range(text, Span(0, len(text)), 1))
    assert found.obstacle
    assert (found.obstacle.reason, found.pins, len(found.constraint) <= 500) == (reason, (), True)


@pytest.mark.parametrize(
    ("node", "found"),
    [
        (None, None),
        (Table(()), None),
        (Scalar("18", Span(0, 2), 1, string=False), None),
        (Scalar("  ", Span(0, 2), 1), None),
        (Scalar(" >=18 ", Span(5, 11), 3), Range(">=18", Span(6, 10), 3)),
        (Scalar(">=18", Span(5, 14), 3, breaks=((1, 11),)), Range(">=18", None, 3)),
    ],
)
def test_a_range_is_a_string(node: Node | None, found: Range | None) -> None:
    assert ranged(node) == found


def test_a_function_is_a_statement_of_its_runtime() -> None:
    pin = Pin("template.yaml", Span(3, 13), "python3.11")
    found = function("python", pin, 2)
    assert (found.package, found.subject) == (LAMBDA, "runtime:python")
    assert (found.kind, found.scheme, found.constraint, found.pins) == (Kind.RUNTIME, "function", "python3.11", (pin,))
    assert (found.line, found.lockable) == (2, False)


@pytest.mark.parametrize(
    ("name", "text", "pinned"),
    [
        ("ruby", "ruby-3.2.2@shop", "ruby-3.2.2"),
        ("rust", "1.75.0-x86_64-unknown-linux-gnu", "1.75.0"),
        ("node", "20.x", "20.x"),
        ("kubernetes", "1.34", "1.34"),
        ("java", "11", "11"),
    ],
)
def test_a_word_that_moves(name: str, text: str, pinned: str) -> None:
    found = word(name, "f", text, 10, 3)
    assert (found.obstacle, found.constraint) == (None, pinned)
    assert found.pins == (Pin("f", Span(10, 10 + len(pinned)), pinned),)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        *(("node", text, SkipReason.FLOATING) for text in ("lts/*", "lts/-1", "node", "latest", "lts", "current", "*")),
        *(("rust", text, SkipReason.FLOATING) for text in ("stable", "nightly-x86_64-pc-windows-msvc")),
        *(
            ("node", text, SkipReason.UNSUPPORTED_CONSTRAINT)
            for text in ("lts/iron", "lts-jod", "20 || 22", "latest:20")
        ),
        *(("java", text, SkipReason.UNSUPPORTED_CONSTRAINT) for text in ("1.8", "21.0.2", "1", "temurin-1")),
        ("dotnet", "8.0.100", SkipReason.UNSUPPORTED_CONSTRAINT),
        ("dotnet", "latest", SkipReason.FLOATING),
        ("python", "3" * 101, SkipReason.UNSUPPORTED_CONSTRAINT),
    ],
)
def test_a_word_that_does_not(name: str, text: str, reason: SkipReason) -> None:
    found = word(name, "f", text, 0, 1)
    assert found.obstacle
    assert (found.obstacle.reason, found.pins) == (reason, ())
    assert len(found.constraint) <= 100
    assert len(found.obstacle.detail) < 220


def test_a_word_that_cannot_be_edited_does_not_move() -> None:
    found = word("python", "f", "3.11", None, 1)
    assert found.obstacle
    assert found.obstacle.reason is SkipReason.UNSUPPORTED_CONSTRAINT

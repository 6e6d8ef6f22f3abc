from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edits import edits_of, prove, splice
from bot.core.model import Change, FileFacts, Kind, Release, SkipReason, Strategy
from bot.core.versions import scheme
from bot.ecosystems.go_mod import extract

MODULE = """module example.com/shop

go 1.21.0 // the oldest

toolchain go1.22.5

require (
\tgithub.com/pkg/errors v0.9.1
\tgo 1.20
)
"""


def said(facts: FileFacts) -> list[tuple[str, int]]:
    return [(found.constraint, found.line) for found in facts.statements]


def test_both_lines_are_statements_of_go() -> None:
    facts = extract("go.mod", MODULE)
    oldest, builds = facts.statements
    assert said(facts) == [(">=1.21.0", 3), ("go1.22.5", 5)]
    assert (oldest.scheme, oldest.frame, builds.scheme, builds.frame) == ("pep440", (">=", ""), "runtime", ("", ""))
    assert {(s.subject, s.kind, s.package.name, s.lockable) for s in facts.statements} == {
        ("runtime:go", Kind.RUNTIME, "go", False)
    }
    assert [MODULE[pin.span.start : pin.span.end] for s in facts.statements for pin in s.pins] == ["1.21.0", "go1.22.5"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "go\n", "go1.21\n", "go 1.21 1.22\n", "// go 1.21\n", "require go v1.2.3\n", "go (\n1.21\n)\n"),
        *("go\f1.21\n", "require (\ngo 1.21\n", "require\t( // x\n go 1.21\n\t) // y\n", 'go "1.21"\n'),
        f"go {'1' * 101}\n",
    ],
)
def test_what_is_no_line_of_go(text: str) -> None:
    assert said(extract("go.mod", text)) == []


@pytest.mark.parametrize(
    "text", ["go 1.21\n", "\ufeffgo 1.21", "x (\n) x\ngo 1.21\r\n", "\t go \t1.21//x\n", "a (b)\ngo 1.21\n"]
)
def test_what_is_one(text: str) -> None:
    assert [constraint for constraint, _ in said(extract("go.mod", text))] == [">=1.21"]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("default", SkipReason.FLOATING),
        ("go1.21rc2", SkipReason.UNSUPPORTED_CONSTRAINT),
        ("go1.21.5-acme", SkipReason.UNSUPPORTED_CONSTRAINT),
    ],
)
def test_toolchains_that_do_not_move(word: str, reason: SkipReason) -> None:
    (found,) = extract("go.mod", f"toolchain {word}\n").statements
    assert found.obstacle
    assert (found.obstacle.reason, found.pins) == (reason, ())


def test_long_text_ends_soon() -> None:
    for text in (
        "go " + " " * 300_000 + "x y",
        "(" * 300_000,
        "go " + "1." * 200_000,
        "a\n" * 100_000,
        ")\n" * 100_000,
    ):
        assert said(extract("go.mod", text)) == []


lines = st.sampled_from(
    [
        "go 1.21",
        "go 1.22.3 // x",
        "toolchain go1.21.5",
        "require (",
        ")",
        "require a v1",
        "\tgo 1.20",
        "// y",
        "",
        "go x",
    ]
)


@given(st.lists(lines, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read_again(rows: list[str], ending: str) -> None:
    text = ending.join(rows)
    facts, release = extract("go.mod", text), Release("1.27.0", None)
    changes = []
    for found in facts.statements:
        written = scheme(found.scheme).rewrite(found.constraint, release.version, Strategy.BUMP)
        changes += [Change(pin, written[len(found.frame[0]) :], release) for pin in found.pins if written]
    edits = edits_of(changes)
    assert prove(facts, extract("go.mod", splice(text, edits)), edits) is None

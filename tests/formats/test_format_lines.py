from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Span
from bot.formats import lines
from bot.formats.lines import Line


def test_lines_end_as_editors_end_them() -> None:
    text = "a\nb\r\nc\rd\u2028\x0ce\n\nf"
    assert [(line.number, line.text) for line in lines.split(text)] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
        (4, "d\u2028\x0ce"),
        (5, ""),
        (6, "f"),
    ]


@given(st.text(alphabet="ab\n\r\u2028\ufeff#", max_size=30))
def test_every_line_stands_where_its_span_says(text: str) -> None:
    found = lines.split(text)
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    offsets = lines.starts(text)
    for line in found:
        assert text[line.span.start : line.span.end] == line.text
        assert line.span.start == offsets[line.number - 1] + (line.number == 1 and text.startswith("\ufeff"))
    bare = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    assert "\n".join(line.text for line in found) == bare


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("\ufeff", ()), ("\ufeffa\n", (Line(1, "a", Span(1, 2)),)), ("\n", (Line(1, "", Span(0, 0)),))],
)
def test_edges(text: str, expected: tuple[Line, ...]) -> None:
    assert lines.split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("django==1", {}),
        ("django==1  # freshline: ignore", {1: "ignore"}),
        ("django==1  #freshline:ignore  ", {1: "ignore"}),
        ("a\n# freshline: pypi=Django\nb==1", {3: "pypi=Django"}),
        ("a\r\n\t# freshline: ignore\r\nb==1", {3: "ignore"}),
        ("a\r # freshline: ignore\rb==1", {3: "ignore"}),
        ("\ufeff# freshline: ignore\nb", {2: "ignore"}),
        ("# freshline: ignore\nb  # freshline: pypi=x", {2: "pypi=x"}),
        ("b  # freshline: pypi=x\n# freshline: ignore", {1: "pypi=x", 3: "ignore"}),
        ("b#freshline: ignore", {}),
        ("b  # freshline:", {}),
        ("b  # see freshline: ignore", {}),
        ("b  # freshline: ignore # freshline: pypi=x", {1: "ignore # freshline: pypi=x"}),
        ("b  ## freshline: ignore", {}),
        ("freshline: ignore", {}),
    ],
)
def test_annotations(text: str, expected: dict[int, str]) -> None:
    assert lines.annotations(text) == expected


@pytest.mark.parametrize(
    ("comment", "text", "expected"),
    [
        ("//", '"a": 1, // freshline: ignore\n# freshline: ignore', {1: "ignore"}),
        ("<!--", "<!-- freshline: ignore -->\n<a/>", {2: "ignore"}),
        ("/*", "a /* freshline: ignore */", {1: "ignore"}),
    ],
)
def test_annotations_in_other_comments(comment: str, text: str, expected: dict[int, str]) -> None:
    assert lines.annotations(text, comment) == expected


def test_large_hostile_texts_end() -> None:
    size = 1_000_000
    assert lines.annotations("# freshline: a " * size) == {2: "a " + "# freshline: a " * (size - 2) + "# freshline: a"}
    assert lines.annotations("# " * size + "freshline: a") == {1: "a"}
    assert lines.annotations("# freshline:" + " " * 5 * size) == {}
    assert len(lines.split("\r\n" * (size // 10))) == size // 10

from __future__ import annotations

import json as stdlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats import json
from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Span, Table
from tests.formats.trees import check_spans, path

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def plain(node: Node) -> Any:
    if isinstance(node, Table):
        return {key.value: plain(value) for key, value in node.entries}
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    return node.value if node.string else stdlib.loads(node.value)


@given(VALUES, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
@settings(deadline=None)
def test_agrees_with_the_standard_library(value: Any, indent: int | str | None, ascii_only: bool) -> None:
    text = stdlib.dumps(value, indent=indent, ensure_ascii=ascii_only)
    for lenient in (False, True):
        node = json.parse(text, lenient=lenient)
        assert plain(node) == value
        assert stdlib.dumps(plain(node)) == stdlib.dumps(value)
        check_spans(text, node)


@given(st.text(alphabet='{}[],:"\\/* \n0123456789.eE+-truefalsn', max_size=20))
@settings(deadline=None, max_examples=500)
def test_accepts_what_the_standard_library_accepts_and_nothing_else(text: str) -> None:
    try:
        expected = stdlib.loads(text)
    except ValueError:
        with pytest.raises(ParseError):
            json.parse(text)
    else:
        assert plain(json.parse(text)) == expected


def test_values_stand_where_their_spans_say() -> None:
    text = '\ufeff{\r\n  "name": "x",\r\n  "v": {"a": "^1.2"}, "n": [1, true]\r\n}\r\n'
    root = json.parse(text)
    version = path(root, "v", "a")
    assert (version.value, version.line, version.string) == ("^1.2", 3, True)
    assert text[version.span.start : version.span.end] == "^1.2"
    assert isinstance(root, Table)
    assert root.array("n") == (
        Scalar("1", Span(48, 49), 3, string=False),
        Scalar("true", Span(51, 55), 3, string=False),
    )


@pytest.mark.parametrize("text", ['"x"', "1", "null", " [] ", "{}", '[[],{},"a"]', '{"a":[],"b":{}}'])
def test_any_value_may_be_the_root(text: str) -> None:
    assert plain(json.parse(text)) == stdlib.loads(text)


def test_keys_that_stand_twice_are_kept_twice() -> None:
    root = json.parse('{"a": 1, "b": 2, "a": 3}')
    assert isinstance(root, Table)
    assert [(key.value, value.value) for key, value in root.scalars()] == [("a", "1"), ("b", "2"), ("a", "3")]
    assert path(root, "a").value == "3"


def test_escapes_are_decoded_and_what_has_none_is_located() -> None:
    text = r'["\"\\\/\b\f\n\r\t1.2\u00e9\ud83d\ude00^1\ud800"]'
    root = json.parse(text)
    assert isinstance(root, Array)
    scalar = root.items[0]
    assert isinstance(scalar, Scalar)
    assert scalar.value == '"\\/\b\f\n\r\t1.2\u00e9\U0001f600^1\ufffd'
    check_spans(text, root)
    place = scalar.locate(8, 11)
    assert place is not None
    assert text[place.start : place.end] == "1.2"
    assert scalar.locate(0, 1) is None
    assert scalar.locate(10, 12) is None


def test_a_string_of_escapes_is_not_mapped_without_end() -> None:
    root = json.parse('["' + r"\n" * 10_005 + 'x"]')
    assert isinstance(root, Array)
    scalar = root.items[0]
    assert isinstance(scalar, Scalar)
    assert len(scalar.breaks) == 1
    assert scalar.locate(10_005, 10_006) is None


def test_lenient_allows_comments_and_trailing_commas() -> None:
    text = '// c "\n{ /* a\n * b **/ "a": /**/ [1, 2, /*x*/], // y\n "b": {"c": "http://x", },\n} // end'
    root = json.parse(text, lenient=True)
    assert plain(root) == {"a": [1, 2], "b": {"c": "http://x"}}
    check_spans(text, root)
    assert path(root, "b", "c").line == 4
    with pytest.raises(ParseError):
        json.parse(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("\n\n", 3),
        ('{"a": 1,\n}', 2),
        ("[1,\n]", 2),
        ("[1\n2]", 1),
        ('{\n"a" 1}', 2),
        ('{\n"a": [1}', 2),
        ('{"a": {}\n]', 2),
        ("[{}\n}", 2),
        ("[]\n[]", 2),
        ('{"a": "\n"}', 1),
        ('"\\x"', 1),
        ('"\\u12"', 1),
        ('"x', 1),
        ("'x'", 1),
        ("[01]", 1),
        ("NaN", 1),
        ("\x00", 1),
        ('{"a": "\x00"}', 1),
        ("// c\n1", 1),
        ("{,}", 1),
        ("<!doctype html>", 1),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        json.parse(text)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["[1,,]", "{,}", "[,]", "/* x", '{"a" /: 1}', "[1 /* ]"])
def test_lenient_is_not_careless(text: str) -> None:
    with pytest.raises(ParseError):
        json.parse(text, lenient=True)


def test_nesting_is_bounded() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert plain(json.parse(deepest)) == stdlib.loads(deepest)
    for text in ("[" * 10_000 + "]" * 10_000, '{"a":' * 10_000, "[" * (MAX_DEPTH + 1)):
        with pytest.raises(ParseError, match="nested deeper"):
            json.parse(text)


def test_large_hostile_texts_end() -> None:
    size = 5_000_000
    root = json.parse('"' + "x" * size + '"')
    assert isinstance(root, Scalar)
    assert len(root.value) == size
    for text in ('"' + "x" * size, '"' + "\\" * size, " " * size, "/*" * (size // 2), "//" * (size // 2), "1" * size):
        with pytest.raises(ParseError):
            json.parse(text + "?", lenient=True)

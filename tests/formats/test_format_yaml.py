from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats import yaml
from bot.formats.base import MAX_DEPTH, Array, Node, ParseError, Scalar, Table
from tests.formats.trees import check_spans, path

NAMES = {"int", "float", "bool", "null", "timestamp"}
WORDS = st.text(alphabet="ab:-#?'\"\\\n é\U0001f600,1.~", max_size=12) | st.sampled_from(
    ["yes", "on", "null", "~", "1.10", "0x1f", "1e5", "1.0e+5", ".inf", "2001-01-01", "1:30", "<<", "=", "", "!x", "*y"]
)
VALUES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


def plain(node: Node) -> Any:
    if isinstance(node, Table):
        return [(key.value, plain(value)) for key, value in node.entries]
    if isinstance(node, Array):
        return [plain(item) for item in node.items]
    return node.value, node.string


def composed(node: pyyaml.Node) -> Any:
    """What PyYAML's own composer makes of it, in the shape of ``plain``."""
    if isinstance(node, pyyaml.MappingNode):
        return [(key.value, composed(value)) for key, value in node.value]
    if isinstance(node, pyyaml.SequenceNode):
        return [composed(item) for item in node.value]
    return node.value, node.tag.removeprefix("tag:yaml.org,2002:") not in NAMES


def check_like_pyyaml(text: str) -> None:
    documents = yaml.parse(text)
    expected = list(pyyaml.compose_all(text.removeprefix("\ufeff"), pyyaml.SafeLoader))
    assert [plain(document) for document in documents] == [composed(node) for node in expected]
    for document in documents:
        check_spans(text, document)


@given(
    st.lists(VALUES, max_size=2),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.sampled_from([None, True, False]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(20, 80),
)
@settings(deadline=None, max_examples=300)
def test_agrees_with_pyyaml(values: list[Any], style: str | None, flow: bool | None, ending: str, width: int) -> None:
    text = pyyaml.safe_dump_all(
        values, default_style=style, default_flow_style=flow, allow_unicode=True, width=width, line_break=ending
    )
    check_like_pyyaml(text)
    check_like_pyyaml("\ufeff" + text)


@given(st.text(alphabet="ab:-[]{},&*!|>'\"# \n?1", max_size=20))
@settings(deadline=None, max_examples=1000)
def test_both_implementations_of_pyyaml_give_the_same_tree(text: str) -> None:
    c, python = (_outcome(text, loader) for loader in (pyyaml.CSafeLoader, pyyaml.SafeLoader))
    # They differ in what they refuse, and in where an empty value stands: in nothing else.
    if c is not None and python is not None:
        assert c == python


@pytest.mark.parametrize("loader", [pyyaml.CSafeLoader, pyyaml.SafeLoader])
def test_an_anchor_whose_end_is_in_doubt_is_not_located(loader: Any) -> None:
    (document,) = yaml._Reader("1: &1:1", loader).read()
    assert isinstance(document, Table)
    value = document.get("1")
    assert isinstance(value, Scalar)
    assert (value.value, value.locate(0, 2)) == (":1", None)


@pytest.mark.parametrize("text", ["&1:1 |", "- &1:1 |", "a: &1:1 |"])
def test_a_bar_behind_such_an_anchor_is_no_block(text: str) -> None:
    for loader in (pyyaml.CSafeLoader, pyyaml.SafeLoader):
        _outcome(text, loader)
    (document,) = yaml.parse(text)
    node = document.items[0] if isinstance(document, Array) else document
    value = node.get("a") if isinstance(node, Table) else node
    assert isinstance(value, Scalar)
    assert (value.value, value.locate(0, 2)) == (":1 |", None)


def _outcome(text: str, loader: Any) -> list[Any] | None:
    try:
        documents = yaml._Reader(text, loader).read()
    except ParseError:
        return None
    for document in documents:
        check_spans(text, document)
    return [plain(document) for document in documents]


@pytest.mark.parametrize(
    ("text", "key", "value", "covered"),
    [
        ("a: 1.2 # c", "a", "1.2", "1.2"),
        ("a: &x 1.2", "a", "1.2", "1.2"),
        ("a: !!str 1.2", "a", "1.2", "1.2"),
        ("a: &x # c\n   !!str\n   1.2\n", "a", "1.2", "1.2"),
        ("a: !<tag:yaml.org,2002:str> &x '1.2'", "a", "1.2", "1.2"),
        ("a: '1.2'", "a", "1.2", "1.2"),
        ('"a": "1.2"', "a", "1.2", "1.2"),
        ("a: 'it''s'", "a", "it's", "it''s"),
        ("a: !Sub '${x}'", "a", "${x}", "${x}"),
        ("a: &x", "a", "", ""),
        ("\ufeffa: 1.2", "a", "1.2", "1.2"),
        ("{é: 1.2}", "é", "1.2", "1.2"),
        ("a: |\n  x\n   y\n", "a", "x\n y\n", "x\n   y\n"),
        ("a: ''", "a", "", ""),
    ],
)
def test_a_span_covers_exactly_the_value(text: str, key: str, value: str, covered: str) -> None:
    (document,) = yaml.parse(text)
    found = path(document, key)
    assert found.value == value
    assert text[found.span.start : found.span.end] == covered
    check_spans(text, document)


@pytest.mark.parametrize(
    "text", ["a: x\n  y", 'a: "x\n  y"', "a: 'x\n  y'", "a: >\n  x\n  y\n", "[a\nb]", 'a: "x\\\n y"']
)
def test_what_is_folded_is_not_located(text: str) -> None:
    (document,) = yaml.parse(text)
    node = document.entries[0][1] if isinstance(document, Table) else document
    scalar = node.items[0] if isinstance(node, Array) else node
    assert isinstance(scalar, Scalar)
    assert scalar.locate(0, len(scalar.value)) is None
    assert scalar.locate(0, 1) is None


def test_lines_of_a_literal_block_are_located_one_by_one() -> None:
    text = "run: |2-  # c\r\n\r\n   pip install foo==1.2\r\n    bar==3\r\n\r\nnext: 1\r\n"
    (document,) = yaml.parse(text)
    scalar = path(document, "run")
    assert scalar.value == "\n pip install foo==1.2\n  bar==3"
    at = scalar.value.index("foo")
    place = scalar.locate(at, at + 8)
    assert place is not None
    assert text[place.start : place.end] == "foo==1.2"
    assert scalar.locate(at, len(scalar.value)) is None
    check_spans(text, document)


@pytest.mark.parametrize("value", ["x\n" * 10_002, "a\u2028b\n"])
def test_a_block_that_cannot_be_mapped_is_not_located(value: str) -> None:
    text = "a: |\n  " + value.replace("\n", "\n  ").replace("\u2028", "\u2028  ")
    (document,) = yaml.parse(text)
    scalar = path(document, "a")
    assert len(scalar.breaks) == 1
    assert scalar.locate(0, 1) is None


def test_escapes_are_decoded_and_what_has_none_is_located() -> None:
    text = 'a: "\\x41\\u00e9\\U0001F600\\n\\"\\e\\N 1.2 \\/"'
    (document,) = yaml.parse(text)
    scalar = path(document, "a")
    assert scalar.value == 'A\xe9\U0001f600\n"\x1b\x85 1.2 /'
    at = scalar.value.index("1.2")
    place = scalar.locate(at, at + 3)
    assert place is not None
    assert text[place.start : place.end] == "1.2"
    check_spans(text, document)


@pytest.mark.parametrize(
    ("text", "string"),
    [
        *((text, False) for text in ["3.10", "1", "0x1F", "true", "yes", "off", "~", "null", "2001-01-01", ".nan", ""]),
        *(
            (text, True)
            for text in ["3.10.1", "x", "'1'", '"true"', "!!str 1", "!Ref 1", "! 1", "<<", "=", "v1", "|\n 1"]
        ),
        ("!!int '1'", False),
    ],
)
def test_only_text_is_a_string(text: str, string: bool) -> None:
    (document,) = yaml.parse(f"a: {text}")
    assert path(document, "a").string is string


def test_documents_keys_and_lines() -> None:
    text = "# c\n---\na: 1\na: 2\n<<: {b: 3}\n--- # empty\n...\n---\n- x\n-\n  - y\n"
    first, second, third = yaml.parse(text)
    assert isinstance(first, Table)
    assert [(key.value, key.line) for key, _ in first.entries] == [("a", 3), ("a", 4), ("<<", 5)]
    assert path(first, "a").value == "2"
    assert isinstance(second, Scalar)
    assert (second.value, second.string) == ("", False)
    assert isinstance(third, Array)
    assert (third.line, third.items[1].line) == (9, 11)
    assert yaml.parse("") == yaml.parse("# c\n") == ()


def test_keys_that_are_no_scalars_stand_as_their_text() -> None:
    text = "? [a, b]\n: 1\n? &x {c: d}\n: 2\n*y : 3\n".replace("*y : 3", "e: &y [f]\n*y : 3\n&z g: 4\nh: *z\n*z : 5")
    (document,) = yaml.parse(text)
    assert isinstance(document, Table)
    assert [key.value for key, _ in document.entries] == ["[a, b]", "{c: d}", "e", "*y", "g", "h", "g"]
    check_spans(text, document)


def test_an_alias_is_the_node_it_names() -> None:
    (document,) = yaml.parse("a: &x {b: 1}\nc: *x\nd: &x 2\ne: *x\n")
    assert isinstance(document, Table)
    assert document.get("c") is document.get("a")
    assert document.get("e") is document.get("d")


def laughs(levels: int, each: int) -> Iterator[str]:
    yield f"a0: &a0 [{', '.join('x' * each)}]"
    for level in range(1, levels):
        yield f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * each)}]"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: &x [*x]", 1, "names nothing"),
        ("a: 1\nb: *x", 2, "names nothing"),
        ("a: &x 1\n---\nb: *x", 3, "names nothing"),
        ("\n".join(laughs(9, 9)), 6, "more than"),
        ("a: [\n", 2, "not YAML"),
        ("a:\n  b: 1\n c: 2", 3, "not YAML"),
        ("a: b: c", 1, "not YAML"),
        ("a: 'x", 1, "not YAML"),
        ("a: 1\nb: \x00", 2, "not YAML"),
        ("a: 1\nb: \ud800", 2, "not YAML"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("%YAML 3.0\n--- 1", 1, "not YAML"),
        ('a: "\\ud800"', 1, "not YAML"),
        ("\ufeffa: 1\r\n}", 2, "not YAML"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(ParseError, match=message) as caught:
        yaml.parse(text)
    assert caught.value.line == line


def test_what_breaks_the_slower_implementation_is_refused_too() -> None:
    with pytest.raises(ParseError, match="not YAML"):
        yaml._Reader('a: "\\U00110000"', pyyaml.SafeLoader).read()


def test_nesting_is_bounded() -> None:
    assert len(yaml.parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)) == 1
    texts = ["[" * 10_000 + "]" * 10_000, "- " * 10_000 + "a", "{a: " * 10_000, "[" * (MAX_DEPTH + 1)]
    texts.append("".join(f"{' ' * level}a:\n" for level in range(1000)))
    half = "[" * (MAX_DEPTH // 2) + "]" * (MAX_DEPTH // 2)
    texts.append(f"- &a {half}\n- {half[: MAX_DEPTH // 2]}*a{half[MAX_DEPTH // 2 :]}\n")
    for text in texts:
        with pytest.raises(ParseError, match="nested deeper"):
            yaml.parse(text)


def test_large_hostile_texts_end() -> None:
    size = 5_000_000
    (document,) = yaml.parse("a: " + "x" * size)
    assert len(path(document, "a").value) == size
    assert len(yaml.parse("!" * size)) == 1
    assert len(yaml.parse("- |\n  a\n- &a\n- &b c\n" * (size // 200))) == 1
    for text in ("a: '" + "x" * size, "[" * size, "- " * size, "*" * size, "&a " * size, "? " * size):
        with pytest.raises(ParseError):
            yaml.parse(text)

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import ParseError
from bot.formats.source import MAX_OPEN, MAX_SIZE, Kind, Token, javascript, python

Scan = Callable[[str], tuple[Token, ...]]
BOTH = pytest.mark.parametrize("scan", [javascript, python])


def strings(found: tuple[Token, ...]) -> list[str]:
    return [one.text for one in found if one.kind is Kind.STRING]


def names(found: tuple[Token, ...]) -> list[str]:
    return [f".{one.text}" if one.kind is Kind.MEMBER else one.text for one in found if one.named]


def check(text: str, found: tuple[Token, ...]) -> None:
    for one in found:
        if not one.is_sign("${"):
            assert text[one.span.start : one.span.end] == one.text
        assert one.line == text.count("\n", 0, one.span.start) + 1
    starts = [one.span.start for one in found]
    assert starts == sorted(starts)


@BOTH
def test_names_strings_and_brackets(scan: Scan) -> None:
    text = "a.b\n .C('x', [\"y\"])"
    found = scan(text)
    check(text, found)
    assert [(one.kind.value, one.text, one.line, one.inside) for one in found] == [
        ("name", "a", 1, -1),
        ("member", "b", 1, -1),
        ("member", "C", 2, -1),
        ("sign", "(", 2, -1),
        ("string", "x", 2, 3),
        ("sign", ",", 2, 3),
        ("sign", "[", 2, 3),
        ("string", "y", 2, 6),
        ("sign", "]", 2, 3),
        ("sign", ")", 2, -1),
    ]
    scalar = found[4].scalar
    assert (scalar.value, scalar.span, scalar.line) == ("x", found[4].span, 2)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"'it\'s' + 'b\\'", [r"it\'s", r"b\\"]),
        ("'a\\\nb' 'c\\\r\nd'", ["a\\\nb", "c\\\r\nd"]),
        ("`a` + `b\nc` + `\\`` + `$` + `$a`", ["a", "b\nc", "\\`", "$", "$a"]),
        ("`${a}` + `x${'b' + `c${'d'}`}y` + 'e'", ["b", "d", "e"]),
        ("// 'no'\n'a' /* 'no' \n * 'no' **/ 'b'", ["a", "b"]),
        ("\ufeff#!/usr/bin/env node 'no'\n'a'", ["a"]),
        ("x = /['\"]/g; y = /[/'\\]]'\\/'/; 'a'", ["a"]),
        ("a = b / c; d = 'x' / 2 / 'y'", ["x", "y"]),
        ("(a) / 2 / 'x'; a[0] / 2 / 'y'; a++ / 2 / 'z'; a! / 2 / 'w'", ["x", "y", "z", "w"]),
        ("if (a) /'/.test(b); while (a) /'/.test('x')", ["x"]),
        ("return /'/; typeof /'/; x => /'/; a = !/'/; case /'/: 'x'", ["x"]),
        ("function f() { a }\n/'/.test('x'); do { a } while (b)\nclass A { }\n/'/.test('y')", ["x", "y"]),
        ("{ a }\n/'/.test('x'); else { }\n/'/.test('y')", ["x", "y"]),
        ("a = {} / 2 / 'x'; f({}) / 2; return {} / 'y'", ["x", "y"]),
        ("`a${b}` / 2 / 'x'; 1 / 2 / 'y'; 1.5.toFixed() / 2 / 'z'; 1./2/'w'; .5/2/'v'", ["x", "y", "z", "w", "v"]),
        ("a.return / 2 / 'x'; a?.in / 2 / 'y'; a ?.5:'z'", ["x", "y", "z"]),
        ("/=/.test('a'); /\\//.test('b')", ["a", "b"]),
    ],
)
def test_javascript_strings(text: str, wanted: list[str]) -> None:
    found = javascript(text)
    check(text, found)
    assert strings(found) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a.b?.c", ["a", ".b", ".c"]),
        ("...a.$b_1", ["a", ".$b_1"]),
        ("f().b[0].c", ["f", ".b", ".c"]),
        ("a. // 'x'\n b", ["a", ".b"]),
        ("1.0.toString(); 0x1f.x", [".toString", ".x"]),
        ("this.#a", ["this", "a"]),
    ],
)
def test_javascript_names(text: str, wanted: list[str]) -> None:
    assert names(javascript(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"'it\'s' + r'b\'' + R'''c''' + u'd'", [r"it\'s", r"b\'", "c", "d"]),
        ("b'x' rb'y' Br\"z\" 'a'", ["a"]),
        ("'''a 'b' ''c'\\'''' \"\"\"d\n\"e\"\" \"\"\"", ["a 'b' ''c'\\'", 'd\n"e"" ']),
        ("# 'no'\n'a' # \"no\"\r\n'b'", ["a", "b"]),
        ("'a\\\nb' \\\n 'c'", ["a\\\nb", "c"]),
        ("f'a' + rf'b' + t'c' + F'''d\n''' + f'{{e}}'", ["a", "b", "c", "d\n"]),
        ("f'{a[\"x\"]}' + f'{x['y']}' + f\"{f'{\"z\"}'}\"", ["x", "y", "z"]),
        ("f'{a:>{w['x']}}' f'{a!r:=5}' f'{d:%H:%M}' 'y'", ["x", "y"]),
        ("f'''{a:\n>5}\n''' 'y'", ["y"]),
        ("f'{(lambda x: 1)(2)} {[a[1:2]]} {({1: 'x'})}' 'y'", ["x", "y"]),
        ("f'\\N{DASH}\\{a}\\'{b != 'x'}' 'y'", ["x", "y"]),
        ("fr'\\{a}' 'y'", ["y"]),
        ("a / 'x' / b // 'y'", ["x", "y"]),
    ],
)
def test_python_strings(text: str, wanted: list[str]) -> None:
    found = python(text)
    check(text, found)
    assert strings(found) == wanted


def test_python_names() -> None:
    assert names(python("from a.b import c as d\nbar = rb.x(1.5, 0x1F)\n@e.f\n")) == (
        ["from", "a", ".b", "import", "c", "as", "d", "bar", "rb", ".x", "e", ".f"]
    )


@BOTH
@pytest.mark.parametrize("text", ["'a\n'", '"a', "(", "a)", "[}", "({)}", "a\n{", "'a\\"])
def test_what_can_not_be_followed_is_refused(scan: Scan, text: str) -> None:
    with pytest.raises(ParseError, match="can't be followed"):
        scan(text)


@pytest.mark.parametrize("text", ["`a", "`${", "`${a`", "/* a", "x = /a", "x = /[/\n]/", "`a${b}c"])
def test_javascript_that_can_not_be_followed(text: str) -> None:
    with pytest.raises(ParseError, match="can't be followed"):
        javascript(text)


@pytest.mark.parametrize("text", ["'''a''", "f'a", "f'{a'", "f'a}'", "f'{a:'}'", "f'{a:x\n}'", "f'''a''", "b'a"])
def test_python_that_can_not_be_followed(text: str) -> None:
    with pytest.raises(ParseError, match="can't be followed"):
        python(text)


@BOTH
def test_the_line_of_what_is_wrong(scan: Scan) -> None:
    with pytest.raises(ParseError, match="line 3: "):
        scan("a\nb\n(")


@BOTH
def test_the_limits(scan: Scan) -> None:
    assert len(scan("(" * MAX_OPEN + ")" * MAX_OPEN)) == 2 * MAX_OPEN
    with pytest.raises(ParseError, match="open brackets"):
        scan("(" * (MAX_OPEN + 1) + ")" * (MAX_OPEN + 1))
    assert len(scan(" " * MAX_SIZE)) == 0
    with pytest.raises(ParseError, match="a bundle"):
        scan(" " * (MAX_SIZE + 1))


@pytest.mark.parametrize(
    ("scan", "piece"),
    [
        (javascript, "= /["),
        (javascript, "`${"),
        (javascript, "/*"),
        (javascript, "'\\"),
        (javascript, "`$"),
        (javascript, "a."),
        (javascript, "/a/"),
        (python, "f'{"),
        (python, "'''"),
        (python, "f'''''{{"),
        (python, "rb"),
        (python, "\\N{"),
        (python, "f'{a:"),
    ],
)
def test_hostile_text_is_read_in_linear_time(scan: Scan, piece: str) -> None:
    began = time.process_time()
    with suppress(ParseError):
        scan(piece * (MAX_SIZE // len(piece)))
    assert time.process_time() - began < 10


@BOTH
@given(st.text(alphabet="'\"`/\\{}()[]$fb#*.:ax \n", max_size=60))
def test_any_text_is_read_or_refused(scan: Scan, text: str) -> None:
    try:
        found = scan(text)
    except ParseError:
        return
    check(text, found)


# What generated sources say is known beforehand

WORD = st.text(alphabet="abcXYZ019 -.:/", max_size=12)
NOISE = st.sampled_from(["x = 1;", "y.z(a, b)", "[1, 2]", "f({ k: v })", "\n", "a < b"])


def quoted(word: str, quote: str) -> tuple[str, list[str]]:
    return f"{quote}{word}{quote}", [word]


def silent(text: str) -> tuple[str, list[str]]:
    return text, []


STRING = st.builds(quoted, WORD, st.sampled_from(["'", '"']))
IN_JAVASCRIPT = st.one_of(
    STRING,
    st.builds(quoted, WORD, st.just("`")),
    NOISE.map(silent),
    WORD.map(lambda w: silent(f"// '{w}\n")),
    WORD.map(lambda w: silent(f"/* \"{w}\n' */")),
    WORD.map(lambda w: silent(f"r = /[/'{w.replace('-', '')}]\\/\"`/g")),
    st.builds(lambda w, s: (f"`{w}${{{s[0]}}} ' \" {w}`", s[1]), WORD, STRING),
)
IN_PYTHON = st.one_of(
    STRING,
    st.builds(quoted, WORD, st.sampled_from(['"""', "'''"])),
    st.builds(lambda w, p: (f"{p}'{w}'", [w]), WORD, st.sampled_from(["r", "u", "R"])),
    st.sampled_from(["x = 1\n", "y.z(a, b)", "[1, 2]", "f({ k: v })", "\n", "a < b"]).map(silent),
    WORD.map(lambda w: silent(f"# '{w}\n")),
    WORD.map(lambda w: silent(f"b'{w}'")),
    st.builds(lambda w, s: (f"f'''{w}{{{s[0]}:>3}} {{{{ \" {w}'''", s[1]), WORD, STRING),
)


@given(st.lists(IN_JAVASCRIPT, max_size=12))
def test_exactly_the_strings_of_generated_javascript(pieces: list[tuple[str, list[str]]]) -> None:
    text = ";\n".join(text for text, _ in pieces)
    found = javascript(text)
    check(text, found)
    assert strings(found) == [word for _, words in pieces for word in words]


@given(st.lists(IN_PYTHON, max_size=12))
def test_exactly_the_strings_of_generated_python(pieces: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(text for text, _ in pieces)
    found = python(text)
    check(text, found)
    assert strings(found) == [word for _, words in pieces for word in words]

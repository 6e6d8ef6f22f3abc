import time
import warnings
from dataclasses import replace

import pytest

from bot.core.model import DeclaredRole, DeclaredRuntime, FileFacts, ParseError, Role, SkipReason
from bot.ecosystems._program import MAX_SIZE
from bot.ecosystems.setup_py import COMPUTED, complete, extract


def read(body: str) -> FileFacts:
    return extract("setup.py", body)


def stated(body: str) -> list[tuple[str, str, str]]:
    return [(s.package.name, s.constraint, s.context.group) for s in read(body).statements]


def test_names_are_followed() -> None:
    body = """
A: list[str] = ["a<2"]
B = A
C = "c<2"
D = {"x": B, 1: ["no"], **{}}
E = ("e", *A)
setup(install_requires=B + [C, C2], extras_require=D, tests_require=E)
"""
    assert stated(body) == [
        ("a", "<2", "dependencies"),
        ("c", "<2", "dependencies"),
        ("e", "", "tests"),
        ("(C2)", "", "dependencies"),
    ]


def test_what_is_assigned_twice_is_not_followed() -> None:
    computed = [("(A)", "", "dependencies")]
    assert stated("A = ['a<2']\nif x:\n    A = []\nsetup(install_requires=A)") == computed
    assert stated("A: list\nsetup(install_requires=A)") == computed
    assert stated("A = A\nsetup(install_requires=A)") == computed
    assert stated("def f():\n    A = ['a']\nsetup(install_requires=A)") == computed


def test_what_is_computed_as_a_whole_is_named() -> None:
    assert stated("setup(install_requires=['a'] + read('x'))") == [
        ("a", "", "dependencies"),
        ("(read('x'))", "", "dependencies"),
    ]
    assert stated("setup(extras_require={'x': f()}, tests_require=None)") == [("(f())", "", "optional:x")]
    facts = read("setup(extras_require=extras())")
    assert [(s.package.name, s.obstacle) for s in facts.statements] == [("(extras())", COMPUTED)]


def test_each_place_is_stated_once() -> None:
    body = "T = ['a<2']\nsetup(tests_require=T, extras_require={'test': T})"
    assert stated(body) == [("a", "<2", "tests")]


def test_which_calls_count() -> None:
    assert stated("import setuptools\nsetuptools.setup(install_requires=['a'])") == [("a", "", "dependencies")]
    assert stated("self.x.setup(install_requires=['a'])") == []
    assert stated("(lambda **k: 0)(install_requires=['a'])") == []
    assert read("print('setup')").declarations == ()


def test_keywords_of_a_dictionary() -> None:
    assert stated("setup(**dict(install_requires=['a'], **{}))") == [("a", "", "dependencies")]
    assert stated("setup(**load(), install_requires={'a'}, extras_require=dict(x=['b']))") == [
        ("a", "", "dependencies"),
        ("b", "", "optional:x"),
    ]


def test_numbers_are_nothing_and_calls_are_obstacles() -> None:
    facts = read("setup(install_requires=[1, f(), f'b=={v}'], setup_requires=3)")
    assert [(s.package.name, s.obstacle and s.obstacle.reason) for s in facts.statements] == [
        ("(f())", SkipReason.UNSUPPORTED_CONSTRAINT),
        ("b", SkipReason.UNSUPPORTED_CONSTRAINT),
    ]


@pytest.mark.parametrize("literal", ['"a<2"', "'a<2'", '"""a<2"""', "r'a<2'", "u'a<2'", "( 'a<2' )"])
def test_literals_have_spans(literal: str) -> None:
    text = f"é = 'ünï'; setup(install_requires=['é', {literal}])\n"
    statement = read(text).statements[1]
    assert [text[pin.span.start : pin.span.end] for pin in statement.pins] == ["<2"]


@pytest.mark.parametrize("literal", ['"a" "<2"', r'"a\x3c2"', '"""a\\\n<2"""', '"a"\n"<2"'])
def test_other_literals_have_obstacles(literal: str) -> None:
    (statement,) = read(f"setup(install_requires=[{literal}])\n").statements
    assert (statement.package.name, statement.constraint, statement.pins) == ("a", "<2", ())
    assert statement.obstacle is not None


def test_at_the_beginning_of_a_line() -> None:
    text = "setup(install_requires=[\n'a<2'])"
    assert [text[pin.span.start : pin.span.end] for pin in read(text).statements[0].pins] == ["<2"]


def test_lines() -> None:
    facts = read("setup(\n  install_requires='''\na\n  b<2\n''',\n)")
    assert [(s.package.name, s.line) for s in facts.statements] == [("a", 3), ("b", 4)]


def test_form_feeds_and_lone_carriage_returns_are_counted_as_python_does() -> None:
    text = "x = 1\x0c\ry = 2\r\nsetup(install_requires=['a<2'])\u2028"
    text = text.rstrip("\u2028")
    (statement,) = read(text).statements
    assert text[statement.pins[0].span.start : statement.pins[0].span.end] == "<2"
    assert statement.line == 3


@pytest.mark.parametrize(
    ("keywords", "role"),
    [
        ("", None),
        ("name='x'", Role.APPLICATION),
        ("name='x', url='y'", Role.LIBRARY),
        ("name='x', classifiers=['Private :: Do Not Upload']", Role.APPLICATION),
        ("name='x', classifiers=C", Role.LIBRARY),
    ],
)
def test_role(keywords: str, role: Role | None) -> None:
    assert read(f"setup({keywords})").declarations == (() if role is None else (DeclaredRole(role),))


def test_runtime() -> None:
    assert read("P = ' >=3.8'\nsetup(python_requires=P)").declarations == (
        DeclaredRuntime("python", "pep440", ">=3.8"),
    )
    assert read("setup(python_requires=f())").declarations == ()


@pytest.mark.parametrize(
    ("expression", "constraint"),
    [
        ("f'>={OLD}'", ">=3.8"),
        ("'>=' + OLD", ">=3.8"),
        ("'>=' + OLD + ',<4'", ">=3.8,<4"),
        ("f'>={OLD!r}'", None),
        ("f'>={OLD:>4}'", None),
        ("f'>={MISSING}'", None),
        ("'>=' + read()", None),
        ("'>=%s' % OLD", None),
        ("''", None),
        ("3.8", None),
        ("'>=' + '3' + '.' + '8' + ',' + '<' + '4'", None),
        ("f'{OLD}{OLD}{OLD}{OLD}{OLD}{OLD}'", None),
        ("'x' * 300", None),
        ("'" + "x" * 300 + "'", None),
    ],
)
def test_a_runtime_put_together_from_constants(expression: str, constraint: str | None) -> None:
    found = read(f"OLD = '3.8'\nsetup(python_requires={expression})").declarations
    assert found == (() if constraint is None else (DeclaredRuntime("python", "pep440", constraint),))


def test_a_nameless_setup_is_what_the_files_beside_it_say() -> None:
    library = DeclaredRole(Role.LIBRARY)
    nameless, named = read("setup(install_requires=['a'])"), read("setup(name='x')")
    beside = FileFacts("setup.cfg", "setup_cfg", (), (library,))
    above = FileFacts("a/package.json", "npm", (), (library,))
    deeper = replace(nameless, path="a/setup.py")
    own = (nameless, deeper)
    assert complete(own, (*own, beside, above)) == (replace(nameless, declarations=(library,)), deeper)
    assert complete((named,), (named, beside)) == (named,)


def test_the_authors_escapes_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert stated("X = '\\d'\nsetup(install_requires=['a'])") == [("a", "", "dependencies")]


@pytest.mark.parametrize(
    "text",
    [
        "setup(",
        "print 'setup'",
        "setup\0",
        "#" * (MAX_SIZE + 1),
        "(" * 10_000,
        "-" * 50_000 + "1",
        "[" * 150 + "]" * 150 + "+" * 50_000,
    ],
)
def test_what_is_no_python(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_long_sums_end() -> None:
    body = "setup(install_requires=" + "+".join(f"['a{i}']" for i in range(500)) + ")"
    assert 0 < len(stated(body)) < 500


LINES = '"""' + "a\n" * 5_000 + '"""'


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        (f"X = {LINES}\nsetup(install_requires=[{'X,' * 5_000}])", 5_000),
        ("A = {" + "'k': 1," * 5_000 + "}\nsetup(" + "**A, " * 5_000 + ")", 0),
        ("setup(install_requires=['é'," + "'a>=1'," * 5_000 + "])", 5_001),
    ],
    ids=["lines", "keywords", "one line"],
)
def test_what_is_said_over_and_over_is_read_once(text: str, statements: int) -> None:
    began = time.monotonic()
    assert len(read(text).statements) == statements
    assert time.monotonic() - began < 5

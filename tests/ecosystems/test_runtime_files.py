from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.edits import edits_of, prove, splice
from bot.core.model import Change, DeclaredRuntime, Kind, ParseError, Release, SkipReason, Strategy
from bot.core.versions import scheme
from bot.ecosystems.runtime_files import ecosystem, extract

NAMES = [pattern for pattern in ecosystem.patterns if not pattern.endswith((".toml", ".json"))]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (".python-version", "3.11\n", [("python", "pep440", "3.11")]),
        ("svc/.python-version", "# ours\r\n\r\n3.12.1  # main\r\n3.11\r\n", [("python", "pep440", "3.12.1")]),
        (".python-version", "\ufeffcpython-3.13.0rc1", [("python", "pep440", "3.13.0rc1")]),
        (".python-version", "pypy3.9-7.3.9\n", []),
        (".python-version", "system", []),
        (".python-version", "my-venv", []),
        (".python-version", "", []),
        ("runtime.txt", "python-3.11.4\n", [("python", "pep440", "3.11.4")]),
        ("runtime.txt", "a runtime is needed", []),
        (".nvmrc", "v20.1.0\n", [("node", "npm", "v20.1.0")]),
        (".nvmrc", "20", [("node", "npm", "20")]),
        (".nvmrc", "lts/*\n", []),
        (".nvmrc", "lts/iron\n", []),
        (".nvmrc", "node", []),
        (".node-version", "18.2", [("node", "npm", "18.2")]),
        (
            ".tool-versions",
            "# tools\nruby 3.2\npython 3.11.4 3.10.2 # both\nnodejs 20.1.0\nnode system\npython\n",
            [("python", "pep440", "3.11.4"), ("node", "npm", "20.1.0")],
        ),
        ("mise.toml", '[tools]\npython = ["3.11", "3.10"]\nruby = "3.2"\n', [("python", "pep440", "3.11")]),
        (".ruby-version", "3.2.2\n", []),
    ],
)
def test_what_is_declared(path: str, text: str, found: list[tuple[str, str, str]]) -> None:
    assert extract(path, text).declarations == tuple(DeclaredRuntime(*runtime) for runtime in found)


def test_a_statement() -> None:
    (found,) = extract("svc/.tool-versions", "# x\ngolang go1.21.5\n").statements
    assert (found.package.registry, found.package.name, found.subject) == ("endoflife", "go", "runtime:go")
    assert (found.kind, found.scheme, found.constraint, found.line) == (Kind.RUNTIME, "runtime", "go1.21.5", 2)
    assert not found.lockable


def test_versions_beside_the_first_are_seen_to_a_bound() -> None:
    text = "python 3.14 " + "3.13 " * 1000
    statements = extract(".tool-versions", text).statements
    assert len(statements) == 21
    assert [s.obstacle.reason for s in statements if s.obstacle] == [SkipReason.IGNORED] * 20
    assert [s.constraint for s in statements if s.pins] == ["3.14"]


@pytest.mark.parametrize("path", ["mise.toml", "rust-toolchain.toml", "global.json"])
def test_what_is_no_document_is_refused(path: str) -> None:
    with pytest.raises(ParseError):
        extract(path, "[tools\n")


@pytest.mark.parametrize(
    "word", ["3." * 200_000, "3" * 200_000, "-" * 200_000, "python-" * 50_000, "lts/" + "a" * 200_000]
)
@pytest.mark.parametrize("path", NAMES)
def test_long_text_ends_soon(path: str, word: str) -> None:
    facts = extract(path, f"python {word}" if path == ".tool-versions" else word)
    assert facts.declarations == ()
    assert all(len(s.constraint) <= 100 and s.obstacle for s in facts.statements)


numbers = st.lists(st.integers(0, 99), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
prefix = st.sampled_from(["", "v", "python-", "ruby-", "go", "node/", "temurin-", "cpython@", "x-"])
words = st.one_of(
    st.builds(str.__add__, prefix, numbers), st.text(st.characters(exclude_categories=["Z", "C"]), max_size=8)
)
ending = st.sampled_from(["\n", "\r\n", "\r", " # why\n", "\n# above\n", " ", ""])
texts = st.lists(st.tuples(words, ending), max_size=4).map(lambda parts: "".join(map("".join, parts)))


@given(st.sampled_from(NAMES), st.sampled_from(["", "\ufeff", "# x\n"]), texts)
def test_what_is_written_is_read_again(path: str, head: str, body: str) -> None:
    text = head + (f"nodejs {body}" if path == ".tool-versions" else body)
    try:
        facts = extract(path, text)
    except ParseError:
        assert path == "rust-toolchain"
        return
    release = Release("91.92.93", None)
    changes = [
        Change(pin, written, release)
        for found in facts.statements
        for pin in found.pins
        if (written := scheme("runtime").rewrite(found.constraint, release.version, Strategy.REPLACE))
    ]
    assert len(changes) == sum(len(found.pins) for found in facts.statements)
    edits = edits_of(changes)
    assert prove(facts, extract(path, splice(text, edits)), edits) is None

"""Lists of what is tested: only what golden cases don't show."""

from __future__ import annotations

import time

import pytest

from bot.core.model import ParseError, SkipReason
from bot.ecosystems._program import MAX_SIZE
from bot.ecosystems.test_matrices import LONGEST_LIST, TOLD, ecosystem, extract


def newest(path: str, text: str) -> tuple[str, int] | None:
    facts = extract(path, text)
    assert len(facts.statements) <= 1
    return next(((s.constraint, s.line) for s in facts.statements), None)


def test_it_is_told_of_and_not_edited() -> None:
    (statement,) = extract("a/tox.ini", "[tox]\nenvlist = py39\n").statements
    assert (statement.subject, statement.pins, statement.obstacle) == ("runtime:python", (), TOLD)
    assert TOLD.reason is SkipReason.IGNORED


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ("py39", "3.9"),
        ("py3.10,py39", "3.10"),
        ("py{27,35}-x{1,2}", "2.7 3.5"),
        ("{py38,py311}-x", "3.11"),
        ("{,ci-}py{310,311,py3}", "3.11"),
        ("a{1}{2}{3}-py39", "3.9"),
        ("py3{9-12}", "3.12"),
        ("py3{12-9}", None),
        ("python3.13", "3.13"),
        ("cpython3.14", "3.14"),
        ("{3.9,3.10}", "3.10"),
        ("x-3.12", "3.12"),
        ("py313t", "3.13"),
        ("py3", None),
        ("py", None),
        ("pypy310", None),
        ("39", None),
        ("}py39", None),
        ("}, py39", "3.9"),
        ("py{38", None),
        ("{py{38}}", None),
    ],
)
def test_the_newest_of_a_list(listed: str, found: str | None) -> None:
    expected = (found.split()[-1], 2) if found else None
    assert newest("tox.ini", f"[tox]\nenvlist = {listed}\n") == expected


def test_lists_without_end_are_cut() -> None:
    assert newest("tox.ini", f"[tox]\nenvlist = py39,\n  {'x,' * LONGEST_LIST}\n  py310\n") == ("3.9", 2)
    assert newest("tox.toml", f'env_list = ["py39", "{"x" * LONGEST_LIST}y"]') == ("3.9", 1)
    assert newest("tox.ini", f"[tox]\nenvlist = py3{{1-999}}, {'{' * 9000}\n") == ("3.200", 2)


@pytest.mark.parametrize(
    "listed", ["{a," * 6000, "{" * 19_000, f"py{{{'3,' * 9000}}}", "{1-99}{1-99}{1-99}," * 1000, "-" * 19_000]
)
def test_nothing_takes_long(listed: str) -> None:
    began = time.process_time()
    assert newest("tox.ini", f"[tox]\nenvlist = py39, {listed}\n") in {("3.9", 2), None}
    assert time.process_time() - began < 1


def test_programs_are_read_and_never_run() -> None:
    assert newest("noxfile.py", "\ufeffimport nox\n@nox.session(python='3.9')\ndef a(s): '\\d'\n") == ("3.9", 2)
    assert newest("noxfile.py", "x = [f()('session') for f in session()]\n") is None


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("noxfile.py", "def", "no Python"),
        ("noxfile.py", "x\0", "can't be parsed|no Python"),
        ("noxfile.py", "#" * MAX_SIZE + "#", "longer"),
        ("noxfile.py", "-" * 100_000 + "1", "can't be parsed|no Python"),
        ("tox.toml", "env_list = [", "line 1"),
    ],
)
def test_what_can_not_be_read_is_refused(path: str, text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        extract(path, text)


def test_files_without_a_list_are_passed_over() -> None:
    assert all(any(hint in text for hint in ecosystem.hints) for text in ("envlist=", "env_list=", "@nox.session"))

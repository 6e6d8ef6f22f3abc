from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.forge.base import ForgeError
from bot.forge.git import Git, advice, clean, readable


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """A git that is a script: it does as its argument says."""
    script = tmp_path / "git"
    script.write_text('#!/bin/sh\nfor last; do :; done\neval "$last"\n')
    script.chmod(0o755)
    return Git(tmp_path, "there", {"PATH": f"{tmp_path}:/usr/bin:/bin"})


def test_what_it_prints_and_how_it_ends(git: Git) -> None:
    finished = git.attempt("x", "echo out; echo 'fatal: broken' >&2; exit 3")
    assert (finished.code, finished.out, finished.error) == (3, b"out\n", "broken")
    with pytest.raises(ForgeError, match=r"git x failed \(broken\): there\. See whether git itself works"):
        git.run("x", "echo broken >&2; exit 1")
    with pytest.raises(ForgeError, match="it said nothing"):
        git.run("x", "exit 1")


def test_a_question_larger_than_a_pipe(git: Git) -> None:
    data = b"x" * 3_000_000
    assert git.run("x", "cat", feed=data) == data


def test_much_on_both_outputs(git: Git) -> None:
    finished = git.attempt("x", "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero")
    assert len(finished.out) == 1_000_000
    assert len(finished.error) == 1000


@pytest.mark.parametrize("command", ["sleep 60", "sleep 60 & wait", "exec >&-; sleep 60"])
def test_one_that_does_not_end_is_ended_with_its_children(git: Git, command: str) -> None:
    start = time.monotonic()
    with pytest.raises(ForgeError, match=r"git x did not finish within 0\.2 s"):
        git.attempt("x", command, seconds=0.2)
    assert time.monotonic() - start < 30


def test_one_that_prints_without_end_is_ended(git: Git) -> None:
    with pytest.raises(ForgeError, match="printed more than"):
        git.run("x", "cat /dev/zero")


def test_yes_no_and_neither(git: Git) -> None:
    assert git.test("x", "exit 0")
    assert not git.test("x", "exit 1")
    with pytest.raises(ForgeError, match="git x failed"):
        git.test("x", "exit 128")
    assert git.line("x", "echo a; echo b") == "a\nb"
    assert git.line("x", "exit 1") is None


def test_only_a_few_variables_are_seen() -> None:
    given = {"PATH": "/bin", "GIT_DIR": "/x", "LD_PRELOAD": "/x", "SECRET": "x", "LC_ALL": "de_DE", "HOME": "/home/a"}
    kept = clean(given)
    assert {"GIT_DIR", "LD_PRELOAD", "SECRET"} & kept.keys() == set()
    assert (kept["PATH"], kept["HOME"], kept["LC_ALL"], kept["GIT_TERMINAL_PROMPT"]) == ("/bin", "/home/a", "C", "0")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"fatal: a\nerror: b\n\n", "a; b"),
        (b"fatal: can't read https://ann:s3cret@git.example/a", "can't read https://git.example/a"),
        (b"\x1b[31mred\x07", "?[31mred?"),
        (b"\xff", "\ufffd"),
        (b"x" * 5000, "x" * 1000),
    ],
)
def test_its_words_are_made_readable(words: bytes, expected: str) -> None:
    assert readable(words) == expected


def test_advice_names_the_place() -> None:
    assert "safe.directory '/a'" in advice("detected dubious ownership in repository", "/a")
    assert "-C '/a' status" in advice("who knows", "/a")

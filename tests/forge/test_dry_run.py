from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.forge.base import Deleted, Forge, ForgeError, NewCommit, Pushed, RefusalReason, Refused
from bot.forge.dry_run import MAX_LINES, DryRunForge, unified
from tests.forge.conftest import BRANCH, Repository, new


def head(answer: object) -> str:
    assert isinstance(answer, Pushed), answer
    return answer.head


def test_what_would_be_proposed_is_collected_and_nothing_written(repository: Repository) -> None:
    before = repository.objects()
    forge = DryRunForge(repository.forge())
    commit = new(forge.snapshot().commit, {"pyproject.toml": b"django==5.2\n", "new.txt": b"x\n"})
    pushed = forge.propose(BRANCH, commit, None)
    (collected,) = forge.proposals
    assert (collected.branch, collected.commit, collected.head) == (BRANCH, commit, head(pushed))
    assert collected.diff == (
        "diff --git a/pyproject.toml b/pyproject.toml\n--- a/pyproject.toml\n+++ b/pyproject.toml\n"
        "@@ -1 +1 @@\n-django==5.1\n+django==5.2\n"
        "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+x\n"
    )
    assert forge.diff(commit.base, head(pushed)) == collected.diff
    assert forge.branches() == {}
    assert repository.objects() == before
    assert repository.git("for-each-ref", "refs/heads/freshline") == ""


def test_reads_go_to_the_inner_forge(repository: Repository) -> None:
    inner = repository.forge()
    forge: Forge = DryRunForge(inner)
    first = str(forge.snapshot().commit)
    second = repository.commit({"README.md": b"x\n"})
    assert forge.repository == inner.repository
    assert forge.is_ancestor(first, second)
    assert forge.changed(first, second, ["README.md"])
    assert forge.recent_subjects(1) == ["A commit"]
    assert forge.diff(first, second) == inner.diff(first, second)


def test_it_refuses_what_the_inner_forge_would(repository: Repository) -> None:
    inner = repository.forge()
    forge = DryRunForge(inner)
    base = forge.snapshot().commit
    commit = new(base, {"pyproject.toml": b"django==5.2\n"})
    first = head(inner.propose(BRANCH, commit, None))
    newer = new(base, {"pyproject.toml": b"django==5.3\n"})

    def reason(answer: object) -> RefusalReason:
        assert isinstance(answer, Refused)
        return answer.reason

    assert forge.propose(BRANCH, commit, None) == Pushed(first, changed=False)
    assert forge.proposals == []
    assert reason(forge.propose(BRANCH, newer, None)) is RefusalReason.EXISTS
    assert reason(forge.propose(BRANCH, newer, "1" * 40)) is RefusalReason.MOVED
    assert reason(forge.propose("freshline/npm/x", newer, first)) is RefusalReason.GONE
    assert reason(forge.delete(BRANCH, "1" * 40)) is RefusalReason.MOVED
    assert isinstance(forge.propose(BRANCH, newer, first), Pushed)
    on_another = new(repository.commit({"x": b""}), {"pyproject.toml": b"django==5.2\n"})
    assert head(forge.propose(BRANCH, on_another, first)) != first
    assert len(forge.proposals) == 2


def test_deletions_are_collected(repository: Repository) -> None:
    inner = repository.forge()
    first = head(inner.propose(BRANCH, new(inner.snapshot().commit, {"README.md": b"x"}), None))
    forge = DryRunForge(inner)
    assert forge.delete(BRANCH, first) == Deleted(changed=True)
    assert forge.delete("freshline/npm/x", first) == Deleted(changed=False)
    assert forge.deleted == [BRANCH]
    assert inner.branches()[BRANCH].head == first


def test_a_folder_without_git_can_be_tried(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.txt").write_bytes(b"one\n")
    forge = DryRunForge(repository.forge(tmp_path / "plain"))
    forge.propose(BRANCH, new(None, {"a.txt": b"two\n"}), None)
    assert "-one\n+two\n" in forge.proposals[0].diff


def test_a_file_that_is_too_large_to_read(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "plain").mkdir()
    with (tmp_path / "plain" / "a.txt").open("wb") as stream:
        stream.truncate(20_000_000)
    forge = DryRunForge(repository.forge(tmp_path / "plain"))
    with pytest.raises(ForgeError, match="too large to compare"):
        forge.propose(BRANCH, new(None, {"a.txt": b"two\n"}), None)


def test_heads_tell_proposals_apart(repository: Repository) -> None:
    forge = DryRunForge(repository.forge())
    base = forge.snapshot().commit
    commits = [new(base, {"a": b"1"}), new(base, {"a": b"2"}), new(base, {"b": b"1"}), new(base, {"a": b"1"}, "Other")]
    assert len({head(forge.propose(BRANCH, commit, None)) for commit in commits}) == 4
    one = NewCommit(**{name: getattr(commits[0], name) for name in NewCommit.__slots__})
    assert head(forge.propose(BRANCH, one, None)) == forge.proposals[0].head


def test_nothing_changed_is_no_diff() -> None:
    assert unified("a", b"x", b"x") == ""
    assert unified("a", b"", b"", added=True) == "diff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n"


def test_a_very_long_stretch_is_shown_whole() -> None:
    old = b"".join(b"%d\n" % n for n in range(MAX_LINES + 10))
    diff = unified("a", b"same\n" * 9 + old + b"end\n" * 9, b"same\n" * 9 + old[::-1] + b"end\n" * 9)
    assert diff.count("@@ -") == 1
    assert "\n-1\n" in diff


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["a", "b", "", "c\r", "é", "x" * 9]), max_size=40).map("\n".join),
    st.lists(st.sampled_from(["a", "b", "", "c\r", "d", "x" * 9]), max_size=40).map("\n".join),
)
def test_git_can_apply_every_diff(tmp_path: Path, before: str, after: str) -> None:
    diff = unified("a b.txt", before.encode(), after.encode())
    target = tmp_path / "a b.txt"
    target.write_bytes(before.encode())
    if diff:
        command = ["git", "apply", "--unidiff-zero", "-p1", "-"]
        subprocess.run(command, cwd=tmp_path, input=diff.encode(), check=True, capture_output=True)
    assert target.read_bytes() == after.encode()

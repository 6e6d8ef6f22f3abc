from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.render import TRAILER
from bot.forge.base import (
    MAX_TOTAL,
    Author,
    Branch,
    Deleted,
    Entry,
    Forge,
    ForgeError,
    Found,
    Pushed,
    RefusalReason,
    Refused,
    Search,
    TooLarge,
    blob_id,
    trailers_of,
)
from bot.forge.folder import FolderForge
from bot.forge.local import open_forge
from bot.forge.snapshot import within
from tests.forge.conftest import AT, BOT, BRANCH, MESSAGE, Repository, new


def paths(forge: Forge) -> list[str]:
    return [entry.path for entry in forge.snapshot().entries()]


def reason(answer: object) -> RefusalReason:
    assert isinstance(answer, Refused), answer
    assert answer.detail
    return answer.reason


def head(answer: object) -> str:
    assert isinstance(answer, Pushed), answer
    return answer.head


# --- reading ---------------------------------------------------------------------------------------


def test_git_searches_for_a_text_without_giving_files_away(repository: Repository) -> None:
    repository.commit(
        {"a.py": b"# /// script\n", "sub/b.py": b"x\n", "sub/c.txt": b"# /// script\n", "d.py": b"# /// script\0"}
    )
    snapshot = repository.forge().snapshot()
    python = frozenset({"a.py", "sub/b.py", "d.py"})
    assert snapshot.containing([Search(("# /// script", "nowhere"), python), Search(("x",), python)]) == (
        Found(frozenset({"a.py", "sub/b.py"})),  # one search for all: b.py holds what the other one looks for
        Found(frozenset({"a.py", "sub/b.py"})),
    )
    both = Search(("# /// script",), frozenset({"a.py", "sub/c.txt"}))
    assert snapshot.containing([both]) == (Found(frozenset({"a.py", "sub/c.txt"})),)
    assert snapshot.containing([Search(("nowhere",), python)]) == (Found(frozenset()),)
    assert snapshot.containing([Search((), python), Search(("x",), frozenset())]) == (Found(frozenset()),) * 2


def test_odd_names_are_searched_too(repository: Repository) -> None:
    names = ("no extension", "a.[b]", "c.*", "new\nline.py")
    repository.commit(dict.fromkeys(names, b"# /// script\n"))
    search = Search(("# /// script",), frozenset(names))
    assert repository.forge().snapshot().containing([search]) == (Found(frozenset(names)),)


def test_a_snapshot_lists_and_reads_the_base_commit(repository: Repository) -> None:
    repository.write({"pyproject.toml": b"not committed\n", "untracked.txt": b""})
    snapshot = repository.forge().snapshot()
    assert snapshot.commit == repository.git("rev-parse", "HEAD")
    assert snapshot.branch == "main"
    assert snapshot.entries()[1] == Entry("pyproject.toml", blob_id(b"django==5.1\n"), 0o100644, None)
    assert snapshot.read_many(["pyproject.toml", "sub/package.json", "nowhere"]) == {
        "pyproject.toml": b"django==5.1\n",
        "sub/package.json": b"{}\n",
    }
    assert snapshot.read_many([]) == {}


def test_a_folder_inside_a_repository_is_a_repository_of_its_own(repository: Repository) -> None:
    forge = repository.forge(repository.folder / "sub")
    base = forge.snapshot().commit
    assert paths(forge) == ["package.json"]
    pushed = forge.propose(BRANCH, new(base, {"package.json": b"[]\n"}), None)
    assert repository.git("show", f"{head(pushed)}:sub/package.json") == "[]"
    assert forge.changed(str(base), head(pushed), ["package.json"])
    assert "+++ b/package.json" in forge.diff(base, head(pushed))


def test_a_bare_repository(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    forge = repository.forge(tmp_path / "bare.git")
    snapshot = forge.snapshot()
    assert paths(forge) == ["README.md", "pyproject.toml", "sub/package.json"]
    assert head(forge.propose(BRANCH, new(snapshot.commit, {"README.md": b"x"}), None)) == forge.branches()[BRANCH].head


def test_a_linked_work_tree_has_its_own_base(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    assert repository.forge(tmp_path / "linked").snapshot().branch == "other"


def test_a_detached_head(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--detach")
    assert repository.forge().snapshot().branch == "HEAD"


def test_another_branch_tag_or_commit(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    repository.git("branch", "old")
    second = repository.commit({"README.md": b"more\n"})
    forge = repository.forge()
    assert [(forge.snapshot(ref).commit, forge.snapshot(ref).branch) for ref in ("old", "v1", first, "main")] == [
        (first, "old"),
        (first, "HEAD"),
        (first, "HEAD"),
        (second, "main"),
    ]


@pytest.mark.parametrize("ref", ["nowhere", "-x", "--help", "a b", "HEAD:README.md", "", "\n"])
def test_a_ref_that_is_none(repository: Repository, ref: str) -> None:
    with pytest.raises(ForgeError, match="There is no commit"):
        repository.forge().snapshot(ref)


def test_no_commit_yet(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "empty", tmp_path / "home")
    with pytest.raises(ForgeError, match=r"There is no commit on main yet: .*Commit something first"):
        repository.forge().snapshot()


def test_odd_names_are_read_and_written_back(repository: Repository) -> None:
    names = ["a b.txt", "new\nline.txt", 'quo"te.txt', "-dash.txt", ":(glob)*.txt", "caf\udce9.txt", "日本/é.txt"]
    repository.commit(dict.fromkeys(names, b"old\n"))
    forge = repository.forge()
    base = forge.snapshot()
    assert set(names) <= {entry.path for entry in base.entries()}
    assert base.read_many(names) == dict.fromkeys(names, b"old\n")
    pushed = head(forge.propose(BRANCH, new(base.commit, dict.fromkeys(names, b"new\n")), None))
    assert forge.snapshot(pushed).read_many(names) == dict.fromkeys(names, b"new\n")
    assert forge.changed(str(base.commit), pushed, [names[1]])
    assert forge.snapshot(pushed).read_many(["README.md"]) == {"README.md": b"words\n"}


def test_few_files_are_read_as_many_are(repository: Repository) -> None:
    files = {f"folder/{number}.txt": b"%d\n" % number for number in range(60)}
    repository.commit(files)
    (repository.folder / "folder/link.txt").symlink_to("1.txt")
    repository.git("add", "folder/link.txt")
    repository.git("commit", "-qm", "Link")
    forge = repository.forge()
    odd = ["folder", "folder/", "folder/link.txt", "nowhere", "", "folder/7.txt", "folder/7.txt"]
    expected = {"folder/7.txt": b"7\n"}
    assert forge.snapshot().read_many(iter(odd)) == expected
    listed = forge.snapshot()
    assert len(listed.entries()) > len(files)
    assert listed.read_many(odd) == expected
    assert forge.snapshot().read_many([*files, *odd]) == files


def test_links_are_listed_and_never_followed_and_submodules_are_not_files(repository: Repository) -> None:
    (repository.folder / "link.toml").symlink_to("/etc/passwd")
    repository.git("add", "link.toml")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendored")
    repository.git("commit", "--quiet", "--message", "Links")
    forge = repository.forge()
    snapshot = forge.snapshot()
    modes = {entry.path: entry for entry in snapshot.entries()}
    assert modes["link.toml"].mode == 0o120000
    assert not modes["link.toml"].regular
    assert "vendored" not in modes
    assert modes["README.md"].regular
    assert snapshot.read_many(["link.toml", "vendored"]) == {}
    for path in ("link.toml", "vendored"):
        assert reason(forge.propose(BRANCH, new(snapshot.commit, {path: b"x"}), None)) is RefusalReason.NOT_A_FILE


def test_names_that_would_leave_the_folder_are_not_listed(repository: Repository) -> None:
    blob = repository.git("hash-object", "-w", "--stdin", feed=b"evil")
    inner = repository.git("mktree", feed=f"100644 blob {blob}\tpasswd\n".encode())
    # Written by hand: git's own commands refuse such names.
    rows = {"..": inner, ".git": inner, "ok": inner}
    tree = b"".join(b"40000 %s\0%s" % (name.encode(), bytes.fromhex(oid)) for name, oid in rows.items())
    outer = repository.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", feed=tree)
    commit = repository.git("commit-tree", outer, "-m", "evil")
    repository.git("update-ref", "refs/heads/evil", commit)
    assert [entry.path for entry in repository.forge().snapshot("evil").entries()] == ["ok/passwd"]


def test_a_large_file_is_not_loaded(repository: Repository) -> None:
    repository.commit({"big.json": b"x" * 1000, "same.json": b"x" * 1000, "fits.json": b"y" * 999})
    found = repository.forge().snapshot().read_many(["big.json", "same.json", "fits.json"], limit=999)
    assert found == {"big.json": TooLarge(1000, 999), "same.json": TooLarge(1000, 999), "fits.json": b"y" * 999}


def test_many_large_files_do_not_fill_the_memory() -> None:
    sizes = {"a": MAX_TOTAL - 10, "b": 11, "c": 10, "d": 1}
    assert within(sizes, MAX_TOTAL) == ["a", "c"]


def test_binary_content_and_empty_files(repository: Repository) -> None:
    files = {"empty": b"", "nul": b"\0\n\xff\r\n", "no-end": b"x"}
    repository.commit(files)
    assert repository.forge().snapshot().read_many(files) == files


def test_a_missing_object_is_an_error(repository: Repository) -> None:
    blob = blob_id(b"words\n")
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(ForgeError, match=f"Object {blob} is missing"):
        repository.forge().snapshot().read_many(["README.md"])


def test_recent_subjects_leave_merges_out(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"a": b"1"}, "fix: a")
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b": b"1"}, "chore(deps): é")
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")
    forge = repository.forge()
    assert sorted(forge.recent_subjects()) == ["chore(deps): é", "feat: start", "fix: a"]
    assert len(forge.recent_subjects(1)) == 1


def test_ancestry_and_changes(repository: Repository) -> None:
    forge = repository.forge()
    first = str(forge.snapshot().commit)
    second = repository.commit({"README.md": b"other\n"})
    assert forge.is_ancestor(first, second)
    assert not forge.is_ancestor(second, first)
    assert forge.changed(first, second, ["pyproject.toml", "README.md"])
    assert not forge.changed(first, second, ["pyproject.toml", "READ", "nowhere"])
    with pytest.raises(ForgeError, match="merge-base failed"):
        forge.is_ancestor("1" * 40, second)


def test_a_diff_is_plain_whatever_the_configuration_says(repository: Repository) -> None:
    for setting in ("diff.external=false", "color.ui=always", "diff.noprefix=true", "diff.mnemonicPrefix=true"):
        repository.git("config", *setting.split("="))
    old = str(repository.forge().snapshot().commit)
    commit = repository.commit({"README.md": b"other\n"})
    expected = (
        "diff --git a/README.md b/README.md\nindex cd8c14d..f4b5f5a 100644\n--- a/README.md\n+++ b/README.md\n"
        "@@ -1 +1 @@\n-words\n+other\n"
    )
    forge = repository.forge()
    for diff in (forge.diff(old, commit), forge.diff(None, commit)):
        assert diff.split("\n")[2:] == expected.split("\n")[2:]


# --- proposing -------------------------------------------------------------------------------------


def test_a_proposal_is_one_commit_on_its_own_branch(repository: Repository) -> None:
    forge = repository.forge()
    base = str(forge.snapshot().commit)
    pushed = forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None)
    assert forge.branches() == {
        BRANCH: Branch(
            BRANCH,
            head(pushed),
            base,
            repository.git("rev-parse", f"{BRANCH}^{{tree}}"),
            BOT.email,
            ("pypi/django@5.2",),
        )
    }
    raw = repository.git("cat-file", "commit", BRANCH)
    stamp = f"{int(AT.timestamp())} +0000"
    assert f"author Freshline <freshline@bots.example> {stamp}\n" in raw
    assert f"committer Freshline <freshline@bots.example> {stamp}\n" in raw
    assert raw.endswith(MESSAGE.strip())
    assert repository.git("diff", "--name-status", base, BRANCH) == "M\tpyproject.toml"
    assert repository.git("fsck", "--strict") == ""


def test_nothing_of_the_persons_is_touched(repository: Repository) -> None:
    repository.write({"pyproject.toml": b"being edited\n", "staged.txt": b"staged\n", "loose.txt": b"loose\n"})
    repository.git("add", "staged.txt")

    def state() -> tuple[object, ...]:
        return (
            repository.git("status", "--porcelain=v2", "--branch"),
            (repository.folder / ".git" / "index").read_bytes(),
            (repository.folder / ".git" / "HEAD").read_bytes(),
            repository.git("rev-parse", "main"),
            (repository.folder / ".git" / "config").read_bytes(),
            sorted(path.name for path in (repository.folder / ".git").iterdir()),
        )

    before = state()
    forge = repository.forge()
    commit = new(forge.snapshot().commit, {"pyproject.toml": b"django==5.2\n", "added/deep.txt": b""})
    first = head(forge.propose(BRANCH, commit, None))
    forge.propose(BRANCH, replace(commit, files={"README.md": b"x"}), first)
    assert state() == (*before[:-1], sorted({*before[-1], "logs"}))  # type: ignore[misc] # a tuple of mixed things


def test_proposing_twice_makes_nothing_new(repository: Repository) -> None:
    forge = repository.forge()
    commit = new(forge.snapshot().commit, {"pyproject.toml": b"django==5.2\n"})
    first = forge.propose(BRANCH, commit, None)
    before = repository.objects()
    later = replace(commit, at=AT + timedelta(days=1))
    for expected in (head(first), None):  # None: the store forgot, as after a crash
        assert forge.propose(BRANCH, later, expected) == Pushed(head(first), changed=False)
    assert repository.objects() == before


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.dictionaries(
        st.sampled_from(["pyproject.toml", "README.md", "sub/package.json", "new/x.lock"]), st.binary(), min_size=1
    ),
    message=st.text(max_size=60),
    author=st.text(min_size=1, max_size=12),
)
def test_any_proposal_is_idempotent_and_exact(
    repository: Repository, files: dict[str, bytes], message: str, author: str
) -> None:
    forge = repository.forge()
    base = str(forge.snapshot().commit)
    known = forge.branches().get(BRANCH)
    commit = replace(new(base, files, message), author=Author(f"A{author}Z", BOT.email))
    first = forge.propose(BRANCH, commit, known.head if known else None)
    before = repository.objects()
    assert forge.propose(BRANCH, commit, head(first)) == Pushed(head(first), changed=False)
    assert repository.objects() == before
    made = forge.snapshot(head(first))
    assert made.read_many(files) == files
    rest = {entry for entry in forge.snapshot(base).entries() if entry.path not in files}
    assert rest == {entry for entry in made.entries() if entry.path not in files}


def test_a_newer_release_moves_the_branch_from_where_it_was(repository: Repository) -> None:
    forge = repository.forge()
    base = forge.snapshot().commit
    first = head(forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None))
    second = forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.3\n"}), first)
    assert second == Pushed(forge.branches()[BRANCH].head, changed=True)
    assert head(second) != first
    assert forge.branches()[BRANCH].parent == base


def test_a_branch_that_someone_moved_is_left_alone(repository: Repository) -> None:
    forge = repository.forge()
    base = forge.snapshot().commit
    first = head(forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None))
    theirs = repository.git("commit-tree", f"{first}^{{tree}}", "-p", first, "-m", "mine")
    repository.git("update-ref", f"refs/heads/{BRANCH}", theirs)
    before = repository.objects()
    newer = new(base, {"pyproject.toml": b"django==5.3\n"})
    assert reason(forge.propose(BRANCH, newer, first)) is RefusalReason.MOVED
    assert reason(forge.delete(BRANCH, first)) is RefusalReason.MOVED
    assert forge.branches()[BRANCH].head == theirs
    assert repository.objects() == before


def test_a_branch_that_someone_amended_is_left_alone(repository: Repository) -> None:
    forge = repository.forge()
    base = forge.snapshot().commit
    first = head(forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None))
    amended = repository.git("commit-tree", f"{first}^{{tree}}", "-p", str(base), "-m", "mine")
    repository.git("update-ref", f"refs/heads/{BRANCH}", amended)
    commit = new(base, {"pyproject.toml": b"django==5.2\n"})
    assert reason(forge.propose(BRANCH, commit, first)) is RefusalReason.MOVED


def test_a_branch_that_is_not_the_bots_is_left_alone(repository: Repository) -> None:
    repository.git("branch", BRANCH)
    forge = repository.forge()
    commit = new(forge.snapshot().commit, {"pyproject.toml": b"django==5.2\n"})
    assert reason(forge.propose(BRANCH, commit, None)) is RefusalReason.EXISTS


def test_a_branch_that_someone_deleted_does_not_come_back(repository: Repository) -> None:
    forge = repository.forge()
    commit = new(forge.snapshot().commit, {"pyproject.toml": b"django==5.2\n"})
    first = head(forge.propose(BRANCH, commit, None))
    repository.git("branch", "--quiet", "-D", BRANCH)
    assert reason(forge.propose(BRANCH, commit, first)) is RefusalReason.GONE
    assert forge.branches() == {}


def test_a_checked_out_branch_is_never_moved(repository: Repository, tmp_path: Path) -> None:
    forge = repository.forge()
    base = forge.snapshot().commit
    first = head(forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None))
    repository.git("worktree", "add", "--quiet", str(tmp_path / "look"), BRANCH)
    newer = new(base, {"pyproject.toml": b"django==5.3\n"})
    assert reason(forge.propose(BRANCH, newer, first)) is RefusalReason.CHECKED_OUT
    assert reason(forge.delete(BRANCH, first)) is RefusalReason.CHECKED_OUT
    assert forge.branches()[BRANCH].head == first


@pytest.mark.parametrize("remote", [True, False])
def test_the_bots_own_branch_is_no_base(repository: Repository, tmp_path: Path, remote: bool) -> None:
    if remote:
        shutil.copytree(repository.folder, tmp_path / "origin")
        repository.git("remote", "add", "origin", str(tmp_path / "origin"))
        repository.git("fetch", "--quiet", "origin")
        repository.git("remote", "set-head", "origin", "main")
    forge = repository.forge()
    base = forge.snapshot().commit
    first = head(forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None))
    repository.git("checkout", "--quiet", BRANCH)
    assert (forge.snapshot().commit, forge.snapshot().branch) == (base, "main")
    repository.git("branch", "--quiet", "-m", "main", "elsewhere")
    with pytest.raises(ForgeError, match="Switch to the branch"):
        forge.snapshot()
    assert forge.branches()[BRANCH].head == first


def test_deleting_is_idempotent(repository: Repository) -> None:
    forge = repository.forge()
    first = head(forge.propose(BRANCH, new(forge.snapshot().commit, {"README.md": b"x"}), None))
    assert forge.delete(BRANCH, first) == Deleted(changed=True)
    assert forge.delete(BRANCH, first) == Deleted(changed=False)
    assert forge.branches() == {}


def test_a_branch_in_the_way_is_an_error(repository: Repository) -> None:
    repository.git("branch", f"{BRANCH}/deeper")
    forge = repository.forge()
    with pytest.raises(ForgeError, match="update-ref failed"):
        forge.propose(BRANCH, new(forge.snapshot().commit, {"README.md": b"x"}), None)


def test_a_lock_in_the_way_is_an_error(repository: Repository) -> None:
    forge = repository.forge()
    first = head(forge.propose(BRANCH, new(forge.snapshot().commit, {"README.md": b"x"}), None))
    (repository.folder / ".git" / "refs" / "heads" / f"{BRANCH}.lock").touch()
    with pytest.raises(ForgeError, match="Another git process holds that file"):
        forge.delete(BRANCH, first)


@pytest.mark.parametrize("theirs", ["2", None])
def test_a_branch_that_moves_in_the_last_moment_is_left_alone(
    repository: Repository, tmp_path: Path, theirs: str | None
) -> None:
    forge = repository.forge()
    base = str(forge.snapshot().commit)
    first = head(forge.propose(BRANCH, new(base, {"README.md": b"1"}), None))
    other = repository.git("commit-tree", f"{base}^{{tree}}", "-p", base, "-m", "theirs") if theirs else None
    # A git that lets someone else be faster, between the last look and the move.
    faster = f"update-ref refs/heads/{BRANCH} {other}" if other else f"update-ref -d refs/heads/{BRANCH}"
    real, script = shutil.which("git"), tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ncase "$*" in *update-ref*) {real} "$1" {faster};; esac\nexec {real} "$@"\n')
    script.chmod(0o755)
    slow = open_forge(
        str(repository.folder), repository.state, {**repository.environ, "PATH": f"{script.parent}:/bin:/usr/bin"}
    )
    expected = RefusalReason.MOVED if other else RefusalReason.GONE
    assert reason(slow.propose(BRANCH, new(base, {"README.md": b"2"}), first)) is expected
    repository.git("update-ref", f"refs/heads/{BRANCH}", first)
    deleted = slow.delete(BRANCH, first)
    assert reason(deleted) is RefusalReason.MOVED if other else deleted == Deleted(changed=False)
    assert repository.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}") == (other or "")


def test_a_folder_that_a_branch_does_not_have(repository: Repository) -> None:
    repository.git("branch", "old")
    repository.commit({"later/package.json": b"{}"})
    with pytest.raises(ForgeError, match="The folder is not in old"):
        repository.forge(repository.folder / "later").snapshot("old")


def test_a_symbolic_branch_does_not_lead_to_another(repository: Repository) -> None:
    repository.git("symbolic-ref", f"refs/heads/{BRANCH}", "refs/heads/main")
    forge = repository.forge()
    base = str(forge.snapshot().commit)
    forge.propose(BRANCH, new(base, {"README.md": b"x"}), base)
    assert repository.git("rev-parse", "main") == base


@pytest.mark.parametrize(
    "name", ["main", "freshline/", "freshline/a..b", "freshline/x.lock", "freshline/a b", "freshline/-\n"]
)
def test_only_the_bots_own_names(repository: Repository, name: str) -> None:
    forge = repository.forge()
    with pytest.raises(ForgeError, match="can't be a branch"):
        forge.propose(name, new(forge.snapshot().commit, {"README.md": b"x"}), None)
    with pytest.raises(ForgeError, match="can't be a branch"):
        forge.delete(name, "1" * 40)


@pytest.mark.parametrize("path", ["../x", ".git/config", "a/../x", "/etc/passwd", "README.md/x"])
def test_a_path_that_is_none_is_not_written(repository: Repository, path: str) -> None:
    forge = repository.forge()
    with pytest.raises(ForgeError, match="can't be written"):
        forge.propose(BRANCH, new(forge.snapshot().commit, {path: b"x"}), None)
    assert forge.branches() == {}


def test_modes_are_kept(repository: Repository) -> None:
    repository.write({"run.py": b"#!\n"})
    (repository.folder / "run.py").chmod(0o755)
    base = repository.commit({})
    pushed = head(repository.forge().propose(BRANCH, new(base, {"run.py": b"#!x\n", "new.py": b""}), None))
    modes = {entry.path: entry.mode for entry in repository.forge().snapshot(pushed).entries()}
    assert (modes["run.py"], modes["new.py"]) == (0o100755, 0o100644)


def test_content_is_kept_whatever_the_attributes_say(repository: Repository) -> None:
    repository.git("config", "core.autocrlf", "true")
    repository.git("config", "filter.shout.clean", "tr a-z A-Z")
    base = repository.commit({".gitattributes": b"*.txt text eol=crlf filter=shout\n", "a.txt": b"x\n"})
    content = {"a.txt": b"crlf\r\nlf\nend"}
    forge = repository.forge()
    assert forge.snapshot(head(forge.propose(BRANCH, new(base, content), None))).read_many(content) == content


def test_nothing_that_the_repository_configures_is_run(repository: Repository, tmp_path: Path) -> None:
    trap, ran = tmp_path / "trap", tmp_path / "ran"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\n")
    trap.chmod(0o755)
    hooks = repository.folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-index-change", "post-commit", "pre-commit"):
        shutil.copy(trap, hooks / hook)
    for name in ("core.fsmonitor", "gpg.program", "core.pager", "diff.external", "core.editor"):
        repository.git("-c", "core.hooksPath=/dev/null", "config", name, str(trap))
    for name in ("log.showSignature", "commit.gpgSign", "core.splitIndex"):
        repository.git("-c", "core.hooksPath=/dev/null", "config", name, "true")
    ran.unlink(missing_ok=True)
    forge = repository.forge()
    base = forge.snapshot()
    first = head(forge.propose(BRANCH, new(base.commit, {"README.md": b"x"}), None))
    forge.recent_subjects()
    forge.diff(base.commit, first)
    forge.delete(BRANCH, first)
    assert not ran.exists()
    assert not list((repository.folder / ".git").glob("sharedindex*"))


def test_the_environment_does_not_lead_elsewhere(repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other", tmp_path / "home")
    lost = {"GIT_DIR": str(other.folder / ".git"), "GIT_INDEX_FILE": "/nowhere", "GIT_OBJECT_DIRECTORY": "/nowhere"}
    forge = open_forge(str(repository.folder), repository.state, {**repository.environ, **lost})
    assert len(forge.snapshot().entries()) == 3


@pytest.mark.parametrize("author", [Author("", "a@b.example"), Author("<>", "a@b.example"), Author("A", " ")])
def test_an_author_without_a_name(repository: Repository, author: Author) -> None:
    forge = repository.forge()
    commit = replace(new(forge.snapshot().commit, {"README.md": b"x"}), author=author)
    with pytest.raises(ForgeError, match="author needs a name"):
        forge.propose(BRANCH, commit, None)


def test_a_commit_needs_a_base_and_a_file(repository: Repository) -> None:
    forge = repository.forge()
    for commit in (new(None, {"README.md": b"x"}), new(forge.snapshot().commit, {})):
        with pytest.raises(ForgeError, match="needs a base and a file"):
            forge.propose(BRANCH, commit, None)


def test_a_rebase_of_the_proposal_on_a_new_base(repository: Repository) -> None:
    forge = repository.forge()
    files = {"pyproject.toml": b"django==5.2\n"}
    first = head(forge.propose(BRANCH, new(forge.snapshot().commit, files), None))
    base = repository.commit({"README.md": b"landed\n"})
    second = forge.propose(BRANCH, new(base, files), first)
    assert second == Pushed(forge.branches()[BRANCH].head, changed=True)
    assert forge.branches()[BRANCH].parent == base


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (MESSAGE, ("pypi/django@5.2",)),
        (f"{TRAILER}: npm/x@1", ()),
        (f"S\n\n{TRAILER}: npm/x@1\n\nWords", ()),
        (
            f"S\n\nSigned-off-by: A\n{TRAILER}: npm/@a/x@1\n{TRAILER}: npm/y@2\n\n",
            ("npm/@a/x@1", "npm/y@2"),
        ),
        ("", ()),
    ],
)
def test_trailers(message: str, found: tuple[str, ...]) -> None:
    assert trailers_of(message) == found


def test_a_merge_at_the_head_has_no_single_parent(repository: Repository) -> None:
    tree = repository.git("rev-parse", "HEAD^{tree}")
    one = repository.git("commit-tree", tree, "-p", "HEAD", "-m", "one")
    merge = repository.git("commit-tree", tree, "-p", "HEAD", "-p", one, "-m", "two")
    repository.git("update-ref", f"refs/heads/{BRANCH}", merge)
    assert repository.forge().branches()[BRANCH].parent is None
    assert repository.forge().branches("")["main"].parent is None


# --- unusual repositories --------------------------------------------------------------------------


def test_sha256_objects(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo", tmp_path / "home", "--object-format=sha256")
    base = repository.commit({"pyproject.toml": b"django==5.1\n"})
    forge = repository.forge()
    assert forge.snapshot().read_many(["pyproject.toml"]) == {"pyproject.toml": b"django==5.1\n"}
    first = forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None)
    assert len(head(first)) == 64
    assert forge.propose(BRANCH, new(base, {"pyproject.toml": b"django==5.2\n"}), None) == Pushed(
        head(first), changed=False
    )


def test_a_shallow_clone(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"README.md": b"second\n"})
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(tmp_path / "shallow"))
    forge = repository.forge(tmp_path / "shallow")
    base = forge.snapshot().commit
    first = head(forge.propose(BRANCH, new(base, {"README.md": b"third\n"}), None))
    assert forge.is_ancestor(str(base), first)


def test_a_partial_clone_fetches_what_is_wanted_at_once(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.commit({f"f{n}": b"%d" % n for n in range(5)})
    partial = tmp_path / "partial"
    clone = ("clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{repository.folder}", str(partial))
    repository.git(*clone)
    forge = repository.forge(partial)
    snapshot = forge.snapshot()
    first = head(forge.propose(BRANCH, new(snapshot.commit, {"f0": b"new"}), None))

    def packs() -> int:
        return len(list((partial / ".git" / "objects" / "pack").glob("*.pack")))

    before = packs()
    assert snapshot.read_many(["f1", "f2", "f3"]) == {"f1": b"1", "f2": b"2", "f3": b"3"}
    assert packs() == before + 1
    assert snapshot.read_many(["f1", "f2", "f3"]) == {"f1": b"1", "f2": b"2", "f3": b"3"}
    assert forge.snapshot(first).read_many(["f0"]) == {"f0": b"new"}
    assert packs() == before + 1
    shutil.rmtree(repository.folder)
    with pytest.raises(ForgeError, match="fetch failed"):
        snapshot.read_many(["f4"])


def test_a_broken_link_to_a_repository_is_an_error(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(ForgeError, match="not a git repository: /nowhere"):
        repository.forge(tmp_path / "broken")


def test_a_repository_of_another_user(repository: Repository) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for folder in (repository.folder, repository.folder / ".git"):
        os.chown(folder, 12345, 12345)
    with pytest.raises(ForgeError, match=r"git config --global --add safe\.directory '.*repo'"):
        repository.forge()


def test_git_is_not_installed(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ForgeError, match=r"git is not installed: .*apt-get install git"):
        open_forge(str(repository.folder), repository.state, {"PATH": str(tmp_path / "nothing")})


def test_no_such_folder(repository: Repository) -> None:
    with pytest.raises(ForgeError, match="There is no such folder"):
        repository.forge("/nowhere/at/all")


def test_a_folder_that_git_ignores_is_a_plain_folder(repository: Repository) -> None:
    repository.commit({".gitignore": b"scratch\n"})
    repository.write({"scratch/package.json": b"{}"})
    assert isinstance(repository.forge(repository.folder / "scratch"), FolderForge)


def test_a_tree_without_end_is_cut_off(repository: Repository) -> None:
    blob = repository.git("rev-parse", "HEAD:README.md")
    tree = repository.git("mktree", feed=f"100644 blob {blob}\tf\n".encode())
    for _ in range(9):
        rows = "".join(f"040000 tree {tree}\t{'d' * 60}{n}\n" for n in range(10))
        tree = repository.git("mktree", feed=rows.encode())
    repository.git("update-ref", "refs/heads/bomb", repository.git("commit-tree", tree, "-m", "bomb"))
    with pytest.raises(ForgeError, match="printed more than"):
        repository.forge().snapshot("bomb").entries()

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from bot.forge.base import ForgeError, Found, Search, TooLarge, blob_id
from bot.forge.github_errors import GitHubError
from bot.policy_file import PATH as POLICY
from tests.fakes.github.world import Content, Special, link_to, submodule
from tests.forge.github_desk import BRANCH, FILES, NAME, Desk, desk, django, head, new, refused


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk() as made:
        yield made


def repository(at: Desk, files: dict[str, Content], name: str = "acme/other") -> str:
    at.github.create_repository(name, files)
    return name


# --- snapshots -------------------------------------------------------------------------------------


def test_a_snapshot_lists_and_reads_the_default_branch(at: Desk) -> None:
    snapshot = at.forge().snapshot()
    assert (snapshot.commit, snapshot.branch) == (at.github.head(NAME), "main")
    entries = {entry.path: entry for entry in snapshot.entries()}
    assert list(entries) == sorted(map(str, FILES))
    project = entries["pyproject.toml"]
    assert (project.blob, project.mode, project.size) == (blob_id(b"django==5.1\n"), 0o100644, 12)
    assert snapshot.read_many(["pyproject.toml", "sub/package.json", "nowhere", "sub", ""]) == {
        "pyproject.toml": b"django==5.1\n",
        "sub/package.json": b"{}\n",
    }
    assert snapshot.read_many([]) == {}


def test_a_hundred_manifests_and_the_policy_cost_three_reads(at: Desk) -> None:
    files: dict[str, Content] = {f"services/{n}/pyproject.toml": f"django==5.{n}\n" for n in range(99)}
    name = repository(at, {**files, POLICY: 'mode = "propose"\n', "src/a/__init__.py": "", "src/a/b.py": "x = 1\n"})
    forge = at.forge(name)
    at.github.forget_requests()
    snapshot = forge.snapshot()
    assert snapshot.read_many([POLICY]) == {POLICY: b'mode = "propose"\n'}
    python = frozenset({"src/a/__init__.py", "src/a/b.py"})
    assert snapshot.containing([Search(("# /// script",), python)]) == (Found(frozenset()),)
    assert len(snapshot.read_many(files)) == 99
    assert len(snapshot.read_many(files)) == 99
    assert forge.recent_subjects() == ["Initial commit"]
    assert forge.branches() == {}
    assert forge.listed() == {}
    assert at.counts() == {"reads": 3, "writes": 0}


def test_links_and_submodules(at: Desk) -> None:
    name = repository(
        at,
        {
            "a.txt": "a\n",
            "link": link_to("a.txt"),
            "mod": submodule("1" * 40),
            "run.sh": Special("#!/bin/sh\n"),
        },
    )
    snapshot = at.forge(name).snapshot()
    modes = {entry.path: entry.mode for entry in snapshot.entries()}
    assert modes == {"a.txt": 0o100644, "link": 0o120000, "run.sh": 0o100755}
    assert list(snapshot.read_many(["a.txt", "link", "mod", "run.sh"])) == ["a.txt", "run.sh"]
    commit = str(snapshot.commit)
    by_name = at.forge(name).snapshot(commit)
    assert by_name.read_many(["a.txt", "link", "mod", "run.sh"]) == {"a.txt": b"a\n", "run.sh": b"#!/bin/sh\n"}


def test_every_byte_of_a_file_comes_back(at: Desk) -> None:
    files: dict[str, bytes] = {
        "binary": bytes(range(256)) * 8,
        "latin1.txt": "caf\xe9\n".encode("latin-1"),
        "bom.txt": b"\xef\xbb\xbfx\r\ny\r\n",
        "empty": b"",
        "long.txt": b"0123456789abcdef\n" * 40_000,
        "astral.txt": "\U0001f600\u2028\n".encode(),
    }
    name = repository(at, dict(files))
    forge = at.forge(name)
    assert forge.snapshot().read_many(files) == files
    commit = str(forge.snapshot().commit)
    assert at.forge(name).snapshot(commit).read_many(files) == files


def test_large_files_are_not_asked_for(at: Desk) -> None:
    name = repository(at, {"big.toml": "x" * 5000, "small.toml": "y"})
    snapshot = at.forge(name).snapshot()
    at.github.forget_requests()
    assert snapshot.read_many(["big.toml"], limit=1000) == {"big.toml": TooLarge(5000, 1000)}
    assert at.counts() == {"reads": 0, "writes": 0}
    assert snapshot.read_many(["small.toml", "big.toml"], limit=1000)["small.toml"] == b"y"


def test_contents_are_asked_for_in_batches(at: Desk) -> None:
    files: dict[str, Content] = {f"m{n}/package.json": f'{{"n": {n}}}\n' for n in range(830)}
    name = repository(at, files)
    snapshot = at.forge(name).snapshot()
    at.github.forget_requests()
    assert len(snapshot.read_many(files)) == 830
    assert at.counts() == {"reads": 3, "writes": 0}


def test_a_query_that_takes_github_too_long_is_asked_in_halves(at: Desk) -> None:
    snapshot = at.forge().snapshot()
    at.github.faults.fail(502, times=3, operation="Contents")
    assert len(snapshot.read_many(FILES)) == 3
    at.github.faults.clear()
    at.github.faults.fail(502, times=100, operation="Contents")
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot().read_many(FILES)
    refused(error, "GitHub failed (HTTP 502)", NAME)


def test_a_query_that_costs_github_too_much_is_asked_in_halves(at: Desk) -> None:
    snapshot = at.forge().snapshot()
    said = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
    answer = json.dumps({"data": {"repository": None}, "errors": [said]})
    at.github.faults.garble(answer, operation="Contents")
    at.github.forget_requests()
    assert len(snapshot.read_many(FILES)) == 3
    assert at.counts()["reads"] == 3
    at.github.faults.garble(answer, times=100, operation="Contents")
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot().read_many(FILES)
    refused(error, "GitHub failed", NAME)


def test_a_tree_that_github_cuts_off_is_walked(at: Desk) -> None:
    files: dict[str, Content] = {f"p{n}/q{m}/package.json": f"[{n}, {m}]\n" for n in range(6) for m in range(5)}
    name = repository(at, {**files, "top.txt": "t\n"})
    at.github.world.settings.tree_limit = 12
    snapshot = at.forge(name).snapshot()
    assert [entry.path for entry in snapshot.entries()] == sorted([*map(str, files), "top.txt"])
    assert snapshot.read_many(["p3/q4/package.json"]) == {"p3/q4/package.json": b"[3, 4]\n"}


def test_a_proposal_on_a_tree_that_was_walked(at: Desk) -> None:
    at.github.push(NAME, "main", {f"p{n}/q{m}/x": "x" for n in range(4) for m in range(4)})
    at.github.world.settings.tree_limit = 9
    forge = at.forge()
    commit = new(forge.snapshot().commit, {"p1/q2/x": b"y"})
    assert at.github.files(NAME, head(forge.propose(BRANCH, commit, None)))["p1/q2/x"] == b"y"


def test_a_tree_without_end_is_an_error(at: Desk) -> None:
    name = repository(at, {f"p{n}/{part}": f"{n}{part}" for n in range(302) for part in "ab"})
    at.github.world.settings.tree_limit = 1
    with pytest.raises(GitHubError) as error:
        at.forge(name).snapshot()
    refused(error, "The repository has more files than can be listed", name)


def test_a_folder_that_github_cuts_off_is_an_error(at: Desk) -> None:
    at.github.faults.garble(json.dumps({"sha": "1" * 40, "tree": [], "truncated": True}), times=9, path="git/trees")
    with pytest.raises(GitHubError) as error:
        at.forge().snapshot()
    refused(error, "A folder has more files than GitHub lists", NAME)


def test_a_repository_without_a_commit(at: Desk) -> None:
    at.github.create_repository("acme/empty")
    with pytest.raises(GitHubError) as error:
        at.forge("acme/empty").snapshot()
    refused(error, "There is no commit yet", "acme/empty")


def test_a_snapshot_of_a_branch_a_tag_and_a_commit(at: Desk) -> None:
    old = at.github.head(NAME)
    at.github.tag(NAME, "v1")
    new_head = at.github.push(NAME, "dev", {"pyproject.toml": "django==6\n"})
    forge = at.forge()
    dev, tag, commit = forge.snapshot("dev"), forge.snapshot("v1"), forge.snapshot(new_head)
    assert (dev.commit, dev.branch) == (new_head, "dev")
    assert (tag.commit, tag.branch) == (old, "HEAD")
    assert (commit.commit, commit.branch) == (new_head, "HEAD")
    assert commit.read_many(["pyproject.toml"]) == {"pyproject.toml": b"django==6\n"}
    assert [entry.path for entry in commit.entries()] == sorted(map(str, FILES))
    with pytest.raises(GitHubError) as error:
        forge.snapshot("nowhere")
    refused(error, "There is no commit 'nowhere'")
    at.github.faults.fail(500, times=10, path="/commits/v1")
    with pytest.raises(GitHubError) as failed:
        forge.snapshot("v1")
    refused(failed, "GitHub failed")
    with pytest.raises(ForgeError) as gone:
        forge.snapshot("1" * 40).entries()
    refused(gone, "1" * 40)
    with pytest.raises(ForgeError) as missing:
        forge.snapshot("2" * 40).read_many(["pyproject.toml"])
    refused(missing, "There is no such commit")


def test_the_base_is_the_default_branch_whatever_its_name(at: Desk) -> None:
    at.github.rename_branch(NAME, "main", "trunk/new")
    assert at.forge().snapshot().branch == "trunk/new"


def test_a_force_push_during_the_pass_changes_nothing_that_was_read(at: Desk) -> None:
    forge = at.forge()
    before = forge.snapshot()
    at.github.rewrite(NAME, "main", {"pyproject.toml": "django==9\n"})
    assert before.read_many(["pyproject.toml"]) == {"pyproject.toml": b"django==5.1\n"}
    assert forge.snapshot().commit == before.commit


def test_what_may_hold_a_hint_is_named_where_it_is_worth_reading(at: Desk) -> None:
    script = "# /// script\n# ///\n"
    name = repository(
        at,
        {
            "tool.py": script,
            "plain.py": "x = 1\n",
            "empty.py": "",
            "pkg/__init__.py": "",
            "pkg/inner.py": script,
            "scripts/deep.py": script,
            "scripts/large.py": script + "#" * 70_000,
            "notes.txt": script,
        },
    )
    snapshot = at.forge(name).snapshot()
    at.github.forget_requests()
    candidates = frozenset({"tool.py", "plain.py", "scripts/deep.py"})
    python = frozenset(entry.path for entry in snapshot.entries() if entry.path.endswith(".py"))
    searches = [
        Search(("# /// script", "nothing"), python),
        Search(("# /// script",), frozenset({"notes.txt", "nowhere.txt"})),
        Search((), python),
    ]
    assert snapshot.containing(searches) == (
        Found(frozenset(), candidates),
        Found(frozenset(), frozenset({"notes.txt"})),
        Found(frozenset()),
    )
    assert at.counts() == {"reads": 0, "writes": 0}


def test_the_search_has_a_budget(at: Desk) -> None:
    files: dict[str, Content] = {f"d/{n:03}.py": f"#{n}\n" for n in range(305)}
    name = repository(at, {**files, "z.py": "# needle\n"})
    first = {"z.py", *(f"d/{n:03}.py" for n in range(299))}
    assert searched(at, name) == first
    large: dict[str, Content] = {f"e/{n:02}.py": f"{n}" + "#" * 60_000 for n in range(40)}
    wide = repository(at, {**large, "a.py": "# needle\n"}, "acme/wide")
    near = {"a.py", *(f"e/{n:02}.py" for n in range(34))}
    assert searched(at, wide) == near


def searched(at: Desk, name: str) -> frozenset[str]:
    snapshot = at.forge(name).snapshot()
    (found,) = snapshot.containing([Search(("needle",), frozenset(entry.path for entry in snapshot.entries()))])
    return found.unread


@pytest.mark.parametrize("content", ["abc", "eA==", "plain"])
def test_content_that_is_not_what_was_asked_for(at: Desk, content: str) -> None:
    name = repository(at, {"binary": b"\0"})
    encoding = "utf-8" if content == "plain" else "base64"
    at.github.faults.garble(json.dumps({"content": content, "encoding": encoding}), path="git/blobs")
    with pytest.raises(GitHubError) as error:
        at.forge(name).snapshot().read_many(["binary"])
    refused(error, "other content than was asked for")


def test_a_few_listings_are_kept(at: Desk) -> None:
    commits = [at.github.push(NAME, "dev", {"n": str(n)}) for n in range(6)]
    forge = at.forge()
    base = forge.snapshot()
    for commit in commits:
        assert len(forge.snapshot(commit).entries()) == 4
    at.github.forget_requests()
    assert forge.touched(commits[4], commits[5]) == {"n"}
    assert forge.touched(str(base.commit), commits[5]) == {"n"}
    assert at.counts()["reads"] == 0


def test_unsound_names_are_left_out(at: Desk) -> None:
    name = repository(at, {"ok.txt": "x", "a\\b.txt": "y", "tab\there.txt": "z"})
    paths = [entry.path for entry in at.forge(name).snapshot().entries()]
    assert paths == ["a\\b.txt", "ok.txt", "tab\there.txt"]


# --- history ---------------------------------------------------------------------------------------


def test_subjects_without_merges(at: Desk) -> None:
    at.github.push(NAME, "feature", {"f": "1"}, message="fix: one thing\n\nwords")
    pull = at.github.open_pull(NAME, "feature")
    at.github.push(NAME, "main", {"g": "1"}, message="chore: other")
    at.github.merge_pull(NAME, pull.number)
    subjects = at.forge().recent_subjects()
    assert sorted(subjects) == ["chore: other", "feat: start", "fix: one thing"]
    assert len(at.forge().recent_subjects(2)) == 2


def test_what_differs_between_commits(at: Desk) -> None:
    base = str(at.github.head(NAME))
    ahead = at.github.push(NAME, "dev", {"pyproject.toml": "django==6\n", "new/file": "x"})
    aside = at.github.push(NAME, "main", {"README.md": None, "README.rst": "words\n"})
    forge = at.forge()
    at.github.forget_requests()
    assert forge.touched(base, ahead) == {"pyproject.toml", "new/file"}
    assert forge.touched(base, base) == frozenset()
    assert forge.changed(base, ahead, ["new/file"])
    assert not forge.changed(base, ahead, ["README.md"])
    assert not forge.changed(base, base, ["README.md"])
    assert forge.is_ancestor(base, ahead)
    assert forge.is_ancestor(base, base)
    assert at.counts()["reads"] == 1
    assert forge.touched(base, aside) == {"README.md", "README.rst"}
    assert forge.touched(ahead, aside) == {"pyproject.toml", "new/file", "README.md", "README.rst"}
    assert forge.touched(ahead, base) == {"pyproject.toml", "new/file"}
    assert not forge.is_ancestor(ahead, base)
    assert not forge.is_ancestor(ahead, aside)


def test_more_files_than_a_comparison_names(at: Desk) -> None:
    base = str(at.github.head(NAME))
    many = {f"f/{n}": "x" for n in range(320)}
    ahead = at.github.push(NAME, "main", dict(many))
    assert at.forge().touched(base, ahead) == set(many)


def test_commits_that_are_not_there(at: Desk) -> None:
    base = str(at.github.head(NAME))
    forge = at.forge()
    assert not forge.is_ancestor("1" * 40, base)
    with pytest.raises(GitHubError):
        forge.touched("1" * 40, base)
    with pytest.raises(ForgeError) as error:
        forge.is_ancestor("main", base)
    refused(error, "That is no commit", "'main'")
    with pytest.raises(ForgeError):
        forge.touched(base, "../../../user")


def test_histories_with_nothing_in_common(at: Desk) -> None:
    base = str(at.github.head(NAME))
    alone = at.github.rewrite(NAME, "island", {"x": "1"})
    forge = at.forge()
    assert not forge.is_ancestor(base, alone)
    assert forge.touched(base, alone) == {"x", *map(str, FILES)}


def test_a_diff_for_people(at: Desk) -> None:
    base = str(at.github.head(NAME))
    forge = at.forge()
    pushed = head(forge.propose(BRANCH, django(forge), None))
    expected = "--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -1 +1 @@\n-django==5.1\n+django==5.2\n"
    assert forge.diff(base, pushed).endswith(expected)
    assert forge.diff(None, pushed) == forge.diff(base, pushed)
    fresh = at.forge()
    assert fresh.diff(None, pushed) == forge.diff(base, pushed)
    with pytest.raises(GitHubError) as error:
        fresh.diff(None, base)
    refused(error, "nothing to be compared with")
    added = at.github.push(NAME, "main", {"new.txt": "n\n", "huge": "z" * 17 * 1024 * 1024})
    text = at.forge().diff(None, added)
    assert "new file mode 100644" in text
    assert "huge b/huge\n(too large to be shown)" in text


# --- branches --------------------------------------------------------------------------------------


def test_the_branches_of_the_bot(at: Desk) -> None:
    base = at.github.head(NAME)
    tip = at.github.push(NAME, "freshline/npm/react", {"a": "1"}, message="Bump\n\nFreshline: npm/react@19")
    at.github.push(NAME, "freshlined", {"a": "2"})
    at.github.push(NAME, "release/1.0", {"a": "3"})
    forge = at.forge()
    branch = forge.branches()["freshline/npm/react"]
    assert list(forge.branches()) == ["freshline/npm/react"]
    assert (branch.head, branch.parent, branch.trailers) == (tip, base, ("npm/react@19",))
    assert branch.author_email == at.github.world.account("maintainer").email
    assert len(branch.tree) == 40
    assert list(forge.branches("freshline/npm/react")) == ["freshline/npm/react"]
    assert list(forge.branches("release/")) == ["release/1.0"]
    assert list(forge.branches("fresh")) == ["freshline/npm/react", "freshlined"]


def test_a_merge_at_the_head_has_no_single_parent(at: Desk) -> None:
    at.github.push(NAME, BRANCH, {"a": "1"})
    at.github.push(NAME, "side", {"b": "1"})
    pull = at.github.open_pull(NAME, "side", base=BRANCH)
    at.github.merge_pull(NAME, pull.number)
    assert at.forge().branches()[BRANCH].parent is None


def many_branches(at: Desk, count: int) -> None:
    sha = at.github.head(NAME)
    lines = "".join(f"create refs/heads/freshline/pypi/p{n:04} {sha}\n" for n in range(count))
    folder = str(at.github.git_folder(NAME))
    subprocess.run(["git", "-C", folder, "update-ref", "--stdin"], input=lines.encode(), check=True)


def test_more_branches_than_can_be(at: Desk) -> None:
    many_branches(at, 1001)
    with pytest.raises(GitHubError) as error:
        at.forge().branches()
    refused(error, "too many branches", "Remove old ones")


def test_more_branches_than_come_at_once(at: Desk) -> None:
    many_branches(at, 205)
    forge = at.forge()
    at.github.forget_requests()
    assert len(forge.branches()) == 205
    assert at.counts() == {"reads": 5, "writes": 0}


def test_a_renamed_repository_is_found_by_its_old_name(at: Desk) -> None:
    at.github.rename_repository(NAME, "store")
    forge = at.forge()
    assert forge.repository == NAME
    assert head(forge.propose(BRANCH, django(forge), None)) == at.github.head("acme/store", BRANCH)
    assert all("/repos/acme/shop" not in one.path for one in at.github.requests if one.caller != "app")

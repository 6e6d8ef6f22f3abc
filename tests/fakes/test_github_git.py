from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.github import Special, link_to, submodule
from tests.fakes.github.gitrepo import GitError, GitRepository, Signature, environment, valid_ref
from tests.fakes.github.probe import FILES, SHOP, Probe, probing


@pytest.fixture
def probe() -> Iterator[Probe]:
    with probing() as one:
        yield one


def git(folder: Path, *arguments: str) -> str:
    run = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=environment())
    return run.stdout.decode()


def test_it_is_a_repository_that_git_itself_can_check_and_clone(probe: Probe, tmp_path: Path) -> None:
    probe.branch("freshline/x", {"src/new.py": "new = 1\n"})
    folder = probe.github.git_folder(SHOP)
    assert git(folder, "fsck", "--strict").strip() in {"", "notice: HEAD points to an unborn branch (master)"}
    git(tmp_path, "clone", "-q", str(folder), "copy")
    assert (tmp_path / "copy/src/shop.py").read_text() == FILES["src/shop.py"]
    bot = probe.github.app.bot
    assert git(folder, "log", "--format=%an <%ae> %s", "freshline/x").splitlines() == [
        f"freshline[bot] <{bot.id}+freshline[bot]@users.noreply.github.com> feat: change",
        "maintainer <maintainer@example.com> Initial commit",
    ]


def test_the_same_actions_give_the_same_commits() -> None:
    heads = []
    for _ in range(2):
        with probing() as probe:
            probe.pull()
            heads.append(probe.github.branches(SHOP))
    assert heads[0] == heads[1]


def test_ref_life(probe: Probe) -> None:
    first = probe.github.head(SHOP)
    second = probe.branch("freshline/a", {"a": "1"})
    assert probe.get("git/ref/heads/freshline/a")["object"] == {
        "type": "commit",
        "sha": second,
        "url": f"{probe.github.api_url}/repos/{SHOP}/git/commits/{second}",
    }
    probe.get("git/ref/heads/freshline", status=404)
    found = probe.get("git/matching-refs/heads/freshline/")
    assert [one["ref"] for one in found] == ["refs/heads/freshline/a"]
    answer = probe.post("git/refs", {"ref": "refs/heads/freshline/a", "sha": second}, status=422)
    assert answer["message"] == "Reference already exists"
    answer = probe.patch("git/refs/heads/freshline/a", {"sha": first}, status=422)
    assert answer["message"] == "Update is not a fast forward"
    probe.patch("git/refs/heads/freshline/a", {"sha": first, "force": True})
    assert probe.github.head(SHOP, "freshline/a") == first
    probe.delete("git/refs/heads/freshline/a")
    assert probe.github.head(SHOP, "freshline/a") is None
    assert probe.delete("git/refs/heads/freshline/a", status=422)["message"] == "Reference does not exist"
    assert probe.patch("git/refs/heads/no", {"sha": first}, status=422)["message"] == "Reference does not exist"


@pytest.mark.parametrize(
    ("ref", "sha", "message"),
    [
        ("refs/heads/a..b", None, "refs/heads/a..b is not a valid ref name."),
        ("main2", None, "main2 is not a valid ref name."),
        ("refs/heads/x", "1" * 40, "Object does not exist"),
        ("refs/heads/x", "abc", "The sha parameter must be exactly 40 characters and contain only [0-9a-f]."),
        ("refs/heads/main/below", None, "Reference cannot be created"),
    ],
)
def test_refs_that_cannot_be(probe: Probe, ref: str, sha: str | None, message: str) -> None:
    sha = sha or probe.github.head(SHOP)
    assert probe.post("git/refs", {"ref": ref, "sha": sha}, status=422)["message"] == message


def test_deleting_the_default_branch_is_refused(probe: Probe) -> None:
    assert probe.delete("git/refs/heads/main", status=422)["message"].startswith("Cannot delete")


def test_trees(probe: Probe) -> None:
    whole = probe.get("git/trees/main?recursive=1")
    assert [(one["path"], one["type"]) for one in whole["tree"]] == [
        ("README.md", "blob"),
        ("pyproject.toml", "blob"),
        ("src", "tree"),
        ("src/shop.py", "blob"),
    ]
    assert whole["truncated"] is False
    assert len(probe.get("git/trees/main")["tree"]) == 3
    probe.get("git/trees/" + "1" * 40, status=404)
    probe.github.world.settings.tree_limit = 2
    cut = probe.get("git/trees/main?recursive=1")
    assert (len(cut["tree"]), cut["truncated"]) == (2, True)


def test_a_tree_takes_files_away_and_drops_empty_folders(probe: Probe) -> None:
    blob = probe.post("git/blobs", {"content": base64.b64encode(b"\0\1").decode(), "encoding": "base64"})["sha"]
    body = {
        "base_tree": probe.github.head(SHOP),
        "tree": [
            {"path": "src/shop.py", "mode": "100644", "type": "blob", "sha": None},
            {"path": "bin/run", "mode": "100755", "type": "blob", "sha": blob},
        ],
    }
    sha = probe.post("git/trees", body)["sha"]
    found = probe.get(f"git/trees/{sha}?recursive=true")["tree"]
    assert [(one["path"], one["mode"]) for one in found] == [
        ("README.md", "100644"),
        ("bin", "040000"),
        ("bin/run", "100755"),
        ("pyproject.toml", "100644"),
    ]
    assert base64.b64decode(probe.get(f"git/blobs/{blob}")["content"]) == b"\0\1"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": "../x", "mode": "100644", "content": ""}, "tree.path contains a malformed path component"),
        ({"path": "x", "mode": "100644", "sha": "1" * 40}, f"tree.sha {'1' * 40} is not a valid blob"),
        ({"path": "x", "mode": "100644"}, "Must supply either tree.sha or tree.content"),
    ],
)
def test_trees_that_cannot_be(probe: Probe, entry: dict[str, str], message: str) -> None:
    assert probe.post("git/trees", {"tree": [entry]}, status=422)["message"] == message


def test_commits_of_an_app_are_signed_unless_they_name_someone(probe: Probe) -> None:
    tree, parent = probe.get("git/trees/main")["sha"], probe.github.head(SHOP)
    body = {"message": "x", "tree": tree, "parents": [parent]}
    mine = probe.post("git/commits", body)
    assert mine["author"]["name"] == mine["committer"]["name"] == "freshline[bot]"
    assert mine["verification"]["verified"] is True
    named = probe.post("git/commits", {**body, "author": {"name": "A", "email": "a@example.com"}})
    assert (named["author"]["name"], named["verification"]["verified"]) == ("A", False)
    assert probe.get(f"git/commits/{named['sha']}")["committer"]["name"] == "A"
    assert probe.get(f"commits/{mine['sha']}")["author"]["login"] == "freshline[bot]"
    missing = {**body, "parents": ["1" * 40]}
    assert "Parent SHA" in probe.post("git/commits", missing, status=422)["message"]
    assert probe.post("git/commits", {**body, "tree": parent}, status=422)["message"] == "Tree SHA does not exist"


def test_links_submodules_and_executables(probe: Probe) -> None:
    files = {"link": link_to("/etc/passwd"), "module": submodule("2" * 40), "run": Special("#!/bin/sh\n")}
    probe.github.create_repository("acme/odd", files)
    found = probe.get("/repos/acme/odd/git/trees/main?recursive=1")["tree"]
    assert {one["path"]: (one["mode"], one["type"]) for one in found} == {
        "link": ("120000", "blob"),
        "module": ("160000", "commit"),
        "run": ("100755", "blob"),
    }
    assert probe.get("/repos/acme/odd/contents/link")["target"] == "/etc/passwd"
    assert probe.get("/repos/acme/odd/contents/module")["type"] == "submodule"
    assert probe.github.files("acme/odd").keys() == {"link", "run"}


def test_an_empty_repository_says_so(probe: Probe) -> None:
    probe.github.create_repository("acme/empty")
    for path in ("git/ref/heads/main", "git/trees/main", "commits"):
        assert probe.get(f"/repos/acme/empty/{path}", status=409)["message"] == "Git Repository is empty."
    assert probe.get("/repos/acme/empty")["size"] == 0


def test_contents(probe: Probe) -> None:
    assert {one["name"] for one in probe.get("contents/")} == {"README.md", "pyproject.toml", "src"}
    assert [one["path"] for one in probe.get("contents/src")] == ["src/shop.py"]
    found = probe.get("contents/src/shop.py?ref=main")
    assert base64.b64decode(found["content"]).decode() == FILES["src/shop.py"]
    probe.get("contents/nothing", status=404)
    probe.get("contents/README.md?ref=nothing", status=404)
    text = base64.b64encode(b"new\n").decode()
    made = probe.put("contents/src/new.py", {"message": "feat: new", "content": text}, status=201)
    assert made["commit"]["verification"]["verified"] is True
    sha = made["content"]["sha"]
    refused = probe.put("contents/src/new.py", {"message": "x", "content": text, "sha": "3" * 40}, status=409)
    assert refused["message"] == f"src/new.py does not match {'3' * 40}"
    probe.put("contents/src/new.py", {"message": "x", "content": text}, status=422)
    probe.put("contents/src/new.py", {"message": "fix: it", "content": base64.b64encode(b"2").decode(), "sha": sha})
    assert probe.github.files(SHOP)["src/new.py"] == b"2"
    sha = probe.get("contents/src/new.py")["sha"]
    probe.delete("contents/src/new.py", status=200, body={"message": "chore: away", "sha": sha})
    assert "src/new.py" not in probe.github.files(SHOP)


def test_a_large_file_has_no_content_but_its_blob_has(probe: Probe) -> None:
    probe.github.push(SHOP, "main", {"big": "x" * 1_000_001})
    told = probe.get("contents/big")
    assert (told["encoding"], told["content"], told["size"]) == ("none", "", 1_000_001)
    assert probe.get(f"git/blobs/{told['sha']}")["size"] == 1_000_001


def test_history_and_comparison(probe: Probe) -> None:
    first = probe.github.head(SHOP)
    probe.github.clock.advance(60)
    second = probe.github.push(SHOP, "main", {"src/shop.py": "print(2)\n", "blob": b"\0bin"}, message="feat: two")
    probe.github.push(SHOP, "side", {"side": "1\n"}, start=str(first))
    assert [one["sha"] for one in probe.get("commits")] == [second, first]
    assert [one["sha"] for one in probe.get("commits?path=README.md")] == [first]
    assert [one["sha"] for one in probe.get("commits?since=2026-03-02T09:00:30Z")] == [second]
    assert [one["sha"] for one in probe.get(f"commits?until=2026-03-02T09:00:30Z&sha={second}")] == [first]
    probe.get("commits?sha=nothing", status=404)
    told = probe.get("commits/main")
    assert [(one["filename"], one["status"], "patch" in one) for one in told["files"]] == [
        ("blob", "added", False),
        ("src/shop.py", "modified", True),
    ]
    assert told["stats"] == {"total": 2, "additions": 1, "deletions": 1}
    assert probe.get("commits/nothing", status=422)["message"] == "No commit found for SHA: nothing"
    compared = probe.get("compare/side...main")
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 1, 1)
    assert compared["merge_base_commit"]["sha"] == first
    assert probe.get(f"compare/{first}...main")["status"] == "ahead"
    assert probe.get(f"compare/main...{first}")["status"] == "behind"
    assert probe.get("compare/main...main")["status"] == "identical"
    probe.get("compare/main...nothing", status=404)
    assert probe.get(f"commits/{second[:9]}")["sha"] == second


def test_branch_merges(probe: Probe) -> None:
    probe.github.push(SHOP, "side", {"side": "1\n"})
    merged = probe.post("merges", {"base": "main", "head": "side"})
    assert [one["sha"] for one in merged["parents"]][1] == probe.github.head(SHOP, "side")
    probe.ask("POST", "merges", {"base": "main", "head": "side"}).raise_for_status()
    first = probe.github.head(SHOP)
    probe.github.push(SHOP, "main", {"README.md": "ours\n"})
    probe.github.push(SHOP, "theirs", {"README.md": "theirs\n"}, start=str(first))
    assert probe.post("merges", {"base": "main", "head": "theirs"}, status=409)["message"] == "Merge conflict"
    assert probe.post("merges", {"base": "none", "head": "main"}, status=404)["message"] == "Base does not exist"


def test_tags_and_releases(probe: Probe) -> None:
    probe.github.tag(SHOP, "v1")
    git(
        probe.github.git_folder(SHOP),
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        "tag",
        "-a",
        "-m",
        "two",
        "v2",
        "main",
    )
    assert [one["name"] for one in probe.get("tags")] == ["v2", "v1"]
    assert {one["commit"]["sha"] for one in probe.get("tags")} == {probe.github.head(SHOP)}
    assert probe.get("git/ref/tags/v2")["object"]["type"] == "tag"
    probe.github.release(SHOP, "v1", body="notes")
    made = probe.post("releases", {"tag_name": "v3", "draft": True})
    assert probe.get("releases/tags/v1")["body"] == "notes"
    assert probe.get("releases/latest")["tag_name"] == "v1"
    assert [one["tag_name"] for one in probe.get("releases")] == ["v3", "v1"]
    assert probe.get(f"releases/{made['id']}")["draft"] is True
    probe.get("releases/tags/v3", status=404)


def test_packed_refs_and_objects_of_git_itself_are_read(probe: Probe, tmp_path: Path) -> None:
    folder = probe.github.git_folder(SHOP)
    git(tmp_path, "clone", "-q", str(folder), "copy")
    copy = tmp_path / "copy"
    (copy / "pushed").write_text("by git\n")
    git(copy, "add", ".")
    git(copy, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "pushed")
    git(copy, "push", "-q", "origin", "HEAD:refs/heads/outside")
    git(folder, "pack-refs", "--all")
    git(folder, "repack", "-adq")
    assert probe.github.files(SHOP, "outside")["pushed"] == b"by git\n"
    probe.github.delete_branch(SHOP, "outside")
    assert "outside" not in probe.github.branches(SHOP)


def test_signatures_survive_writing_and_reading() -> None:
    line = "Ann <ann@example.com> 1700000000 -0330"
    assert str(Signature.parse(line)) == line


@pytest.mark.parametrize(
    "name", ["refs/heads/a b", "refs/heads/.a", "refs/heads/a.lock", "heads/a", "refs/heads/a//b", "refs/heads/../../x"]
)
def test_names_that_are_no_refs(name: str) -> None:
    assert not valid_ref(name)


def test_git_errors_are_told(tmp_path: Path) -> None:
    repository = GitRepository(tmp_path / "x.git")
    repository.init("main")
    with pytest.raises(GitError, match="no commit"):
        repository.known_commit("1" * 40)
    with pytest.raises(GitError, match="git cat-file"):
        repository.git("cat-file", "-p", "nothing")

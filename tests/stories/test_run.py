"""From a repository to its branches, as a person would do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.registry import Reply
from tests.stories.conftest import Desk, git, versions

REQUIREMENTS = "alpha==1.0\nbeta>=1,<2  # why\ngamma==3.1.4\n"


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.registry.pypi("alpha", versions("1.0", "1.1"))
    desk.registry.pypi("beta", versions("1.0", "1.5", "2.3.1"))
    desk.registry.pypi("gamma", versions("3.1.4"))
    desk.registry.npm("left-pad", versions("1.0.0", "1.3.0"))
    desk.write({"requirements.txt": REQUIREMENTS, "web/package.json": '{"dependencies": {"left-pad": "1.0.0"}}'})
    return desk


def state_of(desk: Desk) -> tuple[str, str, bytes, str]:
    index = (desk.repository / ".git" / "index").read_bytes()
    return desk.git("status", "--porcelain"), desk.git("rev-parse", "HEAD"), index, desk.git("symbolic-ref", "HEAD")


def test_each_update_becomes_one_branch_with_one_commit(shop: Desk) -> None:
    before = state_of(shop)
    shop.run()
    assert set(shop.branches()) == {"freshline/pypi/alpha", "freshline/pypi/beta", "freshline/npm/left-pad"}
    assert shop.show("freshline/pypi/alpha", "requirements.txt") == REQUIREMENTS.replace("1.0", "1.1", 1)
    assert shop.show("freshline/pypi/beta", "requirements.txt") == REQUIREMENTS.replace(">=1,<2", ">=1,<3")
    assert shop.show("freshline/npm/left-pad", "web/package.json") == '{"dependencies": {"left-pad": "1.3.0"}}'
    for branch in shop.branches():
        assert shop.git("rev-list", "--count", f"main..{branch}").strip() == "1"
    assert state_of(shop) == before


def test_the_commit_says_what_moved_and_by_whom(shop: Desk) -> None:
    shop.run()
    message = shop.git("log", "-1", "--format=%an <%ae>%n%B", "freshline/pypi/alpha")
    assert message.splitlines() == [
        "Freshline <freshline@users.noreply.github.com>",
        "Bump alpha from 1.0 to 1.1",
        "",
        "requirements.txt: ==1.0 -> ==1.1",
        "",
        "Freshline: pypi/alpha@1.1",
        "",
    ]


def test_running_again_changes_nothing(shop: Desk) -> None:
    shop.run()
    branches, objects = shop.branches(), shop.git("count-objects")
    assert "3 unchanged" in shop.run()
    assert (shop.branches(), shop.git("count-objects")) == (branches, objects)


def test_a_newer_release_moves_the_same_branch(shop: Desk) -> None:
    shop.run()
    before = shop.branches()
    shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    out = shop.run()
    assert "1 moved, 2 unchanged" in out
    assert shop.show("freshline/pypi/alpha", "requirements.txt").startswith("alpha==1.2\n")
    assert {b for b in before if before[b] != shop.branches()[b]} == {"freshline/pypi/alpha"}
    assert shop.git("rev-list", "--count", "main..freshline/pypi/alpha").strip() == "1"


def test_neighbouring_lines_are_rebuilt_when_one_lands(shop: Desk) -> None:
    shop.run()
    shop.git("merge", "-q", "--no-edit", "freshline/pypi/alpha")
    out = shop.run()
    assert "freshline/pypi/alpha" not in shop.branches()
    assert "landed      freshline/pypi/alpha" in out
    rebuilt = shop.show("freshline/pypi/beta", "requirements.txt")
    assert rebuilt == REQUIREMENTS.replace("alpha==1.0", "alpha==1.1").replace(">=1,<2", ">=1,<3")
    shop.git("merge", "-q", "--no-edit", "freshline/pypi/beta")  # no conflict
    assert "unchanged   freshline/npm/left-pad" in out


def test_a_branch_that_someone_committed_to_is_left_alone(shop: Desk) -> None:
    shop.run()
    shop.git("checkout", "-q", "freshline/pypi/alpha")
    shop.write({"notes.txt": "mine"}, "my own work")
    shop.git("checkout", "-q", "main")
    mine = shop.branches()["freshline/pypi/alpha"]
    shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert "left alone  freshline/pypi/alpha" in shop.run()
    assert shop.branches()["freshline/pypi/alpha"] == mine


def test_a_branch_of_that_name_that_was_never_ours_is_left_alone(shop: Desk) -> None:
    shop.git("branch", "freshline/pypi/alpha")
    theirs = shop.branches()["freshline/pypi/alpha"]
    assert "left alone  freshline/pypi/alpha" in shop.run()
    assert shop.branches()["freshline/pypi/alpha"] == theirs


def test_a_checked_out_branch_is_left_alone(shop: Desk) -> None:
    shop.run()
    shop.git("checkout", "-q", "freshline/pypi/alpha")
    shop.git("checkout", "-q", "main")
    shop.git("worktree", "add", "-q", str(shop.home / "tree"), "freshline/pypi/alpha")
    before = shop.branches()
    shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert "left alone  freshline/pypi/alpha" in shop.run()
    assert shop.branches() == before


def test_a_lost_store_is_made_up_from_the_commits(shop: Desk) -> None:
    shop.run()
    before = shop.branches()
    out = shop.run(XDG_STATE_HOME=str(shop.home / "another"))
    assert "3 unchanged" in out
    assert shop.branches() == before


def test_a_registry_that_is_down_closes_nothing(shop: Desk) -> None:
    shop.run()
    before = shop.branches()
    shop.registry.reply("/simple/alpha/", Reply(403))
    out = shop.run()
    assert shop.branches() == before
    assert "2 unchanged" in out
    scanned = {d["name"]: d for d in shop.scan()["dependencies"]}
    assert scanned["alpha"]["skip"]["reason"] == "registry_unavailable"
    assert scanned["beta"]["update"]["version"] == "2.3.1"


def test_an_update_made_by_hand_retires_its_branch(shop: Desk) -> None:
    shop.run()
    shop.write({"requirements.txt": REQUIREMENTS.replace("alpha==1.0", "alpha==1.1")}, "by hand")
    assert "superseded  freshline/pypi/alpha" in shop.run()
    assert "freshline/pypi/alpha" not in shop.branches()


def test_a_dry_run_prints_the_diffs_and_writes_nothing(shop: Desk) -> None:
    answer = shop.freshline("run", str(shop.repository), "--dry-run")
    assert answer.code == 0
    assert shop.branches() == {}
    assert "-alpha==1.0\n+alpha==1.1\n" in answer.out
    assert "nothing was written" in answer.out
    assert "Nothing has been proposed yet" in shop.freshline("status").out


def test_observing_writes_nothing(shop: Desk) -> None:
    shop.write({".github/freshline.toml": 'mode = "observe"\n'})
    assert "only observes" in shop.run()
    assert shop.branches() == {}


def test_a_bare_repository_and_an_address(shop: Desk, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(shop.repository), str(bare))
    assert "3 created" in shop.freshline("run", str(bare)).out
    assert "freshline/pypi/alpha" in git(bare, "branch", "--list", "freshline/*")
    assert "3 created" in shop.freshline("run", f"file://{bare}").out
    assert "3 unchanged" in shop.freshline("run", f"file://{bare}").out


def test_a_conventional_history_is_followed(shop: Desk) -> None:
    for number in range(3):
        shop.write({f"{number}.txt": ""}, f"feat: step {number}")
    shop.run()
    subject = shop.git("log", "-1", "--format=%s", "freshline/pypi/beta").strip()
    assert subject == "build(deps): update beta requirement from >=1,<2 to >=1,<3"


def test_policy_groups_ignores_and_waits(shop: Desk) -> None:
    policy = """
    [[rules]]
    match = { registry = "pypi" }
    group = "python"
    [[ignore]]
    name = "left-pad"
    reason = "it is fine as it is"
    """
    shop.write({".github/freshline.toml": policy})
    shop.run()
    assert set(shop.branches()) == {"freshline/group/application/python"}
    both = shop.show("freshline/group/application/python", "requirements.txt")
    assert both == REQUIREMENTS.replace("alpha==1.0", "alpha==1.1").replace(">=1,<2", ">=1,<3")
    skip = next(d["skip"] for d in shop.scan()["dependencies"] if d["name"] == "left-pad")
    assert skip == {"reason": "ignored", "detail": "it is fine as it is", "candidate": None}


def test_a_policy_that_cannot_be_read_is_said_and_the_rest_goes_on(shop: Desk) -> None:
    shop.write({".github/freshline.toml": 'minimum_age = "soon"\n'})
    out = shop.run()
    assert "! .github/freshline.toml:" in out
    assert "3 created" in out


def test_split_majors_have_a_branch_of_their_own(shop: Desk) -> None:
    shop.registry.pypi("alpha", versions("1.0", "1.1", "2.0"))
    shop.write({".github/freshline.toml": 'major = "split"\n'})
    shop.run()
    assert shop.show("freshline/pypi/alpha", "requirements.txt").startswith("alpha==1.1\n")
    assert shop.show("freshline/pypi/alpha.major", "requirements.txt").startswith("alpha==2.0\n")


def test_a_release_that_is_too_young_waits_and_an_older_one_is_taken(shop: Desk) -> None:
    young = datetime.now(UTC) - timedelta(hours=5)
    shop.registry.pypi("alpha", {**versions("1.0", "1.1"), "1.2": {"published": young}})
    shop.registry.pypi("gamma", {**versions("3.1.4"), "3.2.0": {"published": young}})
    found = {d["name"]: d for d in shop.scan()["dependencies"]}
    assert found["alpha"]["update"]["version"] == "1.1"
    assert found["alpha"]["update"]["reasons"][0].startswith("1.2 waits: published ")
    assert (found["gamma"]["skip"]["reason"], found["gamma"]["skip"]["candidate"]) == ("too_young", "3.2.0")


def test_a_lock_file_is_waited_for(shop: Desk) -> None:
    lock = '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/left-pad": {"version": "1.0.0"}}}'
    shop.write({"web/package-lock.json": lock})
    shop.run()
    skip = next(d["skip"] for d in shop.scan()["dependencies"] if d["name"] == "left-pad")
    assert (skip["reason"], skip["candidate"]) == ("lock_not_refreshed", "1.3.0")
    assert "freshline/npm/left-pad" not in shop.branches()


def test_an_index_that_the_operator_does_not_know_is_never_asked(shop: Desk) -> None:
    shop.write({"requirements.txt": "--index-url https://index.example/simple\nalpha==1.0\n"})
    requests = len(shop.registry.requests)
    skip = next(d["skip"] for d in shop.scan()["dependencies"] if d["name"] == "alpha")
    assert skip["reason"] == "unknown_registry"
    assert "index.example" in skip["detail"]
    assert not [r for r in shop.registry.requests[requests:] if "alpha" in r.path]


def test_a_folder_without_git_can_be_scanned(desk: Desk, tmp_path: Path) -> None:
    desk.registry.pypi("alpha", versions("1.0", "1.1"))
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "requirements.txt").write_text("alpha==1.0\n")
    found = desk.freshline("scan", str(folder), "--format", "json").json()
    assert found["commit"] is None
    assert found["dependencies"][0]["update"]["version"] == "1.1"


def test_an_unreadable_lock_file_keeps_its_manifest_where_it_is(shop: Desk) -> None:
    shop.write({"web/package-lock.json": "<<<<<<< HEAD\n"})
    found = shop.scan()
    skip = next(d["skip"] for d in found["dependencies"] if d["name"] == "left-pad")
    assert (skip["reason"], skip["candidate"]) == ("lock_not_refreshed", "1.3.0")
    assert [s["path"] for s in found["skipped_files"]] == ["web/package-lock.json"]


def test_a_branch_whose_release_needs_a_newer_runtime_now_is_retired(shop: Desk) -> None:
    shop.run()
    newer = {"1.1": {"requires_python": ">=3.13"}}
    listed = versions("1.0", "1.1")
    listed["1.1"] |= newer["1.1"]
    shop.registry.pypi("alpha", listed)
    shop.write({".python-version": "3.9\n"})
    assert "superseded  freshline/pypi/alpha" in shop.run()
    skip = next(d["skip"] for d in shop.scan()["dependencies"] if d["name"] == "alpha")
    assert (skip["reason"], skip["detail"]) == ("needs_runtime", "needs python >=3.13; .python-version declares 3.9")


def test_a_marker_narrows_the_runtime_and_is_named(shop: Desk) -> None:
    listed = versions("1.0", "1.1")
    listed["1.1"]["requires_python"] = ">=3.10"
    shop.registry.pypi("alpha", listed)
    shop.write({"requirements.txt": 'alpha==1.0 ; python_version < "3.9"\n'})
    skip = next(d["skip"] for d in shop.scan()["dependencies"] if d["name"] == "alpha")
    assert skip["detail"] == 'needs python >=3.10; its marker says python_version < "3.9"'


def test_a_catalog_takes_the_version_that_its_followers_were_locked_to(shop: Desk) -> None:
    shop.registry.npm("lodash", versions("3.10.0", "3.10.1", "4.18.1"))
    lock = (
        "lockfileVersion: '9.0'\ncatalogs:\n  default:\n    lodash:\n      specifier: ~3.10.0\n      version: 3.10.0\n"
        "importers:\n  .:\n    dependencies:\n      lodash:\n        specifier: 4.18.1\n        version: 4.18.1\n"
        "  packages/a:\n    dependencies:\n      lodash:\n        specifier: 'catalog:'\n        version: 3.10.0\n"
        "packages:\n  lodash@3.10.0:\n    resolution: {integrity: x}\n"
    )
    shop.write(
        {
            "pnpm-workspace.yaml": "packages: [packages/*]\ncatalog:\n  lodash: ~3.10.0\n",
            "package.json": '{"private": true, "dependencies": {"lodash": "4.18.1"}}',
            "packages/a/package.json": '{"private": true, "dependencies": {"lodash": "catalog:"}}',
            "pnpm-lock.yaml": lock,
        }
    )
    found = {d["path"]: d["current"] for d in shop.scan()["dependencies"] if d["name"] == "lodash"}
    assert found == {"package.json": "4.18.1", "packages/a/package.json": "3.10.0", "pnpm-workspace.yaml": "3.10.0"}

"""What stories don't reach: other people's commits, races, killed runs, policy that can't be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import ProposalStatus, Store
from tests.fakes.registry import FakeRegistry
from tests.stories.conftest import Desk, git, versions

ALPHA = "freshline/pypi/alpha"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    repository = tmp_path / "shop"
    repository.mkdir()
    git(repository, "-c", "init.defaultBranch=main", "init", "-q")
    with FakeRegistry() as registry:
        registry.pypi("alpha", versions("1.0", "1.1"))
        registry.pypi("beta", versions("1.0", "1.1"))
        desk = Desk(repository, registry, tmp_path / "home")
        desk.write({"requirements.txt": "alpha==1.0\n\n\n\n\nbeta==1.0\n", "app.py": "x = 1\n"})
        yield desk


def on_branch(desk: Desk, branch: str, files: dict[str, str], *arguments: str) -> str:
    """Someone commits to a branch; its new head."""
    desk.git("checkout", "-q", branch)
    for name, text in files.items():
        (desk.repository / name).write_text(text)
    desk.git("commit", "-qa", *arguments)
    desk.git("checkout", "-q", "main")
    return desk.branches()[branch]


def store(desk: Desk) -> Store:
    return Store.open(f"sqlite:///{desk.home}/state/freshline/freshline.db")


def statuses(desk: Desk) -> dict[str, list[str]]:
    with store(desk) as kept:
        found: dict[str, list[str]] = {}
        for record in kept.proposals().all():
            found.setdefault(record.branch, []).append(record.status.value)
        return found


# Other people's commits


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        ({"app.py": "x = 2\n"}, ("-m", "my own")),
        ({"app.py": "x = 2\n"}, ("--amend", "--no-edit")),
        ({"requirements.txt": "alpha==1.1  # because\n\n\n\n\nbeta==1.0\n"}, ("--amend", "--no-edit")),
        ({"requirements.txt": "alpha==1.0.5\n\n\n\n\nbeta==1.0\n"}, ("--amend", "-m", "Another version")),
    ],
    ids=["on top", "amended elsewhere", "amended beside it", "another message"],
)
@pytest.mark.parametrize("newer", [False, True])
def test_someone_elses_commit_means_hands_off(
    shop: Desk, files: dict[str, str], arguments: tuple[str, ...], newer: bool
) -> None:
    shop.run()
    theirs = on_branch(shop, ALPHA, files, *arguments)
    if newer:
        shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
        shop.write({"requirements.txt": "# top\nalpha==1.0\n\n\n\n\nbeta==1.0\n"})
    out = shop.run()
    assert f"left alone  {ALPHA}  " in out
    assert "(someone else committed to it: it is theirs now)" in out
    assert shop.branches()[ALPHA] == theirs


def test_someone_elses_branch_is_not_removed_when_it_is_not_wanted_any_more(shop: Desk) -> None:
    shop.run()
    theirs = on_branch(shop, ALPHA, {"app.py": "x = 2\n"}, "-m", "my own")
    shop.write({"requirements.txt": "beta==1.0\n"})
    assert f"superseded  {ALPHA}" in shop.run()
    assert shop.branches()[ALPHA] == theirs
    assert statuses(shop)[ALPHA] == ["superseded"]


def test_a_lost_store_does_not_make_an_amended_branch_ours(shop: Desk) -> None:
    shop.run()
    theirs = on_branch(shop, ALPHA, {"app.py": "x = 2\n"}, "--amend", "--no-edit")
    assert f"left alone  {ALPHA}" in shop.run(XDG_STATE_HOME=str(shop.home / "another"))
    assert shop.branches()[ALPHA] == theirs


def test_a_lost_store_and_a_newer_release_move_our_own_branch(shop: Desk) -> None:
    shop.run()
    shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    assert f"moved       {ALPHA}" in shop.run(XDG_STATE_HOME=str(shop.home / "another"))
    assert shop.show(ALPHA, "requirements.txt").startswith("alpha==1.2\n")


def test_a_branch_from_another_history_is_not_ours(shop: Desk) -> None:
    shop.run()
    message = shop.git("log", "-1", "--format=%B", ALPHA)
    shop.git("checkout", "-q", "--orphan", "elsewhere")
    shop.git("commit", "-qm", "another beginning")
    shop.git("commit", "-q", "--allow-empty", "--author=F <freshline@users.noreply.github.com>", "-m", message)
    shop.git("branch", "-f", ALPHA)
    shop.git("checkout", "-q", "main")
    theirs = shop.branches()[ALPHA]
    assert f"left alone  {ALPHA}" in shop.run(XDG_STATE_HOME=str(shop.home / "another"))
    assert shop.branches()[ALPHA] == theirs


def test_a_branch_that_someone_removed_is_made_again(shop: Desk) -> None:
    shop.run()
    shop.git("branch", "-D", ALPHA)
    assert f"created     {ALPHA}" in shop.run()
    assert statuses(shop)[ALPHA] == ["open"]


# Runs that were killed between a branch and its record


@pytest.mark.parametrize("cause", ["newer release", "newer base"])
def test_a_move_that_was_not_recorded_is_ours(shop: Desk, cause: str) -> None:
    shop.run()
    before = (shop.home / "state" / "freshline" / "freshline.db").read_bytes()
    if cause == "newer release":
        shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2"))
    else:
        shop.write({"requirements.txt": "# top\nalpha==1.0\n\n\n\n\nbeta==1.0\n"})
    shop.run()
    moved = shop.branches()
    (shop.home / "state" / "freshline" / "freshline.db").write_bytes(before)
    assert "2 unchanged." in shop.run()
    assert shop.branches() == moved
    (shop.home / "state" / "freshline" / "freshline.db").write_bytes(before)
    shop.registry.pypi("alpha", versions("1.0", "1.1", "1.2", "1.3"))
    assert f"moved       {ALPHA}" in shop.run()
    assert "alpha==1.3\n" in shop.show(ALPHA, "requirements.txt")


# What is not wanted any more


def test_a_policy_that_cannot_be_read_retires_nothing(shop: Desk) -> None:
    shop.write({".github/freshline.toml": '[[rules]]\nmatch = { name = "*" }\ngroup = "all"\n'})
    shop.run()
    assert set(shop.branches()) == {"freshline/group/application/all"}
    shop.write({".github/freshline.toml": "[[rules\n"})
    out = shop.run()
    assert "! .github/freshline.toml: " in out
    assert "freshline/group/application/all" in shop.branches()
    assert statuses(shop)["freshline/group/application/all"] == ["open"]
    shop.write({".github/freshline.toml": ""})
    assert "superseded  freshline/group/application/all" in shop.run()
    assert set(shop.branches()) == {ALPHA, "freshline/pypi/beta"}


def test_a_policy_that_is_a_link_is_said_and_retires_nothing(shop: Desk) -> None:
    shop.run()
    before = shop.branches()
    (shop.repository / ".github").mkdir()
    (shop.repository / "policy.toml").write_text('[[ignore]]\nname = "*"\nreason = "no"\n')
    (shop.repository / ".github" / "freshline.toml").symlink_to("../policy.toml")
    shop.write({})
    out = shop.run()
    assert "! .github/freshline.toml: a symbolic link is not followed, so it was not used; make it a file" in out
    assert shop.branches() == before
    assert shop.scan()["warnings"] != []


def test_a_file_that_cannot_be_read_any_more_retires_nothing(shop: Desk) -> None:
    shop.registry.npm("left-pad", versions("1.0.0", "2.0.0"))
    shop.write({"package.json": json.dumps({"dependencies": {"left-pad": "1.0.0"}})})
    shop.run()
    shop.write({"package.json": "{"})
    shop.run()
    assert "freshline/npm/left-pad" in shop.branches()
    shop.write({"package.json": "{}"})
    assert "superseded  freshline/npm/left-pad" in shop.run()


def test_a_branch_that_is_checked_out_is_not_removed(shop: Desk) -> None:
    shop.run()
    shop.git("worktree", "add", "-q", str(shop.home / "tree"), ALPHA)
    shop.write({"requirements.txt": "alpha==1.1\n\n\n\n\nbeta==1.0\n"})
    out = shop.run()
    assert f"left alone  {ALPHA}" in out
    assert "checked out" in out
    assert statuses(shop)[ALPHA] == ["open"]
    shop.git("worktree", "remove", "--force", str(shop.home / "tree"))
    assert f"superseded  {ALPHA}" in shop.run()
    assert ALPHA not in shop.branches()


def test_a_branch_that_landed_and_was_removed_by_its_people_is_recorded(shop: Desk) -> None:
    shop.run()
    shop.git("merge", "-q", "--no-edit", ALPHA)
    shop.git("branch", "-D", ALPHA)
    assert f"landed      {ALPHA}" in shop.run()
    assert statuses(shop)[ALPHA] == ["landed"]
    assert ALPHA not in shop.run()


def test_a_branch_with_more_in_it_than_the_plan_is_rebuilt(shop: Desk) -> None:
    """One that holds what is wanted and another file besides is not what a run would make."""
    shop.run()
    head = on_branch(shop, ALPHA, {"app.py": "x = 2\n"}, "--amend", "--no-edit")
    with store(shop) as kept:  # as if the bot had made it
        [record] = [r for r in kept.proposals().all(status=ProposalStatus.OPEN) if r.branch == ALPHA]
        kept.proposals().save(
            type(record)(**{n: getattr(record, n) for n in record.__slots__} | {"head": head, "sources": {}})
        )
    assert f"moved       {ALPHA}" in shop.run()
    assert shop.show(ALPHA, "app.py") == "x = 1\n"
